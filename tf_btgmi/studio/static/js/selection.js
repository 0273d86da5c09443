// What is selected in a picture: a canvas of the picture's size, opaque where selected.

import { offscreen, toBlob } from "./dom.js";

const COLOR = "#ff2f6d";

export class Selection {
  #backup;
  #backupContext;

  constructor(width, height) {
    this.width = width;
    this.height = height;
    [this.canvas, this.context] = offscreen(width, height, { willReadFrequently: true });
    [this.#backup, this.#backupContext] = offscreen(width, height, { willReadFrequently: true });
    this.count = 0; // selected pixels
    this.version = 0;
  }

  get isEmpty() { return this.count === 0; }

  /** Starts a change; `end` makes it an entry of the history, `rollback` drops it. */
  begin() {
    copy(this.#backupContext, this.canvas);
  }

  rollback() {
    copy(this.context, this.#backup);
  }

  /** Ends a change within `box` (x0, y0, x1, y1), or anywhere. */
  end(label, box = [0, 0, this.width, this.height]) {
    const x0 = Math.max(0, Math.floor(box[0]));
    const y0 = Math.max(0, Math.floor(box[1]));
    const x1 = Math.min(this.width, Math.ceil(box[2]));
    const y1 = Math.min(this.height, Math.ceil(box[3]));
    if (x1 <= x0 || y1 <= y0) return null;
    const before = this.#backupContext.getImageData(x0, y0, x1 - x0, y1 - y0);
    const after = this.context.getImageData(x0, y0, x1 - x0, y1 - y0);
    const difference = selected(after) - selected(before);
    const put = (data, change) => {
      this.context.putImageData(data, x0, y0);
      this.count += change;
      this.version += 1;
    };
    this.count += difference;
    this.version += 1;
    return {
      label,
      bytes: before.data.length * 2,
      undo: () => put(before, -difference),
      redo: () => put(after, difference),
    };
  }

  /** Draws a line from one point to the next, round at both ends. */
  line(from, to, width, erase) {
    const context = this.context;
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    context.strokeStyle = COLOR;
    context.lineWidth = width;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  /** Fills a polygon of points {x, y}. */
  polygon(points, erase) {
    const context = this.context;
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    context.fillStyle = COLOR;
    context.beginPath();
    points.forEach((point) => context.lineTo(point.x, point.y));
    context.closePath();
    context.fill();
    context.globalCompositeOperation = "source-over";
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }

  invert() {
    this.context.globalCompositeOperation = "xor";
    this.context.fillStyle = COLOR;
    this.context.fillRect(0, 0, this.width, this.height);
    this.context.globalCompositeOperation = "source-over";
  }

  /** Grows by pixels on every side; shrinks where negative. */
  grow(pixels) {
    if (pixels < 0) {
      this.invert();
      this.grow(-pixels);
      this.invert();
      return;
    }
    const [copied, context] = offscreen(this.width, this.height);
    context.drawImage(this.canvas, 0, 0);
    for (const radius of [pixels, pixels / 2]) {
      for (let turn = 0; turn < 24; turn += 1) {
        const angle = (turn * Math.PI) / 12;
        this.context.drawImage(copied, radius * Math.cos(angle), radius * Math.sin(angle));
      }
    }
  }

  /** Takes a mask picture, white = selected. `how`: replace, add or subtract. */
  take(bitmap, how = "replace") {
    if (how === "replace") this.clear();
    this.#lay(this.#colored(bitmap)[0], how === "subtract");
  }

  /** Takes away what is in one mask picture and not in another, later one. */
  reduce(earlier, later) {
    const [mask, context] = this.#colored(earlier);
    context.globalCompositeOperation = "destination-out";
    context.drawImage(this.#colored(later)[0], 0, 0);
    this.#lay(mask, true);
  }

  #lay(mask, erase) {
    this.context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    this.context.drawImage(mask, 0, 0);
    this.context.globalCompositeOperation = "source-over";
  }

  /** A mask picture as this canvas is: opaque where it is white. */
  #colored(bitmap) {
    const [mask, context] = offscreen(this.width, this.height, { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0, this.width, this.height);
    const data = context.getImageData(0, 0, this.width, this.height);
    const pixels = data.data;
    for (let at = 0; at < pixels.length; at += 4) {
      const light = 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
      pixels[at + 3] = light >= 128 && pixels[at + 3] >= 128 ? 255 : 0;
      pixels[at] = 255; pixels[at + 1] = 47; pixels[at + 2] = 109;
    }
    context.putImageData(data, 0, 0);
    return [mask, context];
  }

  /** The selection as a mask: a PNG, white on black. */
  toMask() {
    const [mask, context] = offscreen(this.width, this.height);
    context.drawImage(this.canvas, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, this.width, this.height);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.width, this.height);
    return toBlob(mask);
  }

  /** The box around what is selected, (x0, y0, x1, y1), or null. */
  bounds() {
    const { data } = this.context.getImageData(0, 0, this.width, this.height);
    let [x0, y0, x1, y1] = [this.width, this.height, 0, 0];
    for (let y = 0, at = 3; y < this.height; y += 1) {
      for (let x = 0; x < this.width; x += 1, at += 4) {
        if (data[at] < 128) continue;
        if (x < x0) x0 = x;
        if (x >= x1) x1 = x + 1;
        if (y < y0) y0 = y;
        y1 = y + 1;
      }
    }
    return x1 > x0 ? [x0, y0, x1, y1] : null;
  }
}

function copy(context, canvas) {
  context.globalCompositeOperation = "copy";
  context.drawImage(canvas, 0, 0);
  context.globalCompositeOperation = "source-over";
}

function selected({ data }) {
  let count = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] >= 128) count += 1;
  return count;
}
