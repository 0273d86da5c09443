// What changes the selection as a whole: grow, shrink, invert, clear.

import { history } from "./history.js";
import { state } from "./state.js";

function change(label, apply) {
  if (!state.selecting || state.running) return;
  const { selection } = state.active;
  selection.begin();
  apply(selection);
  const entry = selection.end(label);
  if (entry) history.push(entry);
  state.changed();
}

// A step is half a percent of the shorter side.
const pixels = () => Math.max(1, Math.round(0.005 * Math.min(state.active.width, state.active.height)));

export const edit = {
  grow: () => change("grow", (selection) => selection.grow(pixels())),
  shrink: () => change("shrink", (selection) => selection.grow(-pixels())),
  invert: () => change("invert", (selection) => selection.invert()),
  clear: () => state.active && !state.active.selection.isEmpty && change("clear", (selection) => selection.clear()),
};
