// Changes of the whole selection: grow, shrink, invert, clear.

import { state } from "./state.js";

async function change(apply) {
  if (!state.selecting || state.running) return;
  const { active } = state;
  active.remember(await apply(active.selection));
  state.changed();
}

/** One step of growing: half a percent of the shorter side. */
export const step = ({ width, height }) => Math.max(1, Math.round(0.005 * Math.min(width, height)));

export const edit = {
  grow: () => change((selection) => selection.grow(step(selection))),
  shrink: () => change((selection) => selection.grow(-step(selection))),
  invert: () => change((selection) => selection.invert()),
  clear: () => change((selection) => selection.clear()),
};
