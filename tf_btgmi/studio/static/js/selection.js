// The selection of a picture: an array of pixels, and a canvas that shows it.

import { offscreen } from "./dom.js";
import { bounds, clipped, cut, inverse, packed, unpacked } from "./mask.js";
import { maskWork } from "./mask_work.js";

const COLOR = "#ff2f6d";
const COLOR_BYTES = 0xff6d2fff; // the same as a little-endian pixel
// Changes are found, remembered and drawn tile by tile.
const TILE = 128;

export class Selection {
  #bounds = { version: 0, box: null };

  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.mask = new Uint8Array(width * height);
    [this.canvas, this.context] = offscreen(width, height);
    this.count = 0; // selected pixels
    this.version = 0;
    this.live = null; // the stroke that is being drawn: {points, width, erase}
  }

  get isEmpty() { return this.count === 0; }

  /** The box around the selected pixels, or null. */
  get bounds() {
    if (this.#bounds.version !== this.version) {
      this.#bounds = { version: this.version, box: bounds(this.mask, this.width) };
    }
    return this.#bounds.box;
  }

  /** Draws a stroke as wide as a brush; an entry of the history, or null. */
  stroke(label, { points, width, erase }) {
    const reach = width / 2 + 2;
    return this.#drawn(label, points, reach, erase, (context) => strokeOf(context, points, width));
  }

  /** Fills a polygon of points {x, y}. */
  polygon(label, points, erase) {
    return this.#drawn(label, points, 2, erase, (context) => {
      context.beginPath();
      points.forEach((point) => context.lineTo(point.x, point.y));
      context.closePath();
      context.fill();
    });
  }

  clear() {
    const box = this.bounds;
    return box && this.#change("clear", box, new Uint8Array((box[2] - box[0]) * (box[3] - box[1])));
  }

  invert() {
    return this.#change("invert", this.#all, inverse(this.mask));
  }

  /** Selects what another mask of the picture's size selects. `how`: replace, add, subtract. */
  take(label, mask, how = "replace") {
    const values = how === "replace" ? mask : this.mask.slice();
    for (let at = 0; how !== "replace" && at < mask.length; at += 1) {
      if (mask[at]) values[at] = how === "add" ? 1 : 0;
    }
    return this.#change(label, this.#all, values);
  }

  /**
   * Grows by pixels on every side; shrinks where negative. Done in the selection's box
   * and off this thread; null if the selection was changed meanwhile, or on `signal`.
   */
  async grow(pixels, signal) {
    const { bounds: box, version } = this;
    if (!box) return null;
    const edge = Math.max(1, pixels);
    const area = clipped([box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge], this.width, this.height);
    const values = await maskWork.grow(cut(this.mask, this.width, area), area[2] - area[0], area[3] - area[1], pixels);
    return version === this.version && !signal?.aborted ? this.#change(pixels > 0 ? "grow" : "shrink", area, values) : null;
  }

  /** What is selected, small enough to be remembered. */
  snapshot() {
    const box = this.bounds;
    return box && { box, bits: packed(cut(this.mask, this.width, box)) };
  }

  /** Selects what a snapshot holds, and nothing else. */
  restore(label, snapshot) {
    return this.#change(label, this.#all, this.#maskOf(snapshot));
  }

  /** The selection, or a snapshot of it, as a mask file: a PNG, white on black. */
  toMask(snapshot = null) {
    return maskWork.encode(snapshot ? this.#maskOf(snapshot) : this.mask.slice(), this.width, this.height);
  }

  #maskOf({ box, bits }) {
    const mask = new Uint8Array(this.mask.length);
    paste(mask, this.width, box, unpacked(bits, (box[2] - box[0]) * (box[3] - box[1])));
    return mask;
  }

  get #all() { return [0, 0, this.width, this.height]; }

  #drawn(label, points, reach, erase, draw) {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { x, y } of points) {
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x);
      y1 = Math.max(y1, y);
    }
    const box = clipped([x0 - reach, y0 - reach, x1 + reach, y1 + reach], this.width, this.height);
    const [width, height] = [box[2] - box[0], box[3] - box[1]];
    if (width <= 0 || height <= 0) return null;
    const [, context] = offscreen(width, height, { willReadFrequently: true });
    context.translate(-box[0], -box[1]);
    draw(context);
    const { data } = context.getImageData(0, 0, width, height);
    const values = cut(this.mask, this.width, box);
    for (let at = 0, from = 3; at < values.length; at += 1, from += 4) {
      if (data[from] >= 128) values[at] = erase ? 0 : 1;
    }
    return this.#change(label, box, values);
  }

  /** Sets a box to new values; an entry of the history, or null if nothing changes. */
  #change(label, box, values) {
    const flips = [];
    const width = box[2] - box[0];
    for (let y = box[1]; y < box[3]; y += TILE) {
      for (let x = box[0]; x < box[2]; x += TILE) {
        const tile = [x, y, Math.min(x + TILE, box[2]), Math.min(y + TILE, box[3])];
        const flip = this.#difference(tile, values, (y - box[1]) * width + x - box[0], width);
        if (flip) flips.push({ tile, flip });
      }
    }
    if (!flips.length) return null;
    const apply = () => this.#flip(flips);
    apply();
    const bytes = flips.reduce((sum, { flip }) => sum + flip.length, 0);
    return { label, bytes, undo: apply, redo: apply };
  }

  /** Where a tile differs from the values that begin at `start`; null if nowhere. */
  #difference([x0, y0, x1, y1], values, start, stride) {
    const flip = new Uint8Array((x1 - x0) * (y1 - y0));
    let differs = 0;
    for (let y = y0, at = 0; y < y1; y += 1) {
      let from = start + (y - y0) * stride;
      for (let own = y * this.width + x0, end = own + x1 - x0; own < end; own += 1, from += 1, at += 1) {
        flip[at] = values[from] ^ this.mask[own];
        differs |= flip[at];
      }
    }
    return differs ? flip : null;
  }

  #flip(flips) {
    for (const { tile: [x0, y0, x1, y1], flip } of flips) {
      const image = this.context.createImageData(x1 - x0, y1 - y0);
      const pixels = new Uint32Array(image.data.buffer);
      for (let y = y0, at = 0; y < y1; y += 1) {
        for (let own = y * this.width + x0, end = own + x1 - x0; own < end; own += 1, at += 1) {
          const value = this.mask[own] ^ flip[at];
          this.count += value - this.mask[own];
          this.mask[own] = value;
          pixels[at] = value ? COLOR_BYTES : 0;
        }
      }
      this.context.putImageData(image, x0, y0);
    }
    this.version += 1;
  }
}

/** Continues a line, unless the point is less than half a pixel from its end. */
export function extend(points, point) {
  const end = points[points.length - 1];
  if (Math.hypot(point.x - end.x, point.y - end.y) >= 0.5) points.push(point);
}

/** Draws a line through points, round at both ends. */
export function strokeOf(context, points, width) {
  context.strokeStyle = COLOR;
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  points.forEach(({ x, y }) => context.lineTo(x, y));
  // A point alone is a disc.
  context.lineTo(points[points.length - 1].x + 0.01, points[points.length - 1].y);
  context.stroke();
}

function paste(mask, width, [x0, y0, x1, y1], part) {
  for (let y = y0, at = 0; y < y1; y += 1, at += x1 - x0) {
    mask.set(part.subarray(at, at + x1 - x0), y * width + x0);
  }
}
