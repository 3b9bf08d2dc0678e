/**
 * What is known: places (rooms, people, the server), who is in them, what was said there and not yet read.
 *
 * Invariants: a place keeps at most ITEMS_MAX items; the place that is looked at has nothing unread. Whoever changes
 * something here need not tell the page: `listener` is told. Does not know IRC, nor the page.
 */

import { fold, isRoom } from './irc.js';

/** Items kept for each place. A long evening; more would make the page slow, and nobody scrolls that far. */
export const ITEMS_MAX = 500;

/** Coming and going is folded into one item as long as it lasts no longer than this. */
const TRAFFIC_MS = 60 * 60_000;

/**
 * @typedef {object} Item
 * @property {'message'|'action'|'notice'|'traffic'|'info'|'error'|'gap'} kind
 * @property {number} time in milliseconds since 1970
 * @property {string} [nick] who said it
 * @property {string} [text]
 * @property {boolean} [isOwn]
 * @property {boolean} [isMention]
 * @property {string} [id] the server's name for a message
 * @property {{nick: string, what: string, text: string}[]} [events] who came and went
 *
 * @typedef {object} Person
 * @property {string} nick
 * @property {string} ranks their signs, highest first
 * @property {boolean} isAway
 * @property {string} [host]
 */

export class Place {
  /** @type {Item[]} */
  items = [];
  /** @type {Map<string, Person>} by folded nick */
  people = new Map();
  topic = '';
  draft = '';
  unread = 0;
  mentions = 0;
  /** Whether we are in: false after a kick, or while there is no connection. */
  isIn = false;
  /** @type {Item | null} the first that was not read when the place was looked at last */
  firstUnread = null;
  /** Where the reader was; null is the end. */
  scroll = null;

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
  /** Keys of rooms that we gave, and people not to be heard; both by folded name. */
  keys = new Map();
  ignored = new Set();
  /** @type {Map<string, Place>} by folded name */
  places = new Map();
  server = new Place('madang', 'server');
  /** @type {Place} */
  current = this.server;
  /** Whether someone looks at the page. */
  isWatched = true;
  /** @type {(what: 'item'|'change'|'places'|'people'|'current', place?: Place, item?: Item) => void} */
  listener = () => {};

  isMe(nick) {
    return fold(nick) === fold(this.me);
  }

  /** @returns {Place | undefined} */
  find(name) {
    return this.places.get(fold(name));
  }

  /** The place of that name, made if need be. */
  place(name) {
    let place = this.find(name);
    if (!place) {
      place = new Place(name, isRoom(name) ? 'room' : 'person');
      this.places.set(fold(name), place);
      this.listener('places');
    }
    return place;
  }

  /** Rooms, then people; each in the order of the alphabet. */
  listed() {
    const kinds = ['room', 'person'];
    const order = (a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.name.localeCompare(b.name);
    return [...this.places.values()].sort(order);
  }

  rooms() {
    return this.listed().filter((place) => place.kind === 'room');
  }

  remove(place) {
    const at = this.listed().indexOf(place);
    this.places.delete(fold(place.name));
    if (this.current === place) this.show(this.listed()[Math.max(0, at - 1)] ?? this.server);
    this.listener('places');
  }

  renamePlace(place, name) {
    this.places.delete(fold(place.name));
    place.name = name;
    this.places.set(fold(name), place);
    this.listener('places');
    if (place === this.current) this.listener('current');
  }

  /** Looks at a place. */
  show(place) {
    if (place !== this.current) this.current.firstUnread = null;
    this.current = place;
    this.read();
    this.listener('current');
  }

  /** What is looked at is read. */
  read() {
    if (!this.isWatched) return;
    this.current.unread = 0;
    this.current.mentions = 0;
    this.listener('places');
  }

  /** @param {Place} place @param {Item} item */
  add(place, item) {
    const last = place.items.at(-1);
    if (item.kind === 'traffic' && last?.kind === 'traffic' && item.time - last.time < TRAFFIC_MS) {
      last.events.push(...item.events);
      this.listener('change', place, last);
      return;
    }
    place.items.push(item);
    if (place.items.length > ITEMS_MAX) place.items.shift();
    const isSpeech = item.kind === 'message' || item.kind === 'action' || item.kind === 'notice';
    const isSeen = this.isWatched && place === this.current;
    if (isSpeech && !item.isOwn && !isSeen) {
      if (place.unread === 0) place.firstUnread = item;
      place.unread += 1;
      if (item.isMention || place.kind === 'person') place.mentions += 1;
      this.listener('places');
    } else if (isSpeech && item.isOwn && place.firstUnread) {
      // Who answers has read.
      place.firstUnread = null;
    }
    this.listener('item', place, item);
  }

  retitle(place, topic) {
    place.topic = topic;
    if (place === this.current) this.listener('current');
  }

  /** A message is taken back. */
  redact(place, id) {
    const item = place.items.find((item) => item.id === id);
    if (!item) return;
    Object.assign(item, { kind: 'info', text: `${item.nick} took a message back`, id: undefined });
    this.listener('change', place, item);
  }

  /** Everything a place knew of who is there is void. */
  empty(place) {
    place.people.clear();
    place.isIn = false;
    this.listener('people', place);
    this.listener('places');
  }

  /** @param {Place} place @param {Partial<Person> & {nick: string}} person */
  meet(place, person) {
    const known = place.people.get(fold(person.nick));
    place.people.set(fold(person.nick), { ranks: '', isAway: false, ...known, ...person });
    this.listener('people', place);
  }

  /** @returns {boolean} whether they were there */
  part(place, nick) {
    const wasThere = place.people.delete(fold(nick));
    if (wasThere) this.listener('people', place);
    return wasThere;
  }

  /** The rooms in which someone is. */
  roomsOf(nick) {
    return this.rooms().filter((place) => place.people.has(fold(nick)));
  }

  rename(old, nick) {
    for (const place of this.roomsOf(old)) {
      const person = place.people.get(fold(old));
      place.people.delete(fold(old));
      this.meet(place, { ...person, nick });
    }
    const talk = this.find(old);
    if (talk?.kind === 'person' && !(this.find(nick) && fold(nick) !== fold(old))) this.renamePlace(talk, nick);
  }

  /** People of a place by rank, then name. @param {string} signs of all ranks, highest first */
  sorted(place, signs) {
    const rank = (person) => (person.ranks ? signs.indexOf(person.ranks[0]) : signs.length);
    const collator = new Intl.Collator();
    const order = (a, b) => rank(a) - rank(b) || collator.compare(a.nick, b.nick);
    return [...place.people.values()].sort(order);
  }
}

/** Folded coming and going, in a few words. */
export function summary(events) {
  if (events.length < 3) return events.map((event) => event.text).join(' · ');
  /** @type {Map<string, Set<string>>} */
  const people = new Map();
  let renamed = 0;
  for (const { nick, what } of events) {
    if (what === 'renamed') renamed += 1;
    else people.set(fold(nick), (people.get(fold(nick)) ?? new Set()).add(what));
  }
  const count = { joined: 0, left: 0, both: 0 };
  for (const whats of people.values()) count[whats.size > 1 ? 'both' : [...whats][0]] += 1;
  const parts = [
    [count.joined, 'came'],
    [count.left, 'left'],
    [count.both, 'came and went'],
    [renamed, 'took another name'],
  ];
  return parts.filter(([number]) => number).map(([number, what]) => `${number} ${what}`).join(' · ');
}
