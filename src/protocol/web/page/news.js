/**
 * What each command of the server does to what is known.
 *
 * Owns the table. Each handler gets the session, the message, and its parameters. Does not know how anything is shown.
 */

import { fold, format, isRoom } from './irc.js';

/** Fields of WHO that we ask for, and the token by which we know the answer (IRCv3 whox). */
const WHO = '%tchnf,7';

const because = (reason) => (reason ? ` (${reason})` : '');

/** A person leaves a room; if it is us, `then` says what becomes of it. */
function goes({ state }, place, nick, then) {
  if (!state.isMe(nick)) return void state.part(place, nick);
  state.empty(place);
  then();
}

/** Signs of ranks after a change. */
function ranked(signs, letters, ranks, sign, letter) {
  const mark = signs[letters.indexOf(letter)];
  const kept = ranks.replace(mark, '') + (sign === '+' ? mark : '');
  return [...kept].sort((a, b) => signs.indexOf(a) - signs.indexOf(b)).join('');
}

/** @type {Record<string, (session: import('./session.js').Session, message: object, ...params: string[]) => void>} */
export const NEWS = {
  '001': (session, message, me, words) => session.enter(me, words),

  '005'(session, message, me, ...tokens) {
    for (const token of tokens) {
      const [, letters, signs] = /^PREFIX=\((.*)\)(.*)$/.exec(token) ?? [];
      if (letters) Object.assign(session, { letters, signs });
      if (token.startsWith('NETWORK=')) session.state.server.name = token.slice(8);
    }
  },

  PING: (session, message, token) => session.send('PONG', [token]),
  PONG() {},
  ACK() {},

  ERROR(session, message, text) {
    session.farewell = text;
  },

  CAP(session, message, me, verb, ...rest) {
    session.negotiate(verb, rest.at(-1), rest[0] === '*');
  },

  BATCH(session, message, name, kind, target) {
    const id = name.slice(1);
    if (name[0] === '+') {
      session.batches.set(id, { kind, target, lines: [], message });
      return;
    }
    const batch = session.batches.get(id);
    session.batches.delete(id);
    if (batch?.kind !== 'draft/multiline' || !batch.lines.length) return;
    const text = batch.lines
      .map(({ tags, params }, at) => (at && !tags.has('draft/multiline-concat') ? '\n' : '') + params[1])
      .join('');
    const kind_ = batch.lines[0].command === 'NOTICE' ? 'notice' : 'message';
    session.said(batch.message, batch.target, text, kind_);
  },

  PRIVMSG: (session, message, to, text) => session.said(message, to, text, 'message'),
  NOTICE: (session, message, to, text) => session.said(message, to, text, 'notice'),
  WALLOPS: (session, message, text) => session.said(message, session.state.me, text, 'notice'),

  REDACT({ state }, message, target, id) {
    const place = state.find(isRoom(target) || state.isMe(message.nick) ? target : message.nick);
    if (place) state.redact(place, id);
  },

  JOIN(session, message, room) {
    const { state } = session;
    const place = state.place(room);
    if (!state.isMe(message.nick)) {
      state.meet(place, { nick: message.nick, host: message.source.split('@')[1], ranks: '', isAway: false });
      session.traffic(place, message, 'joined', `${message.nick} joined`);
      return;
    }
    state.mask = message.source;
    state.empty(place);
    Object.assign(place, { isIn: true, topic: '' });
    session.command(place, 'WHO', [place.name, WHO]);
    if (message.place || state.current === state.server) state.show(place);
  },

  354({ state }, message, me, token, room, host, nick, flags) {
    const place = token === '7' && state.find(room);
    // Of those who left while the list came, nothing was told; those who came are in it.
    if (place?.isIn) state.meet(place, { nick, host, isAway: flags[0] === 'G', ranks: flags.replace(/[^~&@%+]/g, '') });
  },

  PART(session, message, room, reason) {
    const place = session.state.find(room);
    if (!place) return;
    goes(session, place, message.nick, () => session.state.remove(place));
    session.traffic(place, message, 'left', `${message.nick} left${because(reason)}`);
  },

  KICK(session, message, room, nick, reason) {
    const place = session.state.find(room);
    if (!place) return;
    goes(session, place, nick, () => {});
    const whom = session.state.isMe(nick) ? 'you' : nick;
    session.tell(place, 'info', `${message.nick} sent ${whom} out${because(reason === message.nick ? '' : reason)}`);
  },

  QUIT(session, message, reason) {
    for (const place of session.state.roomsOf(message.nick)) {
      session.state.part(place, message.nick);
      session.traffic(place, message, 'left', `${message.nick} quit${because(reason)}`);
    }
  },

  NICK(session, message, nick) {
    const { state } = session;
    const places = state.roomsOf(message.nick);
    state.rename(message.nick, nick);
    for (const place of places) session.traffic(place, message, 'renamed', `${message.nick} is now known as ${nick}`);
    if (!state.isMe(message.nick)) return;
    state.me = nick;
    state.mask = nick + state.mask.slice(state.mask.indexOf('!'));
    session.events.renamed(nick);
  },

  AWAY({ state }, message, text) {
    const person = { nick: message.nick, isAway: text !== undefined };
    for (const place of state.roomsOf(message.nick)) state.meet(place, person);
  },
  305: (session, message) => session.away(message, false),
  306: (session, message) => session.away(message, true),

  TOPIC(session, message, room, text) {
    const place = session.state.find(room);
    if (!place) return;
    session.state.retitle(place, text);
    session.tell(place, 'info', text ? `${message.nick} set the topic: ${text}` : `${message.nick} cleared the topic`);
  },
  332(session, message, me, room, text) {
    const place = session.state.find(room);
    if (!place || place.topic === text) session.answer(message);
    else session.state.retitle(place, text);
  },

  MODE(session, message, room, letters, ...params) {
    const { state } = session;
    const place = state.find(room);
    if (!place) return;
    session.tell(place, 'info', `${message.nick} set ${[letters, ...params].join(' ')}`);
    let sign = '+';
    for (const letter of letters) {
      if (letter === '+' || letter === '-') {
        sign = letter;
        continue;
      }
      const isRank = session.letters.includes(letter);
      const param = isRank || 'beIk'.includes(letter) || (letter === 'l' && sign === '+') ? params.shift() : '';
      const person = isRank && place.people.get(fold(param));
      if (person) state.meet(place, { nick: param, ranks: ranked(session.signs, session.letters, person.ranks, sign, letter) });
    }
  },

  INVITE(session, message, nick, room) {
    const { state } = session;
    if (state.isMe(nick)) session.tell(state.current, 'info', `${message.nick} asks you into ${room}`);
  },

  RENAME(session, message, old, room, reason) {
    const place = session.state.find(old);
    if (!place) return;
    session.state.renamePlace(place, room);
    session.tell(place, 'info', `${message.nick} renamed ${old} to ${room}${because(reason)}`);
  },

  KILL: (session, message, nick, reason) => session.tell(session.state.current, 'error', `${message.nick} ended this: ${reason}`),

  FAIL: (session, message, ...params) => session.tell(session.here(message), 'error', params.at(-1)),
  WARN: (session, message, ...params) => session.tell(session.here(message), 'info', params.at(-1)),
  NOTE: (session, message, ...params) => session.tell(session.here(message), 'info', params.at(-1)),

  321() {},
  322: (session, message, me, name, people, topic) => session.list.push({ name, people: Number(people), topic }),
  323(session) {
    session.events.listed(session.list);
    session.list = [];
  },

  // The name that we wanted is free again (IRCv3 monitor).
  731: (session, message, me, names) => session.reclaim(names.split(',')),

  432: (session, message) => session.refuse('name', message),
  433: (session, message) => session.refuse('name', message),
  464: (session, message) => session.refuse('password', message),
  465: (session, message) => session.refuse('ban', message),
};
