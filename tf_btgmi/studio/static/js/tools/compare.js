// Drags the line between before and after on the picture.

import { state } from "../state.js";

let held = false;

function move({ x }) {
  if (held) state.set({ compareAt: Math.min(1, Math.max(0, x / state.target.width)) });
}

export const compareTool = {
  title: "Compare",
  hint: "Drag the line. The same button ends the comparison.",
  down(point) {
    held = true;
    move(point);
  },
  move,
  up() { held = false; },
  cancel() {
    const was = held;
    held = false;
    return was;
  },
  draw() {},
};
