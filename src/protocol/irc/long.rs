//! Replies of any length, in pieces: LIST, NAMES, WHO, WHOWAS.
//!
//! A reply remembers how far it came, not what it will say: the records are read when their turn comes, so that it
//! costs no memory however long it is. Invariants: one piece takes little more effort than [`EFFORT_MAX`] and writes
//! little more than the server wants at once; what it looks at is charged to the hub, whose caller lets the asker pay
//! for it; whoever and whatever was there all the time is told. (Members of a room are
//! told from the last to the first: when one leaves, the last takes their place, and that one was told already.)
//!
//! Owns those places. Does not know when a client has read enough; the server calls.

use super::{
    Busy, ServerInfo,
    call::{Call, Heading},
    caps::{Cap, CapSet},
    commands::{WhoFormat, is_meant, write_who},
    line::Line,
    numeric::*,
    time::Iso,
};
use crate::chat::{
    Hub, Moment, Now, Room, RoomId, User, UserId,
    effort::{LISTED, LOOKED_AT},
    mask::glob,
    mode::{Ranks, RoomFlag},
    same::fold,
};
use std::time::Duration;

/// Effort of one piece; some hundred microseconds.
const EFFORT_MAX: u64 = 2_000;

/// What it costs to compare a record with a mask: a look for each byte of the mask, for some masks fit nowhere, and only
/// the last byte of every text tells.
fn cost_of(mask: &str) -> u32 {
    if mask == "*" { 0 } else { mask.len() as u32 }
}

/// A long reply, and how far it came.
#[derive(Debug)]
pub(super) enum Long {
    /// LIST.
    List { filter: ListFilter, slot: u32 },
    /// NAMES.
    Names(Names),
    /// WHO.
    Who { who: Who, format: WhoFormat },
    /// WHOWAS.
    Whowas(Whowas),
}

/// How far WHOWAS came.
#[derive(Debug)]
pub(super) struct Whowas {
    /// The name that was asked for.
    pub(super) asked: Box<str>,
    /// So many of its bearers were told.
    pub(super) told: usize,
    /// So many are wanted.
    pub(super) wanted: usize,
}

/// Which rooms LIST shows (ISUPPORT's ELIST).
#[derive(Debug, Default)]
pub(super) struct ListFilter {
    /// More members than this.
    pub(super) more_than: Option<usize>,
    /// Fewer members than this.
    pub(super) fewer_than: Option<usize>,
    /// Masks, folded; one must match if there are any. The flag says that it must not.
    pub(super) masks: Vec<(Box<str>, bool)>,
    /// How long ago it was created.
    pub(super) created: Ages,
    /// How long ago its topic was set.
    pub(super) topic: Ages,
    /// The moment from which ages are counted.
    asked: Moment,
}

/// Bounds of an age.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ages {
    /// It is no longer ago than this.
    pub(super) at_most: Option<Duration>,
    /// It is longer ago than this.
    pub(super) more_than: Option<Duration>,
}

impl Ages {
    fn hold(self, age: Option<Duration>) -> bool {
        self.at_most
            .is_none_or(|span| age.is_some_and(|age| age <= span))
            && self
                .more_than
                .is_none_or(|span| age.is_some_and(|age| age > span))
    }
}

/// How far NAMES came.
#[derive(Debug)]
pub(super) struct Names {
    /// Those to tell, the last first.
    pub(super) rooms: Vec<RoomId>,
    /// All rooms from this slot on, if all are wanted.
    pub(super) slot: Option<u32>,
    /// So many members of the last room are still to be told.
    pub(super) left: Option<usize>,
    /// What the one line at the end names; without it, each room gets its own.
    pub(super) end: Option<Box<str>>,
}

/// How far WHO came.
#[derive(Debug)]
pub(super) struct Who {
    /// The parameter as it was given, for the end.
    pub(super) asked: Box<str>,
    /// Operators of the server only.
    pub(super) operators: bool,
    /// Whom it concerns.
    pub(super) scope: Scope,
}

/// Whom WHO concerns.
#[derive(Debug)]
pub(super) enum Scope {
    /// One person, visible or not.
    One(Option<UserId>),
    /// Those in a room, so many of whom are left.
    Room { room: RoomId, left: usize },
    /// Those from a slot on who match a folded mask.
    Matching { mask: Box<str>, slot: u32 },
}

impl Call<'_> {
    /// Begins a long reply. Most end with their first piece.
    pub(super) fn start_long(&mut self, mut long: Long) {
        let caps = self.irc.caps;
        debug_assert!(!self.irc.is_busy(), "one long reply at a time");
        if !long.write(self, caps) {
            self.irc.desk().busy = Some(Busy::Long { long, batch: None });
        }
    }
}

impl Long {
    /// Writes the next piece; says whether it was the last.
    pub(super) fn write(&mut self, call: &mut Call<'_>, caps: CapSet) -> bool {
        let bytes_max = call.ctx.server_info().piece_bytes;
        let Some((heading, hub, out, me, user)) = call.parts_with_me() else {
            return true;
        };
        let full = out.len() + bytes_max;
        let piece = Piece {
            full,
            heading,
            hub,
            me,
            user,
            caps,
            began: hub.effort(),
        };
        match self {
            Self::List { filter, slot } => piece.list(filter, slot, out),
            Self::Names(names) => piece.names(names, out),
            Self::Who { who, format } => piece.who(who, format, out),
            Self::Whowas(whowas) => piece.whowas(whowas, out),
        }
    }
}

/// What one piece is made from.
struct Piece<'c> {
    heading: Heading<'c>,
    hub: &'c Hub,
    me: UserId,
    user: &'c User,
    caps: CapSet,
    /// At this length of the answer the piece is full.
    full: usize,
    /// The hub's effort when the piece was begun.
    began: u64,
}

impl Piece<'_> {
    /// Whether the rest is for the next piece.
    fn is_full(&self, out: &[u8]) -> bool {
        out.len() > self.full || self.hub.effort() - self.began > EFFORT_MAX
    }

    fn list(&self, filter: &ListFilter, slot: &mut u32, out: &mut Vec<u8>) -> bool {
        let costs = filter.masks.iter().map(|(mask, _)| cost_of(mask));
        let cost = LOOKED_AT + costs.sum::<u32>();
        for (id, room) in self.hub.rooms_from(*slot) {
            if self.is_full(out) {
                *slot = id.slot;
                return false;
            }
            self.hub.charge(cost);
            if !self.hub.is_visible(id, self.me) || !filter.matches(room) {
                continue;
            }
            self.hub.charge(LISTED);
            let topic = room.topic().map_or("", |topic| &topic.text);
            let line = self.heading.numeric(RPL_LIST, out).param(room.name());
            line.param(room.member_count()).text(topic).end();
        }
        let line = self.heading.numeric(RPL_LISTEND, out);
        line.text(RPL_LISTEND.words).end();
        true
    }

    fn names(&self, names: &mut Names, out: &mut Vec<u8>) -> bool {
        loop {
            if names.rooms.is_empty() {
                match names.slot.map(|slot| self.hub.rooms_from(slot).next()) {
                    None | Some(None) => break,
                    Some(Some((id, _))) => {
                        names.slot = Some(id.slot + 1);
                        names.rooms.push(id);
                    }
                }
            }
            let Some(&room) = names.rooms.last() else {
                break;
            };
            self.hub.charge(LISTED);
            let told = self.names_of(room, &mut names.left, out);
            if !told {
                return false;
            }
            names.rooms.pop();
            names.left = None;
            if let (None, Some(record)) = (&names.end, self.hub.room(room)) {
                let line = self.heading.numeric(RPL_ENDOFNAMES, out);
                line.param(record.name()).text(RPL_ENDOFNAMES.words).end();
            }
            if self.is_full(out) && !(names.rooms.is_empty() && names.slot.is_none()) {
                return false;
            }
        }
        if let Some(end) = &names.end {
            let line = self.heading.numeric(RPL_ENDOFNAMES, out);
            line.param(end).text(RPL_ENDOFNAMES.words).end();
        }
        true
    }

    /// Tells members of one room; says whether those were the last.
    fn names_of(&self, id: RoomId, left: &mut Option<usize>, out: &mut Vec<u8>) -> bool {
        let Some(room) = self.hub.room(id) else {
            return true;
        };
        if !self.hub.is_visible(id, self.me) {
            return true;
        }
        let is_member = self.hub.is_member(self.me, id);
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
            if !is_member && !self.hub.is_listed(user, self.me) {
                continue;
            }
            let Some(user) = self.hub.user(user) else {
                continue;
            };
            name.clear();
            push_prefixes(ranks, self.caps.has(Cap::MultiPrefix), &mut name);
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
        let line = self.heading.numeric(RPL_NAMREPLY, out).param(symbol);
        line.param(room.name())
    }

    fn who(&self, who: &mut Who, format: &WhoFormat, out: &mut Vec<u8>) -> bool {
        let operators = who.operators;
        let tell = |user: &User, room: Option<RoomId>, out: &mut Vec<u8>| {
            if operators && !user.is_operator() {
                return;
            }
            self.hub.charge(LISTED);
            write_who(
                self.heading,
                self.hub,
                self.user,
                user,
                room,
                format,
                self.caps,
                out,
            );
        };
        match &mut who.scope {
            Scope::One(id) => {
                if let Some(user) = id.and_then(|id| self.hub.user(id)) {
                    tell(user, None, out);
                }
            }
            Scope::Room { room, left } => {
                if !self.hub.is_visible(*room, self.me) {
                    *left = 0;
                }
                let is_member = self.hub.is_member(self.me, *room);
                let count = self.hub.room(*room).map_or(0, Room::member_count);
                *left = (*left).min(count);
                while *left > 0 && !self.is_full(out) {
                    *left -= 1;
                    self.hub.charge(LISTED);
                    let member = self.hub.members_from(*room, *left).next();
                    let member = member.and_then(|(id, _)| self.hub.user(id));
                    let Some(user) = member else { continue };
                    if is_member || self.hub.is_listed(user.id(), self.me) {
                        tell(user, Some(*room), out);
                    }
                }
                if *left > 0 {
                    return false;
                }
            }
            Scope::Matching { mask, slot } => {
                let cost = LOOKED_AT + cost_of(mask);
                for (id, user) in self.hub.users_from(*slot) {
                    if self.is_full(out) {
                        *slot = id.slot;
                        return false;
                    }
                    self.hub.charge(cost);
                    if self.hub.is_listed(id, self.me)
                        && is_meant(mask, self.heading.server, self.user, user)
                    {
                        tell(user, None, out);
                    }
                }
            }
        }
        let line = self.heading.numeric(RPL_ENDOFWHO, out);
        line.param(&who.asked).text(RPL_ENDOFWHO.words).end();
        true
    }

    fn whowas(&self, whowas: &mut Whowas, out: &mut Vec<u8>) -> bool {
        let left = whowas.wanted - whowas.told;
        for was in self.hub.whowas(&whowas.asked).skip(whowas.told).take(left) {
            if self.is_full(out) {
                return false;
            }
            self.hub.charge(LISTED);
            whowas.told += 1;
            let line = self.heading.numeric(RPL_WHOWASUSER, out).param(&was.nick);
            let line = line.param(was.username()).param(was.host());
            line.param("*").text(was.realname()).end();
            if self.user.is_operator() {
                let line = self.heading.numeric(RPL_WHOISACTUALLY, out);
                let line = line.param(&was.nick).param(was.address());
                line.text(RPL_WHOISACTUALLY.words).end();
            }
            let line = self.heading.numeric(RPL_WHOISSERVER, out);
            let line = line.param(&was.nick).param(self.heading.server);
            line.text(Iso(was.at)).end();
        }
        if whowas.told == 0 {
            let line = self.heading.numeric(ERR_WASNOSUCHNICK, out);
            line.param(&whowas.asked)
                .text(ERR_WASNOSUCHNICK.words)
                .end();
        }
        let line = self.heading.numeric(RPL_ENDOFWHOWAS, out);
        line.param(&whowas.asked).text(RPL_ENDOFWHOWAS.words).end();
        true
    }
}

/// The prefixes of someone's ranks: all of them, or the highest.
pub(super) fn push_prefixes(ranks: Ranks, all: bool, out: &mut String) {
    let shown = if all { usize::MAX } else { 1 };
    out.extend(ranks.iter().take(shown).map(|rank| rank.prefix()));
}

impl ListFilter {
    /// All rooms, as they are at this moment.
    pub(super) fn new(asked: Moment) -> Self {
        Self {
            asked,
            ..Self::default()
        }
    }

    fn matches(&self, room: &Room) -> bool {
        let count = room.member_count();
        let age = |then: Now| self.asked.since(then.moment);
        self.more_than.is_none_or(|than| count > than)
            && self.fewer_than.is_none_or(|than| count < than)
            && self.created.hold(Some(age(room.created())))
            && self.topic.hold(room.topic().map(|topic| age(topic.at)))
            && self.matches_name(room.name().as_str())
    }

    fn matches_name(&self, name: &str) -> bool {
        if self.masks.is_empty() {
            return true;
        }
        let name = fold(name);
        let (mut wanted, mut found) = (false, false);
        for (mask, is_not) in &self.masks {
            let matches = glob(mask, &name);
            if *is_not && matches {
                return false;
            }
            wanted |= !is_not;
            found |= !is_not && matches;
        }
        found || !wanted
    }
}

/// Bytes of names that all members of a room are told together when each of them is told: one line of an operator
/// brings that about, and must not stop the others for seconds nor fill every queue.
const NAMES_TO_ALL_BYTES: usize = 4 * 1024 * 1024;

/// Names of a room at once, for a rare line that cannot come in pieces and goes to every member.
pub(super) fn write_names_to_all(
    heading: Heading<'_>,
    hub: &Hub,
    room: RoomId,
    me: UserId,
    out: &mut Vec<u8>,
) {
    let Some(user) = hub.user(me) else { return };
    let members = hub.room(room).map_or(1, |room| room.member_count().max(1));
    let piece = Piece {
        full: out.len() + ServerInfo::PIECE_BYTES.min(NAMES_TO_ALL_BYTES / members),
        heading,
        hub,
        me,
        user,
        caps: CapSet::NONE,
        began: hub.effort(),
    };
    let mut names = Names {
        rooms: vec![room],
        slot: None,
        left: None,
        end: None,
    };
    // One piece: of a large room this is a part, and a client that wants the rest asks for NAMES.
    if !piece.names(&mut names, out) {
        let name = hub.room(room).map_or("", |room| room.name().as_str());
        Line::new(out)
            .source(heading.server)
            .command(RPL_ENDOFNAMES.code)
            .param(heading.client)
            .param(name)
            .text(RPL_ENDOFNAMES.words)
            .end();
    }
}
