/**
 * What others wrote, made ready to be shown: runs of plain text with their manner and, at most, a link.
 *
 * Owns what counts as a link, IRC's formatting codes, mentions, and which colour a name has. Nothing here makes markup:
 * the caller turns each run into a text node. Does not know the page.
 */

import { fold } from './irc.js';

/** What may be clicked. Anything else (javascript:, data:, file:) stays text. */
const SCHEMES = new Set(['http:', 'https:', 'irc:', 'ircs:']);

const LINKS = /\b(?:https?|ircs?):\/\/[^\s<>"\p{Cc}]+|(?<=^|[\s(])#[\p{L}][\p{L}\p{M}\p{N}_.-]*/giu;

/** Bold, italic, underlined, struck, monospace; what is between them: colours (taken out), reverse, reset. */
const CODES = /[\x02\x1d\x1f\x1e\x11\x16\x0f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?/gi;
const MANNERS = { '\x02': 'b', '\x1d': 'i', '\x1f': 'u', '\x1e': 's', '\x11': 'code' };

/** Everything that would not show, or would change how the rest shows: controls and overrides of direction. */
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/g;

/**
 * @typedef {object} Run
 * @property {string} text
 * @property {string[]} manners elements that say how: b, i, u, s, code
 * @property {string} [href] a link that is safe to follow
 * @property {string} [room] a room's name, to be entered
 */

/** @returns {Run[]} */
export function runs(text) {
  const found = [];
  const manners = new Set();
  let at = 0;
  const take = (end) => {
    if (end > at) found.push(...linked(text.slice(at, end), [...manners]));
  };
  for (const code of text.matchAll(CODES)) {
    take(code.index);
    at = code.index + code[0].length;
    const manner = MANNERS[code[0]];
    if (code[0] === '\x0f') manners.clear();
    else if (manner && !manners.delete(manner)) manners.add(manner);
  }
  take(text.length);
  return found;
}

/** A text without codes and without what is not seen. */
export const plain = (text) => text.replace(CODES, '').replace(UNSEEN, '');

/** @returns {Run[]} */
function linked(part, manners) {
  const text = part.replace(UNSEEN, '');
  const found = [];
  let at = 0;
  for (const match of text.matchAll(LINKS)) {
    const link = trimmed(match[0]);
    const target = link.startsWith('#') ? { room: link } : { href: safe(link) };
    if (!target.room && !target.href) continue;
    if (match.index > at) found.push({ text: text.slice(at, match.index), manners });
    found.push({ text: link, manners, ...target });
    at = match.index + link.length;
  }
  if (at < text.length) found.push({ text: text.slice(at), manners });
  return found;
}

/** Without what more likely belongs to the sentence: full stops, and a bracket that was opened before the link. */
function trimmed(link) {
  let end = link.length;
  for (;;) {
    const last = link[end - 1];
    const kept = link.slice(0, end);
    const isUnopened = last === ')' && kept.split(')').length > kept.split('(').length;
    if (!isUnopened && !'.,;:!?\'"]}*_'.includes(last)) return kept;
    end -= 1;
  }
}

/** The link as the browser would follow it, or undefined. */
export function safe(link) {
  try {
    const url = new URL(link);
    return SCHEMES.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text calls someone by name, as a word of its own. */
export function mentions(text, nick) {
  if (!nick) return false;
  const name = fold(nick).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const part = '[\\p{L}\\p{M}\\p{N}_]';
  return new RegExp(`(?<!${part})${name}(?!${part})`, 'u').test(fold(plain(text)));
}

/** Colours of names, in madang.css. */
export const COLOURS = 8;

/** Which of them is someone's: the same everywhere and always. */
export function colour(nick) {
  let sum = 7;
  for (const character of fold(nick)) sum = (sum * 31 + character.codePointAt(0)) % 65521;
  return sum % COLOURS;
}
