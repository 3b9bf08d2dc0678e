/**
 * What a tab keeps while its page is loaded again, in its session storage, which ends with the tab and which nothing else sees.
 * Of too much, the oldest is left out. Does not know when to keep, nor the page.
 */

/** So many items of each place, or fewer if that is too much. */
const ITEMS = [200, 50, 10, 0];
/** In all. Browsers allow five million. */
const CHARACTERS_MAX = 1_000_000;

/** Changes with the meaning of what is kept. What another version kept is not read. */
const VERSION = 1;

const KEPT = ['name', 'topic', 'draft', 'unread', 'mentions'];

/** @param {object} session who we are, and how to come back: `nick`, `rooms`, `keys` */
export function pack(state, session) {
	for (const count of ITEMS) {
		const place = (known) => {
			const items = known.items.slice(Math.max(0, known.items.length - count));
			const kept = KEPT.map((name) => [name, known[name]]);
			return { ...Object.fromEntries(kept), items, firstUnread: items.indexOf(known.firstUnread) };
		};
		const places = state.listed().map(place);
		const current = state.current === state.server ? '' : state.current.name;
		const all = { version: VERSION, at: Date.now(), session, current, server: place(state.server), places };
		const text = JSON.stringify(all);
		if (text.length <= CHARACTERS_MAX) return text;
	}
	return '';
}

/** Puts back what was kept, and says when that was and who we were; nothing if it cannot be read. */
export function unpack(state, text) {
	try {
		const { version, at, session, current, server, places } = JSON.parse(text);
		if (version !== VERSION) return undefined;
		for (const kept of [server, ...places]) {
			const place = kept === server ? state.server : state.place(kept.name);
			Object.assign(place, kept, { firstUnread: kept.items[kept.firstUnread] });
		}
		state.show(state.find(current) ?? state.server);
		return { at, ...session };
	} catch {
		return undefined;
	}
}
