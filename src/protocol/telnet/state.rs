//! What is remembered of one connection that speaks telnet.

use super::{negotiation::Negotiation, password::PasswordEntry};
use crate::{chat::RoomId, protocol::lines::Lines};

/// What is remembered of one connection.
#[derive(Debug, Default)]
pub struct Telnet {
    pub(super) lines: Lines,
    /// From the first of telnet's commands on.
    pub(super) negotiation: Option<Box<Negotiation>>,
    /// Where words go that are no command. The hub is asked each time whether the person still
    /// stands there.
    pub(super) room: Option<RoomId>,
    pub(super) entry: PasswordEntry,
}

// Tens of thousands of these lie in the server's table.
const _: () = assert!(size_of::<Telnet>() <= 24);
