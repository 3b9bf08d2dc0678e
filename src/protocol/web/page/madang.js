/**
 * The page of madang: where its parts meet.
 *
 *     connection.js  a WebSocket, and patience        state.js    what is known
 *     session.js     IRC: coming in, saying things    view.js     rooms, people, dialogs
 *     news.js        what the server's lines mean     log.js      what was said
 *     commands.js    what is typed                    compose.js  where it is typed
 *     irc.js text.js dom.js  lines, texts, elements   corner.js   the state of the server
 *
 * Owns coming in and leaving, what the browser remembers, and the keys. There is no build step, and a limit of 60 KiB: that
 * is why it is indented by tabs.
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

/** What is remembered: in the browser, or in this tab as long as it is open. A browser may refuse. */
const memory = (kind) => (name, value) => {
	try {
		const storage = globalThis[kind];
		if (value !== undefined) storage.setItem(name, value);
		return storage.getItem(name) ?? '';
	} catch {
		return '';
	}
};
const remember = memory('localStorage');
const keep = memory('sessionStorage');

const state = new State();
const url = new URL('ws', location.href.replace(/^http/, 'ws'));
const connection = new Connection(`${url.origin}${url.pathname}`, { opened: () => session.begin(), heard: (line) => session.hear(line), lost });
const session = new Session(state, {
	send: (line) => connection.send(line),
	doubted: () => connection.probe(),
	listed: (rooms) => view.list(rooms),
	entered,
	refused,
	called,
});
const view = new View(state, { show, go, signs: () => session.signs });
const log = new Log(go);
const compose = new Compose($('words'), typed, candidates);

/** The place that the draft in the field is for. */
let drafted = state.current;

state.listener = (what, place, item) => {
	const { current } = state;
	if (what === 'item' && place === current) log.add(item);
	if (what === 'change' && place === current) log.change(item);
	if (what === 'places' && session.isIn) {
		keep('rooms', state.rooms().map(({ name }) => name).join(' '));
		remember('name', state.me);
	}
	if (what === 'current') {
		log.show(current);
		if (drafted !== current) {
			drafted.draft = compose.text;
			drafted = current;
			compose.text = current.draft;
		}
		// A phone's keyboard comes when it is asked for.
		if (matchMedia('(hover: hover)').matches) $('words').focus();
	}
	view.mark(what);
};

function show(place) {
	view.drawer();
	state.show(place);
}

function go(name) {
	if (isRoom(name) && !state.find(name)?.isIn) session.command(state.current, 'JOIN', [name]);
	else show(state.place(name));
}

// Coming in, and leaving.

const goal = () => `#${(decodeURIComponent(location.hash.slice(1)) || new URLSearchParams(location.search).get('room') || 'lobby').replace(/^#/, '')}`;

function enter(nick, rooms) {
	session.want({ nick, password: $('password').value || keep('password'), rooms });
	$('refusal').textContent = 'Calling the server …';
	if (connection.isOpen) session.send('NICK', [nick]);
	else connection.open();
}

function entered() {
	if ($('password').value) keep('password', $('password').value);
	connection.settle();
	keep('isIn', 'yes');
	stand(true, '');
}

function refused(what, text) {
	const isPassword = what === 'password';
	// A name can be tried again at once; after anything else the server hangs up.
	if (what !== 'name') connection.close();
	for (const element of isPassword ? [$('password'), $('password').labels[0]] : []) element.hidden = false;
	stand(false, isPassword ? 'This server asks for a password.' : text);
	$(isPassword ? 'password' : 'name').focus();
}

/** Shows the floor, or the door. */
function stand(isIn, text) {
	$('app').hidden = !isIn;
	$('entry').hidden = isIn;
	$(isIn ? 'status' : 'refusal').textContent = text;
}

function lost(wait) {
	session.interrupt();
	const why = session.farewell && ` (${session.farewell})`;
	stand(!$('app').hidden, `No connection${why}. Trying again in ${Math.ceil(wait / 1000)} s.`);
}

function leave(why = '') {
	session.quit(why);
	connection.close();
	keep('isIn', '');
	for (const place of state.listed()) state.remove(place);
	stand(false, 'You have left.');
}

// Typing.

function typed(text) {
	const { current } = state;
	const { name, kind, people, isIn } = current;
	const at = { name: kind === 'server' ? '' : name, isRoom: kind === 'room', me: state.me, hostOf: (nick) => people.get(fold(nick))?.host };
	const wish = interpret(text, at);
	const isForServer = wish.say || wish.send || wish.raw;
	if (isForServer && !session.isIn) wish.error = 'there is no connection; this was not sent';
	else if (wish.say?.to === name && at.isRoom && !isIn) wish.error = `you are not in here; /join ${name} enters`;
	const error = wish.error ?? fulfil(wish, current);
	if (error) session.tell(current, 'error', error);
	return !error;
}

/** @returns {string | undefined} why it cannot be done */
function fulfil(wish, current) {
	if (wish.say) return session.say(current, wish.say);
	if (wish.send) session.command(current, wish.send[0], wish.send.slice(1));
	if (wish.raw) session.raw(current, wish.raw);
	if (wish.open) go(wish.open);
	if (wish.quit !== undefined) leave(wish.quit);
	if (wish.show === 'help') $('help').showModal();
	if (wish.show === 'find') find();
	if (wish.show === 'close') state.remove(current);
	if (wish.show !== 'undo') return undefined;
	const last = current.items.findLast(({ isOwn, id }) => isOwn && id);
	return last ? session.command(current, 'REDACT', [current.name, last.id]) : 'there is nothing of yours here';
}

function find() {
	view.find();
	session.send('LIST');
}

function candidates(word, isFirst) {
	const begins = (name) => fold(name).startsWith(fold(word));
	const { current } = state;
	const nicks = [...current.people.values(), { nick: current.name }].map(({ nick }) => nick).filter((nick) => !state.isMe(nick)).sort();
	if (isFirst) return [...words().map((name) => `/${name} `), ...nicks.map((nick) => `${nick}: `)].filter(begins);
	return [...state.rooms().map(({ name }) => name), ...nicks].filter(begins).map((name) => `${name} `);
}

// Being called.

function called({ nick, text }, place) {
	if (state.isWatched || $('bell').ariaPressed !== 'true') return;
	const title = place.kind === 'person' ? nick : `${nick} in ${place.name}`;
	new Notification(title, { body: plain(text), tag: place.name }).onclick = () => show(place);
}

function ring(isOn) {
	$('bell').ariaPressed = `${isOn}`;
	remember('bell', `${isOn}`);
}

// What is clicked and pressed.

const THEMES = ['', 'dark', 'light'];
const root = document.documentElement;

const CLICKS = {
	add: find,
	bell: async () => ring($('bell').ariaPressed !== 'true' && (await Notification.requestPermission()) === 'granted'),
	out: () => leave(),
	me: () => compose.begin('/nick '),
	part: () => typed('/leave'),
	retitle: () => compose.begin(`/topic ${state.current.topic}`),
	theme: () => { root.className = remember('theme', THEMES[(THEMES.indexOf(root.className) + 1) % THEMES.length]); },
};
for (const [id, click] of Object.entries(CLICKS)) $(id).addEventListener('click', click);

$('enter').addEventListener('submit', (event) => {
	event.preventDefault();
	enter($('name').value.trim(), [goal()]);
});

/** To the next place that fits, up or down. */
function step(by, fits) {
	const places = [state.server, ...state.listed()];
	const from = places.indexOf(state.current) + (by > 0 ? 1 : 0);
	const round = [...places.slice(from), ...places.slice(0, from)];
	const next = by > 0 ? round.find(fits) : round.findLast(fits);
	if (next) show(next);
}

addEventListener('keydown', (event) => {
	const { key, altKey, shiftKey, ctrlKey, metaKey } = event;
	const arrow = altKey && { ArrowDown: 1, ArrowUp: -1 }[key];
	const page = { PageUp: -0.8, PageDown: 0.8 }[key];
	if ($('app').hidden || document.querySelector('dialog[open]')) return;
	if ((ctrlKey || metaKey) && key === 'k') find();
	else if (arrow) step(arrow, (place) => !shiftKey || place.unread);
	else if (page) $('scroll').scrollBy(0, page * $('scroll').clientHeight);
	else if (key === 'Escape') view.drawer();
	else return;
	event.preventDefault();
});

for (const name of ['focus', 'blur', 'visibilitychange']) {
	addEventListener(name, () => {
		state.isWatched = document.hasFocus();
		state.read();
	});
}
addEventListener('hashchange', () => session.isIn && go(goal()));

root.className = remember('theme');
ring(remember('bell') === 'true' && globalThis.Notification?.permission === 'granted');
$('name').value = remember('name');
$('goal').textContent = goal();
watch(() => !document.hidden && !$('app').hidden);
stand(false, '');
// A page that is loaded again goes where it was.
if (keep('isIn')) enter(remember('name'), keep('rooms').split(' ').filter(Boolean));
else $('name').focus();
