"""The page around a report: HTML, style and script; nothing comes from outside."""

_HTML = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<dialog id="large"><p id="large-name"></p><img id="large-image" alt="">
<form method="dialog"><button type="button" id="previous">‹ previous</button>
<button id="close">close</button><button type="button" id="next">next ›</button></form>
</dialog>
<script>{script}</script>
</body>
</html>
"""

_STYLE = """
:root { --ink: #1d2126; --faint: #626a73; --line: #d9dde2; --ground: #fff;
  --raised: #f5f6f8; --accent: #0060a8; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 8px; }
h2 { font-size: 19px; margin: 36px 0 4px; }
h3 { font-size: 14px; margin: 0 0 4px; }
p { margin: 4px 0 10px; max-width: 90ch; color: var(--faint); }
.facts span { display: inline-block; background: var(--raised); color: var(--ink);
  border: 1px solid var(--line); border-radius: 4px; padding: 2px 9px;
  margin: 0 6px 6px 0; }
.note { border-left: 3px solid #e69f00; padding-left: 10px; color: var(--ink); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { background: var(--raised); font-size: 13px; }
tbody th { font-weight: 500; }
th:first-child { text-align: left; position: sticky; left: 0; background: inherit; }
thead th:first-child { background: var(--raised); }
tbody tr { background: var(--ground); }
td b.better { color: #00704f; }
td b.worse { color: #b03a00; }
td small { display: block; color: var(--faint); font-size: 11px; }
td:last-child { color: var(--faint); font-size: 12px; }
summary { cursor: pointer; font-weight: 600; margin: 16px 0 8px; }
.legend span { display: inline-block; margin-right: 16px; color: var(--ink); }
.legend i { display: inline-block; width: 12px; height: 12px; margin-right: 6px;
  border-radius: 2px; vertical-align: -1px; }
.charts { display: grid; gap: 24px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--ink); text-anchor: middle; }
svg .faint { fill: var(--faint); font-size: 11px; }
svg .tick { text-anchor: end; fill: var(--faint); }
svg .gridline { stroke: var(--line); fill: none; }
svg .whisker { stroke: var(--ink); stroke-width: 1.2; fill: none; opacity: 0.75; }
.sort { display: flex; flex-wrap: wrap; gap: 8px 14px; color: var(--ink); }
select, dialog button { font: inherit; padding: 4px 8px; border-radius: 4px;
  border: 1px solid #aab1b9; background: var(--ground); color: var(--ink); }
figure { margin: 0; padding: 14px 0; border-top: 1px solid var(--line); }
figcaption { margin-bottom: 8px; color: var(--faint); overflow-wrap: anywhere; }
figcaption b { color: var(--ink); }
.tiles { display: grid; gap: 10px; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); }
.tile { font: inherit; text-align: left; color: inherit; padding: 0; border: 0;
  background: none; cursor: zoom-in; min-width: 0; }
.tile img { width: 100%; aspect-ratio: 1; display: block; border-radius: 3px; }
.wide { grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); }
.wide img { aspect-ratio: auto; }
.tile span { display: block; font-size: 13px; overflow-wrap: anywhere; }
.tile small { display: block; color: var(--faint); font-size: 11.5px; }
.tile:focus-visible, select:focus-visible { outline: 3px solid var(--accent); }
dialog { border: 0; border-radius: 8px; padding: 14px; max-width: 96vw;
  box-shadow: 0 10px 50px #0008; }
dialog::backdrop { background: #000b; }
dialog img { display: block; width: min(88vw, 74vh, 768px);
  height: min(88vw, 74vh, 768px); object-fit: contain; }
dialog form { display: flex; justify-content: space-between; margin-top: 10px; }
dialog p { color: var(--ink); margin: 0 0 8px; }
dt { font-weight: 600; }
dd { margin: 0 0 8px; color: var(--faint); overflow-wrap: anywhere; }
@media (max-width: 600px) {
  main { padding: 16px 12px 48px; }
  th, td { padding: 5px 9px; }
  .tiles { grid-template-columns: repeat(3, 1fr); gap: 8px; }
  svg text, svg .faint { font-size: 16px; }
}
"""

_SCRIPT = """
"use strict";
const byId = (id) => document.getElementById(id);
const gallery = byId("gallery");

function sortPictures() {
  const option = byId("measure").selectedOptions[0];
  const method = byId("method").value, key = option.value;
  const up = option.dataset.up === "1" ? 1 : -1;
  const end = byId("end").value === "best" ? -1 : 1;
  const figures = Array.from(gallery.children, (figure) => {
    const value = Number(figure.getAttribute(`data-${method}--${key}`));
    return { figure, value };
  });
  figures.sort((a, b) => end * up * (a.value - b.value));
  for (const { figure, value } of figures) {
    const text = value.toFixed(Number(option.dataset.digits));
    figure.querySelector(".difference").textContent =
      `· ${value > 0 ? "+" : ""}${text.replace("-", "−")}`;
    gallery.append(figure);
  }
}
if (byId("method")) {
  for (const id of ["method", "measure", "end"]) {
    byId(id).addEventListener("change", sortPictures);
  }
  sortPictures();
}

let tiles = [], place = 0;
function show(position) {
  place = (position + tiles.length) % tiles.length;
  const tile = tiles[place], figure = tile.closest("figure");
  byId("large-image").src = tile.querySelector("img").src;
  byId("large-image").alt = tile.querySelector("img").alt;
  byId("large-name").textContent = [figure.querySelector("b"),
    tile.querySelector("span"), tile.querySelector("small")]
    .map((part) => part.textContent).filter(Boolean).join(" · ");
}
gallery.addEventListener("click", (event) => {
  const tile = event.target.closest(".tile");
  if (!tile) return;
  tiles = Array.from(tile.closest("figure").querySelectorAll(".tile"));
  show(tiles.indexOf(tile));
  byId("large").showModal();
});
byId("previous").addEventListener("click", () => show(place - 1));
byId("next").addEventListener("click", () => show(place + 1));
byId("large").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") show(place - 1);
  if (event.key === "ArrowRight") show(place + 1);
});
byId("large").addEventListener("click", (event) => {
  if (event.target === byId("large")) byId("large").close();
});
"""


def whole(title: str, body: str) -> str:
    """The page with a title (plain text) and a body (HTML)."""
    return _HTML.format(title=title, style=_STYLE, body=body, script=_SCRIPT)
