/**
 * Elements, made safely.
 *
 * Owns the one way in which this page makes elements: texts become text nodes, so nothing that anyone wrote can become
 * markup. Does not know what is shown.
 */

import { colour, runs } from './text.js';

export const $ = (id) => document.getElementById(id);

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [props] attributes; functions listen to events of that name
 * @param {...(Node | string)} children strings become text
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** A name in its colour, isolated from the direction of what stands beside it. */
export const nickName = (nick) => el('bdi', { class: `nick n${colour(nick)}` }, nick);

/** What someone wrote, with links to follow and rooms to enter. @param {(room: string) => void} enter */
export function written(text, enter) {
  return runs(text).map(({ text, manners, href, room }) => {
    let node = new Text(text);
    if (href) node = el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, node);
    else if (room) node = el('button', { class: 'link', click: () => enter(room) }, node);
    for (const manner of manners) node = el(manner, {}, node);
    return node;
  });
}
