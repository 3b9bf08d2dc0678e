/**
 * What is typed, and what it asks for: `/commands` as telnet has them, IRC's beside. Owns the table and its help.
 * Plain functions of the line and of where it was typed: nothing is sent or shown here.
 */

/**
 * What a line comes to; one of these is there.
 * @typedef {object} Wish
 * @property {{to: string, text: string, isAction?: boolean}} [say]
 * @property {string[]} [send] a command for the server, and its parameters
 * @property {string} [raw] the same as one line
 * @property {string} [open] a conversation to be shown
 * @property {'help'|'find'|'close'|'undo'} [show]
 * @property {string} [quit] why
 * @property {string} [error] what is wrong with the line
 *
 * @typedef {object} Where
 * @property {string} name empty where nothing can be said
 * @property {boolean} isRoom
 * @property {string} me
 * @property {(nick: string) => string | undefined} hostOf
 */

const named = (room) => (room.startsWith('#') ? room : `#${room}`);
const some = (text) => (text ? [text] : []);
const say = (to, text, isAction) => (to ? { say: { to, text, isAction } } : { error: 'nobody hears you here; /join a room first' });
const inRoom = (run) => (at, ...given) => (at.isRoom ? run(at, ...given) : { error: 'this is for rooms' });
const mode = (letters) => inRoom((at, nick) => ({ send: ['MODE', at.name, letters, nick] }));

/** Of someone who is here the host is banned, so that another name is no way around it; but never our own host. */
function ban(at, typed) {
	const host = at.hostOf(typed);
	return { send: ['MODE', at.name, '+b', host && host !== at.hostOf(at.me) ? `*!*@${host}` : typed] };
}

function leave(at, room) {
	if (room || at.isRoom) return { send: ['PART', room ? named(room) : at.name] };
	return { show: 'close' };
}

/**
 * Name, arguments (those in brackets may be missing), help, what it asks for, other names. The last argument is the rest
 * of the line.
 */
const TABLE = [
	['join', 'ROOM [KEY]', 'enter a room', (at, room, key) => ({ send: ['JOIN', named(room), ...some(key)] }), 'j'],
	['leave', '[ROOM]', 'leave a room, or this one', leave, 'part'],
	['rooms', '', 'which rooms there are', () => ({ show: 'find' }), 'list'],
	['who', '[ROOM]', 'who is in a room', (at, room) => ({ send: ['NAMES', room ? named(room) : at.name] }), 'names'],
	['msg', 'NICK [TEXT]', 'say something to one person alone', (at, nick, text) => (text ? say(nick, text) : { open: nick }), 'm query'],
	['me', 'TEXT', 'do something: /me waves', (at, text) => say(at.name, text, true)],
	['nick', 'NAME', 'be known by another name', (at, name) => ({ send: ['NICK', name] })],
	['topic', '[TEXT]', 'show or set the topic; - clears it', inRoom((at, text) => ({ send: ['TOPIC', at.name, ...(text === '-' ? [''] : some(text))] }))],
	['away', '[TEXT]', 'say that you are away, or back', (at, text) => ({ send: ['AWAY', ...some(text)] }), 'back'],
	['invite', 'NICK', 'ask someone into the room', inRoom((at, nick) => ({ send: ['INVITE', nick, at.name] }))],
	['kick', 'NICK [WHY]', 'send someone out of the room', inRoom((at, nick, why) => ({ send: ['KICK', at.name, nick, ...some(why)] }))],
	['ban', 'NICK|MASK', 'keep someone out of the room', inRoom(ban)],
	['unban', 'NICK|MASK', 'lift that', inRoom((at, typed) => ({ send: ['MODE', at.name, '-bb', typed, `*!*@${at.hostOf(typed) ?? typed}`] }))],
	['op', 'NICK', 'make someone an operator of the room', mode('+o')],
	['deop', 'NICK', 'the opposite', mode('-o')],
	['voice', 'NICK', 'let someone speak where few may', mode('+v')],
	['devoice', 'NICK', 'the opposite', mode('-v')],
	['mode', '[CHANGES]', "show or change the room's modes: +l 20", inRoom((at, changes) => ({ raw: `MODE ${at.name} ${changes}` }))],
	['undo', '', 'take your last message back', () => ({ show: 'undo' })],
	['help', '', 'this list', () => ({ show: 'help' }), 'h ?'],
	['quit', '[WHY]', 'leave the server', (at, why) => ({ quit: why }), 'q exit bye'],
	['raw', 'LINE', 'send a line of IRC as it is; so do /whois, /knock, /rename, /oper and others', (at, line) => ({ raw: line }), 'quote'],
];

/** Commands of IRC that go to the server as they are. */
const AS_THEY_ARE = /^(?:admin|info|kill|kline|knock|links|lusers|monitor|motd|notice|oper|redact|rehash|rename|setname|stats|time|unkline|version|wallops|whois|whowas)$/i;

const COMMANDS = new Map(TABLE.flatMap((row) => `${row[0]} ${row[4] ?? ''}`.trim().split(' ').map((word) => [word, row])));

/** Rows of help: how it is written, what it does. */
export const help = () => TABLE.map(([name, args, text]) => [`/${name} ${args}`, text]);

/** All words that may follow a slash. */
export const words = () => [...COMMANDS.keys()];

/** @param {string} line @param {Where} at @returns {Wish} */
export function interpret(line, at) {
	if (!/^\/(?!\/)/.test(line)) return say(at.name, line.replace(/^\/\//, '/'));
	const [, word, rest] = /^\/(\S*)\s*([^]*?)\s*$/.exec(line);
	if (AS_THEY_ARE.test(word)) return { raw: `${word} ${rest}` };
	const [name, args, , run] = COMMANDS.get(word.toLowerCase()) ?? [];
	if (!run) return { error: `there is no command /${word}; /help lists them, //${word} says /${word}` };
	const [, first, after] = /^(\S*)\s*([^]*)/.exec(rest);
	const isPair = args.includes(' ');
	const needed = args.replace(/ ?\[.*/, '').split(' ').filter(Boolean).length;
	if ([first, after].filter(Boolean).length < needed) return { error: `it is written /${name} ${args}` };
	return isPair ? run(at, first, after) : run(at, rest);
}
