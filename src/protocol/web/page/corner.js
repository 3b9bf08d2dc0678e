/** The server in four small curves, as `/status` tells it. It is asked only while someone has opened them and looks. */

import { $, el } from './dom.js';
import { t } from './language.js';

const EVERY_MS = 5000;
const POINTS = 60;
const ROWS = { people: 'server_people', rooms: 'server_rooms', messages_per_second: 'server_messages', turn_ms: 'server_turn' };

const drawn = (tag) => document.createElementNS('http://www.w3.org/2000/svg', tag);

export function watch(isInSight) {
	const corner = $('corner');
	const rows = Object.entries(ROWS).map(([key, label]) => {
		const [svg, line, value] = [drawn('svg'), drawn('polyline'), el('b')];
		svg.setAttribute('viewBox', `0 0 ${POINTS} 16`);
		svg.setAttribute('preserveAspectRatio', 'none');
		svg.append(line);
		return { key, line, value, points: [], element: el('p', {}, t(label), svg, value) };
	});
	let timer = 0;
	corner.ontoggle = () => {
		clearInterval(timer);
		if (!corner.open) return;
		timer = setInterval(ask, EVERY_MS);
		ask();
	};

	async function ask() {
		if (!isInSight()) return;
		const response = await fetch('status').catch(() => undefined);
		if (!response) return;
		const [summary] = corner.children;
		if (!response.ok) {
			clearInterval(timer);
			return corner.replaceChildren(summary, t('server_silent'));
		}
		const status = await response.json();
		corner.replaceChildren(summary, ...rows.map(({ element }) => element));
		for (const row of rows) draw(row, status[row.key]);
	}
}

function draw({ line, value, points }, now) {
	points.push(now);
	points.splice(0, points.length - POINTS);
	const top = Math.max(...points) || 1;
	line.setAttribute('points', points.map((point, at) => `${POINTS - points.length + at},${15 - (point / top) * 14}`).join(' '));
	value.textContent = +now.toFixed(2);
}
