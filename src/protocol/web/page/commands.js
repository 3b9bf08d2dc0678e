/**
 * What is typed, and the wish it comes to: to `say` something, to `send` a command, to `open` a conversation, to
 * `show` something of the page, to `quit`, or an `error`. Nothing is sent here.
 */

import { parse } from './irc.js';
import { t } from './language.js';

const named = (room) => room.replace(/^#?/, '#');
const OUTSIDE = { error: t('rooms_only') };
const some = (text) => (text ? [text] : []);
const say = (to, text, isAction) => (to ? { say: { to, text, isAction } } : { error: t('nobody_hears') });
const here = (lines) => (at, ...given) => (at.isRoom ? { send: lines(at.name, ...given) } : OUTSIDE);
const asItIs = (line) => ({ send: [parse(line).command, ...parse(line).params] });
const mode = (letters) => here((room, nick) => ['MODE', room, letters, nick]);

/** Name, arguments (in brackets: may be missing), wish, other names. The last argument is the rest of the line. */
const TABLE = [
	['join', 'ROOM [KEY]', (at, room, key) => (key ? { send: ['JOIN', named(room), key] } : { open: named(room) }), 'j'],
	['leave', '[ROOM]', (at, room) => (room || at.isRoom ? { send: ['PART', named(room || at.name)] } : { show: 'close' }), 'part'],
	['rooms', '', () => ({ show: 'find' }), 'list'],
	['who', '[ROOM]', (at, room) => (room || at.isRoom ? { send: ['NAMES', named(room || at.name)] } : OUTSIDE), 'names'],
	['msg', 'NICK [TEXT]', (at, nick, text) => (text ? say(nick, text) : { open: nick }), 'm query'],
	['me', 'TEXT', (at, text) => say(at.name, text, true)],
	['nick', 'NAME', (at, name) => ({ send: ['NICK', name] })],
	['topic', '[TEXT]', here((room, text) => ['TOPIC', room, ...(text === '-' ? [''] : some(text))])],
	['away', '[TEXT]', (at, text) => ({ send: ['AWAY', ...some(text)] }), 'back'],
	['invite', 'NICK', here((room, nick) => ['INVITE', nick, room])],
	['kick', 'NICK [WHY]', here((room, nick, why) => ['KICK', room, nick, ...some(why)])],
	['ban', 'NICK|MASK', mode('+b')],
	['unban', 'NICK|MASK', mode('-b')],
	['op', 'NICK', mode('+o')],
	['deop', 'NICK', mode('-o')],
	['voice', 'NICK', mode('+v')],
	['mode', '[CHANGES]', here((room, changes) => ['MODE', room, ...changes.split(/\s+/).filter(Boolean)])],
	['whois', 'NICK', (at, nick) => ({ send: ['WHOIS', nick] })],
	['account', '', () => ({ show: 'account' }), 'register login logout'],
	['help', '', () => ({ show: 'help' }), 'h ?'],
	['quit', '[WHY]', (at, why) => ({ quit: why }), 'q exit bye'],
	['raw', 'LINE', (at, line) => asItIs(line), 'quote'],
];
const AS_IT_IS = /^(?:knock|motd|notice|oper|rename)$/i;
const COMMANDS = new Map(TABLE.flatMap((row) => `${row[0]} ${row[3] ?? ''}`.trim().split(' ').map((word) => [word, row])));

/** Arguments in the page's language. */
const shown = (args) => args.replace(/[A-Z]+/g, (word) => t(word));

export const help = () => TABLE.map(([name, args]) => [`/${name} ${shown(args)}`, t(`help_${name}`)]);

export const words = () => [...COMMANDS.keys()];

/** @param {{name: string, isRoom: boolean}} at where it is typed; no name where nobody hears */
export function interpret(line, at) {
	if (!/^\/(?!\/)/.test(line)) return say(at.name, line.replace(/^\/\//, '/'));
	const [, word, rest] = /^\/(\S*)\s*([^]*?)\s*$/.exec(line);
	if (AS_IT_IS.test(word)) return asItIs(line.slice(1));
	const [name, args, wish] = COMMANDS.get(word.toLowerCase()) ?? [];
	if (!wish) return { error: t('no_command', { word }) };
	const [, first, after] = /^(\S*)\s*([^]*)/.exec(rest);
	if (!first && /^[^[]/.test(args)) return { error: t('written', { name, args: shown(args) }) };
	return args.includes(' ') ? wish(at, first, after) : wish(at, rest);
}
