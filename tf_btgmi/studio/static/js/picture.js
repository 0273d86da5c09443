// A picture that was opened: its file, how it looks, what is selected and changed in it.

import { api } from "./api.js";
import { Selection } from "./selection.js";

export class Picture {
  constructor(file, bitmap, format) {
    this.file = file;
    this.bitmap = bitmap;
    this.format = format;
    this.name = file.name || "picture";
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.selection = new Selection(this.width, this.height);
    this.overlay = null; // PNG of what runs have changed, and the same to draw
    this.overlayBitmap = null;
  }

  /** Opens a file as the server sees it: upright, checked, in a form browsers show. */
  static async open(file) {
    const { blob, notes } = await api.preview(file);
    return new Picture(file, await createImageBitmap(blob), notes[0]);
  }

  get stem() { return this.name.replace(/\.[^.]*$/, "") || "picture"; }

  setOverlay(overlay, bitmap) {
    this.overlay = overlay;
    this.overlayBitmap = bitmap;
  }
}
