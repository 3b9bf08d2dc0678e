//! Names of clients and rooms, made from numbers, and what a server's line means to a client.

use std::fmt;

/// The number that separates two runs: it is in the names of clients and rooms, and in the stamps of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) struct Run(pub(in crate::load) u16);

/// The number of a client, and its room.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Identity {
    /// Its run.
    pub(in crate::load) run: Run,
    /// Its number in the run, which makes its name.
    pub(in crate::load) number: u32,
    /// The number of its room; `None`: it joins none.
    pub(in crate::load) room: Option<u32>,
}

/// Shows a client's name: at most nine characters (RFC 1459 section 1.2) up to sixty million clients.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Nick(
    pub(in crate::load) Run,
    pub(in crate::load) u32,
    pub(in crate::load) u8,
);

/// Shows a room's name, with the sign in front.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct RoomName(pub(in crate::load) Run, pub(in crate::load) u32);

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may not begin with a digit. If a name is taken, the next try begins with another letter.
        let first = char::from(b'b' + self.2 % 24);
        write!(
            f,
            "{first}{}{}",
            Base36(self.0.0.into(), 2),
            Base36(self.1, 1)
        )
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#bench{}-{}", Base36(self.0.0.into(), 2), self.1)
    }
}

/// A number in digits and small letters, with leading zeros up to a width.
struct Base36(u32, usize);

impl fmt::Display for Base36 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut digits, mut at, mut rest) = ([b'0'; 8], 8, self.0);
        while rest > 0 || at > 8 - self.1 {
            at -= 1;
            digits[at] = b"0123456789abcdefghijklmnopqrstuvwxyz"[rest as usize % 36];
            rest /= 36;
        }
        f.write_str(std::str::from_utf8(&digits[at..]).unwrap_or_default())
    }
}

/// What a line from the server means to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::load) enum Incoming<'a> {
    /// Nothing that matters here.
    Nothing,
    /// The client is registered, and in its room if it has one.
    Ready,
    /// A text that was said in the client's room.
    Message(&'a [u8]),
    /// The user of this name has quit.
    UserQuit(&'a [u8]),
    /// The server refuses the client or ends its session; the server's text.
    Refused(&'a [u8]),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_differ() {
        let nick = |number, tries| Nick(Run(1295), number, tries).to_string();
        assert_eq!(nick(0, 0), "bzz0");
        assert_eq!(nick(15_000, 0), "bzzbko");
        assert_eq!(nick(15_000, 1), "czzbko");
        assert!(nick(60_000_000, 0).len() <= 9);
        assert_eq!(RoomName(Run(1), 12).to_string(), "#bench01-12");
    }
}
