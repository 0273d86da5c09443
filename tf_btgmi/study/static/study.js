"use strict";

// A voter's session lives in the address: /s/TOKEN. What is asked, and what has been
// answered, the server knows; the page only shows the next question.

const byId = (id) => document.getElementById(id);
const parts = ["start", "question", "end", "problem"];
const HIGHLIGHT_MS = 180;
// Sooner nobody has looked: the end of a double press.
const SOONEST_MS = 200;

let token = location.pathname.startsWith("/s/") ? location.pathname.slice(3) : null;
let position = 0;
let shownAt = 0;
// Whether an answer would be taken now: pictures are there, none is on its way.
let ready = false;
let retry = null;

function show(part) {
  for (const name of parts) byId(name).hidden = name !== part;
}

async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  // 409: another tab has answered; the reply says where we stand, as always.
  if (response.ok || response.status === 409) return response.json();
  const unknown = response.status === 404 && token !== null;
  if (unknown) throw new Error("This link belongs to no session of this study.");
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(response.status === 503 && detail
    || `The study answered with error ${response.status}.`);
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    ready = false;
    retry = action;
    byId("reason").textContent = error instanceof TypeError
      ? "The study cannot be reached." : error.message;
    show("problem");
    byId("problem").querySelector("h1").focus();
  }
}

async function begin() {
  // Tried again, the session may have begun already.
  if (token === null) {
    const found = await call("/api/sessions", {});
    token = found.token;
    history.replaceState(null, "", `/s/${token}`);
  }
  await resume();
}

async function resume() {
  await present(await call(`/api/sessions/${token}`));
}

async function present(state) {
  ready = false;
  byId("pictures").ariaBusy = "true";
  position = state.answered;
  byId("progress").max = state.total;
  byId("progress").value = state.answered;
  if (state.answered >= state.total) {
    byId("total").textContent = state.total;
    show("end");
    byId("end").querySelector("h1").focus();
    return;
  }
  const [current, next] = state.coming;
  const images = await Promise.all(current.map(loaded));
  document.documentElement.style.setProperty("--num", images.length);
  byId("pictures").replaceChildren(...images.map(choiceButton));
  byId("ask").textContent = images.length > 2
    ? "Which looks most real?" : "Which looks more real?";
  byId("keys").textContent = `Keys: ${images.map((_, i) => i + 1).join(", ")}, or 0`;
  byId("count").textContent = `${position + 1} of ${state.total}`;
  byId("said").textContent = `Question ${position + 1} of ${state.total}`;
  byId("link").value = location.href;
  show("question");
  byId("ask").focus({ preventScroll: true });
  shownAt = performance.now();
  setTimeout(() => {
    ready = true;
    byId("pictures").ariaBusy = "false";
  }, SOONEST_MS);
  // So that the next question is there at once.
  for (const address of next || []) new Image().src = address;
}

async function loaded(address) {
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error("A picture could not be loaded.");
  }
  return image;
}

function choiceButton(image, place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "choice";
  image.alt = `Picture ${place + 1}`;
  const key = document.createElement("kbd");
  key.textContent = place + 1;
  key.setAttribute("aria-hidden", "true");
  button.append(image, key);
  button.addEventListener("click", () => choose(place));
  return button;
}

function choose(place) {
  if (!ready) return;
  ready = false;
  const given = {
    position,
    chosen: place,
    seconds: (performance.now() - shownAt) / 1000,
  };
  const button = place === null ? byId("tie") : byId("pictures").children[place];
  button.classList.add("chosen");
  const seen = new Promise((resolve) => setTimeout(resolve, HIGHLIGHT_MS));
  // Tried again, an answer that did arrive is a 409, and the page goes on.
  attempt(async () => {
    const state = await call(`/api/sessions/${token}/answers`, given);
    await seen;
    byId("tie").classList.remove("chosen");
    await present(state);
  });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target === byId("link");
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || typing) return;
  const num = byId("pictures").children.length;
  if (byId("question").hidden) return;
  if (event.key === "0") choose(null);
  else if (event.key >= "1" && event.key <= String(num)) choose(Number(event.key) - 1);
  else if (event.key === "ArrowLeft" && num === 2) choose(0);
  else if (event.key === "ArrowRight" && num === 2) choose(1);
});

/** Attempts what `actionNow` returns when a button is pressed; meanwhile the button is disabled. */
function onPress(button, actionNow) {
  button.addEventListener("click", () => {
    button.disabled = true;
    attempt(actionNow()).finally(() => { button.disabled = false; });
  });
}

onPress(byId("begin"), () => begin);
onPress(byId("again"), () => retry);
byId("tie").addEventListener("click", () => choose(null));
byId("copy").addEventListener("click", async () => {
  byId("link").select();
  try {
    await navigator.clipboard.writeText(byId("link").value);
    byId("copy").textContent = "Copied";
  } catch {
    // Without leave to copy, the link stands there selected.
    byId("copy").textContent = "Selected";
  }
});

if (token === null) show("start");
else attempt(resume);
