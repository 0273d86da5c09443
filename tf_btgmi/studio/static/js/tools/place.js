// Drags, scales and rotates the placed object by its handles.

import { limited } from "../layer.js";
import { stage } from "../stage.js";
import { state } from "../state.js";
import { outline } from "./shapes.js";

const CORNERS = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
// Half the size of a handle, its reach, and the distance of the round one, in CSS pixels.
const SIZE = 7;
const REACH = matchMedia("(pointer: coarse)").matches ? 22 : 18;
const STALK = 30;

let grip = null;

function turnHandle(layer, view) {
  const top = view.toStage(layer.corner(0, -1));
  const angle = (-layer.rotate * Math.PI) / 180;
  return { x: top.x + STALK * Math.sin(angle), y: top.y - STALK * Math.cos(angle) };
}

function near(a, b) { return Math.hypot(a.x - b.x, a.y - b.y) <= REACH; }

/** Changes the placement as one step of the history, or as a part of the last one. */
export function replace(changes, label = "placement", continues = false) {
  const { layer } = state;
  if (!layer || state.running) return;
  const before = layer.placement;
  layer.place(changes);
  remember(layer, before, label, continues);
}

function remember(layer, before, label, continues = false) {
  const after = layer.placement;
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  // The object may have been edited since, which makes another layer.
  const applies = () => state.layer?.copy === layer.copy;
  const put = (placement) => {
    state.layer.follow(layer, placement);
    // From another mode, too, what changes is seen.
    state.set({ mode: "compose", step: "place" });
  };
  state.target.remember({ label, continues, applies, undo: () => put(before), redo: () => put(after) });
  state.changed();
}

export const placeTool = {
  title: "Placement",
  get hint() {
    return state.layer ? "Drag to move; corners scale, the handle rotates." : "Adjust the placement to move the object again.";
  },
  down(point) {
    const { layer } = state;
    const { view } = stage;
    if (!layer) return;
    const at = view.toStage(point);
    const before = layer.placement;
    const side = Math.min(layer.width, layer.height) * layer.scale * view.scale;
    if (near(at, turnHandle(layer, view))) {
      grip = { kind: "turn", before };
    } else if (side < 3 * REACH && layer.holds(point)) {
      // The handles of a small object would cover all of it.
      grip = { kind: "move", before, from: point };
    } else if (CORNERS.some(([across, down]) => near(at, view.toStage(layer.corner(across, down))))) {
      grip = { kind: "scale", before, from: Math.hypot(point.x - layer.x, point.y - layer.y) };
    } else if (layer.holds(point)) {
      grip = { kind: "move", before, from: point };
    }
  },
  move(point, { shift } = {}) {
    const { layer } = state;
    if (!grip || !layer) return;
    const { before, from } = grip;
    if (grip.kind === "move") {
      layer.place({ x: before.x + point.x - from.x, y: before.y + point.y - from.y });
    } else if (grip.kind === "scale") {
      const ratio = Math.hypot(point.x - layer.x, point.y - layer.y) / from;
      layer.place({ scale: limited(before.scale * ratio) });
    } else {
      const angle = (Math.atan2(layer.x - point.x, layer.y - point.y) * 180) / Math.PI;
      layer.place({ rotate: shift ? Math.round(angle / 15) * 15 : Math.round(angle * 10) / 10 });
    }
    state.changed();
  },
  up() {
    if (grip && state.layer) remember(state.layer, grip.before, grip.kind);
    grip = null;
  },
  cancel() {
    if (!grip) return false;
    state.layer?.place(grip.before);
    grip = null;
    state.changed();
    return true;
  },
  draw(context, view) {
    const { layer } = state;
    if (!layer) return;
    const points = CORNERS.map(([across, down]) => layer.corner(across, down));
    outline(context, view, points, true);
    const turn = turnHandle(layer, view);
    const top = view.toStage(layer.corner(0, -1));
    context.strokeStyle = "#fff";
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(top.x, top.y);
    context.lineTo(turn.x, turn.y);
    context.stroke();
    context.fillStyle = "#fff";
    context.strokeStyle = "#0b6b5d";
    context.lineWidth = 2;
    for (const at of points.map((point) => view.toStage(point))) {
      context.fillRect(at.x - SIZE, at.y - SIZE, 2 * SIZE, 2 * SIZE);
      context.strokeRect(at.x - SIZE, at.y - SIZE, 2 * SIZE, 2 * SIZE);
    }
    context.beginPath();
    context.arc(turn.x, turn.y, SIZE + 1, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  },
};
