// Before and after: a line over the picture, and the original while a button is held.

import { $ } from "./dom.js";
import { state } from "./state.js";

const range = $("compare-range");

function canCompare() {
  return Boolean(state.target?.overlay) && state.active === state.target && !state.running;
}

export function toggleCompare(on = !state.comparing) {
  if (on && !canCompare()) return;
  state.set({ comparing: on });
  if (on) range.focus({ preventScroll: true });
}

export function hold(on) {
  if (state.holding === on || (on && !canCompare())) return;
  state.set({ holding: on });
}

range.addEventListener("input", () => state.set({ compareAt: Number(range.value) / 100 }));
// The knob shows the focus.
for (const type of ["focus", "blur"]) range.addEventListener(type, () => state.changed());
$("compare-button").addEventListener("click", () => toggleCompare());
$("hold-button").addEventListener("pointerdown", () => hold(true));
for (const type of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
  $("hold-button").addEventListener(type, () => hold(false));
}
for (const type of ["keydown", "keyup"]) {
  $("hold-button").addEventListener(type, (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    hold(type === "keydown");
  });
}
// Screen readers click without pressing.
$("hold-button").addEventListener("click", (event) => event.detail === 0 && hold(!state.holding));
$("hold-button").addEventListener("contextmenu", (event) => event.preventDefault());

state.onChange(() => {
  if (state.comparing && !canCompare()) state.comparing = false;
  if (state.holding && !canCompare()) state.holding = false;
  range.value = Math.round(100 * state.compareAt);
  if (!state.comparing && document.activeElement === range) $("canvas").focus({ preventScroll: true });
  $("compare").hidden = !state.comparing;
  $("compare-button").disabled = !canCompare() && !state.comparing;
  $("hold-button").disabled = !canCompare();
  $("tag-before").hidden = !(state.comparing || state.holding);
  $("tag-after").hidden = !state.comparing || state.holding;
  $("compare-button").setAttribute("aria-pressed", String(state.comparing));
  $("hold-button").setAttribute("aria-pressed", String(state.holding));
});
