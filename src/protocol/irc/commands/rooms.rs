//! Rooms: JOIN, PART, TOPIC, INVITE, KICK, KNOCK, RENAME.

use super::{markread, messages::tell_away, replay};
use crate::{
    chat::{Command, Refusal, RoomId, cut, effort, mode::RoomFlags},
    protocol::irc::{
        caps::Cap,
        codec::{message::Params, numeric::*, reply::write_topic},
        events,
        paged_reply::{Names, NamesScope, PagedReply},
        session::request::Request,
    },
};

/// JOIN. Keys belong to rooms by their places; one that cannot be entered does not keep from the others.
pub(crate) fn join(request: &mut Request<'_>, params: &Params<'_>) {
    if params.at(0) == "0" {
        return leave_all(request);
    }
    let mut keys = params.at(1).split(',');
    let mut entered = Vec::new();
    for text in params.at(0).split(',') {
        request.ctx.hub().charge(effort::LOOKED_UP);
        let key = keys.next().filter(|key| !key.is_empty());
        let Some(room) = request.room_name(text) else {
            let numeric = if text.starts_with('#') {
                ERR_BADCHANMASK
            } else {
                ERR_NOSUCHCHANNEL
            };
            request.reply(numeric, &[text]);
            continue;
        };
        let (hub, me) = (request.ctx.hub(), request.me());
        let is_in = |room: RoomId| me.is_some_and(|me| hub.is_member(me, room));
        if hub.find_room(&room).is_some_and(is_in) {
            continue;
        }
        let flags = RoomFlags::usual();
        match request.apply(Command::Join { room, key, flags }) {
            Ok(()) => {}
            Err(refusal) => {
                request.refuse(&refusal);
                continue;
            }
        }
        describe(request, text, &mut entered);
    }
    finish_names(request, entered);
}

/// A room with more members takes newcomers who ask for it alone. Each arrival is sent to all who are there, so ten thousand
/// connections that only want to be idle would cost fifty million lines; and in a room of hundreds nobody is greeted.
const START_MEMBERS_MAX: usize = 250;

/// Joins a newcomer to the rooms where everyone begins. A room that refuses is left out without a text: the client has not
/// asked for it.
pub(crate) fn join_at_start(request: &mut Request<'_>) {
    let (hub, me) = (request.ctx.hub(), request.me());
    let is_in_rooms = me.is_some_and(|me| hub.rooms_of(me).next().is_some());
    if is_in_rooms || request.irc.caps.has(Cap::OwnRooms) {
        return;
    }
    let rooms = request.ctx.server_info().join.clone();
    let mut entered = Vec::new();
    for name in rooms.iter() {
        let hub = request.ctx.hub();
        let there = hub.find_room(name).and_then(|room| hub.room(room));
        if there.is_some_and(|room| room.member_count() >= START_MEMBERS_MAX) {
            continue;
        }
        let (room, key, flags) = (name.clone(), None, RoomFlags::usual());
        if request.apply(Command::Join { room, key, flags }).is_ok() {
            describe(request, name.as_str(), &mut entered);
        }
    }
    finish_names(request, entered);
}

/// Shows a client that came to a user who is here already the rooms that the user is in.
pub(crate) fn show_all(request: &mut Request<'_>) {
    let (hub, me) = (request.ctx.hub(), request.me());
    let rooms: Vec<RoomId> = me.map_or_else(Vec::new, |me| hub.rooms_of(me).collect());
    let (now, flavour) = (request.ctx.now(), request.irc.caps);
    if let Some((_, hub, out, me, _)) = request.split_with_user() {
        for &room in &rooms {
            hub.charge(effort::LISTED);
            events::write_join(flavour, hub, (me, room), now.wall, out);
        }
    }
    show(request, rooms);
}

/// Shows a client rooms that its user is in: topics and names. It was sent JOIN.
pub(crate) fn show(request: &mut Request<'_>, mut rooms: Vec<RoomId>) {
    for &room in &rooms {
        replay::note(request, room);
        let (prefix, hub, out) = request.split();
        write_topic(prefix, hub, room, out);
        markread::show(request, room);
    }
    if !rooms.is_empty() && !request.irc.caps.has(Cap::NoImplicitNames) {
        rooms.reverse();
        request.start_pages(PagedReply::Names(Names::new(rooms, NamesScope::Entered)));
    }
}

/// The topic of a room that was entered, and its names if there are few.
fn describe(request: &mut Request<'_>, name: &str, entered: &mut Vec<RoomId>) {
    let answered = request.answer_len();
    if let Some(room) = request.find_room(name) {
        entered.push(room);
        replay::note(request, room);
        let (prefix, hub, out) = request.split();
        write_topic(prefix, hub, room, out);
        markread::show(request, room);
    }
    tell_names(request, entered, answered);
}

/// The names that were left for the end.
fn finish_names(request: &mut Request<'_>, mut entered: Vec<RoomId>) {
    if let [_, ..] = entered[..] {
        entered.reverse();
        request.start_pages(PagedReply::Names(Names::new(entered, NamesScope::Entered)));
    }
}

/// Names of a room that was entered, at once if there are few; else they are left for the end.
fn tell_names(request: &mut Request<'_>, entered: &mut Vec<RoomId>, answered: usize) {
    /// People of a room whose names come before the next room is entered.
    const FEW: usize = 200;
    if request.irc.caps.has(Cap::NoImplicitNames) {
        entered.clear();
        return;
    }
    let Some(&room) = entered.last() else { return };
    let count = request
        .ctx
        .hub()
        .room(room)
        .map_or(0, |room| room.member_count());
    let is_full = answered > request.ctx.server_info().page_bytes;
    if count > FEW || entered.len() > 1 || is_full {
        return;
    }
    entered.clear();
    let mut reply = PagedReply::Names(Names::new(vec![room], NamesScope::Entered));
    while !request.write_page(&mut reply) {}
}

fn leave_all(request: &mut Request<'_>) {
    let Some(me) = request.me() else { return };
    let rooms: Vec<_> = request.ctx.hub().rooms_of(me).collect();
    for id in rooms {
        let name = request.ctx.hub().room(id).map(|room| room.name().clone());
        if let Some(room) = name {
            let reason = "";
            request.apply_or_refuse(Command::Leave { room, reason });
        }
    }
}

/// PART.
pub(crate) fn part(request: &mut Request<'_>, params: &Params<'_>) {
    for text in params.at(0).split(',') {
        request.ctx.hub().charge(effort::LOOKED_UP);
        let Some(room) = request.room_name(text) else {
            request.reply(ERR_NOSUCHCHANNEL, &[text]);
            continue;
        };
        let reason = params.at(1);
        request.apply_or_refuse(Command::Leave { room, reason });
    }
}

/// TOPIC.
pub(crate) fn topic(request: &mut Request<'_>, params: &Params<'_>) {
    let text = params.at(0);
    let Some(id) = request.find_room(text) else {
        return request.reply(ERR_NOSUCHCHANNEL, &[text]);
    };
    if params.len() > 1 {
        let name = request.ctx.hub().room(id).map(|room| room.name().clone());
        let topic = cut(params.at(1), request.ctx.hub().limits().topic_bytes);
        if let Some(room) = name {
            request.apply_or_refuse(Command::SetTopic { room, text: topic });
        }
        return;
    }
    let Some((prefix, hub, out, me, _)) = request.split_with_user() else {
        return;
    };
    if !hub.is_visible(id, me) {
        return request.reply(ERR_NOTONCHANNEL, &[text]);
    }
    if let Some(room) = hub.room(id).filter(|room| room.topic().is_none()) {
        let line = prefix.numeric(RPL_NOTOPIC, out).param(room.name());
        return line.text(RPL_NOTOPIC.words).end();
    }
    write_topic(prefix, hub, id, out);
}

/// INVITE; without parameters, where one is invited to.
pub(crate) fn invite(request: &mut Request<'_>, params: &Params<'_>) {
    if params.is_empty() {
        let Some((prefix, hub, out, me, _)) = request.split_with_user() else {
            return;
        };
        for room in hub.invitations(me).filter_map(|id| hub.room(id)) {
            let line = prefix.numeric(RPL_INVITELIST, out);
            line.param(room.name()).end();
        }
        return request.reply(RPL_ENDOFINVITELIST, &[]);
    }
    let (Some(nick), Some(text)) = (params.get(0), params.get(1)) else {
        return request.reply(ERR_NEEDMOREPARAMS, &["INVITE"]);
    };
    let Some(room) = request.room_name(text) else {
        return request.reply(ERR_NOSUCHCHANNEL, &[text]);
    };
    let name = room.to_string();
    match request.apply(Command::Invite { room, nick }) {
        Ok(()) => {
            request.reply_params(RPL_INVITING, &[nick, &name]);
            tell_away(request, nick);
        }
        Err(refusal) => request.refuse(&refusal),
    }
}

/// KICK: users out of one room, or, as in RFC 2812, each out of the room at the same position.
pub(crate) fn kick(request: &mut Request<'_>, params: &Params<'_>) {
    let rooms: Vec<_> = params.at(0).split(',').collect();
    let nicks: Vec<_> = params
        .at(1)
        .split(',')
        .filter(|nick| !nick.is_empty())
        .collect();
    if nicks.is_empty() || (rooms.len() != 1 && rooms.len() != nicks.len()) {
        return request.reply(ERR_NEEDMOREPARAMS, &["KICK"]);
    }
    for (index, nick) in nicks.into_iter().enumerate() {
        let text = rooms.get(index).unwrap_or(&rooms[0]);
        let Some(room) = request.room_name(text) else {
            request.reply(ERR_NOSUCHCHANNEL, &[text]);
            continue;
        };
        let reason = params.at(2);
        request.apply_or_refuse(Command::Kick { room, nick, reason });
    }
}

/// KNOCK.
pub(crate) fn knock(request: &mut Request<'_>, params: &Params<'_>) {
    let text = params.at(0);
    let Some(room) = request.room_name(text) else {
        return request.reply(ERR_NOSUCHCHANNEL, &[text]);
    };
    let name = room.to_string();
    let words = params.at(1);
    match request.apply(Command::Knock { room, text: words }) {
        Ok(()) => request.reply(RPL_KNOCKDLVR, &[&name]),
        Err(Refusal::AlreadyInRoom { .. }) => request.reply(ERR_KNOCKONCHAN, &[&name]),
        Err(refusal) => request.refuse(&refusal),
    }
}

/// RENAME (IRCv3 draft/channel-rename).
pub(crate) fn rename(request: &mut Request<'_>, params: &Params<'_>) {
    let (from, to) = (params.at(0), params.at(1));
    let Some(room) = request.room_name(from) else {
        return request.reply(ERR_NOSUCHCHANNEL, &[from]);
    };
    let Some(new) = request.room_name(to) else {
        let words = "that is no name for a channel";
        return request.fail("RENAME", "CANNOT_RENAME", &[from, to], words);
    };
    let reason = params.at(2);
    let outcome = request.apply(Command::RenameRoom {
        room,
        to: new,
        reason,
    });
    match outcome {
        Ok(()) => {}
        Err(refusal @ Refusal::RoomExists { .. }) => {
            let words = refusal.to_string();
            request.fail("RENAME", "CHANNEL_NAME_IN_USE", &[from, to], &words);
        }
        Err(refusal @ Refusal::RoomLooksLike { .. }) => {
            let words = refusal.to_string();
            request.fail("RENAME", "CANNOT_RENAME", &[from, to], &words);
        }
        Err(refusal) => request.refuse(&refusal),
    }
}
