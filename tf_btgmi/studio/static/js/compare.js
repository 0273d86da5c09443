// Before and after: a slider over the picture, and the original while a button is held.

import { $ } from "./dom.js";
import { stage } from "./stage.js";
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

// The slider's knob and the dividing line share their place: the slider lies over the
// picture, which may be moved or zoomed.
function follow() {
  if (!state.comparing || !state.target) return;
  const { view, size } = stage;
  const left = Math.max(0, view.x);
  const right = Math.min(size.width, view.x + state.target.width * view.scale);
  const at = (left + ((right - left) * Number(range.value)) / 100 - view.x) / view.scale;
  state.compareAt = Math.min(1, Math.max(0, at / state.target.width));
  range.style.width = `${right - left + 16}px`;
  $("compare").style.justifyContent = "flex-start";
  $("compare").style.paddingLeft = `${left - 8}px`;
}

range.addEventListener("input", () => {
  follow();
  stage.redraw();
});
stage.marks.push(() => {});
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
  follow();
  $("compare").hidden = !state.comparing;
  $("tag-before").hidden = !(state.comparing || state.holding);
  $("tag-after").hidden = !state.comparing || state.holding;
  $("compare-button").setAttribute("aria-pressed", String(state.comparing));
});
