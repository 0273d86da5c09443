// Box and lasso: the inside of the shape is added to the selection or subtracted from it.

import { extend } from "../selection.js";
import { state } from "../state.js";

/** A dashed line in two tones, visible on any picture. */
export function outline(context, view, points, closed) {
  if (points.length < 2) return;
  context.beginPath();
  for (const point of points) {
    const { x, y } = view.toStage(point);
    context.lineTo(x, y);
  }
  if (closed) context.closePath();
  context.lineWidth = 1.5;
  context.strokeStyle = "rgb(0 0 0 / 75%)";
  context.setLineDash([]);
  context.stroke();
  context.strokeStyle = "#fff";
  context.setLineDash([5, 4]);
  context.stroke();
  context.setLineDash([]);
}

export function corners(from, to) {
  return [from, { x: to.x, y: from.y }, to, { x: from.x, y: to.y }];
}

function shapeTool(title, hint, add) {
  let points = null;
  let removes = false;
  const drawn = () => (title === "Box" && points.length === 2 ? corners(...points) : points);
  return {
    title,
    hint,
    signed: true,
    down(point, { alt }) {
      points = [point];
      removes = alt || state.sign === "subtract";
    },
    move(point) {
      if (points) add(points, point);
    },
    up() {
      const shape = points ? drawn() : [];
      points = null;
      if (shape.length < 3) return;
      const { active } = state;
      active.remember(active.selection.polygon(title.toLowerCase(), shape, removes));
      state.changed();
    },
    cancel() {
      const was = points !== null;
      points = null;
      return was;
    },
    draw(context, view) {
      if (points) outline(context, view, drawn(), true);
    },
  };
}

export const boxTool = shapeTool("Box", "Drag from corner to corner.", (points, point) => { points[1] = point; });
export const lassoTool = shapeTool("Lasso", "Draw around the area to select.", extend);
