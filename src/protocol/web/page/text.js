/** What others wrote, made ready to be shown: what counts as a link, and which colour a name has. */

import { fold } from './irc.js';

/** Anything else (javascript:, data:) stays text. */
const SCHEMES = ['http:', 'https:', 'irc:', 'ircs:'];
const LINKS = /\b(?:https?|ircs?):\/\/[^\s<>"]+|(?<=^|[\s(])#\p{L}[\p{L}\p{M}\p{N}_.-]*/giu;

/** IRC's codes of colour and manner, controls, and overrides of direction. */
const UNSEEN = /\x03(?:\d\d?(?:,\d\d?)?)?|\x04(?:[\da-f]{6})?|[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/gi;

export const plain = (text) => text.replace(UNSEEN, '');

/** Runs of text; an `href` is safe to follow, a `room` can be entered. */
export function runs(text) {
	const found = [];
	const all = plain(text);
	let at = 0;
	for (const { 0: match, index } of all.matchAll(LINKS)) {
		const link = trimmed(match);
		const target = link.startsWith('#') ? { room: link } : { href: safe(link) };
		if (!target.room && !target.href) continue;
		if (index > at) found.push({ text: all.slice(at, index) });
		found.push({ text: link, ...target });
		at = index + link.length;
	}
	if (at < all.length) found.push({ text: all.slice(at) });
	return found;
}

/** Without what more likely belongs to the sentence: a full stop, a bracket that was opened before the link. */
function trimmed(link) {
	const last = link.at(-1);
	const isOutside = last === ')' && link.split(')').length > link.split('(').length;
	return isOutside || '.,;:!?\'"]}*'.includes(last) ? trimmed(link.slice(0, -1)) : link;
}

/** The link as the browser would follow it, or undefined. */
export function safe(link) {
	const url = URL.canParse(link) && new URL(link);
	return url && SCHEMES.includes(url.protocol) ? url.href : undefined;
}

export const colour = (nick) => [...fold(nick)].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 65521, 7) % 8;
