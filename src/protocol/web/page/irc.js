/** Lines of IRC, with IRCv3's tags: taken apart, put together, measured. Does not know what any command means. */

/** Without its end and its tags. */
const LINE_BYTES_MAX = 510;

const ESCAPES = { ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' };
const UNESCAPED = { ':': ';', s: ' ', '\\': '\\', r: '\r', n: '\n' };

export function parse(line) {
	const [, tagged = '', source = '', command, rest = ''] =
		/^(?:@(\S*) +)?(?::(\S*) +)?(\S*) *([^\r\n]*)/.exec(line);
	const tags = new Map();
	for (const tag of tagged.split(';').filter(Boolean)) {
		const [, name, text] = /^([^=]*)=?([^]*)/.exec(tag);
		// A backslash at the very end stands for nothing.
		tags.set(name, text.replace(/\\(.?)/g, (_, c) => UNESCAPED[c] ?? c));
	}
	const [, middle, trailing] = /^((?:(?!:)\S+(?: +|$))*)(?::([^]*))?/.exec(rest);
	const params = middle.split(' ').filter(Boolean);
	if (trailing !== undefined) params.push(trailing);
	return { tags, source, nick: source.split('!')[0], command: command.toUpperCase(), params };
}

/** Only the last parameter may have spaces, be empty, or begin with a colon. */
export function format(command, params = [], tags = {}) {
	const escaped = (text) => text.replace(/[; \\\r\n]/g, (c) => ESCAPES[c]);
	const head = Object.entries(tags).map(([name, text]) => (text ? `${name}=${escaped(text)}` : name)).join(';');
	// What would end the line early is no part of a text.
	const words = params.map((param) => String(param).replace(/[\r\n\0]/g, ' '));
	if (/^(?::|$)| /.test(words.at(-1) ?? 'none')) words.push(`:${words.pop()}`);
	return [...(head ? [`@${head}`] : []), command, ...words].join(' ');
}

/** How names are compared: docs/NAMES.md. */
export const fold = (name) =>
	name.normalize('NFC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC');

/** Signs of ranks and letters of their modes, highest first. */
export const RANKS = '~&@%+';
export const RANK_LETTERS = 'qaohv';

export const isRoom = (name) => name.startsWith('#');

export const bytesOf = (text) => new TextEncoder().encode(text).length;

/** Bytes of text that fit into a line as others get it; `mask` is our own `nick!user@host`. */
export const roomForText = (mask, to) => LINE_BYTES_MAX - bytesOf(`:${mask} PRIVMSG ${to} :`);

/** Pieces of so many bytes, cut between words if that can be; joined, they are the text again. */
export function cut(text, bytes) {
	if (bytesOf(text) <= bytes) return [text];
	let end = 0;
	let size = 0;
	for (const character of text) {
		size += bytesOf(character);
		if (size > bytes && end) break;
		end += character.length;
	}
	const space = text.lastIndexOf(' ', end - 1);
	if (space > end / 2) end = space + 1;
	return [text.slice(0, end), ...cut(text.slice(end), bytes)];
}
