//! Flavours: which bytes an event becomes.
//!
//! Two connections are of one flavour if every event looks the same to both, the author's own view
//! apart. The server encodes an event once for each flavour and view among its audience, never once
//! for each recipient.
//!
//! Owns nothing. Does not know who listens.

use super::{
    irc::{
        self,
        caps::{Cap, CapSet},
    },
    telnet,
    web::websocket::{Kind, frame_lines},
};
use crate::chat::{Event, Hub, UserId};

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
            // Beyond all sets of capabilities.
            Self::Web(caps, Kind::Text) => 1 << 29 | caps.number(),
            Self::Web(caps, Kind::Binary) => 1 << 30 | caps.number(),
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

    /// Makes messages of the lines behind `start`, if that is how this flavour has them. Whoever sends lines of IRC
    /// that [`encode`] did not make passes them through here.
    pub fn frame(self, start: usize, out: &mut Vec<u8>) {
        if let Self::Web(_, kind) = self {
            let lines = out.split_off(start);
            frame_lines(&lines, kind, out);
        }
    }

    /// What of this flavour makes a difference to events of one kind, so that connections that differ in nothing else
    /// share the bytes. Work it out once for an event with [`Distinction::of`].
    #[must_use]
    pub fn for_event(self, distinction: Distinction) -> Self {
        match self {
            Self::Irc(caps) => Self::Irc(caps.and(distinction.0)),
            Self::Web(caps, kind) => Self::Web(caps.and(distinction.0), kind),
            Self::Telnet => self,
        }
    }

    /// Appends the last words to someone whose stay is ended, with the reason.
    pub fn push_farewell(self, reason: &str, out: &mut Vec<u8>) {
        let start = out.len();
        match self {
            Self::Irc(_) | Self::Web(..) => irc::error(reason, out),
            Self::Telnet => telnet::refusal(out, &format!("good-bye ({reason})")),
        }
        self.frame(start, out);
    }

    /// Whether who speaks to themselves hears it twice: once as the author, if they want to, and once as the other.
    pub fn hears_oneself(self) -> bool {
        self.caps().is_some()
    }

    /// Whether more than coming and going of those who are watched is told (IRCv3 extended-monitor).
    pub fn watches_changes(self) -> bool {
        self.caps()
            .is_some_and(|caps| caps.has(Cap::ExtendedMonitor))
    }

    /// Whether an event's bytes differ for each who receives them; then [`encode_personal`] makes them.
    pub fn is_personal(self, event: &Event) -> bool {
        self.caps()
            .is_some_and(|caps| irc::is_personal(caps, &event.body))
    }

    /// The capabilities, where there are such.
    fn caps(self) -> Option<CapSet> {
        match self {
            Self::Irc(caps) | Self::Web(caps, _) => Some(caps),
            Self::Telnet => None,
        }
    }
}

/// Which capabilities make a difference to an event.
#[derive(Clone, Copy, Debug)]
pub struct Distinction(CapSet);

impl Distinction {
    /// Those of this event.
    pub fn of(event: &Event, hub: &Hub) -> Self {
        Self(irc::relevant(event, hub))
    }

    /// A number for each.
    pub fn number(self) -> u32 {
        self.0.number()
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

/// Appends what `event` is to a connection of this flavour; says whether there is anything to send. `server` is the
/// server's name.
///
/// Call it before the next command is applied: until then the records that the event names can be
/// read.
pub fn encode(
    flavour: Flavour,
    view: View,
    event: &Event,
    hub: &Hub,
    server: &str,
    out: &mut Vec<u8>,
) -> bool {
    match flavour {
        Flavour::Irc(caps) => irc::encode(caps, view, event, hub, server, out),
        Flavour::Telnet => telnet::encode(view, event, hub, out),
        Flavour::Web(caps, _) => {
            let start = out.len();
            let is_told = irc::encode(caps, view, event, hub, server, out);
            flavour.frame(start, out);
            is_told
        }
    }
}

/// Appends what an event that [is personal](Flavour::is_personal) is to one connection.
pub fn encode_personal(
    flavour: Flavour,
    recipient: UserId,
    event: &Event,
    hub: &Hub,
    server: &str,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    irc::encode_personal(recipient, event, hub, server, out);
    flavour.frame(start, out);
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
    fn what_makes_no_difference_to_an_event_is_left_out_and_the_framing_is_not() {
        let distinction = Distinction(CapSet::of(&[Cap::ServerTime]));
        let told: BTreeSet<Flavour> = flavours()
            .into_iter()
            .map(|flavour| flavour.for_event(distinction))
            .collect();
        // With the time or without, in each framing.
        assert_eq!(told.len(), 2 * KINDS.len());
    }

    #[test]
    fn lines_become_messages_where_that_is_how_they_are_had() {
        let framed = |kind| {
            let mut out = b"kept".to_vec();
            out.extend_from_slice(b"a\r\nbc\r\n");
            Flavour::Irc(CapSet::NONE)
                .in_messages(kind)
                .frame(4, &mut out);
            out
        };
        assert_eq!(framed(None), b"kepta\r\nbc\r\n");
        assert_eq!(framed(Some(Kind::Text)), b"kept\x81\x01a\x81\x02bc");
        assert_eq!(framed(Some(Kind::Binary)), b"kept\x82\x01a\x82\x02bc");
        let mut farewell = Vec::new();
        let flavour = Flavour::Web(CapSet::NONE, Kind::Text);
        flavour.push_farewell("why", &mut farewell);
        assert_eq!(farewell, b"\x81\x18ERROR :Closing Link: why");
        assert_eq!(
            Flavour::Telnet.in_messages(Some(Kind::Text)),
            Flavour::Telnet
        );
    }
}
