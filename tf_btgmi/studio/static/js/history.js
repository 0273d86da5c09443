// Undo and redo of one picture: every entry can be taken back and done again.

const MOST_BYTES = 200e6;
const MOST_ENTRIES = 200;

export class History {
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
  }

  undo() { return this.#move(this.#done, this.#undone, "undo"); }
  redo() { return this.#move(this.#undone, this.#done, "redo"); }

  #move(from, to, action) {
    const entry = from.pop();
    if (!entry) return null;
    entry[action]();
    to.push(entry);
    return entry.label;
  }
}
