/** The page in a browser, with the real server behind it. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Courtyard, goes, lists, reads, say } from './courtyard.js';

const LIMIT = { timeout: 60_000 };
let yard;

before(async () => { yard = await Courtyard.open(); }, LIMIT);
beforeEach(() => yard.serve(), LIMIT);
afterEach(() => yard.clear(), LIMIT);
after(() => yard.close(), LIMIT);

test('two browsers and one nc talk', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.enter('bob');
  const nc = await yard.call();
  nc.send('carol');
  await nc.hears('* carol joined #lobby');
  await say(alice, 'hello from a browser');
  await nc.hears('#lobby <alice> hello from a browser');
  await reads(bob, 'hello from a browser');
  nc.send('hello from nc');
  await reads(alice, 'hello from nc');
  await reads(bob, 'hello from nc');
  await say(bob, '/me waves');
  await nc.hears('#lobby * bob waves');
  nc.send('/msg bob psst');
  await lists(bob, 'carol', '1');
  await goes(bob, 'carol');
  await reads(bob, 'psst');
  await say(bob, 'yes?');
  await nc.hears('*bob* yes?');
  assert.equal(await alice.locator('#people button').count(), 3);
});

test('it comes back after a restart of the server, and marks the gap', LIMIT, async () => {
  const alice = await yard.enter('alice');
  await say(alice, '/join #garden');
  await alice.locator('#where', { hasText: '#garden' }).waitFor();
  await say(alice, 'before');
  await reads(alice, 'before');
  const { port } = yard;
  await yard.stop();
  await alice.locator('#status', { hasText: 'No connection' }).waitFor();
  await say(alice, 'into the void');
  await reads(alice, 'this was not sent');
  assert.equal(await alice.inputValue('#words'), 'into the void');
  await yard.serve(port);
  await alice.locator('#status:empty').waitFor({ state: 'attached' });
  await reads(alice, 'no connection from');
  await alice.locator('#places .place:not(.out)', { hasText: '#lobby' }).waitFor();
  const bob = await yard.irc('bob');
  bob.send('JOIN #garden', 'PRIVMSG #garden :and after');
  await reads(alice, 'and after');
});

test('a reload keeps conversations, unread marks and drafts', LIMIT, async () => {
  const alice = await yard.enter('alice');
  await say(alice, '/join #garden');
  await alice.locator('#where', { hasText: '#garden' }).waitFor();
  const bob = await yard.irc('bob');
  bob.send('PRIVMSG #lobby :read', 'PRIVMSG alice :psst', 'PRIVMSG alice :alice, hush');
  await lists(alice, 'bob', '2 unread');
  await goes(alice, '#lobby');
  await reads(alice, 'read');
  await alice.fill('#words', 'half a tho');
  await goes(alice, '#garden');
  bob.send('PRIVMSG #lobby :unread');
  await lists(alice, '#lobby', '1 unread');
  // Twice: what was put back is kept too.
  for (const round of [1, 2]) {
    await alice.reload();
    await alice.locator('#status:empty').waitFor({ state: 'attached' });
    await alice.locator('#where', { hasText: '#garden' }).waitFor();
    await lists(alice, 'bob', '2 unread');
    await alice.locator('.badge.loud').waitFor();
    await lists(alice, '#lobby', '1 unread');
    await alice.locator('#places .place:not(.out)', { hasText: '#lobby' }).waitFor();
    assert.equal(await alice.locator('#places .room').count(), 2, `${round}`);
  }
  await goes(alice, 'bob');
  assert.deepEqual(await alice.locator('#log .message p').allTextContents(), ['psst', 'alice, hush']);
  await goes(alice, '#lobby');
  assert.equal(await alice.inputValue('#words'), 'half a tho');
  await alice.locator('#log .new + .message', { hasText: 'unread' }).waitFor();
  await reads(alice, 'no connection from');
  // Who leaves, leaves nothing.
  await alice.click('#out');
  await alice.locator('#news', { hasText: 'You have left.' }).waitFor();
  await alice.reload();
  await alice.locator('#name:focus').waitFor();
  assert.equal(await alice.evaluate(() => JSON.stringify(sessionStorage).includes('psst')), false);
});

test('what cannot be read of an earlier visit is no obstacle', LIMIT, async () => {
  const page = await yard.enter('alice');
  for (const kept of ['', 'nonsense', '{"version":1}', '{"version":0}', '{"version":1,"server":{},"places":[{}]}']) {
    await page.evaluate((text) => addEventListener('pagehide', () => sessionStorage.setItem('places', text)), kept);
    await page.reload();
    await page.locator('#people button', { hasText: 'alice' }).waitFor();
  }
});

test('Back and Forward walk rooms, and the address names the room', LIMIT, async () => {
  const page = await yard.enter('alice', { hash: '#정원' });
  const hash = () => page.evaluate(() => decodeURIComponent(location.hash));
  const stands = async (name) => {
    await page.locator('#where', { hasText: name }).waitFor();
    assert.equal(await hash(), name.startsWith('#') ? name : '');
  };
  const bob = await yard.irc('bob');
  await stands('#정원');
  await say(page, '/join #a&b');
  await stands('#a&b');
  bob.send('PRIVMSG alice :psst');
  await goes(page, 'bob');
  // People are not named in addresses, nor in what the browser remembers of them.
  await stands('bob');
  await page.goBack();
  await stands('#a&b');
  await page.goBack();
  await stands('#정원');
  await page.goForward();
  await page.goForward();
  await stands('bob');
  // A room that was left is not entered again by walking.
  await goes(page, '#a&b');
  await say(page, '/leave');
  await page.locator('#places .place', { hasText: '#a&b' }).waitFor({ state: 'detached' });
  await page.goBack();
  assert.equal(await page.locator('#places .place', { hasText: '#a&b' }).count(), 0);
  // An address that is typed is entered.
  await page.evaluate(() => { location.hash = '#kitchen'; });
  await stands('#kitchen');
  await page.reload();
  await stands('#kitchen');
  await page.locator('#places .place:not(.out)', { hasText: '#kitchen' }).waitFor();
  await page.goBack();
  await page.locator('#where:not(:text("#kitchen"))').waitFor();
  // A browser that refuses so many steps keeps nobody from walking.
  await page.evaluate(() => { history.pushState = () => { throw new DOMException('too often', 'SecurityError'); }; });
  await goes(page, '#kitchen');
  await page.locator('#where', { hasText: '#kitchen' }).waitFor();
  assert.equal(await page.locator('#log h2').textContent(), '#kitchen');
});

/** A page whose end of the connection can be cut while the server's stays, as on a phone that changes its network. */
async function visitOverCutNetwork({ withoutToken = false } = {}) {
  const page = await yard.visit();
  const sockets = [];
  await page.routeWebSocket(/\/ws$/, (ours) => {
    const theirs = ours.connectToServer();
    ours.onClose(() => {});
    const change = (line) => (withoutToken ? line.replace(/^RESUME .*/, 'RESUME 1-1-0') : line);
    ours.onMessage((line) => theirs.send(change(line)));
    sockets.push({ ours, theirs });
  });
  await page.reload();
  await page.fill('#name', 'alice');
  await page.press('#name', 'Enter');
  await page.locator('#people button', { hasText: 'alice' }).waitFor();
  await say(page, 'before');
  await reads(page, 'before');
  return { page, sockets };
}

const isAlice = (page) => page.waitForFunction(() => document.querySelector('#me').textContent === 'alice');

test('a name that our own ghost holds is taken back at once', LIMIT, async () => {
  const { page, sockets } = await visitOverCutNetwork();
  const bob = await yard.irc('bob');
  await sockets[0].ours.close();
  await bob.hears('QUIT :resumed by another connection');
  await reads(page, 'no connection from');
  await isAlice(page);
  await page.waitForFunction(() => document.querySelectorAll('#people button').length === 2);
  // The page is loaded again while its connection is dead: the token is kept for the tab.
  await sockets[1].ours.close();
  await page.reload();
  await isAlice(page);
  await page.locator('#people button', { hasText: 'alice' }).waitFor();
  assert.ok(!page.url().includes('token') && !(await page.evaluate(() => document.cookie)));
  assert.ok(await page.evaluate(() => /^[0-9a-f-]{36,}$/.test(sessionStorage.getItem('token'))));
});

test('without a token a name is taken back when the ghost goes', LIMIT, async () => {
  const { page, sockets } = await visitOverCutNetwork({ withoutToken: true });
  await sockets[0].ours.close();
  await page.locator('#me', { hasText: 'alice_' }).waitFor();
  await sockets[0].theirs.close();
  await isAlice(page);
});

test('a tab that was duplicated does not take the name of the first', LIMIT, async () => {
  const { page } = await visitOverCutNetwork();
  const copy = await page.evaluate(() => Object.entries(sessionStorage));
  const second = await page.context().newPage();
  await second.addInitScript((entries) => entries.forEach(([name, value]) => sessionStorage.setItem(name, value)), copy);
  await second.goto(page.url());
  await second.locator('#me', { hasText: 'alice_' }).waitFor();
  await say(page, 'still here');
  await reads(page, 'still here');
  await isAlice(page);
});

test('nothing that others write becomes markup', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const count = () => alice.evaluate(() => document.querySelectorAll('script, img, iframe, object, style, svg').length);
  const before = await count();
  const evil = (n) => `<img src=x onerror=alert(${n})><script>alert(${n})</script>"'><svg onload=alert(${n})>`;
  const eve = await yard.irc('[eve]`{}|^_', evil(1));
  eve.send(`PRIVMSG #lobby :${evil(2)}`, `NOTICE #lobby :${evil(3)}`, `PRIVMSG #lobby :\x01ACTION ${evil(4)}\x01`);
  eve.send(`PRIVMSG alice :${evil(5)}`, `AWAY :${evil(6)}`, 'PRIVMSG #lobby :javascript:alert(7) data:text/html,x');
  eve.send('JOIN #<img/src=x/onerror=alert(8)>', `TOPIC #<img/src=x/onerror=alert(8)> :${evil(9)}`);
  eve.send('INVITE alice #<img/src=x/onerror=alert(8)>');
  await reads(alice, evil(2));
  await reads(alice, evil(3));
  await reads(alice, evil(4));
  await reads(alice, 'javascript:alert(7)');
  await say(alice, '/join #<img/src=x/onerror=alert(8)>');
  await alice.locator('#topic', { hasText: evil(9) }).waitFor();
  await say(alice, '/whois [eve]`{}|^_');
  await reads(alice, evil(1));
  eve.send(`PART #<img/src=x/onerror=alert(8)> :${evil(10)}`);
  await reads(alice, evil(10));
  await alice.keyboard.press('Control+k');
  await alice.locator('#found button', { hasText: '#<img/src=x' }).waitFor();
  await alice.keyboard.press('Escape');
  await goes(alice, '[eve]');
  await reads(alice, evil(5));
  await goes(alice, '#lobby');
  eve.send(`QUIT :${evil(11)}`);
  await reads(alice, evil(11));
  assert.equal(await count(), before);
  const hrefs = await alice.locator('#log a').evaluateAll((links) => links.map((link) => link.protocol));
  assert.deepEqual(hrefs.filter((protocol) => !/^(https?|ircs?):$/.test(protocol)), []);
  assert.equal(await alice.locator('[onerror], [onload], [onclick], [style]').count(), 0);
  assert.equal(await alice.evaluate(() => document.scripts.length), 1);
});

test('links are followed apart, and rooms entered', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.irc('bob');
  bob.send('PRIVMSG #lobby :see (https://example.org/a_(b)?c=d&e). and #kitchen!');
  const link = alice.locator('#log a');
  await link.waitFor();
  assert.equal(await link.getAttribute('href'), 'https://example.org/a_(b)?c=d&e');
  assert.equal(await link.getAttribute('target'), '_blank');
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
  await alice.click('#log .link');
  await alice.locator('#where', { hasText: '#kitchen' }).waitFor();
});

test('what is not read is counted, and who is called is told', LIMIT, async () => {
  const alice = await yard.enter('alice');
  await say(alice, '/join #music');
  await alice.locator('#where', { hasText: '#music' }).waitFor();
  const bob = await yard.irc('bob');
  bob.send('PRIVMSG #lobby :one', 'PRIVMSG #lobby :two');
  await lists(alice, '#lobby', '2 unread');
  assert.match(await alice.title(), /^\(•\) #music/);
  bob.send('PRIVMSG #lobby :Alice, three');
  await lists(alice, '#lobby', '3 unread');
  await alice.locator('.badge.loud').waitFor();
  assert.match(await alice.title(), /^\(1\) #music/);
  await goes(alice, '#lobby');
  await alice.locator('#log .new').waitFor();
  await alice.locator('#log .mention', { hasText: 'three' }).waitFor();
  await alice.waitForFunction(() => document.title.startsWith('#lobby'));
  assert.equal(await alice.locator('.badge').count(), 0);
});

test('a name that is taken or unfit is told, and another tried', LIMIT, async () => {
  await yard.irc('alice');
  const page = await yard.visit();
  await page.fill('#name', 'Alice');
  await page.press('#name', 'Enter');
  await page.locator('#refusal', { hasText: 'taken' }).waitFor();
  await page.fill('#name', 'two words');
  await page.press('#name', 'Enter');
  await page.locator('#refusal', { hasText: 'cannot be a name' }).waitFor();
  await page.fill('#name', '하늘');
  await page.press('#name', 'Enter');
  await page.locator('#people button', { hasText: '하늘' }).waitFor();
  await page.reload();
  await page.locator('#people button', { hasText: '하늘' }).waitFor();
});

test('the password is asked for when there is one', LIMIT, async () => {
  await yard.restart('[server]\npassword = "open sesame"\n');
  const page = await yard.visit();
  assert.equal(await page.isVisible('#password'), false);
  await page.fill('#name', 'alice');
  await page.press('#name', 'Enter');
  await page.locator('#refusal', { hasText: 'password' }).waitFor();
  await page.fill('#password', 'wrong');
  await page.press('#password', 'Enter');
  await page.locator('#refusal', { hasText: 'asks for a password' }).waitFor();
  await page.locator('#password:focus').waitFor();
  await page.fill('#password', 'open sesame');
  await page.press('#password', 'Enter');
  await page.locator('#people button', { hasText: 'alice' }).waitFor();
});

test('over TLS it is the same', LIMIT, async () => {
  await yard.stop();
  await yard.serve(0, '--tls-self-signed');
  const alice = await yard.enter('alice', { scheme: 'https', ignoreHTTPSErrors: true });
  const bob = await yard.irc('bob');
  await say(alice, 'nobody in between reads this');
  await bob.hears('nobody in between reads this');
});

test('a room in the address is entered', LIMIT, async () => {
  const page = await yard.visit({ hash: '#정원' });
  await page.locator('#goal', { hasText: '#정원' }).waitFor();
  await page.fill('#name', 'alice');
  await page.press('#name', 'Enter');
  await page.locator('#where', { hasText: '#정원' }).waitFor();
});

test('the keyboard is enough', LIMIT, async () => {
  const page = await yard.visit();
  const { keyboard } = page;
  const bob = await yard.irc('bobby');
  await keyboard.type('alice');
  await keyboard.press('Enter');
  await page.locator('#people button', { hasText: 'bobby' }).waitFor();
  await keyboard.type('bo');
  await keyboard.press('Tab');
  await keyboard.type('good morning');
  await keyboard.press('Enter');
  await bob.hears('PRIVMSG #lobby :bobby: good morning');
  await keyboard.press('ArrowUp');
  assert.equal(await page.inputValue('#words'), 'bobby: good morning');
  await keyboard.press('ArrowDown');
  await keyboard.press('Control+k');
  await keyboard.type('garden');
  await keyboard.press('Enter');
  await page.locator('#where', { hasText: '#garden' }).waitFor();
  await keyboard.press('Alt+ArrowDown');
  await page.locator('#where', { hasText: '#lobby' }).waitFor();
  bob.send('PRIVMSG alice :psst');
  await lists(page, 'bobby', '1');
  await keyboard.press('Alt+ArrowDown');
  await page.locator('#where', { hasText: 'bobby' }).waitFor();
  await keyboard.type('/help');
  await keyboard.press('Enter');
  await page.locator('#help[open]', { hasText: 'Ctrl+K' }).waitFor();
  await keyboard.press('Escape');
  // From anywhere, Tab goes round the whole page: every button is reached, and it is seen where one stands.
  const reached = new Set();
  for (let steps = 0; steps < 40; steps += 1) {
    await keyboard.press('Tab');
    const { name, outline } = await page.evaluate(() => {
      const { activeElement: active } = document;
      return { name: active.id || active.textContent, outline: getComputedStyle(active).outlineStyle };
    });
    if (name && !name.includes('\n')) assert.notEqual(outline, 'none', name);
    reached.add(name);
  }
  for (const id of ['words', 'add', 'me', 'theme', 'out', 'part', 'scroll']) assert.ok(reached.has(id), id);
});

/** What an input method of a phone or a computer does: letters are put together, then given. */
async function inputMethod(page) {
  const devtools = await page.context().newCDPSession(page);
  return {
    async compose(...steps) {
      for (const text of steps) {
        const at = text.length;
        await devtools.send('Input.imeSetComposition', { text, selectionStart: at, selectionEnd: at });
      }
    },
    give: (text) => devtools.send('Input.insertText', { text }),
    /** A key that is the input method's: the page hears of it, and may do nothing. */
    key: (key) => page.locator('#words').evaluate((field, name) => {
      const init = { key: name, keyCode: 229, isComposing: true, bubbles: true, cancelable: true };
      return field.dispatchEvent(new KeyboardEvent('keydown', init));
    }, key),
  };
}

test('Tab leaves alone what input methods write', LIMIT, async () => {
  const page = await yard.enter('alice');
  const caller = await yard.irc('하늘');
  caller.send('NICK 하늘이');
  for (const nick of ['하늘빛', '花子', '小明', 'bobby']) await yard.irc(nick);
  await page.locator('#people button', { hasText: 'bobby' }).waitFor();
  const { compose, give, key } = await inputMethod(page);
  const words = page.locator('#words');
  const cases = [
    // A syllable grows from its letters; two people are meant by it, and Tab goes from one to the other.
    { begun: ['ㅎ', '하', '하느', '하늘'], names: ['하늘빛: ', '하늘이: '], more: ['ㅇ', '아', '안', '안ㄴ', '안녀', '안녕'], given: '안녕' },
    { begun: ['は', 'はなこ', '花子'], names: ['花子: '], more: ['お', 'おは', 'おはよう'], given: 'おはよう' },
    { begun: ['xiao', 'xiao ming', '小明'], names: ['小明: '], more: ['ni', 'ni hao', '你好'], given: '你好' },
  ];
  for (const { begun, names, more, given } of cases) {
    await words.fill('');
    await compose(...begun);
    // While it is put together, Tab and Enter are the input method's.
    for (const name of ['Tab', 'Enter', 'Process', 'ArrowUp']) assert.equal(await key(name), true, name);
    assert.equal(await words.inputValue(), begun.at(-1));
    await give(begun.at(-1));
    for (const name of names) {
      await page.keyboard.press('Tab');
      assert.equal(await words.inputValue(), name);
    }
    const name = names.at(-1);
    await compose(...more);
    await give(given);
    // There is nobody of that name to complete: Tab goes on, and the text stays.
    await page.keyboard.press('Tab');
    assert.equal(await words.inputValue(), name + given);
    await words.focus();
    await page.keyboard.press('End');
    await give(' bo');
    await page.keyboard.press('Tab');
    assert.equal(await words.inputValue(), `${name}${given} bobby `);
  }
});

test('Tab begins anew after a paste, undo, or any other change', LIMIT, async () => {
  const page = await yard.enter('alice');
  for (const nick of ['bobby', 'bonnie']) await yard.irc(nick);
  await page.locator('#people button', { hasText: 'bonnie' }).waitFor();
  const words = page.locator('#words');
  const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  const holds = async (text) => assert.equal(await words.inputValue(), text);
  await words.pressSequentially('bo');
  await press('Tab');
  await holds('bobby: ');
  await press('Tab');
  await holds('bonnie: ');
  await press('Tab');
  await holds('bobby: ');
  await words.pressSequentially('pasted');
  await press('Control+a', 'Control+x');
  await words.pressSequentially('bo');
  await press('Tab', 'Control+v');
  await holds('bobby: bobby: pasted');
  await press('Tab');
  await holds('bobby: bobby: pasted');
  await words.fill('');
  await words.pressSequentially('bo');
  await press('Tab', 'Tab');
  await holds('bonnie: ');
  // What Tab wrote is undone like what was typed, and can be asked for again.
  await press('Control+z', 'Control+z');
  await holds('bo');
  await press('Tab');
  await holds('bobby: ');
  // Dictation and autocorrection replace the text and tell of it afterwards, if at all.
  await words.evaluate((field) => { field.value = 'say it to bo'; });
  await press('Tab');
  await holds('say it to bobby ');
  // Moving in the text ends it too.
  await press('Home', 'Tab');
  await holds('say it to bobby ');
});

test('shortcuts work with Caps Lock and with layouts of other letters', LIMIT, async () => {
  const page = await yard.enter('alice');
  const press = (init) => page.evaluate((given) => {
    const event = new KeyboardEvent('keydown', { ctrlKey: true, bubbles: true, cancelable: true, ...given });
    document.activeElement.dispatchEvent(event);
    const isOpen = document.querySelector('#find').open;
    document.querySelector('#find').close();
    return isOpen;
  }, init);
  for (const init of [
    { key: 'k', code: 'KeyK' }, { key: 'K', code: 'KeyK' }, { key: 'ㅏ', code: 'KeyK' }, { key: 'л', code: 'KeyK' },
    { key: 'ك', code: 'KeyK' }, { key: 'Process', code: 'KeyK', isComposing: true, keyCode: 229 },
    { key: 'k', code: 'KeyV' }, { key: 'k', code: 'KeyK', ctrlKey: false, metaKey: true },
  ]) assert.equal(await press(init), true, JSON.stringify(init));
  for (const init of [
    { key: 't', code: 'KeyK' }, { key: 'K', code: 'KeyK', shiftKey: true }, { key: 'k', code: 'KeyK', altKey: true },
    { key: 'k', code: 'KeyK', ctrlKey: false }, { key: 'ㅏ', code: 'KeyL' },
  ]) assert.equal(await press(init), false, JSON.stringify(init));
});

test('why there is no connection is asked and shown', LIMIT, async () => {
  const { port } = yard;
  const there = { proxyPort: 0 };
  /** As nginx with its shortest configuration does: no upgrade, no host; or with some of it. */
  const pass = (headers) => ({ ...headers, host: there.host ?? `127.0.0.1:${port}` });
  const proxy = createServer((request, response) => {
    if (request.url === '/ws' && there.status) return response.writeHead(there.status).end();
    const { method, url: path, headers } = request;
    const onward = { port: yard.port, method, path, headers: path === '/ws' ? pass(headers) : { ...headers, host: 'localhost' } };
    delete onward.headers.upgrade;
    return request.pipe(get(onward, (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers))));
  });
  proxy.on('upgrade', (request, socket) => {
    socket.on('error', () => {});
    if (!there.upgrades) return socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    const headers = Object.entries(pass(request.headers)).map(([name, value]) => `${name}: ${value}\r\n`);
    const onward = connect(yard.port, '127.0.0.1', () => onward.write(`GET /ws HTTP/1.1\r\n${headers.join('')}\r\n`));
    onward.on('error', () => socket.destroy());
    return socket.pipe(onward).pipe(socket);
  });
  await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  try {
    const origin = `http://127.0.0.1:${proxy.address().port}`;
    const page = await yard.visit({ url: origin });
    const refusal = page.locator('#refusal');
    /** The page tries again at once, until it has this to say. */
    const says = async (hasText) => {
      const reason = refusal.filter({ hasText });
      while (!await reason.count()) {
        const answered = page.waitForResponse((response) => response.url().endsWith('/ws'));
        await page.evaluate(() => dispatchEvent(new Event('online')));
        await answered;
      }
    };
    await page.fill('#name', 'alice');
    await page.press('#name', 'Enter');
    await refusal.filter({ hasText: 'Trying again' }).waitFor();
    await says(`[web] origins = ["${origin}"]`);
    await says('Host, Upgrade and Connection');
    there.upgrades = true;
    there.host = 'chat.example';
    await says('[web] hosts = ["127.0.0.1"]');
    there.status = 502;
    await says('the server behind it does not (502)');
    there.status = 418;
    await says('answers with 418');
    // What it says to set helps: the proxy passes an upgrade, but another host.
    delete there.status;
    delete there.host;
    await yard.restart(`[web]\norigins = ["${origin}"]\n`);
    await page.press('#name', 'Enter');
    await page.locator('#people button', { hasText: 'alice' }).waitFor();
    assert.equal(await page.textContent('#status'), '');
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('commands are obeyed, and what is no command is refused', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.irc('bob');
  await say(alice, '/dance');
  await reads(alice, 'there is no command /dance');
  await say(alice, '/kick');
  await reads(alice, 'it is written /kick NICK [WHY]');
  await alice.fill('#words', '');
  await say(alice, '//dance');
  await bob.hears('PRIVMSG #lobby :/dance');
  await say(alice, '/topic a fine day');
  await alice.locator('#topic', { hasText: 'a fine day' }).waitFor();
  await say(alice, '/op bob');
  await alice.locator('#people .rank[title="operator"] + bdi', { hasText: 'bob' }).waitFor();
  await say(alice, '/away lunch');
  await alice.locator('#me', { hasText: 'away' }).waitFor();
  await say(alice, '/nick 민지');
  await alice.locator('#me', { hasText: '민지' }).waitFor();
  bob.send('KICK #lobby 민지 :sorry');
  await reads(alice, 'bob sent you out (sorry)');
  await say(alice, 'still here?');
  await reads(alice, 'you are not in here');
  await say(alice, '/join #lobby');
  await alice.locator('#places .place:not(.out)', { hasText: '#lobby' }).waitFor();
  await say(alice, '/leave');
  await alice.locator('#where', { hasText: 'madang' }).waitFor();
  await say(alice, 'hello?');
  await reads(alice, 'nobody hears you here');
  await say(alice, '/quit');
  await alice.locator('#news', { hasText: 'You have left.' }).waitFor();
  assert.equal(await alice.textContent('#refusal'), '');
});

test('several lines are one message, and a long one is cut nowhere', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.enter('bob');
  const nc = await yard.irc('carol');
  await say(alice, 'one\n\n  three');
  await bob.waitForFunction(() => [...document.querySelectorAll('#log p')].some((p) => p.textContent === 'one\n\n  three'));
  await nc.hears(':  three');
  const long = '마당에서 만나요 '.repeat(60).trim();
  await say(alice, long);
  await bob.waitForFunction((text) => [...document.querySelectorAll('#log p')].some((p) => p.textContent === text), long);
  await say(alice, 'x\n'.repeat(40));
  await reads(alice, 'a message may have 4,096 bytes in 32 lines, and this has 79 in 40');
  await alice.fill('#words', '');
  await say(alice, `/me ${'waves '.repeat(100)}`);
  await reads(alice, /\/me takes \d+ bytes, and this has 599/);
  // What was not sent is still there to be made shorter.
  assert.match(await alice.inputValue('#words'), /^\/me waves/);
});

test('who reads further up stays there', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.irc('bob');
  bob.send(...Array.from({ length: 50 }, (_, at) => `PRIVMSG #lobby :line ${at}.`));
  await reads(alice, 'line 49.');
  const scroll = alice.locator('#scroll');
  await scroll.evaluate((box) => { box.scrollTop = 100; });
  await alice.locator('#below').waitFor();
  bob.send('PRIVMSG #lobby :the latest');
  await alice.locator('#below', { hasText: '1 new below' }).waitFor();
  assert.equal(await scroll.evaluate((box) => box.scrollTop), 100);
  await alice.click('#below');
  await alice.locator('#below').waitFor({ state: 'hidden' });
  assert.ok(await scroll.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2));
});

test('a long draft leaves the end in view, and the way to it', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.irc('bob');
  bob.send(...Array.from({ length: 40 }, (_, at) => `PRIVMSG #lobby :line ${at}.`));
  await reads(alice, 'line 39.');
  await alice.fill('#words', 'x\n'.repeat(40));
  await alice.press('#words', 'Enter');
  const error = alice.locator('#log .error', { hasText: 'not sent' });
  await alice.waitForFunction(() => {
    const { scrollHeight, scrollTop, clientHeight } = document.querySelector('#scroll');
    return scrollHeight - scrollTop - clientHeight < 2;
  });
  await error.waitFor();
  assert.equal(await alice.isVisible('#below'), false);
  await alice.locator('#scroll').evaluate((box) => { box.scrollTop = 0; });
  await alice.locator('#below').waitFor();
  const [below, compose] = await Promise.all(['#below', '#compose'].map((id) => alice.locator(id).boundingBox()));
  assert.ok(below.y + below.height <= compose.y, `${JSON.stringify([below, compose])}`);
});

test('what is read stays where it is, however much comes, and nothing is missed on the way down', LIMIT, async () => {
  await yard.restart('[limits]\nmessages_per_second = 0\n');
  const alice = await yard.enter('alice');
  const bob = await yard.irc('bob');
  let sent = 0;
  const more = (count) => bob.send(...Array.from({ length: count }, () => `PRIVMSG #lobby :line ${sent++}.`));
  more(700);
  await reads(alice, 'line 699.');
  const scroll = alice.locator('#scroll');
  const place = (line) => scroll.evaluate((box, text) => {
    const found = [...box.querySelectorAll('.item p')].find((p) => p.textContent === text);
    return found && found.getBoundingClientRect().top;
  }, `line ${line}.`);
  const count = () => alice.locator('#log').evaluate((log) => log.children.length);
  // In the upper half: the end grows, then waits. In the lower half: what is above is cut first.
  for (const line of [250, 500]) {
    if (await alice.isVisible('#below')) await alice.click('#below');
    await alice.locator('#log p', { hasText: `line ${line}.` }).evaluate((p) => p.scrollIntoView({ block: 'start' }));
    await scroll.evaluate((box) => { box.scrollTop += 7; });
    await alice.locator('#below').waitFor();
    const before = await place(line);
    more(100);
    await alice.locator('#below', { hasText: '100 new below' }).waitFor();
    // Another width and height, and a line above that grows.
    assert.ok(Math.abs(await place(line) - before) < 0.51, `${await place(line)}, not ${before}`);
    await alice.setViewportSize({ width: 700, height: 600 });
    await alice.setViewportSize({ width: 1280, height: 800 });
    await alice.waitForFunction(() => innerWidth === 1280);
    assert.ok(Math.abs(await place(line) - before) < 0.51, `${await place(line)}, not ${before}`);
    assert.ok(await count() <= 600, `${await count()} elements`);
  }
  const before = await place(500);
  const last = sent;
  more(1000);
  await alice.locator('#below', { hasText: '1,100 new below' }).waitFor();
  assert.ok(Math.abs(await place(500) - before) < 0.51, `${await place(500)}, not ${before}`);
  assert.ok(await count() <= 600, `${await count()} elements`);
  // Down, a view at a time: what was there follows, then what is not kept is named, then the rest.
  const seen = new Map();
  for (let steps = 0; await alice.isVisible('#below'); steps += 1) {
    assert.ok(steps < 300);
    const texts = await scroll.evaluate((box) => {
      const all = [...box.querySelectorAll('#log > *')];
      const { top, bottom } = box.getBoundingClientRect();
      const inView = all.filter((element) => {
        const rect = element.getBoundingClientRect();
        return rect.bottom > top && rect.top < bottom;
      });
      box.scrollTop += box.clientHeight - 80;
      return inView.map((element) => (element.querySelector('p') ?? element).textContent);
    });
    for (const text of texts) seen.set(text, true);
    await alice.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
  }
  const numbers = [...seen.keys()].flatMap((text) => /^line (\d+)\.$/.exec(text)?.slice(1).map(Number) ?? []);
  const gap = [...seen.keys()].find((text) => text.includes('not kept')) ?? '0';
  const jumps = numbers.slice(1).map((number, at) => number - numbers[at] - 1).filter(Boolean);
  assert.deepEqual(jumps, [parseInt(gap, 10)].filter(Boolean), gap);
  assert.ok(last < sent && numbers.at(-1) >= sent - 30, `${numbers.at(-1)} of ${sent}`);
  await reads(alice, `line ${sent - 1}.`);
});

test('coming and going is folded', LIMIT, async () => {
  const alice = await yard.enter('alice');
  for (const nick of ['tom', 'ulla', 'vera']) await yard.irc(nick);
  await alice.locator('#log summary', { hasText: '3 came' }).click();
  await alice.locator('#log details p', { hasText: 'ulla joined' }).waitFor();
});

test('a card says who someone is', LIMIT, async () => {
  const alice = await yard.enter('alice');
  const bob = await yard.irc('bob', 'Robert of the mill');
  bob.send('JOIN #mill', 'AWAY :at lunch', 'PRIVMSG #lobby :hello');
  await reads(alice, 'hello');
  await say(alice, '/whois bob');
  const card = alice.locator('#log .card');
  await card.waitFor();
  const facts = await card.locator('dt').evaluateAll((all) => all.map((dt) => [dt.textContent, dt.nextSibling.textContent]));
  const { name, rooms, away, 'last spoke': spoke, 'connects from': from } = Object.fromEntries(facts);
  assert.deepEqual([name, away], ['Robert of the mill', 'at lunch']);
  assert.deepEqual(rooms.trim().split(' ').sort(), ['#lobby', '@#mill']);
  assert.match(spoke, /^(?:now|\d+ seconds? ago)$/);
  assert.match(from, /bob@/);
  assert.doesNotMatch(await alice.textContent('#log'), /is using|idle|End of/);
  await card.locator('.link', { hasText: '#mill' }).click();
  await alice.locator('#where', { hasText: '#mill' }).waitFor();
  await goes(alice, '#lobby');
  await card.locator('button', { hasText: 'Talk' }).click();
  await alice.locator('#where', { hasText: 'bob' }).waitFor();
  await say(alice, '/whois nobody_here');
  await reads(alice, 'nobody_here is not here');
  await say(alice, '/whois alice');
  await alice.locator('#log .card dd', { hasText: '127.0.0.1' }).first().waitFor();
});

test('a crowd can be filtered, is in order, and says how many more there are', LIMIT, async () => {
  await yard.restart('[limits]\nclients_per_address = 1000\nconnections_per_minute = 100000\n');
  const alice = await yard.enter('alice');
  const numbers = Array.from({ length: 14 }, (_, at) => at + 1);
  await Promise.all(numbers.map((number) => yard.irc(`u${number}`)));
  await alice.locator('#crowd', { hasText: '15 here' }).waitFor();
  assert.equal(await alice.isVisible('#filter'), false);
  await Promise.all(Array.from({ length: 300 }, (_, at) => yard.irc(`guest${at}`)));
  await alice.locator('#crowd', { hasText: '315 here' }).waitFor();
  await alice.locator('#rest', { hasText: '15 more; filter' }).waitFor();
  assert.equal(await alice.locator('#people button').count(), 300);
  await alice.fill('#filter', 'U1');
  await alice.locator('#rest:empty').waitFor({ state: 'attached' });
  const names = await alice.locator('#people button bdi').allTextContents();
  assert.deepEqual(names, ['u1', 'u10', 'u11', 'u12', 'u13', 'u14']);
  await alice.fill('#filter', 'u');
  await alice.locator('#people button').nth(13).waitFor();
  const inOrder = (await alice.locator('#people button bdi').allTextContents()).filter((nick) => /^u\d/.test(nick));
  assert.deepEqual(inOrder, numbers.map((number) => `u${number}`));
  await alice.fill('#filter', 'nobody at all');
  await alice.locator('#rest', { hasText: 'nobody of that name' }).waitFor();
  await say(alice, '/join #garden');
  await alice.locator('#crowd', { hasText: '1 here' }).waitFor();
  assert.equal(await alice.inputValue('#filter'), '');
});

test('the corner asks the server only when it is opened', LIMIT, async () => {
  const page = await yard.visit();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.fill('#name', 'alice');
  await page.press('#name', 'Enter');
  await page.locator('#people button').waitFor();
  assert.ok(!asked.includes('/status'));
  assert.equal(await page.locator('#corner p').count(), 0);
  await page.click('#corner summary');
  await page.locator('#corner p', { hasText: 'people' }).waitFor();
  assert.ok(asked.includes('/status'));
  await yard.restart('[web]\nstatus = false\n');
  const other = await yard.enter('bob');
  await other.click('#corner summary');
  await other.locator('#corner', { hasText: 'does not say' }).waitFor();
});

test('on a phone, rooms and people are drawers', LIMIT, async () => {
  const page = await yard.enter('alice', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const bob = await yard.irc('a_very_long_name_of_thirty_chs');
  bob.send(`PRIVMSG #lobby :${'longwordwithoutend'.repeat(20)}`, `TOPIC #lobby :${'a long topic '.repeat(20)}`);
  await reads(page, 'longword');
  const widths = await page.evaluate(() => {
    const boxes = ['html', '#log', 'header'].map((box) => document.querySelector(box).scrollWidth);
    return [innerWidth, ...boxes];
  });
  assert.ok(Math.max(...widths) === widths[0], `${widths}`);
  assert.equal(await page.isVisible('#side'), false);
  await page.tap('#menu');
  await page.locator('#add').waitFor();
  assert.equal(await page.getAttribute('#menu', 'aria-expanded'), 'true');
  await page.tap('#add');
  await page.fill('#query', 'garden');
  await page.press('#query', 'Enter');
  await page.locator('#where', { hasText: '#garden' }).waitFor();
  await page.locator('#side').waitFor({ state: 'hidden' });
  await page.tap('#crowd');
  await page.locator('#people button', { hasText: 'alice' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#people').waitFor({ state: 'hidden' });
  for (const target of await page.locator('header button:visible, #compose button').all()) {
    const { height } = await target.boundingBox();
    assert.ok(height >= 44, `${await target.textContent()} is ${height} px high`);
  }
});

test('everything has a name for those who do not see it', LIMIT, async () => {
  const page = await yard.enter('alice');
  const selector = 'button, input, textarea, a, nav, aside, dialog, [role=region]';
  const nameless = await page.evaluate((all) => [...document.querySelectorAll(all)]
    .filter((element) => !(element.ariaLabel || element.labels?.length || element.textContent.trim() || element.hidden))
    .map((element) => element.id || element.textContent), selector);
  assert.deepEqual(nameless, []);
  assert.equal(await page.locator('h1:visible').count(), 1);
  assert.equal(await page.locator('main:visible').count(), 1);
  assert.equal(await page.getAttribute('#log', 'role'), 'log');
  await page.waitForFunction(() => document.querySelector('#log').ariaLive === 'polite');
  assert.equal(await page.getAttribute('#status', 'role'), 'status');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  assert.equal(await page.locator('img:not([alt])').count(), 0);
  const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map(({ id }) => id));
  assert.equal(new Set(ids).size, ids.length);
});

test('it speaks the language of the browser: Korean', LIMIT, async () => {
  const bob = await yard.irc('bob');
  const page = await yard.visit({ locale: 'ko-KR' });
  assert.equal(await page.getAttribute('html', 'lang'), 'ko');
  await page.locator('#goal', { hasText: '#lobby 들어가기' }).waitFor();
  await page.fill('#name', '두 사람');
  await page.press('#name', 'Enter');
  await page.locator('#refusal', { hasText: '쓸 수 없는 이름입니다' }).waitFor();
  await page.fill('#name', '하늘');
  await page.press('#name', 'Enter');
  await page.locator('#crowd', { hasText: '2명' }).waitFor();
  bob.send('PRIVMSG #lobby :hello', 'TOPIC #lobby :a topic', 'PART #lobby :bye');
  await reads(page, 'bob 님이 주제를 바꾸었습니다: a topic');
  await reads(page, 'bob 님이 나갔습니다 (bye)');
  await say(page, '/dance');
  await reads(page, '/dance 명령은 없습니다');
  await page.fill('#words', '');
  await say(page, '/join #안채 틀린열쇠');
  await page.locator('#where', { hasText: '#안채' }).waitFor();
  await say(page, '/topic');
  await reads(page, '#안채에는 주제가 없습니다');
  // What others write is in a language of their own, what the server writes is English.
  await goes(page, '#lobby');
  assert.equal(await page.locator('#log p', { hasText: 'hello' }).getAttribute('lang'), '');
  await say(page, '/raw VERSION');
  await page.locator('#log p[lang=en]').first().waitFor();
  await say(page, '/help');
  await page.locator('#help[open]', { hasText: '방에 들어갑니다' }).waitFor();
  await page.keyboard.press('Escape');
  await say(page, '/quit');
  await page.getByText('채팅에서 나왔습니다.').waitFor();
});

test('it speaks English to those whose language it does not know', LIMIT, async () => {
  const page = await yard.visit({ locale: 'fi-FI' });
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.locator('#goal', { hasText: 'Enter #lobby' }).waitFor();
});

/** What the rules of axe-core (WCAG and good practice) have to say about what is seen now. */
async function complaints(page) {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  return page.evaluate(async (script) => {
    if (!globalThis.axe) new Function(script).call(globalThis);
    const { violations } = await globalThis.axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
  }, source);
}

for (const [colorScheme, locale] of [['light', 'en-GB'], ['dark', 'ko-KR']]) {
  for (const width of [1280, 390]) {
    test(`nothing stands in the way of anyone: ${colorScheme}, ${width} px, ${locale}`, LIMIT, async () => {
      // The policy would not let the rules themselves in.
      const options = { colorScheme, locale, viewport: { width, height: 844 }, bypassCSP: true };
      const page = await yard.visit(options);
      assert.deepEqual(await complaints(page), []);
      await page.fill('#name', 'alice');
      await page.press('#name', 'Enter');
      await page.locator('#people button').waitFor({ state: 'attached' });
      const bob = await yard.irc('bob');
      bob.send('PRIVMSG #lobby :alice: see https://example.org and #room', 'PRIVMSG #lobby :\x01ACTION waves\x01');
      bob.send('NOTICE #lobby :a notice', 'TOPIC #lobby :a topic', 'AWAY :lunch', 'PRIVMSG alice :psst');
      await page.locator('#places .badge').waitFor({ state: 'attached' });
      await say(page, '/dance');
      await reads(page, '//dance');
      await say(page, '/whois bob');
      await page.locator('#log .card').waitFor();
      for (let at = 0; at < 16; at += 1) await yard.irc(`guest${at}`);
      await page.locator('#filter:not([hidden])').waitFor({ state: 'attached' });
      if (width > 760) {
        await page.click('#corner summary');
        await page.locator('#corner p').first().waitFor();
      }
      assert.deepEqual(await complaints(page), []);
      await page.keyboard.press('Control+k');
      await page.locator('#found button').first().waitFor();
      assert.deepEqual(await complaints(page), []);
      await page.keyboard.press('Escape');
      await say(page, '/help');
      await page.locator('#help[open]').waitFor();
      assert.deepEqual(await complaints(page), []);
      if (width > 760) return;
      await page.keyboard.press('Escape');
      for (const drawer of ['menu', 'crowd']) {
        await page.click(`#${drawer}`);
        assert.deepEqual(await complaints(page), []);
        await page.keyboard.press('Escape');
      }
    });
  }
}

test('the theme is chosen and remembered', LIMIT, async () => {
  const page = await yard.enter('alice', { colorScheme: 'light' });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.click('#theme');
  const dark = await paper();
  assert.notEqual(dark, light);
  await page.reload();
  await page.locator('#people button', { hasText: 'alice' }).waitFor();
  assert.equal(await paper(), dark);
});

test('a reader scrolls back through what was said before, and keeps the place', LIMIT, async () => {
  const bob = await yard.irc('bob');
  bob.send('JOIN #deep');
  for (let number = 0; number < 90; number += 1) bob.send(`PRIVMSG #deep :line ${number}`);
  await bob.hears('366 bob #deep');
  const alice = await yard.enter('alice', { hash: '#deep' });
  await reads(alice, 'line 89');
  const read = () => alice.locator('#log .item p').allTextContents();
  const expected = Array.from({ length: 90 }, (_, number) => `line ${number}`);
  await alice.waitForFunction(() => {
    document.getElementById('scroll').scrollTop = 0;
    return [...document.querySelectorAll('#log .item p')].some((line) => line.textContent === 'line 0');
  });
  const said = async () => (await read()).filter((text) => text.startsWith('line '));
  assert.deepEqual(await said(), expected);
  // A page that is loaded again has the same once, and what was said meanwhile.
  await alice.evaluate(() => dispatchEvent(new Event('pagehide')));
  bob.send('PRIVMSG #deep :line 90');
  await alice.reload();
  await reads(alice, 'line 90');
  await alice.waitForFunction(() => {
    document.getElementById('scroll').scrollTop = 0;
    return [...document.querySelectorAll('#log .item p')].some((line) => line.textContent === 'line 0');
  });
  assert.deepEqual(await said(), [...expected, 'line 90']);
});
