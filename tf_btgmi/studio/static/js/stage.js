// Draws the stage: picture, edits, selection, the placed object, the tool's own marks.

import { $, offscreen } from "./dom.js";
import { drawSelection } from "./outline.js";
import { state } from "./state.js";
import { View } from "./view.js";

const canvas = $("canvas");
const context = canvas.getContext("2d");
const views = new WeakMap();
let waiting = false;

/** Lies under transparent pictures; squares of 8 CSS pixels. */
const checkerboard = (() => {
  const [tile, squares] = offscreen(16, 16);
  for (const [color, size] of [["#fff", 16], ["#ccc", 8]]) {
    squares.fillStyle = color;
    squares.fillRect(0, 0, size, size);
    squares.fillRect(8, 8, 8, 8);
  }
  return context.createPattern(tile, "repeat");
})();

/** Where the buttons in the lower left corner end. */
function corner() {
  const { offsetLeft, offsetTop, offsetWidth } = $("corner");
  return { right: offsetLeft + offsetWidth, top: offsetTop };
}

export const stage = {
  canvas,
  /** Drawn over everything else: functions (context, view). */
  marks: [],

  get size() { return { width: canvas.clientWidth, height: canvas.clientHeight }; },

  get view() {
    const picture = state.active;
    if (!picture) return new View();
    if (!views.has(picture)) {
      const view = new View();
      view.fit(picture, this.size, corner());
      views.set(picture, view);
    }
    return views.get(picture);
  },

  fit() {
    if (state.active) this.view.fit(state.active, this.size, corner());
    this.redraw();
  },

  zoom(factor, point = { x: this.size.width / 2, y: this.size.height / 2 }) {
    this.view.zoom(factor, point);
    this.redraw();
  },

  redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  },
};

function draw() {
  const ratio = window.devicePixelRatio || 1;
  const { width, height } = stage.size;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const picture = state.active;
  if (!picture) return;
  const view = stage.view;
  if (view.fitted) view.fit(picture, stage.size, corner());
  else view.keep(picture, stage.size);
  context.save();
  context.translate(view.x, view.y);
  if (picture.transparent) {
    context.fillStyle = checkerboard;
    context.fillRect(0, 0, picture.width * view.scale, picture.height * view.scale);
  }
  context.scale(view.scale, view.scale);
  context.imageSmoothingEnabled = view.scale < 3;
  context.imageSmoothingQuality = "high";
  drawPicture(picture);
  const plain = state.holding || state.comparing;
  if (!plain && state.mode === "compose" && state.step === "place") state.layer?.draw(context);
  context.restore();
  if (!plain && state.selecting) drawSelection(context, picture.selection, view, { width, height }, ratio);
  if (!plain) for (const mark of stage.marks) mark(context, view);
  if (state.comparing && !state.holding) drawDivider(picture, view);
  $("zoom-value").value = `${Math.round(view.scale * 100)} %`;
}

function drawPicture(picture) {
  const edits = state.holding ? null : picture.overlayBitmap;
  if (!state.comparing || !edits) {
    for (const layer of picture.layers(edits)) context.drawImage(layer, 0, 0);
    return;
  }
  const { width, height } = picture;
  const from = width * state.compareAt;
  for (const [layers, left, right] of [[picture.layers(null), 0, from], [picture.layers(edits), from, width]]) {
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, height);
    context.clip();
    for (const layer of layers) context.drawImage(layer, 0, 0);
    context.restore();
  }
}

function drawDivider(picture, view) {
  const { x } = view.toStage({ x: picture.width * state.compareAt, y: 0 });
  const top = Math.max(0, view.y);
  const bottom = Math.min(stage.size.height, view.y + picture.height * view.scale);
  const middle = (top + bottom) / 2;
  for (const [color, width] of [["rgb(0 0 0 / 60%)", 4], ["#fff", 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
  }
  if ($("compare-range").matches(":focus-visible")) {
    for (const [color, width] of [["#fff", 7], ["#0b6b5d", 3]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, middle, 20, 0, 2 * Math.PI);
      context.stroke();
    }
    context.lineWidth = 2;
  }
  // The knob: a disc with an arrow to either side.
  context.fillStyle = "#fff";
  context.strokeStyle = "rgb(0 0 0 / 60%)";
  context.beginPath();
  context.arc(x, middle, 15, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.strokeStyle = "#17201d";
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(x + 4 * side, middle - 5);
    context.lineTo(x + 9 * side, middle);
    context.lineTo(x + 4 * side, middle + 5);
  }
  context.stroke();
}

new ResizeObserver(() => stage.redraw()).observe(canvas);
state.onChange(() => stage.redraw());
