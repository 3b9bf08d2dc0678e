//! NAMES: the members of rooms, in rows.

use super::page::Page;
use crate::{
    chat::{Hub, Room, RoomId, UserId, effort::LISTED, mode::RoomFlag},
    protocol::irc::{
        caps::{Cap, CapSet},
        codec::{
            line::Line,
            numeric::*,
            reply::{RankPrefixes, ReplyPrefix},
        },
        session::server_context::ServerInfo,
    },
};

/// How far NAMES came.
#[derive(Debug)]
pub(crate) struct Names {
    /// Rooms to list, the last first.
    rooms: Vec<RoomId>,
    scope: NamesScope,
    /// So many members of the last room are still to be listed; `None`: all.
    left: Option<usize>,
}

/// Which rooms NAMES lists, and what ends the list.
#[derive(Debug)]
pub(crate) enum NamesScope {
    /// All rooms, of which those from this slot on are left.
    All { slot: u32 },
    /// Rooms by name; the one line at the end names them as the client did.
    Asked(Box<str>),
    /// Rooms that the client has just entered; each has its own line at the end.
    Entered,
}

impl Names {
    /// Lists these rooms, the last first.
    pub(crate) fn new(rooms: Vec<RoomId>, scope: NamesScope) -> Self {
        Self {
            rooms,
            scope,
            left: None,
        }
    }

    /// The room to list now.
    fn next_room(&mut self, hub: &Hub) -> Option<RoomId> {
        if let (true, NamesScope::All { slot }) = (self.rooms.is_empty(), &mut self.scope) {
            let (id, _) = hub.rooms_from(*slot).next()?;
            *slot = id.slot + 1;
            self.rooms.push(id);
        }
        self.rooms.last().copied()
    }

    fn may_go_on(&self) -> bool {
        !self.rooms.is_empty() || matches!(self.scope, NamesScope::All { .. })
    }
}

impl Page<'_> {
    pub(super) fn names(&self, names: &mut Names, out: &mut Vec<u8>) -> bool {
        while let Some(room) = names.next_room(self.hub) {
            self.hub.charge(LISTED);
            if !self.names_of(room, &mut names.left, out) {
                return false;
            }
            names.rooms.pop();
            names.left = None;
            if let (NamesScope::Entered, Some(record)) = (&names.scope, self.hub.room(room)) {
                self.end_of_names(record.name().as_str(), out);
            }
            if self.is_full(out) && names.may_go_on() {
                return false;
            }
        }
        match &names.scope {
            NamesScope::All { .. } => self.end_of_names("*", out),
            NamesScope::Asked(asked) => self.end_of_names(asked, out),
            NamesScope::Entered => {}
        }
        true
    }

    fn end_of_names(&self, name: &str, out: &mut Vec<u8>) {
        let line = self.prefix.numeric(RPL_ENDOFNAMES, out).param(name);
        line.text(RPL_ENDOFNAMES.words).end();
    }

    /// Lists members of one room; returns whether those were the last.
    fn names_of(&self, id: RoomId, left: &mut Option<usize>, out: &mut Vec<u8>) -> bool {
        let Some(room) = self.hub.room(id) else {
            return true;
        };
        if !self.hub.is_visible(id, self.me()) {
            return true;
        }
        let is_member = self.hub.is_member(self.me(), id);
        let symbol = if room.has(RoomFlag::Secret) { "@" } else { "=" };
        let row_max = self.names_row(symbol, room, out).text_room();
        let (mut row, mut name) = (String::new(), String::new());
        let mut index = left.unwrap_or(usize::MAX).min(room.member_count());
        while index > 0 {
            if self.is_full(out) {
                break;
            }
            index -= 1;
            self.hub.charge(LISTED);
            let Some((user, ranks)) = self.hub.members_from(id, index).next() else {
                continue;
            };
            if !is_member && !self.hub.is_listed(user, self.me()) {
                continue;
            }
            let Some(user) = self.hub.user(user) else {
                continue;
            };
            name.clear();
            RankPrefixes::of(self.caps).push(ranks, &mut name);
            if self.caps.has(Cap::UserhostInNames) {
                name += &user.mask().to_string();
            } else {
                name += user.nick().as_str();
            }
            if !row.is_empty() && row.len() + 1 + name.len() > row_max {
                self.names_row(symbol, room, out).text(&row).end();
                row.clear();
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row += &name;
        }
        if !row.is_empty() {
            self.names_row(symbol, room, out).text(&row).end();
        }
        *left = Some(index);
        index == 0
    }

    /// Begins a row of names.
    fn names_row<'o>(&self, symbol: &str, room: &Room, out: &'o mut Vec<u8>) -> Line<'o> {
        let line = self.prefix.numeric(RPL_NAMREPLY, out).param(symbol);
        line.param(room.name())
    }
}

/// Bytes of names that all members of a room get together when each of them gets the list: one line of an operator
/// brings that about, and must not stop the others for seconds nor fill every queue.
const NAMES_TO_ALL_BYTES: usize = 4 * 1024 * 1024;

/// Names of a room at once, for a rare line that cannot come in pieces and goes to every member.
pub(crate) fn write_names_to_all(
    prefix: ReplyPrefix<'_>,
    hub: &Hub,
    room: RoomId,
    me: UserId,
    out: &mut Vec<u8>,
) {
    let Some(user) = hub.user(me) else { return };
    let members = hub.room(room).map_or(1, |room| room.member_count().max(1));
    let full = out.len() + ServerInfo::PAGE_BYTES.min(NAMES_TO_ALL_BYTES / members);
    let page = Page::new(prefix, (hub, user), CapSet::NONE, full);
    let mut names = Names::new(vec![room], NamesScope::Entered);
    // One page: of a large room this is a part, and a client that wants the rest asks for NAMES.
    if !page.names(&mut names, out) {
        let name = hub.room(room).map_or("", |room| room.name().as_str());
        page.end_of_names(name, out);
    }
}
