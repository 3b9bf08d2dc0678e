/**
 * What was said in the place that is looked at.
 *
 * Owns the elements of its items, and where the reader is: who reads further up stays there, and learns that there is
 * more below. Does not know how items come about.
 */

import { $, el, nickName, written } from './dom.js';
import { summary } from './state.js';

/** Words of one person in such a time stand together. */
const TOGETHER_MS = 5 * 60_000;

/** So near to the end the reader is at the end. */
const NEAR_PX = 60;

const clock = new Intl.DateTimeFormat([], { timeStyle: 'short' });
const day = new Intl.DateTimeFormat([], { dateStyle: 'full' });
const isSpeech = (item) => item?.kind === 'message' || item?.kind === 'notice';

export class Log {
  #place = null;
  #elements = new WeakMap();
  #isAtEnd = true;
  #missed = 0;

  /** @param {(room: string) => void} enter */
  constructor(enter) {
    this.enter = enter;
    this.box = $('scroll');
    this.list = $('log');
    this.box.addEventListener('scroll', () => this.#scrolled());
    $('below').addEventListener('click', () => this.toEnd());
    // The keyboard of a phone, or a longer draft, takes of the height: the end stays in sight.
    new ResizeObserver(() => this.#isAtEnd && this.toEnd()).observe(this.box);
  }

  /** @param {import('./state.js').Place} place */
  show(place) {
    if (this.#place && this.#place !== place) this.#place.scroll = this.#isAtEnd ? null : this.box.scrollTop;
    const isOther = this.#place !== place;
    this.#place = place;
    if (!isOther) return;
    // What is shown anew is no news: it is not read out.
    this.list.setAttribute('aria-live', 'off');
    this.list.replaceChildren(opening(place));
    place.items.forEach((item, at) => this.list.append(...this.#nodes(item, place.items[at - 1])));
    this.#missed = 0;
    if (place.scroll === null) this.toEnd();
    else this.box.scrollTop = place.scroll;
    setTimeout(() => this.list.setAttribute('aria-live', 'polite'));
  }

  /** An item was added at the end. */
  add(item) {
    const { items } = this.#place;
    this.list.append(...this.#nodes(item, items.at(-2)));
    while (this.list.children.length > items.length * 2 + 20) this.list.firstChild.remove();
    if (this.#isAtEnd || item.isOwn) {
      this.toEnd();
    } else if (isSpeech(item)) {
      this.#missed += 1;
      this.#offer();
    }
  }

  /** An item became another. */
  change(item) {
    const old = this.#elements.get(item);
    if (!old) return;
    old.replaceWith(this.#element(item, true));
    if (this.#isAtEnd) this.toEnd();
  }

  redraw() {
    const place = this.#place;
    this.#place = null;
    this.show(place);
  }

  toEnd() {
    this.#isAtEnd = true;
    this.#missed = 0;
    this.box.scrollTop = this.box.scrollHeight;
    this.#offer();
  }

  /** By how many pages, from the keyboard. */
  page(pages) {
    this.box.scrollBy({ top: pages * this.box.clientHeight * 0.8 });
  }

  #scrolled() {
    this.#isAtEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_PX;
    if (this.#isAtEnd) this.#missed = 0;
    this.#offer();
  }

  #offer() {
    const button = $('below');
    button.hidden = this.#isAtEnd;
    button.textContent = this.#missed ? `${this.#missed} new below ↓` : 'To the end ↓';
  }

  /** The element of an item, with what stands before it. */
  #nodes(item, before) {
    const nodes = [];
    const date = day.format(item.time);
    const isNewDay = !before || day.format(before.time) !== date;
    if (isNewDay) nodes.push(el('p', { class: 'line day' }, date));
    const isNew = item === this.#place.firstUnread;
    if (isNew) nodes.push(el('p', { class: 'line new' }, 'New'));
    const isTogether = !isNewDay && !isNew && isSpeech(item) && isSpeech(before) && before.nick === item.nick
      && item.time - before.time < TOGETHER_MS;
    nodes.push(this.#element(item, !isTogether));
    return nodes;
  }

  #element(item, isFirst) {
    const { kind, nick, text, time } = item;
    const stamp = el('time', { datetime: new Date(time).toISOString() }, clock.format(time));
    const flags = [isFirst && 'first', item.isOwn && 'own', item.isMention && 'mention'].filter(Boolean).join(' ');
    let body;
    if (kind === 'traffic') body = traffic(item.events);
    else if (kind === 'action') body = el('p', { dir: 'auto' }, nickName(nick), ' ', ...written(text, this.enter));
    else if (isSpeech(item)) {
      const who = el('span', { class: isFirst ? 'who' : 'hidden' }, nickName(nick), kind === 'notice' ? ' notice' : '');
      body = el('div', {}, who, el('p', { dir: 'auto' }, ...written(text, this.enter)));
    } else body = el('p', { dir: 'auto' }, ...written(text, this.enter));
    const element = el('div', { class: `item ${kind} ${flags}` }, stamp, body);
    this.#elements.set(item, element);
    return element;
  }
}

/** Where a place begins. */
function opening(place) {
  const words = {
    room: 'Here you came in. What was said before is not kept; what is said now, everyone in the room hears.',
    person: 'Only the two of you hear this.',
    server: 'Words of the server itself. Find a room with + or Ctrl+K, or type /help.',
  };
  return el('div', { class: 'opening' }, el('h2', { dir: 'auto' }, place.name), el('p', {}, words[place.kind]));
}

/** Coming and going, folded if there was much of it. */
function traffic(events) {
  const words = summary(events);
  if (events.length < 3) return el('p', { dir: 'auto' }, words);
  const lines = events.map((event) => el('p', { dir: 'auto' }, event.text));
  return el('details', {}, el('summary', {}, words), ...lines);
}
