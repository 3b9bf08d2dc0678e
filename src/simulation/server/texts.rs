//! The texts of the swarm's clients, each with its author, its target and its number; and the dirt around them.
//!
//! Shared by the scripts and the oracles, so that each received text can be checked by itself.

use crate::simulation::network::Random;

/// Rooms of the clients; all begin in the first.
pub(super) const ROOMS: [&str; 3] = ["#lobby", "#den", "#attic"];

/// Names that several want, besides one that is each client's own.
pub(super) const CONTESTED: [&str; 3] = ["alice", "ALICE", "민수"];

/// The target of numbered texts: a room by its name, or `@` and a client's number.
pub(super) fn private(client: usize) -> String {
    format!("@{client}")
}

/// The n-th text of a client to one target.
pub(super) fn text(client: usize, place: &str, n: u32) -> String {
    let filler = ["hi", "마당에서 é", "a somewhat longer text <x> * y", "/me"];
    format!(
        "{client}|{place}|{n}| {}",
        filler[(client + n as usize) % 4]
    )
}

/// Takes a text apart again and checks that it is whole.
pub(super) fn origin(heard: &str) -> (usize, String, u32) {
    let mut parts = heard.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (client, place, n) = (part().parse(), part(), part().parse());
    let (Ok(client), Ok(n)) = (client, n) else {
        panic!("nobody said this: {heard:?}");
    };
    assert_eq!(heard, text(client, place, n), "not as it was sent");
    (client, place.to_owned(), n)
}

/// A name that is a client's own; each `change` gives another one.
pub(super) fn own_name(client: usize, change: usize) -> String {
    match change {
        0 => format!("u{client}"),
        _ => format!("u{client}x{change}"),
    }
}

/// The client whose own name this is; `None` for a contested one.
pub(super) fn owner(name: &str) -> Option<usize> {
    let contested = CONTESTED.iter().any(|c| c.eq_ignore_ascii_case(name));
    let number = name
        .strip_prefix('u')
        .and_then(|name| name.split('x').next());
    match number.and_then(|number| number.parse().ok()) {
        Some(client) => Some(client),
        None => {
            assert!(contested, "no client is called {name:?}");
            None
        }
    }
}

const IAC: u8 = 255;

/// Telnet commands of real clients, none of which changes a line.
const NEGOTIATIONS: [&[u8]; 7] = [
    &[IAC, 253, 1],
    &[IAC, 251, 31],
    &[IAC, 253, 6],
    &[IAC, 254, 3],
    &[IAC, 241],
    &[IAC, 250, 24, 0, b'x', b'\r', b'\n', IAC, IAC, 7, IAC, 240],
    &[IAC, 246],
];

/// Makes a line of a text: an end, bytes that must not reach a terminal, and telnet's commands anywhere in between.
pub(super) fn line(text: &str, telnet: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let dirt: &[&[u8]] = &[b"\x1b[31m", b"\x07", b"\0", "\u{202e}".as_bytes()];
    if random.percent(15) {
        bytes.extend(dirt[random.below(dirt.len())]);
    }
    bytes.extend([&b"\n"[..], b"\r\n", b"\r\0"][random.below(3)]);
    if telnet && random.percent(30) {
        let at = random.below(bytes.len());
        let negotiation = NEGOTIATIONS[random.below(NEGOTIATIONS.len())];
        bytes.splice(at..at, negotiation.iter().copied());
    }
    bytes
}

/// A line whose only effect is an answer.
pub(super) fn junk(cap: usize, random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => b"caf\xe9\n".to_vec(),
        1 => [&vec![b'z'; cap + 1 + random.below(2 * cap)], &b"\r\n"[..]].concat(),
        2 => b"   \r\n".to_vec(),
        3 => b"/nonsense at all\r\n".to_vec(),
        4 => b"\r\0".to_vec(),
        _ => b"/msg nobody psst\n".to_vec(),
    }
}
