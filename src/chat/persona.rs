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

/// User name, "real name" and origin.
#[derive(Clone, Debug)]
pub(super) struct Persona {
    /// User name, then "real name"; empty for those who were not asked.
    text: Box<str>,
    pub(super) origin: Rc<Origin>,
    /// Zero for those who were not asked.
    username_len: u8,
}

impl Persona {
    /// Keeps of the user name what counts; an empty one is that of a client that was not asked.
    pub(super) fn new(username: &str, realname: &str, origin: Rc<Origin>) -> Self {
        let username = cut(username, USERNAME_BYTES_MAX);
        let text = match username {
            "" => Box::default(),
            _ => [username, realname].concat().into(),
        };
        Self {
            text,
            origin,
            username_len: narrow(username.len()),
        }
    }

    /// Replaces the "real name".
    pub(super) fn set_realname(&mut self, realname: &str) {
        let username = self.username();
        let username_len = username.len();
        self.text = [username, realname].concat().into();
        self.username_len = narrow(username_len);
    }

    pub(super) fn username(&self) -> &str {
        match self.username_len {
            0 => USERNAME_OF_UNASKED,
            length => &self.text[..usize::from(length)],
        }
    }

    /// The "real name"; `nick` is that of clients that were not asked.
    pub(super) fn realname<'a>(&'a self, nick: &'a str) -> &'a str {
        match self.username_len {
            0 => nick,
            length => &self.text[usize::from(length)..],
        }
    }

    /// Bytes of memory outside of the record, those of the origin not included.
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }
}

fn narrow(username_len: usize) -> u8 {
    u8::try_from(username_len).expect("USERNAME_BYTES_MAX is below 256")
}
