// Masks as arrays: one byte per pixel, row by row, 1 where selected. Boxes are
// [x0, y0, x1, y1] in pixels, end-exclusive. The worker uses these functions as well.

/** The box around the selected pixels, or null. */
export function bounds(mask, width) {
  const first = mask.indexOf(1);
  if (first < 0) return null;
  const y0 = Math.floor(first / width);
  const y1 = Math.floor(mask.lastIndexOf(1) / width) + 1;
  let [x0, x1] = [width, 0];
  for (let y = y0; y < y1; y += 1) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const left = row.indexOf(1);
    if (left < 0) continue;
    x0 = Math.min(x0, left);
    x1 = Math.max(x1, row.lastIndexOf(1) + 1);
  }
  return [x0, y0, x1, y1];
}

/** A box in whole pixels, within a picture. */
export function clipped([x0, y0, x1, y1], width, height) {
  return [
    Math.max(0, Math.floor(x0)), Math.max(0, Math.floor(y0)),
    Math.min(width, Math.ceil(x1)), Math.min(height, Math.ceil(y1)),
  ];
}

/** Copies a box out of a mask. */
export function cut(mask, width, [x0, y0, x1, y1]) {
  const part = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0, at = 0; y < y1; y += 1, at += x1 - x0) {
    part.set(mask.subarray(y * width + x0, y * width + x1), at);
  }
  return part;
}

export function inverse(mask) {
  const result = new Uint8Array(mask.length);
  for (let at = 0; at < mask.length; at += 1) result[at] = 1 - mask[at];
  return result;
}

/** Eight pixels in a byte, for the history. */
export function packed(part) {
  const bits = new Uint8Array(Math.ceil(part.length / 8));
  for (let at = 0; at < part.length; at += 1) bits[at >> 3] |= part[at] << (at & 7);
  return bits;
}

export function unpacked(bits, length) {
  const part = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) part[at] = (bits[at >> 3] >> (at & 7)) & 1;
  return part;
}

/**
 * Dilation by a disc, in time that does not depend on its radius: the distance to the
 * nearest selected pixel of the column gives the length of a horizontal run.
 */
export function dilated(mask, width, height, radius) {
  const far = Math.ceil(radius) + 1;
  const distance = new Uint16Array(width * height).fill(far);
  for (let x = 0; x < width; x += 1) {
    let down = far;
    for (let y = 0, at = x; y < height; y += 1, at += width) {
      down = mask[at] ? 0 : Math.min(far, down + 1);
      distance[at] = down;
    }
    let up = far;
    for (let y = height - 1, at = y * width + x; y >= 0; y -= 1, at -= width) {
      up = mask[at] ? 0 : Math.min(far, up + 1);
      if (up < distance[at]) distance[at] = up;
    }
  }
  const reach = Array.from({ length: far }, (_, gap) => (gap <= radius ? Math.floor(Math.sqrt(radius * radius - gap * gap)) : -1));
  const result = new Uint8Array(width * height);
  const steps = new Int32Array(width + 1);
  for (let y = 0; y < height; y += 1) {
    steps.fill(0);
    for (let x = 0, at = y * width; x < width; x += 1, at += 1) {
      const run = distance[at] < far ? reach[distance[at]] : -1;
      if (run < 0) continue;
      steps[Math.max(0, x - run)] += 1;
      steps[Math.min(width, x + run + 1)] -= 1;
    }
    for (let x = 0, at = y * width, open = 0; x < width; x += 1, at += 1) {
      open += steps[x];
      result[at] = open > 0 ? 1 : 0;
    }
  }
  return result;
}

/** Erosion by a disc; pixels outside the mask count as selected. */
export function eroded(mask, width, height, radius) {
  return inverse(dilated(inverse(mask), width, height, radius));
}
