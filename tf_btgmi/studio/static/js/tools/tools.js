// The tools by name, and the one that the pointer moves.

import { state } from "../state.js";
import { brushTool, eraserTool } from "./brush.js";
import { compareTool } from "./compare.js";
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
  if (!state.active) return null;
  if (state.comparing) return compareTool;
  return state.selecting ? tools[state.tool] : placeTool;
}
