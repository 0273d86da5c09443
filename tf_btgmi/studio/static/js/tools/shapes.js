// Box and lasso: what is drawn round is selected, or taken away.

import { history } from "../history.js";
import { state } from "../state.js";

/** A dashed line that is seen on any picture. */
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

function shape(title, hint, add) {
  let points = null;
  let takeAway = false;
  return {
    title,
    hint,
    signed: true,
    down(point, { alt }) {
      points = [point];
      takeAway = alt || state.sign === "subtract";
    },
    move(point) {
      if (points) add(points, point);
    },
    up() {
      const drawn = points && (title === "Box" && points.length === 2 ? corners(...points) : points);
      points = null;
      if (!drawn || drawn.length < 3) return;
      const { selection } = state.active;
      selection.begin();
      selection.polygon(drawn, takeAway);
      const xs = drawn.map((point) => point.x);
      const ys = drawn.map((point) => point.y);
      const box = [Math.min(...xs) - 2, Math.min(...ys) - 2, Math.max(...xs) + 2, Math.max(...ys) + 2];
      const entry = selection.end(title.toLowerCase(), box);
      if (entry) history.push(entry);
      state.changed();
    },
    cancel() {
      const was = points !== null;
      points = null;
      return was;
    },
    draw(context, view) {
      if (!points) return;
      outline(context, view, title === "Box" && points.length === 2 ? corners(...points) : points, true);
    },
  };
}

export const boxTool = shape("Box", "Drag from corner to corner.", (points, point) => { points[1] = point; });
export const lassoTool = shape("Lasso", "Draw around what you want to change.", (points, point) => points.push(point));
