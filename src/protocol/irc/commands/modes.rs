//! MODE, for rooms and for oneself ("Modern IRC", MODE message).

use crate::{
    chat::{
        Command, RoomId, RoomName, effort,
        mode::{
            Letter as _, ListKind, ModeTrouble, Rank, RoomFlag, UserMode, parse_room_changes,
            parse_user_changes,
        },
    },
    protocol::irc::{call::Call, message::Params, numeric::*, time::unix},
};
use std::sync::LazyLock;

/// MODE.
pub(in super::super) fn mode(call: &mut Call<'_>, params: &Params<'_>) {
    let target = params.at(0);
    if !target.starts_with('#') {
        return user_mode(call, target, params);
    }
    let Some(room) = call.find_room(target) else {
        return call.reply(ERR_NOSUCHCHANNEL, &[target]);
    };
    match params.get(1) {
        None => show(call, room),
        Some(letters) => change(call, room, letters, params),
    }
}

fn show(call: &mut Call<'_>, id: RoomId) {
    let Some((heading, hub, out, me, _)) = call.parts_with_me() else {
        return;
    };
    let Some(room) = hub.room(id) else { return };
    let modes = room.spelled_modes(hub.is_member(me, id));
    let line = heading.numeric(RPL_CHANNELMODEIS, out).param(room.name());
    let words = modes.split(' ');
    words.fold(line, |line, word| line.param(word)).end();
    let line = heading.numeric(RPL_CREATIONTIME, out).param(room.name());
    line.param(unix(room.created().wall)).end();
}

fn change(call: &mut Call<'_>, room: RoomId, letters: &str, params: &Params<'_>) {
    let Some(name) = call.ctx.hub().room(room).map(|room| room.name().clone()) else {
        return;
    };
    let parameters = params.as_slice().get(2..).unwrap_or_default();
    let request = parse_room_changes(letters, parameters.iter().copied());
    for trouble in &request.troubles {
        tell_trouble(call, &name, *trouble);
    }
    for kind in &request.lists {
        show_list(call, room, *kind);
    }
    if !request.changes.is_empty() {
        call.apply_or_refuse(Command::SetRoomModes {
            room: name,
            changes: &request.changes,
        });
    }
}

fn tell_trouble(call: &mut Call<'_>, room: &RoomName, trouble: ModeTrouble<'_>) {
    let room = room.as_str();
    match trouble {
        ModeTrouble::InvalidKey(_) => call.reply(ERR_INVALIDKEY, &[room]),
        ModeTrouble::InvalidLimit(text) => {
            call.reply_with(ERR_INVALIDMODEPARAM, &[room, "l", text], trouble);
        }
        ModeTrouble::MissingParameter(letter) => {
            let letter = letter.to_string();
            call.reply_with(ERR_INVALIDMODEPARAM, &[room, &letter, "*"], trouble);
        }
        ModeTrouble::UnknownLetter(letter) => {
            call.reply(ERR_UNKNOWNMODE, &[&letter.to_string()]);
        }
    }
}

/// The masks of a list. Who may not read it is told so.
fn show_list(call: &mut Call<'_>, id: RoomId, kind: ListKind) {
    let (numeric, end) = match kind {
        ListKind::Ban => (RPL_BANLIST, RPL_ENDOFBANLIST),
        ListKind::Exception => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST),
        ListKind::Invitation => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST),
    };
    let Some((heading, hub, out, me, _)) = call.parts_with_me() else {
        return;
    };
    let Some(room) = hub.room(id) else { return };
    if !hub.may_read_list(me, id, kind) {
        let line = heading.numeric(ERR_CHANOPRIVSNEEDED, out);
        let line = line.param(room.name());
        return line.text(ERR_CHANOPRIVSNEEDED.words).end();
    }
    hub.charge_each(room.list(kind).len(), effort::LISTED);
    for entry in room.list(kind) {
        let line = heading.numeric(numeric, out).param(room.name());
        let line = line.param(entry.mask.as_str()).param(&entry.by.name);
        line.param(unix(entry.at)).end();
    }
    let line = heading.numeric(end, out).param(room.name());
    line.text(end.words).end();
}

fn user_mode(call: &mut Call<'_>, target: &str, params: &Params<'_>) {
    let Some(user) = call.ctx.hub().find_user(target) else {
        return call.reply(ERR_NOSUCHNICK, &[target]);
    };
    if Some(user) != call.me() {
        return call.reply(ERR_USERSDONTMATCH, &[]);
    }
    let Some(letters) = params.get(1) else {
        let modes = call.ctx.hub().user(user).map(|user| user.modes());
        let modes = modes.iter().flat_map(|modes| modes.iter());
        let letters: String = modes.map(|mode| mode.letter()).collect();
        return call.reply_params(RPL_UMODEIS, &[&format!("+{letters}")]);
    };
    let (changes, unknown) = parse_user_changes(letters);
    if !changes.is_empty() {
        call.apply_or_refuse(Command::SetUserModes { changes: &changes });
    }
    if !unknown.is_empty() {
        call.reply(ERR_UMODEUNKNOWNFLAG, &[]);
    }
}

/// Letters for `RPL_MYINFO`: modes of people, modes of rooms, those of rooms that take a parameter. Put together once,
/// for everyone who comes in is told.
pub(in super::super) fn mode_letters() -> &'static [String; 3] {
    static LETTERS: LazyLock<[String; 3]> = LazyLock::new(|| {
        let lists = ListKind::ALL.map(ListKind::letter);
        let ranks = Rank::ALL.iter().map(|rank| rank.letter());
        let mut with_params: Vec<char> = lists.into_iter().chain(['k', 'l']).chain(ranks).collect();
        with_params.sort_unstable();
        let flags = RoomFlag::ALL.iter().map(|flag| flag.letter());
        let mut all: Vec<char> = with_params.iter().copied().chain(flags).collect();
        all.sort_unstable();
        let users = UserMode::ALL.iter().map(|mode| mode.letter());
        [
            users.collect(),
            all.into_iter().collect(),
            with_params.into_iter().collect(),
        ]
    });
    &LETTERS
}
