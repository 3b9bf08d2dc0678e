//! What a user said of itself, and where it comes from: the part of a user's record that is remembered after it has gone.
//!
//! Owns a compact record: one small allocation for user name and "real name", or none where the client was not asked for
//! these; an [`Origin`] is shared by all who have it. Does not know nicks.

use super::cut;
use std::rc::Rc;

/// Longest user name, in bytes (ISUPPORT's USERLEN); what is beyond is cut off.
pub const USERNAME_BYTES_MAX: usize = 20;

/// The user name of those who come in where nobody is asked for one. Their "real name" is their name.
pub const USERNAME_OF_UNASKED: &str = "~telnet";

/// Where people come from.
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
const SEPARATOR: char = '\0';

/// User name, "real name" and origin.
#[derive(Clone, Debug)]
pub(super) struct Persona {
    /// User name, separator, "real name"; empty for those who were not asked. Where the user name ends is found, not kept:
    /// a length beside it would cost each record eight bytes.
    text: Box<str>,
    pub(super) origin: Rc<Origin>,
}

impl Persona {
    /// Keeps of the user name what counts; an empty one is that of a client that was not asked.
    pub(super) fn new(username: &str, realname: &str, origin: Rc<Origin>) -> Self {
        let text = match cut(username, USERNAME_BYTES_MAX) {
            "" => Box::default(),
            username => joined(username, realname),
        };
        Self { text, origin }
    }

    /// Replaces the "real name".
    pub(super) fn set_realname(&mut self, realname: &str) {
        self.text = joined(self.username(), realname);
    }

    pub(super) fn username(&self) -> &str {
        self.parts()
            .map_or(USERNAME_OF_UNASKED, |(username, _)| username)
    }

    /// The "real name"; `nick` is that of clients that were not asked.
    pub(super) fn realname<'a>(&'a self, nick: &'a str) -> &'a str {
        self.parts().map_or(nick, |(_, realname)| realname)
    }

    /// Bytes of memory outside of the record, those of the origin not included.
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    fn parts(&self) -> Option<(&str, &str)> {
        self.text.split_once(SEPARATOR)
    }
}

fn joined(username: &str, realname: &str) -> Box<str> {
    debug_assert!(!username.contains(SEPARATOR), "no text holds NUL");
    let mut text = String::with_capacity(username.len() + SEPARATOR.len_utf8() + realname.len());
    text.push_str(username);
    text.push(SEPARATOR);
    text.push_str(realname);
    text.into()
}
