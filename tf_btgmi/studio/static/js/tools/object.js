// Finds an object by a box or a click; further clicks add to it and take away.

import { api } from "../api.js";
import { history } from "../history.js";
import { tell } from "../messages.js";
import { stage } from "../stage.js";
import { state } from "../state.js";
import { corners, outline } from "./shapes.js";

// A drag shorter than this, in CSS pixels, is a click.
const CLICK = 6;

let start = null;
let end = null;
let takeAway = false;
let search = null; // the call under way
let clicks = null; // what the clicks of one object have in common

function within(picture, point) {
  return {
    x: Math.min(picture.width - 1, Math.max(0, point.x)),
    y: Math.min(picture.height - 1, Math.max(0, point.y)),
  };
}

/** Clicks belong together until the selection is changed by something else. */
function clicksOn(picture) {
  const { version } = picture.selection;
  if (clicks?.picture !== picture || clicks.version !== version) {
    clicks = { picture, version, positive: [], negative: [], found: null };
  }
  return clicks;
}

async function find(picture, fields, apply) {
  search?.abort();
  const mine = new AbortController();
  search = mine;
  state.changed();
  try {
    const { blob } = await api.segment({ image: picture.file, overlay: picture.overlay, ...fields }, mine.signal);
    const bitmap = await createImageBitmap(blob);
    if (search !== mine) return;
    picture.selection.begin();
    apply(bitmap, blob);
    const entry = picture.selection.end("object");
    if (entry) history.push(entry);
  } catch (error) {
    if (error.name !== "AbortError") tell(error);
  } finally {
    if (search === mine) search = null;
    state.changed();
  }
}

async function click(picture, point) {
  const known = clicksOn(picture);
  const { x, y } = within(picture, point);
  const positive = takeAway ? known.positive : [...known.positive, [y, x]];
  const negative = takeAway ? [...known.negative, [y, x]] : known.negative;
  // Without a click on an object yet, what is selected is what is refined.
  let refined = known.found;
  if (takeAway && !refined) {
    if (picture.selection.isEmpty) {
      tell(Object.assign(new Error("There is nothing to take away from."), { why: "Nothing is selected yet.", toDo: "Select the object first." }));
      return;
    }
    refined = await picture.selection.toMask();
  }
  const earlier = takeAway ? await createImageBitmap(refined) : null;
  await find(picture, { positive, negative, mask: refined }, (bitmap, blob) => {
    // A click that adds takes nothing away, and the other way round.
    if (earlier) picture.selection.reduce(earlier, bitmap);
    else picture.selection.take(bitmap, "add");
    clicks = { picture, version: picture.selection.version + 1, positive, negative, found: blob };
  });
}

export const objectTool = {
  title: "Object",
  hint: "Draw a box around the object, or click it. More clicks refine it.",
  signed: true,
  down(point, { alt }) {
    start = end = point;
    takeAway = alt || state.sign === "subtract";
  },
  move(point) {
    if (start) end = point;
  },
  up() {
    if (!start) return;
    const picture = state.active;
    const [from, to] = [start, end];
    start = end = null;
    const reach = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)) * stage.view.scale;
    if (reach < CLICK) {
      click(picture, from);
      return;
    }
    const box = [Math.min(from.y, to.y), Math.min(from.x, to.x), Math.max(from.y, to.y), Math.max(from.x, to.x)];
    const how = takeAway ? "subtract" : "add";
    find(picture, { box }, (bitmap) => picture.selection.take(bitmap, how));
  },
  cancel() {
    const was = start !== null || search !== null;
    start = end = null;
    search?.abort();
    search = null;
    return was;
  },
  draw(context, view) {
    if (start && end) outline(context, view, corners(start, end), true);
  },
  get searching() { return search !== null; },
};
