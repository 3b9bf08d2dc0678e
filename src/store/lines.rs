//! Lines of history as plain values: how they are handed over to be stored, and what is asked about them.
//!
//! Lines are no rows: they are added in order and read in pages, and the number of a line makes adding it twice the same as
//! once. Times are milliseconds of Unix time. Knows no tables and no rules.

use serde::{Deserialize, Serialize};

/// Where lines belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BufferKey {
    /// Two accounts, by their folded names, the lesser first.
    Pair(String, String),
    /// A room, by its serial.
    Room(u64),
}

/// What a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The names in the table say it: see `name`.
pub enum LineKind {
    Action,
    Join,
    Kick,
    #[default]
    Message,
    Mode,
    Nick,
    Notice,
    Part,
    Quit,
    Redaction,
    RoomName,
    Tags,
    Topic,
}

impl LineKind {
    const NAMES: [(Self, &'static str); 13] = [
        (Self::Action, "action"),
        (Self::Join, "join"),
        (Self::Kick, "kick"),
        (Self::Message, "message"),
        (Self::Mode, "mode"),
        (Self::Nick, "nick"),
        (Self::Notice, "notice"),
        (Self::Part, "part"),
        (Self::Quit, "quit"),
        (Self::Redaction, "redaction"),
        (Self::RoomName, "room-name"),
        (Self::Tags, "tags"),
        (Self::Topic, "topic"),
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind)
    }

    /// Whether it is no message but something that happened.
    pub fn is_event(self) -> bool {
        !matches!(self, Self::Action | Self::Message | Self::Notice)
    }
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRecord {
    /// Its number, with which it is named on the wire in hexadecimal.
    pub id: u64,
    /// When it was said.
    pub time_ms: i64,
    /// What it is.
    pub kind: LineKind,
    /// The least rank that it was for, from 1 (voice) to 5 (founder); 0: it was for all.
    pub rank: u8,
    /// The author's nick.
    pub nick: String,
    /// The author's user name.
    pub username: String,
    /// The host by which the author was shown.
    pub host: String,
    /// The author's account.
    pub account: Option<String>,
    /// The author was marked as a bot.
    pub is_bot: bool,
    /// The room's name, or the recipient's nick.
    pub target: String,
    /// Client-only tags, as they were on the line.
    pub tags: String,
    /// What was said; the reason, the topic, the parameters of modes. Lines of a message of several are separated by line
    /// feeds, and by carriage returns where a line continues the one before.
    pub text: String,
    /// What else there is: the removed user, the new nick, the room's old name, the letters of modes; `lines` for a message
    /// of several lines.
    pub detail: String,
    /// The message that a redaction took back.
    pub message: Option<u64>,
}

impl LineRecord {
    /// Bytes that it counts for in quotas and in the queue.
    pub fn bytes(&self) -> usize {
        /// Numbers, lengths, and the entries in the indexes.
        const BESIDE: usize = 64;
        let texts = [
            &self.nick,
            &self.username,
            &self.host,
            &self.target,
            &self.tags,
            &self.text,
            &self.detail,
        ];
        let texts: usize = texts.iter().map(|text| text.len()).sum();
        BESIDE + texts + self.account.as_ref().map_or(0, String::len)
    }
}

/// Something to be done, in order with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineChange {
    /// Add a line; with a redaction, remove the message that it takes back.
    Add(BufferKey, Box<LineRecord>),
    /// Remove all lines of a buffer.
    Forget(BufferKey),
    /// Remove all lines between an account, by its folded name, and any other.
    ForgetAccount(String),
}

impl LineChange {
    /// Bytes that it counts for in the queue.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Add(_, line) => line.bytes(),
            Self::Forget(_) => 64,
            Self::ForgetAccount(name) => 64 + name.len(),
        }
    }
}

/// Lines that were said and not stored, because too much waited for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// When the first of them was said.
    pub from_ms: i64,
    /// When the last of them was said.
    pub to_ms: i64,
    /// How many.
    pub lines: u64,
}

/// How much is kept; 0: as much as comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quotas {
    /// Lines of a buffer.
    pub lines: u64,
    /// Bytes of a buffer.
    pub bytes: u64,
    /// Only what was said after this time.
    pub since_ms: i64,
    /// Bytes of all buffers.
    pub bytes_total: u64,
}

/// A point in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Point {
    /// A line, by its number.
    Id(u64),
    /// A time.
    Time(i64),
}

/// Which lines; the points are not included, but for that of `Around`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Range {
    /// The first ones after a point.
    After(Point),
    /// Half before, half after a point, and the line at it.
    Around(Point),
    /// The last ones before a point.
    Before(Point),
    /// Those between two points, beginning from the first.
    Between(Point, Point),
    /// The last ones; if there is a point, those after it.
    Latest(Option<Point>),
}

/// What a reader may see of a buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Events too.
    pub with_events: bool,
    /// Nothing from before this time.
    pub since_ms: Option<i64>,
    /// Lines for ranks up to this one.
    pub rank: u8,
    /// The reader's account, whose own lines are seen in any case.
    pub account: Option<String>,
}

/// A question about what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Lines of a buffer.
    Page {
        /// Which buffer.
        buffer: BufferKey,
        /// Which lines.
        range: Range,
        /// How many.
        limit: u32,
        /// What the reader may see.
        view: View,
    },
    /// The last messages that have all words in them.
    Search {
        /// Which buffer.
        buffer: BufferKey,
        /// In lower case.
        words: Vec<String>,
        /// The author's nick or account, in lower case.
        author: Option<String>,
        /// Only after this point.
        after: Option<Point>,
        /// Only before this point.
        before: Option<Point>,
        /// How many.
        limit: u32,
        /// What the reader may see.
        view: View,
    },
    /// The times of the last lines of rooms, and of all buffers of an account.
    Targets {
        /// The rooms, by their serials.
        rooms: Vec<u64>,
        /// The account, by its folded name.
        account: Option<String>,
    },
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Lines in order.
    Lines(Vec<LineRecord>),
    /// Buffers, and the times of their last lines.
    Targets(Vec<(BufferKey, i64)>),
}
