/**
 * The frame around what was said: rooms, people, the header, the dialogs. Each is drawn anew from the state, a moment after
 * it changed, for a crowd comes in all at once.
 */

import { $, el, nickName, written } from './dom.js';
import { help } from './commands.js';
import { fold } from './irc.js';
import { t } from './language.js';

const DRAW_MS = 40;
/** After a draw we rest for so many times as long as it took: ten thousand names take 50 ms to sort. */
const REST = 4;
const ROWS_MAX = 300;
/** More people than this can be filtered. */
const PEOPLE_AT_A_GLANCE = 15;
const TITLES = { '~': 'founder', '&': 'admin', '@': 'operator', '%': 'half_operator', '+': 'voice' };
const KEYS = [
	['Ctrl+K', 'key_find'],
	['Alt+↑ Alt+↓', 'key_step'],
	['Tab', 'key_complete'],
	['Shift+Enter', 'key_line'],
];

/** Replaces rows; who stands on one with the keyboard stays there. */
function fill(box, rows) {
	const name = (row) => row?.querySelector('bdi')?.textContent;
	const here = box.contains(document.activeElement) && name(document.activeElement);
	box.replaceChildren(...rows);
	rows.find((row) => here && name(row) === here)?.focus();
}

export class View {
	#stale = new Set();
	#drawnIn = 0;
	#listed = [];

	constructor(state, acts) {
		Object.assign(this, { state, acts });
		for (const id of ['menu', 'crowd']) $(id).onclick = () => this.drawer(id);
		$('scroll').onclick = () => this.drawer();
		$('filter').oninput = () => this.#drawPeople();
		$('query').oninput = () => this.#drawFound();
		$('query').form.onsubmit = () => $('found').firstChild?.click();
		const keys = KEYS.map(([keys, what]) => [keys, t(what)]);
		for (const [what, text] of [...help(), ...keys]) $('commands').append(el('dt', {}, what), el('dd', {}, text));
	}

	mark(what) {
		if (!this.#stale.size) setTimeout(() => this.#draw(), Math.max(DRAW_MS, REST * this.#drawnIn));
		this.#stale.add(what);
	}

	#draw() {
		const begun = performance.now();
		const isStale = (what) => this.#stale.has(what) || this.#stale.has('current');
		if (isStale('current')) this.#drawHeader();
		if (isStale('places')) this.#drawPlaces();
		if (isStale('people')) this.#drawPeople();
		this.#stale.clear();
		this.#drawnIn = performance.now() - begun;
	}

	#drawHeader() {
		const { name, kind, topic } = this.state.current;
		$('where').textContent = name;
		$('topic').replaceChildren(...written(topic, this.acts.go));
		$('topic').title = topic;
		$('retitle').hidden = $('crowd').hidden = kind !== 'room';
		$('part').hidden = kind === 'server';
		$('words').placeholder = t({ server: 'type_help', room: 'say_in', person: 'say_to' }[kind], { name });
		$('app').classList.toggle('alone', kind !== 'room');
	}

	#drawPlaces() {
		const { current, server, me, isAway } = this.state;
		const places = this.state.listed();
		const sum = (what) => places.reduce((all, place) => all + place[what], 0);
		const sign = sum('mentions') || (sum('unread') ? '•' : '');
		fill($('places'), [server, ...places].map((place) => this.#row(place)));
		for (const [kind, words] of [['room', 'rooms'], ['person', 'conversations']]) {
			$('places').querySelector(`.${kind}`)?.before(el('h2', {}, t(words)));
		}
		$('me').replaceChildren(nickName(me), isAway ? ` (${t('away')})` : '');
		$('elsewhere').textContent = sign;
		document.title = `${sign && `(${sign}) `}${current.name} · ${server.name}`;
	}

	#row(place) {
		const { name, kind, unread, mentions, isIn } = place;
		const flags = `${unread ? 'unread' : ''} ${kind === 'room' && !isIn ? 'out' : ''}`;
		const click = () => this.acts.show(place);
		const props = { class: `place ${kind} ${flags}`, 'aria-current': place === this.state.current && 'page', click };
		const badge = el('b', { class: mentions ? 'badge loud' : 'badge' }, `${unread}`, el('i', { class: 'unseen' }, t('unread')));
		return el('button', props, el('bdi', {}, name), unread ? badge : '');
	}

	#drawPeople() {
		const all = this.state.sorted(this.state.current);
		const typed = fold($('filter').value.trim());
		const at = ({ nick }) => fold(nick).indexOf(typed);
		// Those whose name begins so are meant first.
		const people = typed ? [...all.filter((one) => at(one) === 0), ...all.filter((one) => at(one) > 0)] : all;
		const row = ({ nick, ranks, isAway }) => {
			const rank = el('span', { class: 'rank', title: ranks && t(TITLES[ranks[0]]) }, ranks.slice(0, 1));
			const props = { class: isAway && 'away', click: () => this.acts.go(nick) };
			return el('button', props, rank, nickName(nick), isAway ? el('small', {}, t('away')) : '');
		};
		const more = people.length - ROWS_MAX;
		$('crowd').textContent = t('count_here', { count: all.length });
		$('filter').hidden = all.length <= PEOPLE_AT_A_GLANCE && !typed;
		fill($('members'), people.slice(0, ROWS_MAX).map(row));
		$('rest').textContent = more > 0 ? t('more_people', { count: more }) : people.length || !typed ? '' : t('nobody_found');
	}

	/** Opens one, or closes what is open. A wide page has none; there the people are put away, or come back. */
	drawer(id) {
		const { classList } = $('app');
		const isNarrow = innerWidth <= 760;
		const isOpen = id && !classList.contains(id);
		if (!id && !isNarrow) return;
		classList.remove('menu', 'crowd');
		if (isOpen) classList.add(id);
		for (const other of ['menu', 'crowd']) $(other).ariaExpanded = classList.contains(other) === isNarrow;
		if (isOpen && isNarrow) $(id === 'menu' ? 'side' : 'people').querySelector('button').focus();
	}

	find() {
		$('query').value = '';
		$('find').showModal();
		this.#drawFound();
	}

	list(rooms) {
		this.#listed = rooms.sort((a, b) => b.people - a.people);
		this.#drawFound();
	}

	#drawFound() {
		const typed = $('query').value.trim().toLowerCase();
		const known = this.state.listed().map(({ name }) => ({ name, note: '' }));
		const others = this.#listed.filter(({ name }) => !this.state.find(name))
			.map(({ name, people, topic }) => ({ name, note: t('count_here', { count: people }) + (topic && ` · ${topic}`) }));
		const found = [...known, ...others].filter(({ name }) => name.toLowerCase().includes(typed)).slice(0, ROWS_MAX);
		const room = typed.replace(/^#?/, '#');
		if (typed && !found.some(({ name }) => name.toLowerCase() === room)) found.push({ name: room, note: t('enter_it') });
		const row = ({ name, note }) => el('button', { click: () => this.#go(name) }, el('bdi', {}, name), el('small', {}, note));
		fill($('found'), found.map(row));
	}

	#go(name) {
		$('find').close();
		this.acts.go(name);
	}
}
