/**
 * What the tests stand on: a server of their own, a browser, people who come by plain socket.
 *
 * Everything that is started here is ended by `close`, whatever happened. No test sleeps: each waits for what it wants to
 * see, for so long at most.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const BINARY = process.env.MADANG_BIN ?? new URL('../../target/debug/madang', import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** How long anything may take to be seen. */
const SEEN_MS = 10_000;

export class Courtyard {
  #children = new Set();
  #contexts = [];
  #people = [];
  #faults = [];
  #folders = [];

  /** Opens the browser; one for all tests of a file. */
  static async open() {
    const courtyard = new Courtyard();
    courtyard.browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    return courtyard;
  }

  /** Starts the server. @param {number} port 0 asks for a free one */
  async serve(port = 0, ...flags) {
    const child = spawn(BINARY, ['--listen', `any://127.0.0.1:${port}`, '--log', 'error', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.once('spawn', () => this.#children.add(child));
    this.server = child;
    const line = await new Promise((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    this.port = Number(/^listening any:\/\/127\.0\.0\.1:(\d+)$/.exec(line)?.[1]);
    assert.ok(this.port, line);
    return this.port;
  }

  /** Starts the server anew, with this configuration. */
  async restart(configuration, ...flags) {
    await this.stop();
    const folder = await mkdtemp(join(tmpdir(), 'madang-'));
    this.#folders.push(folder);
    await writeFile(join(folder, 'madang.toml'), configuration);
    return this.serve(0, '--config', join(folder, 'madang.toml'), ...flags);
  }

  /** Ends the server, and waits until it is gone. */
  async stop(child = this.server) {
    if (!this.#children.delete(child) || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), SEEN_MS);
    await gone;
    clearTimeout(late);
  }

  /**
   * A browser of its own (no storage shared), at the page. What goes wrong in it is remembered.
   * @param {object} options of the browser; and `scheme` and `hash` of the address, or another `url`
   */
  async visit({ scheme = 'http', hash = '', url, ...options } = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    this.#contexts.push(context);
    context.setDefaultTimeout(SEEN_MS);
    const page = await context.newPage();
    const fault = (what) => this.#faults.push(what);
    page.on('pageerror', (error) => fault(`error: ${error}`));
    page.on('dialog', (dialog) => {
      fault(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    // That a connection failed is told by the browser itself, in the tests that end the server.
    page.on('console', (message) => {
      const isExpected = /WebSocket connection|ERR_CONNECTION_REFUSED|status of 4\d\d|status of 502/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !isExpected) fault(`console: ${message.text()}`);
    });
    await context.exposeFunction('violated', (what) => fault(`policy: ${what}`));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => globalThis.violated(event.violatedDirective));
    });
    await page.goto(url ?? `${scheme}://127.0.0.1:${this.port}/${hash}`);
    return page;
  }

  /** A visitor who is in #lobby under this name. */
  async enter(nick, options) {
    const page = await this.visit(options);
    await page.fill('#name', nick);
    await page.press('#name', 'Enter');
    await page.locator('#people button', { hasText: nick }).waitFor({ state: 'attached' });
    return page;
  }

  /** Someone on a plain socket: IRC, or telnet as `nc` speaks it. */
  async call() {
    const person = new Caller(net.connect(this.port, '127.0.0.1'));
    this.#people.push(person);
    return person;
  }

  /** Someone by IRC, in #lobby. */
  async irc(nick, realname = nick) {
    const person = await this.call();
    person.send(`NICK ${nick}`, `USER ${nick} 0 * :${realname}`, 'JOIN #lobby');
    await person.hears(` 366 `);
    return person;
  }

  /** Ends what a test has begun, and tells what went wrong in its pages. */
  async clear() {
    for (const person of this.#people.splice(0)) person.end();
    for (const context of this.#contexts.splice(0)) await context.close();
    for (const child of [...this.#children]) await this.stop(child);
    for (const folder of this.#folders.splice(0)) await rm(folder, { recursive: true });
    assert.deepEqual(this.#faults.splice(0), []);
  }

  async close() {
    await this.clear().finally(() => this.browser.close());
  }
}

class Caller {
  #text = '';
  #wanted = [];

  constructor(socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (text) => {
      this.#text += text;
      this.#wanted = this.#wanted.filter(({ words, resolve }) => !this.#text.includes(words) || resolve());
    });
  }

  send(...lines) {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** Waits until these words have come. */
  hears(words) {
    if (this.#text.includes(words)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`"${words}" did not come, but:\n${this.#text}`)), SEEN_MS);
      this.#wanted.push({ words, resolve: () => { clearTimeout(late); resolve(); } });
    });
  }

  end() {
    this.socket.destroy();
  }
}

/** Types a line into the page and sends it. */
export async function say(page, text) {
  await page.fill('#words', text);
  await page.press('#words', 'Enter');
}

/** Waits until a text stands in the log. */
export const reads = (page, text) => page.locator('#log .item', { hasText: text }).first().waitFor();

/** Waits until a place is listed, with this in its row. */
export const lists = (page, ...texts) =>
  texts.reduce((rows, hasText) => rows.filter({ hasText }), page.locator('#places .place')).first().waitFor();

/** Goes to a place by its row. */
export const goes = (page, name) => page.locator('#places .place', { hasText: name }).click();
