// Composing: the guide, the object cut out of it, and its place on the target.

import { $ } from "./dom.js";
import { Layer } from "./layer.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { replace } from "./tools/place.js";

/** Puts what is selected in the guide on the target. */
export function place() {
  const { guide, target, layer } = state;
  if (!guide || !target) return;
  const box = guide.selection.bounds();
  if (!box) return;
  const same = layer?.guide === guide && layer.version === guide.selection.version;
  state.set({ step: "place", layer: same ? layer : new Layer(guide, box, target) });
  stage.canvas.focus({ preventScroll: true });
}

export function flip() {
  if (state.layer) replace({ flip: !state.layer.flip }, "flip");
}

export function scaleBy(factor) {
  if (state.layer) replace({ scale: Math.min(50, Math.max(0.02, state.layer.scale * factor)) }, "scale");
}

export function rotateBy(degrees) {
  if (state.layer) replace({ rotate: wrap(state.layer.rotate + degrees) }, "rotate");
}

export function moveBy(dx, dy) {
  const { layer } = state;
  if (layer) replace({ x: layer.x + dx, y: layer.y + dy }, "move");
}

const wrap = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;

$("open-guide").addEventListener("click", () => $("guide-input").click());
$("edit-guide").addEventListener("click", () => state.set({ step: "cut" }));
$("flip").addEventListener("click", flip);
$("reset-place").addEventListener("click", () => state.layer && replace(state.layer.start, "reset"));

// A drag of a slider is one step of the history.
for (const [id, change] of [
  ["scale", (value) => ({ scale: state.layer.start.scale * 2 ** value })],
  ["rotate", (value) => ({ rotate: value })],
]) {
  const slider = $(id);
  let before = null;
  slider.addEventListener("input", () => {
    if (!state.layer) return;
    before ??= state.layer.placement;
    state.layer.place(change(Number(slider.value)));
    state.changed();
  });
  slider.addEventListener("change", () => {
    if (!state.layer || !before) return;
    const after = state.layer.placement;
    state.layer.place(before);
    before = null;
    replace(after, id);
  });
}

state.onChange(() => {
  const { layer, guide, mode, step } = state;
  if (mode !== "compose") return;
  for (const item of $("steps").children) {
    if (item.dataset.step === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  $("edit-guide").hidden = step !== "place";
  $("open-guide").textContent = guide ? "Other guide" : "Open guide";
  $("cutout").hidden = !(layer && step === "place");
  if (layer && step === "place") {
    drawCutout(layer);
    $("scale-value").value = `${Math.round(layer.scale * 100)} %`;
    $("scale").value = Math.log2(layer.scale / layer.start.scale);
    $("scale").setAttribute("aria-valuetext", `${Math.round(layer.scale * 100)} percent`);
    $("rotate-value").value = `${Math.round(layer.rotate)}°`;
    $("rotate").value = layer.rotate;
    $("flip").setAttribute("aria-pressed", String(layer.flip));
  }
});

function drawCutout(layer) {
  const canvas = $("cutout-canvas");
  const context = canvas.getContext("2d");
  const scale = Math.min((canvas.width - 16) / layer.width, (canvas.height - 16) / layer.height);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(
    layer.canvas,
    (canvas.width - layer.width * scale) / 2,
    (canvas.height - layer.height * scale) / 2,
    layer.width * scale,
    layer.height * scale,
  );
}
