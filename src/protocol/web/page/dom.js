/**
 * Elements, made in the one way in which this page makes them: every text becomes a text node, so that nothing that anyone
 * wrote can become markup.
 */

import { colour, runs } from './text.js';

export const $ = (id) => document.getElementById(id);

/**
 * @param {string} tag
 * @param {Record<string, unknown>} props attributes (false and undefined: none); functions listen to events of that name
 * @param {...(Node | string)} children
 */
export function el(tag, props = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (typeof value === 'function') element.addEventListener(name, value);
		else if (value !== undefined && value !== false) element.setAttribute(name, value);
	}
	element.append(...children);
	return element;
}

/** A name in its colour, apart from the direction of what stands beside it. */
export const nickName = (nick) => el('bdi', { class: `nick n${colour(nick)}` }, nick);

/** What someone wrote, with links to follow and rooms to enter. @param {(room: string) => void} enter */
export const written = (text, enter) => runs(text).map(({ text, href, room }) => {
	if (href) return el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text);
	return room ? el('button', { class: 'link', click: () => enter(room) }, text) : text;
});
