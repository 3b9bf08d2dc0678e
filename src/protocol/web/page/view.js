/**
 * The frame around what was said: rooms, people, the header, the dialogs. Each is drawn anew from the state, a moment after
 * it changed, for a crowd comes in all at once. What is clicked is told by `acts`. Does not know the server.
 */

import { $, el, nickName, written } from './dom.js';
import { help } from './commands.js';

const DRAW_MS = 40;
const FOUND_MAX = 100;
const KEYS = [
	['Ctrl+K', 'find a room or a person'],
	['Alt+↑ Alt+↓', 'the place above, below; with Shift, one with something new'],
	['Page Up, Page Down', 'read further up, down'],
	['Tab', 'complete a name'],
	['↑ ↓', 'what you typed before'],
	['Shift+Enter', 'a new line'],
];
const RANKS = { '~': 'founder', '&': 'admin', '@': 'operator', '%': 'half-operator', '+': 'voice' };

export class View {
	#stale = new Set();
	#listed = [];

	/**
	 * @param {import('./state.js').State} state
	 * @param {object} acts
	 * @param {(place: object) => void} acts.show
	 * @param {(name: string) => void} acts.go to a room or a person, entering it if need be
	 * @param {() => string} acts.signs of ranks, highest first
	 */
	constructor(state, acts) {
		Object.assign(this, { state, acts });
		for (const id of ['menu', 'crowd']) $(id).addEventListener('click', () => this.drawer(id));
		$('query').addEventListener('input', () => this.#drawFound());
		$('query').form.addEventListener('submit', () => $('found').firstChild?.click());
		for (const [what, text] of [...help(), ...KEYS]) $('commands').append(el('dt', {}, what), el('dd', {}, text));
	}

	/** Something has changed: it is drawn soon. @param {string} what */
	mark(what) {
		if (!this.#stale.size) setTimeout(() => this.#draw(), DRAW_MS);
		this.#stale.add(what);
	}

	#draw() {
		const isStale = (what) => this.#stale.has(what) || this.#stale.has('current');
		if (isStale('current')) this.#drawHeader();
		if (isStale('places')) this.#drawPlaces();
		if (isStale('people')) this.#drawPeople();
		this.#stale.clear();
	}

	#drawHeader() {
		const { name, kind, topic } = this.state.current;
		$('where').textContent = name;
		$('topic').replaceChildren(...written(topic, this.acts.go));
		$('topic').title = topic;
		$('retitle').hidden = $('crowd').hidden = kind !== 'room';
		$('part').hidden = kind === 'server';
		$('words').placeholder = kind === 'server' ? 'Type /help' : `Say something in ${name}`;
		$('app').classList.toggle('alone', kind !== 'room');
	}

	#drawPlaces() {
		const { state } = this;
		const places = state.listed();
		const sum = (what) => places.reduce((all, place) => all + place[what], 0);
		const sign = sum('mentions') || (sum('unread') ? '•' : '');
		const talks = places.findIndex(({ kind }) => kind === 'person');
		const rows = places.map((place) => this.#row(place));
		if (talks >= 0) rows.splice(talks, 0, el('h2', {}, 'Conversations'));
		$('places').replaceChildren(this.#row(state.server), el('h2', {}, 'Rooms'), ...rows);
		$('me').replaceChildren(nickName(state.me), state.isAway ? ' (away)' : '');
		$('elsewhere').textContent = sign;
		document.title = `${sign ? `(${sign}) ` : ''}${state.current.name} · ${state.server.name}`;
	}

	#row(place) {
		const { name, kind, unread, mentions, isIn } = place;
		const isOut = kind === 'room' && !isIn;
		const props = {
			class: `place ${kind}${unread ? ' unread' : ''}${isOut ? ' out' : ''}`,
			'aria-current': place === this.state.current && 'page',
			click: () => this.acts.show(place),
		};
		const badge = el('b', { class: mentions ? 'badge loud' : 'badge' }, `${unread}`, el('i', { class: 'unseen' }, ' unread'));
		return el('button', props, el('bdi', {}, name), unread ? badge : '');
	}

	#drawPeople() {
		const people = this.state.sorted(this.state.current, this.acts.signs());
		const row = ({ nick, ranks, isAway }) => {
			const rank = el('span', { class: 'rank', title: RANKS[ranks[0]] }, ranks.slice(0, 1));
			const props = { class: isAway && 'away', click: () => this.acts.go(nick) };
			return el('button', props, rank, nickName(nick), isAway ? el('small', {}, 'away') : '');
		};
		$('crowd').textContent = `${people.length} here`;
		$('people').replaceChildren(...people.map(row));
	}

	/** Opens a drawer, or closes what is open. On a wide page, only the people can be put away. */
	drawer(id) {
		const { classList } = $('app');
		const isOpen = id && !classList.contains(id);
		classList.remove('menu', 'crowd');
		if (isOpen) classList.add(id);
		for (const other of ['menu', 'crowd']) $(other).ariaExpanded = `${classList.contains(other)}`;
	}

	/** Asks where to go. */
	find() {
		$('query').value = '';
		$('find').showModal();
		this.#drawFound();
	}

	/** The server's rooms. @param {{name: string, people: number, topic: string}[]} rooms */
	list(rooms) {
		this.#listed = rooms.sort((a, b) => b.people - a.people);
		this.#drawFound();
	}

	#drawFound() {
		const typed = $('query').value.trim().toLowerCase();
		const known = this.state.listed().map(({ name, unread }) => ({ name, note: unread ? `${unread} unread` : '' }));
		const others = this.#listed.filter(({ name }) => !this.state.find(name));
		const told = others.map(({ name, people, topic }) => ({ name, note: `${people} here${topic && ` · ${topic}`}` }));
		const found = [...known, ...told].filter(({ name }) => name.toLowerCase().includes(typed)).slice(0, FOUND_MAX);
		const room = typed.replace(/^#?/, '#');
		if (typed && !found.some(({ name }) => name.toLowerCase() === room)) found.push({ name: room, note: 'enter' });
		const go = (name) => {
			$('find').close();
			this.acts.go(name);
		};
		const button = ({ name, note }) => el('button', { click: () => go(name) }, el('bdi', {}, name), el('small', {}, note));
		$('found').replaceChildren(...found.map(button));
	}
}
