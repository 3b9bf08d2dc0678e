//! Stored lines as lines of IRC: as they were sent when they were new, for another client (IRCv3 chathistory).
//!
//! Owns nothing. Does not know who asked.

use super::{
    authored::Authored,
    caps::CapSet,
    codec::text::{Source, TargetName},
};
use crate::{
    chat::{SaidLine, WallTime},
    protocol::{
        history::{Content, Line},
        time::Clock,
    },
};

/// The reader of stored lines.
#[derive(Clone, Copy)]
pub(super) struct StoredView<'v> {
    /// The capabilities of its client.
    pub(super) caps: CapSet,
    /// The batch that the lines are in, if they are in one.
    pub(super) batch: Option<&'v str>,
    /// The moment of this turn, if the client shows no other time than one in the text.
    pub(super) now: Option<WallTime>,
    /// The name that the room has now, if it is a room's lines: a client would take another for another room.
    pub(super) room: Option<&'v str>,
}

impl StoredView<'_> {
    fn with_time(&self, time: WallTime, text: &str) -> Option<String> {
        let now = self.now?;
        Some(format!("[{}] {text}", Clock { time, now }))
    }

    fn first_with_time(&self, time: WallTime, lines: &[SaidLine]) -> Option<Vec<SaidLine>> {
        let timed = self.with_time(time, &lines.first()?.text)?;
        let mut lines = lines.to_vec();
        lines[0].text = timed.into();
        Some(lines)
    }
}

/// Appends the lines of a stored line; none if such a client is sent none of it.
pub(super) fn encode(stored: &Line, view: StoredView<'_>, out: &mut Vec<u8>) {
    let author = &*stored.author;
    let line = Authored {
        caps: view.caps,
        batch: view.batch,
        time: stored.time,
        id: Some(stored.id),
        tags: &stored.tags,
        source: Source {
            nick: &author.nick,
            username: &author.username,
            host: &author.host,
        },
        account: author.account.as_deref(),
        is_bot: author.is_bot,
    };
    let room = view.room.unwrap_or(&stored.target);
    let target = TargetName {
        prefix: stored.rank.map(|rank| rank.prefix()),
        name: room,
    };
    match &stored.content {
        Content::Joined { realname } => line.joined(room, realname, out),
        Content::Kicked { nick, reason } => line.kicked(room, nick, reason, out),
        Content::Left { reason } => line.left(room, reason, out),
        Content::ModesChanged {
            letters,
            parameters,
        } => line.modes(room, letters, parameters, out),
        Content::Quit { reason } => line.quit(reason, out),
        Content::Redacted { message, reason } => line.redacted(&target, *message, reason, out),
        Content::Renamed { nick } => line.renamed(nick, out),
        Content::RoomRenamed { old, reason } => {
            line.room_renamed(old, &stored.target, reason, out);
        }
        Content::Said { speech, text } => {
            let timed = view.with_time(stored.time, text);
            line.said(&target, *speech, timed.as_deref().unwrap_or(text), out);
        }
        Content::SaidLines { speech, lines } => {
            let timed = view.first_with_time(stored.time, lines);
            let lines = timed.as_deref().unwrap_or(lines);
            line.said_lines(&target, *speech, (lines, stored.id), out);
        }
        Content::Tagged => line.tags_alone(&target, out),
        Content::TopicChanged { text } => line.topic(room, text, out),
    }
}
