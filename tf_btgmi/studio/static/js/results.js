// Results of runs: thumbnails to go on from, and to step back to.

import { $, element, offscreen } from "./dom.js";
import { history } from "./history.js";
import { state } from "./state.js";

const MOST = 24;
let results = []; // {label, overlay, bitmap, thumbnail}
let current = null;

/** Forgets everything: a new picture was opened. */
export function start(picture) {
  current = { label: "Original", overlay: null, bitmap: null, thumbnail: thumbnail(picture) };
  results = [current];
  show();
}

/**
 * Takes what runs have made, one step of the history, and shows the last of it.
 * `layer` is the object that was placed, which comes back when the step is undone.
 */
export function take(made, layer = null) {
  const picture = state.target;
  const [before, earlier] = [current, results];
  const drop = Math.max(0, results.length + made.length - MOST);
  // The original stays.
  const after = [results[0], ...results.slice(1 + drop), ...made];
  const newest = made[made.length - 1];
  const clearing = picture.selection;
  clearing.begin();
  clearing.clear();
  const cleared = clearing.end("clear");
  history.push({
    label: newest.label,
    bytes: cleared?.bytes ?? 0,
    undo: () => {
      cleared?.undo();
      results = earlier;
      state.layer = layer ?? state.layer;
      use(before);
    },
    redo: () => {
      cleared?.redo();
      results = after;
      state.layer = layer ? null : state.layer;
      use(newest);
    },
  });
  results = after;
  state.layer = layer ? null : state.layer;
  use(newest);
}

/** A result as it is kept, from the answer of a run. */
export async function toResult(label, blob) {
  const bitmap = await createImageBitmap(blob);
  return { label, overlay: blob, bitmap, thumbnail: thumbnail(state.target, bitmap) };
}

/** Goes on from another result, one step of the history. */
function choose(result) {
  if (result === current || state.running) return;
  const before = current;
  history.push({ label: "result", undo: () => use(before), redo: () => use(result) });
  use(result);
}

function use(result) {
  current = result;
  state.target.setOverlay(result.overlay, result.bitmap);
  show();
  state.changed();
}

function thumbnail(picture, overlay) {
  const scale = Math.max(168 / picture.width, 112 / picture.height);
  const [canvas, context] = offscreen(168, 112);
  const [width, height] = [picture.width * scale, picture.height * scale];
  for (const layer of [picture.bitmap, overlay]) {
    if (layer) context.drawImage(layer, (168 - width) / 2, (112 - height) / 2, width, height);
  }
  return canvas;
}

function show() {
  const list = $("result-list");
  list.replaceChildren(...results.map((result) => {
    const button = element(
      "button",
      { type: "button", title: result.label },
      result.thumbnail,
      element("span", { textContent: result.label }),
    );
    if (result === current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      choose(result);
      list.querySelector("[aria-current]")?.focus();
    });
    return element("li", {}, button);
  }));
  $("results").hidden = results.length < 2;
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
