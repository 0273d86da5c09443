// Changes of the whole selection: grow, shrink, invert, clear.

import { busy } from "./busy.js";
import { announce, forget, tell } from "./messages.js";
import { state } from "./state.js";

let last = Promise.resolve(); // changes come one after the other
let aborter = new AbortController(); // of those that have not ended

function cancel() {
  aborter.abort();
  aborter = new AbortController();
}

function change(text, apply) {
  const { active } = state;
  if (state.running || !state.selecting) return;
  forget();
  const { signal } = aborter;
  last = last.then(async () => {
    // Another picture may have taken the place of its own.
    if (signal.aborted || (active !== state.target && active !== state.guide)) return;
    const task = busy(text, cancel);
    try {
      const entry = await apply(active.selection, signal);
      active.remember(entry);
      if (!signal.aborted) announce(`${entry ? "Done" : "Nothing was changed"}: ${active.selected}.`);
    } catch (error) {
      tell(error);
    }
    task.end();
    state.changed();
  });
}

/** Settles when the changes that were asked for have ended. */
export const settled = () => last;

/** One step of growing: half a percent of the shorter side. */
export const step = ({ width, height }) => Math.max(1, Math.round(0.005 * Math.min(width, height)));

export const edit = {
  grow: () => change("Growing", (selection, signal) => selection.grow(step(selection), signal)),
  shrink: () => change("Shrinking", (selection, signal) => selection.grow(-step(selection), signal)),
  invert: () => change("Inverting", (selection) => selection.invert()),
  clear: () => change("Clearing", (selection) => selection.clear()),
};
