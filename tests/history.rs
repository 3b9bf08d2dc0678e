//! CHATHISTORY from outside: what was said comes back as it was said, to those who may read it, and to nobody else.

mod common;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{Irc, Message, Messages, Server, Setup};
use std::{fs, path::PathBuf};

const CONFIG: &str = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";

const PASSWORD: &str = "c0rrect-h0rse";

/// What a client needs to see all there is.
const CAPS: [&str; 6] = [
    "batch",
    "server-time",
    "message-tags",
    "echo-message",
    "labeled-response",
    "draft/chathistory",
];

/// A server, with a directory for its data if it is to have accounts.
struct House {
    server: Option<Server>,
    data: PathBuf,
}

impl House {
    fn new(name: &str, has_data: bool) -> Self {
        Self::with(name, has_data, "")
    }

    fn with(name: &str, has_data: bool, config: &str) -> Self {
        let name = format!("madang-history-{}-{name}", std::process::id());
        let data = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&data);
        let setup = Setup::new().config(&format!("{CONFIG}{config}"));
        let setup = match has_data {
            true => setup.flag("--data").flag(data.to_str().unwrap()),
            false => setup,
        };
        let server = setup.listen("irc://127.0.0.1:0").start();
        Self {
            server: Some(server),
            data,
        }
    }

    fn enter(&self, nick: &str, more_caps: &[&str]) -> Irc {
        let address = self.server.as_ref().expect("it was started").address();
        Irc::enter_with(address, nick, &[&CAPS, more_caps].concat())
    }

    /// Someone with an account of that name, in it.
    fn register(&self, nick: &str, more_caps: &[&str]) -> Irc {
        let mut irc = self.enter(nick, more_caps);
        irc.send(&format!("NS REGISTER {PASSWORD}"));
        let done = "your account is made, and you are logged in";
        while !irc
            .next()
            .params
            .last()
            .is_some_and(|text| text.starts_with(done))
        {}
        irc.drain();
        irc
    }

    /// Someone who logs in to an account with a nick that nobody has.
    fn log_in(&self, nick: &str, account: &str) -> Irc {
        let address = self.server.as_ref().expect("it was started").address();
        let mut irc = Irc::connect(address);
        irc.request(&[&CAPS[..], &["sasl"]].concat());
        irc.send(&format!("NICK {nick}"));
        irc.send("USER u 0 * :r");
        irc.send("AUTHENTICATE PLAIN");
        let plain = BASE64_STANDARD.encode(format!("\0{account}\0{PASSWORD}"));
        irc.send(&format!("AUTHENTICATE {plain}"));
        irc.until("903 <any> <any>");
        irc.send("CAP END");
        irc.until("001 <any> <any>");
        irc.drain();
        irc
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server = None;
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Says something; the echo.
#[track_caller]
fn say(irc: &mut Irc, line: &str) -> Message {
    irc.drain();
    let echoes = irc.ask(line);
    assert!(!echoes.is_empty(), "no echo of {line}");
    echoes[0].clone()
}

/// The same, until its time is later than that of another message: those of different rooms may have the same.
#[track_caller]
fn say_later(irc: &mut Irc, line: &str, than: &Message) -> Message {
    loop {
        let said = say(irc, line);
        if said.tagged("time") > than.tagged("time") {
            return said;
        }
    }
}

/// The messages of a reply that is one batch about a target; they are as they were, but for the batch.
#[track_caller]
fn batch_of(reply: &Messages, target: &str) -> Vec<Message> {
    let [open, lines @ .., close] = &reply[..] else {
        panic!("no batch: {}", reply.text());
    };
    assert!(
        open.is(&format!("BATCH +<any> chathistory {target}")),
        "{}",
        reply.text()
    );
    let reference = &open.param(0)[1..];
    assert!(close.is(&format!("BATCH -{reference}")), "{}", reply.text());
    let strip = |line: &Message| {
        assert_eq!(line.tagged("batch"), reference, "{}", line.line);
        let mut line = line.clone();
        line.tags.retain(|(key, _)| key != "batch");
        line.line.clear();
        line
    };
    lines.iter().map(strip).collect()
}

#[track_caller]
fn check(irc: &mut Irc, request: &str, target: &str, expected: &[&Message]) {
    irc.drain();
    let reply = irc.ask(request);
    let found = batch_of(&reply, target);
    let expected: Vec<Message> = expected
        .iter()
        .map(|message| Message {
            line: String::new(),
            ..(*message).clone()
        })
        .collect();
    assert_eq!(found, expected, "{request}\n{}", reply.text());
}

/// A request in which `{i3}` is the id of message 3 and `{t3}` its time.
fn fill(request: &str, said: &[Message]) -> String {
    let mut filled = request.to_owned();
    for (index, message) in said.iter().enumerate() {
        let (id, time) = (message.tagged("msgid"), message.tagged("time"));
        filled = filled.replace(&format!("{{i{index}}}"), &format!("msgid={id}"));
        filled = filled.replace(&format!("{{t{index}}}"), &format!("timestamp={time}"));
    }
    filled
}

/// Ten messages in `#a`.
fn ten_messages(house: &House) -> (Irc, Vec<Message>) {
    let mut alice = house.enter("alice", &[]);
    alice.ask("JOIN #a");
    let said = (0..10).map(|number| say(&mut alice, &format!("PRIVMSG #a :message {number}")));
    let said: Vec<_> = said.collect();
    (alice, said)
}

/// Requests for ten messages, and which of them come.
const SELECTORS: &[(&str, &[usize])] = &[
    ("LATEST #a * 20", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("LATEST #a * 10", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("LATEST #a * 5", &[5, 6, 7, 8, 9]),
    ("LATEST #a * 1", &[9]),
    (
        "LATEST #a * 99999999999999999999999",
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ("latest #A * 2", &[8, 9]),
    ("LATEST #a {i4} 20", &[5, 6, 7, 8, 9]),
    ("LATEST #a {t4} 20", &[5, 6, 7, 8, 9]),
    ("LATEST #a {i4} 2", &[8, 9]),
    ("LATEST #a {t4} 2", &[8, 9]),
    ("LATEST #a {i9} 20", &[]),
    ("LATEST #a {t9} 20", &[]),
    ("LATEST #a msgid=0 3", &[7, 8, 9]),
    ("LATEST #a timestamp=2100-01-01T00:00:00.000Z 3", &[]),
    ("BEFORE #a {i6} 20", &[0, 1, 2, 3, 4, 5]),
    ("BEFORE #a {t6} 20", &[0, 1, 2, 3, 4, 5]),
    ("BEFORE #a {i6} 2", &[4, 5]),
    ("BEFORE #a {t6} 2", &[4, 5]),
    ("BEFORE #a {i0} 2", &[]),
    ("BEFORE #a {t0} 2", &[]),
    ("BEFORE #a msgid=ffffffffffffffff 2", &[8, 9]),
    ("BEFORE #a timestamp=2100-01-01T00:00:00.000Z 1", &[9]),
    ("BEFORE #a timestamp=1970-01-01T00:00:00.000Z 1", &[]),
    ("AFTER #a {i3} 20", &[4, 5, 6, 7, 8, 9]),
    ("AFTER #a {t3} 20", &[4, 5, 6, 7, 8, 9]),
    ("AFTER #a {i3} 3", &[4, 5, 6]),
    ("AFTER #a {t3} 3", &[4, 5, 6]),
    ("AFTER #a {i9} 3", &[]),
    ("AFTER #a {t9} 3", &[]),
    ("AFTER #a msgid=0 2", &[0, 1]),
    ("AFTER #a timestamp=1970-01-01T00:00:00Z 2", &[0, 1]),
    ("AROUND #a {i7} 1", &[7]),
    ("AROUND #a {i7} 3", &[6, 7, 8]),
    ("AROUND #a {t7} 3", &[6, 7, 8]),
    ("AROUND #a {i0} 3", &[0, 1, 2]),
    ("AROUND #a {i9} 3", &[7, 8, 9]),
    ("AROUND #a {i5} 20", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("BETWEEN #a {i0} {i9} 20", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("BETWEEN #a {i9} {i0} 20", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("BETWEEN #a {i0} {i9} 3", &[1, 2, 3]),
    ("BETWEEN #a {i9} {i0} 3", &[6, 7, 8]),
    ("BETWEEN #a {t0} {t9} 20", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("BETWEEN #a {t9} {t0} 20", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("BETWEEN #a {t0} {t9} 3", &[1, 2, 3]),
    ("BETWEEN #a {t9} {t0} 3", &[6, 7, 8]),
    ("BETWEEN #a {i2} {t5} 9", &[3, 4]),
    ("BETWEEN #a {t5} {i2} 9", &[3, 4]),
    ("BETWEEN #a {i4} {i5} 9", &[]),
    ("BETWEEN #a {i4} {i4} 9", &[]),
];

#[test]
fn every_selector_gives_what_was_said_in_order_and_without_its_ends() {
    for has_data in [false, true] {
        let house = House::new("selectors", has_data);
        let (mut alice, said) = ten_messages(&house);
        for (request, expected) in SELECTORS {
            let request = format!("CHATHISTORY {}", fill(request, &said));
            let expected: Vec<&Message> = expected.iter().map(|index| &said[*index]).collect();
            check(&mut alice, &request, "#a", &expected);
        }
    }
}

#[test]
fn requests_that_are_wrong_are_answered_with_the_reason() {
    let house = House::new("wrong", false);
    let (mut alice, said) = ten_messages(&house);
    let mut bob = house.enter("bob", &[]);
    bob.ask("JOIN #b");
    for (request, expected) in [
        ("", "INVALID_PARAMS * <any>"),
        ("LATEST", "INVALID_PARAMS LATEST <any>"),
        ("LATEST #a", "INVALID_PARAMS LATEST <any>"),
        ("LATEST #a *", "INVALID_PARAMS LATEST <any>"),
        ("LATEST #a * :", "INVALID_PARAMS LATEST <any>"),
        ("BETWEEN #a {i0} 10", "INVALID_PARAMS BETWEEN <any>"),
        ("TARGETS {t0} 10", "INVALID_PARAMS TARGETS <any>"),
        ("LATEST #a * 10 more", "INVALID_PARAMS LATEST <any>"),
        ("OLDEST #a * 10", "INVALID_PARAMS OLDEST <any>"),
        ("LATEST #a * 0", "INVALID_PARAMS LATEST 0 <any>"),
        ("LATEST #a * -1", "INVALID_PARAMS LATEST -1 <any>"),
        ("LATEST #a * ten", "INVALID_PARAMS LATEST ten <any>"),
        ("BEFORE #a * 10", "INVALID_PARAMS BEFORE * <any>"),
        ("AFTER #a {i0}x 10", "INVALID_PARAMS AFTER <any> <any>"),
        ("AFTER #a msgid= 10", "INVALID_PARAMS AFTER msgid= <any>"),
        ("AFTER #a 12 10", "INVALID_PARAMS AFTER 12 <any>"),
        (
            "AFTER #a timestamp=12 10",
            "INVALID_PARAMS AFTER timestamp=12 <any>",
        ),
        (
            "AFTER #a timestamp=2024-02-30T00:00:00.000Z 10",
            "INVALID_PARAMS AFTER <any> <any>",
        ),
        (
            "BETWEEN #a {i0} nothing 10",
            "INVALID_PARAMS BETWEEN nothing <any>",
        ),
        ("TARGETS {i0} {t1} 10", "INVALID_PARAMS TARGETS <any> <any>"),
        ("TARGETS * {t1} 10", "INVALID_PARAMS TARGETS * <any>"),
        ("LATEST #b * 10", "INVALID_TARGET LATEST #b <any>"),
        ("LATEST #none * 10", "INVALID_TARGET LATEST #none <any>"),
        ("LATEST nobody * 10", "INVALID_TARGET LATEST nobody <any>"),
        ("LATEST * * 10", "INVALID_TARGET LATEST * <any>"),
        ("BEFORE #b {i5} 10", "INVALID_TARGET BEFORE #b <any>"),
    ] {
        let request = fill(request, &said);
        let expected = format!("FAIL CHATHISTORY {expected}");
        alice.check(&format!("CHATHISTORY {request}"), &[&expected]);
    }
    // With a label it is that line that has the label.
    let reply = alice.ask("@label=x CHATHISTORY LATEST #b * 10");
    reply.are(&["@label=x FAIL CHATHISTORY INVALID_TARGET LATEST #b <any>"]);
}

#[test]
fn a_label_is_on_the_batch() {
    let house = House::new("label", false);
    let (mut alice, said) = ten_messages(&house);
    for (request, count) in [("LATEST #a * 3", 3), ("BEFORE #a msgid=1 3", 0)] {
        let reply = alice.ask(&format!("@label=one CHATHISTORY {request}"));
        assert_eq!(reply[0].tagged("label"), "one");
        assert_eq!(batch_of(&reply, "#a").len(), count);
        assert!(reply[1..].iter().all(|line| line.tag("label").is_none()));
    }
    let (from, to) = ("1970-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z");
    let line = format!("@label=two CHATHISTORY TARGETS timestamp={from} timestamp={to} 10");
    let last = said[9].tagged("time");
    let reply = alice.ask(&line);
    reply.are(&[
        "@label=two BATCH +<any> draft/chathistory-targets",
        &format!("@batch=<any> CHATHISTORY TARGETS #a {last}"),
        "BATCH -<any>",
    ]);
}

#[test]
fn targets_are_in_the_order_of_their_last_messages() {
    let house = House::new("targets", true);
    let mut alice = house.register("alice", &[]);
    let mut bob = house.register("bob", &[]);
    alice.ask("JOIN #a,#b,#c");
    let a = say(&mut alice, "PRIVMSG #a :one");
    let p = say_later(&mut bob, "PRIVMSG alice :two", &a);
    let b = say_later(&mut alice, "PRIVMSG #b :three", &p);
    let all = [("#a", &a), ("bob", &p), ("#b", &b)];
    let (from, to) = ("1970-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z");
    let time = |message: &Message| message.tagged("time").to_owned();
    for (low, high, limit, expected) in [
        (from.to_owned(), to.to_owned(), 10, &all[..]),
        (to.to_owned(), from.to_owned(), 10, &all[..]),
        (from.to_owned(), to.to_owned(), 1, &all[..1]),
        (to.to_owned(), from.to_owned(), 1, &all[2..]),
        (time(&a), to.to_owned(), 10, &all[1..]),
        (from.to_owned(), time(&b), 10, &all[..2]),
        (time(&a), time(&b), 10, &all[1..2]),
        (time(&b), time(&b), 10, &[]),
    ] {
        let line = format!("CHATHISTORY TARGETS timestamp={low} timestamp={high} {limit}");
        alice.drain();
        let reply = alice.ask(&line);
        let found = reply.all("CHATHISTORY");
        let found: Vec<_> = found.iter().map(|it| (it.param(1), it.param(2))).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, it)| (*name, it.tagged("time")))
            .collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn members_alone_read_a_room() {
    let house = House::new("rights", false);
    let (mut alice, said) = ten_messages(&house);
    let mut bob = house.enter("bob", &[]);
    let asked = "CHATHISTORY LATEST #a * 1";
    let refused = ["FAIL CHATHISTORY INVALID_TARGET LATEST #a <any>"];
    bob.check(asked, &refused);
    bob.ask("JOIN #a");
    check(&mut bob, asked, "#a", &[&said[9]]);
    bob.ask("PART #a");
    bob.check(asked, &refused);
    bob.ask("JOIN #a");
    alice.ask("KICK #a bob");
    bob.drain();
    bob.check(asked, &refused);
    alice.ask("MODE #a +b bob");
    bob.ask("JOIN #a");
    bob.check(asked, &refused);
    // The room ends, and is founded again.
    alice.ask("PART #a");
    bob.ask("JOIN #a");
    check(&mut bob, asked, "#a", &[]);
    alice.check(asked, &refused);
}

#[test]
fn a_member_may_read_from_its_own_joining_only_if_the_host_wants_that() {
    let house = House::with("since", false, "[history]\naccess = \"since-joined\"\n");
    let (mut alice, said) = ten_messages(&house);
    let mut bob = house.enter("bob", &[]);
    // Later than the messages, of which each took a millisecond.
    while bob.ask("JOIN #a")[0].tagged("time") <= said[9].tagged("time") {
        bob.ask("PART #a");
    }
    let last = say(&mut alice, "PRIVMSG #a :for both");
    check(&mut bob, "CHATHISTORY LATEST #a * 20", "#a", &[&last]);
    assert_eq!(
        batch_of(&alice.ask("CHATHISTORY LATEST #a * 20"), "#a").len(),
        11
    );
}

#[test]
fn two_accounts_read_what_they_said_to_each_other_whatever_their_nicks() {
    let house = House::new("private", true);
    let mut alice = house.register("alice", &[]);
    let mut bob = house.register("bob", &[]);
    let mut eve = house.register("eve", &[]);
    let one = say(&mut alice, "PRIVMSG bob :one");
    let two = say(&mut bob, "NOTICE alice :two");
    bob.ask("NICK robert");
    let three = say(&mut alice, "PRIVMSG robert :three");
    let all = [&one, &two, &three];
    for name in ["robert", "ROBERT", "bob", "Bob"] {
        let request = format!("CHATHISTORY LATEST {name} * 10");
        check(&mut alice, &request, name, &all);
    }
    check(&mut bob, "CHATHISTORY LATEST alice * 2", "alice", &all[1..]);
    let before = format!("CHATHISTORY BEFORE alice msgid={} 5", three.tagged("msgid"));
    check(&mut bob, &before, "alice", &all[..2]);
    // Others see nothing of it, neither of one nor of the other.
    for name in ["alice", "robert", "bob"] {
        check(
            &mut eve,
            &format!("CHATHISTORY LATEST {name} * 10"),
            name,
            &[],
        );
    }
    // To oneself.
    let note = say(&mut alice, "PRIVMSG alice :note");
    alice.drain();
    check(
        &mut alice,
        "CHATHISTORY LATEST alice * 9",
        "alice",
        &[&note],
    );
    // Another connection, later, under another nick; and the other one is gone.
    bob.send("QUIT");
    bob.rest();
    alice.send("QUIT");
    alice.rest();
    let mut alice = house.log_in("alys", "alice");
    check(&mut alice, "CHATHISTORY LATEST bob * 10", "bob", &all);
}

#[test]
fn nothing_is_kept_between_users_without_accounts() {
    let house = House::new("nameless", false);
    let mut alice = house.enter("alice", &[]);
    let mut bob = house.enter("bob", &[]);
    say(&mut alice, "PRIVMSG bob :one");
    bob.drain();
    for (irc, name) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        check(irc, &format!("CHATHISTORY LATEST {name} * 9"), name, &[]);
    }
}

#[test]
fn events_come_to_those_who_ask_for_them() {
    let house = House::with("events", false, "[history]\nevents = true\n");
    let caps = ["draft/event-playback", "draft/message-redaction"];
    let mut alice = house.enter("alice", &caps);
    let mut bob = house.enter("bob", &[]);
    let mut expected = vec![alice.ask("JOIN #a")[0].clone()];
    bob.ask("JOIN #a");
    expected.push(alice.drain()[0].clone());
    for line in [
        "PRIVMSG #a :hello",
        "TOPIC #a :of the day",
        "MODE #a +v bob",
        "MODE #a +lb 20 mask!*@*",
        "@+draft/react=x;+typing=active TAGMSG #a",
    ] {
        expected.push(say(&mut alice, line));
    }
    bob.ask("NICK rob");
    bob.ask("PART #a :bye");
    bob.ask("JOIN #a");
    expected.extend(alice.drain().0);
    expected.push(say(&mut alice, "KICK #a rob :out"));
    let gone = say(&mut alice, "PRIVMSG #a :mistake");
    let id = gone.tagged("msgid");
    expected.push(say(&mut alice, &format!("REDACT #a {id} :oops")));
    // Of the tags those are kept that are for later.
    let tags = &mut expected[6].tags;
    tags.retain(|(key, _)| key != "+typing");
    // A nick is taken in all rooms at one time; in this room it is not before what was there.
    let before = expected[6].tagged("time").to_owned();
    let time = &mut expected[7].tags[0].1;
    *time = before.max(time.clone());
    let expected: Vec<&Message> = expected.iter().collect();
    check(&mut alice, "CHATHISTORY LATEST #a * 50", "#a", &expected);
    // Each of them is a point too.
    for (index, message) in expected.iter().enumerate() {
        let id = message.tagged("msgid");
        let line = format!("CHATHISTORY BEFORE #a msgid={id} 50");
        check(&mut alice, &line, "#a", &expected[..index]);
    }
    bob.drain();
    bob.ask("JOIN #a");
    check(
        &mut bob,
        "CHATHISTORY LATEST #a * 50",
        "#a",
        &expected[2..3],
    );
}

#[test]
fn a_message_that_persists_keeps_its_tags() {
    let house = House::new("persist", false);
    let mut alice = house.enter("alice", &["draft/event-playback"]);
    alice.ask("JOIN #a");
    let kept = say(&mut alice, "@+example.com/x=1;+draft/persist TAGMSG #a");
    say(&mut alice, "@+example.com/x=1 TAGMSG #a");
    check(&mut alice, "CHATHISTORY LATEST #a * 9", "#a", &[&kept]);
}

#[test]
fn a_message_of_several_lines_is_a_batch_inside_the_batch() {
    let house = House::new("multiline", false);
    let mut alice = house.enter("alice", &["draft/multiline"]);
    let mut bob = house.enter("bob", &[]);
    alice.ask("JOIN #a");
    bob.ask("JOIN #a");
    alice.drain();
    for line in [
        "@+draft/reply=1 BATCH +7 draft/multiline #a",
        "@batch=7 PRIVMSG #a :one",
        "@batch=7 PRIVMSG #a :two",
        "@batch=7;draft/multiline-concat PRIVMSG #a :more",
    ] {
        alice.send(line);
    }
    let live = alice.ask("BATCH -7");
    let plain = bob.drain();
    let reply = alice.ask("@label=x CHATHISTORY LATEST #a * 9");
    let outer = reply[0].param(0)[1..].to_owned();
    let inner = live[0].param(0)[1..].to_owned();
    reply.are(&[
        "@label=x BATCH +<any> chathistory #a",
        &format!(
            "@batch={outer};time={};msgid={};+draft/reply=1 :alice BATCH +{inner} draft/multiline #a",
            live[0].tagged("time"),
            live[0].tagged("msgid")
        ),
        &format!("@batch={inner} :alice PRIVMSG #a :one"),
        &format!("@batch={inner} :alice PRIVMSG #a :two"),
        &format!("@batch={inner};draft/multiline-concat :alice PRIVMSG #a :more"),
        &format!("@batch={outer} :alice BATCH -{inner}"),
        &format!("BATCH -{outer}"),
    ]);
    // Who does not know such messages gets lines, as they came.
    let plain: Vec<&Message> = plain.iter().collect();
    assert_eq!(plain.len(), 3);
    check(&mut bob, "CHATHISTORY LATEST #a * 9", "#a", &plain);
}

#[test]
fn clients_get_what_they_know() {
    let house = House::new("caps", false);
    let (mut alice, _) = ten_messages(&house);
    let address = house.server.as_ref().unwrap().address();
    let mut plain = Irc::enter_with(address, "plain", &["draft/chathistory"]);
    plain.ask("JOIN #a");
    plain.check(
        "CHATHISTORY LATEST #a * 2",
        &[
            ":alice PRIVMSG #a :message 8",
            ":alice PRIVMSG #a :message 9",
        ],
    );
    let mut timed = Irc::enter_with(address, "timed", &["draft/chathistory", "server-time"]);
    timed.ask("JOIN #a");
    timed.check(
        "CHATHISTORY LATEST #a * 1",
        &["@time=<any> :alice PRIVMSG #a :message 9"],
    );
    let mut other = Irc::enter(address, "other");
    other.ask("JOIN #a");
    other.check(
        "CHATHISTORY LATEST #a * 1",
        &["421 other CHATHISTORY <any>"],
    );
    // Who asks for events by no capability gets none.
    alice.ask("TOPIC #a :x");
    plain.drain();
    plain.check(
        "CHATHISTORY LATEST #a * 1",
        &[":alice PRIVMSG #a :message 9"],
    );
}

#[test]
fn a_long_reply_comes_in_pages_and_lines_behind_it_wait() {
    let house = House::with("pages", false, "[history]\nlines = 5000\n");
    let mut alice = house.enter("alice", &[]);
    alice.ask("JOIN #a");
    let text = "x".repeat(400);
    for number in 0..100 {
        alice.send(&format!("PRIVMSG #a :{number} {text}"));
    }
    alice.drain();
    alice.send("CHATHISTORY LATEST #a * 100");
    alice.send("CHATHISTORY LATEST #a * 1");
    let reply = alice.drain();
    let (first, second) = reply.split_at(102);
    let first = batch_of(&Messages(first.to_vec()), "#a");
    for (number, message) in first.iter().enumerate() {
        assert!(message.last().starts_with(&format!("{number} x")));
    }
    assert_eq!(batch_of(&Messages(second.to_vec()), "#a").len(), 1);
}

#[test]
fn a_room_with_a_new_name_keeps_its_lines_under_it() {
    let house = House::new("rename", false);
    let (mut alice, said) = ten_messages(&house);
    alice.ask("RENAME #a #b");
    let mut last = said[9].clone();
    last.params[0] = "#b".to_owned();
    check(&mut alice, "CHATHISTORY LATEST #b * 1", "#b", &[&last]);
    alice.check(
        "CHATHISTORY LATEST #a * 1",
        &["FAIL CHATHISTORY INVALID_TARGET LATEST #a <any>"],
    );
}

#[test]
fn a_server_without_history_does_not_offer_it() {
    let house = House::with("none", false, "[history]\nlines = 0\n");
    let address = house.server.as_ref().unwrap().address();
    let mut irc = Irc::connect(address);
    irc.send("CAP LS 302");
    let list = irc.next();
    assert!(!list.last().contains("chathistory"), "{}", list.line);
    irc.send("CAP REQ draft/chathistory");
    irc.until("CAP * NAK <any>");
    irc.send("CAP END");
    let welcome = irc.register("alice");
    assert!(!welcome.text().contains("CHATHISTORY"));
    irc.check(
        "CHATHISTORY LATEST #a * 1",
        &["421 alice CHATHISTORY <any>"],
    );
    let house = House::new("some", false);
    let mut bob = Irc::connect(house.server.as_ref().unwrap().address());
    let welcome = bob.register("bob").text();
    assert!(
        welcome.contains(" CHATHISTORY=1000 ") && welcome.contains(" MSGREFTYPES=msgid,timestamp ")
    );
}

/// A server that replays three lines, and what is there to be replayed.
fn replaying() -> (House, Irc, Vec<Message>) {
    let house = House::with("replay", true, "[history]\nreplay = 3\n");
    let (alice, said) = ten_messages(&house);
    (house, alice, said)
}

#[test]
fn who_does_not_ask_for_history_gets_the_last_lines_on_joining() {
    let (house, mut alice, said) = replaying();
    let address = house.server.as_ref().unwrap().address();
    // As a batch where both are known, with times alone, and with the time in the text.
    let mut full = Irc::enter_with(address, "full", &["batch", "server-time", "message-tags"]);
    let reply = full.ask("JOIN #a");
    let place = reply.iter().position(|line| line.command == "BATCH");
    let (shown, replayed) = reply.split_at(place.expect("a batch"));
    assert!(shown.last().unwrap().is("366 full #a <any>"));
    let strip = |message: &Message| Message {
        line: String::new(),
        ..message.clone()
    };
    let expected: Vec<Message> = said[7..].iter().map(strip).collect();
    assert_eq!(batch_of(&Messages(replayed.to_vec()), "#a"), expected);
    let mut timed = Irc::enter_with(address, "timed", &["server-time"]);
    let reply = timed.ask("JOIN #a");
    let last = reply.last().unwrap();
    assert!(last.is(&format!(
        "@time={} :alice PRIVMSG #a :message 9",
        said[9].tagged("time")
    )));
    let mut plain = Irc::enter(address, "plain");
    let clock = &said[9].tagged("time")[11..16];
    let reply = plain.ask("JOIN #a");
    assert_eq!(reply.all("PRIVMSG").len(), 3);
    let last = reply.last().unwrap();
    assert!(
        last.is(&format!(":alice PRIVMSG #a :[{clock}] message 9"))
            || last.is(":alice PRIVMSG #a :[<any> <any>] message 9"),
        "{}",
        last.line
    );
    // Who asks by itself gets none, and neither does who has joined already.
    let mut asks = house.enter("asks", &[]);
    asks.ask("JOIN #a").have_no(&["BATCH", "PRIVMSG"]);
    plain.ask("JOIN #a").have_no(&["PRIVMSG"]);
    // Of several rooms each has its own, and what is asked behind them is answered behind them.
    alice.ask("JOIN #b");
    say(&mut alice, "NOTICE #b :\u{1}other\u{1}");
    say(&mut alice, "PRIVMSG #b :\u{1}ACTION waves\u{1}");
    let mut two = Irc::enter(address, "two");
    two.send("JOIN #a,#b,#c");
    let reply = two.ask("TOPIC #c");
    let words: Vec<&str> = reply.all("PRIVMSG").iter().map(|it| it.param(0)).collect();
    assert_eq!(words, ["#a", "#a", "#a", "#b"]);
    assert!(reply.all("PRIVMSG")[3].last().starts_with("\u{1}ACTION ["));
    assert!(reply.last().unwrap().is("331 two #c <any>"));
}

#[test]
fn one_more_connection_gets_the_last_lines_of_its_rooms() {
    let (house, _alice, said) = replaying();
    let mut bob = house.register("bob", &[]);
    bob.ask("JOIN #a");
    let address = house.server.as_ref().unwrap().address();
    let mut second = Irc::connect(address);
    second.request(&["sasl", "server-time"]);
    second.send("NICK bob");
    second.send("USER u 0 * :r");
    second.send("AUTHENTICATE PLAIN");
    let plain = BASE64_STANDARD.encode(format!("\0bob\0{PASSWORD}"));
    second.send(&format!("AUTHENTICATE {plain}"));
    second.until("903 <any> <any>");
    second.send("CAP END");
    second.until("366 bob #a <any>");
    second.sees(&[
        ":alice PRIVMSG #a :message 7",
        ":alice PRIVMSG #a :message 8",
        &format!(
            "@time={} :alice PRIVMSG #a :message 9",
            said[9].tagged("time")
        ),
    ]);
    // A room that the first joins is shown to the second, with its lines.
    bob.ask("PART #a");
    second.drain();
    bob.ask("JOIN #a");
    let shown = second.drain();
    assert_eq!(shown.all("PRIVMSG").len(), 3, "{}", shown.text());
}

/// A marker's time, as it is sent and written.
const THEN: &str = "timestamp=2020-03-15T10:00:00.000Z";

#[test]
fn a_read_marker_is_set_asked_for_and_never_goes_back() {
    let house = House::new("markers", false);
    let address = house.server.as_ref().unwrap().address();
    let mut alice = Irc::enter_with(address, "alice", &["draft/read-marker"]);
    let joined = alice.ask("JOIN #a");
    let place = |what: &str| joined.commands().iter().position(|it| *it == what);
    joined.one("MARKREAD #a *");
    assert!(place("JOIN") < place("MARKREAD") && place("MARKREAD") < place("366"));
    let set = format!("MARKREAD #a {THEN}");
    for (line, expected) in [
        ("MARKREAD #a", "MARKREAD #a *"),
        ("MARKREAD #none", "MARKREAD #none *"),
        ("MARKREAD bob", "MARKREAD bob *"),
        (&set, &set),
        ("MARKREAD #A timestamp=2019-01-01T00:00:00.000Z", &set),
        ("MARKREAD #a", &set),
        ("MARKREAD", "FAIL MARKREAD NEED_MORE_PARAMS <any>"),
        ("MARKREAD :", "FAIL MARKREAD NEED_MORE_PARAMS <any>"),
        ("MARKREAD #a *", "FAIL MARKREAD INVALID_PARAMS #a * <any>"),
        (
            "MARKREAD #a timestamp=soon",
            "FAIL MARKREAD INVALID_PARAMS #a timestamp=soon <any>",
        ),
        (
            "MARKREAD #a msgid=1",
            "FAIL MARKREAD INVALID_PARAMS #a msgid=1 <any>",
        ),
        (
            "MARKREAD #a timestamp=2019-01-01T00:00:00.000Z x",
            "FAIL MARKREAD INVALID_PARAMS #a <any>",
        ),
    ] {
        alice.check(line, &[expected]);
    }
    // The future was not read yet.
    let answer = alice.ask("MARKREAD bob timestamp=2100-01-01T00:00:00.000Z");
    assert!(!answer[0].last().contains("2100"), "{}", answer.text());
    alice.ask("PART #a");
    alice.ask("JOIN #a").one(&set);
    // It is nobody else's.
    let mut bob = Irc::enter_with(address, "bob", &["draft/read-marker"]);
    bob.ask("JOIN #a").one("MARKREAD #a *");
    alice.drain();
    bob.ask(&set);
    alice.sees_nothing();
    let mut plain = Irc::enter(address, "plain");
    plain.ask("JOIN #a").have_no(&["MARKREAD"]);
    plain.check("MARKREAD #a", &["421 plain MARKREAD <any>"]);
}

#[test]
fn the_connections_of_an_account_have_one_read_marker() {
    let house = House::new("shared-markers", true);
    let mut first = house.register("alice", &["draft/read-marker"]);
    let _bob = house.register("bob", &[]);
    first.ask("JOIN #a");
    let set = format!("MARKREAD #a {THEN}");
    first.check(&set, &[&set]);
    let address = house.server.as_ref().unwrap().address();
    let attach = |caps: &[&str]| {
        let mut irc = Irc::connect(address);
        irc.request(&[&["sasl"], caps].concat());
        irc.send("NICK alice");
        irc.send("USER u 0 * :r");
        irc.send("AUTHENTICATE PLAIN");
        let plain = BASE64_STANDARD.encode(format!("\0alice\0{PASSWORD}"));
        irc.send(&format!("AUTHENTICATE {plain}"));
        irc.until("903 <any> <any>");
        irc.send("CAP END");
        let shown = irc.until("001 <any> <any>");
        (irc, shown)
    };
    let (mut second, _) = attach(&["draft/read-marker"]);
    second.drain().one(&set);
    let (mut third, _) = attach(&[]);
    third.drain().have_no(&["MARKREAD"]);
    // The others that know it are sent a change, and a conversation's is by account, whatever the nick.
    let bob = format!("MARKREAD bob {THEN}");
    second.check(&bob, &[&bob]);
    first.sees(&[&bob]);
    third.sees_nothing();
    first.check(&bob, &[&bob]);
    second.sees_nothing();
}
