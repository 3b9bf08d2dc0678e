//! History: the last lines of a room for those who join it, `/history` and `/search`.
//!
//! What is asked for is answered later, and until then the client's lines wait. Owns nothing. Does not know who may read
//! what, nor where the lines are.

use super::{
    command_error::CommandError,
    commands::{Outcome, Request},
    encode::{line, news, whole_lines},
    state::{Login, Reading},
};
use crate::{
    chat::{RoomId, Speech, WallTime},
    protocol::{
        history::{
            Content, HistoryAnswer, HistoryDone, HistoryError, HistoryRequest, Line, Ref, Search,
            Selector, Target,
        },
        time::{Clock, parse_clock},
    },
};

/// Lines that `/history` and `/search` show if no number is given, and at most.
const LINES: usize = 20;
const LINES_MAX: usize = 100;

/// Bytes of one answer: a screen that scrolls for longer is read by nobody. The latest lines are shown.
const BYTES_MAX: usize = 16 * 1024;

/// What is asked.
impl Request<'_> {
    /// The user has joined a room: asks for its last lines.
    pub(super) fn replay(&mut self, room: RoomId) {
        let rules = self.ctx.history_rules();
        let limit = rules.map_or(0, |rules| rules.replay);
        if limit > 0 {
            // Nobody has asked, so nobody is told why there is nothing.
            let _ = self.read(room, Selector::Latest(None), limit, Reading::Replay);
        }
    }

    /// `[N]`, or `before TIME`.
    pub(super) fn history(&mut self, text: &str) -> Outcome {
        const USAGE: CommandError = CommandError::Usage {
            name: "history",
            arguments: "[NUMBER | before TIME]",
        };
        let room = self.current()?;
        let before = text.split_once(char::is_whitespace);
        let (selector, limit) = match before {
            Some((word, time)) if word.eq_ignore_ascii_case("before") => {
                let time = parse_clock(time.trim(), self.ctx.now().wall).ok_or(USAGE)?;
                (Selector::Before(Ref::Time(time)), LINES)
            }
            _ if text.is_empty() => (Selector::Latest(None), LINES),
            _ => {
                let count: usize = text.parse().map_err(|_| USAGE)?;
                (Selector::Latest(None), count.clamp(1, LINES_MAX))
            }
        };
        self.read(room, selector, limit, Reading::Asked)
    }

    /// Words that are all in a message of the current room.
    pub(super) fn search(&mut self, words: &str) -> Outcome {
        let room = self.current()?;
        let name = self.room_name_of(room)?;
        let request = HistoryRequest::Search {
            target: Target::Room(&name),
            search: Search::new(words, LINES),
        };
        self.begin(request, Reading::Searched)
    }

    fn read(
        &mut self,
        room: RoomId,
        selector: Selector,
        limit: usize,
        reading: Reading,
    ) -> Outcome {
        let name = self.room_name_of(room)?;
        let request = HistoryRequest::Page {
            target: Target::Room(&name),
            selector,
            limit,
            with_events: false,
        };
        self.begin(request, reading)
    }

    fn begin(&mut self, request: HistoryRequest<'_>, reading: Reading) -> Outcome {
        self.ctx.begin_history(request)?;
        self.telnet.login = Some(Login::Reading(reading).into());
        Ok(())
    }
}

/// What came of it.
impl Request<'_> {
    /// The request that was under way has come to its end.
    pub(super) fn history_done(&mut self, done: HistoryDone) -> Outcome {
        let Some(Login::Reading(reading)) = self.telnet.login.take().map(|login| *login) else {
            debug_assert!(
                false,
                "lines wait for the answer, so nothing else has begun"
            );
            return Ok(());
        };
        let lines = match done {
            Ok(HistoryAnswer::Lines(lines)) => lines,
            Err(_) if reading == Reading::Replay => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(HistoryAnswer::Targets(_)) => return Err(HistoryError::Away.into()),
        };
        let now = self.ctx.now().wall;
        let mut shown: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for stored in lines.iter().rev() {
            let mut text = Vec::new();
            past(stored, now, &mut text);
            bytes += text.len();
            if bytes > BYTES_MAX && !shown.is_empty() {
                break;
            }
            shown.push(text);
        }
        shown.retain(|text| !text.is_empty());
        let out = self.ctx.answer();
        if shown.is_empty() {
            match reading {
                Reading::Replay => {}
                Reading::Asked => news(out, "nothing was said before that"),
                Reading::Searched => news(out, "nothing found"),
            }
            return Ok(());
        }
        let mark = match reading {
            Reading::Replay | Reading::Asked => "earlier:",
            Reading::Searched => "found:",
        };
        news(out, mark);
        for text in shown.iter().rev() {
            out.extend_from_slice(text);
        }
        news(out, "now");
        Ok(())
    }
}

/// A stored message: `* 12:34 <alice> hello`. Nothing of a question of one program to another.
fn past(stored: &Line, now: WallTime, out: &mut Vec<u8>) {
    let time = stored.time;
    let clock = Clock { time, now }.to_string();
    let rank = stored.rank;
    let rank = rank.map_or(String::new(), |rank| format!("({}) ", rank.prefix()));
    let nick = &stored.author.nick;
    let mut message = |speech: Speech, text: &str| match speech {
        _ if text.starts_with('\x01') => {}
        Speech::Action => line(out, &["* ", &clock, " ", &rank, "* ", nick, " ", text]),
        Speech::Message | Speech::Notice => {
            line(out, &["* ", &clock, " ", &rank, "<", nick, "> ", text]);
        }
    };
    match &stored.content {
        Content::Said { speech, text } => message(*speech, text),
        Content::SaidLines { speech, lines } => {
            for text in whole_lines(lines) {
                message(*speech, &text);
            }
        }
        _ => {}
    }
}
