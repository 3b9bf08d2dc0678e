//! A user's names and origin: the part of its record that is remembered after it has quit.
//!
//! Owns a compact record: short names lie in it, long ones in one allocation; an [`Origin`] is shared by all who have it.
//! Does not know nicks.

use super::cut;
use memchr::memchr;
use std::rc::Rc;

/// Longest user name, in bytes (ISUPPORT's USERLEN); what is beyond is cut off.
pub const USERNAME_BYTES_MAX: usize = 20;

/// The user name of clients whose protocol asks for none. Their "real name" is their nick.
pub const USERNAME_OF_UNASKED: &str = "~telnet";

/// Where a user's connection comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The host that is shown, cloaked or not.
    pub host: Box<str>,
    /// The real address, for operators and bans from the server. May be the same as `host`.
    pub address: Box<str>,
}

impl Origin {
    /// One to be shared.
    pub fn new(host: &str, address: &str) -> Rc<Self> {
        Rc::new(Self {
            host: host.into(),
            address: address.into(),
        })
    }
}

/// Between user name and "real name": no text from a protocol holds it.
const SEPARATOR: u8 = 0;

/// User name, "real name" and origin.
#[derive(Clone, Debug)]
pub(super) struct Persona {
    names: Names,
    pub(super) origin: Rc<Origin>,
}

/// User name, separator, "real name"; empty for clients that were not asked. The separator is searched, not kept: a
/// length beside it would cost each record eight bytes.
#[derive(Clone, Debug)]
enum Names {
    /// Most are short. An allocation would take 32 bytes, and this takes eight more than a pointer to it.
    Inline {
        len: u8,
        bytes: [u8; INLINE_MAX],
    },
    Heap(Box<[u8]>),
}

/// What fits beside the tag and the length into 24 bytes.
const INLINE_MAX: usize = 22;

impl Persona {
    /// Keeps of the user name what counts; an empty one is that of a client that was not asked.
    pub(super) fn new(username: &str, realname: &str, origin: Rc<Origin>) -> Self {
        let names = match cut(username, USERNAME_BYTES_MAX) {
            "" => Names::NONE,
            username => Names::new(username, realname),
        };
        Self { names, origin }
    }

    /// Replaces the "real name".
    pub(super) fn set_realname(&mut self, realname: &str) {
        self.names = Names::new(self.username(), realname);
    }

    pub(super) fn username(&self) -> &str {
        self.names
            .split()
            .map_or(USERNAME_OF_UNASKED, |(name, _)| name)
    }

    /// The "real name"; `nick` is that of clients that were not asked.
    pub(super) fn realname<'a>(&'a self, nick: &'a str) -> &'a str {
        self.names.split().map_or(nick, |(_, name)| name)
    }

    /// Bytes of memory outside of the record, those of the origin not included.
    pub(super) fn heap_bytes(&self) -> usize {
        match &self.names {
            Names::Inline { .. } => 0,
            Names::Heap(bytes) => bytes.len(),
        }
    }
}

impl Names {
    const NONE: Self = Self::Inline {
        len: 0,
        bytes: [0; INLINE_MAX],
    };

    fn new(username: &str, realname: &str) -> Self {
        debug_assert!(
            !username.as_bytes().contains(&SEPARATOR),
            "no text holds NUL"
        );
        let parts = [username.as_bytes(), &[SEPARATOR], realname.as_bytes()];
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len > INLINE_MAX {
            return Self::Heap(parts.concat().into());
        }
        let mut bytes = [0; INLINE_MAX];
        let mut end = 0;
        for part in parts {
            bytes[end..][..part.len()].copy_from_slice(part);
            end += part.len();
        }
        let len = u8::try_from(len).expect("INLINE_MAX is below 256");
        Self::Inline { len, bytes }
    }

    /// User name and "real name"; `None` for those who were not asked.
    fn split(&self) -> Option<(&str, &str)> {
        let bytes = match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Heap(bytes) => bytes,
        };
        let end = memchr(SEPARATOR, bytes)?;
        let text = |part| std::str::from_utf8(part).expect("`new` copied whole strs");
        Some((text(&bytes[..end]), text(&bytes[end + 1..])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(username: &str, realname: &str, heap_bytes: usize) {
        let persona = Persona::new(username, realname, Rc::default());
        let names = (persona.username(), persona.realname("nick"));
        assert_eq!(names, (username, realname));
        assert_eq!(persona.heap_bytes(), heap_bytes);
    }

    #[test]
    fn names_of_any_length_come_back() {
        check("~u", "", 0);
        check("~alice", "Alice B. Carrol", 0);
        check("~alice", "Alice B. Carroll", 23);
        check("~홍", "홍길동", 0);
        check("~abcdefghijklmnopqrs", "a\0b", 24);
        let unasked = Persona::new("", "ignored", Rc::default());
        assert_eq!(
            (unasked.username(), unasked.realname("nick")),
            ("~telnet", "nick")
        );
    }
}
