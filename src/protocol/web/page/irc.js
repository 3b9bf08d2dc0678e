/**
 * Lines of IRC: taken apart, and put together.
 *
 * Owns the grammar of "Modern IRC" with IRCv3's tags, how long a line may be, and how names are compared. Does not know
 * what any command means, nor where lines come from.
 */

/** Bytes of a line with its end, tags not counted (RFC 1459, section 2.3). */
const LINE_BYTES_MAX = 512;

const UNESCAPED = { ':': ';', s: ' ', '\\': '\\', r: '\r', n: '\n' };

/**
 * @typedef {object} Message
 * @property {Map<string, string>} tags
 * @property {string} source  who sent it, `nick!user@host` or a server; empty if not said
 * @property {string} nick    the first part of the source
 * @property {string} command in capitals
 * @property {string[]} params
 */

/** @returns {Message} */
export function parse(line) {
  const tags = new Map();
  let rest = line.replace(/[\r\n]+$/, '');
  const word = () => {
    const end = rest.indexOf(' ');
    const found = end < 0 ? rest : rest.slice(0, end);
    rest = end < 0 ? '' : rest.slice(end).replace(/^ +/, '');
    return found;
  };
  if (rest.startsWith('@')) {
    for (const tag of word().slice(1).split(';')) {
      const [name, ...value] = tag.split('=');
      // A backslash at the very end stands for nothing.
      const text = value.join('=').replace(/\\(.?)/g, (_, c) => UNESCAPED[c] ?? c);
      if (name) tags.set(name, text);
    }
  }
  const source = rest.startsWith(':') ? word().slice(1) : '';
  const command = word().toUpperCase();
  const params = [];
  while (rest) {
    if (rest.startsWith(':')) {
      params.push(rest.slice(1));
      break;
    }
    params.push(word());
  }
  return { tags, source, nick: source.split('!')[0], command, params };
}

/** What separates lines, or would end one early. */
const BREAKS = /[\r\n\0]/g;

/**
 * Puts a line together. Only the last parameter may have spaces, be empty or begin with a colon.
 * @param {string} command
 * @param {string[]} params
 * @param {Record<string, string>} [tags]
 */
export function format(command, params = [], tags = {}) {
  const escaped = (text) =>
    text.replace(/[;\s\\]/g, (c) => ({ ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' })[c] ?? c);
  const tagged = Object.entries(tags).map(([name, text]) => (text ? `${name}=${escaped(text)}` : name));
  const words = params.map((param, at) => {
    const clean = String(param).replace(BREAKS, ' ');
    const isLast = at === params.length - 1;
    return isLast && (clean === '' || clean.startsWith(':') || clean.includes(' ')) ? `:${clean}` : clean;
  });
  const head = tagged.length ? [`@${tagged.join(';')}`] : [];
  return [...head, command, ...words].join(' ');
}

/** The form in which names are compared (a server folds by RFC 8265; this is the part of it that browsers know). */
export function fold(name) {
  return name.normalize('NFC').toLowerCase();
}

export const isRoom = (name) => name.startsWith('#');

const encoder = new TextEncoder();

/** Bytes of a text in UTF-8. */
export const bytesOf = (text) => encoder.encode(text).length;

/**
 * Bytes of text that fit into a line as others get it, `:mask PRIVMSG target :text`.
 * @param {string} mask our own `nick!user@host`
 */
export function roomForText(mask, target) {
  return LINE_BYTES_MAX - 2 - bytesOf(`:${mask} PRIVMSG ${target} :`);
}

/** Cuts a text into pieces of at most so many bytes: between words if that can be, never within a character. */
export function cut(text, bytes) {
  const pieces = [];
  let rest = text;
  while (bytesOf(rest) > bytes) {
    let end = 0;
    let size = 0;
    for (const character of rest) {
      size += bytesOf(character);
      if (size > bytes) break;
      end += character.length;
    }
    if (end === 0) break;
    const space = rest.lastIndexOf(' ', end - 1);
    // The space stays with what stands before it: joined again, the text is what it was.
    if (space > end / 2) end = space + 1;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  pieces.push(rest);
  return pieces;
}
