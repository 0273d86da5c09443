// Selects an object by a box or by clicks; further clicks add or subtract parts.

import { api } from "../api.js";
import { busy } from "../busy.js";
import { maskWork } from "../mask_work.js";
import { announce, note, problem, tell } from "../messages.js";
import { stage } from "../stage.js";
import { state } from "../state.js";
import { corners, outline } from "./shapes.js";

// A drag shorter than this, in CSS pixels, is a click; so is a box without pixels of the picture.
const CLICK = 6;
const LEAST = 2;

let start = null;
let end = null;
let removes = false;
let last = Promise.resolve(); // searches come one after the other
let aborter = new AbortController(); // of those that have not ended
let latest = null; // {picture, version, box, points}: the box and the clicks on one object

/** The box and the clicks since the selection was last changed by something else. */
function latestOn(picture) {
  const { version } = picture.selection;
  return latest?.picture === picture && latest.version === version ? latest : { box: null, points: [] };
}

/** Ends the search under way, and drops those that wait for it. */
export function stopSearch() {
  aborter.abort();
  aborter = new AbortController();
}

/** Settles when the searches that were asked for have ended; whether none was stopped. */
export async function searched() {
  const { signal } = aborter;
  await last;
  return !signal.aborted;
}

/** Begins a search when those before it have ended. */
function enqueue(search) {
  const { signal } = aborter;
  last = last.then(() => (signal.aborted ? null : search(signal)));
}

/** Asks the server and takes its mask, by `how`, unless another selection was made meanwhile. */
async function find(signal, picture, fieldsOf, how, { box, points }) {
  const task = busy("Selecting the object", stopSearch);
  signal.addEventListener("abort", () => task.end());
  const { version } = picture.selection;
  try {
    const fields = await fieldsOf();
    const { blob } = await api.segment({ image: picture.file, overlay: picture.overlay, ...fields }, { signal });
    const { mask } = await maskWork.decode(blob);
    signal.throwIfAborted();
    if (how === "replace" && picture.selection.version !== version) {
      note("The selection changed before the result arrived. Click again.");
      return;
    }
    picture.remember(picture.selection.take("object", mask, how));
    latest = { picture, version: picture.selection.version, box, points };
    announce(`Done: ${picture.selected}.`);
  } catch (error) {
    if (error.name !== "AbortError") tell(error, "Selecting the object");
  } finally {
    task.end();
    state.changed();
  }
}

function click(signal, picture, { x, y }, removing) {
  const { selection } = picture;
  const selected = selection.mask[Math.floor(y) * picture.width + Math.floor(x)] === 1;
  if (removing && selection.isEmpty) {
    tell(problem("Nothing is selected.", "There is nothing to subtract from.", "Select the object first."));
    return null;
  }
  // The selection agrees already.
  if (selected !== removing) return null;
  const { box, points: before } = latestOn(picture);
  const points = [...before, [y, x, removing ? 0 : 1]];
  const fields = async () => ({ box, clicks: points, mask: selection.isEmpty ? null : await selection.toMask() });
  return find(signal, picture, fields, "replace", { box, points });
}

export const objectTool = {
  title: "Object",
  hint: "Start with a box around the object; clicks refine it.",
  signed: true,
  down(point, { alt }) {
    start = end = point;
    removes = alt || state.sign === "subtract";
  },
  move(point) {
    if (start) end = point;
  },
  up() {
    if (!start) return;
    const picture = state.active;
    const { width, height } = picture;
    const [from, to, removing] = [start, end, removes];
    start = end = null;
    const reach = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)) * stage.view.scale;
    const [x0, x1] = [from.x, to.x].map((x) => Math.min(width, Math.max(0, x))).sort((a, b) => a - b);
    const [y0, y1] = [from.y, to.y].map((y) => Math.min(height, Math.max(0, y))).sort((a, b) => a - b);
    if (reach >= CLICK && Math.min(x1 - x0, y1 - y0) >= LEAST) {
      const box = [y0, x0, y1, x1];
      enqueue((signal) => find(signal, picture, async () => ({ box }), removing ? "subtract" : "add", { box: removing ? null : box, points: [] }));
    } else if (from.x >= 0 && from.y >= 0 && from.x < width && from.y < height) {
      enqueue((signal) => click(signal, picture, from, removing));
    }
  },
  /** Ends the gesture; a search goes on. */
  cancel() {
    const was = start !== null;
    start = end = null;
    return was;
  },
  draw(context, view) {
    if (start && end) outline(context, view, corners(start, end), true);
  },
};
