//! Lines of history between the recorder and the store: as records, and back.
//!
//! Invariant: what comes back is what was handed over. Owns nothing.

use crate::{
    chat::{MessageId, RoomSerial, SaidLine, Speech, WallTime, mode::Letter as _, mode::Rank},
    history::{
        Author, Buffer, Change, Content, Filter, Line, Pair, Question, Readable, Ref, Selector,
    },
    store::{self, BufferKey, LineChange, LineKind, LineRecord, Point, Range, View},
};
use std::rc::Rc;

/// Says that a message has several lines, which are in its text.
const LINES: &str = "lines";

/// The same, and the first continues a line that is not there: clients may say so.
const JOINED_LINES: &str = "joined-lines";

/// No text of a message has these.
const NEXT_LINE: char = '\n';
const SAME_LINE: char = '\r';

/// A change as the store has it.
pub(super) fn change(change: Change) -> LineChange {
    match change {
        Change::Add(buffer, line) => LineChange::Add(key(&buffer), Box::new(record(&line))),
        Change::Forget(buffer) => LineChange::Forget(key(&buffer)),
        Change::ForgetAccount(name) => LineChange::ForgetAccount(name.into()),
    }
}

fn key(buffer: &Buffer) -> BufferKey {
    match buffer {
        Buffer::Pair(pair) => {
            let (one, other) = pair.names();
            BufferKey::Pair(one.to_owned(), other.to_owned())
        }
        Buffer::Room(serial) => BufferKey::Room(serial.0),
    }
}

/// A buffer as the recorder has it.
pub(super) fn buffer(key: BufferKey) -> Buffer {
    match key {
        BufferKey::Pair(one, other) => Buffer::Pair(Pair::new(&one, &other)),
        BufferKey::Room(serial) => Buffer::Room(RoomSerial(serial)),
    }
}

fn level(rank: Option<Rank>) -> u8 {
    rank.map_or(0, |rank| rank.index() as u8 + 1)
}

fn record(line: &Line) -> LineRecord {
    let author = &line.author;
    let (kind, text, detail, message) = parts(&line.content);
    LineRecord {
        id: line.id.0,
        time_ms: line.time.unix_ms(),
        kind,
        rank: level(line.rank),
        nick: author.nick.to_string(),
        username: author.username.to_string(),
        host: author.host.to_string(),
        account: author.account.as_deref().map(ToOwned::to_owned),
        is_bot: author.is_bot,
        target: line.target.to_string(),
        tags: line.tags.to_string(),
        text,
        detail,
        message,
    }
}

/// Kind, text, detail, and the message that was taken back.
fn parts(content: &Content) -> (LineKind, String, String, Option<u64>) {
    let plain = |kind, text: &str| (kind, text.to_owned(), String::new(), None);
    let with = |kind, text: &str, detail: &str| (kind, text.to_owned(), detail.to_owned(), None);
    match content {
        Content::Joined { realname } => plain(LineKind::Join, realname),
        Content::Kicked { nick, reason } => with(LineKind::Kick, reason, nick),
        Content::Left { reason } => plain(LineKind::Part, reason),
        Content::ModesChanged {
            letters,
            parameters,
        } => with(LineKind::Mode, &parameters.join(" "), letters),
        Content::Quit { reason } => plain(LineKind::Quit, reason),
        Content::Redacted { message, reason } => (
            LineKind::Redaction,
            reason.to_string(),
            String::new(),
            Some(message.0),
        ),
        Content::Renamed { nick } => with(LineKind::Nick, "", nick),
        Content::RoomRenamed { old, reason } => with(LineKind::RoomName, reason, old),
        Content::Said { speech, text } => plain(kind_of(*speech), text),
        Content::SaidLines { speech, lines } => {
            let mut text = String::new();
            for (place, line) in lines.iter().enumerate() {
                match (place, line.concat) {
                    (0, _) => {}
                    (_, false) => text.push(NEXT_LINE),
                    (_, true) => text.push(SAME_LINE),
                }
                text.push_str(&line.text);
            }
            let is_joined = lines.first().is_some_and(|line| line.concat);
            let detail = if is_joined { JOINED_LINES } else { LINES };
            with(kind_of(*speech), &text, detail)
        }
        Content::Tagged => plain(LineKind::Tags, ""),
        Content::TopicChanged { text } => plain(LineKind::Topic, text),
    }
}

fn kind_of(speech: Speech) -> LineKind {
    match speech {
        Speech::Action => LineKind::Action,
        Speech::Message => LineKind::Message,
        Speech::Notice => LineKind::Notice,
    }
}

/// A line as the recorder has it.
pub(super) fn line(record: LineRecord) -> Rc<Line> {
    let rank = Rank::ALL.iter().copied();
    Rc::new(Line {
        id: MessageId(record.id),
        time: WallTime::from_unix_ms(record.time_ms),
        rank: rank
            .into_iter()
            .find(|&rank| level(Some(rank)) == record.rank),
        content: content(&record),
        author: Rc::new(Author {
            nick: record.nick.into(),
            username: record.username.into(),
            host: record.host.into(),
            account: record.account.map(Into::into),
            is_bot: record.is_bot,
        }),
        target: record.target.into(),
        tags: record.tags.into(),
    })
}

fn content(record: &LineRecord) -> Content {
    let (text, detail) = (
        || record.text.as_str().into(),
        || record.detail.as_str().into(),
    );
    let speech = match record.kind {
        LineKind::Action => Speech::Action,
        LineKind::Notice => Speech::Notice,
        _ => Speech::Message,
    };
    match record.kind {
        LineKind::Action | LineKind::Message | LineKind::Notice
            if [LINES, JOINED_LINES].contains(&record.detail.as_str()) =>
        {
            let lines = lines(&record.text, record.detail == JOINED_LINES);
            Content::SaidLines { speech, lines }
        }
        LineKind::Action | LineKind::Message | LineKind::Notice => Content::Said {
            speech,
            text: text(),
        },
        LineKind::Join => Content::Joined { realname: text() },
        LineKind::Kick => Content::Kicked {
            nick: detail(),
            reason: text(),
        },
        LineKind::Mode => Content::ModesChanged {
            letters: detail(),
            parameters: record.text.split_whitespace().map(Into::into).collect(),
        },
        LineKind::Nick => Content::Renamed { nick: detail() },
        LineKind::Part => Content::Left { reason: text() },
        LineKind::Quit => Content::Quit { reason: text() },
        LineKind::Redaction => Content::Redacted {
            message: MessageId(record.message.unwrap_or_default()),
            reason: text(),
        },
        LineKind::RoomName => Content::RoomRenamed {
            old: detail(),
            reason: text(),
        },
        LineKind::Tags => Content::Tagged,
        LineKind::Topic => Content::TopicChanged { text: text() },
    }
}

fn lines(text: &str, is_joined: bool) -> Box<[SaidLine]> {
    let (mut concat, mut rest) = (is_joined, text);
    let mut lines = Vec::new();
    loop {
        let end = rest.find([NEXT_LINE, SAME_LINE]);
        let text = rest[..end.unwrap_or(rest.len())].into();
        lines.push(SaidLine { text, concat });
        let Some(end) = end else { break };
        concat = rest[end..].starts_with(SAME_LINE);
        rest = &rest[end + 1..];
    }
    lines.into()
}

fn point(point: Ref) -> Point {
    match point {
        Ref::Id(id) => Point::Id(id.0),
        Ref::Time(time) => Point::Time(time.unix_ms()),
    }
}

fn range(selector: Selector) -> Range {
    match selector {
        Selector::After(it) => Range::After(point(it)),
        Selector::Around(it) => Range::Around(point(it)),
        Selector::Before(it) => Range::Before(point(it)),
        Selector::Between(one, other) => Range::Between(point(one), point(other)),
        Selector::Latest(it) => Range::Latest(it.map(point)),
    }
}

fn view(filter: &Filter) -> View {
    View {
        with_events: filter.with_events,
        since_ms: filter.since.map(WallTime::unix_ms),
        rank: level(filter.rank),
        account: filter.account.as_deref().map(ToOwned::to_owned),
    }
}

fn limit(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// A question as the store has it.
pub(super) fn question(question: &Question) -> store::Question {
    match question {
        Question::Page(readable, query) => store::Question::Page {
            buffer: key(&readable.buffer),
            range: range(query.selector),
            limit: limit(query.limit),
            view: view(&query.filter),
        },
        Question::Search(Readable { buffer, filter }, search) => store::Question::Search {
            buffer: key(buffer),
            words: search.words.iter().map(ToString::to_string).collect(),
            author: search.author.as_deref().map(ToOwned::to_owned),
            after: search.after.map(point),
            before: search.before.map(point),
            limit: limit(search.limit),
            view: view(filter),
        },
        Question::Targets(scope, _) => {
            let rooms = scope.rooms.iter();
            let serial = |buffer: &Buffer| match buffer {
                Buffer::Room(serial) => Some(serial.0),
                Buffer::Pair(_) => None,
            };
            store::Question::Targets {
                rooms: rooms.filter_map(|(_, it)| serial(&it.buffer)).collect(),
                account: scope.account.as_deref().map(ToOwned::to_owned),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_comes_back() {
        let text = |text: &str| -> Box<str> { text.into() };
        let said = |text: &str, concat| SaidLine {
            text: text.into(),
            concat,
        };
        let speech = Speech::Notice;
        let contents = [
            Content::Joined {
                realname: text("A B"),
            },
            Content::Kicked {
                nick: text("a"),
                reason: text("b c"),
            },
            Content::Left { reason: text("") },
            Content::ModesChanged {
                letters: text("+ov-b"),
                parameters: [text("a"), text("b"), text("x!*@*")].into(),
            },
            Content::Quit {
                reason: text("bye"),
            },
            Content::Redacted {
                message: MessageId(7),
                reason: text("oops"),
            },
            Content::Renamed { nick: text("b") },
            Content::RoomRenamed {
                old: text("#a"),
                reason: text("r"),
            },
            Content::Said {
                speech: Speech::Action,
                text: text("lines"),
            },
            Content::SaidLines {
                speech,
                lines: [said("one", false)].into(),
            },
            Content::SaidLines {
                speech,
                lines: [said("", false), said("", true), said("x", false)].into(),
            },
            Content::SaidLines {
                speech,
                lines: [said("a", true), said("", false), said("", false)].into(),
            },
            Content::Tagged,
            Content::TopicChanged { text: text("t") },
        ];
        for (id, content) in (1..).zip(contents) {
            let whole = Line {
                id: MessageId(id),
                time: WallTime::from_unix_ms(-5),
                author: Rc::new(Author {
                    nick: text("n"),
                    username: text("u"),
                    host: text("h"),
                    account: (id % 2 == 0).then(|| text("acc")),
                    is_bot: id % 2 == 0,
                }),
                target: text("#r"),
                rank: Rank::ALL.get(id as usize).copied(),
                tags: text("+reply=1"),
                content,
            };
            assert_eq!(*line(record(&whole)), whole);
        }
    }
}
