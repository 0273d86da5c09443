// Mouse, pen, fingers and keys on the stage: to the tool, or to zoom and pan.

import { announce, forget, note } from "./messages.js";
import { stillRunning } from "./runs.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { currentTool } from "./tools/tools.js";

const EDGE = 12; // of the stage, in CSS pixels, that arrow keys keep free of the pointer

const { canvas } = stage;
const pointers = new Map();
let pressed = null; // the tool that has the pointer
let pressedOn = null; // its picture
let missed = ""; // why the gesture under way does nothing
let panning = false;
let pinch = null;
let keyPressed = false;
let showKeys = false; // the arrow keys moved the pointer last
// Where the pointer is, in the picture; the arrow keys move it as well.
let pointer = null;

export const pan = { held: false }; // Space is down

const at = (event) => {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};
const keys = (event) => ({ alt: event.altKey, shift: event.shiftKey });

const waiting = () => `${stillRunning()}. Cancel it or wait.`;

function press(point, modifiers) {
  forget();
  missed = state.running ? waiting() : "";
  pressed = state.running ? null : currentTool();
  pressedOn = state.active;
  pressed?.down(point, modifiers);
}

function release() {
  const byKey = keyPressed;
  const selection = pressedOn?.selection;
  const version = selection?.version;
  pressed?.up();
  pressed = null;
  keyPressed = false;
  if (missed) note(missed);
  missed = "";
  if (selection && selection.version !== version) announce(`Released: ${pressedOn.selected}.`);
  else if (byKey) announce("Released.");
  stage.redraw();
}

/** Cancels the gesture under way; whether there was one. */
export function cancelGesture() {
  const tool = pressed;
  missed = "";
  pressed = null;
  keyPressed = false;
  stage.redraw();
  return tool?.cancel() ?? false;
}

/** The middle of two fingers, and the distance between them. */
function spread() {
  const [a, b] = pointers.values();
  return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function movePinch() {
  const before = pinch;
  pinch = spread();
  stage.view.pan(pinch.x - before.x, pinch.y - before.y);
  stage.zoom(pinch.distance / Math.max(1, before.distance), pinch);
}

canvas.addEventListener("pointerdown", (event) => {
  if (!state.active) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  if (pointers.size === 2) {
    cancelGesture();
    pinch = spread();
  } else if (pointers.size === 1) {
    panning = pan.held || event.button === 1;
    pointer = stage.view.toPicture(at(event));
    if (!panning && event.button === 0) press(pointer, keys(event));
  }
  stage.redraw();
});

canvas.addEventListener("pointermove", (event) => {
  if (!state.active) return;
  showKeys = false;
  const point = at(event);
  const last = pointers.get(event.pointerId);
  if (last) pointers.set(event.pointerId, point);
  if (pinch) {
    if (pointers.size === 2) movePinch();
  } else if (last && panning) {
    stage.view.pan(point.x - last.x, point.y - last.y);
  } else {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      pointer = stage.view.toPicture(at(one));
      pressed?.move(pointer, keys(one));
    }
  }
  stage.redraw();
});

function end(event) {
  if (!pointers.delete(event.pointerId)) return;
  if (pinch) {
    // A third finger that is lifted may leave two others.
    if (pointers.size === 2) pinch = spread();
    else if (pointers.size === 0) pinch = null;
  } else if (event.type === "pointercancel") {
    cancelGesture();
  } else if (!panning) {
    release();
  }
  if (pointers.size === 0) panning = false;
}
canvas.addEventListener("pointerup", end);
canvas.addEventListener("pointercancel", end);
// Chrome takes a quick stroke for a fling and ignores a tap in the half second after it.
canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
// Without the focus, the Enter that releases would not arrive.
canvas.addEventListener("blur", () => keyPressed && cancelGesture());
canvas.addEventListener("pointerleave", () => {
  if (!pointers.size && !keyPressed) pointer = null;
  stage.redraw();
});
canvas.addEventListener("wheel", (event) => {
  if (!state.active) return;
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  stage.zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 120 : 480)), at(event));
}, { passive: false });

/** How far a place on the stage has to move to be in sight. */
const missing = (place, length) => Math.max(0, EDGE - place) + Math.min(0, length - EDGE - place);

/** Moves the pointer by arrow keys, in CSS pixels, on the picture; it stays in sight. */
export function nudge(dx, dy, modifiers) {
  if (!state.active) return;
  const { view, size } = stage;
  const { width, height } = state.active;
  const start = pointer ?? view.toPicture({ x: size.width / 2, y: size.height / 2 });
  pointer = {
    x: Math.min(width, Math.max(0, start.x + dx / view.scale)),
    y: Math.min(height, Math.max(0, start.y + dy / view.scale)),
  };
  const place = view.toStage(pointer);
  const [right, down] = [missing(place.x, size.width), missing(place.y, size.height)];
  if (right || down) view.pan(right, down);
  if (keyPressed) pressed?.move(pointer, modifiers);
  showKeys = true;
  stage.redraw();
}

/** Enter presses the pointer, and releases it. */
export function togglePress(modifiers) {
  if (!state.active) return;
  if (state.running) {
    note(waiting());
    return;
  }
  const { view, size } = stage;
  pointer ??= view.toPicture({ x: size.width / 2, y: size.height / 2 });
  showKeys = true;
  if (keyPressed) {
    release();
  } else {
    keyPressed = true;
    press(pointer, modifiers);
    announce("Pressed.");
  }
  stage.redraw();
}

stage.marks.push((context, view) => {
  const tool = state.running ? null : currentTool();
  tool?.draw(context, view, pointer);
  if (!showKeys || !pointer || document.activeElement !== canvas) return;
  const { x, y } = view.toStage(pointer);
  for (const [color, width] of [["rgb(0 0 0 / 75%)", 4], ["#fff", 1.5]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 4 * dx, y + 4 * dy);
      context.lineTo(x + 13 * dx, y + 13 * dy);
    }
    context.stroke();
  }
});

let shown = null; // the picture that the pointer is in
state.onChange(() => {
  if (shown !== state.active) pointer = null;
  shown = state.active;
  // A gesture ends with its tool and its picture, and where a run begins.
  if (pressed && (state.running || pressed !== currentTool() || pressedOn !== state.active)) cancelGesture();
  canvas.style.cursor = pan.held ? "grab" : state.comparing ? "ew-resize" : state.selecting ? "crosshair" : state.active ? "move" : "default";
});
