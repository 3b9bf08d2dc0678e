//! MODE, for rooms and for oneself ("Modern IRC", MODE message).

use crate::{
    chat::{
        Command, RoomId, RoomName, effort,
        mode::{Letter as _, ListKind, ModeError, parse_room_changes, parse_user_changes},
    },
    protocol::{
        irc::{
            codec::{message::Params, numeric::*},
            session::request::Request,
        },
        time::unix,
    },
};

/// MODE.
pub(crate) fn mode(request: &mut Request<'_>, params: &Params<'_>) {
    let target = params.at(0);
    if !target.starts_with('#') {
        return user_mode(request, target, params);
    }
    let Some(room) = request.find_room(target) else {
        return request.reply(ERR_NOSUCHCHANNEL, &[target]);
    };
    match params.get(1) {
        None => show(request, room),
        Some(letters) => change(request, room, letters, params),
    }
}

fn show(request: &mut Request<'_>, id: RoomId) {
    let Some((prefix, hub, out, me, _)) = request.split_with_user() else {
        return;
    };
    let Some(room) = hub.room(id) else { return };
    let modes = room.spelled_modes(hub.is_member(me, id));
    let line = prefix.numeric(RPL_CHANNELMODEIS, out).param(room.name());
    let words = modes.split(' ');
    words.fold(line, |line, word| line.param(word)).end();
    let line = prefix.numeric(RPL_CREATIONTIME, out).param(room.name());
    line.param(unix(room.created().wall)).end();
}

fn change(request: &mut Request<'_>, room: RoomId, letters: &str, params: &Params<'_>) {
    let Some(name) = request.ctx.hub().room(room).map(|room| room.name().clone()) else {
        return;
    };
    let parameters = params.as_slice().get(2..).unwrap_or_default();
    let wanted = parse_room_changes(letters, parameters.iter().copied());
    for error in &wanted.errors {
        reply_error(request, &name, *error);
    }
    for kind in &wanted.lists {
        show_list(request, room, *kind);
    }
    if !wanted.changes.is_empty() {
        request.apply_or_refuse(Command::SetRoomModes {
            room: name,
            changes: &wanted.changes,
        });
    }
}

fn reply_error(request: &mut Request<'_>, room: &RoomName, error: ModeError<'_>) {
    let room = room.as_str();
    match error {
        ModeError::InvalidKey(_) => request.reply(ERR_INVALIDKEY, &[room]),
        ModeError::InvalidLimit(text) => {
            request.reply_with(ERR_INVALIDMODEPARAM, &[room, "l", text], error);
        }
        ModeError::MissingParameter(letter) => {
            let letter = letter.to_string();
            request.reply_with(ERR_INVALIDMODEPARAM, &[room, &letter, "*"], error);
        }
        ModeError::UnknownLetter(letter) => {
            request.reply(ERR_UNKNOWNMODE, &[&letter.to_string()]);
        }
    }
}

/// The masks of a list, or that the user may not read it.
fn show_list(request: &mut Request<'_>, id: RoomId, kind: ListKind) {
    let (numeric, end) = match kind {
        ListKind::Ban => (RPL_BANLIST, RPL_ENDOFBANLIST),
        ListKind::Exception => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST),
        ListKind::Invitation => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST),
    };
    let Some((prefix, hub, out, me, _)) = request.split_with_user() else {
        return;
    };
    let Some(room) = hub.room(id) else { return };
    if !hub.may_read_list(me, id, kind) {
        let line = prefix.numeric(ERR_CHANOPRIVSNEEDED, out);
        let line = line.param(room.name());
        return line.text(ERR_CHANOPRIVSNEEDED.words).end();
    }
    hub.charge_each(room.list(kind).len(), effort::LISTED);
    for entry in room.list(kind) {
        let line = prefix.numeric(numeric, out).param(room.name());
        let line = line.param(entry.mask.as_str()).param(&entry.by.name);
        line.param(unix(entry.at)).end();
    }
    let line = prefix.numeric(end, out).param(room.name());
    line.text(end.words).end();
}

fn user_mode(request: &mut Request<'_>, target: &str, params: &Params<'_>) {
    let Some(user) = request.ctx.hub().find_user(target) else {
        return request.reply(ERR_NOSUCHNICK, &[target]);
    };
    if Some(user) != request.me() {
        return request.reply(ERR_USERSDONTMATCH, &[]);
    }
    let Some(letters) = params.get(1) else {
        let modes = request.ctx.hub().user(user).map(|user| user.modes());
        let modes = modes.iter().flat_map(|modes| modes.iter());
        let letters: String = modes.map(|mode| mode.letter()).collect();
        return request.reply_params(RPL_UMODEIS, &[&format!("+{letters}")]);
    };
    let (changes, unknown) = parse_user_changes(letters);
    if !changes.is_empty() {
        request.apply_or_refuse(Command::SetUserModes { changes: &changes });
    }
    if !unknown.is_empty() {
        request.reply(ERR_UMODEUNKNOWNFLAG, &[]);
    }
}
