// Composing: the guide, the object selected in it, and its place on the target.

import { $ } from "./dom.js";
import { Layer, limited } from "./layer.js";
import { problem, tell } from "./messages.js";
import { shownResult } from "./results.js";
import { adjust } from "./runs.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { replace } from "./tools/place.js";

/** Places the object that is selected in the guide on the target. */
export function place() {
  const { guide, target, layer } = state;
  if (!guide || !target) return;
  const box = guide.selection.bounds;
  if (!box) return;
  let placed = layer;
  if (layer?.guide !== guide || layer.version !== guide.selection.version) {
    placed = new Layer(guide, box, target);
    const earlier = shownResult();
    // The object was edited: it stays where it is. Another copy keeps scale, rotation and flip.
    if (layer?.guide === guide) placed.follow(layer);
    else if (earlier?.layer?.guide === guide) placed.turnLike(earlier.placement);
  }
  state.set({ step: "place", layer: placed });
  stage.canvas.focus({ preventScroll: true });
}

export function flip() {
  if (state.layer) replace({ flip: !state.layer.flip }, "flip");
}

// `held`: the key repeats; its changes are merged into one step of the history.

export function scaleBy(factor, held) {
  if (state.layer) replace({ scale: limited(state.layer.scale * factor) }, "scale", held);
}

export function rotateBy(degrees, held) {
  if (state.layer) replace({ rotate: wrap(state.layer.rotate + degrees) }, "rotate", held);
}

export function moveBy(dx, dy, held) {
  const { layer } = state;
  if (layer) replace({ x: layer.x + dx, y: layer.y + dy }, "move", held);
}

const wrap = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;

$("open-guide").addEventListener("click", () => $("guide-input").click());
$("adjust").addEventListener("click", adjust);

/** Changes to the picture that is not on the stage. */
$("other").addEventListener("click", () => {
  if (state.step === "place") state.set({ step: "cut" });
  else if (!state.guide || state.guide.selection.isEmpty) tell(problem("No object is selected yet.", "There is nothing to place.", "Select the object in the other picture first."));
  else place();
});
$("flip").addEventListener("click", flip);
$("reset-place").addEventListener("click", () => state.layer && replace(state.layer.start, "reset"));

// A drag of a slider is one step of the history.
for (const [id, change] of [
  ["scale", (value) => ({ scale: limited(state.layer.start.scale * 2 ** value) })],
  ["rotate", (value) => ({ rotate: value })],
]) {
  const slider = $(id);
  let before = null;
  slider.addEventListener("input", () => {
    if (!state.layer || state.running) return;
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
  const { layer, guide, target, mode, step } = state;
  const other = step === "place" ? guide : target;
  $("other").hidden = !other || other === state.active;
  $("welcome-target").hidden = !(mode === "compose" && target);
  if (mode !== "compose") return;
  for (const item of $("steps").children) {
    if (item.dataset.step === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  if (other) {
    $("other-label").textContent = step === "place" ? "Edit the object" : "Your picture";
    drawOther(other);
  }
  $("adjust").hidden = !(step === "place" && !layer && shownResult()?.layer);
  $("open-guide").textContent = guide ? "Choose another file" : "Choose a file";
  if (layer && step === "place") {
    $("scale-value").value = `${Math.round(layer.scale * 100)} %`;
    $("scale").max = Math.min(2, Math.log2(limited(Infinity) / layer.start.scale));
    $("scale").value = Math.log2(layer.scale / layer.start.scale);
    $("scale").setAttribute("aria-valuetext", `${Math.round(layer.scale * 100)} percent`);
    $("rotate-value").value = `${Math.round(layer.rotate)}°`;
    $("rotate").setAttribute("aria-valuetext", `${Math.round(layer.rotate)} degrees`);
    $("rotate").value = layer.rotate;
    $("flip").setAttribute("aria-pressed", String(layer.flip));
  }
});

let drawn = []; // what the thumbnail shows

function drawOther(picture) {
  if (drawn[0] === picture && drawn[1] === picture.overlayBitmap) return;
  drawn = [picture, picture.overlayBitmap];
  for (const id of ["other-canvas", "welcome-canvas"]) picture.drawOn($(id));
}
