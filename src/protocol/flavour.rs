//! Flavours: which bytes an event becomes.
//!
//! Two connections are of one flavour if every event looks the same to both, the author's own view
//! apart. The server encodes an event once for each flavour and view among its audience, never once
//! for each recipient.
//!
//! Owns nothing. Does not know who listens.

use super::telnet;
use crate::chat::{Event, Hub};

/// The protocol of a connection, and whatever else changes the bytes it gets. Small, cheap to
/// compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavour {
    /// Lines for people (DESIGN section 6).
    Telnet,
}

impl Flavour {
    /// A number for each flavour; the bytes of one flavour are kept together.
    pub fn number(self) -> u32 {
        self as u32
    }
}

/// From which side an event is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// By the one whose doing it was.
    Author,
    /// By anyone else.
    Other,
}

/// Appends what `event` is to a connection of this flavour; says whether there is anything to send.
///
/// Call it before the next command is applied: until then the records that the event names can be
/// read.
pub fn encode(flavour: Flavour, view: View, event: &Event, hub: &Hub, out: &mut Vec<u8>) -> bool {
    match flavour {
        Flavour::Telnet => telnet::encode(view, event, hub, out),
    }
}
