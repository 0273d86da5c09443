// Calls to the server, and what is thrown when they fail.

/** An error with its cause and its cure. */
class Failure extends Error {
  constructor({ code, what, why, to_do: toDo }) {
    super(what);
    this.code = code;
    this.why = why;
    this.toDo = toDo;
  }
}

export const AWAY = "server_away";

function away() {
  window.dispatchEvent(new Event("server-away"));
  return new Failure({
    code: AWAY,
    what: "The studio's server does not answer.",
    why: "It was stopped, or it is starting again.",
    to_do: "Your work is still here. Try again when the server is back.",
  });
}

function refused(status, body) {
  const isBusy = status === 503;
  return new Failure(body?.error ?? {
    code: "unknown",
    what: isBusy ? "The server is busy." : "The server did not answer as expected.",
    why: isBusy ? "It has no free connection." : `The status of its answer is ${status}.`,
    to_do: "Your work is still here. Try again in a moment.",
  });
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw away();
  }
  if (!response.ok) throw refused(response.status, await response.json().catch(() => null));
  return response;
}

/**
 * Posts a form. XMLHttpRequest, unlike fetch, says how much has been sent.
 *
 * `onSending(share)` is called while the form is sent, `onSent()` once it has arrived.
 */
function post(call, fields, { signal, onSending, onSent } = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    form.append(name, value instanceof Blob || typeof value === "string" ? value : JSON.stringify(value));
  }
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new DOMException("Cancelled.", "AbortError"));
    if (signal?.aborted) {
      aborted();
      return;
    }
    const sender = new XMLHttpRequest();
    sender.open("POST", `/api/v1/${call}`);
    sender.responseType = "blob";
    if (onSending) sender.upload.onprogress = (event) => event.lengthComputable && onSending(event.loaded / event.total);
    if (onSent) sender.upload.onload = onSent;
    sender.onerror = () => reject(away());
    sender.onabort = aborted;
    sender.onload = async () => {
      if (sender.status >= 200 && sender.status < 300) {
        resolve({
          blob: sender.response,
          notes: JSON.parse(sender.getResponseHeader("X-Notes") ?? "[]"),
        });
      } else {
        const body = await sender.response.text().then(JSON.parse).catch(() => null);
        reject(refused(sender.status, body));
      }
    };
    const abort = () => sender.abort();
    signal?.addEventListener("abort", abort);
    sender.onloadend = () => signal?.removeEventListener("abort", abort);
    sender.send(form);
  });
}

const get = async (path) => (await request(`/api/v1/${path}`)).json();

export const api = {
  preview: (image, options) => post("preview", { image }, options),
  mask: (image, mask, isObject, options) => post("mask", { image, mask, is_object: isObject }, options),
  segment: (fields, options) => post("segment", fields, options),
  exported: (image, overlay, options) => post("export", { image, overlay }, options),
  /** Runs a model: `call` is inpaint, harmonize or compose. */
  run: (call, fields, options) => post(call, { ...fields, output: "overlay" }, options),
  job: (name) => get(`jobs/${name}`),
  cancel: (name) => request(`/api/v1/jobs/${name}`, { method: "DELETE" }),
  models: async () => (await get("models")).models,
  examples: () => get("examples"),
  health: () => get("health"),
  example: async (url, { signal } = {}) => (await request(url, { signal })).blob(),
};
