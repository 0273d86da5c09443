// Helpers for elements, canvases and downloads.

export const $ = (id) => document.getElementById(id);

/** A listener of clicks that does nothing on the second click of a double click. */
export const once = (action) => ({ detail }) => detail > 1 || action();

/** Makes an element; `properties` are set on it, children appended. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Scrolls the list around an item until the item is in sight; the page stays where it is. */
export function reveal(item) {
  const { scrollX, scrollY } = window;
  item?.scrollIntoView({ block: "nearest", inline: "nearest" });
  window.scrollTo(scrollX, scrollY);
}

/** An icon of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A canvas that is not shown. */
export function offscreen(width, height, options) {
  const canvas = element("canvas", { width, height });
  return [canvas, canvas.getContext("2d", options)];
}

/** A canvas as a PNG. */
export function toBlob(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("No memory for the picture."))));
  });
}

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
