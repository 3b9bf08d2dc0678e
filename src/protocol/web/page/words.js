/**
 * The server's numbered answers, in words.
 *
 * Owns only words: nothing is known or changed here. A number that is not listed is shown as the server put it.
 */

/** By number, with the parameters behind our name. */
const WORDS = {
  301: (nick, why) => `${nick} is away: ${why}`,
  311: (nick, user, host, star, name) => `${nick} is ${user}@${host}, ${name}`,
  317: (nick, idle, since) => `${nick} spoke ${span(idle)} ago, and came ${new Date(since * 1000).toLocaleString()}`,
  319: (nick, rooms) => `${nick} is in ${rooms}`,
  324: (room, ...modes) => `${room} has ${modes.join(' ')}`,
  341: (nick, room) => `${nick} is asked into ${room}`,
  353: (sign, room, names) => `in ${room}: ${names}`,
  367: (room, mask, by) => `${mask} is kept out of ${room} by ${by.split('!')[0]}`,
  372: (text) => text.replace(/^- /, ''),
  401: (name) => `${name} is not here`,
  403: (name) => `there is no room ${name}`,
  404: (room, why) => `${room}: ${why.replace('Cannot send to channel', 'this was not sent')}`,
  417: () => 'that is too long',
  421: (command) => `the server knows no command ${command}`,
  432: (name) => `${name} cannot be a name: letters and digits of any script, 30 at most, and no spaces`,
  433: (name) => `${name} is taken, or looks like a name that is`,
  471: (room) => `${room} is full`,
  473: (room) => `${room} is for the invited; /knock ${room} asks for that`,
  474: (room) => `you may not enter ${room}`,
  475: (room) => `${room} needs a key: /join ${room} KEY`,
  476: (room) => `${room} cannot be a room's name, or looks like one that is there`,
  482: (room, why) => `${room}: you may not do that (${why.replace(/.*\(|\).*/g, '')})`,
};

/** What nobody needs to read: heads and ends of lists, and what is seen elsewhere. */
const SILENT = /^(?:00[2-4]|25[1-5]|26[56]|312|315|318|323|329|333|347|349|366|368|369|374|375|376|422|706|73\d)$/;

/**
 * @param {string} number
 * @param {string[]} params behind our name
 * @returns {{kind: 'info'|'error', text: string} | undefined}
 */
export function inWords(number, params) {
  if (SILENT.test(number)) return undefined;
  const last = params.at(-1);
  const asItIs = params.length > 1 ? `${params.slice(0, -1).join(' ')}: ${last}` : last;
  const isError = /^[45]|^696|^9/.test(number);
  return { kind: isError ? 'error' : 'info', text: WORDS[number]?.(...params) ?? asItIs };
}

function span(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}
