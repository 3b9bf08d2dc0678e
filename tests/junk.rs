//! Thousands of senseless callers beside two who chat: nobody is disturbed, nothing is left behind, the server lives.
//!
//! What a caller does is drawn from a seed that is printed when something goes wrong; `MADANG_SEED=...` draws the same again.

mod common;

use common::{Client, Dice, Server, Setup, WELCOME, report};
use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

const CALLERS: usize = 3000;

/// Callers at a time.
const THREADS: usize = 4;

fn seed() -> u64 {
    let given = std::env::var("MADANG_SEED").ok();
    given.map_or(0x7777, |seed| seed.parse().expect("a number"))
}

/// What a senseless caller sends.
fn junk(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..1 + dice.below(6) {
        match dice.below(16) {
            0 => bytes.extend((0..dice.below(2000)).map(|_| dice.next() as u8)),
            1 => bytes.extend((0..dice.below(500)).map(|_| 240 + dice.below(16) as u8)),
            2 => bytes.extend(vec![b'x'; dice.below(20_000)]),
            3 => bytes.extend(b"\r\n\r\0\n\n\0\r".repeat(dice.below(100))),
            4 => bytes.extend([255, 250].repeat(dice.below(3000))),
            5 => bytes.extend(b"\xff\xfd\x01\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0"),
            6 => bytes.extend(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            7 => bytes.extend(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
            8 => bytes.extend(b"NICK x\r\nUSER x 0 * :x\r\nPRIVMSG #lobby :x\r\n"),
            9 => bytes.extend(format!("guest{}\n", dice.next()).bytes()),
            10 => bytes.extend(command(dice).into_bytes()),
            11 => bytes
                .extend("\u{1b}]0;x\u{7}\u{202e}\u{9b}31m\u{feff}안녕 е\u{301}\u{301}\n".bytes()),
            13 => {
                // Frames of all kinds behind an upgrade, most of them against the rules.
                bytes.extend(
                    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                );
                for _ in 0..dice.below(50) {
                    let length = dice.below(126);
                    bytes.extend([dice.next() as u8 & 0x8f, 0x80 | length as u8, 0, 0, 0, 0]);
                    bytes.extend((0..length).map(|_| b' ' + dice.below(95) as u8));
                }
            }
            14 => bytes.extend(
                b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\nNICK x\r\n",
            ),
            12 => bytes.extend(b"\xc3\x28\xf0\x28\x8c\x28\xed\xa0\x80\n"),
            _ => bytes.extend(b"half a li"),
        }
    }
    bytes
}

/// A command, with arguments that it may not expect. In rooms of its own, for the lobby is being watched.
fn command(dice: &mut Dice) -> String {
    const COMMANDS: [&str; 12] = [
        "join", "leave", "rooms", "who", "msg", "me", "nick", "topic", "away", "help", "quit",
        "bogus",
    ];
    const WORDS: [&str; 9] = [
        "", "room", "#room", "##", "x y z", "\u{200d}", "ann", "-", "\u{3164}",
    ];
    let command = COMMANDS[dice.below(COMMANDS.len())];
    let word = WORDS[dice.below(WORDS.len())];
    let tail = "z".repeat(dice.below(3) * dice.below(700));
    format!("/{command} {word}{tail}\r\n")
}

/// One senseless call, with one of many ends.
fn call(address: SocketAddr, dice: &mut Dice) {
    let Ok(stream) = TcpStream::connect(address) else {
        return;
    };
    stream.set_nodelay(true).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut client = Client::over(stream);
    let bytes = junk(dice);
    let size = 1 + dice.below(bytes.len().max(1));
    for piece in bytes.chunks(size.max(bytes.len() / 50 + 1)) {
        // Let go by the server, perhaps, in the middle of it.
        if client.stream.write_all(piece).is_err() {
            return;
        }
    }
    match dice.below(4) {
        0 => client.reset(),
        1 => client.end_input(),
        2 => {
            client.end_input();
            let _ = client.try_rest();
        }
        _ => drop(client),
    }
}

#[test]
fn thousands_of_senseless_callers_disturb_nobody() {
    let seed = seed();
    report(&format!("seed {seed}"));
    let config = "[limits]\nmessages_per_second = 0\nregistration = \"2s\"\n";
    let mut server = Setup::new().config(config).start();
    let address = server.address();
    let mut ann = Client::enter(address, "ann");
    let mut bob = Client::enter(address, "bob");
    // Out of the lobby, where the callers' names come and go.
    for client in [&mut ann, &mut bob] {
        client.send("/join quiet");
        client.send("/leave lobby");
        client.skip_all();
    }
    ann.skip_all();
    let before = server.process().usage();
    let callers: Vec<thread::JoinHandle<()>> = (0..THREADS as u64)
        .map(|number| {
            thread::spawn(move || {
                let mut dice = Dice(seed.wrapping_mul(31).wrapping_add(number));
                for _ in 0..CALLERS / THREADS {
                    call(address, &mut dice);
                }
            })
        })
        .collect();
    let mut line = 0;
    while !callers.iter().all(thread::JoinHandle::is_finished) {
        ann.send(&format!("line {line}"));
        // The callers may write to them; they do, by name. But nothing of theirs in this room.
        loop {
            let heard = bob.line();
            if heard.starts_with("#quiet ") {
                assert_eq!(heard, format!("#quiet <ann> line {line}"));
                break;
            }
        }
        line += 1;
    }
    for caller in callers {
        caller.join().unwrap_or_else(|_| panic!("seed {seed}"));
    }
    report(&format!("{line} lines were said meanwhile"));
    // Everyone who called is gone again, without a descriptor left behind.
    common::wait_for("the last caller's end", || {
        let left = server.process().usage().descriptors;
        (left <= before.descriptors).then_some(())
    });
    ann.send("/rooms");
    ann.find("* #quiet (2)");
    ann.expect_nothing_more();
    let resident = server.process().usage().resident;
    report(&format!(
        "resident {} KiB before, {} KiB after",
        before.resident / 1024,
        resident / 1024
    ));
    assert!(resident < before.resident + (16 << 20), "{resident}");
    server.expect_unharmed();
}

#[test]
fn callers_that_vanish_before_they_are_accepted_are_no_trouble() {
    let mut server = Server::start();
    for _ in 0..500 {
        Client::connect(server.address()).reset();
    }
    Client::connect(server.address()).expect(WELCOME);
    server.expect_unharmed();
}
