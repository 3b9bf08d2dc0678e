/**
 * A session of IRC: coming in, saying things, and what an answer belongs to. What the server says is done in news.js. Does
 * not know the socket, nor the page.
 */

import { bytesOf, cut, fold, format, isRoom, parse, roomForText } from './irc.js';
import { has, locale, t } from './language.js';
import { mentions } from './mention.js';
import { NEWS, inWords } from './news.js';

/** What we ask for, where it is offered. */
const WANTED = `away-notify batch draft/chathistory draft/message-redaction draft/multiline echo-message
	labeled-response madang.chat/own-rooms madang.chat/resume message-tags multi-prefix no-implicit-names sasl
	server-time standard-replies`.split(/\s+/);

/** So much is asked for of what was missed, and of what was said before. What else was missed is found by scrolling. */
const MISSED = 200;
const EARLIER = 100;

/** After so long without an answer we doubt the connection. */
const DOUBT_MS = 10_000;

export class Session {
	/** What was granted, with its value. */
	caps = new Map();
	farewell = '';
	isIn = false;
	batches = new Map();
	list = [];
	wanted = { nick: '', password: '', secret: '', rooms: [] };
	/** That we are logged in to, or were. */
	account = '';
	/** What opens rooms, by folded name. */
	keys = new Map();
	#offered = new Map();
	#labels = 0;
	/** What is not answered yet, by label: where it was asked, what text would be lost. */
	#asked = new Map();
	lostAt = 0;
	/** With this the name can be taken back from a connection that died; once, then it is another's or nobody's. */
	token = '';
	#hasResumed = false;
	/** What WHOIS has said of someone so far. */
	card;

	constructor(state, events) {
		Object.assign(this, { state, events });
	}

	/** Who shall come in, and where to. The `secret` is the account's password, the `password` the server's. */
	want(wish) {
		Object.assign(this.wanted, wish);
	}

	begin() {
		const { nick, password } = this.wanted;
		this.farewell = '';
		this.send('CAP', ['LS', '302']);
		if (password) this.send('PASS', [password]);
		this.send('NICK', [nick]);
		this.send('USER', [nick.replace(/\W/g, '') || 'web', '0', '*', nick]);
	}

	negotiate(verb, words, isMore) {
		const names = words.trim().split(' ');
		if (verb === 'LS') {
			for (const name of names) this.#offered.set(name.split('=')[0], name.replace(/^[^=]*=?/, ''));
			// Where no password may be sent.
			if (!/PLAIN/.test(this.#offered.get('sasl'))) this.#offered.delete('sasl');
			if (!isMore) this.send('CAP', ['REQ', WANTED.filter((name) => this.#offered.has(name)).join(' ')]);
			return;
		}
		if (verb === 'ACK') for (const name of names) this.caps.set(name, this.#offered.get(name));
		if (this.isIn) return;
		if (this.#mayLogIn && this.wanted.secret) this.send('AUTHENTICATE', ['PLAIN']);
		else this.send('CAP', ['END']);
	}

	enter(me, words) {
		const { state } = this;
		const { nick, rooms } = this.wanted;
		const [from, to] = [this.lostAt, Date.now()].map((time) => new Date(time).toLocaleTimeString(locale));
		this.isIn = true;
		this.#hasResumed = false;
		state.me = me;
		state.mask = words.split(' ').pop();
		const gap = this.#hasHistory ? 'gap_filled' : 'gap';
		for (const place of state.listed()) {
			if (this.lostAt && place.items.length) this.tell(place, 'gap', t(gap, { from, to }));
			if (place.kind === 'person') this.recall(place, true);
		}
		if (fold(me) !== fold(nick)) this.send('MONITOR', ['+', nick]);
		for (const room of rooms) this.command(state.find(room) ?? state.server, 'JOIN', [room, ...(this.keys.get(fold(room)) ?? [])]);
		this.events.entered();
	}

	/** A name, a password or we ourselves are not wanted. */
	refuse(what, message) {
		const [, name] = message.params;
		if (this.isIn) this.answer(message);
		else if (what === 'name' && this.#mayLogIn && !this.wanted.secret) this.events.refused('secret', t('owned', { name }));
		// Coming back, the name may still be our own ghost's: taken back, or another for as long as that lasts.
		else if (what === 'name' && this.lostAt && this.token && !this.#hasResumed) this.#resume(name);
		else if (what === 'name' && this.lostAt && name.length < 30) this.send('NICK', [`${name}_`]);
		else this.events.refused(what, inWords(message));
	}

	async #resume(name) {
		this.#hasResumed = true;
		if (await this.events.isLeft(this.token)) this.send('RESUME', [this.token]);
		this.send('NICK', [name]);
	}

	/** Not when coming back without an account. */
	get #mayLogIn() {
		return this.caps.has('sasl') && (this.account || !this.lostAt);
	}

	reclaim() {
		this.send('MONITOR', ['C']);
		this.send('NICK', [this.wanted.nick]);
	}

	hold(token) {
		this.token = token;
		this.events.holds(token);
	}

	interrupt() {
		for (const { place, text } of this.#asked.values()) if (text) this.tell(place, 'error', t('perhaps_lost', { text }));
		this.#asked.clear();
		this.batches.clear();
		for (const place of this.state.listed()) place.asks = undefined;
		if (!this.isIn) return;
		const rooms = this.state.listed().filter(({ isIn }) => isIn);
		this.want({ rooms: rooms.map(({ name }) => name) });
		for (const room of rooms) this.state.empty(room);
		this.isIn = false;
		this.#hasResumed = false;
		this.lostAt = Date.now();
	}

	quit(reason) {
		this.send('QUIT', [reason]);
		this.#asked.clear();
		this.want({ secret: '' });
		this.account = '';
		this.isIn = false;
		this.lostAt = 0;
		this.hold('');
	}

	send(command, params, tags) {
		this.events.send(format(command, params, tags));
	}

	/** Sends a command whose answer will be shown in `place`. */
	command(place, command, params, text) {
		const label = `${(this.#labels += 1)}`;
		if (command === 'JOIN') this.keys.set(fold(params[0]), params.slice(1));
		if (!this.caps.has('labeled-response')) return this.send(command, params);
		this.#asked.set(label, { place, text });
		setTimeout(() => this.#asked.has(label) && this.events.doubted(), DOUBT_MS);
		return this.send(command, params, { label });
	}

	get #hasHistory() {
		return this.caps.has('draft/chathistory');
	}

	/** Asks for what was said in a place since we were there, or before all that is known. */
	recall(place, isMissed) {
		const { name, kind, items, asks } = place;
		if (!this.#hasHistory || !this.isIn || asks || kind === 'server' || (kind === 'room' && !place.isIn)) return;
		const known = items.filter(({ id }) => id);
		const at = known.at(isMissed ? -1 : 0);
		if (!isMissed && place.isWhole) return;
		place.asks = isMissed && at ? 'missed' : 'earlier';
		const which = !at ? ['LATEST', name, '*'] : [isMissed ? 'LATEST' : 'BEFORE', name, `msgid=${at.id}`];
		this.send('CHATHISTORY', [...which, place.asks === 'missed' ? MISSED : EARLIER]);
	}

	/** What was asked for has come. */
	recalled(name, items) {
		const { state } = this;
		const place = state.find(name);
		if (!place?.asks) return;
		const { asks } = place;
		const known = new Set(place.items.map(({ id }) => id));
		const fresh = items.filter(({ id }) => !known.has(id));
		place.asks = undefined;
		if (asks === 'missed') state.fill(place, fresh, items.length < MISSED);
		else {
			place.isWhole = !items.length;
			state.prepend(place, fresh);
		}
	}

	/** A text of several lines, or a long one, goes as one message. Returns why it cannot be said. */
	say(place, { to, text, isAction }) {
		const room = roomForText(this.state.mask, to);
		const words = isAction ? `\x01ACTION ${text.replaceAll('\n', ' ')}\x01` : text;
		const pieces = words.split('\n').flatMap((line) => cut(line, room).map((piece, at) => ({ piece, goesOn: at > 0 })));
		if (pieces.length === 1) return this.command(place, 'PRIVMSG', [to, words], text);
		const limits = this.caps.get('draft/multiline') ?? '';
		const [bytesMax, linesMax] = ['bytes', 'lines'].map((name) => Number(new RegExp(`max-${name}=(\\d+)`).exec(limits)?.[1] ?? 0));
		const bytes = bytesOf(text);
		if (isAction) return t('too_long_action', { bytes, bytesMax: room - bytesOf('\x01ACTION \x01') });
		if (pieces.length > linesMax || bytes > bytesMax) {
			return t('too_long', { bytes, bytesMax: bytesMax || room, lines: pieces.length, linesMax: linesMax || 1 });
		}
		const batch = `b${this.#labels}`;
		this.command(place, 'BATCH', [`+${batch}`, 'draft/multiline', to], text);
		for (const { piece, goesOn } of pieces) {
			this.send('PRIVMSG', [to, piece], { batch, ...(goesOn && { 'draft/multiline-concat': '' }) });
		}
		return this.send('BATCH', [`-${batch}`]);
	}

	hear(line) {
		const message = parse(line);
		const { tags, command } = message;
		const batch = this.batches.get(tags.get('batch'));
		if (batch?.kind === 'draft/multiline') return batch.lines.push(message);
		message.place = this.#asked.get(tags.get('label'))?.place ?? batch?.place;
		message.time = Date.parse(tags.get('time')) || Date.now();
		this.#asked.delete(tags.get('label'));
		if (Object.hasOwn(NEWS, command)) return NEWS[command](this, message, ...message.params);
		return command > 0 && this.answer(message);
	}

	/** What answers nothing is the server's. */
	here = (message) => message.place ?? this.state.server;

	/** Numbers from 400 on are errors. */
	answer(message) {
		const text = inWords(message);
		if (text) this.tell(this.here(message), message.command < 400 ? 'info' : 'error', text, !has(message.command) && 'en');
	}

	/** `lang` of a text that is not in the page's language. */
	tell = (place, kind, text, lang) => this.state.add(place, { kind, text, lang, time: Date.now() });

	traffic(place, { nick, time }, what, text) {
		this.state.add(place, { kind: 'traffic', time, events: [{ nick, what, text }] });
	}

	said({ nick, source, command, tags, time, place: asked }, target, words) {
		const { state } = this;
		const action = /^\x01ACTION ([^]*?)\x01?$/.exec(words)?.[1];
		// Questions of programs to programs are not for people.
		if (words.startsWith('\x01') && !action) return;
		if (!source.includes('!') || (asked && nick === 'NickServ')) return void this.tell(asked ?? state.server, 'info', words, 'en');
		const isOwn = state.isMe(nick);
		const past = this.batches.get(tags.get('batch'))?.past;
		const name = target.replace(/^[~&@%+]/, '');
		const place = past || (isRoom(name) ? state.find(name) : state.place(isOwn ? name : nick));
		if (!place) return;
		const kind = action ? 'action' : command === 'NOTICE' ? 'notice' : 'message';
		const isMention = !isOwn && mentions(words, state.me);
		const item = { kind, time, nick, text: action ?? words, id: tags.get('msgid'), isOwn, isMention };
		if (past) past.push(item);
		else state.add(place, item);
	}
}
