// Messages of the page: short notes, errors, questions, announcements for screen readers.

import { $, element, icon } from "./dom.js";
import { AWAY } from "./api.js";

const NOTE_SECONDS = 5;

/** An error of this page in the form of the server's: what happened, why, what to do. */
export const problem = (what, why, toDo) => Object.assign(new Error(what), { why, toDo });

/** A note that goes away by itself, and takes the place of one that says the same. */
export function note(text) {
  for (const old of document.querySelectorAll(".message:not(.is-error)")) {
    if (old.firstChild.textContent === text) old.remove();
  }
  const shown = show(text, "", false);
  setTimeout(() => shown.remove(), NOTE_SECONDS * 1000);
  return shown;
}

/** Tells screen readers; what is seen says it already. */
export function announce(text) {
  $("announcement").textContent = text;
}

/** Removes the error that is shown: something else was begun. */
export function forget() {
  for (const old of document.querySelectorAll(".message.is-error")) old.remove();
}

/**
 * An error that stays until it is closed, or until something else is begun.
 *
 * While the server is away, the banner says so. `work`, such as "Filling", names what the
 * lost connection has interrupted; it is reported when the server answers again.
 */
export function tell(error, work = "") {
  forget();
  if (error.code === AWAY) {
    const lost = problem(`${work} was interrupted.`, "The connection to the server was lost.", "Do it again.");
    if (work) window.addEventListener("server-back", () => tell(lost), { once: true });
    return;
  }
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

/** Asks before something is lost; resolves to whether to go on. */
export function ask(title, text, yes) {
  const dialog = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
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
