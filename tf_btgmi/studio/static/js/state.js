// The state of the page; listeners are called after every change.

class State extends EventTarget {
  mode = "fill"; // fill, compose, harmonize
  step = "guide"; // of composing: guide, cut, place
  tool = "object";
  sign = "add"; // whether box, lasso and object add or subtract
  brushSize = 40; // pixels of the picture
  target = null; // the Picture that is edited
  guide = null; // the Picture with the object
  layer = null; // the Layer that is placed on the target
  running = null; // the run under way
  comparing = false;
  compareAt = 0.5;
  holding = false;
  models = [];
  model = ""; // "" is chosen automatically, "*" all of them

  /** The picture on the stage. */
  get active() {
    return this.mode === "compose" && this.step !== "place" ? this.guide : this.target;
  }

  /** Whether strokes, boxes and clicks select something now. */
  get selecting() {
    return Boolean(this.active) && !(this.mode === "compose" && this.step === "place");
  }

  set(values) {
    Object.assign(this, values);
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  onChange(listener) {
    this.addEventListener("change", listener);
  }
}

export const state = new State();
