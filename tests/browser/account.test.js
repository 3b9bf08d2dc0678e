/**
 * Accounts in the page. The server's side of the WebSocket is mostly played by the test, line by line, so that each answer comes
 * when the test wants it; the last test is with the server itself.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { Courtyard, reads, say } from './courtyard.js';

const LIMIT = { timeout: 60_000 };
let yard;
/** What the server keeps, where it keeps anything. */
let folder;

before(async () => { yard = await Courtyard.open(); });
beforeEach(() => yard.serve());
afterEach(async () => {
  await yard.clear();
  if (folder) await rm(folder, { recursive: true });
  folder = undefined;
});
after(() => yard.close());

const OFFER = 'batch draft/multiline=max-bytes=4096,max-lines=24 labeled-response message-tags sasl=SCRAM-SHA-256,PLAIN';

/** A server with one account, and what came to it. */
class Accounts {
  passwords = new Map([['carol', 'open sesame']]);
  lines = [];
  /** Who is logged in on the connection at hand. */
  account = '';
  #expected;

  constructor(page) {
    return page.routeWebSocket(/\/ws$/, (socket) => {
      this.account = '';
      this.socket = socket;
      socket.onMessage((line) => this.#handle(line));
    }).then(() => this);
  }

  say(...lines) {
    for (const line of lines) this.socket.send(`:srv ${line}`);
  }

  /** Waits until such a line comes. */
  comes(expected) {
    return new Promise((resolve) => { this.#expected = { line: expected, resolve }; });
  }

  #handle(line) {
    this.lines.push(line);
    if (line === this.#expected?.line) this.#expected.resolve();
    const [, label = '', command, rest] = /^(?:@label=(\w+) )?(\S+) ?(.*)$/.exec(line);
    const answer = (text) => this.socket.send(`@label=${label} ${text}`);
    const words = rest.replace(/ ?:/, ' ').trim().split(' ');
    if (command === 'NICK') [this.nick] = words;
    else if (command === 'CAP' && words[0] === 'LS') this.say(`CAP * LS :${OFFER}`);
    else if (command === 'CAP' && words[0] === 'REQ') this.say(`CAP * ACK :${words.slice(1).join(' ')}`);
    else if (command === 'CAP' && words[0] === 'END') this.#enter();
    else if (command === 'AUTHENTICATE') this.#authenticate(rest);
    else if (command === 'JOIN') this.socket.send(`@label=${label} :${this.nick}!web@h JOIN ${words[0]}`);
    else if (command === 'WHO') this.say(`354 ${this.nick} 7 ${words[0]} ${this.nick} H`, `315 ${this.nick} ${words[0]} :End`);
    else if (command === 'REGISTER') {
      this.account = this.nick;
      answer(`:srv 900 ${this.nick} ${this.nick}!web@h ${this.nick} :You are now logged in as ${this.nick}`);
    } else if (command === 'NS') answer(`:NickServ!NickServ@srv NOTICE ${this.nick} :done`);
  }

  #enter() {
    if (this.passwords.has(this.nick) && this.account !== this.nick) this.say(`433 * ${this.nick} :Nickname is already in use`);
    else this.say(`001 ${this.nick} :Welcome ${this.nick}!web@h`);
  }

  #authenticate(text) {
    if (text === 'PLAIN') return this.socket.send('AUTHENTICATE +');
    const [, name, password] = Buffer.from(text, 'base64').toString().split('\0');
    if (this.passwords.get(name) !== password) return this.say(`904 ${this.nick} :SASL authentication failed`);
    this.account = name;
    return this.say(`900 ${this.nick} * ${name} :You are now logged in as ${name}`, `903 ${this.nick} :Done`);
  }
}

async function visit() {
  const page = await yard.visit({ url: 'about:blank' });
  const accounts = await new Accounts(page);
  await page.goto(`http://127.0.0.1:${yard.port}/`);
  return { page, accounts };
}

const isIn = (page, nick) => page.locator('#people button', { hasText: nick }).waitFor();

/** Everything that the browser keeps for this page. */
const kept = (page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));

test('a name that belongs to an account asks for its password', LIMIT, async () => {
  const { page } = await visit();
  assert.equal(await page.isVisible('#secret'), false);
  await page.fill('#name', 'carol');
  await page.press('#name', 'Enter');
  await page.locator('#secret:focus').waitFor();
  await page.locator('#refusal', { hasText: 'give its password' }).waitFor();
  await page.fill('#secret', 'open sesami');
  await page.press('#secret', 'Enter');
  await page.locator('#refusal', { hasText: 'not logged in' }).waitFor();
  await page.fill('#secret', 'open sesame');
  await page.press('#secret', 'Enter');
  await isIn(page, 'carol');
  assert.doesNotMatch(await kept(page), /sesam/);
});

test('a lost connection comes back with its account, and a reload asks for the password', LIMIT, async () => {
  const { page, accounts } = await visit();
  await page.fill('#name', 'carol');
  await page.press('#name', 'Enter');
  await page.fill('#secret', 'open sesame');
  await page.press('#secret', 'Enter');
  await isIn(page, 'carol');
  await say(page, '/join tea');
  await page.locator('#where', { hasText: '#tea' }).waitFor();
  const login = accounts.comes('AUTHENTICATE PLAIN');
  await accounts.socket.close();
  await login;
  await isIn(page, 'carol');
  await page.reload();
  await page.locator('#secret:focus').waitFor();
  await page.fill('#secret', 'open sesame');
  await page.press('#secret', 'Enter');
  // In the same rooms as before.
  for (const name of ['#lobby', '#tea']) await page.locator('#places .place', { hasText: name }).waitFor();
  await isIn(page, 'carol');
});

test('an account is made, its password changed, and left', LIMIT, async () => {
  const { page, accounts } = await visit();
  await page.fill('#name', 'dora');
  await page.press('#name', 'Enter');
  await isIn(page, 'dora');
  await page.click('#account');
  await page.locator('#own label', { hasText: 'makes dora yours' }).waitFor();
  assert.equal(await page.isVisible('#logout'), false);
  await page.fill('#fresh', 'first sesame');
  await page.press('#fresh', 'Enter');
  await reads(page, 'you are logged in as dora');
  assert.match(accounts.lines.at(-1), /^@label=\d+ REGISTER \* \* :first sesame$/);
  await say(page, '/account');
  await page.locator('#own label', { hasText: 'new password for dora' }).waitFor();
  assert.equal(await page.inputValue('#fresh'), '');
  await page.fill('#fresh', 'second-sesame');
  await page.click('#own .main');
  await reads(page, 'done');
  assert.match(accounts.lines.at(-1), /^@label=\d+ NS SET PASSWORD second-sesame$/);
  // Esc changes nothing.
  await page.click('#account');
  await page.fill('#fresh', 'third-sesame');
  await page.keyboard.press('Escape');
  await page.locator('#own').waitFor({ state: 'hidden' });
  await page.click('#account');
  await page.click('#logout');
  await page.waitForFunction(() => document.querySelectorAll('#log .item').length >= 3);
  assert.match(accounts.lines.at(-1), /^@label=\d+ NS LOGOUT$/);
  assert.ok(accounts.lines.every((line) => !line.includes('third')));
  assert.doesNotMatch(await kept(page), /sesame/);
});

test('a server without accounts is said to be one', LIMIT, async () => {
  const page = await yard.enter('alice');
  await say(page, '/register');
  await reads(page, 'no accounts here');
});

test('the server keeps the account, and knows its password', LIMIT, async () => {
  await yard.stop();
  folder = await mkdtemp(join(tmpdir(), 'madang-'));
  await yard.serve(0, '--data', join(folder, 'data'));
  const page = await yard.enter('carol');
  await page.click('#account');
  await page.fill('#fresh', 'open sesame');
  await page.press('#fresh', 'Enter');
  await reads(page, 'you are logged in as carol');
  await say(page, '/account');
  await page.fill('#fresh', 'second-sesame');
  await page.press('#fresh', 'Enter');
  await reads(page, 'your new password is stored');
  await page.click('#out');
  await page.fill('#name', 'carol');
  await page.press('#name', 'Enter');
  await page.locator('#secret:focus').waitFor();
  await page.fill('#secret', 'open sesame');
  await page.press('#secret', 'Enter');
  await page.locator('#refusal', { hasText: 'not logged in' }).waitFor();
  await page.fill('#secret', 'second-sesame');
  await page.press('#secret', 'Enter');
  await page.locator('#people button', { hasText: 'carol' }).waitFor();
  await page.reload();
  await page.locator('#secret:focus').waitFor();
  await page.fill('#secret', 'second-sesame');
  await page.press('#secret', 'Enter');
  await page.locator('#people button', { hasText: 'carol' }).waitFor();
  await page.click('#account');
  await page.click('#logout');
  await reads(page, 'you are logged out');
  await page.locator('#me', { hasText: 'guest' }).waitFor();
});
