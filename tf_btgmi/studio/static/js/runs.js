// Runs of a model: sends the picture and the request, shows progress, can be cancelled.

import { api } from "./api.js";
import { busy, keepFocus } from "./busy.js";
import { $ } from "./dom.js";
import { settled, step } from "./edit.js";
import { announce, forget, note, tell } from "./messages.js";
import { choose, shownResult, take, takeUp, toResult } from "./results.js";
import { Selection } from "./selection.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { stopSearch } from "./tools/object.js";

const LOOK_EVERY = 300; // ms
const VERBS = { inpaint: "Filling", compose: "Composing", harmonize: "Matching colours" };
export const LABELS = { fill: "Fill", compose: "Compose", harmonize: "Harmonize" }; // by mode

export const stillRunning = () => `${LABELS[state.mode]} is still running`;

const jobName = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What the next run would do; null where something is missing for it. */
export function nextRun() {
  const { target, mode, step: at, layer } = state;
  if (!target) return null;
  if (mode === "compose") return at === "place" && layer ? "compose" : null;
  if (target.selection.isEmpty) return null;
  if (mode === "harmonize") return canHarmonize() ? "harmonize" : null;
  return "inpaint";
}

/** The models of a call: the chosen one, all, or without a choice the first that can. */
function modelsFor(call) {
  const { model, models } = state;
  if (model === "*") return models;
  if (model) return models.filter((one) => one.name === model);
  const output = call === "inpaint" ? "inpainted" : "harmonized";
  const able = models.find((one) => one.outputs.includes(output)) ?? models[0];
  return able ? [able] : [];
}

/** Whether the chosen model can harmonize. True while the models are unknown; the server then decides. */
export const canHarmonize = () => modelsFor("harmonize").every((one) => one.outputs.includes("harmonized"));

async function fieldsOf(call, selection, overlay) {
  const { target, layer } = state;
  const fields = { image: target.file, overlay };
  if (call === "compose") {
    const { scale, rotate, flip } = layer.placement;
    const { x, y } = layer.centre;
    const harmonize = $("harmonize-check").checked && canHarmonize();
    const guideMask = await layer.guide.selection.toMask(layer.selection);
    return { ...fields, guide: layer.guide.file, guide_mask: guideMask, x, y, scale, rotate, flip, harmonize };
  }
  fields.mask = await selection.toMask();
  if (call === "inpaint") fields.remove = $("margin-check").checked;
  return fields;
}

/** The selection of a result, one step wider. */
async function wider({ width, height }, hole) {
  const selection = new Selection(width, height);
  selection.restore("hole", hole);
  await selection.grow(step(selection));
  return selection;
}

/** A promise's value, or an AbortError as soon as `signal` aborts. */
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    promise.then(resolve, reject);
  });
}

/** Runs what `nextRun` says, or a result `again`, with the chosen model or with all of them. */
export async function run(again = null) {
  const call = again ? "inpaint" : nextRun();
  if (!call || state.running) return;
  stopSearch();
  forget();
  const all = state.model === "*";
  const names = modelsFor(call).map((model) => model.name);
  // The list of models did not arrive: the server takes its first.
  if (!names.length) names.push(null);
  const aborter = new AbortController();
  const mine = { name: "" };
  const made = [];
  const focused = document.activeElement;
  const task = busy(VERBS[call], () => {
    aborter.abort();
    if (mine.name) api.cancel(mine.name).catch(() => {});
  });
  const { target, mode } = state;
  const base = again ? again.base : shownResult();
  const layer = call === "compose" ? state.layer : null;
  const placement = layer?.placement;
  let hole = null;
  state.set({ running: mine, comparing: false });
  if (focused === $("run")) $("cancel").focus();
  // On small windows the page may be scrolled away from the picture.
  stage.canvas.scrollIntoView({ block: "nearest" });
  const prepared = async () => {
    await settled();
    const selection = again ? await wider(target, again.hole) : target.selection;
    if (call === "inpaint") hole = selection.snapshot();
    return fieldsOf(call, selection, base.overlay);
  };
  try {
    const fields = await unlessAborted(prepared(), aborter.signal);
    for (const model of names) {
      mine.name = jobName();
      const text = all ? `${VERBS[call]} with ${model}` : VERBS[call];
      const { blob } = await watched(task, mine.name, text, (options) =>
        api.run(call, { ...fields, model, job: mine.name }, { ...options, signal: aborter.signal }));
      made.push(await toResult(all ? `${LABELS[mode]}, ${model}` : LABELS[mode], blob, base));
      aborter.signal.throwIfAborted();
    }
  } catch (error) {
    if (error.name === "AbortError" || error.code === "cancelled") note("Cancelled. Nothing was changed.");
    else tell(error, VERBS[call]);
  }
  state.set({ running: null });
  // Before the card with Cancel is hidden.
  keepFocus(focused);
  task.end();
  if (made.length && !aborter.signal.aborted) {
    await take(made, { hole, layer, placement });
    const newest = shownResult();
    announce(`${newest.label} is done. It is result ${newest.number}.`);
    keepFocus(focused);
  }
}

/** Runs `call({onSending, onSent})` and shows how far the job is. */
async function watched(task, name, text, call) {
  task.update(text);
  let timer = null;
  const look = async () => {
    let job = {};
    try {
      job = await api.job(name);
    } catch {
      // The answer to the run itself says what failed.
    }
    if (timer === null) return;
    timer = setTimeout(look, LOOK_EVERY);
    if (job.state === "waiting") task.update(`Waiting, number ${job.position} in the queue`);
    else if (job.total) task.update(`${text}, ${Math.round((100 * job.done) / job.total)} %`, job.done / job.total);
    else task.update(text);
  };
  try {
    return await call({
      onSending: (share) => task.update(`${text}: sending the picture`, share),
      onSent: () => {
        task.update(text);
        timer = setTimeout(look, LOOK_EVERY);
      },
    });
  } finally {
    clearTimeout(timer);
    timer = null;
  }
}

/** Whether the shown result is a fill that can be made again with a wider margin. */
export const canFillAgain = () => state.mode === "fill" && Boolean(shownResult()?.hole) && state.target.selection.isEmpty;

/** Fills the last selection again, one step wider. */
export const fillAgain = () => run(shownResult());

/** Takes the composed object up again where it was placed. */
export function adjust() {
  if (state.running) return;
  const { layer, placement, base } = shownResult();
  const before = { layer: state.layer, guide: state.guide };
  takeUp(layer, placement);
  choose(base, { undo: () => Object.assign(state, before), redo: () => takeUp(layer, placement) });
  stage.canvas.focus({ preventScroll: true });
}

window.addEventListener("pagehide", () => {
  if (state.running) fetch(`/api/v1/jobs/${state.running.name}`, { method: "DELETE", keepalive: true }).catch(() => {});
});
