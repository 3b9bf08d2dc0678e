/** What each command of the server does to what is known, and words for its numbers. */

import { RANKS, RANK_LETTERS, fold, isRoom } from './irc.js';

/** Fields of WHO that we ask for (IRCv3 whox). */
const WHO = '%tcnf,7';

const because = (reason) => (reason ? ` (${reason})` : '');
const speech = (session, message, to, text) => session.said(message, to, text);
const refuse = (what) => (session, message) => session.refuse(what, message);
const away = (isAway) => (session, message) => {
	const { state } = session;
	state.isAway = isAway;
	NEWS.AWAY(session, { nick: state.me }, isAway ? '' : undefined);
	state.listener('places');
	session.answer(message);
};

function ranked(ranks, sign, letter) {
	const mark = RANKS[RANK_LETTERS.indexOf(letter)];
	const all = sign === '+' ? ranks + mark : ranks.replace(mark, '');
	return [...RANKS].filter((mark) => all.includes(mark)).join('');
}

export const NEWS = {
	'001': (session, message, me, words) => session.enter(me, words),
	'005'(session, message, me, ...tokens) {
		session.state.server.name = /NETWORK=(\S+)/.exec(tokens.join(' '))?.[1] ?? session.state.server.name;
	},
	PING: (session, message, token) => session.send('PONG', [token]),
	PONG() {},
	ACK() {},
	CAP: (session, message, me, verb, ...rest) => session.negotiate(verb, rest.at(-1), rest[0] === '*'),
	FAIL: (session, message, ...params) => session.tell(session.here(message), 'error', params.at(-1)),
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
	PRIVMSG: speech,
	NOTICE: speech,
	REDACT({ state }, { nick }, target, id) {
		const place = state.find(isRoom(target) || state.isMe(nick) ? target : nick);
		if (place) state.redact(place, id);
	},

	JOIN(session, message, room) {
		const { state } = session;
		const place = state.place(room);
		if (!state.isMe(message.nick)) {
			state.meet(place, { nick: message.nick });
			return session.traffic(place, message, 'came', 'joined');
		}
		state.mask = message.source;
		state.empty(place);
		Object.assign(place, { isIn: true, topic: '' });
		session.send('WHO', [place.name, WHO]);
		return message.place === state.current ? state.show(place) : undefined;
	},
	354({ state }, message, me, token, room, nick, flags) {
		const place = state.find(room);
		if (place) state.meet(place, { nick, isAway: flags[0] === 'G', ranks: flags.replace(/[^~&@%+]/g, '') });
	},
	PART(session, message, room, reason) {
		const { state } = session;
		const place = state.find(room);
		if (!place) return;
		state.part(place, message.nick);
		if (state.isMe(message.nick)) state.remove(place);
		else session.traffic(place, message, 'left', `left${because(reason)}`);
	},
	KICK({ state, tell }, message, room, nick, reason) {
		const place = state.find(room);
		if (!place) return;
		if (state.isMe(nick)) state.empty(place);
		else state.part(place, nick);
		tell(place, 'info', `${message.nick} sent ${state.isMe(nick) ? 'you' : nick} out${because(reason)}`);
	},
	QUIT(session, message, reason) {
		for (const place of session.state.roomsOf(message.nick)) {
			session.state.part(place, message.nick);
			session.traffic(place, message, 'left', `quit${because(reason)}`);
		}
	},
	NICK(session, message, nick) {
		const { state } = session;
		const isMe = state.isMe(message.nick);
		const rooms = state.roomsOf(message.nick);
		for (const room of rooms) session.traffic(room, message, 'took another name', `is now known as ${nick}`);
		state.rename(message.nick, nick);
		if (!isMe) return;
		state.me = nick;
		state.mask = state.mask.replace(/^[^!]*/, nick);
		session.want({ nick });
		state.listener('places');
	},
	AWAY({ state }, { nick }, text) {
		for (const place of state.roomsOf(nick)) state.meet(place, { nick, isAway: text !== undefined });
	},
	305: away(false),
	306: away(true),

	TOPIC({ state, tell }, { nick }, room, text) {
		const place = state.find(room);
		state.retitle(place, text);
		tell(place, 'info', `${nick} set the topic: ${text}`);
	},
	332(session, message, me, room, text) {
		const place = session.state.find(room);
		if (!place || place.topic === text) session.answer(message);
		else session.state.retitle(place, text);
	},
	MODE({ state, tell }, { nick }, room, letters, ...params) {
		const place = state.find(room);
		if (!place) return;
		tell(place, 'info', `${nick} set ${[letters, ...params].join(' ')}`);
		let sign;
		for (const letter of letters) {
			if ('+-'.includes(letter)) sign = letter;
			else if (RANK_LETTERS.includes(letter)) {
				const person = place.people.get(fold(params.shift() ?? ''));
				if (person) state.meet(place, { ...person, ranks: ranked(person.ranks, sign, letter) });
			} else if ('beIk'.includes(letter) || (letter === 'l' && sign === '+')) params.shift();
		}
	},
	INVITE: ({ state, tell }, { nick }, me, room) => tell(state.current, 'info', `${nick} asks you into ${room}`),

	322: (session, message, me, name, people, topic) => session.list.push({ name, people: Number(people), topic }),
	323: (session) => session.events.listed(session.list.splice(0)),
	// The name that we wanted is free again (IRCv3 monitor).
	731: (session) => session.reclaim(),

	432: refuse('name'),
	433: refuse('name'),
	464: refuse('password'),
	465: refuse('ban'),
};

/** What nobody needs to read, or is seen elsewhere. */
const SILENT = /^(?:00.|25.|26.|31[258]|32[19]|333|34[79]|36[689]|37[456]|422|730)$/;

/** Numbers in better words than the server's own. */
const WORDS = {
	301: (nick, why) => `${nick} is away: ${why}`,
	353: (sign, room, names) => `in ${room}: ${names}`,
	401: (name) => `${name} is not here`,
	432: (name, why = '') => `${name} cannot be a name: ${why.replace(/^Erroneous nickname: /, '')}`,
	433: (name) => `${name} is taken, or looks like a name that is`,
};

export function inWords({ command, params: [, ...params] }) {
	return SILENT.test(command) ? undefined : WORDS[command]?.(...params) ?? params.join(' ');
}
