// Calls to the mask worker.

import { problem } from "./messages.js";

const waiting = new Map();
let last = 0;
let worker = start();

function start() {
  const started = new Worker("/static/js/mask_worker.js", { type: "module" });
  started.addEventListener("message", ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  });
  // Its script did not load, or it ended: the next call starts another.
  started.addEventListener("error", () => {
    started.terminate();
    worker = null;
    for (const { reject } of waiting.values()) reject(problem("The selection could not be processed.", "A script of this page did not load.", "Try again."));
    waiting.clear();
  });
  return started;
}

function ask(action, values, transfer = []) {
  last += 1;
  const id = last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker ??= start();
    worker.postMessage({ id, action, values }, transfer);
  });
}

// Masks are copies made for the call, so that they can be moved to the worker.
export const maskWork = {
  /** Grows a mask by a disc; shrinks it where `pixels` is negative. */
  grow: (mask, width, height, pixels) => ask("grow", { mask, width, height, pixels }, [mask.buffer]),
  encode: (mask, width, height) => ask("encode", { mask, width, height }, [mask.buffer]),
  decode: (blob) => ask("decode", { blob }),
};
