//! Events as bytes: which protocol's encoder makes them, and what the connection's framing adds.
//!
//! Owns nothing. Does not know who gets them.

use super::{
    flavour::{Distinction, Flavour, View},
    irc, telnet,
    web::websocket::frame_lines,
};
use crate::chat::{Event, Hub, UserId};

/// Appends an event for connections of this flavour and view; returns whether there is anything to send. `server` is the
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

/// Appends an event that [is personal](Flavour::is_personal) for one connection.
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

impl Distinction {
    /// Of this event.
    pub fn of(event: &Event, hub: &Hub) -> Self {
        irc::distinction(event, hub)
    }
}

impl Flavour {
    /// Makes WebSocket messages of the lines after `start`, if the flavour is one of messages. Lines of IRC that [`encode`]
    /// did not make must pass through here.
    pub fn frame(self, start: usize, out: &mut Vec<u8>) {
        if let Self::Web(_, kind) = self {
            let lines = out.split_off(start);
            frame_lines(&lines, kind, out);
        }
    }

    /// Appends the last line to a client that is disconnected, with the reason.
    pub fn push_farewell(self, reason: &str, out: &mut Vec<u8>) {
        let start = out.len();
        match self {
            Self::Irc(_) | Self::Web(..) => irc::error(reason, out),
            Self::Telnet => telnet::refusal(out, &format!("good-bye ({reason})")),
        }
        self.frame(start, out);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{irc::caps::CapSet, web::websocket::Kind},
        *,
    };

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
