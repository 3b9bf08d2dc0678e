//! Replies of the server to one client: how each begins, and what several commands answer alike.

use super::{
    line::Line,
    numeric::{Numeric, RPL_TOPIC, RPL_TOPICWHOTIME},
};
use crate::{
    chat::{Hub, RoomId, mode::Ranks},
    protocol::{
        irc::caps::{Cap, CapSet},
        time::unix,
    },
};
use std::fmt::Display;

/// The server that replies, and the client that gets the reply.
#[derive(Clone, Copy)]
pub(crate) struct ReplyPrefix<'c> {
    pub(crate) server: &'c str,
    /// The client's nick; `*` while it has none.
    pub(crate) client: &'c str,
}

impl<'c> ReplyPrefix<'c> {
    /// Begins a numeric reply: its source, number and first parameter.
    pub(crate) fn numeric<'o>(self, numeric: Numeric, out: &'o mut Vec<u8>) -> Line<'o> {
        Line::new(out)
            .server(self.server)
            .command(numeric.code)
            .word(self.client)
    }

    /// Appends a notice from the server for this client alone.
    pub(crate) fn notice(self, text: impl Display, out: &mut Vec<u8>) {
        Line::new(out)
            .source(self.server)
            .command("NOTICE")
            .param(self.client)
            .text(text)
            .end();
    }
}

/// How many of a member's ranks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RankPrefixes {
    All,
    Highest,
}

impl RankPrefixes {
    /// The choice for a client with these capabilities.
    pub(crate) fn of(caps: CapSet) -> Self {
        match caps.has(Cap::MultiPrefix) {
            true => Self::All,
            false => Self::Highest,
        }
    }

    /// Appends the prefixes of these ranks.
    pub(crate) fn push(self, ranks: Ranks, out: &mut String) {
        let shown = match self {
            Self::All => usize::MAX,
            Self::Highest => 1,
        };
        out.extend(ranks.iter().take(shown).map(|rank| rank.prefix()));
    }
}

/// Appends a room's topic, its setter and its time; nothing if there is none, as after a JOIN ("Modern IRC", JOIN message).
pub(crate) fn write_topic(prefix: ReplyPrefix<'_>, hub: &Hub, id: RoomId, out: &mut Vec<u8>) {
    let Some(room) = hub.room(id) else { return };
    let Some(topic) = room.topic() else { return };
    let line = prefix.numeric(RPL_TOPIC, out).param(room.name());
    line.text(&topic.text).end();
    let line = prefix.numeric(RPL_TOPICWHOTIME, out).param(room.name());
    line.param(&topic.by).param(unix(topic.at.wall)).end();
}
