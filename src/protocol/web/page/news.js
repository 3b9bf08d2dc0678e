/**
 * What each command of the server does to what is known. Owns the table, and the words for its numbers.
 * Does not know how anything is shown.
 */

import { fold, isRoom } from './irc.js';

/** Fields of WHO that we ask for, and the token by which we know the answer (IRCv3 whox). */
const WHO = '%tchnf,7';

const because = (reason) => (reason ? ` (${reason})` : '');

/** The signs of someone's ranks after a change. */
function ranked({ signs, letters }, ranks, sign, letter) {
	const mark = signs[letters.indexOf(letter)];
	const all = sign === '+' ? ranks + mark : ranks.replace(mark, '');
	return [...signs].filter((mark) => all.includes(mark)).join('');
}

/** Someone leaves a room; for us, `then` says what becomes of it. */
function goes({ state }, place, nick, then) {
	if (!state.isMe(nick)) return state.part(place, nick);
	state.empty(place);
	return then?.();
}

const reply = (session, message, ...params) =>
	session.tell(session.here(message), message.command === 'FAIL' ? 'error' : 'info', params.at(-1));

const refuse = (what) => (session, message) => session.refuse(what, message);

/** @type {Record<string, (session: import('./session.js').Session, message: object, ...params: string[]) => void>} */
export const NEWS = {
	'001': (session, message, me, words) => session.enter(me, words),
	'005'(session, message, me, ...tokens) {
		for (const token of tokens) {
			const [, letters, signs] = /^PREFIX=\((.*)\)(.*)/.exec(token) ?? [];
			if (letters) Object.assign(session, { letters, signs });
			if (token.startsWith('NETWORK=')) session.state.server.name = token.slice(8);
		}
	},
	PING: (session, message, token) => session.send('PONG', [token]),
	PONG() {},
	ACK() {},
	CAP: (session, message, me, verb, ...rest) => session.negotiate(verb, rest.at(-1), rest[0] === '*'),
	FAIL: reply,
	WARN: reply,
	NOTE: reply,
	ERROR(session, message, text) {
		session.farewell = text;
	},

	BATCH(session, message, name, kind, target) {
		const id = name.slice(1);
		if (name[0] === '+') return session.batches.set(id, { ...message, kind, target, lines: [] });
		const batch = session.batches.get(id);
		session.batches.delete(id);
		if (!batch?.lines.length) return undefined;
		const glue = ({ tags }, at) => (at && !tags.has('draft/multiline-concat') ? '\n' : '');
		const text = batch.lines.map((line, at) => glue(line, at) + line.params[1]).join('');
		return session.said({ ...batch, command: batch.lines[0].command }, batch.target, text);
	},
	PRIVMSG: (session, message, to, text) => session.said(message, to, text),
	NOTICE: (session, message, to, text) => session.said(message, to, text),
	WALLOPS: (session, message, text) => session.said(message, session.state.me, text),
	REDACT({ state }, message, target, id) {
		const place = state.find(isRoom(target) || state.isMe(message.nick) ? target : message.nick);
		if (place) state.redact(place, id);
	},

	JOIN(session, message, room) {
		const { state } = session;
		const place = state.place(room);
		const { nick, source } = message;
		if (!state.isMe(nick)) {
			state.meet(place, { nick, host: source.split('@')[1] });
			return session.traffic(place, message, 'came', 'joined');
		}
		state.mask = source;
		state.empty(place);
		Object.assign(place, { isIn: true, topic: '' });
		session.send('WHO', [place.name, WHO]);
		return message.place || state.current === state.server ? state.show(place) : undefined;
	},
	354({ state }, message, me, token, room, host, nick, flags) {
		const place = token === '7' && state.find(room);
		if (place) state.meet(place, { nick, host, isAway: flags[0] === 'G', ranks: flags.replace(/[^~&@%+]/g, '') });
	},
	PART(session, message, room, reason) {
		const place = session.state.find(room);
		if (!place) return;
		session.traffic(place, message, 'left', `left${because(reason)}`);
		goes(session, place, message.nick, () => session.state.remove(place));
	},
	KICK(session, message, room, nick, reason) {
		const place = session.state.find(room);
		if (!place) return;
		goes(session, place, nick);
		const whom = session.state.isMe(nick) ? 'you' : nick;
		session.tell(place, 'info', `${message.nick} sent ${whom} out${because(reason)}`);
	},
	QUIT(session, message, reason) {
		for (const place of session.state.roomsOf(message.nick)) {
			session.state.part(place, message.nick);
			session.traffic(place, message, 'left', `quit${because(reason)}`);
		}
	},
	NICK(session, message, nick) {
		const { state } = session;
		for (const place of state.roomsOf(message.nick)) session.traffic(place, message, 'took another name', `is now known as ${nick}`);
		state.rename(message.nick, nick);
		if (!state.isMe(message.nick)) return;
		state.me = nick;
		state.mask = state.mask.replace(/^[^!]*/, nick);
		session.want({ nick });
		state.listener('places');
	},
	AWAY({ state }, { nick }, text) {
		for (const place of state.roomsOf(nick)) state.meet(place, { nick, isAway: text !== undefined });
	},
	305: (session, message) => session.away(message, false),
	306: (session, message) => session.away(message, true),

	TOPIC(session, message, room, text) {
		const place = session.state.find(room);
		if (!place) return;
		session.state.retitle(place, text);
		session.tell(place, 'info', text ? `${message.nick} set the topic: ${text}` : `${message.nick} cleared the topic`);
	},
	332(session, message, me, room, text) {
		const place = session.state.find(room);
		if (!place || place.topic === text) session.answer(message);
		else session.state.retitle(place, text);
	},
	MODE(session, message, room, letters, ...params) {
		const { state } = session;
		const place = state.find(room);
		if (!place) return;
		session.tell(place, 'info', `${message.nick} set ${[letters, ...params].join(' ')}`);
		let sign = '+';
		for (const letter of letters) {
			if ('+-'.includes(letter)) sign = letter;
			else if (session.letters.includes(letter)) {
				const person = place.people.get(fold(params.shift() ?? ''));
				if (person) state.meet(place, { ...person, ranks: ranked(session, person.ranks, sign, letter) });
			} else if ('beIk'.includes(letter) || (letter === 'l' && sign === '+')) params.shift();
		}
	},
	INVITE({ state, tell }, message, nick, room) {
		if (state.isMe(nick)) tell(state.current, 'info', `${message.nick} asks you into ${room}`);
	},
	RENAME({ state, tell }, message, old, room, reason) {
		const place = state.find(old);
		if (!place) return;
		state.renamePlace(place, room);
		tell(place, 'info', `${message.nick} renamed ${old} to ${room}${because(reason)}`);
	},

	322: (session, message, me, name, people, topic) => session.list.push({ name, people: Number(people), topic }),
	323(session) {
		session.events.listed(session.list);
		session.list = [];
	},
	// The name that we wanted is free again (IRCv3 monitor).
	731: (session, message, me, names) => session.reclaim(names),

	432: refuse('name'),
	433: refuse('name'),
	464: refuse('password'),
	465: refuse('ban'),
};

/** What nobody needs to read: heads and ends of lists, what is seen elsewhere. */
const SILENT = /^(?:00[2-4]|25[1-5]|26[56]|31[258]|32[139]|333|34[79]|36[689]|37[456]|422|730)$/;

/** Numbers in better words than the server's own, by the parameters behind our name. */
const WORDS = {
	301: (nick, why) => `${nick} is away: ${why}`,
	311: (nick, user, host, star, name) => `${nick} is ${user}@${host}, ${name}`,
	317: (nick, idle, since) => `${nick} spoke ${idle} s ago, and came ${new Date(since * 1000).toLocaleString()}`,
	319: (nick, rooms) => `${nick} is in ${rooms}`,
	341: (nick, room) => `${nick} is asked into ${room}`,
	353: (sign, room, names) => `in ${room}: ${names}`,
	367: (room, mask, by) => `${mask} is kept out of ${room} by ${by.split('!')[0]}`,
	401: (name) => `${name} is not here`,
	432: (name) => `${name} cannot be a name: letters and digits, 30 at most, no spaces`,
	433: (name) => `${name} is taken, or looks like a name that is`,
	473: (room) => `${room} is for the invited; /knock ${room} asks for that`,
	475: (room) => `${room} needs a key: /join ${room} KEY`,
};

/** @returns {string | undefined} an answer in words */
export function inWords({ command, params: [, ...params] }) {
	if (SILENT.test(command)) return undefined;
	return WORDS[command]?.(...params) ?? params.join(' ');
}
