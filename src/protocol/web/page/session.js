/**
 * A session of IRC: coming in, saying things, and what an answer belongs to.
 *
 * Owns capabilities, labels, batches and the wish to be somewhere. What news mean stands in news.js. It changes the state
 * and sends lines; `events` connect it to the rest. Does not know the socket, nor the page.
 */

import { bytesOf, cut, fold, format, isRoom, parse, roomForText } from './irc.js';
import { NEWS } from './news.js';
import { mentions } from './text.js';
import { inWords } from './words.js';

/** What we ask for, where it is offered. */
const WANTED = [
  'away-notify', 'batch', 'draft/channel-rename', 'draft/message-redaction', 'draft/multiline', 'echo-message',
  'labeled-response', 'message-tags', 'multi-prefix', 'no-implicit-names', 'server-time', 'standard-replies',
];

/** How long an answer may take before we doubt the connection. */
const DOUBT_MS = 10_000;

export class Session {
  /** @type {Map<string, string>} what was granted, with its value */
  caps = new Map();
  /** Signs of ranks and the letters of their modes, highest first. */
  signs = '~&@%+';
  letters = 'qaohv';
  /** The server's last words. */
  farewell = '';
  isIn = false;
  batches = new Map();
  /** Rooms of a list that is being told. */
  list = [];
  #wanted = { nick: '', password: '', rooms: [] };
  #offered = new Map();
  #labels = 0;
  /** @type {Map<string, {place: object, text?: string}>} what is not answered yet, by label */
  #asked = new Map();
  #lostAt = 0;

  /**
   * @param {import('./state.js').State} state
   * @param {object} events
   * @param {(line: string) => void} events.send
   * @param {() => void} events.entered
   * @param {(nick: string) => void} events.renamed we bear another name
   * @param {(why: 'name'|'password'|'ban', words: string) => void} events.refused
   * @param {() => void} events.doubt that the connection is alive
   * @param {(item: object, place: object) => void} events.called someone means us
   * @param {(rooms: object[]) => void} events.listed
   */
  constructor(state, events) {
    this.state = state;
    this.events = events;
  }

  /** Who shall come in, and where to: `nick`, `password`, `rooms`. */
  want(wish) {
    Object.assign(this.#wanted, wish);
  }

  /** The connection stands: says who we are. */
  begin() {
    const { nick, password } = this.#wanted;
    this.batches.clear();
    this.#offered.clear();
    this.farewell = '';
    this.send('CAP', ['LS', '302']);
    if (password) this.send('PASS', [password]);
    this.send('NICK', [nick]);
    this.send('USER', [nick.replace(/[^a-z0-9]/gi, '') || 'web', '0', '*', nick]);
  }

  /** CAP: asks for what is offered and of use. */
  negotiate(verb, words, isMore) {
    if (verb === 'LS') {
      for (const word of words.split(' ')) {
        const [name, ...value] = word.split('=');
        this.#offered.set(name, value.join('='));
      }
      if (isMore) return;
      const wanted = WANTED.filter((name) => this.#offered.has(name));
      this.send('CAP', ['REQ', wanted.join(' ')]);
      return;
    }
    for (const name of verb === 'ACK' ? words.trim().split(' ') : []) this.caps.set(name, this.#offered.get(name) ?? '');
    if (!this.isIn) this.send('CAP', ['END']);
  }

  /** We are in: to the rooms. */
  enter(me, words) {
    const { state } = this;
    const { nick, rooms } = this.#wanted;
    this.isIn = true;
    state.me = me;
    state.mask = /\S+!\S+@\S+/.exec(words)?.[0] ?? `${me}!~web@${location.hostname}`;
    if (this.#lostAt) {
      const clock = (time) => new Date(time).toLocaleTimeString([], { timeStyle: 'short' });
      const text = `no connection from ${clock(this.#lostAt)} to ${clock(Date.now())}; what was said meanwhile is not here`;
      for (const place of state.listed()) if (place.items.length) this.tell(place, 'gap', text);
    }
    if (fold(me) !== fold(nick)) this.send('MONITOR', ['+', nick]);
    for (const name of rooms) {
      const key = state.keys.get(fold(name));
      this.command(state.current, 'JOIN', key ? [name, key] : [name]);
    }
    this.events.entered();
  }

  /** A name, a password or we ourselves are not wanted. */
  refuse(what, message) {
    if (this.isIn) return void this.answer(message);
    const [, name = ''] = message.params;
    if (what === 'name' && this.#lostAt && name.length < 30) {
      // Coming back, the name may be our own ghost's: another for as long as that lasts.
      return void this.send('NICK', [`${name}_`]);
    }
    this.events.refused(what, inWords(message.command, message.params.slice(1)).text);
  }

  /** Another name, after the first was refused. */
  retry(nick) {
    this.want({ nick });
    this.send('NICK', [nick]);
  }

  /** If the name that we wanted is among these: takes it. */
  reclaim(names) {
    const { nick } = this.#wanted;
    if (!names.some((name) => fold(name) === fold(nick))) return;
    this.send('MONITOR', ['-', nick]);
    this.send('NICK', [nick]);
  }

  /** The connection is gone. */
  interrupt() {
    for (const { place, text } of this.#asked.values()) {
      if (text) this.tell(place, 'error', `perhaps not delivered: ${text}`);
    }
    this.#asked.clear();
    if (!this.isIn) return;
    this.isIn = false;
    this.#lostAt = Date.now();
    const rooms = this.state.rooms().filter((room) => room.isIn);
    this.want({ rooms: rooms.map((room) => room.name) });
    for (const room of rooms) this.state.empty(room);
  }

  /** Leaves for good. */
  quit(reason) {
    this.send('QUIT', reason ? [reason] : []);
    this.isIn = false;
    this.#lostAt = 0;
    this.#asked.clear();
  }

  /** Sends a line of which no answer is awaited. */
  send(command, params, tags) {
    this.events.send(format(command, params, tags));
  }

  /** Sends a command; what is answered will be shown in `place`. `text` is what would be lost with it. */
  command(place, command, params, text) {
    const tags = {};
    if (this.caps.has('labeled-response')) {
      const label = `${(this.#labels += 1)}`;
      this.#asked.set(label, { place, text });
      setTimeout(() => this.#asked.has(label) && this.events.doubt(), DOUBT_MS);
      tags.label = label;
    }
    if (command === 'JOIN' && params[1]) this.state.keys.set(fold(params[0]), params[1]);
    this.send(command, params, tags);
  }

  /**
   * Says something; a text of several lines, or a long one, goes as one message.
   * @returns {string | undefined} why it cannot be said
   */
  say(place, { to, text, manner }) {
    const bytes = roomForText(this.state.mask, to);
    if (manner === 'action') {
      const action = `\x01ACTION ${text.replace(/\s*\n\s*/g, ' ')}\x01`;
      if (bytesOf(action) > bytes) return 'that is too long';
      return void this.command(place, 'PRIVMSG', [to, action], text);
    }
    const verb = manner === 'notice' ? 'NOTICE' : 'PRIVMSG';
    const pieces = text.split('\n').flatMap((line) => cut(line, bytes).map((piece, at) => ({ piece, goesOn: at > 0 })));
    const limits = this.caps.get('draft/multiline');
    if (pieces.length === 1 || limits === undefined) {
      for (const { piece } of pieces) if (piece) this.command(place, verb, [to, piece], piece);
      return undefined;
    }
    const [bytesMax, linesMax] = ['bytes', 'lines'].map((name) => Number(new RegExp(`max-${name}=(\\d+)`).exec(limits)?.[1] ?? 0));
    if (pieces.length > linesMax || bytesOf(text) > bytesMax) {
      return `that is too long: a message has ${linesMax} lines and ${bytesMax} bytes at most`;
    }
    const batch = `b${this.#labels}`;
    this.command(place, 'BATCH', [`+${batch}`, 'draft/multiline', to], text);
    for (const { piece, goesOn } of pieces) {
      this.send(verb, [to, piece], { batch, ...(goesOn && { 'draft/multiline-concat': '' }) });
    }
    return void this.send('BATCH', [`-${batch}`]);
  }

  /** A line from the server. */
  hear(line) {
    const message = parse(line);
    const batch = this.batches.get(message.tags.get('batch'));
    if (batch?.kind === 'draft/multiline' && message.command !== 'BATCH') return void batch.lines.push(message);
    const label = message.tags.get('label');
    message.place = this.#asked.get(label)?.place ?? batch?.message.place;
    message.time = Date.parse(message.tags.get('time')) || Date.now();
    this.#asked.delete(label);
    const handle = NEWS[message.command];
    if (handle) handle(this, message, ...message.params);
    else if (/^\d{3}$/.test(message.command)) this.answer(message);
  }

  /** Where an answer is shown; what answers nothing is the server's. */
  here(message) {
    return message.place ?? this.state.server;
  }

  /** An answer that changes nothing. */
  answer(message) {
    const words = inWords(message.command, message.params.slice(1));
    if (words) this.tell(this.here(message), words.kind, words.text);
  }

  /** Puts a word of our own into a place. */
  tell(place, kind, text, time = Date.now()) {
    this.state.add(place, { kind, text, time });
  }

  /** Someone comes or goes. */
  traffic(place, { nick, time }, what, text) {
    this.state.add(place, { kind: 'traffic', time, events: [{ nick, what, text }] });
  }

  away(message, isAway) {
    this.state.isAway = isAway;
    this.tell(this.here(message), 'info', isAway ? 'you are away' : 'you are back');
    for (const place of this.state.roomsOf(this.state.me)) this.state.meet(place, { nick: this.state.me, isAway });
  }

  /** Someone says something. */
  said(message, target, text, kind) {
    const { state } = this;
    const isOwn = state.isMe(message.nick);
    const action = /^\x01ACTION ([^]*?)\x01?$/.exec(text);
    // Questions of programs to programs are not for people.
    if (text.startsWith('\x01') && !action) return;
    const [, ranks, name] = /^([~&@%+]?)(.*)$/.exec(target);
    if (!message.source.includes('!')) return void this.tell(this.here(message), 'info', text, message.time);
    const place = isRoom(name) ? state.find(name) : state.place(isOwn ? name : message.nick);
    if (!place || state.ignored.has(fold(message.nick))) return;
    const item = {
      kind: action ? 'action' : kind,
      time: message.time,
      nick: message.nick,
      text: (ranks ? `(to ${ranks}) ` : '') + (action ? action[1] : text),
      id: message.tags.get('msgid'),
      isOwn,
      isMention: !isOwn && mentions(text, state.me),
    };
    state.add(place, item);
    if (!isOwn && (item.isMention || place.kind === 'person')) this.events.called(item, place);
  }
}
