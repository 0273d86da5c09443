// Calls to the mask worker.

const worker = new Worker("/static/js/mask_worker.js", { type: "module" });
const waiting = new Map();
let last = 0;

worker.addEventListener("message", ({ data: { id, result, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error) reject(new Error(error));
  else resolve(result);
});

function ask(action, values, transfer = []) {
  last += 1;
  const id = last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
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
