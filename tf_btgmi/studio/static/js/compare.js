// Before and after: a line over the picture, and the original while a button is held.

import { $ } from "./dom.js";
import { state } from "./state.js";

const range = $("compare-range");

export function canCompare() {
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
$("compare-button").addEventListener("click", () => toggleCompare());
$("hold-button").addEventListener("pointerdown", () => hold(true));
for (const type of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
  $("hold-button").addEventListener(type, () => hold(false));
}
$("hold-button").addEventListener("keydown", (event) => {
  if (event.key === " " || event.key === "Enter") hold(true);
});
$("hold-button").addEventListener("keyup", () => hold(false));
$("hold-button").addEventListener("contextmenu", (event) => event.preventDefault());

state.onChange(() => {
  if (state.comparing && !canCompare()) state.comparing = false;
  range.value = Math.round(100 * state.compareAt);
  $("compare").hidden = !state.comparing;
  $("compare-button").disabled = !canCompare() && !state.comparing;
  $("hold-button").disabled = !canCompare();
  $("tag-before").hidden = !(state.comparing || state.holding);
  $("tag-after").hidden = !state.comparing || state.holding;
  $("compare-button").setAttribute("aria-pressed", String(state.comparing));
});
