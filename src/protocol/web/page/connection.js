/**
 * One WebSocket at a time, and the patience to open the next.
 *
 * Owns the socket and when to try again: waits grow from one second to thirty, with some chance in them so that a
 * restarted server is not called by everyone at once; none when the page comes back to sight or the network to life. Says
 * nothing of its own but by `probe`. Does not know what lines mean.
 */

/** What IRCv3 calls IRC in text frames, one line each. */
const SUBPROTOCOL = 'text.ircv3.net';

const WAIT_MIN_MS = 1000;
const WAIT_MAX_MS = 30_000;

/** How long a call, or a sign of life, may take. */
const ANSWER_MS = 10_000;

export class Connection {
  #socket = null;
  #timer = 0;
  #failures = 0;
  #isWanted = false;

  /**
   * @param {string} url
   * @param {object} events
   * @param {() => void} events.opened
   * @param {(line: string) => void} events.heard
   * @param {(wait: number) => void} events.lost with the milliseconds until the next try
   * @param {() => string} events.question a line that the server will answer
   */
  constructor(url, events) {
    this.url = url;
    this.events = events;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => document.hidden || this.hurry());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Calls the server, and goes on doing so until `close`. */
  open() {
    this.#isWanted = true;
    clearTimeout(this.#timer);
    this.#drop();
    const socket = new WebSocket(this.url, SUBPROTOCOL);
    this.#socket = socket;
    const isOurs = () => socket === this.#socket;
    this.#timer = setTimeout(() => isOurs() && this.#lose(), ANSWER_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.events.opened();
    };
    socket.onmessage = ({ data }) => {
      clearTimeout(this.#timer);
      if (typeof data === 'string') this.events.heard(data);
    };
    socket.onclose = () => isOurs() && this.#lose();
  }

  /** The server let us in: the next loss is the first again. */
  settle() {
    this.#failures = 0;
  }

  /** @returns {boolean} whether there was a socket to send by */
  send(line) {
    if (this.isOpen) this.#socket.send(line);
    return this.isOpen;
  }

  /** Tries at once if it was waiting; asks for a sign of life if it thinks that it is connected. */
  hurry() {
    if (!this.#isWanted) return;
    if (this.isOpen) this.probe();
    else if (this.#socket?.readyState !== WebSocket.CONNECTING) this.open();
  }

  /** Whatever is heard next is the sign of life. */
  probe() {
    clearTimeout(this.#timer);
    if (this.send(this.events.question())) this.#timer = setTimeout(() => this.#lose(), ANSWER_MS);
  }

  /** Ends it, and does not try again. */
  close() {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    this.#drop();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #lose() {
    clearTimeout(this.#timer);
    this.#drop();
    if (!this.#isWanted) return;
    const most = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    const wait = Math.round(most * (0.5 + Math.random() / 2));
    this.#timer = setTimeout(() => this.open(), wait);
    this.events.lost(wait);
  }
}
