/**
 * One WebSocket at a time, and when to open the next: waits grow, with chance in them so that a restarted server is not called
 * by all at once. A browser does not say why a WebSocket was refused, so the server is asked by a plain request.
 */

const WAIT_MIN_MS = 1000;
const WAIT_MAX_MS = 30_000;

/** How long a call, or a sign of life, may take. */
const ANSWER_MS = 10_000;
/** So much of a plain answer is shown. */
const ANSWER_CHARACTERS_MAX = 300;

export class Connection {
	#socket = null;
	#timer = 0;
	/** Since we were let in. */
	failures = 0;
	#isWanted = false;
	#hasOpened = false;

	/** @param {{opened(), heard(line: string), lost(waitMs: number), answered(status: number, text: string)}} events */
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
		this.#hasOpened = false;
		this.#await();
		socket.onopen = () => {
			this.#hasOpened = true;
			this.events.opened();
		};
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
		// Once is chance: a server that starts again answers such a request before it takes the next WebSocket.
		if (!this.#hasOpened && this.failures > 1) this.#ask();
	}

	async #ask() {
		const url = this.url.href.replace(/^ws/, 'http');
		const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined);
		const isText = /^text\/plain/.test(response?.headers.get('content-type'));
		const text = isText ? await response.text().catch(() => '') : '';
		if (!response || !this.#isWanted || this.isOpen) return;
		this.events.answered(response.status, text.trim().slice(0, ANSWER_CHARACTERS_MAX));
	}
}
