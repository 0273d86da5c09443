"use strict";
const byId = (id) => document.getElementById(id);
const gallery = byId("gallery");

function sortPictures() {
  const option = byId("measure").selectedOptions[0];
  const method = byId("method").value, key = option.value;
  const up = option.dataset.up === "1" ? 1 : -1;
  const end = byId("end").value === "best" ? -1 : 1;
  const figures = Array.from(gallery.children, (figure) => {
    const value = Number(JSON.parse(figure.dataset.differences)[method][key]);
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
