// The tools by name, and the one that is in hand.

import { state } from "../state.js";
import { brushTool, eraserTool } from "./brush.js";
import { objectTool } from "./object.js";
import { placeTool } from "./place.js";
import { boxTool, lassoTool } from "./shapes.js";

export const tools = {
  object: objectTool,
  brush: brushTool,
  eraser: eraserTool,
  box: boxTool,
  lasso: lassoTool,
};

export function currentTool() {
  if (!state.active || state.comparing) return null;
  return state.selecting ? tools[state.tool] : placeTool;
}
