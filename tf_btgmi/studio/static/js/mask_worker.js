// Work on whole masks, off the page's thread: grow, shrink, and PNG files of masks.

import { dilated, eroded } from "./mask.js";
import { decode, encode } from "./mask_png.js";

const actions = {
  grow: ({ mask, width, height, pixels }) => (pixels > 0 ? dilated : eroded)(mask, width, height, Math.abs(pixels)),

  encode: ({ mask, width, height }) => encode(mask, width, height),

  decode: ({ blob }) => decode(blob),
};

self.addEventListener("message", async ({ data: { id, action, values } }) => {
  try {
    self.postMessage({ id, result: await actions[action](values) });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
});
