//! What guests of the swarm say: texts that tell who said them, where, and as which in a row; and the dirt around them.
//!
//! Shared by those who say them and those who hear them, so that what is heard can be judged by itself.

use crate::net::sim::Random;

/// Rooms that guests go to; everyone begins in the first.
pub(super) const ROOMS: [&str; 3] = ["#lobby", "#den", "#attic"];

/// Names that several want, besides one that is each guest's own.
pub(super) const CONTESTED: [&str; 3] = ["alice", "ALICE", "민수"];

/// Where numbered texts go: a room by its name, or `@` and a guest's number.
pub(super) fn private(guest: usize) -> String {
    format!("@{guest}")
}

/// The n-th text of a guest to one place.
pub(super) fn text(guest: usize, place: &str, n: u32) -> String {
    let filler = ["hi", "마당에서 é", "a somewhat longer text <x> * y", "/me"];
    format!("{guest}|{place}|{n}| {}", filler[(guest + n as usize) % 4])
}

/// Takes a text apart again and checks that it is whole.
pub(super) fn origin(heard: &str) -> (usize, String, u32) {
    let mut parts = heard.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let (guest, place, n) = (part().parse(), part(), part().parse());
    let (Ok(guest), Ok(n)) = (guest, n) else {
        panic!("nobody said this: {heard:?}");
    };
    assert_eq!(heard, text(guest, place, n), "not as it was said");
    (guest, place.to_owned(), n)
}

/// A name that is a guest's own; each `change` gives another one.
pub(super) fn own_name(guest: usize, change: usize) -> String {
    match change {
        0 => format!("u{guest}"),
        _ => format!("u{guest}x{change}"),
    }
}

/// Whose own name this is; `None` for a contested one.
pub(super) fn owner(name: &str) -> Option<usize> {
    let contested = CONTESTED.iter().any(|c| c.eq_ignore_ascii_case(name));
    let number = name
        .strip_prefix('u')
        .and_then(|name| name.split('x').next());
    match number.and_then(|number| number.parse().ok()) {
        Some(guest) => Some(guest),
        None => {
            assert!(contested, "nobody is called {name:?}");
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

/// Makes a line of a text: an end, what a terminal must not see, and telnet's commands anywhere in between.
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

/// A line of which nothing comes but an answer.
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
