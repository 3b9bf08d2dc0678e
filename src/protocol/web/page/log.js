/** The messages of the open room. A reader who scrolled up stays there and sees that there is more. */

import { $, el, nickName, written } from './dom.js';
import { locale, t } from './language.js';
import { ITEMS_MAX, summary } from './state.js';

const TOGETHER_MS = 5 * 60_000;

const NEAR_PX = 60;

const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'full' });
const isSpeech = ({ kind }) => kind === 'message' || kind === 'notice';

export class Log {
	#place = null;
	#elements = new WeakMap();
	#isAtEnd = true;
	#missed = 0;
	#frame = 0;

	constructor(enter) {
		this.enter = enter;
		this.box = $('scroll');
		this.list = $('log');
		this.box.onscroll = () => {
			const { scrollHeight, scrollTop, clientHeight } = this.box;
			this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
			this.#offer();
		};
		$('below').onclick = () => this.toEnd();
		// A phone's keyboard, or a long draft, takes of the height.
		new ResizeObserver(() => this.#isAtEnd && this.toEnd()).observe(this.box);
	}

	show(place) {
		if (this.#place === place) return;
		this.#place = place;
		const opening = el('div', { class: 'opening' }, el('h2', { dir: 'auto' }, place.name), el('p', {}, t(`opening_${place.kind}`)));
		const nodes = place.items.flatMap((item, at) => this.#nodes(item, place.items[at - 1]));
		// What is shown anew is no news: it is not read out.
		this.list.ariaLive = 'off';
		this.list.replaceChildren(opening, ...nodes);
		setTimeout(() => { this.list.ariaLive = 'polite'; });
		this.toEnd();
		this.list.querySelector('.new')?.scrollIntoView({ block: 'center' });
	}

	add(item) {
		this.list.append(...this.#nodes(item, this.#place.items.at(-2)));
		while (this.list.children.length > ITEMS_MAX * 1.2) this.list.firstChild.remove();
		if (this.#isAtEnd || item.isOwn) return this.#follow();
		if (item.nick) this.#missed += 1;
		return this.#offer();
	}

	change(item) {
		const old = this.#elements.get(item);
		const now = this.#element(item, old.classList.contains('first'));
		now.querySelector('details')?.toggleAttribute('open', old.querySelector('[open]'));
		old.replaceWith(now);
		if (this.#isAtEnd) this.#follow();
	}

	/** To the end, once for all that comes meanwhile. */
	#follow() {
		cancelAnimationFrame(this.#frame);
		this.#frame = requestAnimationFrame(() => this.toEnd());
	}

	toEnd() {
		this.#isAtEnd = true;
		this.box.scrollTop = this.box.scrollHeight;
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
		const { kind, nick, text, lang, time, events, isMention } = item;
		// In which language others write is not known.
		const props = { dir: 'auto', lang: nick ? '' : lang };
		const words = events ? traffic(events) : el('p', props, ...written(text, this.enter));
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
