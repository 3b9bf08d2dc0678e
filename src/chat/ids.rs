//! Ids of users, accounts, rooms and messages. An id is a value that is never given twice, so a stale one finds nothing.

use std::num::NonZeroU32;

/// Names one user: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId {
    /// Place in the hub's table; reused after the person quit.
    pub slot: u32,
    /// Tells apart those who had the slot.
    pub generation: NonZeroU32,
}

/// Names one room: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId {
    /// Place in the hub's table; reused after the room vanished.
    pub slot: u32,
    /// Tells apart those that had the slot.
    pub generation: NonZeroU32,
}

/// Names one account: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    /// Place in the table of accounts; reused after the account was dropped.
    pub slot: u32,
    /// Tells apart those that had the slot.
    pub generation: NonZeroU32,
}

/// Names one connection of a user, who may have several. The server gives the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    /// The user.
    pub user: UserId,
    /// Tells apart the connections that the user has at one time.
    pub number: u32,
}

/// Number of a room: given when it is founded, and never to another, not by a later process either if the numbers begin
/// where [`Hub::number_messages_from`](super::Hub::number_messages_from) says. A room that is registered keeps it over
/// restarts, one that is renamed keeps it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomSerial(pub u64);

/// Number of an event, unique in the life of the process and rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);
