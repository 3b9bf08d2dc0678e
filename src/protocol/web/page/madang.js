/**
 * The page of madang: where its parts meet.
 *
 *     connection.js  a WebSocket, and patience            state.js     what is known
 *     session.js     IRC: coming in, saying, answers      view.js      rooms, people, dialogs
 *     news.js        what the server's commands mean      log.js       what was said
 *     commands.js    what is typed                        compose.js   where it is typed
 *     irc.js, words.js, text.js, dom.js  lines, numbers, texts, elements      corner.js  the server's state
 *
 * Owns what happens when: coming in, losing the connection, leaving; what is remembered in the browser; shortcuts.
 */

import { interpret, words } from './commands.js';
import { Compose } from './compose.js';
import { Connection } from './connection.js';
import { watch } from './corner.js';
import { $ } from './dom.js';
import { fold, isRoom } from './irc.js';
import { Log } from './log.js';
import { Session } from './session.js';
import { State } from './state.js';
import { plain } from './text.js';
import { View } from './view.js';

const store = (kind, name, value) => {
  try {
    if (value === undefined) return kind.getItem(`madang.${name}`) ?? '';
    kind.setItem(`madang.${name}`, value);
  } catch {
    // A browser may keep nothing; then nothing is remembered.
  }
  return '';
};
const remember = (name, value) => store(localStorage, name, value);
/** For this tab, as long as it is open. */
const keep = (name, value) => store(sessionStorage, name, value);

const state = new State();
const url = new URL('ws', location.href);
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
url.search = url.hash = '';

const connection = new Connection(url.href, {
  opened: () => session.begin(),
  heard: (line) => session.hear(line),
  question: () => 'PING :here',
  lost,
});
const session = new Session(state, {
  send: (line) => connection.send(line),
  doubt: () => connection.probe(),
  listed: (rooms) => view.find(rooms),
  entered,
  refused,
  renamed: (nick) => remember('name', nick),
  called,
});
const go = (name) => {
  view.drawer();
  if (state.find(name)?.isIn || !isRoom(name)) state.show(state.place(name));
  else session.command(state.current, 'JOIN', [name]);
};
const view = new View(state, { show: (place) => { view.drawer(); state.show(place); }, go, signs: () => session.signs });
const log = new Log(go);
const compose = new Compose($('words'), typed, candidates);

state.listener = (what, place, item) => {
  if (what === 'item' && place === state.current) log.add(item);
  if (what === 'change' && place === state.current) log.change(item);
  if (what === 'current') {
    if (drafted !== state.current) {
      drafted.draft = compose.text;
      compose.text = state.current.draft;
      drafted = state.current;
    }
    log.show(state.current);
    if (isRoom(state.current.name)) history.replaceState(null, '', state.current.name);
    if (matchMedia('(hover: hover)').matches) $('words').focus();
  }
  if (what === 'places' && session.isIn) keep('rooms', state.rooms().map((room) => room.name).join(' '));
  view.mark(what);
};
/** The place that the draft in the field is for. */
let drafted = state.current;

/** Coming in. */

const goal = () => {
  const asked = decodeURIComponent(location.hash.slice(1)) || new URLSearchParams(location.search).get('room') || 'lobby';
  return `#${asked.replace(/^#|[\s,].*/g, '')}`;
};

function enter(nick, rooms) {
  const password = $('password').value || keep('password');
  session.want({ nick, password, rooms });
  if (connection.isOpen && !session.farewell) session.retry(nick);
  else connection.open();
  $('refusal').textContent = 'Calling the server …';
}

function entered() {
  const password = $('password').value;
  if (password) keep('password', password);
  connection.settle();
  remember('name', state.me);
  keep('isIn', 'yes');
  $('app').hidden = false;
  $('entry').hidden = true;
  $('refusal').textContent = '';
  status('');
  if (!$('corner').dataset.isWatched) watch();
  $('corner').dataset.isWatched = 'yes';
}

function refused(what, text) {
  // The name can be tried again at once; after anything else the server hangs up.
  if (what !== 'name') connection.close();
  if (what === 'password') {
    keep('password', '');
    $('secret').hidden = false;
  }
  outside(what === 'password' ? 'This server asks for a password.' : text);
  $(what === 'password' ? 'password' : 'name').focus();
}

/** The first page again. */
function outside(text) {
  keep('isIn', '');
  $('app').hidden = true;
  $('entry').hidden = false;
  $('refusal').textContent = text;
  view.mark('places');
}

function lost(wait) {
  session.interrupt();
  const said = session.farewell.replace(/^Closing Link: |^Error: /i, '');
  const seconds = Math.max(1, Math.round(wait / 1000));
  const text = `No connection${said ? ` (${said})` : ''}. Trying again in ${seconds} s.`;
  status(text);
  if ($('app').hidden) $('refusal').textContent = text;
}

function status(text) {
  $('status').textContent = text;
  $('app').classList.toggle('lost', Boolean(text));
}

/** Typing. */

function typed(text) {
  const { current } = state;
  const at = {
    name: current.kind === 'server' ? '' : current.name,
    isRoom: current.kind === 'room',
    hostOf: (nick) => current.people.get(fold(nick))?.host,
    me: state.me,
  };
  const wish = interpret(text, at);
  if (!session.isIn && !wish.show && wish.quit === undefined) wish.error ??= 'there is no connection; it was not sent';
  else if (wish.say?.to === current.name && at.isRoom && !current.isIn) wish.error = `you are not in here; /join ${current.name} enters`;
  const error = wish.error ?? fulfil(wish, current);
  if (error) session.tell(current, 'error', error);
  return !error;
}

function fulfil(wish, current) {
  if (wish.say) {
    const error = session.say(current, wish.say);
    if (!error && !isRoom(wish.say.to)) state.show(state.place(wish.say.to));
    return error;
  }
  for (const [command, ...params] of wish.send ?? []) session.command(current, command, params);
  if (wish.raw) session.raw(wish.raw);
  if (wish.open) state.show(state.place(wish.open));
  if (wish.quit !== undefined) leave(wish.quit);
  if (wish.show) SHOW[wish.show](current);
  return undefined;
}

const SHOW = {
  help: () => view.help(),
  find: () => find(),
  close: (place) => state.remove(place),
  clear(place) {
    place.items = [];
    log.redraw();
  },
  who(place) {
    const people = state.sorted(place, session.signs).map(({ nick, ranks }) => ranks.slice(0, 1) + nick);
    session.tell(place, 'info', `in ${place.name}: ${people.join(' ')}`);
  },
};

function find() {
  view.find();
  if (session.isIn) session.send('LIST');
}

function leave(reason = '') {
  session.quit(reason);
  connection.close();
  for (const place of state.listed()) state.remove(place);
  outside('You have left.');
}

function candidates(word, isFirst) {
  const begins = (name) => fold(name).startsWith(fold(word));
  if (isFirst && word.startsWith('/')) return words().map((name) => `/${name} `).filter(begins);
  if (isRoom(word)) return state.rooms().map((room) => `${room.name} `).filter(begins);
  const { current } = state;
  const nicks = current.kind === 'person' ? [current.name] : state.sorted(current, session.signs).map((person) => person.nick);
  return nicks.filter((nick) => begins(nick) && !state.isMe(nick)).map((nick) => nick + (isFirst ? ': ' : ' '));
}

/** Being called. */

function called(item, place) {
  if (!document.hidden || $('bell').ariaPressed !== 'true') return;
  const title = place.kind === 'person' ? item.nick : `${item.nick} in ${place.name}`;
  const notification = new Notification(title, { body: plain(item.text), tag: place.name });
  notification.onclick = () => {
    window.focus();
    state.show(place);
  };
}

function ring(isOn) {
  $('bell').ariaPressed = `${isOn}`;
  remember('bell', isOn ? 'yes' : '');
}

/** What is clicked and pressed. */

const THEMES = ['light dark', 'dark', 'light'];
const paint = (theme) => { document.documentElement.dataset.theme = theme; };

const clicks = {
  add: find,
  bell: async () => ring($('bell').ariaPressed !== 'true' && (await Notification.requestPermission()) === 'granted'),
  leave: () => leave(),
  me: () => { compose.text = '/nick '; $('words').focus(); },
  part: () => typed('/leave'),
  retitle: () => { compose.text = `/topic ${state.current.topic}`; $('words').focus(); },
  theme: () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    paint(next);
    remember('theme', next);
  },
};
for (const [id, click] of Object.entries(clicks)) $(id).addEventListener('click', click);

$('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  enter($('name').value.trim(), [goal()]);
});

/** Goes so many places on, or to the next that fits. */
function step(by, fits = () => true) {
  const places = [state.server, ...state.listed()];
  const at = places.indexOf(state.current);
  for (let steps = 1; steps <= places.length; steps += 1) {
    const place = places[(at + by * steps + places.length * steps) % places.length];
    if (fits(place)) return state.show(place);
  }
}

addEventListener('keydown', (event) => {
  if ($('app').hidden || document.querySelector('dialog[open]')) return;
  const { key, altKey, ctrlKey, metaKey } = event;
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'k') find();
  else if (altKey && key === 'ArrowDown') step(1);
  else if (altKey && key === 'ArrowUp') step(-1);
  else if (altKey && event.code === 'KeyU') step(1, (place) => place.unread);
  else if (key === 'PageUp' || key === 'PageDown') log.page(key === 'PageUp' ? -1 : 1);
  else if (key === 'Escape') view.drawer();
  else return;
  event.preventDefault();
});

const watched = () => {
  state.isWatched = !document.hidden && document.hasFocus();
  state.read();
};
for (const name of ['focus', 'blur']) addEventListener(name, watched);
document.addEventListener('visibilitychange', watched);
addEventListener('hashchange', () => session.isIn && go(goal()));

paint(remember('theme') || THEMES[0]);
ring(remember('bell') && globalThis.Notification?.permission === 'granted');
$('name').value = remember('name');
$('goal').textContent = goal();
$('house').textContent = location.hostname === 'localhost' ? 'madang' : document.title;
// A page that is loaded again goes where it was.
if (keep('isIn') && remember('name')) enter(remember('name'), keep('rooms').split(' ').filter(Boolean));
else $('name').focus();
$('entry').hidden = false;
