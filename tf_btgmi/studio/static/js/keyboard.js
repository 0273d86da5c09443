// The keys: one table of actions, which the help lists.

import { cancelBusy } from "./busy.js";
import { hold, toggleCompare } from "./compare.js";
import { flip, moveBy, rotateBy, scaleBy } from "./compose.js";
import { $, element } from "./dom.js";
import { edit } from "./edit.js";
import { chooseFile, copyResult, download } from "./files.js";
import { dismiss } from "./messages.js";
import { cancelGesture, nudge, pan, togglePress } from "./pointer.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { setBrushSize } from "./tools/brush.js";

const STEP = 8; // CSS pixels an arrow key moves the pointer by; five times with Shift
let actions = {};

const placing = () => state.mode === "compose" && state.step === "place" && Boolean(state.layer);

function arrow(dx, dy) {
  return (event) => {
    const step = event.shiftKey ? 5 * STEP : STEP;
    const { scale } = stage.view;
    if (state.comparing) state.set({ compareAt: Math.min(1, Math.max(0, state.compareAt + 0.01 * dx * (event.shiftKey ? 5 : 1))) });
    else if (placing()) moveBy((dx * step) / scale, (dy * step) / scale, event.repeat);
    else nudge(dx * step, dy * step, { alt: event.altKey });
  };
}

function escape() {
  if (cancelGesture() || cancelBusy()) return;
  if (state.comparing) toggleCompare(false);
  else dismiss();
}

const REPEATS = true; // while the key is held
// [keys, what the help says, action, whether it repeats]; a key is written as event.key, after Ctrl+ or Shift+.
const TABLE = [
  [["Shift+R"], "Fill, compose or harmonize", () => actions.run()],
  [["Escape"], "Cancel", escape],
  [["Ctrl+Z"], "Undo", () => actions.undo(), REPEATS],
  [["Ctrl+Shift+Z", "Ctrl+Y"], "Redo", () => actions.redo(), REPEATS],
  [["Ctrl+O"], "Open", chooseFile],
  [["Ctrl+S"], "Download", download],
  [["Ctrl+C"], "Copy the result", copyResult],
  [["O"], "Object", () => actions.tool("object")],
  [["B"], "Brush", () => actions.tool("brush")],
  [["E"], "Eraser", () => actions.tool("eraser")],
  [["M"], "Box", () => actions.tool("box")],
  [["L"], "Lasso", () => actions.tool("lasso")],
  [["["], "Smaller brush, smaller object", ({ repeat }) => (placing() ? scaleBy(1 / 1.05, repeat) : setBrushSize(Math.min(state.brushSize - 1, state.brushSize / 1.2))), REPEATS],
  [["]"], "Larger brush, larger object", ({ repeat }) => (placing() ? scaleBy(1.05, repeat) : setBrushSize(Math.max(state.brushSize + 1, state.brushSize * 1.2))), REPEATS],
  [[","], "Shrink the selection, rotate left", ({ repeat }) => (placing() ? rotateBy(5, repeat) : edit.shrink()), REPEATS],
  [["."], "Grow the selection, rotate right", ({ repeat }) => (placing() ? rotateBy(-5, repeat) : edit.grow()), REPEATS],
  [["F"], "Flip the object horizontally", () => placing() && flip()],
  [["I"], "Invert the selection", edit.invert],
  [["Delete", "Backspace"], "Clear the selection", edit.clear],
  [["V"], "Compare before and after", () => toggleCompare()],
  [["+", "="], "Zoom in", () => stage.zoom(1.25), REPEATS],
  [["-"], "Zoom out", () => stage.zoom(0.8), REPEATS],
  [["0"], "Show the whole picture", () => stage.fit()],
  [["1"], "100 %", () => stage.zoom(1 / stage.view.scale)],
  [["D"], "Switch between dark and light", () => $("theme").click()],
  [["?"], "Keys and gestures", () => $("help").showModal()],
];
const ON_STAGE = [
  [["ArrowLeft"], arrow(-1, 0), REPEATS],
  [["ArrowRight"], arrow(1, 0), REPEATS],
  [["ArrowUp"], arrow(0, -1), REPEATS],
  [["ArrowDown"], arrow(0, 1), REPEATS],
  [["Enter"], (event) => togglePress({ alt: event.altKey })],
];
const TOLD = [
  ["C", "Show the original (hold)"],
  ["Space", "Pan (hold and drag)"],
  ["Alt", "Subtract from the selection (hold)"],
  ["Arrows", "Move the pointer, the object or the line"],
  ["Enter", "Press; press again to release"],
];

const byKey = new Map(TABLE.flatMap(([keys, , ...action]) => keys.map((key) => [key.toLowerCase(), action])));
const onStage = new Map(ON_STAGE.flatMap(([keys, ...action]) => keys.map((key) => [key, action])));

const PLACES = { BracketLeft: "[", BracketRight: "]", Comma: ",", Period: "." };

/** The key, on keyboards without Latin letters by its place. */
function keyOf({ key, code }) {
  return (/^[ -~]+$/.test(key) ? key : PLACES[code] ?? code.replace("Key", "")).toLowerCase();
}

function nameOf(event) {
  const key = keyOf(event);
  const ctrl = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  return `${ctrl}${/^[a-z]$/.test(key) && event.shiftKey ? "shift+" : ""}${key}`;
}

/** Whether a key is for the element that has the focus. */
function typing({ target, key, ctrlKey, metaKey }) {
  if (target.closest("input:not([type=range]):not([type=checkbox]), textarea")) return true;
  return Boolean(target.closest("select")) && key !== "Escape" && !ctrlKey && !metaKey;
}

/** Starts to listen; `given` has run, undo, redo and tool. */
export function listen(given) {
  actions = given;
  window.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || typing(event)) return;
    if (event.repeat && event.key === "Enter" && event.target.closest("button")) event.preventDefault();
    const stageHas = event.target === stage.canvas || event.target === document.body;
    if (event.key === " " && stageHas) {
      event.preventDefault();
      pan.held = true;
      state.changed();
      return;
    }
    // Alt and a letter are the browser's; on some keyboards Alt makes the brackets.
    const name = event.altKey && /^[a-z0-9]$/.test(keyOf(event)) ? "" : nameOf(event);
    if (name === "c" && !event.repeat) hold(true);
    const [action, repeats] = (stageHas && onStage.get(event.key)) || byKey.get(name) || [];
    // The browser copies selected text.
    if (!action || (name === "ctrl+c" && String(getSelection()))) return;
    event.preventDefault();
    if (!event.repeat || repeats) action(event);
  });
  window.addEventListener("keyup", (event) => {
    if (event.key === " ") {
      pan.held = false;
      state.changed();
    }
    if (keyOf(event) === "c") hold(false);
  });
  // Browsers leave a control that is half hidden at the end of a row where it is.
  document.querySelector(".panel-scroll").addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  window.addEventListener("blur", () => {
    pan.held = false;
    hold(false);
  });
}

const signs = { Escape: "Esc", Delete: "Del", Backspace: "⌫" };
for (const [keys, text] of [...TABLE, ...TOLD.map(([key, told]) => [[key], told])]) {
  const shown = keys.filter((key) => key !== "=" && key !== "Ctrl+Y" && key !== "Backspace");
  $("shortcuts").append(element(
    "div",
    {},
    element("dt", { textContent: text }),
    element("dd", {}, ...shown.map((key) => element("kbd", { textContent: signs[key] ?? key }))),
  ));
}
