// Picture files: opened by button, drop, paste or example; downloaded, copied; masks.

import { api } from "./api.js";
import { busy } from "./busy.js";
import { place } from "./compose.js";
import { $, element, once, save } from "./dom.js";
import { maskWork } from "./mask_work.js";
import { announce, ask, forget, note, problem, tell } from "./messages.js";
import { Picture, loaded } from "./picture.js";
import * as results from "./results.js";
import { stillRunning } from "./runs.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { setBrushSize } from "./tools/brush.js";
import { stopSearch } from "./tools/object.js";

const latest = {}; // the AbortController of the last picture, and of the last mask, that was asked for

/** Whether the next picture is the guide. */
export const wantsGuide = () => state.mode === "compose" && state.step !== "place" && Boolean(state.target);

/** Does `work(signal, task)`, which the card shows and its Cancel ends, instead of earlier work of its `kind`. */
async function watched(text, work, kind = null) {
  const aborter = new AbortController();
  if (kind) {
    latest[kind]?.abort();
    latest[kind] = aborter;
  }
  const task = busy(text, () => aborter.abort());
  try {
    await work(aborter.signal, task);
  } catch (error) {
    if (error.name !== "AbortError") tell(error, text);
  } finally {
    task.end();
  }
}

/** Tells the user if a run is in progress, and returns whether it is. */
function runs(name) {
  if (state.running) note(`${stillRunning()}. Cancel it or wait, then open ${name}.`);
  return Boolean(state.running);
}

/** Confirms replacing a picture with unsaved edits, or a guide with a selection. */
function mayReplace(asGuide) {
  const { guide, target } = state;
  if (asGuide && guide && !guide.selection.isEmpty) {
    return ask("Open another picture for the object?", `The selection in ${guide.name} will be lost.`, "Discard and open");
  }
  if (!asGuide && target?.unsaved) {
    return ask("Open another picture?", `Results of ${target.name} that were not downloaded will be lost.`, "Discard and open");
  }
  return true;
}

/**
 * Opens a picture as the one to work on, or as the guide, in place of one that is being opened.
 *
 * `open(options)`, with the options of API calls, resolves to [Picture, note or ""].
 */
async function openPicture(name, open, asGuide) {
  if (runs(name)) return;
  await watched(`Opening ${name}`, async (signal, task) => {
    const [picture, told] = await open({
      signal,
      onSending: (share) => task.update(`Sending ${name}`, share),
      onSent: () => task.update(`Opening ${name}`),
    });
    // A cut-out is taken as it is.
    if (asGuide && picture.transparent && picture.selection.isEmpty) await picture.selectOpaque({ signal });
    signal.throwIfAborted();
    task.end();
    if (runs(name) || !await mayReplace(asGuide)) return;
    signal.throwIfAborted();
    forget();
    if (told) note(told);
    use(picture, asGuide);
  }, "picture");
}

/** Opens a file as the picture to work on, or as the guide. */
const openFile = (file, asGuide = false) => openPicture(file.name, (options) => Picture.open(file, options), asGuide);

/** Opens the first of the files that were dropped or pasted. */
function openFirst([file, ...others]) {
  if (!file) return;
  if (others.length) note(`Only ${file.name} is opened: pictures are opened one at a time.`);
  openFile(file, wantsGuide());
}

function use(picture, asGuide) {
  const { guide, step } = state;
  if (!asGuide || guide) stopSearch();
  if (asGuide) {
    state.set({ guide: picture, layer: null, mode: "compose", step: "cut", tool: "object" });
  } else {
    state.set({ target: picture, comparing: false, layer: null, step: guide ? "cut" : "guide" });
    results.start(picture);
    // The object is kept, to be placed in the new picture.
    if (step === "place" && guide && !guide.selection.isEmpty) place();
  }
  setBrushSize(Math.min(picture.width, picture.height) * 0.08);
  stage.canvas.focus({ preventScroll: true });
  announce(`${picture.name} is open.`);
}

/** Takes the open picture, with its edits and its selection, as the guide. */
export function useTarget() {
  const { target } = state;
  return openPicture(target.name, async ({ signal }) => {
    let { file } = target;
    if (target.overlay) {
      const { blob } = await api.exported(file, target.overlay, { signal });
      file = new File([blob], target.name, { type: blob.type });
    }
    const [picture] = await Picture.open(file, { signal });
    const selected = target.selection.snapshot();
    if (selected) picture.selection.restore("selection", selected);
    return [picture, ""];
  }, true);
}

function chooser(input, take) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (file) take(file);
  });
}

chooser($("file-input"), (file) => openFile(file));
chooser($("guide-input"), (file) => openFile(file, true));
chooser($("mask-input"), loadMask);

export const chooseFile = () => (wantsGuide() ? $("guide-input") : $("file-input")).click();

function loadMask(file) {
  const picture = state.active;
  if (!picture || runs(file.name)) return;
  forget();
  const { version } = picture.selection;
  watched(`Opening ${file.name}`, async (signal) => {
    const { blob } = await api.mask(picture.file, await loaded(file), picture === state.guide, { signal });
    const { mask } = await maskWork.decode(blob);
    signal.throwIfAborted();
    if (runs(file.name)) return;
    if (picture.selection.version !== version) {
      note(`The selection changed before ${file.name} was read. Load it again.`);
      return;
    }
    picture.remember(picture.selection.take("mask", mask));
    if (picture.selection.isEmpty) note("The mask has no white pixels, so nothing is selected.");
    state.changed();
  }, "mask");
}

export async function saveMask() {
  const picture = state.active;
  if (!picture) return;
  await watched("Preparing the mask", async () => save(await picture.selection.toMask(), `${picture.stem}-mask.png`));
}

/** Downloads the picture at its full size, in its own format, with its metadata. */
export async function download() {
  const { target } = state;
  const result = results.shownResult();
  if (!target?.overlay) return;
  await watched(`Preparing ${target.name}`, async (signal) => {
    const { blob, notes } = await api.exported(target.file, result.overlay, { signal });
    const endings = { "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "image/webp": "webp", "image/bmp": "bmp" };
    const name = `${target.stem}-edited.${endings[blob.type] ?? "png"}`;
    save(blob, name);
    target.downloaded(result);
    announce(`${name} is downloaded.`);
    if (notes.length) note(notes.join("; "));
  });
}

// Browsers allow it on this machine's own address and over HTTPS only.
export const canCopy = () => Boolean(state.target?.overlay && navigator.clipboard?.write && window.ClipboardItem);

/** Copies the edited picture to the clipboard. */
export async function copyResult() {
  if (!canCopy()) return;
  await watched("Copying the result", async (signal) => {
    const made = state.target.copy({ signal });
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": made.then(([png]) => png) })]);
    } catch {
      await made; // may have failed itself
      throw problem("The result could not be copied.", "The browser did not allow it.", "Download it instead.");
    }
    const [, told] = await made;
    note(told || "Result copied.");
  });
}

// Dropping and pasting.
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let inside = 0;
window.addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  inside += 1;
  $("drop").textContent = state.running
    ? stillRunning()
    : wantsGuide() ? "Drop the picture with the object" : "Drop the picture to open it";
  $("drop").hidden = false;
});
window.addEventListener("dragleave", (event) => {
  if (!hasFiles(event)) return;
  inside -= 1;
  if (inside <= 0) $("drop").hidden = true;
});
window.addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
window.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  inside = 0;
  $("drop").hidden = true;
  openFirst(event.dataTransfer.files);
});
window.addEventListener("paste", (event) => {
  openFirst([...(event.clipboardData?.files ?? [])].filter((one) => one.type.startsWith("image/")));
});

// Examples.
function openExample(url) {
  const name = url.split("/").pop();
  return openPicture(name, async (options) => {
    const blob = await api.example(url, options);
    return Picture.open(new File([blob], name, { type: blob.type }), options);
  }, wantsGuide());
}

const SHOWN = ["sheep", "moose", "rocket", "bison", "mont st michel", "berlin cathedral", "horses", "lemurs"];

export async function showExamples() {
  const examples = (await api.examples()).filter((one) => SHOWN.includes(one.name));
  examples.sort((a, b) => SHOWN.indexOf(a.name) - SHOWN.indexOf(b.name));
  $("examples").replaceChildren(...examples.map(({ name, url }) => {
    const picture = element("img", { src: url, alt: name, decoding: "async" });
    const button = element("button", { type: "button", title: name }, picture);
    button.addEventListener("click", once(() => openExample(url)));
    return element("li", {}, button);
  }));
}

window.addEventListener("beforeunload", (event) => {
  if (state.running || state.target?.unsaved) event.preventDefault();
});
