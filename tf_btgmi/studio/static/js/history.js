// Undo and redo: every entry knows how to be taken back and done again.

const MOST_BYTES = 400e6;
const MOST_ENTRIES = 200;

class History extends EventTarget {
  #done = [];
  #undone = [];

  get canUndo() { return this.#done.length > 0; }
  get canRedo() { return this.#undone.length > 0; }

  /** Adds what has just been done: {label, undo(), redo(), bytes}. */
  push(entry) {
    this.#done.push(entry);
    this.#undone = [];
    let bytes = this.#done.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
    while (this.#done.length > 1 && (bytes > MOST_BYTES || this.#done.length > MOST_ENTRIES)) {
      bytes -= this.#done.shift().bytes ?? 0;
    }
    this.#tell();
  }

  undo() { return this.#move(this.#done, this.#undone, "undo"); }
  redo() { return this.#move(this.#undone, this.#done, "redo"); }

  clear() {
    this.#done = [];
    this.#undone = [];
    this.#tell();
  }

  #move(from, to, action) {
    const entry = from.pop();
    if (!entry) return null;
    entry[action]();
    to.push(entry);
    this.#tell();
    return entry.label;
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}

export const history = new History();
