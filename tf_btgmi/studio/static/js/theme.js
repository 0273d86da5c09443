// Dark or light: as the system has it, until the button says otherwise.

import { $ } from "./dom.js";

const KEY = "studio-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Storage may be forbidden; the system's choice is as good.
  }
}

function apply() {
  document.documentElement.dataset.theme = chosen() ?? (dark.matches ? "dark" : "light");
}

export function toggleTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage it holds for this visit.
  }
  document.documentElement.dataset.theme = next;
}

apply();
dark.addEventListener("change", apply);
$("theme")?.addEventListener("click", toggleTheme);
