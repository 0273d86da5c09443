// Undo and redo of one picture: every entry can be taken back and done again.

const MOST_BYTES = 200e6;
const MOST_ENTRIES = 200;

const applies = (entry) => entry.applies?.() ?? true;

export class History {
  #done = [];
  #undone = [];

  get canUndo() { return this.#done.some(applies); }
  get canRedo() { return this.#undone.some(applies); }

  /**
   * Adds what has just been done: {label, undo(), redo(), bytes, continues, applies()}.
   *
   * An entry that `continues` the previous one is merged into it if both have the same
   * label. Entries that no longer apply are skipped and dropped.
   */
  push(entry) {
    const last = this.#done[this.#done.length - 1];
    if (entry.continues && last?.label === entry.label && !this.#undone.length) {
      last.redo = entry.redo;
      return;
    }
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
    let entry = from.pop();
    while (entry && !applies(entry)) entry = from.pop();
    if (!entry) return null;
    entry[action]();
    to.push(entry);
    return entry.label;
  }
}
