// Opens pictures by button, drop, paste or example; loads and saves masks; downloads.

import { api } from "./api.js";
import { $, element, save } from "./dom.js";
import { history } from "./history.js";
import { forget, note, tell } from "./messages.js";
import { Picture } from "./picture.js";
import * as results from "./results.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { setBrushSize } from "./tools/brush.js";

let opening = 0;

/** Whether the next picture is the guide. */
export const wantsGuide = () => state.mode === "compose" && state.step !== "place" && Boolean(state.target);

/** Opens a file as the picture to work on, or as the guide. */
export async function openFile(file, asGuide = false) {
  if (!file || state.running) return;
  const turn = (opening += 1);
  document.body.toggleAttribute("data-opening", true);
  try {
    const picture = await Picture.open(file);
    if (turn !== opening) return;
    forget();
    if (asGuide) {
      state.set({ guide: picture, layer: null, mode: "compose", step: "cut", tool: "object" });
    } else {
      history.clear();
      state.set({ target: picture, comparing: false, layer: null, step: state.guide ? "cut" : "guide" });
      results.start(picture);
    }
    setBrushSize(Math.min(picture.width, picture.height) * 0.08);
    stage.fit();
    stage.canvas.focus({ preventScroll: true });
  } catch (error) {
    tell(error);
  } finally {
    document.body.toggleAttribute("data-opening", false);
  }
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

export const chooseFile = () => (wantsGuide() && !state.guide ? $("guide-input") : $("file-input")).click();

async function loadMask(file) {
  const picture = state.active;
  if (!picture) return;
  try {
    const { blob } = await api.preview(file);
    const bitmap = await createImageBitmap(blob);
    if (bitmap.width !== picture.width || bitmap.height !== picture.height) {
      throw Object.assign(new Error("This mask is for another picture."), {
        why: `It has ${bitmap.width}x${bitmap.height} pixels and the picture ${picture.width}x${picture.height}.`,
        toDo: "Choose a mask of the picture's size.",
      });
    }
    picture.selection.begin();
    picture.selection.take(bitmap);
    const entry = picture.selection.end("mask");
    if (entry) history.push(entry);
    if (picture.selection.isEmpty) note("The mask is empty: white is what gets selected.");
    state.changed();
  } catch (error) {
    tell(error);
  }
}

export async function saveMask() {
  const picture = state.active;
  if (picture) save(await picture.selection.toMask(), `${picture.stem}-mask.png`);
}

/** Downloads the picture at its full size, in its own format, with its metadata. */
export async function download() {
  const { target } = state;
  if (!target?.overlay) return;
  try {
    const { blob, notes } = await api.exported(target.file, target.overlay);
    const endings = { "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "image/webp": "webp", "image/bmp": "bmp" };
    save(blob, `${target.stem}-edited.${endings[blob.type] ?? "png"}`);
    if (notes.length) note(notes.join("; "));
  } catch (error) {
    tell(error);
  }
}

// Dropping and pasting.
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let inside = 0;
window.addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  inside += 1;
  $("drop").textContent = wantsGuide() ? "Drop the guide picture to open it" : "Drop the picture to open it";
  $("drop").hidden = false;
});
window.addEventListener("dragleave", () => {
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
  openFile(event.dataTransfer.files[0], wantsGuide());
});
window.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (file) openFile(file, wantsGuide());
});

// Examples.
const SHOWN = ["sheep", "moose", "rocket", "bison", "mont st michel", "berlin cathedral", "horses", "lemurs"];

export async function showExamples() {
  const examples = (await api.examples()).filter((one) => SHOWN.includes(one.name));
  examples.sort((a, b) => SHOWN.indexOf(a.name) - SHOWN.indexOf(b.name));
  $("examples").replaceChildren(...examples.map(({ name, url }) => {
    const picture = element("img", { src: url, alt: name, decoding: "async" });
    const button = element("button", { type: "button", title: name }, picture);
    button.addEventListener("click", async () => {
      try {
        const blob = await api.example(url);
        await openFile(new File([blob], url.split("/").pop(), { type: blob.type }), wantsGuide());
      } catch (error) {
        tell(error);
      }
    });
    return element("li", {}, button);
  }));
}

window.addEventListener("beforeunload", (event) => {
  if (history.canUndo) event.preventDefault();
});
