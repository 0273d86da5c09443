// The card that shows work under way: what is done, how far it is, and Cancel.

import { $ } from "./dom.js";
import { announce } from "./messages.js";

const HASTY = 300; // ms

const tasks = [];

class Task {
  constructor(text, cancel) {
    this.begun = performance.now();
    this.text = text;
    this.cancel = cancel;
    this.share = null;
    tasks.push(this);
    show();
  }

  /** Changes the text and the progress, from 0 to 1; null if it is unknown. */
  update(text, share = null) {
    this.text = text;
    this.share = share;
    show();
  }

  end() {
    const at = tasks.indexOf(this);
    if (at >= 0) tasks.splice(at, 1);
    show();
  }
}

/** Shows that something is being done until `end` is called. */
export const busy = (text, cancel) => new Task(text, cancel);

/** Cancels the newest task; whether there was one. */
export function cancelBusy() {
  const task = tasks[tasks.length - 1];
  if (!task) return false;
  task.end();
  task.cancel();
  announce("Cancelled.");
  return true;
}

function show() {
  const task = tasks[tasks.length - 1];
  if (!task && $("running").contains(document.activeElement)) setTimeout(keepFocus);
  $("running").hidden = !task;
  if (!task) return;
  $("running-text").textContent = task.text;
  if (task.share === null) $("running-bar").removeAttribute("value");
  else $("running-bar").value = task.share;
}

const usable = (one) => one && one !== document.body && one.checkVisibility() && !one.disabled;

/** If the focused element is hidden or disabled, focuses `before` where possible, or else the picture. */
export function keepFocus(before = null) {
  const { activeElement } = document;
  if (usable(activeElement) && activeElement !== $("cancel")) return;
  (usable(before) ? before : $("canvas")).focus({ preventScroll: true });
}

$("cancel").addEventListener("click", ({ detail }) => {
  const task = tasks[tasks.length - 1];
  // A second Enter on Fill comes here, where the focus is now; a mouse means it.
  const byKey = detail === 0;
  if (!byKey || (task && performance.now() - task.begun > HASTY)) cancelBusy();
});
