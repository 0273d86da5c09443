// Arrow keys in the toolbar; one of its buttons takes part in the tab order.

import { $ } from "./dom.js";
import { state } from "./state.js";

const buttons = [...$("tools").querySelectorAll("button")];
const MOVES = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function enter(button) {
  for (const one of buttons) one.tabIndex = one === button ? 0 : -1;
}

$("tools").addEventListener("keydown", (event) => {
  const at = buttons.indexOf(document.activeElement);
  const last = buttons.length - 1;
  const to = event.key === "Home" ? 0 : event.key === "End" ? last : at + MOVES[event.key];
  if (at < 0 || Number.isNaN(to)) return;
  event.preventDefault();
  event.stopPropagation();
  const next = buttons[(to + buttons.length) % buttons.length];
  enter(next);
  next.focus();
});
$("tools").addEventListener("focusin", (event) => enter(event.target.closest("button")));

new ResizeObserver(() => {
  const across = getComputedStyle($("tools")).flexDirection === "row";
  $("tools").setAttribute("aria-orientation", across ? "horizontal" : "vertical");
}).observe($("tools"));

state.onChange(() => {
  if (!$("tools").contains(document.activeElement)) enter(buttons.find((one) => one.dataset.tool === state.tool));
});
