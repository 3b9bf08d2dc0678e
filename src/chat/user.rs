//! One person (to be written).
use super::{Nick, Time};
/// Names one person for ever: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId {
    /// Place in the hub's table; reused after the person quit.
    pub slot: u32,
    /// Tells apart those who had the slot.
    pub generation: u32,
}
/// One person.
#[derive(Debug)]
pub struct User {
    nick: Nick,
    away: Option<Box<str>>,
}
impl User {
    /// Name.
    pub fn nick(&self) -> &Nick {
        &self.nick
    }
    /// The word they left when they went away.
    pub fn away(&self) -> Option<&str> {
        self.away.as_deref()
    }
    /// When they last said something, or came in.
    pub fn last_spoke(&self) -> Time {
        todo!()
    }
}
