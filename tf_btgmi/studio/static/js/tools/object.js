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
let clicks = null; // {picture, version, points}: the clicks on one object

function within(picture, point) {
  return {
    x: Math.min(picture.width - 1, Math.max(0, point.x)),
    y: Math.min(picture.height - 1, Math.max(0, point.y)),
  };
}

/** The clicks since the selection was last changed by something else. */
function clicksOn(picture) {
  const { version } = picture.selection;
  return clicks?.picture === picture && clicks.version === version ? clicks.points : [];
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
  const { x, y } = within(picture, point);
  if (takeAway && picture.selection.isEmpty) {
    tell(Object.assign(new Error("Nothing is selected."), { why: "A click can only remove a part of a selection.", toDo: "Select the object first." }));
    return;
  }
  const points = [...clicksOn(picture), [y, x, takeAway ? 0 : 1]];
  const mask = picture.selection.isEmpty ? null : await picture.selection.toMask();
  await find(picture, { clicks: points, mask }, (bitmap) => {
    picture.selection.take(bitmap, "replace");
    clicks = { picture, version: picture.selection.version + 1, points };
  });
}

export const objectTool = {
  title: "Object",
  hint: "Draw a box around the object: the best start. Clicks add parts, Alt and clicks remove them.",
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
