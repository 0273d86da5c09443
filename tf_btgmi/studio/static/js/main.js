// Connects the page: buttons to actions, and the state to what is shown.

import { place } from "./compose.js";
import "./connection.js";
import { api } from "./api.js";
import { $, element, once, reveal } from "./dom.js";
import { edit, settled } from "./edit.js";
import { canCopy, chooseFile, copyResult, download, saveMask, showExamples, useTarget, wantsGuide } from "./files.js";
import { listen } from "./keyboard.js";
import { announce, forget, note, problem, tell } from "./messages.js";
import { cancelGesture } from "./pointer.js";
import { shownResult } from "./results.js";
import { LABELS, canFillAgain, canHarmonize, fillAgain, nextRun, run } from "./runs.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import "./toolbar.js";
import { largestBrush, setBrushSize } from "./tools/brush.js";
import { searched } from "./tools/object.js";
import { currentTool, tools } from "./tools/tools.js";

const CANNOT_MATCH = "This model cannot match colours.";
const ONLY_FILLS = "It only fills holes.";

// Every picture has a history of its own.
const historyNow = () => state.active?.history;

async function travel(action) {
  if (state.running) return;
  cancelGesture();
  await settled();
  if (state.running) return;
  const label = historyNow()?.[action]();
  if (!label) return;
  forget();
  announce(`${action === "undo" ? "Undone" : "Redone"}: ${label}.`);
  state.changed();
}

function chooseTool(tool) {
  if (!state.selecting) return;
  state.set({ tool, comparing: false });
}

function chooseMode(mode) {
  if (state.running || mode === state.mode) return;
  // With nothing left to place, an object is selected first.
  const done = state.step === "place" && !state.layer && !shownResult()?.layer;
  state.set({ mode, step: done ? "cut" : state.step, comparing: false });
}

/** What the large button does now: [label, action or null]. */
function mainAction() {
  const { mode, step, guide, layer } = state;
  if (mode === "compose" && !(step === "place" && layer)) {
    const ready = guide && state.target && !guide.selection.isEmpty;
    return [step === "place" ? "Place again" : "Place it", ready ? place : null];
  }
  if (canFillAgain()) return ["Fill again", fillAgain];
  return [LABELS[mode], nextRun() ? run : null];
}

let waits = false; // for an object that is being searched for

/** Does it when the object that is being searched for is selected; returns whether there was something to do. */
async function act() {
  if (state.running || waits) return true;
  cancelGesture();
  const { mode, step } = state;
  waits = true;
  const found = await searched();
  waits = false;
  // Elsewhere the button means something else.
  if (!found || state.running || mode !== state.mode || step !== state.step) return true;
  const [, action] = mainAction();
  action?.();
  return Boolean(action);
}

async function runFromKey() {
  if (await act()) return;
  if (state.active && !state.running) {
    const cannot = state.mode === "harmonize" && !canHarmonize();
    tell(cannot
      ? problem(CANNOT_MATCH, ONLY_FILLS, "Start the studio with a model that has the output `harmonized`.")
      : problem("Nothing is selected.", state.mode === "compose" ? "There is nothing to place." : "Only the selection is changed.", "Draw a box around an object, or paint over it."));
  }
}

for (const [id, action] of Object.entries({
  open: chooseFile,
  "welcome-open": chooseFile,
  "use-target": once(useTarget),
  download: once(download),
  copy: once(copyResult),
  undo: () => travel("undo"),
  redo: () => travel("redo"),
  // The second click would do what follows.
  run: once(act),
  "grow-button": edit.grow,
  "shrink-button": edit.shrink,
  invert: edit.invert,
  clear: edit.clear,
  "mask-load": () => $("mask-input").click(),
  "mask-save": saveMask,
  "help-button": () => $("help").showModal(),
  "zoom-in": () => stage.zoom(1.25),
  "zoom-out": () => stage.zoom(0.8),
  "zoom-fit": () => stage.fit(),
  "sign-add": () => state.set({ sign: "add" }),
  "sign-subtract": () => state.set({ sign: "subtract" }),
})) $(id).addEventListener("click", action);

for (const button of document.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", () => chooseTool(button.dataset.tool));
}
for (const button of document.querySelectorAll("[data-mode-button]")) {
  button.addEventListener("click", () => chooseMode(button.dataset.modeButton));
}
// The slider is finer where brushes are small.
const SIZE_POWER = 2;
const SIZE_STEPS = 400;
$("size").addEventListener("input", () => setBrushSize((Number($("size").value) / SIZE_STEPS) ** SIZE_POWER * largestBrush()));
$("model").addEventListener("change", () => state.set({ model: $("model").value }));
state.addEventListener("stroke", () => {
  if ($("auto-fill").checked && state.mode === "fill" && nextRun()) run();
});

// On a phone the panel is moved sideways; another step begins at its start, or at the placement.
let shownStep = "";
function scrollPanel() {
  const now = [state.mode, state.step, Boolean(state.layer)].join();
  if (now === shownStep) return;
  shownStep = now;
  document.querySelector(".panel-scroll").scrollTo(0, 0);
  reveal($("panel-place"));
}

const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));

function show() {
  const { mode, step, active, running, target } = state;
  const placing = mode === "compose" && step === "place";
  document.title = target ? `${target.name} – Studio` : "Studio";
  document.body.toggleAttribute("data-empty", !active);
  showWelcome();
  for (const button of document.querySelectorAll("[data-mode-button]")) pressed(button, button.dataset.modeButton === mode);
  for (const button of document.querySelectorAll("[data-tool]")) {
    pressed(button, button.dataset.tool === state.tool && state.selecting);
    button.disabled = !state.selecting;
  }
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== mode;
  $("panel-place").hidden = !(placing && state.layer);
  $("panel-tool").hidden = placing;
  $("panel-selection").hidden = placing;
  scrollPanel();
  showTool();
  $("margin-control").hidden = mode !== "fill";
  const empty = !active || active.selection.isEmpty;
  $("mask-save").disabled = empty;
  for (const id of ["clear", "grow-button", "shrink-button"]) $(id).disabled = empty || Boolean(running);
  for (const id of ["invert", "mask-load"]) $(id).disabled = !active || Boolean(running);
  for (const id of ["other", "adjust", "scale", "rotate", "flip", "reset-place"]) $(id).disabled = Boolean(running);
  $("harmonize-check").disabled = !canHarmonize() || Boolean(running);
  $("harmonize-note").hidden = canHarmonize();
  const [label, action] = mainAction();
  $("run-label").textContent = label;
  $("run").disabled = !action || Boolean(running);
  $("run").title = label === "Fill again" ? "Fill the same place again, a little wider (Shift+R)" : "Shift+R";
  $("download").disabled = !target?.overlay;
  $("copy").disabled = !canCopy();
  $("undo").disabled = !historyNow()?.canUndo || Boolean(running);
  $("redo").disabled = !historyNow()?.canRedo || Boolean(running);
  $("canvas-state").textContent = describe();
  // A button may be disabled by its own action; a run keeps the focus itself.
  if (!running && document.activeElement?.disabled) stage.canvas.focus({ preventScroll: true });
}

function showWelcome() {
  $("welcome").hidden = Boolean(state.active);
  const wanted = wantsGuide() ? "guide" : "target";
  for (const part of document.querySelectorAll("[data-welcome]")) part.hidden = part.dataset.welcome !== wanted;
}

function showTool() {
  const tool = currentTool() ?? tools[state.tool];
  const cannot = state.mode === "harmonize" && !canHarmonize();
  const hint = cannot ? `${CANNOT_MATCH} ${ONLY_FILLS}` : tool.hint;
  $("tool-title").textContent = tool.title;
  $("tool-hint").textContent = hint;
  $("hint-line").textContent = hint;
  $("size-control").hidden = !tool.sized;
  $("sign-control").hidden = !tool.signed;
  $("auto-control").hidden = !tool.paints || state.mode !== "fill";
  // Nothing can be subtracted from an empty selection.
  const empty = !state.active || state.active.selection.isEmpty;
  if (empty) state.sign = "add";
  $("sign-subtract").disabled = empty;
  pressed($("sign-add"), state.sign === "add");
  pressed($("sign-subtract"), state.sign === "subtract");
  $("size-value").value = `${state.brushSize} px`;
  $("size").setAttribute("aria-valuetext", `${state.brushSize} pixels`);
  $("size").value = SIZE_STEPS * (state.brushSize / largestBrush()) ** (1 / SIZE_POWER);
}

function describe() {
  const { active } = state;
  if (!active) return "No picture is open.";
  return `${active.width} by ${active.height} pixels, ${active.selected}.`;
}

async function loadModels() {
  try {
    const models = await api.models();
    // After a restart of the server there may be others.
    const known = models.length > 1 && (state.model === "*" || models.some(({ name }) => name === state.model));
    state.set({ models, model: known ? state.model : "" });
    $("panel-model").hidden = models.length < 2;
    $("model").replaceChildren(
      element("option", { value: "", textContent: "Automatic" }),
      ...models.map(({ name }) => element("option", { value: name, textContent: name })),
      element("option", { value: "*", textContent: "All models" }),
    );
    $("model").value = state.model;
  } catch (error) {
    tell(error);
  }
}

// Two fingers are not seen: they are mentioned once.
const SEEN = "studio-gestures";
function helpWithGestures() {
  if (!state.active || !matchMedia("(pointer: coarse)").matches) return;
  state.removeEventListener("change", helpWithGestures);
  try {
    if (localStorage.getItem(SEEN)) return;
    localStorage.setItem(SEEN, "1");
  } catch {
    // Without storage it is said at every visit.
  }
  const shown = note("Two fingers zoom and move the picture.");
  // It lies over the picture.
  stage.canvas.addEventListener("pointerdown", () => shown.remove(), { once: true });
}

listen({ run: runFromKey, undo: () => travel("undo"), redo: () => travel("redo"), tool: chooseTool });
state.onChange(show);
state.onChange(helpWithGestures);
window.addEventListener("server-back", () => {
  loadModels();
  if (!$("examples").children.length) showExamples().catch(tell);
});
show();
loadModels();
showExamples().catch(tell);
