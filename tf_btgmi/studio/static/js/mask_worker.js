// Work on whole masks, off the page's thread: grow, shrink, and PNG files of masks.

import { dilated, eroded } from "./mask.js";

function canvasOf(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
}

const actions = {
  grow: ({ mask, width, height, pixels }) => (pixels > 0 ? dilated : eroded)(mask, width, height, Math.abs(pixels)),

  /** A PNG, white where selected. */
  async encode({ mask, width, height }) {
    const [canvas, context] = canvasOf(width, height);
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < mask.length; at += 1) pixels[at] = mask[at] ? 0xffffffff : 0xff000000;
    context.putImageData(image, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  },

  /** The mask in a picture file: selected where it is white and opaque. */
  async decode({ blob }) {
    const bitmap = await createImageBitmap(blob);
    const { width, height } = bitmap;
    const [, context] = canvasOf(width, height);
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
