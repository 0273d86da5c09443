// Selects an object by a box or by clicks; further clicks add parts and remove parts.

import { api } from "../api.js";
import { busy } from "../busy.js";
import { maskWork } from "../mask_work.js";
import { problem, tell } from "../messages.js";
import { stage } from "../stage.js";
import { state } from "../state.js";
import { corners, outline } from "./shapes.js";

// A drag shorter than this, in CSS pixels, is a click.
const CLICK = 6;

let start = null;
let end = null;
let removes = false;
let search = null; // {abort, task} of the call under way
let latest = null; // {picture, version, box, points}: the box and the clicks on one object

function within(picture, point) {
  return {
    x: Math.min(picture.width - 1, Math.max(0, point.x)),
    y: Math.min(picture.height - 1, Math.max(0, point.y)),
  };
}

/** The box and the clicks since the selection was last changed by something else. */
function latestOn(picture) {
  const { version } = picture.selection;
  return latest?.picture === picture && latest.version === version ? latest : { box: null, points: [] };
}

function stop() {
  search?.abort.abort();
  search?.task.end();
  search = null;
}

/** Asks the server and takes its mask, by `how`, unless something else came first. */
async function find(picture, fieldsOf, how, { box, points }) {
  stop();
  const abort = new AbortController();
  const mine = { abort, task: busy("Selecting the object", stop) };
  search = mine;
  const { version } = picture.selection;
  try {
    const fields = await fieldsOf();
    if (search !== mine) return;
    const { blob } = await api.segment({ image: picture.file, overlay: picture.overlay, ...fields }, { signal: abort.signal });
    const { mask } = await maskWork.decode(blob);
    if (search !== mine || picture.selection.version !== version) return;
    picture.remember(picture.selection.take("object", mask, how));
    latest = { picture, version: picture.selection.version, box, points };
  } catch (error) {
    if (error.name !== "AbortError" && search === mine) tell(error);
  } finally {
    if (search === mine) stop();
    state.changed();
  }
}

function click(picture, point) {
  const { x, y } = within(picture, point);
  const { selection } = picture;
  const selected = selection.mask[Math.floor(y) * picture.width + Math.floor(x)] === 1;
  if (removes && selection.isEmpty) {
    tell(problem("Nothing is selected.", "A click can only remove a part of a selection.", "Select the object first."));
    return;
  }
  // The selection agrees already.
  if (selected !== removes) return;
  const { box, points: before } = latestOn(picture);
  const points = [...before, [y, x, removes ? 0 : 1]];
  const fields = async () => ({ box, clicks: points, mask: selection.isEmpty ? null : await selection.toMask() });
  find(picture, fields, "replace", { box, points });
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
    const [from, to] = [start, end];
    start = end = null;
    const reach = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)) * stage.view.scale;
    if (reach < CLICK) {
      click(picture, from);
      return;
    }
    const box = [Math.min(from.y, to.y), Math.min(from.x, to.x), Math.max(from.y, to.y), Math.max(from.x, to.x)];
    find(picture, async () => ({ box }), removes ? "subtract" : "add", { box: removes ? null : box, points: [] });
  },
  cancel() {
    const was = start !== null || search !== null;
    start = end = null;
    stop();
    return was;
  },
  draw(context, view) {
    if (start && end) outline(context, view, corners(start, end), true);
  },
};
