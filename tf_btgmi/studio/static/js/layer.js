// The selected object of the guide, as it is placed on the target.

import { offscreen } from "./dom.js";

const SCALES = [0.02, 50];

/** A scale within the limits. */
export const limited = (scale) => Math.min(SCALES[1], Math.max(SCALES[0], scale));

export class Layer {
  /** `box` (x0, y0, x1, y1) of the guide is around its selection. */
  constructor(guide, box, target) {
    this.guide = guide;
    this.copy = {}; // shared by all layers of one placed copy of the object
    const [x0, y0, x1, y1] = box;
    this.width = x1 - x0;
    this.height = y1 - y0;
    this.middle = { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
    const [canvas, context] = offscreen(this.width, this.height);
    context.drawImage(guide.selection.canvas, -x0, -y0);
    context.globalCompositeOperation = "source-in";
    context.drawImage(guide.bitmap, -x0, -y0);
    this.canvas = canvas;
    this.outline = outlineOf(guide.selection, box);
    const room = Math.min(target.width / this.width, target.height / this.height);
    // At its own size, unless that is too small to be dragged or too large.
    const scale = limited(Math.min(0.6 * room, Math.max(1, 0.25 * room)));
    this.start = { x: target.width / 2, y: target.height / 2, scale, rotate: 0, flip: false };
    this.selection = guide.selection.snapshot();
    this.version = guide.selection.version;
    this.reset();
  }

  reset() { this.place(this.start); }

  /** x, y: the centre in the target; rotate: degrees counter-clockwise. */
  get placement() {
    const { x, y, scale, rotate, flip } = this;
    return { x, y, scale, rotate, flip };
  }

  /** The centre of the box around the placed object, as the server expects it. */
  get centre() {
    const across = this.flip ? -1 : 1;
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [u, v] of this.outline) {
      const { x, y } = this.turned(across * u, v);
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x);
      y0 = Math.min(y0, y);
      y1 = Math.max(y1, y);
    }
    return { x: this.x + (x0 + x1) / 2, y: this.y + (y0 + y1) / 2 };
  }

  /** Takes scale, rotation and flip from a placement. */
  turnLike({ scale, rotate, flip }) { this.place({ scale, rotate, flip }); }

  place(placement) { Object.assign(this, placement); }

  /** Replaces another layer: shows the guide's pixels where the other shows them in a placement. */
  follow({ copy, middle, placement }, { x, y, ...pose } = placement) {
    this.copy = copy;
    this.place(pose);
    const move = this.turned((this.middle.x - middle.x) * (this.flip ? -1 : 1), this.middle.y - middle.y);
    this.place({ x: x + move.x, y: y + move.y });
  }

  /** A vector of the guide, scaled and rotated as the object. */
  turned(dx, dy) {
    const angle = (-this.rotate * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle) * this.scale, Math.sin(angle) * this.scale];
    return { x: dx * cos - dy * sin, y: dx * sin + dy * cos };
  }

  draw(context) {
    context.save();
    context.translate(this.x, this.y);
    context.rotate((-this.rotate * Math.PI) / 180);
    context.scale(this.flip ? -this.scale : this.scale, this.scale);
    context.drawImage(this.canvas, -this.width / 2, -this.height / 2);
    context.restore();
  }

  /** A point of the object, in units of half its width and height, in the target. */
  corner(across, down) {
    const { x, y } = this.turned((across * this.width) / 2, (down * this.height) / 2);
    return { x: this.x + x, y: this.y + y };
  }

  /** Whether a point of the target lies in the object's box. */
  holds({ x, y }) {
    const angle = (this.rotate * Math.PI) / 180;
    const dx = (x - this.x) * Math.cos(angle) - (y - this.y) * Math.sin(angle);
    const dy = (x - this.x) * Math.sin(angle) + (y - this.y) * Math.cos(angle);
    return Math.abs(dx) <= (this.width * this.scale) / 2 && Math.abs(dy) <= (this.height * this.scale) / 2;
  }
}

/** The first and last selected point of each row, from the middle of the box. */
function outlineOf({ mask, width }, [x0, y0, x1, y1]) {
  const [middle, centre] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const points = [];
  for (let y = y0; y < y1; y += 1) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    for (const x of [first, row.lastIndexOf(1) + 1]) for (const edge of [y, y + 1]) points.push([x - middle, edge - centre]);
  }
  return points;
}
