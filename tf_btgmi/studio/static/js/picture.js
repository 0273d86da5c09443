// An open picture: its file, its pixels, its selection, its edits and their history.

import { api } from "./api.js";
import { offscreen, toBlob } from "./dom.js";
import { History } from "./history.js";
import { maskWork } from "./mask_work.js";
import { problem } from "./messages.js";
import { Selection } from "./selection.js";

// Formats that the server does not read and that some browsers do.
const FOREIGN = /\.(avif|hei[cf]|jxl|ico)$/i;

// Formats that a download of an edited picture keeps.
const KEPT = ["JPEG", "MPO", "PNG", "TIFF", "WEBP", "BMP"];

export class Picture {
  /** `exact` says whether the bitmap has the file's own colours: large previews are JPEG. */
  constructor(file, bitmap, notes, exact = true) {
    this.file = file;
    this.exact = exact;
    this.bitmap = bitmap;
    [this.format] = notes;
    this.transparent = notes.includes("transparent");
    this.name = file.name || "picture";
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.selection = new Selection(this.width, this.height);
    this.history = new History();
    this.overlay = null; // PNG of the edited pixels, and what `decode` makes of it
    this.overlayBitmap = null;
    this.pending = new Set(); // the numbers of results that were not downloaded
  }

  /**
   * Opens a file as the server decodes it: upright, checked, in a form browsers show.
   * A format that the server does not read is decoded by the browser where it can.
   *
   * Returns [picture, note or ""].
   */
  static async open(file, options) {
    file = await loaded(file);
    let note = "";
    let preview;
    try {
      preview = await api.preview(file, options);
    } catch (error) {
      const converted = FOREIGN.test(file.name) && await toPng(file);
      if (!converted) throw error;
      file = converted;
      note = `The picture was converted to PNG: the studio does not write its format. It is downloaded as ${file.name}.`;
      preview = await api.preview(file, options);
    }
    const picture = new Picture(file, await createImageBitmap(preview.blob), preview.notes, preview.blob.type === "image/png");
    if (preview.notes.includes("shown opaque")) note = `All of ${picture.name} is equally transparent. It is shown opaque; a download keeps its transparency.`;
    if (!KEPT.includes(picture.format)) note = `${picture.format} pictures are downloaded as PNG.`;
    return [picture, note];
  }

  /** How much is selected, for screen readers. */
  get selected() {
    const share = (100 * this.selection.count) / (this.width * this.height);
    return this.selection.isEmpty ? "nothing is selected" : `${share.toFixed(1)} percent is selected`;
  }

  /** Whether there are edits that were not downloaded, shown or not. */
  get unsaved() { return this.pending.size > 0; }

  /** Notes that a result was downloaded, and with it those that it continues. */
  downloaded(result) {
    for (let one = result; one; one = one.base) this.pending.delete(one.number);
  }

  get stem() { return this.name.replace(/\.[^.]*$/, "") || "picture"; }

  /** Selects what is not transparent. */
  async selectOpaque(options) {
    const { blob } = await api.mask(this.file, this.file, true, options);
    const { mask } = await maskWork.decode(blob);
    this.selection.take("object", mask);
  }

  /**
   * Bitmap of an overlay. Of a transparent picture it is the whole edited picture: what was
   * recoloured, one level below opaque in the overlay, keeps the transparency.
   */
  async decode(overlay) {
    const bitmap = await createImageBitmap(overlay);
    if (!this.transparent) return bitmap;
    const edited = pixelsOf(this.bitmap);
    const [to, from] = [edited.data, pixelsOf(bitmap).data];
    bitmap.close();
    for (let at = 0; at < to.length; at += 4) {
      const alpha = from[at + 3];
      if (alpha < 128) continue;
      for (let channel = 0; channel < 3; channel += 1) to[at + channel] = from[at + channel];
      if (alpha !== 254) to[at + 3] = 255;
    }
    return createImageBitmap(edited);
  }

  setOverlay(overlay, bitmap) {
    this.overlay = overlay;
    this.overlayBitmap = bitmap;
  }

  /** Adds an entry to the history; without one nothing has changed. */
  remember(entry) {
    if (entry) this.history.push(entry);
  }

  /** Draws the picture with its edits so that it covers a canvas. */
  drawOn(canvas, edits = this.overlayBitmap) {
    const scale = Math.max(canvas.width / this.width, canvas.height / this.height);
    const [width, height] = [this.width * scale, this.height * scale];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const layer of this.layers(edits)) {
      context.drawImage(layer, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    }
  }

  /** What is drawn, the lowest first; `edits` is from `decode`, or null. */
  layers(edits) {
    if (!edits) return [this.bitmap];
    return this.transparent ? [edits] : [this.bitmap, edits];
  }

  /** What is shown, with its edits, as a PNG. */
  toPng() { return flat(this.layers(this.overlayBitmap)); }

  /** The edited picture as a PNG, as it would be downloaded: [PNG, note or ""]. */
  async copy(options) {
    if (this.exact) return [await this.toPng(), ""];
    const { blob } = await api.exported(this.file, this.overlay, options);
    if (blob.type === "image/png") return [blob, ""];
    const bitmap = await createImageBitmap(blob).catch(() => null);
    if (bitmap) return [await flat([bitmap]), ""];
    return [await this.toPng(), `Copied slightly compressed: this browser cannot read ${this.format}. Download the exact result.`];
  }
}

/** A copy of a file in memory: other programs may change, move or delete the original. */
export async function loaded(file) {
  const { max_file_bytes: most } = await api.health();
  if (file.size > most) {
    const [size, limit] = [file.size, most].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
    throw problem("The file is too large.", `${file.name} has ${size}; the limit is ${limit}.`, "Make it smaller and try again.");
  }
  try {
    return new File([await file.arrayBuffer()], file.name, { type: file.type });
  } catch {
    throw problem("The file cannot be read.", `${file.name} is a folder, or it was changed, moved or deleted.`, "Choose it again.");
  }
}

/** A PNG of pictures of one size on each other, the lowest first. */
function flat(layers) {
  const [canvas, context] = offscreen(layers[0].width, layers[0].height);
  for (const layer of layers) context.drawImage(layer, 0, 0);
  return toBlob(canvas);
}

function pixelsOf(bitmap) {
  const { width, height } = bitmap;
  const [, context] = offscreen(width, height);
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}

async function toPng(file) {
  try {
    return new File([await flat([await createImageBitmap(file)])], `${file.name.replace(/\.[^.]*$/, "")}.png`, { type: "image/png" });
  } catch {
    return null;
  }
}
