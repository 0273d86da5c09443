// Runs of a model: sends the picture and the request, shows progress, can be cancelled.

import { AWAY, api } from "./api.js";
import { busy } from "./busy.js";
import { $ } from "./dom.js";
import { step } from "./edit.js";
import { announce, forget, note, tell } from "./messages.js";
import { choose, shownResult, take, toResult } from "./results.js";
import { stage } from "./stage.js";
import { state } from "./state.js";

const LOOK_EVERY = 300; // ms
const VERBS = { inpaint: "Filling", compose: "Composing", harmonize: "Matching colours" };
const LABELS = { inpaint: "Fill", compose: "Compose", harmonize: "Harmonize" };

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

/** Whether the chosen model can match the colours of an object. */
export function canHarmonize() {
  const chosen = modelsFor("harmonize");
  return chosen.length > 0 && chosen.every((one) => one.outputs.includes("harmonized"));
}

async function fieldsOf(call) {
  const { target, layer } = state;
  const fields = { image: target.file, overlay: target.overlay };
  if (call === "compose") {
    const { scale, rotate, flip } = layer.placement;
    const { x, y } = layer.centre;
    const harmonize = $("harmonize-check").checked && canHarmonize();
    const guideMask = await layer.guide.selection.toMask();
    return { ...fields, guide: layer.guide.file, guide_mask: guideMask, x, y, scale, rotate, flip, harmonize };
  }
  fields.mask = await target.selection.toMask();
  if (call === "inpaint") fields.remove = $("margin-check").checked;
  return fields;
}

/** Runs what `nextRun` says, with the chosen model or with all of them. */
export async function run() {
  const call = nextRun();
  if (!call || state.running) return;
  forget();
  const all = state.model === "*";
  const names = modelsFor(call).map((model) => model.name);
  const aborter = new AbortController();
  const mine = { name: "" };
  const made = [];
  const focused = document.activeElement;
  const task = busy(VERBS[call], () => {
    aborter.abort();
    if (mine.name) api.cancel(mine.name).catch(() => {});
  });
  const hole = call === "inpaint" ? state.target.selection.snapshot() : null;
  const layer = call === "compose" ? state.layer : null;
  state.set({ running: mine, comparing: false });
  if (focused === $("run")) $("cancel").focus();
  try {
    const fields = await fieldsOf(call);
    for (const model of names) {
      mine.name = jobName();
      const text = all ? `${VERBS[call]} with ${model}` : VERBS[call];
      const { blob } = await watched(task, mine.name, text, (options) =>
        api.run(call, { ...fields, model, job: mine.name }, { ...options, signal: aborter.signal }));
      made.push(await toResult(all ? `${LABELS[call]}, ${model}` : LABELS[call], blob));
    }
  } catch (error) {
    if (error.name === "AbortError" || error.code === "cancelled") note("Cancelled. Nothing was changed.");
    else tell(error);
  }
  task.end();
  state.set({ running: null });
  if (made.length && !aborter.signal.aborted) {
    await take(made, { hole, layer });
    const newest = shownResult();
    announce(`${newest.label} is done. It is result ${newest.number}.`);
  }
  keepFocus(focused);
}

/** The focus stays where it was, or goes to the picture if that is disabled now. */
function keepFocus(focused) {
  const active = document.activeElement;
  if (active !== document.body && active !== $("cancel")) return;
  const usable = focused?.isConnected && !focused.disabled && focused !== document.body;
  (usable ? focused : stage.canvas).focus({ preventScroll: true });
}

/** Runs `call({onSending, onSent})` and shows how far the job is. */
async function watched(task, name, text, call) {
  task.update(text);
  let timer = null;
  const look = async () => {
    let job;
    try {
      job = await api.job(name);
    } catch (error) {
      if (error.code !== AWAY && error.code !== "no_job") tell(error);
      return;
    }
    if (timer === null) return;
    if (job.state === "waiting") task.update(`Waiting, number ${job.position} in the queue`);
    else if (job.total) task.update(`${text}, ${Math.round((100 * job.done) / job.total)} %`, job.done / job.total);
    else task.update(text);
  };
  try {
    return await call({
      onSending: (share) => task.update(`${text}: sending the picture`, share),
      onSent: () => {
        task.update(text);
        timer = setInterval(look, LOOK_EVERY);
      },
    });
  } finally {
    clearInterval(timer);
    timer = null;
  }
}

/** Whether the shown result is a fill that can be made again with a wider margin. */
export const canFillAgain = () => state.mode === "fill" && Boolean(shownResult()?.hole) && state.target.selection.isEmpty;

/** Fills the last selection again, one step wider. */
export async function fillAgain() {
  const { target } = state;
  const { hole, base } = shownResult();
  const selected = target.selection.restore("fill again", hole);
  choose(base, selected);
  target.remember(await target.selection.grow(step(target)));
  state.changed();
  await run();
}

/** Takes the composed object up again where it was placed. */
export function adjust() {
  const { layer, base } = shownResult();
  const before = state.layer;
  state.layer = layer;
  choose(base, { undo: () => { state.layer = before; }, redo: () => { state.layer = layer; } });
}

window.addEventListener("pagehide", () => {
  if (state.running) fetch(`/api/v1/jobs/${state.running.name}`, { method: "DELETE", keepalive: true }).catch(() => {});
});
