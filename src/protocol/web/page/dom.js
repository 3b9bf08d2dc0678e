/** Makes elements. Text becomes a text node, never markup. */

import { colour, runs } from './text.js';

export const $ = (id) => document.getElementById(id);

/** `props` are attributes, unless they are false or undefined; functions listen to the event of that name. */
export function el(tag, props = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (typeof value === 'function') element.addEventListener(name, value);
		else if (value !== undefined && value !== false) element.setAttribute(name, value);
	}
	element.append(...children);
	return element;
}

export const nickName = (nick) => el('bdi', { class: `nick n${colour(nick)}` }, nick);

/** What someone wrote, with links to follow and rooms to enter. */
export const written = (text, enter) => runs(text).map(({ text, href, room }) => {
	if (href) return el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text);
	return room ? el('button', { class: 'link', click: () => enter(room) }, text) : text;
});
