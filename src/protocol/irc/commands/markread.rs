//! MARKREAD: up to when a target was read, for all clients of a user (IRCv3 draft/read-marker).
//!
//! Owns nothing. Does not know where the markers are.

use crate::{
    chat::{RoomId, WallTime, same::fold},
    protocol::{
        irc::{
            caps::Cap,
            codec::{line::Line, message::Params, numeric::ERR_UNKNOWNCOMMAND},
            session::request::Request,
        },
        time::{self, Iso},
    },
};

/// Longer than any name.
const TARGET_BYTES_MAX: usize = 300;

/// Clocks differ, and a room in which much is said runs ahead of ours; further ahead nothing was said yet.
const AHEAD_MS: i64 = 60_000;

/// MARKREAD.
pub(crate) fn markread(request: &mut Request<'_>, params: &Params<'_>) {
    if !request.irc.caps.has(Cap::ReadMarker) {
        return request.reply(ERR_UNKNOWNCOMMAND, &["MARKREAD"]);
    }
    let target = params.at(0);
    if target.is_empty() {
        return request.fail("MARKREAD", "NEED_MORE_PARAMS", &[], "Missing parameters");
    }
    if target.len() > TARGET_BYTES_MAX || params.len() > 2 {
        return request.fail(
            "MARKREAD",
            "INVALID_PARAMS",
            &[target],
            "Invalid parameters",
        );
    }
    let (key, shown) = names_of(request, target);
    let Some(text) = params.get(1) else {
        let time = request.ctx.read_marker(&key);
        return answer(request, &shown, time);
    };
    let Some(time) = text.strip_prefix("timestamp=").and_then(time::parse_iso) else {
        let words = "Invalid parameters";
        return request.fail("MARKREAD", "INVALID_PARAMS", &[target, text], words);
    };
    let latest = request.ctx.now().wall.unix_ms().saturating_add(AHEAD_MS);
    let time = time.min(WallTime::from_unix_ms(latest));
    match request.ctx.mark_read(&key, &shown, time) {
        Some(noted) => answer(request, &shown, Some(noted)),
        None => {
            let words = "The read timestamp could not be set";
            request.fail("MARKREAD", "INTERNAL_ERROR", &[target], words);
        }
    }
}

/// Shows a client the marker of a room that it has been sent JOIN for.
pub(super) fn show(request: &mut Request<'_>, room: RoomId) {
    if !request.irc.caps.has(Cap::ReadMarker) {
        return;
    }
    let name = request
        .ctx
        .hub()
        .room(room)
        .map(|room| room.name().to_string());
    if let Some(name) = name {
        let time = request.ctx.read_marker(&fold(&name));
        answer(request, &name, time);
    }
}

/// The key of a target, and its name as it is shown. A user's is that of its account, whatever its nick is.
fn names_of(request: &Request<'_>, target: &str) -> (String, String) {
    let hub = request.ctx.hub();
    let room = request.find_room(target).and_then(|id| hub.room(id));
    if let Some(room) = room {
        let name = room.name().to_string();
        return (fold(&name), name);
    }
    let user = hub.find_user(target).and_then(|id| hub.user(id));
    let account = user.and_then(|user| user.account());
    (fold(account.unwrap_or(target)), target.to_owned())
}

fn answer(request: &mut Request<'_>, shown: &str, time: Option<WallTime>) {
    let (prefix, _, out) = request.split();
    write(prefix.server, shown, time, out);
}

/// Appends the line that says up to when a target was read.
pub(crate) fn write(server: &str, target: &str, time: Option<WallTime>, out: &mut Vec<u8>) {
    let line = Line::new(out).source(server).command("MARKREAD");
    let line = line.param(target);
    match time {
        Some(time) => line.param(format_args!("timestamp={}", Iso(time))).end(),
        None => line.param("*").end(),
    }
}
