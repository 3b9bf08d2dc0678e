/** Parts of the page that need no browser, and its size. */

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const PAGE = new URL('../../src/protocol/web/page/', import.meta.url).pathname;
let folder;
let irc;
let text;
let commands;
let language;
let mention;
let store;
let login;
let session;
let state;

// Copied to where a package.json tells that they are modules; the browser knows without one.
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'madang-page-'));
  await cp(PAGE, folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const load = (name) => import(join(folder, name));
  const names = ['irc', 'text', 'commands', 'state', 'language', 'mention', 'store', 'login', 'session'];
  const modules = await Promise.all(names.map((name) => load(`${name}.js`)));
  [irc, text, commands, state, language, mention, store, login, session] = modules;
});
after(() => rm(folder, { recursive: true }));

test('the page is below 112 KiB', async () => {
  const names = await readdir(PAGE);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(PAGE, name))).size));
  const sum = sizes.reduce((all, size) => all + size);
  assert.ok(sum < 112 * 1024, `${sum} bytes`);
});

test('every text is there in every language, with the same values in it', () => {
  const { LANGUAGES, TEXTS } = language.table;
  const values = (words) => [...new Set(words.match(/\{\w+\}/g))].sort();
  for (const [key, row] of Object.entries(TEXTS)) {
    assert.equal(row.length, LANGUAGES.length, key);
    for (const words of row) assert.ok(words, key);
    // A reason that the server gives in English may be left out of another language.
    for (const words of row) assert.ok(values(row[0]).join().startsWith(values(words).join()), key);
    if (/[a-z]{3}/.test(row[0].replace(/\{\w+\}|\/\w+/g, ''))) assert.match(row[1], /\p{Script=Hangul}/u, key);
  }
});

test('every text is used, and every text that is used is there', async () => {
  const sources = {};
  for (const name of await readdir(PAGE)) sources[name] = await readFile(join(PAGE, name), 'utf8');
  const { 'language.js': table, 'index.html': html, ...scripts } = sources;
  const { TEXTS } = language.table;
  const all = Object.values(scripts).join('\n');
  const named = [...html.matchAll(/data-(?:text|label)="(\w+)"/g), ...all.matchAll(/\bt\('(\w+)'/g)].map(([, key]) => key);
  for (const key of named) assert.ok(TEXTS[key], key);
  const prefixes = [...all.matchAll(/`(\w+_)\$\{/g)].map(([, prefix]) => prefix);
  for (const key of Object.keys(TEXTS)) {
    const isUsed = named.includes(key) || all.includes(`'${key}'`) || prefixes.some((prefix) => key.startsWith(prefix));
    assert.ok(isUsed || /^\d{3}$|^[A-Z]+$/.test(key), key);
  }
  // What is written in the HTML is signs, not words, but for the name and for those without scripts.
  const words = html.replace(/<(noscript|title|h1)>[^]*?<\/\1>|<!--[^]*?-->|<[^>]*>/g, '');
  assert.doesNotMatch(words, /\p{L}/u);
});

test('lines are taken apart', () => {
  const parts = (line) => {
    const { tags, source, command, params } = irc.parse(line);
    return [Object.fromEntries(tags), source, command, params];
  };
  assert.deepEqual(parts('PING'), [{}, '', 'PING', []]);
  assert.deepEqual(parts(':a!b@c PRIVMSG #d :e f\r\n'), [{}, 'a!b@c', 'PRIVMSG', ['#d', 'e f']]);
  const tagged = parts('@a=b\\:c\\s\\\\;d;+e=\\n\\x\\ :s 001  x  y :');
  assert.deepEqual(tagged, [{ a: 'b;c \\', d: '', '+e': '\nx' }, 's', '001', ['x', 'y', '']]);
  assert.deepEqual(parts('join a:b :c:d :e'), [{}, '', 'JOIN', ['a:b', 'c:d :e']]);
  assert.deepEqual(parts('MODE #a +k  x '), [{}, '', 'MODE', ['#a', '+k', 'x']]);
  assert.deepEqual(parts('@__proto__=x A'), [JSON.parse('{"__proto__":"x"}'), '', 'A', []]);
  assert.equal(irc.parse(':nick!u@h QUIT').nick, 'nick');
});

test('lines are put together, and none can become two', () => {
  assert.equal(irc.format('PING', []), 'PING');
  assert.equal(irc.format('TOPIC', ['#a', '']), 'TOPIC #a :');
  assert.equal(irc.format('PRIVMSG', ['#a', ':)']), 'PRIVMSG #a ::)');
  assert.equal(irc.format('PRIVMSG', ['#a', 'b c'], { label: 'x y;z', empty: '' }), '@label=x\\sy\\:z;empty PRIVMSG #a :b c');
  assert.doesNotMatch(irc.format('PRIVMSG', ['#a', 'b\r\nQUIT\0c']), /[\r\n\0]/);
  for (const words of ['', ' ', 'a', 'a b', ':a', '마당', 'a  b ', '\\']) {
    const { params } = irc.parse(irc.format('X', ['#y', words], { t: words || 'z' }));
    assert.deepEqual(params, ['#y', words]);
  }
});

test('a long text is cut between words, never within a character, and nothing of it is lost', () => {
  const cases = [
    ['hello you there', 7], ['마당마당마당', 7], ['a'.repeat(1000), 10], ['👩‍🚀 '.repeat(40), 16], ['', 5], ['가', 1],
  ];
  for (const [words, bytes] of cases) {
    const pieces = irc.cut(words, bytes);
    assert.equal(pieces.join(''), words);
    for (const piece of pieces) assert.ok(irc.bytesOf(piece) <= bytes || [...piece].length === 1, piece);
  }
  assert.deepEqual(irc.cut('hello you there', 10), ['hello you ', 'there']);
});

test('only harmless links are links', () => {
  const hrefs = (words) => text.runs(words).flatMap(({ href }) => href ?? []);
  assert.deepEqual(hrefs('see https://a.example/b, or http://c.example.'), ['https://a.example/b', 'http://c.example/']);
  assert.deepEqual(hrefs('(https://a.example/b_(c)) ircs://x.example/#y'), ['https://a.example/b_(c)', 'ircs://x.example/#y']);
  assert.deepEqual(hrefs('javascript:alert(1) data:text/html,x file:///etc vbscript:x JAVASCRIPT://a%0aalert(1)'), []);
  assert.deepEqual(hrefs('https:// http://[ https://'), []);
  assert.equal(text.safe('java\nscript:alert(1)'), undefined);
  assert.deepEqual(hrefs('https://x.example/"onclick=alert(1)'), ['https://x.example/']);
  for (const words of ['a #b c', 'https://a.example (#마당)', '#', 'x#y']) {
    assert.equal(text.runs(words).map((run) => run.text).join(''), words);
  }
  assert.deepEqual(text.runs('in #마당.').map(({ room }) => room), [undefined, '#마당', undefined]);
});

test('codes and overrides of direction are taken out', () => {
  assert.equal(text.plain('\x02b\x02 \x0304,01red\x03 \x1b[31m \u202egnp.exe \x04ff0000x\x0f'), 'b red [31m gnp.exe x');
  assert.equal(text.plain('\tone\ntwo'), '\tone\ntwo');
});

test('a text mentions a name by the rule that other clients follow too', async () => {
  const rows = (await readFile(new URL('mentions.txt', import.meta.url), 'utf8')).split('\n');
  let checked = 0;
  for (const [, sign, name, words] of rows.map((row) => /^([+-]) (\S+) (.*)$/.exec(row)).filter(Boolean)) {
    assert.equal(mention.mentions(words, name), sign === '+', `${name}: ${words}`);
    checked += 1;
  }
  assert.ok(checked > 80, `${checked} rows`);
  assert.ok(mention.mentions('\x02alice\x02', 'Alice'));
  assert.ok(!mention.mentions('', 'alice') && !mention.mentions('alice', ''));
  assert.equal(text.colour('Alice'), text.colour('alice'));
});

test('what is typed comes to the same as in telnet', () => {
  const at = { name: '#lobby', isRoom: true };
  const wish = (line, where = at) => commands.interpret(line, where);
  assert.deepEqual(wish('hello'), { say: { to: '#lobby', text: 'hello', isAction: undefined } });
  assert.equal(wish('//who').say.text, '/who');
  assert.deepEqual(wish('/me  waves  twice').say, { to: '#lobby', text: 'waves  twice', isAction: true });
  assert.deepEqual(wish('/msg bob two  words').say, { to: 'bob', text: 'two  words', isAction: undefined });
  assert.deepEqual(wish('/msg bob'), { open: 'bob' });
  assert.deepEqual(wish('/join lobby'), { open: '#lobby' });
  const sent = {
    '/J #a key': ['JOIN', '#a', 'key'],
    '/leave': ['PART', '#lobby'],
    '/part x': ['PART', '#x'],
    '/nick 하늘': ['NICK', '하늘'],
    '/topic': ['TOPIC', '#lobby'],
    '/topic -': ['TOPIC', '#lobby', ''],
    '/topic a fine day': ['TOPIC', '#lobby', 'a fine day'],
    '/away': ['AWAY'],
    '/away at lunch': ['AWAY', 'at lunch'],
    '/kick bob too loud': ['KICK', '#lobby', 'bob', 'too loud'],
    '/op bob': ['MODE', '#lobby', '+o', 'bob'],
    '/mode +l 20': ['MODE', '#lobby', '+l', '20'],
    '/mode': ['MODE', '#lobby'],
    '/invite bob': ['INVITE', 'bob', '#lobby'],
    '/whois bob': ['WHOIS', 'bob'],
    '/raw privmsg #a :b c': ['PRIVMSG', '#a', 'b c'],
  };
  for (const [line, send] of Object.entries(sent)) assert.deepEqual(wish(line), { send }, line);
  for (const line of ['/', '/dance', '/kick', '/msg', '/nick ', '/constructor', '/__proto__']) assert.ok(wish(line).error, line);
  for (const line of ['/kick bob', '/topic x']) assert.ok(wish(line, { name: 'bob', isRoom: false }).error, line);
  assert.ok(wish('hello', { name: '', isRoom: false }).error);
  assert.deepEqual(wish('/leave', { name: 'bob', isRoom: false }), { show: 'close' });
  for (const [line] of commands.help()) assert.match(line, /^\/[a-z]+ [A-Z|[\] ]*$/);
});

test('a place is bounded, and counts what is not read', () => {
  const known = new state.State();
  const room = known.place('#a');
  const said = (time) => ({ kind: 'message', time, nick: 'bob', text: `${time}` });
  for (let at = 0; at < 2 * state.ITEMS_MAX; at += 1) known.add(room, said(at));
  assert.equal(room.items.length, state.ITEMS_MAX);
  assert.equal(room.unread, 2 * state.ITEMS_MAX);
  known.show(room);
  assert.equal(room.unread, 0);
  const came = (nick) => ({ kind: 'traffic', time: 0, events: [{ nick, what: 'came', text: `${nick} joined` }] });
  for (let at = 0; at < 2 * state.ITEMS_MAX; at += 1) known.add(room, came(`guest${at}`));
  assert.equal(room.items.at(-1).events.length, state.ITEMS_MAX);
  const went = { nick: 'a', what: 'left', text: 'a left' };
  assert.equal(state.summary([...came('a').events, went, ...came('b').events]), '1 came and went · 1 came');
});

test('there are only so many conversations', () => {
  const known = new state.State();
  const first = known.place('guest0');
  for (let at = 0; at < 2 * state.PLACES_MAX; at += 1) known.place(`guest${at}`);
  assert.equal(known.places.size, state.PLACES_MAX);
  assert.equal(known.place('stranger'), known.server);
  assert.equal(known.place('guest0'), first);
  assert.equal(known.place('#room').kind, 'room');
});

test('what a tab keeps is bounded, and can be put back', () => {
  const known = new state.State();
  const item = (place, at) => ({ kind: 'message', time: at, nick: 'bob', text: `${place.name} ${at} ${'x'.repeat(300)}` });
  const fill = (place, count) => { for (let at = 0; at < count; at += 1) known.add(place, item(place, at)); };
  fill(known.place('bob'), 300);
  const put = (text) => {
    const back = new state.State();
    return [back, store.unpack(back, text)];
  };
  const [few, who] = put(store.pack(known, { nick: 'alice', rooms: ['#a'], keys: [['#a', ['key']]] }));
  assert.deepEqual([who.nick, who.rooms, who.keys], ['alice', ['#a'], [['#a', ['key']]]]);
  assert.equal(few.find('bob').items.length, 200);
  assert.equal(few.find('bob').items.at(-1).text, known.find('bob').items.at(-1).text);
  assert.deepEqual([few.find('bob').unread, few.find('bob').mentions], [300, 300]);
  for (let at = 0; at < 250; at += 1) fill(known.place(`guest${at}`), 60);
  const text = store.pack(known, {});
  assert.ok(text.length > 100_000 && text.length <= 1_000_000, `${text.length} characters`);
  const [many] = put(text);
  assert.equal(many.places.size, known.places.size);
  assert.equal(many.find('guest7').unread, 60);
  const events = Array.from({ length: 400 }, (_, at) => ({ nick: `n${at}`, what: 'came', text: 'someone joined '.repeat(4) }));
  for (const place of known.listed()) known.add(place, { kind: 'traffic', time: 0, events });
  assert.ok(store.pack(known, {}).length <= 1_000_000);
  assert.equal(put('nonsense')[1], undefined);
});

test('a rename keeps ranks, and a conversation goes along', () => {
  const known = new state.State();
  const room = known.place('#a');
  known.meet(room, { nick: 'bob', ranks: '@' });
  known.meet(room, { nick: 'alice', ranks: '' });
  known.place('bob');
  known.rename('bob', 'Robert');
  assert.deepEqual(known.sorted(room).map(({ nick, ranks }) => ranks + nick), ['@Robert', 'alice']);
  assert.equal(known.find('robert')?.name, 'Robert');
  assert.equal(known.find('bob'), undefined);
});

test('colours are told apart from the paper, in light and dark', async () => {
  const css = await readFile(join(PAGE, 'madang.css'), 'utf8');
  const pairs = {};
  const pattern = /(--[\w-]+|\.n\d)[^;]*?light-dark\((#\w+), (#\w+)\)/g;
  for (const [, name, ...pair] of css.matchAll(pattern)) pairs[name] = pair;
  const luminance = (hex) => {
    const full = hex.length === 4 ? hex.replace(/[^#]/g, '$&$&') : hex;
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(full.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const inks = ['--ink', '--soft', '--accent', '--bad', ...Array.from({ length: 8 }, (_, at) => `.n${at}`)];
  for (const theme of [0, 1]) {
    for (const ink of inks) {
      for (const ground of ['--paper', '--side', '--tint']) {
        const found = contrast(pairs[ink][theme], pairs[ground][theme]);
        assert.ok(found >= 4.5, `${ink} on ${ground}: ${found.toFixed(2)} in theme ${theme}`);
      }
    }
    assert.ok(contrast(pairs['--on-accent'][theme], pairs['--accent'][theme]) >= 4.5);
  }
});

test('a proof of who one is comes in lines of 400 characters, and the last is shorter', () => {
  for (const length of [1, 290, 291, 292, 600]) {
    const lines = login.proof('하늘', 'x'.repeat(length));
    const last = lines.pop();
    assert.ok(lines.every((line) => line.length === 400), length);
    assert.ok(last.length < 400, length);
    const coded = lines.join('') + (last === '+' ? '' : last);
    assert.equal(Buffer.from(coded, 'base64').toString(), `\0하늘\0${'x'.repeat(length)}`);
  }
  // Some length fills its lines to the end.
  assert.ok(Array.from({ length: 400 }, (_, at) => login.proof('a', 'x'.repeat(at))).some((lines) => lines.at(-1) === '+'));
});

/** A session, what it sends, and what it asks of the page. */
function visitor(wish) {
  const [sent, refused] = [[], []];
  const visit = new session.Session(new state.State(), {
    send: (line) => sent.push(line),
    refused: (what) => refused.push(what),
    entered() {},
    holds() {},
    doubted() {},
  });
  visit.want({ nick: 'carol', rooms: [], ...wish });
  visit.begin();
  return { visit, sent, refused, hears: (...lines) => lines.forEach((line) => visit.hear(`:srv ${line}`)) };
}

test('who gives the password of an account logs in on the way in', () => {
  const { visit, sent, refused, hears } = visitor({ secret: 'open sesame' });
  hears('CAP * LS :batch sasl=SCRAM-SHA-256,PLAIN');
  assert.equal(sent.at(-1), 'CAP REQ :batch sasl');
  hears('CAP * ACK :batch sasl');
  assert.equal(sent.at(-1), 'AUTHENTICATE PLAIN');
  hears('AUTHENTICATE +');
  assert.deepEqual(sent.at(-1).split(' '), ['AUTHENTICATE', ...login.proof('carol', 'open sesame')]);
  hears('900 carol carol!web@h carol :You are now logged in as carol', '903 carol :SASL authentication successful');
  assert.equal(sent.at(-1), 'CAP END');
  assert.equal(visit.account, 'carol');
  hears('001 carol :Welcome carol!web@h');
  assert.deepEqual(refused, []);
  // Coming back under another name, the account is the same.
  visit.interrupt();
  visit.want({ nick: 'dora' });
  visit.begin();
  hears('CAP * LS :sasl=PLAIN', 'CAP * ACK :sasl', 'AUTHENTICATE +');
  assert.deepEqual(sent.at(-1).split(' '), ['AUTHENTICATE', ...login.proof('carol', 'open sesame')]);
  hears('904 carol :SASL authentication failed');
  assert.deepEqual(refused, ['secret']);
  visit.quit('');
  assert.deepEqual([visit.account, visit.wanted.secret], ['', '']);
});

test('a name that may belong to an account asks for the password, once', () => {
  const offer = ['CAP * LS :sasl=SCRAM-SHA-256,PLAIN', 'CAP * ACK :sasl'];
  const taken = '433 * carol :Nickname is already in use';
  const asked = visitor();
  asked.hears(...offer, taken);
  assert.deepEqual(asked.refused, ['secret']);
  const owner = visitor({ secret: 'open-sesame' });
  owner.hears(...offer, taken);
  assert.deepEqual(owner.refused, ['name']);
  // Where a password may not be sent, none is asked for.
  const unsafe = visitor({ secret: 'open-sesame' });
  unsafe.hears('CAP * LS :batch sasl=SCRAM-SHA-256', 'CAP * ACK :batch', taken);
  assert.deepEqual(unsafe.refused, ['name']);
  assert.ok(unsafe.sent.every((line) => !line.includes('AUTHENTICATE')));
  // Who had no account when the connection was lost goes on under another name.
  const guest = visitor();
  guest.visit.lostAt = 1;
  guest.hears(...offer, taken);
  assert.equal(guest.sent.at(-1), 'NICK carol_');
  // A page that was loaded again knows the account, but no password.
  const again = visitor();
  Object.assign(again.visit, { lostAt: 1, account: 'carol' });
  again.hears(...offer, taken);
  assert.deepEqual(again.refused, ['secret']);
});

test('answers of NickServ come where they were asked for', () => {
  const { visit, hears } = visitor();
  hears('CAP * LS :labeled-response', 'CAP * ACK :labeled-response', '001 carol :Welcome carol!web@h');
  const place = visit.state.place('#tea');
  visit.command(place, 'NS', ['INFO']);
  visit.hear('@label=1 :NickServ!NickServ@srv NOTICE carol :the account is carol');
  assert.equal(place.items.at(-1).text, 'the account is carol');
  assert.ok(!visit.state.find('NickServ'));
});
