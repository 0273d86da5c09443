// The selection on the stage: a tint, and an outline in two tones that any picture shows.

import { offscreen } from "./dom.js";
import { strokeOf } from "./selection.js";

const TINT = 0.42;
// Distances of the two tones from the selection, in CSS pixels.
const DARK = 3.2;
const LIGHT = 1.7;

const layers = ["shape", "dark", "light"].map(() => offscreen(1, 1));
let drawn = ""; // what the layers hold

/** Draws a selection over the picture as it lies on the stage. */
export function drawSelection(context, selection, view, size, ratio) {
  if (selection.isEmpty && !selection.live) return;
  const width = Math.max(1, Math.round(size.width * ratio));
  const height = Math.max(1, Math.round(size.height * ratio));
  const key = [selection.version, view.x, view.y, view.scale, width, height].join();
  if (selection.live || drawn !== key || layers.selection !== selection) {
    layers.selection = selection;
    drawn = selection.live ? "" : key;
    drawLayers(selection, view, width, height, ratio);
  }
  const [[shape], [dark]] = layers;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = TINT;
  context.drawImage(shape, 0, 0);
  context.globalAlpha = 1;
  context.drawImage(dark, 0, 0);
  context.restore();
}

function drawLayers(selection, view, width, height, ratio) {
  for (const [canvas, context] of layers) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, width, height);
  }
  const [[shape, context], [, dark], [light, lightContext]] = layers;
  context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * view.x, ratio * view.y);
  context.imageSmoothingEnabled = view.scale < 3;
  context.drawImage(selection.canvas, 0, 0);
  if (selection.live) {
    context.globalCompositeOperation = selection.live.erase ? "destination-out" : "source-over";
    strokeOf(context, selection.live.points, selection.live.width);
  }
  spread(lightContext, shape, LIGHT * ratio, "#fff");
  spread(dark, shape, DARK * ratio, "#101413");
  dark.drawImage(light, 0, 0);
  dark.globalCompositeOperation = "destination-out";
  dark.drawImage(shape, 0, 0);
}

/** Draws a shape in one colour, wider by a distance on every side. */
function spread(context, shape, distance, color) {
  for (let turn = 0; turn < 8; turn += 1) {
    const angle = (turn * Math.PI) / 4;
    context.drawImage(shape, distance * Math.cos(angle), distance * Math.sin(angle));
  }
  context.globalCompositeOperation = "source-in";
  context.fillStyle = color;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.globalCompositeOperation = "source-over";
}
