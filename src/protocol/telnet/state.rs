//! The state of one connection that speaks telnet.

use super::{negotiation::Negotiation, password::PasswordEntry};
use crate::{chat::RoomId, protocol::lines::Lines};

/// The state of one connection.
#[derive(Debug, Default)]
pub struct Telnet {
    pub(super) lines: Lines,
    /// From the first of telnet's commands on.
    pub(super) negotiation: Option<Box<Negotiation>>,
    /// The room that messages go to. The hub is asked each time whether the user is still in it.
    pub(super) room: Option<RoomId>,
    pub(super) entry: PasswordEntry,
}

// Tens of thousands of these lie in the server's table.
const _: () = assert!(size_of::<Telnet>() <= 24);
