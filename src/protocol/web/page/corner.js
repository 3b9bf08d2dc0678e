/**
 * The server in four small curves, as `/status` tells it.
 *
 * Owns when it is asked: only while the curves are in sight. Where there is no status, there is no corner.
 */

import { $, el } from './dom.js';

const EVERY_MS = 5000;
const POINTS = 60;
const ROWS = [['people', 'people'], ['rooms', 'rooms'], ['messages_per_second', 'messages/s'], ['turn_ms', 'turn, ms']];

/** Elements of SVG are of a namespace of their own. */
function drawn(tag, props) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  return element;
}

export function watch() {
  const rows = ROWS.map(([key, label]) => {
    const line = drawn('polyline', {});
    const svg = drawn('svg', { viewBox: '0 0 60 16', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    svg.append(line);
    const value = el('dd');
    $('charts').append(el('div', {}, el('dt', {}, label), svg, value));
    return { key, line, value, points: [] };
  });

  const ask = async () => {
    if (document.hidden || !$('corner').open || $('app').hidden) return;
    const response = await fetch('status').catch(() => undefined);
    if (response && !response.ok) {
      $('corner').hidden = true;
      clearInterval(timer);
    }
    const status = response?.ok && (await response.json().catch(() => undefined));
    if (!status) return;
    $('corner').hidden = false;
    for (const row of rows) draw(row, Number(status[row.key]) || 0);
  };
  const timer = setInterval(ask, EVERY_MS);
  ask();
  $('corner').addEventListener('toggle', ask);
}

function draw({ line, value, points }, now) {
  points.push(now);
  if (points.length > POINTS) points.shift();
  const top = Math.max(...points, 1e-9);
  const at = (point, index) => `${POINTS - points.length + index},${15 - (point / top) * 14}`;
  line.setAttribute('points', points.map(at).join(' '));
  value.textContent = now.toLocaleString([], { maximumFractionDigits: now < 10 ? 2 : 0 });
}
