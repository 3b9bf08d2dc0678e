/** The field in which one types: what was typed before, and completion. */

const TYPED_MAX = 100;

export class Compose {
	#typed = [];
	#at = 0;
	/** While Tab goes through words: which, where they are put, and the text as it was left. */
	#cycle = null;

	/** `send(text)` tells whether it was taken. */
	constructor(field, send, candidates) {
		Object.assign(this, { field, send, candidates });
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
		this.#grow();
	}

	begin(text) {
		this.text = text;
		this.field.focus();
	}

	#grow() {
		this.field.rows = Math.min(8, this.text.split('\n').length);
	}

	#submit() {
		const text = this.text.replace(/^\n+|\s+$/g, '');
		if (!text || !this.send(text)) return;
		this.#typed = [...this.#typed, text].slice(-TYPED_MAX);
		this.#at = this.#typed.length;
		this.begin('');
	}

	#key(event) {
		const { key, isComposing, shiftKey, altKey, ctrlKey, metaKey } = event;
		// While letters are put together (Hangul, Kana), the keys belong to that.
		if (isComposing || event.keyCode === 229 || shiftKey || altKey || ctrlKey || metaKey) return;
		const { selectionStart: at } = this.field;
		if (key === 'Enter') this.#submit();
		else if (key === 'ArrowUp' && !this.text.slice(0, at).includes('\n')) this.#recall(-1);
		else if (key === 'ArrowDown' && !this.text.slice(at).includes('\n')) this.#recall(1);
		else if (key !== 'Tab' || !this.#complete()) return;
		event.preventDefault();
	}

	#recall(step) {
		const next = this.#at + step;
		if (next < 0 || next > this.#typed.length) return;
		this.#at = next;
		this.text = this.#typed[next] ?? '';
	}

	/** Where there is nothing to complete, Tab goes to the next element as ever. */
	#complete() {
		const { selectionEnd: end } = this.field;
		// Whatever changed the text or moved in it (an input method, a paste, undo) has ended the round.
		const goesOn = this.#cycle?.text === this.text && this.#cycle.end === end;
		const cycle = goesOn ? this.#cycle : this.#begin(end);
		if (!cycle.found.length) return false;
		this.#put(cycle.found[cycle.at % cycle.found.length], cycle.start, end);
		this.#cycle = { ...cycle, at: cycle.at + 1, text: this.text, end: this.field.selectionEnd };
		return true;
	}

	#begin(end) {
		const [word] = /\S*$/.exec(this.text.slice(0, end));
		const start = end - word.length;
		return { start, at: 0, found: word ? this.candidates(word, start === 0) : [] };
	}

	/** As if it were typed, so that it can be undone. */
	#put(text, start, end) {
		this.field.setSelectionRange(start, end);
		if (!document.execCommand('insertText', false, text)) this.field.setRangeText(text, start, end, 'end');
	}
}
