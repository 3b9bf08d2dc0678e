/**
 * The messages of the open place. Invariants: what is shown is one piece of the place's items, in order, and bounded; a reader
 * who scrolled up keeps the line that is read, to the pixel, whatever comes, goes or changes its height elsewhere.
 */

import { $, el, nickName, written } from './dom.js';
import { locale, t } from './language.js';
import { ITEMS_MAX, summary } from './state.js';

const TOGETHER_MS = 5 * 60_000;

/** So near to the end, one reads along. */
const NEAR_PX = 60;

/** Elements at a time: all that a place keeps, and lines between. */
const SHOWN_MAX = 600;
/** Items that are added when a reader comes near those that were left out. */
const MORE = 100;

const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'full' });
const isSpeech = ({ kind }) => kind === 'message' || kind === 'notice';

export class Log {
	#place = null;
	#elements = new WeakMap();
	/** Which item is shown first, and which is to be shown next: counted from the first that the place had when it was made. */
	#first = 0;
	#next = 0;
	#isAtEnd = true;
	/** The line that is read, and how far below the edge it is. */
	#anchor = { element: null, top: 0 };
	/** Where we have scrolled to. Elsewhere, the reader has scrolled. */
	#scrolled = 0;
	#missed = 0;
	#frame = 0;

	constructor(enter, more) {
		this.enter = enter;
		/** Asks for what was said before all that the place has. */
		this.more = more;
		this.box = $('scroll');
		this.list = $('log');
		this.box.onscroll = () => this.#look();
		$('below').onclick = () => this.toEnd();
		// A phone's keyboard, or a long draft, takes of the height; another width breaks lines elsewhere.
		new ResizeObserver(() => (this.#isAtEnd ? this.toEnd() : this.#restore())).observe(this.box);
	}

	/** Items that wait behind what is shown, while one reads further up. */
	get #behind() {
		return this.#place.cut + this.#place.items.length - this.#next;
	}

	show(place) {
		if (this.#place === place) return;
		this.#place = place;
		this.#fill();
		this.toEnd();
		this.list.querySelector('.new')?.scrollIntoView({ block: 'center' });
		this.#look();
	}

	/** Shows the place anew, up to its end. */
	#fill() {
		const { name, kind, cut, items } = this.#place;
		const opening = el('div', { class: 'opening' }, el('h2', { dir: 'auto' }, name), el('p', {}, t(`opening_${kind}`)));
		// What is shown anew is no news: it is not read out.
		this.list.ariaLive = 'off';
		this.list.replaceChildren(opening);
		this.#first = this.#next = Math.max(cut, cut + items.length - ITEMS_MAX);
		this.#append(items.length);
		setTimeout(() => { this.list.ariaLive = 'polite'; });
	}

	#append(count) {
		const { cut, items } = this.#place;
		const lost = cut - this.#next;
		if (lost > 0) this.list.append(el('p', { class: 'line' }, t('not_kept', { count: lost })));
		const from = Math.max(this.#next, cut) - cut;
		const more = items.slice(from, from + count);
		this.list.append(...more.flatMap((item, at) => this.#nodes(item, items[from + at - 1])));
		this.#next = cut + from + more.length;
	}

	add(item) {
		if (item.isOwn && !this.#isAtEnd) return this.toEnd();
		if (item.nick && !this.#isAtEnd) this.#missed += 1;
		if (this.#behind === 1 && this.#hasRoom()) this.#hold(() => this.#append(1));
		return this.#offer();
	}

	/** More was said before. */
	earlier() {
		this.#look();
	}

	/** What the place has is not what it was. */
	anew() {
		this.#fill();
		this.toEnd();
	}

	/** Shows items above those that are shown; what is too much is cut below, out of sight. */
	#prepend() {
		const { cut, items } = this.#place;
		const end = this.#first - cut;
		const start = Math.max(0, end - MORE);
		const nodes = items.slice(start, end).flatMap((item, at) => this.#nodes(item, items[start + at - 1]));
		const opening = this.list.querySelector('.opening');
		const top = opening ? opening.nextSibling : this.list.firstChild;
		// The day is said further up now.
		if (top?.matches('.line:not(.new)') && top.textContent === day.format(items[end - 1].time)) top.remove();
		if (opening) opening.after(...nodes);
		else this.list.prepend(...nodes);
		this.#first = cut + start;
		if (this.#isAtEnd) {
			this.toEnd();
			// Not even a screen full: nothing scrolls, so we look again.
			return this.box.scrollHeight > this.box.clientHeight || this.#look();
		}
		this.#restore();
		const { clientHeight } = this.box;
		for (let last = this.list.lastChild; this.list.children.length > SHOWN_MAX && this.#topOf(last) > clientHeight;) {
			if (last.matches('.item')) this.#next -= 1;
			last.remove();
			last = this.list.lastChild;
		}
		return undefined;
	}

	change(item) {
		const old = this.#elements.get(item);
		if (!old?.isConnected) return;
		this.#hold(() => {
			const now = this.#element(item, old.classList.contains('first'));
			now.querySelector('details')?.toggleAttribute('open', old.querySelector('[open]'));
			old.replaceWith(now);
			if (this.#anchor.element === old) this.#anchor.element = now;
		});
	}

	/** Whether the end may grow. While one reads further up it does until both ends are equally far. */
	#hasRoom() {
		const { children } = this.list;
		if (this.#isAtEnd || children.length < SHOWN_MAX) return true;
		const above = [...children].indexOf(this.#firstInView());
		return above > children.length / 2;
	}

	/** Does something to the list; what is read stays where it is. What is too much is cut above, out of sight. */
	#hold(change) {
		if (this.box.scrollTop !== this.#scrolled) this.#look();
		change();
		const above = this.#isAtEnd ? SHOWN_MAX : [...this.list.children].indexOf(this.#firstInView());
		const extra = Math.min(this.list.children.length - SHOWN_MAX, above);
		for (let count = 0; count < extra; count += 1) {
			if (this.list.firstChild.matches('.item')) this.#first += 1;
			this.list.firstChild.remove();
		}
		if (this.#isAtEnd) this.#follow();
		else this.#restore();
	}

	#firstInView() {
		const { top } = this.box.getBoundingClientRect();
		return [...this.list.children].find((element) => element.getBoundingClientRect().bottom > top) ?? this.list.lastChild;
	}

	/** After a scroll: ours, which changes nothing, or the reader's. A smaller box is no scroll. */
	#look() {
		const { scrollHeight, scrollTop, clientHeight } = this.box;
		const left = scrollHeight - scrollTop - clientHeight;
		if (scrollTop !== this.#scrolled) {
			const element = this.#firstInView();
			this.#anchor = { element, top: this.#topOf(element) };
			this.#scrolled = scrollTop;
			this.#isAtEnd = left < NEAR_PX && !this.#behind;
		}
		if (this.#behind && left < clientHeight) this.#hold(() => this.#append(MORE));
		if (scrollTop < clientHeight) {
			if (this.#first > this.#place.cut) this.#prepend();
			else this.more(this.#place);
		}
		this.#offer();
	}

	#topOf = (element) => element.getBoundingClientRect().top - this.box.getBoundingClientRect().top;

	#restore() {
		const { element, top } = this.#anchor;
		const moved = element?.isConnected ? this.#topOf(element) - top : 0;
		if (moved) this.box.scrollTop += moved;
		this.#scrolled = this.box.scrollTop;
	}

	/** To the end, once for all that comes meanwhile, unless the reader has scrolled away since. */
	#follow() {
		cancelAnimationFrame(this.#frame);
		this.#frame = requestAnimationFrame(() => (this.box.scrollTop === this.#scrolled ? this.toEnd() : this.#look()));
	}

	toEnd() {
		if (this.#behind) this.#fill();
		this.#isAtEnd = true;
		this.box.scrollTop = this.box.scrollHeight;
		this.#scrolled = this.box.scrollTop;
		this.#offer();
	}

	#offer() {
		if (this.#isAtEnd) this.#missed = 0;
		$('below').hidden = this.#isAtEnd;
		$('below').textContent = this.#missed ? t('new_below', { count: this.#missed }) : t('to_end');
	}

	#nodes(item, before) {
		const date = day.format(item.time);
		const nodes = [];
		if (!before || day.format(before.time) !== date) nodes.push(el('p', { class: 'line' }, date));
		if (item === this.#place.firstUnread) {
			this.list.querySelector('.new')?.remove();
			nodes.push(el('p', { class: 'line new' }, t('new')));
		}
		const isTogether = !nodes.length && isSpeech(item) && isSpeech(before) && before.nick === item.nick
			&& item.time - before.time < TOGETHER_MS;
		return [...nodes, this.#element(item, !isTogether)];
	}

	#element(item, isFirst) {
		const { kind, nick, text, lang, time, events, card, isMention } = item;
		// In which language others write is not known.
		const props = { dir: 'auto', lang: nick ? '' : lang };
		const words = events ? traffic(events) : card ? facts(card, this.enter) : el('p', props, ...written(text, this.enter));
		if (kind === 'action') words.prepend(nickName(nick), ' ');
		// Who speaks is said each time to those who listen.
		const who = isSpeech(item) ? [el('span', { class: isFirst ? 'who' : 'unseen' }, nickName(nick))] : [];
		const stamp = el('time', { datetime: new Date(time).toISOString() }, clock.format(time));
		const flags = `${isFirst ? ' first' : ''}${isMention ? ' mention' : ''}`;
		const element = el('div', { class: `item ${kind}${flags}`, 'aria-live': events && 'off' }, stamp, el('div', {}, ...who, words));
		this.#elements.set(item, element);
		return element;
	}
}

function traffic(events) {
	const words = summary(events);
	if (events.length < 3) return el('p', { dir: 'auto' }, words);
	const details = el('details', {}, el('summary', {}, words));
	details.ontoggle = () => details.children[1] ?? details.append(...events.map(({ text }) => el('p', { dir: 'auto' }, text)));
	return details;
}

/** Who someone is. */
function facts({ nick, facts }, enter) {
	const rows = facts.flatMap(({ label, text }) => [
		el('dt', {}, t(`whois_${label}`)),
		el('dd', { dir: 'auto' }, ...(label === 'rooms' ? rooms(text, enter) : written(text, enter))),
	]);
	const talk = el('button', { class: 'link', click: () => enter(nick) }, t('whois_talk'));
	return el('div', { class: 'facts' }, el('p', {}, nickName(nick), talk), el('dl', {}, ...rows));
}

/** `@#room +#other`, each to be entered. */
const rooms = (text, enter) => text.split(' ').filter(Boolean).flatMap((entry) => {
	const [, rank, room] = /^([~&@%+]*)(.*)$/.exec(entry);
	return [rank, el('button', { class: 'link', click: () => enter(room) }, room), ' '];
});
