/**
 * The field in which one types: what was typed before, and names that are completed.
 *
 * Owns the field. Does not know what becomes of a line.
 */

/** Lines that the arrow brings back. */
const TYPED_MAX = 100;

export class Compose {
  #typed = [];
  #at = 0;
  #draft = '';
  /** While Tab goes through candidates: what they are and where they stand. */
  #cycle = null;

  /**
   * @param {HTMLTextAreaElement} field
   * @param {(text: string) => boolean} send whether the text was taken
   * @param {(word: string, isFirst: boolean) => string[]} candidates for a word begun
   */
  constructor(field, send, candidates) {
    this.field = field;
    this.send = send;
    this.candidates = candidates;
    field.addEventListener('keydown', (event) => this.#key(event));
    field.addEventListener('input', () => this.#grow());
    field.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
    this.#cycle = null;
    this.#grow();
  }

  #grow() {
    this.field.rows = Math.min(8, this.text.split('\n').length);
  }

  #submit() {
    const text = this.text.replace(/^\n+|\s+$/g, '');
    if (!text || !this.send(text)) return;
    this.#typed = [...this.#typed.filter((line) => line !== text), text].slice(-TYPED_MAX);
    this.#at = this.#typed.length;
    this.text = '';
    this.field.focus();
  }

  #key(event) {
    const { key } = event;
    // While letters are put together (Hangul, Kana), Enter belongs to that.
    if (event.isComposing || event.keyCode === 229) return;
    if (key !== 'Tab') this.#cycle = null;
    const isPlain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
    if (!isPlain) return;
    const { value, selectionStart: start } = this.field;
    if (key === 'Enter') this.#submit();
    else if (key === 'ArrowUp' && !value.slice(0, start).includes('\n')) this.#recall(-1);
    else if (key === 'ArrowDown' && !value.slice(start).includes('\n')) this.#recall(1);
    else if (key !== 'Tab' || !this.#complete()) return;
    event.preventDefault();
  }

  #recall(step) {
    const next = this.#at + step;
    if (next < 0 || next > this.#typed.length) return;
    if (this.#at === this.#typed.length) this.#draft = this.text;
    this.#at = next;
    this.text = this.#typed[next] ?? this.#draft;
  }

  /** @returns {boolean} whether there was anything to complete; if not, Tab goes on to the next element as ever */
  #complete() {
    const { field } = this;
    if (!this.#cycle) {
      const end = field.selectionStart;
      const start = field.value.slice(0, end).search(/\S+$/);
      if (start < 0) return false;
      const found = this.candidates(field.value.slice(start, end), start === 0);
      if (!found.length) return false;
      this.#cycle = { start, end, found, at: 0 };
    }
    const cycle = this.#cycle;
    const word = cycle.found[cycle.at % cycle.found.length];
    field.setRangeText(word, cycle.start, cycle.end, 'end');
    Object.assign(cycle, { end: cycle.start + word.length, at: cycle.at + 1 });
    return true;
  }
}
