//! Rooms: JOIN, PART, TOPIC, INVITE, KICK, KNOCK, RENAME.

use super::messages::tell_away;
use crate::{
    chat::{Command, Hub, Refusal, RoomId, cut, effort, mode::RoomFlags},
    protocol::irc::{
        call::{Call, Heading},
        caps::Cap,
        long::{Long, Names},
        message::Params,
        numeric::*,
        time::unix,
    },
};

/// JOIN. Keys belong to rooms by their places; one that cannot be entered does not keep from the others.
pub(in super::super) fn join(call: &mut Call<'_>, params: &Params<'_>) {
    if params.at(0) == "0" {
        return leave_all(call);
    }
    let mut keys = params.at(1).split(',');
    let mut entered = Vec::new();
    for text in params.at(0).split(',') {
        call.ctx.hub().charge(effort::LOOKED_UP);
        let key = keys.next().filter(|key| !key.is_empty());
        let Some(room) = call.room_name(text) else {
            let numeric = if text.starts_with('#') {
                ERR_BADCHANMASK
            } else {
                ERR_NOSUCHCHANNEL
            };
            call.reply(numeric, &[text]);
            continue;
        };
        let (hub, me) = (call.ctx.hub(), call.me());
        let is_in = |room: RoomId| me.is_some_and(|me| hub.is_member(me, room));
        if hub.find_room(&room).is_some_and(is_in) {
            continue;
        }
        let flags = RoomFlags::usual();
        match call.apply(Command::Join { room, key, flags }) {
            Ok(()) => {}
            Err(refusal) => {
                call.refuse(&refusal);
                continue;
            }
        }
        if let Some(room) = call.find_room(text) {
            entered.push(room);
            let (heading, hub, out) = call.parts();
            write_topic(heading, hub, room, out);
        }
        tell_names(call, &mut entered);
    }
    if let [_, ..] = entered[..] {
        entered.reverse();
        call.start_long(Long::Names(Names {
            rooms: entered,
            slot: None,
            left: None,
            end: None,
        }));
    }
}

/// Names of a room that was entered, at once if there are few; else they are left for the end.
fn tell_names(call: &mut Call<'_>, entered: &mut Vec<RoomId>) {
    /// People of a room whose names come before the next room is entered.
    const FEW: usize = 200;
    if call.irc.caps.has(Cap::NoImplicitNames) {
        entered.clear();
        return;
    }
    let Some(&room) = entered.last() else { return };
    let count = call
        .ctx
        .hub()
        .room(room)
        .map_or(0, |room| room.member_count());
    let is_full = call.ctx.answer().len() > call.ctx.server_info().piece_bytes;
    if count > FEW || entered.len() > 1 || is_full {
        return;
    }
    entered.clear();
    let caps = call.irc.caps;
    let mut long = Long::Names(Names {
        rooms: vec![room],
        slot: None,
        left: None,
        end: None,
    });
    while !long.write(call, caps) {}
}

fn leave_all(call: &mut Call<'_>) {
    let Some(me) = call.me() else { return };
    let rooms: Vec<_> = call.ctx.hub().rooms_of(me).collect();
    for id in rooms {
        let name = call.ctx.hub().room(id).map(|room| room.name().clone());
        if let Some(room) = name {
            let reason = "";
            call.apply_or_refuse(Command::Leave { room, reason });
        }
    }
}

/// PART.
pub(in super::super) fn part(call: &mut Call<'_>, params: &Params<'_>) {
    for text in params.at(0).split(',') {
        call.ctx.hub().charge(effort::LOOKED_UP);
        let Some(room) = call.room_name(text) else {
            call.reply(ERR_NOSUCHCHANNEL, &[text]);
            continue;
        };
        let reason = params.at(1);
        call.apply_or_refuse(Command::Leave { room, reason });
    }
}

/// TOPIC.
pub(in super::super) fn topic(call: &mut Call<'_>, params: &Params<'_>) {
    let text = params.at(0);
    let Some(id) = call.find_room(text) else {
        return call.reply(ERR_NOSUCHCHANNEL, &[text]);
    };
    if params.len() > 1 {
        let name = call.ctx.hub().room(id).map(|room| room.name().clone());
        let topic = cut(params.at(1), call.ctx.hub().limits().topic_bytes);
        if let Some(room) = name {
            call.apply_or_refuse(Command::SetTopic { room, text: topic });
        }
        return;
    }
    let Some((heading, hub, out, me, _)) = call.parts_with_me() else {
        return;
    };
    if !hub.is_visible(id, me) {
        return call.reply(ERR_NOTONCHANNEL, &[text]);
    }
    if let Some(room) = hub.room(id).filter(|room| room.topic().is_none()) {
        let line = heading.numeric(RPL_NOTOPIC, out).param(room.name());
        return line.text(RPL_NOTOPIC.words).end();
    }
    write_topic(heading, hub, id, out);
}

/// A room's topic, who set it and when. Nothing if there is none, which is what a newcomer is told ("Modern IRC", JOIN
/// message).
pub(in super::super) fn write_topic(
    heading: Heading<'_>,
    hub: &Hub,
    id: RoomId,
    out: &mut Vec<u8>,
) {
    let Some(room) = hub.room(id) else { return };
    let Some(topic) = room.topic() else { return };
    let line = heading.numeric(RPL_TOPIC, out).param(room.name());
    line.text(&topic.text).end();
    let line = heading.numeric(RPL_TOPICWHOTIME, out).param(room.name());
    line.param(&topic.by).param(unix(topic.at.wall)).end();
}

/// INVITE; without parameters, where one is invited to.
pub(in super::super) fn invite(call: &mut Call<'_>, params: &Params<'_>) {
    if params.is_empty() {
        let Some((heading, hub, out, me, _)) = call.parts_with_me() else {
            return;
        };
        for room in hub.invitations(me).filter_map(|id| hub.room(id)) {
            let line = heading.numeric(RPL_INVITELIST, out);
            line.param(room.name()).end();
        }
        return call.reply(RPL_ENDOFINVITELIST, &[]);
    }
    let (Some(nick), Some(text)) = (params.get(0), params.get(1)) else {
        return call.reply(ERR_NEEDMOREPARAMS, &["INVITE"]);
    };
    let Some(room) = call.room_name(text) else {
        return call.reply(ERR_NOSUCHCHANNEL, &[text]);
    };
    let name = room.to_string();
    match call.apply(Command::Invite { room, nick }) {
        Ok(()) => {
            call.reply_params(RPL_INVITING, &[nick, &name]);
            tell_away(call, nick);
        }
        Err(refusal) => call.refuse(&refusal),
    }
}

/// KICK: people out of one room, or, as RFC 2812 has it, each out of the room at the same place.
pub(in super::super) fn kick(call: &mut Call<'_>, params: &Params<'_>) {
    let rooms: Vec<_> = params.at(0).split(',').collect();
    let nicks: Vec<_> = params
        .at(1)
        .split(',')
        .filter(|nick| !nick.is_empty())
        .collect();
    if nicks.is_empty() || (rooms.len() != 1 && rooms.len() != nicks.len()) {
        return call.reply(ERR_NEEDMOREPARAMS, &["KICK"]);
    }
    for (index, nick) in nicks.into_iter().enumerate() {
        let text = rooms.get(index).unwrap_or(&rooms[0]);
        let Some(room) = call.room_name(text) else {
            call.reply(ERR_NOSUCHCHANNEL, &[text]);
            continue;
        };
        let reason = params.at(2);
        call.apply_or_refuse(Command::Kick { room, nick, reason });
    }
}

/// KNOCK.
pub(in super::super) fn knock(call: &mut Call<'_>, params: &Params<'_>) {
    let text = params.at(0);
    let Some(room) = call.room_name(text) else {
        return call.reply(ERR_NOSUCHCHANNEL, &[text]);
    };
    let name = room.to_string();
    let words = params.at(1);
    match call.apply(Command::Knock { room, text: words }) {
        Ok(()) => call.reply(RPL_KNOCKDLVR, &[&name]),
        Err(Refusal::AlreadyInRoom { .. }) => call.reply(ERR_KNOCKONCHAN, &[&name]),
        Err(refusal) => call.refuse(&refusal),
    }
}

/// RENAME (IRCv3 draft/channel-rename).
pub(in super::super) fn rename(call: &mut Call<'_>, params: &Params<'_>) {
    let (from, to) = (params.at(0), params.at(1));
    let Some(room) = call.room_name(from) else {
        return call.reply(ERR_NOSUCHCHANNEL, &[from]);
    };
    let Some(new) = call.room_name(to) else {
        let words = "that is no name for a channel";
        return call.fail("RENAME", "CANNOT_RENAME", &[from, to], words);
    };
    let reason = params.at(2);
    let outcome = call.apply(Command::RenameRoom {
        room,
        to: new,
        reason,
    });
    match outcome {
        Ok(()) => {}
        Err(refusal @ Refusal::RoomExists { .. }) => {
            let words = refusal.to_string();
            call.fail("RENAME", "CHANNEL_NAME_IN_USE", &[from, to], &words);
        }
        Err(refusal @ Refusal::RoomLooksLike { .. }) => {
            let words = refusal.to_string();
            call.fail("RENAME", "CANNOT_RENAME", &[from, to], &words);
        }
        Err(refusal) => call.refuse(&refusal),
    }
}
