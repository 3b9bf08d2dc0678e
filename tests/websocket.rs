//! IRC over WebSocket from outside: the same rooms, limits and ends as for everyone else. The rules of the codec are tested
//! beside it; here is what needs the whole server.

mod common;

use common::{Client, Heard, PATIENCE, Server, Setup, Socket, Visitor};
use madang::protocol::web::websocket::{Kind, Opcode, push_masked_frame};
use rustix::process::Signal;
use std::{net::SocketAddr, thread, time::Instant};

/// An IRC client by plain TCP that has registered.
fn enter_irc(address: SocketAddr, nick: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r"));
    client.find(" 422 ");
    client
}

#[test]
fn four_ways_lead_into_one_room() {
    let server = Server::start();
    let address = server.address();
    let mut text = Socket::enter(address, "text");
    let mut binary = Socket::connect(address, &["binary.ircv3.net", "text.ircv3.net"]);
    assert_eq!(binary.kind, Kind::Binary);
    binary.register("binary");
    text.expect(":binary!~binary@127.0.0.1 JOIN #lobby");
    let mut telnet = Client::enter(address, "telnet");
    let mut irc = enter_irc(address, "irc");
    irc.send("JOIN #lobby\r");
    irc.find(" 366 ");
    text.find(":irc!~irc@127.0.0.1 JOIN #lobby");
    binary.find(":irc!~irc@127.0.0.1 JOIN #lobby");
    telnet.expect("* irc joined #lobby");
    for (nick, words) in [
        ("text", "안녕 to all"),
        ("binary", "hello to all"),
        ("telnet", "hi to all"),
        ("irc", "hey to all"),
    ] {
        match nick {
            "text" => text.send(&format!("PRIVMSG #lobby :{words}")),
            "binary" => binary.send(&format!("PRIVMSG #lobby :{words}")),
            "telnet" => telnet.send(words),
            _ => irc.send(&format!("PRIVMSG #lobby :{words}\r")),
        }
        for socket in [("text", &mut text), ("binary", &mut binary)] {
            if socket.0 != nick {
                let line = socket.1.line();
                assert!(line.starts_with(&format!(":{nick}!")), "{line}");
                assert!(
                    line.ends_with(&format!(" PRIVMSG #lobby :{words}")),
                    "{line}"
                );
            }
        }
        if nick != "telnet" {
            telnet.expect(&format!("#lobby <{nick}> {words}"));
        }
        if nick != "irc" {
            let line = irc.line();
            assert!(
                line.ends_with(&format!(" PRIVMSG #lobby :{words}")),
                "{line}"
            );
        }
    }
    server.stop();
}

#[test]
fn messages_may_come_in_pieces_with_pings_between() {
    let server = Server::start();
    let mut ann = Socket::enter(server.address(), "ann");
    let mut bob = Socket::enter(server.address(), "bob");
    ann.expect(":bob!~bob@127.0.0.1 JOIN #lobby");
    let mut bytes = Vec::new();
    let text = "PRIVMSG #lobby :in three pieces";
    for (at, opcode) in [
        (0, Opcode::Text),
        (10, Opcode::Continuation),
        (20, Opcode::Continuation),
    ] {
        let end = if at == 20 { text.len() } else { at + 10 };
        let from = bytes.len();
        push_masked_frame(opcode, &text.as_bytes()[at..end], [9, 8, 7, 6], &mut bytes);
        if at < 20 {
            // Not its last.
            bytes[from] &= 0x7f;
            push_masked_frame(Opcode::Ping, b"?", [0; 4], &mut bytes);
        }
    }
    for byte in bytes {
        ann.send_bytes(&[byte]);
    }
    bob.expect(":ann!~ann@127.0.0.1 PRIVMSG #lobby :in three pieces");
    assert_eq!([ann.next(), ann.next()], [Heard::Pong, Heard::Pong]);
    server.stop();
}

#[test]
fn a_message_is_one_line() {
    let server = Server::start();
    let mut ann = Socket::enter(server.address(), "ann");
    ann.send("PING tolerated\r\n");
    ann.expect(":madang.local PONG madang.local :tolerated");
    ann.send("");
    ann.send("PRIVMSG ann :one\r\nQUIT :two");
    let refusal = ann.line();
    assert!(
        refusal.contains(" FAIL PRIVMSG INVALID_CHARACTER "),
        "{refusal}"
    );
    ann.send("PRIVMSG ann :one\nQUIT :two");
    ann.find(" FAIL PRIVMSG INVALID_CHARACTER ");
    ann.send_frame(Opcode::Binary, b"PRIVMSG ann :\xff");
    ann.find(" FAIL PRIVMSG INVALID_UTF8 ");
    // As long as a line may be, then one byte more.
    ann.send(&format!("BOGUS {}", "x".repeat(504)));
    ann.find(" 421 ann BOGUS ");
    ann.send(&format!("BOGUS {}", "x".repeat(505)));
    ann.find(" 417 ann ");
    ann.send(&format!("@+x={} PING y", "y".repeat(4090)));
    ann.find(" PONG ");
    ann.send("PING x");
    ann.expect(":madang.local PONG madang.local :x");
    ann.send(&"x".repeat(20_000));
    ann.expect_closed(1009);
    server.log.expect("reason=websocket_fault");
    server.stop();
}

#[test]
fn broken_rules_end_the_connection_with_their_number_and_nothing_else() {
    let server = Server::start();
    let mut bob = Client::enter(server.address(), "bob");
    for (bytes, code) in [
        // Not masked; reserved bits; an unknown opcode; a pong in pieces; nothing to continue.
        (&b"\x81\x04PING"[..], 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
        (b"\x83\x80\0\0\0\0", 1002),
        (b"\x0a\x80\0\0\0\0", 1002),
        (b"\x80\x80\0\0\0\0", 1002),
        (b"\x81\x82\0\0\0\0\xc3\x28", 1007),
        (b"\x88\x82\0\0\0\0\x03\xe8", 1000),
    ] {
        let mut ann = Socket::enter(server.address(), "ann");
        bob.expect("* ann joined #lobby");
        ann.send_bytes(bytes);
        ann.expect_closed(code);
        bob.expect_prefix("* ann quit (");
    }
    bob.expect_nothing_more();
    server.stop();
}

/// The status of an upgrade from a page of this origin.
fn upgrade_from(server: &Server, origin: &str) -> u16 {
    let mut visitor = Visitor::connect(server.address());
    visitor.send(&format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {origin}\r\n\r\n",
        server.address()
    ));
    visitor.answer().status
}

#[test]
fn pages_of_strangers_are_not_let_in_unless_they_are_named() {
    let config = "[web]\norigins = [\"https://friend.example\"]\n";
    let server = Setup::new().config(config).start();
    let own = format!("http://{}", server.address());
    assert_eq!(upgrade_from(&server, &own), 101);
    assert_eq!(upgrade_from(&server, "https://friend.example"), 101);
    assert_eq!(upgrade_from(&server, "https://stranger.example"), 403);
    assert_eq!(upgrade_from(&server, "null"), 403);
    server.log.expect("https://stranger.example");
    // Who runs the server makes friends.
    let config = "[web]\norigins = [\"*\"]\n";
    std::fs::write(server.config_file(), config).expect("it could be written before");
    server.signal(Signal::HUP);
    server.log.expect("configuration read again");
    assert_eq!(upgrade_from(&server, "https://stranger.example"), 101);
    server.stop();
}

#[test]
fn when_the_server_stops_the_last_line_comes_before_the_close() {
    let mut server = Server::start();
    let mut ann = Socket::enter(server.address(), "ann");
    let mut nameless = Socket::connect(server.address(), &[]);
    server.signal(Signal::TERM);
    for socket in [&mut ann, &mut nameless] {
        socket.expect("ERROR :Closing Link: madang.local is shutting down");
        socket.expect_closed(1001);
    }
    drop((ann, nameless));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn who_leaves_is_answered_and_missed() {
    let server = Server::start();
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Socket::enter(server.address(), "ann");
    bob.expect("* ann joined #lobby");
    ann.send("QUIT :good night");
    ann.find("ERROR :Closing Link: ");
    ann.expect_closed(1000);
    bob.expect("* ann quit (Quit: good night)");
    let mut ann = Socket::enter(server.address(), "ann");
    bob.expect("* ann joined #lobby");
    ann.send_frame(Opcode::Close, &1001u16.to_be_bytes());
    ann.expect_closed(1001);
    bob.expect("* ann quit (connection closed)");
    server.stop();
}

#[test]
fn who_gives_no_name_is_sent_away_in_time() {
    let config = "[limits]\nregistration = \"2s\"\n";
    let server = Setup::new().config(config).start();
    let mut nameless = Socket::connect(server.address(), &[]);
    nameless.expect("ERROR :Closing Link: Registration timeout");
    nameless.expect_closed(1008);
    server.stop();
}

#[test]
fn the_silent_are_asked_for_a_sign_of_life() {
    let config = "[limits]\nping = \"2s\"\n";
    let server = Setup::new().config(config).start();
    let mut alive = Socket::enter(server.address(), "alive");
    // It says nothing, but its library answers.
    let alive = thread::spawn(move || {
        alive.find(":dead!~dead@127.0.0.1 QUIT :Ping timeout: ");
        alive.send("PING x");
        alive.find(" PONG ");
    });
    let mut dead = Socket::enter(server.address(), "dead");
    dead.answers = false;
    assert_eq!(dead.next(), Heard::Ping);
    let last = dead.line();
    assert!(
        last.starts_with("ERROR :Closing Link: Ping timeout: "),
        "{last}"
    );
    dead.expect_closed(1008);
    alive.join().expect("it was there to the end");
    server.stop();
}

#[test]
fn a_websocket_is_pinged_earlier_than_other_peers_are() {
    let config = "[limits]\nping = \"1h\"\n[web]\nping = \"500ms\"\n";
    let server = Setup::new().config(config).start();
    let mut silent = Socket::enter(server.address(), "silent");
    silent.answers = false;
    // The second comes although the first was not answered.
    for _ in 0..2 {
        assert_eq!(silent.next(), Heard::Ping);
    }
    server.stop();
}

#[test]
fn lists_and_watches_come_in_messages_too() {
    let server = Server::start();
    let mut ann = Socket::enter(server.address(), "ann");
    ann.send("MONITOR + bob");
    ann.find(" 731 ann :bob");
    let mut bob = enter_irc(server.address(), "bob");
    ann.expect(":madang.local 730 ann :bob!~bob@127.0.0.1");
    for n in 0..40 {
        bob.send(&format!("JOIN #room{n}\r"));
        bob.find(" 366 ");
    }
    ann.send("LIST");
    let mut rooms = 0;
    loop {
        let line = ann.line();
        match line.split(' ').nth(1) {
            Some("322") => rooms += 1,
            Some("323") => break,
            _ => assert!(line.contains(" 321 "), "{line}"),
        }
    }
    assert_eq!(rooms, 41);
    bob.send("INVITE ann #room1\r");
    ann.find(":bob!~bob@127.0.0.1 INVITE ann #room1");
    drop(bob);
    ann.expect(":madang.local 731 ann :bob");
    server.stop();
}

#[test]
fn labels_and_tags_are_kept_in_messages() {
    let server = Server::start();
    let mut ann = Socket::connect(server.address(), &["text.ircv3.net"]);
    ann.send("CAP REQ :batch labeled-response echo-message message-tags server-time");
    ann.send("CAP END");
    ann.register("ann");
    ann.send("@label=7 WHO #lobby");
    let opened = ann.find(" BATCH +");
    assert!(opened.contains("label=7"), "{opened}");
    assert!(ann.line().contains("batch="));
    ann.find(" BATCH -");
    ann.send("@label=8;+x=y PRIVMSG #lobby :hi");
    let echo = ann.line();
    assert!(
        echo.starts_with('@') && echo.contains("label=8") && echo.contains("+x=y"),
        "{echo}"
    );
    assert!(echo.ends_with("PRIVMSG #lobby :hi"), "{echo}");
    server.stop();
}

/// An operator whose password is `secret`.
const HASH: &str = "pbkdf2-sha256$1000$00000000000000000000000000000000$\
                    02462c40b8355955b6b10f26fad4a0eaf32729d98a44bc4ff3f5f7d072bf20f5";

#[test]
fn who_is_expelled_reads_the_line_before_the_number() {
    let config = format!("[[operator]]\nname = 'root'\npassword = '{HASH}'\n");
    let server = Setup::new().config(&config).start();
    let mut ann = Socket::enter(server.address(), "ann");
    let mut op = Socket::enter(server.address(), "op");
    op.send("OPER root secret");
    op.find(" 381 op ");
    op.send("KILL ann :enough");
    ann.find("ERROR :Closing Link: ");
    ann.expect_closed(1008);
    op.find(":ann!~ann@127.0.0.1 QUIT :");
    server.stop();
}

#[test]
fn a_flood_of_pings_waits_like_a_flood_of_lines() {
    let config = "[limits]\nmessages_per_second = 10\nburst = 10\n";
    let server = Setup::new().config(config).start();
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Socket::connect(server.address(), &[]);
    let mut pings = Vec::new();
    for _ in 0..30 {
        push_masked_frame(Opcode::Ping, b"x", [0; 4], &mut pings);
    }
    let begun = Instant::now();
    ann.send_bytes(&pings);
    for _ in 0..30 {
        assert_eq!(ann.next(), Heard::Pong);
    }
    // Ten at once, then ten a second.
    assert!(begun.elapsed().as_millis() >= 1500, "{:?}", begun.elapsed());
    bob.expect_nothing_more();
    server.stop();
}

#[test]
fn fragments_that_never_end_are_bounded_and_disturb_nobody() {
    let server = Server::start();
    let process = server.process();
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Socket::connect(server.address(), &[]);
    let before = process.usage().resident;
    let mut first = Vec::new();
    push_masked_frame(Opcode::Text, b"", [0; 4], &mut first);
    first[0] &= 0x7f;
    ann.send_bytes(&first);
    let mut empty = Vec::new();
    push_masked_frame(Opcode::Continuation, b"", [0; 4], &mut empty);
    empty[0] &= 0x7f;
    let empty = empty.repeat(10_000);
    for _ in 0..20 {
        ann.send_bytes(&empty);
        bob.expect_nothing_more();
    }
    assert!(process.usage().resident < before + 4 * 1024 * 1024);
    // A claim is no length: a frame of 2^40 bytes is refused by its header.
    let mut huge = Socket::connect(server.address(), &[]);
    huge.send_bytes(b"\x82\xff\0\0\x01\0\0\0\0\0\0\0\0\0");
    huge.expect_closed(1009);
    server.stop();
}

#[test]
fn who_does_not_read_is_let_go_and_the_others_are_not() {
    let listen = "any://127.0.0.1:0?sndbuf=16384";
    let config = "[limits]\nmessages_per_second = 0\nsend_queue = \"64 KiB\"\n";
    let server = Setup::new().listen(listen).config(config).start();
    let mut ann = Socket::enter(server.address(), "ann");
    let slow = Socket::enter(server.address(), "slow");
    ann.find(" JOIN ");
    let begun = Instant::now();
    let line = format!("PRIVMSG #lobby :{}", "x".repeat(400));
    loop {
        for _ in 0..100 {
            ann.send(&line);
        }
        ann.send("PING mark");
        let heard = ann.line();
        if heard.contains(" QUIT :SendQ exceeded") {
            break;
        }
        assert!(heard.contains(" PONG "), "{heard}");
        assert!(begun.elapsed() < PATIENCE);
    }
    server.log.expect("reason=sendq_exceeded");
    drop(slow);
    server.stop();
}
