/**
 * The frame around what was said: rooms, people, the header, and the dialogs.
 *
 * Owns their elements. Each is drawn anew from the state, at most once in a while, for a crowd comes in all at once. What
 * is clicked is told by `acts`. Does not know the server.
 */

import { $, el, nickName, written } from './dom.js';
import { help } from './commands.js';

const DRAW_MS = 40;
const SHORTCUTS = [
  ['Ctrl+K', 'find a room or a person'],
  ['Alt+↑, Alt+↓', 'the room above, below'],
  ['Alt+U', 'the next room with something new'],
  ['Page Up, Page Down', 'read further up, down'],
  ['Tab', 'complete a name'],
  ['↑, ↓', 'what you typed before'],
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
    this.state = state;
    this.acts = acts;
    for (const id of ['menu', 'crowd']) $(id).addEventListener('click', () => this.drawer(id));
    $('app').addEventListener('click', (event) => event.target === $('app') && this.drawer());
    $('query').addEventListener('input', () => this.#drawFound());
    $('find').firstElementChild.addEventListener('submit', () => $('found').querySelector('button')?.click());
    for (const [name, text] of help()) $('commands').append(el('dt', {}, name), el('dd', {}, text));
    for (const [keys, text] of SHORTCUTS) $('commands').append(el('dt', {}, keys), el('dd', {}, text));
  }

  /** Something has changed; it is drawn soon. @param {'places'|'people'|'current'} what */
  mark(what) {
    if (!this.#stale.size) setTimeout(() => this.#draw(), DRAW_MS);
    this.#stale.add(what);
  }

  #draw() {
    const stale = this.#stale;
    this.#stale = new Set();
    if (stale.has('current')) this.#drawHeader();
    if (stale.has('places') || stale.has('current')) this.#drawPlaces();
    if (stale.has('people') || stale.has('current')) this.#drawPeople();
  }

  #drawHeader() {
    const { current } = this.state;
    const isRoom = current.kind === 'room';
    $('where').textContent = current.name;
    $('topic').replaceChildren(...written(current.topic, this.acts.go));
    $('topic').title = current.topic;
    $('retitle').hidden = $('crowd').hidden = !isRoom;
    $('part').hidden = current.kind === 'server';
    $('part').setAttribute('aria-label', isRoom ? 'Leave this room' : 'Close this conversation');
    $('words').placeholder = current.kind === 'server' ? 'Type /help' : `Say something in ${current.name}`;
    $('app').classList.toggle('alone', !isRoom);
  }

  #drawPlaces() {
    const { state } = this;
    const [rooms, talks] = ['room', 'person'].map((kind) => state.listed().filter((place) => place.kind === kind));
    $('rooms').replaceChildren(...rooms.map((place) => el('li', {}, this.#button(place))));
    $('talks').replaceChildren(...talks.map((place) => el('li', {}, this.#button(place))));
    $('talks-title').hidden = !talks.length;
    $('server').replaceWith(this.#button(state.server, 'server'));
    $('me').replaceChildren(nickName(state.me), state.isAway ? ' away' : '');
    const sum = (what) => state.listed().reduce((all, place) => all + place[what], 0);
    const [unread, mentions] = [sum('unread'), sum('mentions')];
    $('elsewhere').textContent = mentions || (unread ? '•' : '');
    const sign = mentions ? `(${mentions}) ` : unread ? '• ' : '';
    document.title = $('app').hidden ? state.server.name : `${sign}${state.current.name} · ${state.server.name}`;
  }

  #button(place, id) {
    const { unread, mentions, name } = place;
    const isOut = place.kind === 'room' && !place.isIn;
    const badge = unread ? el('b', { class: mentions ? 'badge loud' : 'badge' }, `${unread}`, el('i', { class: 'hidden' }, ' unread')) : '';
    const props = {
      id,
      class: `place${unread ? ' unread' : ''}${isOut ? ' out' : ''}`,
      'aria-current': place === this.state.current && 'page',
      click: () => this.acts.show(place),
    };
    return el('button', props, el('bdi', {}, name), badge);
  }

  #drawPeople() {
    const { current } = this.state;
    const people = this.state.sorted(current, this.acts.signs());
    $('count').textContent = people.length || '';
    $('crowd').setAttribute('aria-label', `People here: ${people.length}`);
    $('people-title').textContent = `Here: ${people.length}`;
    const row = ({ nick, ranks, isAway }) => {
      const rank = ranks && el('span', { class: 'rank', title: RANKS[ranks[0]] }, ranks[0]);
      const away = isAway ? el('small', {}, 'away') : '';
      return el('li', {}, el('button', { class: isAway ? 'away' : '', click: () => this.acts.go(nick) }, rank, nickName(nick), away));
    };
    $('crowd-list').replaceChildren(...people.map(row));
  }

  /** Opens a drawer, or closes what is open. On a wide page only the people can be put away. */
  drawer(id) {
    const { classList } = $('app');
    const name = id && `show-${id}`;
    const isOpen = Boolean(name) && !classList.contains(name);
    classList.remove('show-menu', 'show-crowd');
    if (isOpen) classList.add(name);
    for (const other of ['menu', 'crowd']) $(other).setAttribute('aria-expanded', classList.contains(`show-${other}`));
    if (isOpen) $(id === 'menu' ? 'side' : 'people').querySelector('button')?.focus();
  }

  /** Asks where to go. @param {{name: string, people: number, topic: string}[]} [listed] rooms of the server */
  find(listed) {
    if (listed) this.#listed = listed;
    if (!$('find').open && !listed) {
      $('query').value = '';
      $('find').showModal();
    }
    this.#drawFound();
  }

  #drawFound() {
    const typed = $('query').value.trim();
    const places = this.state.listed();
    const known = places.map((place) => ({ name: place.name, note: place.unread ? `${place.unread} unread` : '' }));
    const others = this.#listed
      .filter(({ name }) => !this.state.find(name))
      .sort((a, b) => b.people - a.people)
      .map(({ name, people, topic }) => ({ name, note: `${people} here${topic ? ` · ${topic}` : ''}` }));
    const fits = ({ name }) => name.toLowerCase().includes(typed.toLowerCase());
    const found = [...known, ...others].filter(fits).slice(0, 100);
    const isThere = found.some(({ name }) => [typed, `#${typed}`].includes(name.toLowerCase()));
    if (typed && !isThere) found.push({ name: typed.startsWith('#') ? typed : `#${typed}`, note: 'enter' });
    const button = ({ name, note }) => {
      const click = () => {
        $('find').close();
        this.acts.go(name);
      };
      return el('li', {}, el('button', { click }, el('bdi', {}, name), el('small', {}, note)));
    };
    $('found').replaceChildren(...found.map(button));
  }

  help() {
    $('help').showModal();
  }
}
