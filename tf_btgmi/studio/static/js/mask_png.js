// PNG files of masks, without a canvas, which takes a second for twelve megapixels.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const CRC = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function through(bytes, transform) {
  return new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer();
}

/** A chunk: length, name and data, and the checksum of the last two. */
function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let at = 0; at < 4; at += 1) bytes[4 + at] = name.charCodeAt(at);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (let at = 4; at < 8 + data.length; at += 1) crc = CRC[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  view.setUint32(8 + data.length, ~crc);
  return bytes;
}

/** A file of one bit per pixel, white where the mask is 1. */
export async function encode(mask, width, height) {
  const stride = 1 + Math.ceil(width / 8); // a row begins with its filter, none
  const rows = new Uint8Array(stride * height);
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = y * stride + 1;
    for (let x = 0; x < width; x += 1, at += 1) rows[row + (x >> 3)] |= mask[at] << (7 - (x & 7));
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 1; // bits; the other fields are 0: grey, deflate, no interlacing
  const data = new Uint8Array(await through(rows, new CompressionStream("deflate")));
  const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", [])];
  return new Blob(parts, { type: "image/png" });
}

/** The mask of a grey file of 8 bits, as the server sends it, 1 from level 128 on: {mask, width, height}. */
export async function decode(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (bytes[24] !== 8 || bytes[25] !== 0 || bytes[28] !== 0) throw new Error("The mask is not a grey PNG of 8 bits.");
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const rows = new Uint8Array(await through(new Blob(parts), new DecompressionStream("deflate")));
  return { mask: unfiltered(rows, width, height), width, height };
}

/** Undoes the filter of each row, which comes first in it, and compares with 128. */
function unfiltered(rows, width, height) {
  const mask = new Uint8Array(width * height);
  let above = new Uint8Array(width);
  for (let y = 0, to = 0; y < height; y += 1) {
    const start = y * (width + 1) + 1;
    const row = rows.subarray(start, start + width);
    restore(row, above, rows[start - 1]);
    for (let x = 0; x < width; x += 1, to += 1) mask[to] = row[x] >> 7;
    above = row;
  }
  return mask;
}

/** PNG's filters 1 to 4: what was subtracted is the left, upper, mean or nearest neighbour. */
function restore(row, above, filter) {
  if (filter === 0) return;
  for (let x = 0, left = 0, corner = 0; x < row.length; x += 1) {
    const up = above[x];
    let guess = filter === 1 ? left : up;
    if (filter === 3) guess = (left + up) >> 1;
    if (filter === 4) guess = nearest(left, up, corner);
    row[x] += guess;
    left = row[x];
    corner = up;
  }
}

function nearest(left, up, corner) {
  const [toLeft, toUp] = [Math.abs(up - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
