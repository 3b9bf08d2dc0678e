//! Replay: the last lines of a room, for clients that do not ask for history themselves.
//!
//! They come when the client has been shown the room: after it has joined, or has become one more connection of a user who is
//! there. As a batch with times where the client knows both, with times alone where it knows these, else with the time in the
//! text. Owns nothing; the rooms whose turn is still to come are in the connection's state.

use crate::{
    chat::RoomId,
    protocol::{
        history::{HistoryAnswer, HistoryDone, HistoryRequest, Selector, Target},
        irc::{
            caps::Cap,
            paged_reply::{History, PagedReply, Shown},
            session::{
                request::Request,
                state::{AskedHistory, Pending},
            },
        },
    },
};

/// How many lines; 0: none.
fn count(request: &Request<'_>) -> usize {
    if request.irc.caps.has(Cap::ChatHistory) {
        return 0;
    }
    let rules = request.ctx.history_rules();
    rules.map_or(0, |rules| rules.replay)
}

/// Notes that the client is to be sent the last lines of a room.
pub(super) fn note(request: &mut Request<'_>, room: RoomId) {
    if count(request) > 0 {
        request.irc.cold().replays.insert(0, room);
    }
}

/// Asks for the last lines of the next room.
pub(crate) fn begin(request: &mut Request<'_>) {
    let limit = count(request);
    while let Some(room) = request.irc.cold().replays.pop() {
        let (hub, me) = (request.ctx.hub(), request.me());
        let is_in = me.is_some_and(|me| hub.is_member(me, room));
        let Some(record) = hub.room(room).filter(|_| is_in && limit > 0) else {
            continue;
        };
        let name = record.name().clone();
        let page = HistoryRequest::Page {
            target: Target::Room(&name),
            selector: Selector::Latest(None),
            limit,
            with_events: false,
        };
        // Nobody has asked, so nobody is told why there is nothing.
        if request.ctx.begin_history(page).is_ok() {
            let (asked, label) = (AskedHistory::Replay(room), None);
            request.irc.cold().pending = Some(Pending::History { asked, label });
            return;
        }
    }
}

/// Shows them.
pub(super) fn done(request: &mut Request<'_>, room: RoomId, done: HistoryDone) {
    let (hub, me) = (request.ctx.hub(), request.me());
    let is_in = me.is_some_and(|me| hub.is_member(me, room));
    let Some(record) = hub.room(room).filter(|_| is_in) else {
        return;
    };
    let target = record.name().as_str().into();
    let Ok(HistoryAnswer::Lines(lines)) = done else {
        return;
    };
    if lines.is_empty() {
        return;
    }
    let shown = Shown::Lines {
        target,
        is_room: true,
        lines,
    };
    let now = request.ctx.now().wall;
    let caps = request.irc.caps;
    let is_timed = caps.has(Cap::ServerTime);
    let batch = (is_timed && caps.has(Cap::Batch)).then(|| request.irc.next_batch());
    let history = History::new(shown, batch, None);
    request.start_pages(PagedReply::History(match is_timed {
        true => history,
        false => history.with_times(now),
    }));
}
