//! Names of clients and rooms, made from numbers, and what a server's line means to a client.

use std::fmt;

/// Everything that two runs must not share: the prefix of names and rooms, and the stamp of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) struct Run(pub(in crate::load) u16);

/// Who a client is, and in which room they stand.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Identity {
    /// Which run they belong to.
    pub(in crate::load) run: Run,
    /// Their number in the run, which makes their name.
    pub(in crate::load) number: u32,
    /// Their room's number; `None`: they stand in none.
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
        // The first letters of a name may not be a digit, and a name that was taken goes to another letter.
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

/// A number in digits and small letters, with zeros in front up to a width.
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

/// What a line from the server means to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::load) enum Incoming<'a> {
    /// Nothing that matters here.
    Nothing,
    /// We are registered, and in our room if we wanted one.
    Ready,
    /// Someone said this in our room.
    Message(&'a [u8]),
    /// The person of this name is gone.
    UserQuit(&'a [u8]),
    /// We are not let in, or let go; the server's words.
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
