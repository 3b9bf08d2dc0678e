/**
 * The page of madang: where its parts meet. A line comes in by connection.js and irc.js; session.js, news.js, login.js and
 * mention.js say what it means for state.js, which log.js and view.js show and store.js keeps over a reload. What is typed in
 * compose.js is understood by commands.js. Every text for people is in language.js.
 */

import { interpret, words } from './commands.js';
import { Compose } from './compose.js';
import { Connection } from './connection.js';
import { watch } from './corner.js';
import { $ } from './dom.js';
import { fold, isRoom } from './irc.js';
import { compare, fillIn, has, t } from './language.js';
import { Log } from './log.js';
import { askAccount } from './login.js';
import { Session } from './session.js';
import { State } from './state.js';
import { pack, unpack } from './store.js';
import { View } from './view.js';

/** What is remembered; a browser may refuse. */
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
const connection = new Connection(new URL('ws', location.href.replace(/^http/, 'ws').replace(/[?#].*/, '')), {
	opened: () => session.begin(),
	heard: (line) => session.hear(line),
	lost,
	answered,
});
const session = new Session(state, {
	send: (line) => connection.send(line),
	doubted: () => connection.probe(),
	listed: (rooms) => view.list(rooms),
	entered,
	refused,
	holds: (token) => keep('token', token),
	isLeft,
});
const view = new View(state, { show, go });
const log = new Log(go, (place) => session.recall(place, false));
const compose = new Compose($('words'), typed, candidates);

/** Whose draft is in the field. */
let drafted;

state.listener = (what, place, item) => {
	const { current } = state;
	if (what === 'item' && place === current) log.add(item);
	if (what === 'earlier' && place === current) log.earlier();
	if (what === 'anew' && place === current) log.anew();
	if (what === 'change' && place === current) log.change(item);
	if (what === 'places' && session.isIn) remember('name', session.wanted.nick);
	if (what === 'current') mark(current, drafted !== current);
	if (what === 'current' && drafted !== current) {
		log.show(current);
		if (drafted) drafted.draft = compose.text;
		compose.text = current.draft;
		drafted = current;
		$('filter').value = '';
		view.drawer();
		// A phone's keyboard comes when asked for.
		if (matchMedia('(hover: hover)').matches) $('words').focus();
	}
	view.mark(what);
	saving ||= setTimeout(save, SAVE_MS);
};

/** What would be lost if the browser ended without a word. */
const SAVE_MS = 3000;
let saving = 0;

function save() {
	clearTimeout(saving);
	saving = 0;
	if (!keep('isIn')) return;
	drafted.draft = compose.text;
	const rooms = session.isIn ? state.listed().filter(({ isIn }) => isIn).map(({ name }) => name) : session.wanted.rooms;
	keep('places', pack(state, { nick: session.wanted.nick, account: session.account, rooms, keys: [...session.keys] }));
}
addEventListener('pagehide', save);
document.addEventListener('visibilitychange', () => document.hidden && save());

/** The address names the room that is looked at, so that Back and Forward walk. It does not name people. */
function mark({ name, kind }, isNew) {
	const place = kind === 'server' ? '' : name;
	if (!keep('isIn') || history.state?.place === place) return;
	const url = location.pathname + location.search + (kind === 'room' ? `#${encodeURIComponent(name.slice(1))}` : '');
	try {
		history[isNew && history.state ? 'pushState' : 'replaceState']({ place }, '', url);
	} catch {
		// Safari allows a hundred of these in half a minute.
	}
}

addEventListener('popstate', ({ state: step }) => {
	if (!session.isIn) $('goal').textContent = t('enter', { room: goal() });
	if (!keep('isIn')) return;
	// An address that was typed, or a link that was followed.
	if (!step) {
		if (session.isIn) return go(goal());
		asked = goal();
		return undefined;
	}
	const place = step.place ? state.find(step.place) : state.server;
	if (place) return show(place);
	// That place was left since: the address stays with what is looked at.
	history.replaceState(null, '');
	return mark(state.current, false);
});

function show(place) {
	view.drawer();
	state.show(place);
}

function go(name) {
	if (isRoom(name) && !state.find(name)?.isIn) session.command(state.current, 'JOIN', [name]);
	else show(state.place(name));
}

// Coming in, and leaving.

/** From `#room` or `?room=room`. */
function goal() {
	const room = location.hash.slice(1);
	try {
		return `#${decodeURIComponent(room) || new URLSearchParams(location.search).get('room') || 'lobby'}`;
	} catch {
		return `#${room}`;
	}
}

/** By an address that came without a connection; entered when there is one. */
let asked = '';

function enter(nick, rooms) {
	session.want({ nick, password: $('password').value || keep('password'), secret: $('secret').value, rooms });
	stand(!$('app').hidden, t('calling'), true);
	connection.open();
}

function entered() {
	if ($('password').value) keep('password', $('password').value);
	connection.failures = 0;
	obstacle = '';
	keep('isIn', 'yes');
	stand(true, '');
	if (asked) go(asked);
	asked = '';
}

function refused(what, text) {
	const field = $(what === 'ban' ? 'name' : what);
	connection.close();
	field.hidden = field.labels[0].hidden = false;
	stand(false, what === 'password' ? t('password_asked') : text);
	field.focus();
}

/** In, or before the entry, and a text about it: news, or what went wrong. */
function stand(isIn, text, isCalm = false) {
	const place = isIn ? 'status' : isCalm ? 'news' : 'refusal';
	$('app').hidden = !isIn;
	$('entry').hidden = isIn;
	for (const id of ['status', 'news', 'refusal']) $(id).textContent = id === place ? text : '';
}

/** What keeps the connection from coming up, as far as it is known. */
let obstacle = '';
let patience = '';

function lost(wait) {
	session.interrupt();
	const why = session.farewell && ` (${session.farewell})`;
	patience = t('no_connection', { why, seconds: Math.ceil(wait / 1000) });
	stand(!$('app').hidden, `${patience}\n${obstacle}`);
}

/** The server, or what stands before it, answers a plain request while there is no WebSocket. */
function answered(status, text) {
	const { hostname: host, origin } = location;
	const key = `http_${status}`.replace('504', '502');
	obstacle = t(has(key) ? key : 'http_other', { status, text, host, origin });
	stand(!$('app').hidden, `${patience}\n${obstacle}`);
}

/** Tabs of this browser. One that was duplicated has the token of the other, whose connection lives. */
const tabs = new BroadcastChannel('madang');
const publicPart = (token) => token.replace(/[^-]*$/, '');
tabs.onmessage = ({ data: { ask, held } }) => {
	if (ask && session.isIn && ask === publicPart(session.token)) tabs.postMessage({ held: ask });
	if (held) dispatchEvent(new CustomEvent('held'));
};
/** How long another tab may take to say that a session is its own. */
const TABS_MS = 300;

/** Whether no tab is connected with this token. */
function isLeft(token) {
	return new Promise((resolve) => {
		addEventListener('held', () => resolve(false), { once: true });
		setTimeout(resolve, TABS_MS, true);
		tabs.postMessage({ ask: publicPart(token) });
	});
}

function leave(why) {
	session.quit(why);
	connection.close();
	keep('isIn', '');
	keep('places', '');
	$('secret').value = '';
	$('goal').textContent = t('enter', { room: goal() });
	for (const place of state.listed()) state.remove(place);
	stand(false, t('you_left'), true);
}

// Typing.

function typed(text) {
	const { current } = state;
	const { name, kind, isIn } = current;
	const wish = interpret(text, { name: kind === 'server' ? '' : name, isRoom: isIn });
	if (!session.isIn && (wish.say || wish.send || wish.open)) wish.error = t('not_sent');
	else if (wish.say?.to === name && kind === 'room' && !isIn) wish.error = t('not_in_here', { name });
	const error = wish.error ?? fulfil(wish, current);
	if (error) session.tell(current, 'error', error);
	return !error;
}

function fulfil({ say, send, open, quit, show: what }, current) {
	if (say) {
		const place = isRoom(say.to) ? current : state.place(say.to);
		show(place);
		return session.say(place, say);
	}
	if (send) session.command(current, send[0], send.slice(1));
	if (open) go(open);
	if (quit !== undefined) leave(quit);
	if (what === 'account') return askAccount(session);
	if (what === 'help') $('help').showModal();
	if (what === 'find') find();
	if (what === 'close') state.remove(current);
	return undefined;
}

function find() {
	view.find();
	session.send('LIST');
}

function candidates(word, isFirst) {
	const { current } = state;
	const people = [...current.people.values(), { nick: current.name }];
	const nicks = people.map(({ nick }) => nick).filter((nick) => !state.isMe(nick));
	const all = isFirst
		? [...words().map((name) => `/${name} `), ...nicks.map((nick) => `${nick}: `)]
		: [...state.listed().map(({ name }) => name), ...nicks].map((name) => `${name} `);
	return all.filter((name) => fold(name).startsWith(fold(word))).sort(compare);
}

// What is clicked and pressed.

const THEMES = ['', 'dark', 'light'];
const root = document.documentElement;

const CLICKS = {
	add: find,
	out: () => leave(''),
	account: () => typed('/account'),
	me: () => compose.begin('/nick '),
	part: () => typed('/leave'),
	retitle: () => compose.begin(`/topic ${state.current.topic}`),
	theme: () => { root.className = remember('theme', THEMES[(THEMES.indexOf(root.className) + 1) % THEMES.length]); },
};
for (const [id, click] of Object.entries(CLICKS)) $(id).onclick = click;

$('enter').onsubmit = (event) => {
	event.preventDefault();
	session.lostAt = 0;
	// On the way back, to the same rooms.
	enter($('name').value.trim(), keep('isIn') ? session.wanted.rooms : [goal()]);
};

function step(by) {
	const places = [state.server, ...state.listed()];
	show(places.at((places.indexOf(state.current) + by) % places.length));
}

/** The Latin letter of a key, with Caps Lock too; in layouts of other letters, the one in its place. */
const letter = ({ key, code }) => (/^[a-z]$/i.test(key) ? key : code.replace(/^Key/, '')).toLowerCase();

addEventListener('keydown', (event) => {
	const { key, altKey, ctrlKey, metaKey, shiftKey, isComposing } = event;
	const arrow = altKey && { ArrowDown: 1, ArrowUp: -1 }[key];
	if ($('app').hidden || document.querySelector('dialog[open]')) return;
	if ((ctrlKey || metaKey) && !altKey && !shiftKey && letter(event) === 'k') find();
	else if (isComposing) return;
	else if (arrow) step(arrow);
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

fillIn(document);
$('me').ariaDescription = t('change_name');
$('query').placeholder = t('room_or_person');
$('filter').placeholder = t('filter');
root.className = remember('theme');
$('name').value = remember('name');
$('goal').textContent = t('enter', { room: goal() });
watch(() => !document.hidden && !$('app').hidden);
stand(false, '');
$('name').focus();
// A page that is loaded again is what it was, and goes where it was.
session.lostAt = 1;
if (keep('isIn')) resume();
else state.show(state.server);

function resume() {
	asked = !history.state && location.hash ? goal() : '';
	state.isWatched = document.hasFocus();
	const kept = unpack(state, keep('places'));
	session.keys = new Map(kept?.keys);
	session.account = kept?.account ?? '';
	session.lostAt = kept?.at ?? 1;
	session.token = keep('token');
	if (!kept) state.show(state.server);
	stand(Boolean(kept), '');
	enter(kept?.nick ?? remember('name'), kept?.rooms ?? [goal()]);
}
