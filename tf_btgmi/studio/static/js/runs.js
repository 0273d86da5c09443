// Runs a model: sends the picture and what is asked for, shows progress, can cancel.

import { AWAY, api } from "./api.js";
import { $ } from "./dom.js";
import { forget, note, tell } from "./messages.js";
import { take, toResult } from "./results.js";
import { state } from "./state.js";

const LOOK_EVERY = 300; // ms
const VERBS = { inpaint: "Filling", compose: "Composing", harmonize: "Matching colours" };
const LABELS = { inpaint: "Fill", compose: "Compose", harmonize: "Harmonize" };

const jobName = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What the next run would do; null where something is missing for it. */
export function nextRun() {
  const { target, mode, step, layer } = state;
  if (!target) return null;
  if (mode === "compose") return step === "place" && layer ? "compose" : null;
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
  if (call === "inpaint") fields.remove = $("remove-check").checked;
  return fields;
}

/** Runs what `nextRun` says, with the chosen model or with all of them. */
export async function run() {
  const call = nextRun();
  if (!call || state.running) return;
  forget();
  const all = state.model === "*";
  const names = modelsFor(call).map((model) => model.name);
  const mine = { call, name: "", cancelled: false };
  const made = [];
  state.set({ running: mine, comparing: false });
  try {
    const fields = await fieldsOf(call);
    for (const model of names) {
      if (mine.cancelled) break;
      mine.name = jobName();
      const text = all ? `${VERBS[call]} with ${model}` : VERBS[call];
      const watch = watching(mine, text);
      try {
        const { blob } = await api.run(call, { ...fields, model, job: mine.name });
        made.push(await toResult(all || state.models.length > 1 ? `${LABELS[call]}, ${model}` : LABELS[call], blob));
      } finally {
        clearInterval(watch);
      }
    }
  } catch (error) {
    if (error.code === "cancelled") note("Cancelled. Nothing was changed.");
    else tell(error);
  }
  state.set({ running: null });
  if (!made.length || mine.cancelled) return;
  take(made, call === "compose" ? state.layer : null);
}

function watching(mine, text) {
  const bar = $("running-bar");
  bar.removeAttribute("value");
  $("running-text").textContent = text;
  const { name } = mine;
  return setInterval(async () => {
    let job;
    try {
      job = await api.job(name);
    } catch (error) {
      // It has just ended, or has not come to the queue yet.
      if (error.code !== AWAY && error.code !== "no_job") tell(error);
      return;
    }
    if (mine.name !== name || mine.cancelled) return;
    if (job.state === "waiting") {
      $("running-text").textContent = `Waiting, number ${job.position} in the queue`;
      return;
    }
    $("running-text").textContent = text;
    if (job.total) {
      bar.max = job.total;
      bar.value = job.done;
      $("running-text").textContent = `${text}, ${Math.round((100 * job.done) / job.total)} %`;
    }
  }, LOOK_EVERY);
}

/** Cancels the run under way; whether there was one. */
export function cancelRun() {
  const { running } = state;
  if (!running) return false;
  running.cancelled = true;
  $("running-text").textContent = "Cancelling";
  api.cancel(running.name).catch(() => {});
  return true;
}

window.addEventListener("pagehide", () => {
  if (state.running) fetch(`/api/v1/jobs/${state.running.name}`, { method: "DELETE", keepalive: true }).catch(() => {});
});
