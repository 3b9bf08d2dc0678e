//! Flavours: which bytes an event becomes.
//!
//! Two connections are of one flavour if every event looks the same to both, the author's own view
//! apart. The server encodes an event once for each flavour and view among its audience, never once
//! for each recipient.
//!
//! Owns nothing. Knows no events.

use super::{
    irc::caps::{Cap, CapSet},
    web::websocket::Kind,
};

/// In a flavour's number: its messages are WebSocket's, of one kind or the other. Beyond all sets of capabilities.
const TEXT: u32 = 1 << 29;
const BINARY: u32 = 1 << 30;

/// The protocol of a connection, and whatever else changes the bytes it gets. Small, cheap to
/// compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavour {
    /// IRC, with those capabilities that change the bytes of events.
    Irc(CapSet),
    /// Lines for people.
    Telnet,
    /// IRC in WebSocket messages of one kind, with the same.
    Web(CapSet, Kind),
}

impl Flavour {
    /// A number for each flavour; the bytes of one flavour are kept together.
    pub fn number(self) -> u32 {
        match self {
            Self::Irc(caps) => 1 + caps.number(),
            Self::Telnet => 0,
            Self::Web(caps, Kind::Text) => TEXT | caps.number(),
            Self::Web(caps, Kind::Binary) => BINARY | caps.number(),
        }
    }

    /// The flavour that has this number.
    pub fn of_number(number: u32) -> Self {
        match number {
            0 => Self::Telnet,
            n if n & BINARY != 0 => Self::Web(CapSet::of_number(n & !BINARY), Kind::Binary),
            n if n & TEXT != 0 => Self::Web(CapSet::of_number(n & !TEXT), Kind::Text),
            n => Self::Irc(CapSet::of_number(n - 1)),
        }
    }

    /// The same in WebSocket messages of this kind; in lines if there is none.
    #[must_use]
    pub fn in_messages(self, kind: Option<Kind>) -> Self {
        match (self, kind) {
            (Self::Irc(caps), Some(kind)) => Self::Web(caps, kind),
            _ => self,
        }
    }

    /// The part of the flavour that changes the bytes of this event, so that connections that differ in nothing else
    /// share the bytes. Work it out once for an event with [`Distinction::of`].
    #[must_use]
    pub fn for_event(self, distinction: Distinction) -> Self {
        match self {
            Self::Irc(caps) => Self::Irc(caps.and(distinction.caps)),
            Self::Web(caps, kind) => Self::Web(caps.and(distinction.caps), kind),
            Self::Telnet => self,
        }
    }

    /// The protocol, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Irc(_) => "irc",
            Self::Telnet => "telnet",
            Self::Web(..) => "web",
        }
    }

    /// Whether a message to oneself is delivered twice: once as its author, if the client asked for that, and once as its
    /// recipient.
    pub fn hears_oneself(self) -> bool {
        self.caps().is_some()
    }

    /// Whether changes of watched users are sent too, not only their coming and going (IRCv3 extended-monitor).
    pub fn watches_changes(self) -> bool {
        self.caps()
            .is_some_and(|caps| caps.has(Cap::ExtendedMonitor))
    }

    /// Whether it shows up to when its user has read (IRCv3 read-marker).
    pub fn shows_read_markers(self) -> bool {
        self.caps().is_some_and(|caps| caps.has(Cap::ReadMarker))
    }

    /// Whether the bytes of an event with this distinction differ for each connection that gets it; then
    /// [`encode_personal`](crate::protocol::encode::encode_personal) makes them.
    pub fn is_personal(self, distinction: Distinction) -> bool {
        let needed = distinction.personal_without;
        self.caps().is_some_and(|caps| caps.and(needed) != needed)
    }

    /// The capabilities, where there are such.
    fn caps(self) -> Option<CapSet> {
        match self {
            Self::Irc(caps) | Self::Web(caps, _) => Some(caps),
            Self::Telnet => None,
        }
    }
}

/// The capabilities that matter to one event. Made for an event by [`Distinction::of`](crate::protocol::encode).
#[derive(Clone, Copy, Debug)]
pub struct Distinction {
    /// The capabilities that change the event's bytes.
    pub caps: CapSet,
    /// Without all of these, the event's bytes differ for each connection that gets it.
    pub personal_without: CapSet,
}

impl Distinction {
    /// A number for each.
    pub fn number(self) -> u32 {
        self.caps.number()
    }
}

/// From which side an event is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// By the one whose doing it was, on the connection that it came from; on each of its connections if it came from none.
    Author,
    /// By the same, on another of its connections.
    Elsewhere,
    /// By anyone else.
    Other,
}

impl View {
    /// Whether it is the author who sees the event.
    pub fn is_own(self) -> bool {
        self != Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const KINDS: [Option<Kind>; 3] = [None, Some(Kind::Text), Some(Kind::Binary)];

    /// IRC with some capability more or less, in each framing.
    fn flavours() -> Vec<Flavour> {
        let sets = [
            CapSet::NONE,
            CapSet::of(&[Cap::ServerTime]),
            CapSet::of(&[Cap::AccountNotify, Cap::UserhostInNames]),
        ];
        let framed = sets.map(|caps| KINDS.map(|kind| Flavour::Irc(caps).in_messages(kind)));
        framed.concat()
    }

    #[test]
    fn no_two_share_a_lane() {
        let lanes: BTreeSet<u32> = flavours().into_iter().map(Flavour::number).collect();
        assert_eq!(lanes.len(), flavours().len());
        assert!(!lanes.contains(&Flavour::Telnet.number()));
    }

    #[test]
    fn a_flavour_for_an_event_keeps_its_framing() {
        let distinction = Distinction {
            caps: CapSet::of(&[Cap::ServerTime]),
            personal_without: CapSet::NONE,
        };
        let told: BTreeSet<Flavour> = flavours()
            .into_iter()
            .map(|flavour| flavour.for_event(distinction))
            .collect();
        // With the time or without, in each framing.
        assert_eq!(told.len(), 2 * KINDS.len());
    }
}
