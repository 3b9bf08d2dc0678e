//! A stored line: what was said or happened, with everything that is shown of it, as it was then.
//!
//! A plain value: nothing in it changes when a user or a room does. Does not know where it is kept.

use crate::chat::{MessageId, SaidLine, Speech, WallTime, mode::Rank};
use std::rc::Rc;

/// One message or event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of the event; the same by every way.
    pub id: MessageId,
    /// When it was.
    pub time: WallTime,
    /// Who said or did it. Shared by lines that follow each other.
    pub author: Rc<Author>,
    /// Where it went: the room's name, or the recipient's nick.
    pub target: Box<str>,
    /// It was for members of at least this rank.
    pub rank: Option<Rank>,
    /// Those of the author's client-only tags that are kept, as they were on the line, without `@`.
    pub tags: Box<str>,
    /// What it is.
    pub content: Content,
}

/// A user as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The nick.
    pub nick: Box<str>,
    /// IRC's user name.
    pub username: Box<str>,
    /// The host that was shown.
    pub host: Box<str>,
    /// The account, as it is written.
    pub account: Option<Box<str>>,
    /// Marked as a bot.
    pub is_bot: bool,
}

/// What a line is. All but [`Said`](Content::Said) and [`SaidLines`](Content::SaidLines) are events, which only those get
/// who ask for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The author joined the room.
    Joined {
        /// Its "real name".
        realname: Box<str>,
    },
    /// The author removed a user from the room.
    Kicked {
        /// The user's nick.
        nick: Box<str>,
        /// Why.
        reason: Box<str>,
    },
    /// The author left the room.
    Left {
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// The author changed modes of the room.
    ModesChanged {
        /// `+o-b`.
        letters: Box<str>,
        /// Parameters, in the order of their letters.
        parameters: Box<[Box<str>]>,
    },
    /// The author quit.
    Quit {
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// The author took a message back, or an operator did; the message itself is not kept any more.
    Redacted {
        /// Which message.
        message: MessageId,
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// The author, who had the nick in [`Line::author`], has another one.
    Renamed {
        /// The new nick.
        nick: Box<str>,
    },
    /// The room, whose name is [`Line::target`], has another one than before.
    RoomRenamed {
        /// The name until then.
        old: Box<str>,
        /// Why; may be empty.
        reason: Box<str>,
    },
    /// A message.
    Said {
        /// Its kind.
        speech: Speech,
        /// The text.
        text: Box<str>,
    },
    /// A message of several lines.
    SaidLines {
        /// Its kind.
        speech: Speech,
        /// The lines.
        lines: Box<[SaidLine]>,
    },
    /// Tags without a text; they are in [`Line::tags`].
    Tagged,
    /// The room has another topic.
    TopicChanged {
        /// The topic; may be empty.
        text: Box<str>,
    },
}

impl Content {
    /// Whether it is no message but something that happened.
    pub fn is_event(&self) -> bool {
        !matches!(self, Self::Said { .. } | Self::SaidLines { .. })
    }

    /// The texts of a message, one after the other; none of anything else.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, lines) = match self {
            Self::Said { text, .. } => (Some(&**text), &[][..]),
            Self::SaidLines { lines, .. } => (None, &**lines),
            _ => (None, &[][..]),
        };
        text.into_iter().chain(lines.iter().map(|line| &*line.text))
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Joined { realname: text }
            | Self::Left { reason: text }
            | Self::Quit { reason: text }
            | Self::Redacted { reason: text, .. }
            | Self::Renamed { nick: text }
            | Self::Said { text, .. }
            | Self::TopicChanged { text } => text.len(),
            Self::Kicked { nick: one, reason } | Self::RoomRenamed { old: one, reason } => {
                one.len() + reason.len()
            }
            Self::ModesChanged {
                letters,
                parameters,
            } => {
                let texts: usize = parameters.iter().map(|text| text.len()).sum();
                letters.len() + texts + parameters.len() * size_of::<Box<str>>()
            }
            Self::SaidLines { lines, .. } => {
                let each = |line: &SaidLine| line.text.len() + size_of::<SaidLine>();
                lines.iter().map(each).sum()
            }
            Self::Tagged => 0,
        }
    }
}

impl Line {
    /// Bytes of memory. The author counts for each of its lines, though they may share it: any of them may be the last.
    pub fn bytes(&self) -> usize {
        let Author {
            nick,
            username,
            host,
            account,
            ..
        } = &*self.author;
        let account = account.as_ref().map_or(0, |account| account.len());
        let author = size_of::<Author>() + nick.len() + username.len() + host.len() + account;
        size_of::<Self>() + author + self.target.len() + self.tags.len() + self.content.heap_bytes()
    }
}
