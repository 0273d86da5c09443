// Brush and eraser: a stroke is one step of the history.

import { extend } from "../selection.js";
import { state } from "../state.js";

function brush(erase) {
  let stroke = null; // {points, width, erase}, drawn by the stage until it ends
  let picture = null; // that is selected in
  return {
    title: erase ? "Eraser" : "Brush",
    hint: erase ? "Paint over the area to deselect." : "Paint over the area to select.",
    sized: true,
    paints: !erase,
    down(point) {
      stroke = { points: [point], width: state.brushSize, erase };
      picture = state.active;
      picture.selection.live = stroke;
    },
    move(point) {
      if (stroke) extend(stroke.points, point);
    },
    up() {
      if (!stroke) return;
      picture.selection.live = null;
      const entry = picture.selection.stroke(erase ? "eraser" : "brush", stroke);
      picture.remember(entry);
      stroke = null;
      state.changed();
      if (entry && !erase) state.dispatchEvent(new Event("stroke"));
    },
    cancel() {
      if (!stroke) return false;
      picture.selection.live = null;
      stroke = null;
      return true;
    },
    /** The circle under the pointer. */
    draw(context, view, pointer) {
      if (!pointer) return;
      const at = view.toStage(pointer);
      const radius = Math.max(1, (state.brushSize * view.scale) / 2);
      for (const [color, grow] of [["rgb(0 0 0 / 70%)", 1], ["#fff", 0]]) {
        context.strokeStyle = color;
        context.lineWidth = 1.25;
        context.beginPath();
        context.arc(at.x, at.y, radius + grow, 0, 2 * Math.PI);
        context.stroke();
      }
    },
  };
}

/** The largest brush: half of the shorter side. */
export function largestBrush() {
  const { active } = state;
  return active ? Math.max(50, Math.round(Math.min(active.width, active.height) / 2)) : 400;
}

/** Sets the brush's size in pixels of the picture. */
export function setBrushSize(size) {
  state.set({ brushSize: Math.round(Math.min(largestBrush(), Math.max(1, size))) });
}

export const brushTool = brush(false);
export const eraserTool = brush(true);
