/**
 * What is typed, and what it asks for: `/commands` as telnet has them, IRC's beside.
 *
 * Owns the table of commands and their help. Everything here is a plain function of the line and of where it was typed:
 * it sends nothing and shows nothing. Does not know the connection, nor the page.
 */

/**
 * What a line comes to; one of these is there.
 * @typedef {object} Wish
 * @property {{to: string, text: string, manner: 'message'|'action'|'notice'}} [say]
 * @property {string[][]} [send] lines for the server: command and parameters
 * @property {string} [open] a conversation to be shown
 * @property {'help'|'clear'|'find'|'who'|'close'} [show]
 * @property {string} [quit] with this reason
 * @property {string} [error] what is wrong with the line
 *
 * @typedef {object} Where
 * @property {string} name of the place; empty where nothing can be said
 * @property {boolean} isRoom
 * @property {(nick: string) => string | undefined} hostOf
 * @property {string} me
 */

const named = (room) => (room.startsWith('#') ? room : `#${room}`);
const send = (...lines) => ({ send: lines });

/** Name, arguments (those in brackets may be missing), help, what it asks for, other names. */
const TABLE = [
  ['join', 'ROOM [KEY]', 'enter a room', (w) => send(['JOIN', named(w[0]), ...w.slice(1, 2)]), 'j'],
  ['leave', '[ROOM]', 'leave a room, or this one', leave, 'part close'],
  ['rooms', '', 'which rooms there are', () => ({ show: 'find' }), 'list'],
  ['who', '[ROOM]', 'who is in a room', (w) => (w[0] ? send(['NAMES', named(w[0])]) : { show: 'who' }), 'names'],
  ['msg', 'NICK TEXT', 'say something to one person alone', (w, rest) => said(w[0], rest(1), 'message'), 'm'],
  ['query', 'NICK', 'open a conversation with one person', (w) => ({ open: w[0] })],
  ['me', 'TEXT', 'do something: /me waves', (w, rest, at) => said(at.name, rest(0), 'action')],
  ['notice', 'NICK TEXT', 'say something that no program answers', (w, rest) => said(w[0], rest(1), 'notice')],
  ['nick', 'NAME', 'be known by another name', (w) => send(['NICK', w[0]])],
  ['topic', '[TEXT]', "show the room's topic, or change it (- clears it)", topic],
  ['away', '[TEXT]', 'say that you are away and why, or that you are back', (w, rest) => send(['AWAY', ...some(rest(0))]), 'back'],
  ['invite', 'NICK', 'ask someone into the room', inRoom((w, rest, room) => send(['INVITE', w[0], room]))],
  ['kick', 'NICK [WHY]', 'send someone out of the room', inRoom((w, rest, room) => send(['KICK', room, w[0], ...some(rest(1))]))],
  ['ban', 'NICK|MASK', 'keep someone out of the room', inRoom(ban)],
  ['unban', 'NICK|MASK', 'lift such a ban', inRoom(unban)],
  ['op', 'NICK', 'make someone an operator of the room', rank('+o')],
  ['deop', 'NICK', 'the opposite', rank('-o')],
  ['voice', 'NICK', 'let someone speak where few may', rank('+v')],
  ['devoice', 'NICK', 'the opposite', rank('-v')],
  ['mode', '[CHANGES]', "show the room's modes, or change them: +l 20", inRoom((w, rest, room) => send(['MODE', room, ...w]))],
  ['whois', 'NICK', 'what is known of someone', (w) => send(['WHOIS', w[0]])],
  ['whowas', 'NICK', 'who bore a name before', (w) => send(['WHOWAS', w[0]])],
  ['knock', 'ROOM [TEXT]', 'ask to be let into a room', (w, rest) => send(['KNOCK', named(w[0]), ...some(rest(1))])],
  ['rename', 'ROOM', 'give this room another name', inRoom((w, rest, room) => send(['RENAME', room, named(w[0])]))],
  ['motd', '', "the server's greeting", () => send(['MOTD'])],
  ['oper', 'NAME PASSWORD', 'become an operator of the server', (w) => send(['OPER', w[0], w[1]])],
  ['raw', 'LINE', 'send a line of IRC as it is', (w, rest) => ({ raw: rest(0) }), 'quote'],
  ['clear', '', 'take what was said here off the screen', () => ({ show: 'clear' })],
  ['help', '', 'this list', () => ({ show: 'help' }), 'h ?'],
  ['quit', '[WHY]', 'leave the server', (w, rest) => ({ quit: rest(0) }), 'q exit bye'],
];

const COMMANDS = new Map();
for (const [name, args, help, run, others = ''] of TABLE) {
  const wordsMin = args.replace(/\[.*?\]/g, '').split(' ').filter(Boolean).length;
  for (const word of [name, ...others.split(' ').filter(Boolean)]) COMMANDS.set(word, { name, args, wordsMin, run });
}

/** Rows of help: how it is written, what it does. */
export const help = () => TABLE.map(([name, args, help]) => [`/${name} ${args}`.trim(), help]);

/** All words that may follow a slash. */
export const words = () => [...COMMANDS.keys()];

/** @param {string} line @param {Where} at @returns {Wish} */
export function interpret(line, at) {
  if (!line.startsWith('/') || line.startsWith('//')) {
    const text = line.startsWith('//') ? line.slice(1) : line;
    return at.name ? said(at.name, text, 'message') : { error: 'nobody hears you here; /join a room first' };
  }
  const [, word, tail] = /^\/(\S*)\s*([\s\S]*?)\s*$/.exec(line);
  const command = COMMANDS.get(word.toLowerCase());
  if (!command) return { error: `there is no command /${word}; /help lists them, //${word} says /${word}` };
  const given = tail.split(/\s+/).filter(Boolean);
  if (given.length < command.wordsMin) return { error: `it is written /${command.name} ${command.args}` };
  // What follows so many words, with its spaces.
  const rest = (count) => tail.replace(new RegExp(`^(?:\\S+\\s+){${count}}`), '');
  return command.run(given, rest, at);
}

function some(text) {
  return text ? [text] : [];
}

function said(to, text, manner) {
  return to ? { say: { to, text, manner } } : { error: 'nobody hears you here; /join a room first' };
}

function inRoom(run) {
  return (words, rest, at) => (at.isRoom ? run(words, rest, at.name, at) : { error: 'this is for rooms' });
}

function rank(letters) {
  return inRoom((words, rest, room) => send(['MODE', room, letters, words[0]]));
}

function leave(words, rest, at) {
  if (words[0]) return send(['PART', named(words[0])]);
  return at.isRoom ? send(['PART', at.name]) : { show: 'close' };
}

function topic(words, rest, at) {
  if (!at.isRoom) return { error: 'this is for rooms' };
  const text = rest(0);
  return send(['TOPIC', at.name, ...(text === '-' ? [''] : some(text))]);
}

/** Of someone who is here their host is banned, so that another name is no way around it; but never our own host. */
function ban([typed], rest, room, at) {
  const host = at.hostOf(typed);
  const isOurs = host === at.hostOf(at.me);
  return send(['MODE', room, '+b', host && !isOurs ? `*!*@${host}` : typed]);
}

function unban([typed], rest, room, at) {
  const host = at.hostOf(typed);
  return send(host ? ['MODE', room, '-bb', typed, `*!*@${host}`] : ['MODE', room, '-b', typed]);
}
