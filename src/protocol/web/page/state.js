/**
 * What is known: places (rooms, people, the server), who is in them, what was said there. Invariants: what is looked at has
 * nothing unread; `listener` is told of every change. Does not know IRC, nor the page.
 */

import { RANKS, fold, isRoom } from './irc.js';
import { compare, t } from './language.js';

/** In one place: a long evening. */
export const ITEMS_MAX = 500;
/** The same for a reader who scrolls back: some 20 MB. */
export const RECALLED_MAX = 50_000;
export const PLACES_MAX = 300;

export class Place {
	/** Message, action, notice of a `nick` (`isOwn`, `isMention`, `id`); info, error, gap; traffic: `events`, who came and went. */
	items = [];
	/** So many items came before these and are not kept. */
	cut = 0;
	/** `nick`, `ranks`, `isAway` of people by folded nick. */
	people = new Map();
	topic = '';
	draft = '';
	unread = 0;
	mentions = 0;
	/** Whether we are in: not after a kick, nor without a connection. */
	isIn = false;
	firstUnread;
	/** What the server was asked for: what was 'missed', or what was said 'earlier'. */
	asks;
	/** Nothing was said before these, as far as the server knows. */
	isWhole = false;
	/** A reader has scrolled back; that much is kept until the place is left. */
	isRecalled = false;

	constructor(name, kind) {
		Object.assign(this, { name, kind });
	}
}

export class State {
	me = '';
	/** Our own `nick!user@host`. */
	mask = '';
	isAway = false;
	/** By folded name. */
	places = new Map();
	server = new Place('madang', 'server');
	current = this.server;
	isWatched = true;
	/** Of an 'item', a 'change' of one, 'places', 'people', or the 'current' place. */
	listener = (what, place, item) => {};

	isMe = (nick) => fold(nick) === fold(this.me);

	find = (name) => this.places.get(fold(name));

	/** Made if need be; of too many people, the server's. */
	place(name) {
		if (!isRoom(name) && this.places.size >= PLACES_MAX) return this.find(name) ?? this.server;
		if (!this.find(name)) this.places.set(fold(name), new Place(name, isRoom(name) ? 'room' : 'person'));
		this.listener('places');
		return this.find(name);
	}

	/** Rooms, then people, each by name. */
	listed() {
		return [...this.places.values()].sort((a, b) => b.kind.localeCompare(a.kind) || compare(a.name, b.name));
	}

	roomsOf(nick) {
		return this.listed().filter((place) => place.people.has(fold(nick)));
	}

	remove(place) {
		this.places.delete(fold(place.name));
		if (this.current === place) this.show(this.listed()[0] ?? this.server);
		this.listener('places');
	}

	show(place) {
		if (place !== this.current) {
			this.current.firstUnread = undefined;
			if (this.current.items.length > ITEMS_MAX) this.#forget(this.current, ITEMS_MAX);
		}
		this.current = place;
		this.read();
		this.listener('current');
	}

	read() {
		if (this.isWatched) Object.assign(this.current, { unread: 0, mentions: 0 });
		this.listener('places');
	}

	add(place, item) {
		const last = place.items.at(-1);
		if (item.events && last?.events) {
			last.events = [...last.events, ...item.events].slice(-ITEMS_MAX);
			return this.listener('change', place, last);
		}
		place.items.push(item);
		if (place.items.length > (place.isRecalled ? RECALLED_MAX : ITEMS_MAX)) this.#forget(place, ITEMS_MAX);
		if (item.nick && !item.isOwn && !(this.isWatched && place === this.current)) {
			if (!place.unread) place.firstUnread = item;
			place.unread += 1;
			place.mentions += item.isMention || place.kind === 'person' ? 1 : 0;
			this.listener('places');
		}
		return this.listener('item', place, item);
	}

	/** Forgets the oldest. */
	#forget(place, left) {
		const count = place.items.length - left;
		place.items.splice(0, count);
		place.cut += count;
		Object.assign(place, { isWhole: false, isRecalled: false });
	}

	/** What was said before all that is known. */
	prepend(place, items) {
		if (place.items.length + items.length > RECALLED_MAX) place.isWhole = true;
		else place.items.unshift(...items);
		if (!place.isWhole) place.cut -= items.length;
		place.isRecalled ||= place.items.length > ITEMS_MAX;
		this.listener('earlier', place, items.length);
	}

	/** What was said while we were not there: all of it, or the last of it, and what was known before makes room. */
	fill(place, items, isAll) {
		const later = (item) => item.id && items.length && BigInt(`0x${item.id}`) > BigInt(`0x${items[0].id}`);
		if (!isAll) this.#forget(place, 0);
		const at = place.items.findIndex(later);
		const news = at < 0 ? [] : place.items.splice(at);
		for (const item of items) this.add(place, item);
		if (!news.length) return isAll || this.listener('anew', place);
		place.items.push(...news);
		return this.listener('anew', place);
	}

	redact(place, id) {
		const item = place.items.find((item) => item.id === id);
		if (!item) return;
		Object.assign(item, { text: t('taken_back'), id: '' });
		this.listener('change', place, item);
	}

	retitle(place, topic) {
		place.topic = topic;
		this.listener('current');
	}

	/** We are out. */
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
		if (!talk || (fold(old) !== fold(nick) && this.find(nick))) return;
		this.places.delete(fold(old));
		talk.name = nick;
		talk.asks = undefined;
		this.places.set(fold(nick), talk);
		this.listener('current');
	}

	/** By rank, then name. */
	sorted(place) {
		const rank = ({ ranks }) => RANKS.indexOf(ranks[0] ?? 'none') >>> 0;
		return [...place.people.values()].sort((a, b) => rank(a) - rank(b) || compare(a.nick, b.nick));
	}
}

/** Coming and going, in a few words. */
export function summary(events) {
	if (events.length < 3) return events.map(({ text }) => text).join(' · ');
	const whats = new Map();
	for (const { nick, what } of events) whats.set(fold(nick), new Set(whats.get(fold(nick))).add(what));
	const counts = {};
	for (const set of whats.values()) {
		const what = set.has('came') && set.has('left') ? 'both' : [...set][0];
		counts[what] = (counts[what] ?? 0) + 1;
	}
	return Object.entries(counts).map(([what, count]) => t(`count_${what}`, { count })).join(' · ');
}
