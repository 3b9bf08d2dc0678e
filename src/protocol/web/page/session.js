/**
 * A session of IRC: coming in, saying things, and what an answer belongs to. Owns capabilities, labels, batches, and where
 * we want to be. What the server says is done in news.js. Does not know the socket, nor the page.
 */

import { bytesOf, cut, fold, format, isRoom, parse, roomForText } from './irc.js';
import { NEWS, inWords } from './news.js';
import { mentions } from './text.js';

/** What we ask for, where it is offered. */
const WANTED = `away-notify batch draft/channel-rename draft/message-redaction draft/multiline echo-message labeled-response
	message-tags multi-prefix no-implicit-names server-time standard-replies`.split(/\s+/);

/** After so long without an answer we doubt the connection. */
const DOUBT_MS = 10_000;

/** "Modern IRC" has numbers for what is refused from 400 on. */
const ERROR_MIN = '400';

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
	/** Keys that we gave, by room. */
	#keys = new Map();
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
	 * @param {(what: 'name'|'password'|'ban', words: string) => void} events.refused
	 * @param {() => void} events.doubted that the connection is alive
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
		this.farewell = '';
		this.send('CAP', ['LS', '302']);
		if (password) this.send('PASS', [password]);
		this.send('NICK', [nick]);
		this.send('USER', [nick.replace(/\W/g, '') || 'web', '0', '*', nick]);
	}

	/** CAP: asks for what is offered and of use. */
	negotiate(verb, words, isMore) {
		const names = words.trim().split(' ');
		if (verb === 'LS') {
			for (const name of names) this.#offered.set(name.split('=')[0], name.replace(/^[^=]*=?/, ''));
			if (!isMore) this.send('CAP', ['REQ', WANTED.filter((name) => this.#offered.has(name)).join(' ')]);
			return;
		}
		if (verb === 'ACK') for (const name of names) this.caps.set(name, this.#offered.get(name));
		if (!this.isIn) this.send('CAP', ['END']);
	}

	/** We are in: to the rooms. */
	enter(me, words) {
		const { state } = this;
		const { nick, rooms } = this.#wanted;
		const clock = (time) => new Date(time).toLocaleTimeString([], { timeStyle: 'short' });
		const gap = `no connection from ${clock(this.#lostAt)} to ${clock(Date.now())}; what was said meanwhile is not here`;
		this.isIn = true;
		state.me = me;
		state.mask = /\S+!\S+/.exec(words)?.[0] ?? `${me}!~web@${location.hostname}`;
		for (const place of state.listed()) if (this.#lostAt && place.items.length) this.tell(place, 'gap', gap);
		if (fold(me) !== fold(nick)) this.send('MONITOR', ['+', nick]);
		for (const room of rooms) this.command(state.current, 'JOIN', [room, ...(this.#keys.get(fold(room)) ?? [])]);
		this.events.entered();
	}

	/** A name, a password or we ourselves are not wanted. */
	refuse(what, message) {
		const [, name] = message.params;
		if (this.isIn) this.answer(message);
		// Coming back, the name may still be our own ghost's: another for as long as that lasts.
		else if (what === 'name' && this.#lostAt && name.length < 30) this.send('NICK', [`${name}_`]);
		else this.events.refused(what, inWords(message));
	}

	/** Takes the name that we wanted, if it is among these. */
	reclaim(names) {
		const { nick } = this.#wanted;
		if (!names.split(',').some((name) => fold(name) === fold(nick))) return;
		this.send('MONITOR', ['-', nick]);
		this.send('NICK', [nick]);
	}

	/** The connection is gone. */
	interrupt() {
		for (const { place, text } of this.#asked.values()) if (text) this.tell(place, 'error', `perhaps not delivered: ${text}`);
		this.#asked.clear();
		if (!this.isIn) return;
		const rooms = this.state.rooms().filter((room) => room.isIn);
		this.want({ rooms: rooms.map(({ name }) => name) });
		for (const room of rooms) this.state.empty(room);
		this.isIn = false;
		this.#lostAt = Date.now();
	}

	/** Leaves for good. */
	quit(reason) {
		this.send('QUIT', [reason]);
		this.isIn = false;
		this.#lostAt = 0;
		this.#asked.clear();
	}

	/** Sends what needs no answer. */
	send(command, params, tags) {
		this.events.send(format(command, params, tags));
	}

	/** Sends a command whose answer will be shown in `place`. `text` is what would be lost with it. */
	command(place, command, params, text) {
		const label = `${(this.#labels += 1)}`;
		if (command === 'JOIN') this.#keys.set(fold(params[0]), params.slice(1));
		if (!this.caps.has('labeled-response')) return this.send(command, params);
		this.#asked.set(label, { place, text });
		setTimeout(() => this.#asked.has(label) && this.events.doubted(), DOUBT_MS);
		return this.send(command, params, { label });
	}

	/** Sends a line as it was typed. */
	raw(place, line) {
		const { command, params } = parse(line);
		this.command(place, command, params);
	}

	/**
	 * Says something; a text of several lines, or a long one, goes as one message (IRCv3 draft/multiline).
	 * @returns {string | undefined} why it cannot be said
	 */
	say(place, { to, text, isAction }) {
		const room = roomForText(this.state.mask, to);
		const words = isAction ? `\x01ACTION ${text.replaceAll('\n', ' ')}\x01` : text;
		const pieces = words.split('\n').flatMap((line) => cut(line, room).map((piece, at) => ({ piece, goesOn: at > 0 })));
		const limits = this.caps.get('draft/multiline') ?? '';
		const [bytesMax, linesMax] = ['bytes', 'lines'].map((name) => new RegExp(`max-${name}=(\\d+)`).exec(limits)?.[1] ?? 1);
		if (pieces.length === 1) return this.command(place, 'PRIVMSG', [to, words], text);
		if (isAction || pieces.length > linesMax || bytesOf(text) > bytesMax) {
			return `that is too long: ${linesMax} lines and ${bytesMax} bytes at most`;
		}
		const batch = `b${this.#labels}`;
		this.command(place, 'BATCH', [`+${batch}`, 'draft/multiline', to], text);
		for (const { piece, goesOn } of pieces) {
			this.send('PRIVMSG', [to, piece], { batch, ...(goesOn && { 'draft/multiline-concat': '' }) });
		}
		return this.send('BATCH', [`-${batch}`]);
	}

	/** A line from the server. */
	hear(line) {
		const message = parse(line);
		const label = message.tags.get('label');
		const batch = this.batches.get(message.tags.get('batch'));
		if (batch?.kind === 'draft/multiline') return batch.lines.push(message);
		message.place = this.#asked.get(label)?.place ?? batch?.place;
		message.time = Date.parse(message.tags.get('time')) || Date.now();
		this.#asked.delete(label);
		if (Object.hasOwn(NEWS, message.command)) return NEWS[message.command](this, message, ...message.params);
		return /^\d{3}$/.test(message.command) && this.answer(message);
	}

	/** Where an answer is shown; what answers nothing is the server's. */
	here = (message) => message.place ?? this.state.server;

	/** An answer that changes nothing. */
	answer(message) {
		const text = inWords(message);
		if (text) this.tell(this.here(message), message.command >= ERROR_MIN ? 'error' : 'info', text);
	}

	/** Puts a word of our own into a place. */
	tell = (place, kind, text) => this.state.add(place, { kind, text, time: Date.now() });

	/** Someone comes or goes. */
	traffic(place, { nick, time }, what, words) {
		this.state.add(place, { kind: 'traffic', time, events: [{ nick, what, text: `${nick} ${words}` }] });
	}

	away(message, isAway) {
		const { state } = this;
		state.isAway = isAway;
		this.tell(this.here(message), 'info', isAway ? 'you are away' : 'you are back');
		for (const place of state.roomsOf(state.me)) state.meet(place, { nick: state.me, isAway });
	}

	/** Someone says something. */
	said({ nick, source, command, tags, time, ...message }, target, words) {
		const { state } = this;
		const [, action] = /^\x01ACTION ([^]*?)\x01?$/.exec(words) ?? [];
		// Questions of programs to programs are not for people.
		if (words.startsWith('\x01') && !action) return;
		if (!source.includes('!')) return void this.tell(this.here(message), 'info', words);
		const isOwn = state.isMe(nick);
		const [, ranks, name] = /^([~&@%+]*)(.*)/.exec(target);
		const place = isRoom(name) ? state.find(name) : state.place(isOwn ? name : nick);
		if (!place) return;
		const kind = action ? 'action' : command === 'NOTICE' ? 'notice' : 'message';
		const text = `${ranks && `(to ${ranks}) `}${action ?? words}`;
		const isMention = !isOwn && mentions(text, state.me);
		const item = { kind, time, nick, text, id: tags.get('msgid'), isOwn, isMention };
		state.add(place, item);
		if (!isOwn && (isMention || place.kind === 'person')) this.events.called(item, place);
	}
}
