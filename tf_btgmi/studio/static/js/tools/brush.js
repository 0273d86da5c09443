// Brush and eraser: a stroke is one step of the history.

import { history } from "../history.js";
import { stage } from "../stage.js";
import { state } from "../state.js";

class Stroke {
  constructor(picture, erase) {
    this.selection = picture.selection;
    this.erase = erase;
    this.width = state.brushSize;
    this.box = [Infinity, Infinity, -Infinity, -Infinity];
    this.selection.begin();
    this.selection.live = true;
  }

  to(point) {
    this.selection.line(this.last ?? point, point, this.width, this.erase);
    this.last = point;
    const reach = this.width / 2 + 2;
    this.box = [
      Math.min(this.box[0], point.x - reach), Math.min(this.box[1], point.y - reach),
      Math.max(this.box[2], point.x + reach), Math.max(this.box[3], point.y + reach),
    ];
  }
}

function brush(erase) {
  let stroke = null;
  return {
    title: erase ? "Eraser" : "Brush",
    hint: erase ? "Paint over what should not be selected." : "Paint over what you want to change.",
    sized: true,
    down(point) {
      stroke = new Stroke(state.active, erase);
      stroke.to(point);
    },
    move(point) {
      stroke?.to(point);
    },
    up() {
      if (!stroke) return;
      stroke.selection.live = false;
      const entry = stroke.selection.end(erase ? "eraser" : "brush", stroke.box);
      stroke = null;
      if (entry) history.push(entry);
      state.changed();
    },
    cancel() {
      if (!stroke) return false;
      stroke.selection.live = false;
      stroke.selection.rollback();
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

/** Sets the brush's size in pixels of the picture, within the slider's range. */
export function setBrushSize(size) {
  const picture = state.active;
  const most = picture ? Math.max(50, Math.round(Math.min(picture.width, picture.height) / 2)) : 400;
  state.set({ brushSize: Math.round(Math.min(most, Math.max(1, size))) });
  stage.redraw();
}

export const brushTool = brush(false);
export const eraserTool = brush(true);
