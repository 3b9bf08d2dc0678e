/**
 * Whether a text mentions a name. The rule, for every client, is in docs/NAMES.md, and its examples are in
 * tests/browser/mentions.txt. It needs no dictionary: only the script of a letter.
 */

import { fold } from './irc.js';
import { plain } from './text.js';

/** Scripts that are told apart from all others. */
const SCRIPTS = ['Han', 'Hangul', 'Hiragana', 'Katakana', 'Khmer', 'Lao', 'Myanmar', 'Thai'];

/** Those in which particles stand right behind a name. */
const ATTACHING = ['Hangul', 'Hiragana'];

/** Those that put no space between words. */
const UNSPACED = ['Han', 'Khmer', 'Lao', 'Myanmar', 'Thai'];

const LETTER = /(?![\p{M}\p{N}])\p{Alphabetic}/u;
const TAIL = /[\p{M}\p{N}_]/u;
const OF_SCRIPT = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'u')]);

/** A script of the list, 'other' letters, a 'tail' (mark, number, `_`) that belongs to its neighbour; or no part of a word. */
function kind(character) {
	if (TAIL.test(character)) return 'tail';
	if (!LETTER.test(character)) return undefined;
	return OF_SCRIPT.find(([, pattern]) => pattern.test(character))?.[0] ?? 'other';
}

/** Whether a name that begins or ends with `inner` may stand beside `outer`. */
function isApart(outer, inner, open) {
	const beside = kind(outer);
	if (!beside) return true;
	const own = LETTER.test(inner) ? kind(inner) : 'other';
	return beside !== 'tail' && (beside !== own || open.includes(own));
}

/** The last character, without the marks on it. */
const last = (text) => [...text.slice(-40)].findLast((character) => !/\p{M}/u.test(character)) ?? '';

export function mentions(text, nick) {
	const [all, name] = [fold(plain(text)), fold(nick)];
	// One character alone is too often part of another word.
	const [before, behind] = [...name].length > 1 ? [UNSPACED, [...UNSPACED, ...ATTACHING]] : [[], []];
	for (let at = all.indexOf(name); name && at >= 0; at = all.indexOf(name, at + 1)) {
		const [first] = name;
		const [next = ''] = all.slice(at + name.length);
		if (isApart(last(all.slice(0, at)), first, before) && isApart(next, last(name), behind)) return true;
	}
	return false;
}
