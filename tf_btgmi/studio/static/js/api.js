// Calls to the server, and what is thrown when they fail.

/** What went wrong, why, and what to do. */
export class Failure extends Error {
  constructor({ code, what, why, to_do: toDo }) {
    super(what);
    this.code = code;
    this.why = why;
    this.toDo = toDo;
  }
}

export const AWAY = "server_away";

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    window.dispatchEvent(new Event("server-away"));
    throw new Failure({
      code: AWAY,
      what: "The studio's server does not answer.",
      why: "It was stopped, or it is starting again.",
      to_do: "Your work is still here; run it again when the server is back.",
    });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Failure(body?.error ?? {
    code: "unknown",
    what: "The server gave an answer that this page does not understand.",
    why: `Status ${response.status}.`,
    to_do: "Reload the page.",
  });
}

async function post(call, fields, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    form.append(name, value instanceof Blob || typeof value === "string" ? value : JSON.stringify(value));
  }
  const response = await request(`/api/v1/${call}`, { method: "POST", body: form, signal });
  return {
    blob: await response.blob(),
    notes: JSON.parse(response.headers.get("X-Notes") ?? "[]"),
    seconds: Number(response.headers.get("X-Model-Seconds")),
  };
}

const get = async (path) => (await request(`/api/v1/${path}`)).json();

export const api = {
  preview: (image) => post("preview", { image }),
  segment: (fields, signal) => post("segment", fields, signal),
  exported: (image, overlay) => post("export", { image, overlay }),
  /** Runs a model: `call` is inpaint, harmonize or compose. */
  run: (call, fields) => post(call, { ...fields, output: "overlay" }),
  job: (name) => get(`jobs/${name}`),
  cancel: (name) => request(`/api/v1/jobs/${name}`, { method: "DELETE" }),
  models: async () => (await get("models")).models,
  examples: () => get("examples"),
  health: () => get("health"),
  example: async (url) => (await request(url)).blob(),
};
