/**
 * What is known: places (rooms, people, the server), who is in them, what was said there and is not read yet.
 * Invariants: a place keeps at most ITEMS_MAX items; what is looked at has nothing unread. `listener` is told of every
 * change. Does not know IRC, nor the page.
 */

import { fold, isRoom } from './irc.js';

/** A long evening; more would make the page slow, and nobody scrolls that far. */
export const ITEMS_MAX = 500;

/**
 * @typedef {object} Item what stands in a place
 * @property {'message'|'action'|'notice'|'traffic'|'info'|'error'|'gap'} kind
 * @property {number} time in milliseconds since 1970
 * @property {string} [nick]
 * @property {string} [text]
 * @property {string} [id] the server's name for a message
 * @property {boolean} [isOwn]
 * @property {boolean} [isMention]
 * @property {{nick: string, what: string, text: string}[]} [events] who came and went
 */

export class Place {
	/** @type {Item[]} */
	items = [];
	/** @type {Map<string, {nick: string, ranks: string, isAway: boolean, host?: string}>} by folded nick */
	people = new Map();
	topic = '';
	draft = '';
	unread = 0;
	mentions = 0;
	/** Whether we are in: not after a kick, nor without a connection. */
	isIn = false;
	/** @type {Item | undefined} */
	firstUnread;

	constructor(name, kind) {
		this.name = name;
		this.kind = kind;
	}
}

export class State {
	me = '';
	/** Our own `nick!user@host`, as others see it. */
	mask = '';
	isAway = false;
	/** @type {Map<string, Place>} by folded name */
	places = new Map();
	server = new Place('madang', 'server');
	current = this.server;
	/** Whether someone looks at the page. */
	isWatched = true;
	/** @type {(what: 'item'|'change'|'places'|'people'|'current', place?: Place, item?: Item) => void} */
	listener = () => {};

	isMe = (nick) => fold(nick) === fold(this.me);

	/** @returns {Place | undefined} */
	find = (name) => this.places.get(fold(name));

	/** The place of that name, made if need be. */
	place(name) {
		if (!this.find(name)) {
			this.places.set(fold(name), new Place(name, isRoom(name) ? 'room' : 'person'));
			this.listener('places');
		}
		return this.find(name);
	}

	/** Rooms, then people, each by name. */
	listed() {
		return [...this.places.values()].sort((a, b) => b.kind.localeCompare(a.kind) || a.name.localeCompare(b.name));
	}

	rooms() {
		return this.listed().filter((place) => place.kind === 'room');
	}

	/** The rooms in which someone is. */
	roomsOf(nick) {
		return this.rooms().filter((place) => place.people.has(fold(nick)));
	}

	remove(place) {
		this.places.delete(fold(place.name));
		if (this.current === place) this.show(this.listed()[0] ?? this.server);
		this.listener('places');
	}

	renamePlace(place, name) {
		this.places.delete(fold(place.name));
		place.name = name;
		this.places.set(fold(name), place);
		this.listener('current');
	}

	show(place) {
		if (place !== this.current) this.current.firstUnread = undefined;
		this.current = place;
		this.read();
		this.listener('current');
	}

	/** What is looked at is read. */
	read() {
		if (this.isWatched) Object.assign(this.current, { unread: 0, mentions: 0 });
		this.listener('places');
	}

	/** @param {Place} place @param {Item} item */
	add(place, item) {
		const last = place.items.at(-1);
		if (item.kind === 'traffic' && last?.kind === 'traffic') {
			last.events.push(...item.events);
			this.listener('change', place, last);
			return;
		}
		place.items.push(item);
		if (place.items.length > ITEMS_MAX) place.items.shift();
		const isSeen = this.isWatched && place === this.current;
		if (item.nick && !item.isOwn && !isSeen) {
			if (!place.unread) place.firstUnread = item;
			place.unread += 1;
			if (item.isMention || place.kind === 'person') place.mentions += 1;
			this.listener('places');
		}
		this.listener('item', place, item);
	}

	/** A message is taken back. */
	redact(place, id) {
		const item = place.items.find((item) => item.id === id);
		if (!item) return;
		Object.assign(item, { kind: 'info', text: `${item.nick} took a message back`, id: '' });
		this.listener('change', place, item);
	}

	retitle(place, topic) {
		place.topic = topic;
		this.listener('current');
	}

	/** We are out, and know no more who is there. */
	empty(place) {
		place.people.clear();
		place.isIn = false;
		this.listener('people');
		this.listener('places');
	}

	/** Someone is there, or has changed. */
	meet(place, person) {
		const known = place.people.get(fold(person.nick));
		place.people.set(fold(person.nick), { ranks: '', isAway: false, ...known, ...person });
		this.listener('people');
	}

	part(place, nick) {
		place.people.delete(fold(nick));
		this.listener('people');
	}

	rename(old, nick) {
		for (const place of this.roomsOf(old)) {
			const person = place.people.get(fold(old));
			this.part(place, old);
			this.meet(place, { ...person, nick });
		}
		const talk = this.find(old);
		if (talk && (fold(old) === fold(nick) || !this.find(nick))) this.renamePlace(talk, nick);
	}

	/** People of a place by rank, then name. @param {string} signs of ranks, highest first */
	sorted(place, signs) {
		const rank = ({ ranks }) => signs.indexOf(ranks[0] ?? 'none') >>> 0;
		return [...place.people.values()].sort((a, b) => rank(a) - rank(b) || a.nick.localeCompare(b.nick));
	}
}

/** Coming and going, in a few words. */
export function summary(events) {
	if (events.length < 3) return events.map(({ text }) => text).join(' · ');
	const whats = new Map();
	for (const { nick, what } of events) whats.set(fold(nick), new Set(whats.get(fold(nick))).add(what));
	const counts = new Map();
	for (const set of whats.values()) {
		const what = set.has('came') && set.has('left') ? 'came and went' : [...set][0];
		counts.set(what, (counts.get(what) ?? 0) + 1);
	}
	return [...counts].map(([what, count]) => `${count} ${what}`).join(' · ');
}
