//! CHATHISTORY (IRCv3 draft/chathistory): what is asked, and what came of it.
//!
//! Owns nothing. Does not know who may read what, nor where the lines are.

use super::replay;
use crate::{
    chat::WallTime,
    protocol::{
        history::{
            HistoryAnswer, HistoryDone, HistoryError, HistoryRequest, PAGE_LINES_MAX, Ref,
            Selector, Target, TargetsQuery,
        },
        irc::{
            caps::Cap,
            codec::{message::Params, numeric::ERR_UNKNOWNCOMMAND, text::Msgid},
            paged_reply::{History, PagedReply, Shown},
            session::{
                request::Request,
                state::{AskedHistory, Pending},
            },
        },
        time,
    },
};

/// Why a request is refused by its form: what of it, if that can be said, and a text.
type Mistake<'p> = (Option<&'p str>, &'static str);

/// CHATHISTORY.
pub(crate) fn chathistory(request: &mut Request<'_>, params: &Params<'_>) {
    if !request.irc.caps.has(Cap::ChatHistory) || request.ctx.history_rules().is_none() {
        return request.reply(ERR_UNKNOWNCOMMAND, &["CHATHISTORY"]);
    }
    let subcommand = params.at(0);
    let begun = match subcommand.to_ascii_uppercase().as_str() {
        "TARGETS" => targets(request, params),
        _ => page(request, params),
    };
    if let Err((what, words)) = begun {
        let context: Vec<&str> = [subcommand].into_iter().chain(what).collect();
        request.fail("CHATHISTORY", "INVALID_PARAMS", &context, words);
    }
}

fn targets<'p>(request: &mut Request<'_>, params: &Params<'p>) -> Result<(), Mistake<'p>> {
    check_count(params, 4)?;
    let query = TargetsQuery {
        from: time_of(params.at(1))?,
        to: time_of(params.at(2))?,
        limit: limit_of(params.at(3))?,
    };
    begin(
        request,
        HistoryRequest::Targets(query),
        AskedHistory::Targets,
    );
    Ok(())
}

fn page<'p>(request: &mut Request<'_>, params: &Params<'p>) -> Result<(), Mistake<'p>> {
    let point = |index| point_of(params.at(index));
    let (count, select): (_, &dyn Fn() -> Result<Selector, Mistake<'p>>) =
        match params.at(0).to_ascii_uppercase().as_str() {
            "AFTER" => (4, &|| Ok(Selector::After(point(2)?))),
            "AROUND" => (4, &|| Ok(Selector::Around(point(2)?))),
            "BEFORE" => (4, &|| Ok(Selector::Before(point(2)?))),
            "BETWEEN" => (5, &|| Ok(Selector::Between(point(2)?, point(3)?))),
            "LATEST" => (4, &|| {
                Ok(Selector::Latest(match params.at(2) {
                    "*" => None,
                    _ => Some(point(2)?),
                }))
            }),
            "" => return Err((None, "Insufficient parameters")),
            _ => return Err((None, "Unknown command")),
        };
    check_count(params, count)?;
    let selector = select()?;
    let limit = limit_of(params.at(count - 1))?;
    let (subcommand, name) = (params.at(0), params.at(1));
    let asked = AskedHistory::Page {
        subcommand: subcommand.into(),
        target: name.into(),
    };
    let room = request.room_name(name);
    let target = match &room {
        Some(room) => Target::Room(room),
        None => Target::User(name),
    };
    let with_events = request.irc.caps.has(Cap::EventPlayback);
    let history = HistoryRequest::Page {
        target,
        selector,
        limit,
        with_events,
    };
    begin(request, history, asked);
    Ok(())
}

fn check_count<'p>(params: &Params<'p>, count: usize) -> Result<(), Mistake<'p>> {
    if params.len() < count || (1..count).any(|index| params.at(index).is_empty()) {
        return Err((None, "Insufficient parameters"));
    }
    match params.len() > count {
        true => Err((None, "Too many parameters")),
        false => Ok(()),
    }
}

/// `msgid=` or `timestamp=`.
fn point_of(text: &str) -> Result<Ref, Mistake<'_>> {
    let Some(id) = text.strip_prefix("msgid=") else {
        return Ok(Ref::Time(time_of(text)?));
    };
    let id = Msgid::parse(id).ok_or((Some(text), "Invalid msgid"))?;
    Ok(Ref::Id(id))
}

fn time_of(text: &str) -> Result<WallTime, Mistake<'_>> {
    let time = text.strip_prefix("timestamp=").and_then(time::parse_iso);
    time.ok_or((Some(text), "Invalid timestamp"))
}

/// More than there may be is as many as there may be.
fn limit_of(text: &str) -> Result<usize, Mistake<'_>> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // A number that is too long for the type is a great one.
    let limit = text.parse().unwrap_or(usize::MAX);
    match is_number && limit > 0 {
        true => Ok(limit.min(PAGE_LINES_MAX)),
        false => Err((Some(text), "Invalid limit")),
    }
}

fn begin(request: &mut Request<'_>, history: HistoryRequest<'_>, asked: AskedHistory) {
    match request.ctx.begin_history(history) {
        Ok(()) => {
            let label = None;
            request.irc.cold().pending = Some(Pending::History { asked, label });
        }
        Err(error) => done(request, asked, Err(error)),
    }
}

/// A request was answered, or refused.
pub(crate) fn done(request: &mut Request<'_>, asked: AskedHistory, done: HistoryDone) {
    if let AskedHistory::Replay(room) = asked {
        return replay::done(request, room, done);
    }
    let shown = match (&asked, done) {
        (AskedHistory::Page { target, .. }, Ok(HistoryAnswer::Lines(lines))) => {
            match shown_name(request, target) {
                Some((target, is_room)) => Ok(Shown::Lines {
                    target,
                    is_room,
                    lines,
                }),
                None => Err(HistoryError::NotInRoom),
            }
        }
        (AskedHistory::Targets, Ok(HistoryAnswer::Targets(targets))) => Ok(Shown::Targets(targets)),
        // Nobody has done anything wrong, and there is nothing to show.
        (AskedHistory::Page { target, .. }, Err(HistoryError::NotKept)) => Ok(Shown::Lines {
            target: target.clone(),
            is_room: false,
            lines: Vec::new(),
        }),
        (AskedHistory::Targets, Err(HistoryError::NotKept)) => Ok(Shown::Targets(Vec::new())),
        (_, Err(error)) => Err(error),
        (_, Ok(_)) => Err(HistoryError::Away),
    };
    match shown {
        Ok(shown) => {
            let label = request.label.take().map(|label| label.into());
            let has_batch = request.irc.caps.has(Cap::Batch);
            let batch = has_batch.then(|| request.irc.next_batch());
            request.start_pages(PagedReply::History(History::new(shown, batch, label)));
        }
        Err(error) => refuse(request, &asked, error),
    }
}

/// The name of what was asked for as it is shown: a room's own, a user's as the client wrote it, by which it knows that
/// conversation. `None`: the user is not in that room any more.
fn shown_name(request: &Request<'_>, asked: &str) -> Option<(Box<str>, bool)> {
    if !asked.starts_with('#') {
        return Some((asked.into(), false));
    }
    let (hub, me) = (request.ctx.hub(), request.me()?);
    let id = request.find_room(asked).filter(|id| hub.is_member(me, *id));
    let room = hub.room(id?)?;
    Some((room.name().as_str().into(), true))
}

fn refuse(request: &mut Request<'_>, asked: &AskedHistory, error: HistoryError) {
    let code = match error {
        HistoryError::Away | HistoryError::Busy => "MESSAGE_ERROR",
        HistoryError::NoSuchTarget | HistoryError::NotInRoom | HistoryError::NotKept => {
            "INVALID_TARGET"
        }
    };
    let words = format!("Messages could not be retrieved: {error}");
    let context = match asked {
        AskedHistory::Page { subcommand, target } => vec![&**subcommand, &**target],
        AskedHistory::Targets => vec!["TARGETS"],
        AskedHistory::Replay(_) => Vec::new(),
    };
    request.fail("CHATHISTORY", code, &context, &words);
}
