/**
 * What is typed, and the wish it comes to: to `say` something, to `send` a command, to `open` a conversation, to
 * `show` something of the page, to `quit`, or an `error`. Nothing is sent here.
 */

import { parse } from './irc.js';

const named = (room) => room.replace(/^#?/, '#');
const OUTSIDE = { error: 'this is for a room that you are in' };
const some = (text) => (text ? [text] : []);
const say = (to, text, isAction) => (to ? { say: { to, text, isAction } } : { error: 'nobody hears you here; /join a room' });
const here = (lines) => (at, ...given) => (at.isRoom ? { send: lines(at.name, ...given) } : OUTSIDE);
const asItIs = (line) => ({ send: [parse(line).command, ...parse(line).params] });
const mode = (letters) => here((room, nick) => ['MODE', room, letters, nick]);

/** Name, arguments (in brackets: may be missing), help, wish, other names. The last argument is the rest of the line. */
const TABLE = [
	['join', 'ROOM [KEY]', 'enter a room', (at, room, key) => (key ? { send: ['JOIN', named(room), key] } : { open: named(room) }), 'j'],
	['leave', '[ROOM]', 'leave a room, or this one', (at, room) => (room || at.isRoom ? { send: ['PART', named(room || at.name)] } : { show: 'close' }), 'part'],
	['rooms', '', 'which rooms there are', () => ({ show: 'find' }), 'list'],
	['who', '[ROOM]', 'who is in a room', (at, room) => (room || at.isRoom ? { send: ['NAMES', named(room || at.name)] } : OUTSIDE), 'names'],
	['msg', 'NICK [TEXT]', 'say something to one person alone', (at, nick, text) => (text ? say(nick, text) : { open: nick }), 'm query'],
	['me', 'TEXT', 'do something: /me waves', (at, text) => say(at.name, text, true)],
	['nick', 'NAME', 'be known by another name', (at, name) => ({ send: ['NICK', name] })],
	['topic', '[TEXT]', 'show or set the topic; - clears it', here((room, text) => ['TOPIC', room, ...(text === '-' ? [''] : some(text))])],
	['away', '[TEXT]', 'say that you are away, or back', (at, text) => ({ send: ['AWAY', ...some(text)] }), 'back'],
	['invite', 'NICK', 'ask someone into the room', here((room, nick) => ['INVITE', nick, room])],
	['kick', 'NICK [WHY]', 'send someone out of the room', here((room, nick, why) => ['KICK', room, nick, ...some(why)])],
	['ban', 'NICK|MASK', 'keep someone out: nick!user@host', mode('+b')],
	['unban', 'NICK|MASK', 'lift that', mode('-b')],
	['op', 'NICK', 'make someone an operator of the room', mode('+o')],
	['deop', 'NICK', 'the opposite', mode('-o')],
	['voice', 'NICK', 'let someone speak where few may', mode('+v')],
	['mode', '[CHANGES]', "show or change the room's modes: +l 20", here((room, changes) => ['MODE', room, ...changes.split(/\s+/).filter(Boolean)])],
	['help', '', 'this list', () => ({ show: 'help' }), 'h ?'],
	['quit', '[WHY]', 'leave the server', (at, why) => ({ quit: why }), 'q exit bye'],
	['raw', 'LINE', 'a line of IRC; so are /whois, /notice, /knock, /motd, /oper', (at, line) => asItIs(line), 'quote'],
];
const AS_IT_IS = /^(?:knock|motd|notice|oper|rename|whois)$/i;
const COMMANDS = new Map(TABLE.flatMap((row) => `${row[0]} ${row[4] ?? ''}`.trim().split(' ').map((word) => [word, row])));

export const help = () => TABLE.map(([name, args, text]) => [`/${name} ${args}`, text]);

export const words = () => [...COMMANDS.keys()];

/** @param {{name: string, isRoom: boolean}} at where it is typed; no name where nobody hears */
export function interpret(line, at) {
	if (!/^\/(?!\/)/.test(line)) return say(at.name, line.replace(/^\/\//, '/'));
	const [, word, rest] = /^\/(\S*)\s*([^]*?)\s*$/.exec(line);
	if (AS_IT_IS.test(word)) return asItIs(line.slice(1));
	const [name, args, , wish] = COMMANDS.get(word.toLowerCase()) ?? [];
	if (!wish) return { error: `there is no command /${word}; /help lists them, //${word} says /${word}` };
	const [, first, after] = /^(\S*)\s*([^]*)/.exec(rest);
	if (!first && /^[^[]/.test(args)) return { error: `it is written /${name} ${args}` };
	return args.includes(' ') ? wish(at, first, after) : wish(at, rest);
}
