// Results of runs: numbered thumbnails; any of them can be chosen to continue from.

import { $, element, offscreen, reveal } from "./dom.js";
import { note } from "./messages.js";
import { state } from "./state.js";

const MOST = 24;
// Decoded overlays that are kept; the others are decoded again from their PNG.
export const limits = { decodedBytes: 200e6 };
let results = []; // {number, label, overlay, bitmap, thumbnail, hole, layer, placement, base}
let decoded = []; // results with a bitmap, the latest used last
let current = null;
let number = 0;
let told = false; // that earlier results leave the list

/** The result that is shown. */
export const shownResult = () => current;

/** Starts over with a new picture. */
export function start(picture) {
  number = 0;
  told = false;
  decoded = [];
  current = { number: 0, label: "Original", overlay: null, bitmap: null, thumbnail: thumbnail(picture) };
  results = [current];
  show();
}

/** A result from the overlay that a run has made of the result `base`. */
export async function toResult(label, overlay, base) {
  const bitmap = await state.target.decode(overlay);
  return { label, overlay, bitmap, thumbnail: thumbnail(state.target, bitmap), base };
}

/**
 * Adds the results of a run, one step of the history, and shows the last.
 *
 * `hole` is a snapshot of the filled selection, `layer` the object that was placed, where
 * `placement` says; both come back when the step is undone.
 */
export function take(made, { hole = null, layer = null, placement = null } = {}) {
  const picture = state.target;
  const before = current;
  const newest = made[made.length - 1];
  // What is composed has its selection in the guide.
  const cleared = layer ? null : picture.selection.clear();
  for (const result of made) {
    number += 1;
    Object.assign(result, { number, hole, layer, placement });
    picture.pending.add(number);
  }
  results.push(...made);
  let lifted = false; // whether undo has taken the object up
  picture.remember({
    label: newest.label,
    bytes: (cleared?.bytes ?? 0) + made.reduce((sum, one) => sum + one.overlay.size, 0),
    undo: () => {
      cleared?.undo();
      // Another object may have been opened or placed since.
      lifted = Boolean(layer) && !state.layer && layer.guide === state.guide;
      if (lifted) takeUp(layer, placement);
      use(before);
    },
    redo: () => {
      cleared?.redo();
      if (lifted && state.layer?.copy === layer.copy) state.layer = null;
      use(newest);
    },
  });
  if (layer) state.layer = null;
  return use(newest);
}

/** Puts the object of a result back on the picture. */
export function takeUp(layer, placement) {
  layer.place(placement);
  state.layer = layer;
  state.guide = layer.guide;
}

/** Continues from another result, one step of the history with what was `done` beside it. */
export function choose(result, done = { undo: () => {}, redo: () => {} }) {
  if (result === current || state.running) return;
  const before = current;
  state.target.remember({
    label: "result",
    undo: () => { done.undo(); use(before); },
    redo: () => { done.redo(); use(result); },
  });
  use(result);
}

async function use(result) {
  current = result;
  if (!results.includes(result)) results = [...results, result].sort((a, b) => a.number - b.number);
  if (results.length > MOST && !told) {
    note(`The last ${MOST - 1} results are kept in the list.`);
    told = true;
  }
  // The original and the shown result stay.
  while (results.length > MOST) results.splice(results[1] === current ? 2 : 1, 1);
  const picture = state.target;
  show();
  if (result.overlay && !result.bitmap) {
    // The old pixels stay on the stage until the new ones are there.
    picture.setOverlay(result.overlay, picture.overlayBitmap);
    const bitmap = await picture.decode(result.overlay);
    if (current !== result) return;
    result.bitmap = bitmap;
  }
  picture.setOverlay(result.overlay, result.bitmap);
  bound(result);
  state.changed();
}

const sizeOf = ({ bitmap }) => 4 * bitmap.width * bitmap.height;

/** Bytes of the decoded overlays of all results. */
export const decodedBytes = () => results.reduce((sum, one) => sum + (one.bitmap ? sizeOf(one) : 0), 0);

function bound(result) {
  decoded = decoded.filter((one) => one !== result);
  if (result.bitmap) decoded.push(result);
  for (const one of results) if (one.bitmap && !decoded.includes(one)) decoded.unshift(one);
  let bytes = decoded.reduce((sum, one) => sum + sizeOf(one), 0);
  while (decoded.length > 1 && bytes > limits.decodedBytes) {
    const oldest = decoded.shift();
    bytes -= sizeOf(oldest);
    oldest.bitmap.close();
    oldest.bitmap = null;
  }
}

function thumbnail(picture, edits) {
  const [canvas] = offscreen(144, 96);
  picture.drawOn(canvas, edits);
  return canvas;
}

function show() {
  const list = $("result-list");
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...results.map((result) => {
    const label = result.number ? `${result.number} ${result.label}` : result.label;
    const button = element("button", { type: "button", title: label }, result.thumbnail, element("span", { textContent: label }));
    if (result === current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => choose(result));
    return element("li", {}, button);
  }));
  const shown = list.querySelector("[aria-current]");
  if (focused) shown.focus({ preventScroll: true });
  reveal(shown);
}
