//! Telnet as bytes: line ends, splits, caps, negotiation with the bytes of real clients, and the greeting's moment.

mod common;

use common::{Client, PATIENCE, QUESTION, Server, Setup, WELCOME};
use socket2::SockRef;
use std::{
    io::Write,
    time::{Duration, Instant},
};

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const AYT: u8 = 246;
const IP: u8 = 244;
const DM: u8 = 242;
const TIMING_MARK: u8 = 6;

/// Ann and Bob in the lobby; both have read everything.
fn two() -> (Server, Client, Client) {
    let server = Server::start();
    let mut ann = Client::enter(server.address(), "ann");
    let bob = Client::enter(server.address(), "bob");
    ann.expect("* bob joined #lobby");
    (server, ann, bob)
}

#[test]
fn a_silent_caller_is_greeted_after_a_while_where_all_protocols_are_spoken() {
    let server = Setup::new().listen("any://127.0.0.1:0").start();
    let called = Instant::now();
    let mut caller = Client::connect(server.address());
    caller.expect(WELCOME);
    assert!(called.elapsed() >= Duration::from_millis(295));
    caller.skip_to(QUESTION);
    caller.give_name_again("ann");
}

#[test]
fn who_has_begun_to_speak_is_not_silent() {
    let server = Setup::new().listen("any://127.0.0.1:0").start();
    let mut browser = Client::connect(server.address());
    browser.send_bytes(b"GE");
    // Who called later was greeted, so it would have been the other's time too.
    let mut silent = Client::connect(server.address());
    silent.expect(WELCOME);
    browser.send_bytes(b"T / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    browser.expect("HTTP/1.1 200 OK");
}

#[test]
fn a_caller_is_greeted_at_once_where_only_telnet_is_spoken() {
    let server = Setup::new().listen("telnet://127.0.0.1:0").start();
    // Not a matter of speed: the best of many is not slowed down by whatever else this machine does.
    let best = (0..20).map(|_| {
        let called = Instant::now();
        Client::connect(server.address()).expect(WELCOME);
        called.elapsed()
    });
    assert!(best.min().unwrap() < Duration::from_millis(300));
}

#[test]
fn a_caller_who_speaks_first_is_greeted_before_the_answer() {
    let server = Server::start();
    let mut ann = Client::connect(server.address());
    ann.send("ann");
    ann.expect(WELCOME);
    ann.skip_to(QUESTION);
    ann.expect("* ann joined #lobby");
}

#[test]
fn a_name_that_begins_like_another_protocol_is_a_name() {
    let server = Server::start();
    for name in ["nick", "CAP", "GET", "h", "POSTman"] {
        let mut client = Client::connect(server.address());
        // A byte at a time, so that the server has to think about each.
        for byte in format!("{name}\n").bytes() {
            client.send_bytes(&[byte]);
        }
        client.skip_to(QUESTION);
        client.expect(&format!("* {name} joined #lobby"));
    }
}

#[test]
fn every_end_of_line_ends_a_line() {
    let (_server, mut ann, mut bob) = two();
    ann.send_bytes(b"one\ntwo\r\nthree\r\0four\rand a half\nfive\r\r\n");
    for line in ["one", "two", "three", "four and a half", "five "] {
        bob.expect(&format!("#lobby <ann> {line}"));
    }
    ann.expect_nothing_more();
    bob.expect_nothing_more();
}

#[test]
fn lines_come_whole_however_they_are_cut() {
    let (_server, mut ann, mut bob) = two();
    let text = "안녕 one\r\ntwo\r\0three é\n".as_bytes();
    for size in 1..=text.len() {
        for piece in text.chunks(size) {
            ann.send_bytes(piece);
            // Each piece is a packet of its own: Nagle's algorithm is off.
        }
        bob.expect("#lobby <ann> 안녕 one");
        bob.expect("#lobby <ann> two");
        bob.expect("#lobby <ann> three é");
    }
}

#[test]
fn the_longest_line_passes_and_a_longer_one_is_refused_once() {
    let (_server, mut ann, mut bob) = two();
    let longest = "x".repeat(4096);
    ann.send(&longest);
    bob.expect(&format!("#lobby <ann> {longest}"));
    ann.send(&"y".repeat(4097));
    ann.expect("! that line is longer than 4096 bytes; nothing was sent");
    ann.send(&"z".repeat(1_000_000));
    ann.expect("! that line is longer than 4096 bytes; nothing was sent");
    ann.send("short");
    bob.expect("#lobby <ann> short");
    ann.expect_nothing_more();
    bob.expect_nothing_more();
}

#[test]
fn a_line_that_is_not_utf_8_is_refused_and_goes_nowhere() {
    let (_server, mut ann, mut bob) = two();
    for line in [
        &b"caf\xe9\n"[..],
        b"\x80\n",
        b"half a character \xec\x95\n",
        b"\xc0\x80\n",
    ] {
        ann.send_bytes(line);
        ann.expect("! that line is not UTF-8; nothing was sent");
    }
    ann.expect_nothing_more();
    bob.expect_nothing_more();
}

#[test]
fn options_are_refused_once_each_and_never_show_up_in_a_line() {
    let server = Setup::new().listen("telnet://127.0.0.1:0").start();
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Client::connect(server.address());
    ann.skip_to(QUESTION);
    // What inetutils' telnet says by itself on the telnet port: SGA, TTYPE, NAWS, TSPEED, LFLOW, LINEMODE,
    // NEW-ENVIRON, STATUS, XDISPLOC.
    let hello = [
        [IAC, DO, 3],
        [IAC, WILL, 24],
        [IAC, WILL, 31],
        [IAC, WILL, 32],
        [IAC, WILL, 33],
        [IAC, WILL, 34],
        [IAC, WILL, 39],
        [IAC, DO, 5],
        [IAC, WILL, 35],
    ]
    .concat();
    let refusals: Vec<u8> = hello
        .chunks(3)
        .flat_map(|option| match option[1] {
            DO => [IAC, WONT, option[2]],
            _ => [IAC, DONT, option[2]],
        })
        .collect();
    ann.send_bytes(&hello);
    assert_eq!(ann.bytes(refusals.len()), refusals);
    // Again, and a window size that nobody agreed to, in the middle of a name.
    ann.send_bytes(b"an");
    ann.send_bytes(&hello);
    ann.send_bytes(&[IAC, 250, 31, 0, 80, 0, IAC, IAC, IAC, 240]);
    ann.send_bytes(&[IAC, WONT, 24, IAC, DONT, 3, IAC, 241]);
    ann.send_bytes(b"n\r\0");
    ann.expect("* ann joined #lobby");
    bob.expect("* ann joined #lobby");
}

#[test]
fn are_you_there_is_answered_in_words() {
    let (_server, mut ann, mut bob) = two();
    ann.send_bytes(&[b'h', IAC, AYT, b'i', b'\n']);
    ann.expect("* madang is here");
    bob.expect("#lobby <ann> hi");
}

#[test]
fn an_interrupt_with_its_urgent_mark_harms_no_line() {
    let (_server, mut ann, mut bob) = two();
    ann.send("before");
    bob.expect("#lobby <ann> before");
    // What telnet sends for Ctrl-C: IP, then a Synch (a data mark as urgent data), then a request for a timing mark.
    ann.send_bytes(&[IAC, IP, IAC]);
    SockRef::from(&ann.stream).send_out_of_band(&[DM]).unwrap();
    ann.send_bytes(&[IAC, DO, TIMING_MARK]);
    ann.send_bytes(b"after\r\n");
    bob.expect("#lobby <ann> after");
    assert_eq!(ann.bytes(3), [IAC, WILL, TIMING_MARK]);
    ann.expect_nothing_more();
}

#[test]
fn what_was_sent_before_a_half_close_is_done_and_answered() {
    let server = Server::start();
    let mut bob = Client::enter(server.address(), "bob");
    // As `printf 'ann\nhello\n' | nc -N` does it.
    let mut ann = Client::connect(server.address());
    ann.send_bytes(b"ann\nhello\n/msg ann note\n");
    ann.end_input();
    let seen = ann.rest();
    assert!(seen.starts_with(WELCOME), "{seen}");
    assert!(
        seen.ends_with(
            "* ann joined #lobby\r\n* in #lobby: bob ann\r\n-> *ann* note\r\n*ann* note\r\n"
        ),
        "{seen}"
    );
    bob.expect("* ann joined #lobby");
    bob.expect("#lobby <ann> hello");
    bob.expect("* ann quit (connection closed)");
}

#[test]
fn whoever_gives_no_name_in_time_is_let_go() {
    let server = Setup::new().config("[limits]\nregistration = \"1s\"\n");
    let server = server.start();
    let mut ann = Client::enter(server.address(), "ann");
    let mut silent = Client::connect(server.address());
    // Bytes that are no line buy no time.
    let mut dribbler = Client::connect(server.address());
    dribbler.send_bytes(b"xy");
    // Nor do bytes that could yet become another protocol.
    let mut undecided = Client::connect(server.address());
    undecided.send_bytes(b"ca");
    for caller in [&mut silent, &mut dribbler] {
        caller.skip_to(QUESTION);
    }
    for caller in [&mut silent, &mut dribbler, &mut undecided] {
        caller.expect("! you gave no name in time; good-bye");
        caller.expect_end();
    }
    // Whoever has a name may be silent.
    ann.expect_nothing_more();
}

#[test]
fn a_silent_telnet_program_is_asked_for_a_sign_of_life_and_others_are_not() {
    let server = Setup::new().config("[limits]\nping = \"1s\"\n").start();
    let mut plain = Client::enter(server.address(), "plain");
    let mut alive = Client::enter(server.address(), "alive");
    let mut dead = Client::enter(server.address(), "dead");
    for client in [&mut alive, &mut dead] {
        client.send_bytes(&[IAC, DO, 1, b'\n']);
        client.skip_to_bytes(&[IAC, WONT, 1]);
    }
    // In the middle of it, for it has to outlast the other.
    let asked = Instant::now();
    let mut answered = 0;
    while answered < 4 {
        alive.skip_to_bytes(&[IAC, DO, TIMING_MARK]);
        alive.send_bytes(&[IAC, WILL, TIMING_MARK]);
        answered += 1;
        assert!(asked.elapsed() < PATIENCE);
    }
    dead.skip_to_bytes(&[IAC, DO, TIMING_MARK]);
    dead.expect("! no sign of life; good-bye");
    dead.expect_end();
    plain.find("* dead quit (Ping timeout");
    plain.expect_nothing_more();
    alive.send("still here");
    plain.expect("#lobby <alive> still here");
}

#[test]
fn what_follows_a_quit_is_ignored_and_does_not_spoil_the_end() {
    let (_server, mut ann, mut bob) = two();
    let mut input = b"/quit enough\n".to_vec();
    input.extend(b"never said\n".repeat(10_000));
    // Unread input at a close would make a reset, and destroy what is on its way.
    let _ = ann.stream.write_all(&input);
    ann.expect("* goodbye");
    ann.expect_end();
    bob.expect("* ann quit (enough)");
    bob.expect_nothing_more();
}
