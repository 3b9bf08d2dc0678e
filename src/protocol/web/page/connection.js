/**
 * One WebSocket at a time, and the patience to open the next: waits grow, with chance in them so that a restarted server is
 * not called by all at once. Does not know what lines mean.
 */

const WAIT_MIN_MS = 1000;
const WAIT_MAX_MS = 30_000;

/** How long a call, or a sign of life, may take. */
const ANSWER_MS = 10_000;

export class Connection {
	#socket = null;
	#timer = 0;
	/** Since we were let in. */
	failures = 0;
	#isWanted = false;

	/** @param {{opened(): void, heard(line: string): void, lost(waitMs: number): void}} events */
	constructor(url, events) {
		this.url = url;
		this.events = events;
		addEventListener('online', () => this.hurry());
		document.addEventListener('visibilitychange', () => document.hidden || this.hurry());
	}

	get isOpen() {
		return this.#socket?.readyState === WebSocket.OPEN;
	}

	open() {
		this.close();
		this.#isWanted = true;
		// What IRCv3 calls IRC in text frames, one line each.
		const socket = new WebSocket(this.url, 'text.ircv3.net');
		this.#socket = socket;
		this.#await();
		socket.onopen = () => this.events.opened();
		socket.onmessage = ({ data }) => {
			clearTimeout(this.#timer);
			this.events.heard(data);
		};
		socket.onclose = () => socket === this.#socket && this.#lose();
	}

	send(line) {
		if (this.isOpen) this.#socket.send(line);
	}

	hurry() {
		if (!this.#isWanted) return;
		if (this.isOpen) this.probe();
		else if (this.#socket?.readyState !== WebSocket.CONNECTING) this.open();
	}

	probe() {
		if (!this.isOpen) return;
		this.send('PING :here');
		this.#await();
	}

	close() {
		this.#isWanted = false;
		clearTimeout(this.#timer);
		const socket = this.#socket;
		this.#socket = null;
		socket?.close();
	}

	#await() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#lose(), ANSWER_MS);
	}

	#lose() {
		this.close();
		this.#isWanted = true;
		const most = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** this.failures++);
		const wait = most * (0.5 + Math.random() / 2);
		this.#timer = setTimeout(() => this.open(), wait);
		this.events.lost(wait);
	}
}
