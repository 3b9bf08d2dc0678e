/** What each command of the server does to what is known, and texts for its numerics. */

import { RANKS, RANK_LETTERS, fold, isRoom } from './irc.js';
import { has, locale, t } from './language.js';
import { LOGIN } from './login.js';

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

/** A fact about someone, for the card that is being made; other answers have these numerics too. */
const fact = (label, value) => (session, message, me, nick, ...params) => {
	if (fold(session.card?.nick ?? '') !== fold(nick)) return session.answer(message);
	session.card.facts.push({ label, text: value(...params) });
	return undefined;
};
const ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const SPANS = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];
function before(seconds) {
	const [unit, length] = SPANS.find(([, length]) => seconds >= length) ?? SPANS.at(-1);
	return ago.format(-Math.floor(seconds / length), unit);
}
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

export const NEWS = {
	...LOGIN,
	'001': (session, message, me, words) => session.enter(me, words),
	'005'(session, message, me, ...tokens) {
		session.state.server.name = /NETWORK=(\S+)/.exec(tokens.join(' '))?.[1] ?? session.state.server.name;
	},
	PING: (session, message, token) => session.send('PONG', [token]),
	PONG() {},
	ACK() {},
	CAP: (session, message, me, verb, ...rest) => session.negotiate(verb, rest.at(-1), rest[0] === '*'),
	RESUME: (session, message, token) => session.hold(token),
	// A token that is none: the name is asked for again, and another taken.
	FAIL: (session, message, ...params) => {
		if (params[0] === 'CHATHISTORY') session.recalled(params[3], []);
		else if (params[0] !== 'RESUME') session.tell(session.here(message), 'error', params.at(-1), 'en');
	},
	ERROR(session, message, text) {
		session.farewell = text;
	},

	BATCH(session, message, name, kind, target) {
		const id = name.slice(1);
		if (name[0] === '+') {
			// In one of history, messages are not news.
			const past = kind === 'chathistory' ? [] : undefined;
			return session.batches.set(id, { ...message, kind, target, past, lines: [] });
		}
		const batch = session.batches.get(id);
		session.batches.delete(id);
		if (batch?.past) return session.recalled(batch.target, batch.past);
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
			return session.traffic(place, message, 'came', t('joined', message));
		}
		state.mask = message.source;
		state.empty(place);
		Object.assign(place, { isIn: true, topic: '' });
		session.send('WHO', [place.name, WHO]);
		session.recall(place, true);
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
		else session.traffic(place, message, 'left', t('parted', { nick: message.nick, why: because(reason) }));
	},
	KICK({ state, tell }, message, room, nick, reason) {
		const place = state.find(room);
		if (!place) return;
		if (state.isMe(nick)) state.empty(place);
		else state.part(place, nick);
		const names = { nick: message.nick, name: nick, why: because(reason) };
		tell(place, 'info', t(state.isMe(nick) ? 'kicked_me' : 'kicked', names));
	},
	QUIT(session, message, reason) {
		for (const place of session.state.roomsOf(message.nick)) {
			session.state.part(place, message.nick);
			session.traffic(place, message, 'left', t('quit', { nick: message.nick, why: because(reason) }));
		}
	},
	NICK(session, message, nick) {
		const { state } = session;
		const isMe = state.isMe(message.nick);
		const rooms = state.roomsOf(message.nick);
		for (const room of rooms) session.traffic(room, message, 'renamed', t('renamed', { nick: message.nick, name: nick }));
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
	301: fact('away', (text) => text),
	311(session, message, me, nick, user, host, star, realname) {
		session.card = { nick, facts: [] };
		if (realname !== nick) session.card.facts.push({ label: 'name', text: realname });
		session.card.facts.push({ label: 'from', text: `${user}@${host}` });
	},
	313: fact('is', () => t('whois_operator')),
	317(session, message, me, nick, idle, since) {
		fact('spoke', () => before(Number(idle)))(session, message, me, nick);
		fact('since', () => moment.format(Number(since) * 1000))(session, message, me, nick);
	},
	318(session, message) {
		const { card } = session;
		session.card = undefined;
		if (card) session.state.add(session.here(message), { kind: 'card', card, time: Date.now() });
	},
	319: fact('rooms', (rooms) => rooms),
	330: fact('account', (account) => account),
	335: fact('is', () => t('whois_bot')),
	338: fact('address', (mask, address) => address),
	378() {},
	379: fact('modes', (text) => text.replace(/^.* /, '')),
	671: fact('secure', () => t('whois_encrypted')),
	305: away(false),
	306: away(true),

	TOPIC({ state, tell }, { nick }, room, text) {
		const place = state.find(room);
		state.retitle(place, text);
		tell(place, 'info', t('topic_set', { nick, topic: text }));
	},
	332(session, message, me, room, text) {
		const place = session.state.find(room);
		if (!place || place.topic === text) session.answer(message);
		else session.state.retitle(place, text);
	},
	MODE({ state, tell }, { nick }, room, letters, ...params) {
		const place = state.find(room);
		if (!place) return;
		tell(place, 'info', t('mode_set', { nick, modes: [letters, ...params].join(' ') }));
		let sign;
		for (const letter of letters) {
			if ('+-'.includes(letter)) sign = letter;
			else if (RANK_LETTERS.includes(letter)) {
				const person = place.people.get(fold(params.shift() ?? ''));
				if (person) state.meet(place, { ...person, ranks: ranked(person.ranks, sign, letter) });
			} else if ('beIk'.includes(letter) || (letter === 'l' && sign === '+')) params.shift();
		}
	},
	INVITE: ({ state, tell }, { nick }, me, room) => tell(state.current, 'info', t('invited', { nick, room })),

	322: (session, message, me, name, people, topic) => session.list.push({ name, people: Number(people), topic }),
	323: (session) => session.events.listed(session.list.splice(0)),
	// The name that we wanted is free again (IRCv3 monitor).
	731: (session) => session.reclaim(),

	432: refuse('name'),
	433: refuse('name'),
	464: refuse('password'),
	902: refuse('secret'),
	904: refuse('secret'),
	465: refuse('ban'),
};

/** What nobody needs to read, or is seen elsewhere. */
const SILENT = /^(?:00.|25.|26.|31[258]|32[19]|333|34[79]|36[689]|37[456]|422|730)$/;

/** The table's text for a numeric, or the server's own. */
export function inWords({ command, params: [, ...params] }) {
	if (SILENT.test(command)) return undefined;
	if (command === '432') params[1] = params[1]?.replace(/^Erroneous nickname: /, '');
	return has(command) ? t(command, params) : params.join(' ');
}
