// Work on whole masks, off the page's thread: grow, shrink, and PNG files of masks.

import { dilated, eroded } from "./mask.js";
import { decode, encode } from "./mask_png.js";

const actions = {
  grow: ({ mask, width, height, pixels }) => (pixels > 0 ? dilated : eroded)(mask, width, height, Math.abs(pixels)),

  encode: ({ mask, width, height }) => encode(mask, width, height),

  /** The mask in a picture file: selected where it is white and opaque. */
  async decode({ blob }) {
    // Damaged files are the browser's to judge.
    const simple = await decode(blob).catch(() => null);
    if (simple) return simple;
    const bitmap = await createImageBitmap(blob);
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    const { data } = context.getImageData(0, 0, width, height);
    const mask = new Uint8Array(width * height);
    for (let at = 0, from = 0; at < mask.length; at += 1, from += 4) {
      const light = 0.299 * data[from] + 0.587 * data[from + 1] + 0.114 * data[from + 2];
      mask[at] = light >= 127.5 && data[from + 3] >= 128 ? 1 : 0;
    }
    return { mask, width, height };
  },
};

self.addEventListener("message", async ({ data: { id, action, values } }) => {
  try {
    self.postMessage({ id, result: await actions[action](values) });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
});
