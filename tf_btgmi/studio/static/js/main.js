// Puts the page together: buttons to actions, and what is shown to the state.

import { place } from "./compose.js";
import "./connection.js";
import { api } from "./api.js";
import { $, element } from "./dom.js";
import { edit } from "./edit.js";
import { chooseFile, download, saveMask, showExamples, wantsGuide } from "./files.js";
import { history } from "./history.js";
import { listen } from "./keyboard.js";
import { tell } from "./messages.js";
import "./pointer.js";
import { canHarmonize, cancelRun, nextRun, run } from "./runs.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import "./theme.js";
import { setBrushSize } from "./tools/brush.js";
import { currentTool, tools } from "./tools/tools.js";

const undo = () => !state.running && history.undo() && state.changed();
const redo = () => !state.running && history.redo() && state.changed();

function chooseTool(tool) {
  if (!state.selecting) return;
  currentTool()?.cancel();
  state.set({ tool });
}

function chooseMode(mode) {
  if (state.running || mode === state.mode) return;
  currentTool()?.cancel();
  const step = state.layer ? "place" : state.guide ? "cut" : "guide";
  state.set({ mode, step, comparing: false });
}

/** What the large button does now: [label, action or null]. */
function mainAction() {
  const { mode, step, guide, layer } = state;
  if (mode === "compose" && !(step === "place" && layer)) {
    const ready = guide && state.target && !guide.selection.isEmpty;
    return [step === "place" ? "Place again" : "Place it", ready ? place : null];
  }
  const label = { remove: "Fill", compose: "Compose", harmonize: "Harmonize" }[mode];
  return [label, nextRun() ? run : null];
}

function act() {
  const [, action] = mainAction();
  if (!action || state.running) return;
  currentTool()?.cancel();
  action();
}

function runFromKey() {
  const [, action] = mainAction();
  if (action) {
    act();
  } else if (state.active && !state.running) {
    const harmonizing = state.mode === "harmonize" && !canHarmonize();
    tell(Object.assign(new Error(harmonizing ? "This model cannot harmonize." : "Nothing is selected."), {
      why: harmonizing ? "It has one output, which fills holes." : "There is nothing to work on yet.",
      toDo: harmonizing ? "Start the studio with a model that has the output `harmonized`." : "Draw a box around an object, or paint over it, and run it again.",
    }));
  }
}

for (const [id, action] of Object.entries({
  open: chooseFile,
  "welcome-open": () => (wantsGuide() ? $("guide-input") : $("file-input")).click(),
  download, undo, redo,
  cancel: cancelRun,
  run: act,
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
// A slider of sizes: fine where brushes are small.
const SIZE_POWER = 2;
$("size").addEventListener("input", () => setBrushSize((Number($("size").value) / 400) ** SIZE_POWER * 400));
$("model").addEventListener("change", () => state.set({ model: $("model").value }));

const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));

function show() {
  const { mode, step, active, running } = state;
  const placing = mode === "compose" && step === "place";
  document.body.dataset.mode = mode;
  document.body.toggleAttribute("data-empty", !active);
  $("welcome").hidden = Boolean(active);
  $("welcome-title").textContent = wantsGuide() ? "Open a guide picture" : "Open a picture";
  $("welcome-text").textContent = wantsGuide()
    ? "An object of it goes into your picture. Drop it here, paste it, or choose a file."
    : "Drop it here, paste it, or choose a file. It stays on this machine.";
  for (const button of document.querySelectorAll("[data-mode-button]")) pressed(button, button.dataset.modeButton === mode);
  for (const button of document.querySelectorAll("[data-tool]")) {
    pressed(button, button.dataset.tool === state.tool && state.selecting);
    button.disabled = !state.selecting;
  }
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== mode;
  $("panel-place").hidden = !(placing && state.layer);
  $("panel-tool").hidden = placing;
  $("panel-selection").hidden = placing;
  document.body.toggleAttribute("data-cannot", mode === "harmonize" && !canHarmonize());
  const tool = tools[state.tool];
  $("tool-title").textContent = tool.title;
  $("tool-hint").textContent = mode === "harmonize" && !canHarmonize()
    ? "This model cannot harmonize: it has one output, which fills holes."
    : tool.hint;
  $("size-control").hidden = !tool.sized;
  $("sign-control").hidden = !tool.signed;
  pressed($("sign-add"), state.sign === "add");
  pressed($("sign-subtract"), state.sign === "subtract");
  $("size-value").value = `${state.brushSize} px`;
  $("size").value = 400 * (state.brushSize / 400) ** (1 / SIZE_POWER);
  $("remove-control").hidden = mode !== "remove";
  const empty = !active || active.selection.isEmpty;
  for (const id of ["clear", "mask-save", "grow-button", "shrink-button"]) $(id).disabled = empty;
  for (const id of ["invert", "mask-load"]) $(id).disabled = !active;
  $("harmonize-check").disabled = !canHarmonize();
  $("harmonize-note").hidden = canHarmonize();
  $("harmonize-note").textContent = "This model cannot match colours; the gap around the object is filled.";
  const [label, action] = mainAction();
  $("run-label").textContent = label;
  $("run").disabled = !action || Boolean(running);
  $("running").hidden = !running && !tools.object.searching;
  $("cancel").hidden = !running;
  if (!running && tools.object.searching) {
    $("running-text").textContent = "Finding the object";
    $("running-bar").removeAttribute("value");
  }
  $("download").disabled = !state.target?.overlay;
  $("undo").disabled = !history.canUndo || Boolean(running);
  $("redo").disabled = !history.canRedo || Boolean(running);
  $("canvas-state").textContent = describe();
}

function describe() {
  const { active } = state;
  if (!active) return "No picture is open.";
  const share = (100 * active.selection.count) / (active.width * active.height);
  const selection = active.selection.isEmpty ? "nothing is selected" : `${share.toFixed(1)} percent is selected`;
  return `${active.width} by ${active.height} pixels, ${selection}.`;
}

async function loadModels() {
  try {
    const models = await api.models();
    state.set({ models });
    $("panel-model").hidden = models.length < 2;
    $("model").replaceChildren(
      element("option", { value: "", textContent: "The one that fits" }),
      ...models.map(({ name }) => element("option", { value: name, textContent: name })),
      element("option", { value: "*", textContent: "All of them" }),
    );
    $("model").value = state.model;
  } catch (error) {
    tell(error);
  }
}

listen({ run: runFromKey, undo, redo, tool: chooseTool });
state.onChange(show);
history.addEventListener("change", show);
window.addEventListener("server-back", loadModels);
show();
loadModels();
showExamples().catch(tell);
