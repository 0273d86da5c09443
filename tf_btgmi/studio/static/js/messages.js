// What the page tells: short notes, and errors with what, why and what to do.

import { $, element, icon } from "./dom.js";

const NOTE_SECONDS = 4;

/** A note that goes away by itself. */
export function note(text) {
  const shown = show(text, "", false);
  setTimeout(() => shown.remove(), NOTE_SECONDS * 1000);
}

/** Takes the error away that is shown: something else was begun. */
export function forget() {
  for (const old of document.querySelectorAll(".message.is-error")) old.remove();
}

/** An error that stays until it is closed, or until something else is begun. */
export function tell(error) {
  forget();
  const known = error.toDo !== undefined;
  if (!known) console.error(error);
  const what = known ? error.message : "Something went wrong in this page.";
  const why = known ? `${error.why} ${error.toDo}` : String(error.message ?? error);
  show(what, why, true);
}

/** Closes the newest message; whether there was one. */
export function dismiss() {
  const last = $("messages").lastElementChild;
  last?.remove();
  return Boolean(last);
}

function show(what, why, isError) {
  const close = element("button", { type: "button", className: "plain", ariaLabel: "Close" }, icon("close"));
  const message = element(
    "div",
    { className: `message${isError ? " is-error" : ""}` },
    element("strong", { textContent: what }),
    close,
  );
  if (why) message.append(element("p", { textContent: why }));
  close.addEventListener("click", () => message.remove());
  $("messages").append(message);
  return message;
}
