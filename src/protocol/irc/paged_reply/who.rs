//! WHO and WHOX: which users they list, and one line about each.

use super::page::{Page, cost_of};
use crate::{
    chat::{
        Room, RoomId, User, UserId,
        effort::{LISTED, LOOKED_AT},
        mask::glob,
        mode::UserMode,
        same::{Block, fold, parse_address},
    },
    protocol::irc::codec::{numeric::*, reply::RankPrefixes},
};

/// The format of WHO's lines.
#[derive(Debug)]
pub(crate) enum WhoFormat {
    /// `RPL_WHOREPLY`.
    Plain,
    /// `RPL_WHOSPCRPL`: these fields (IRCv3 whox), and a token.
    Fields { fields: Box<str>, token: Box<str> },
}

/// How far WHO came.
#[derive(Debug)]
pub(crate) struct Who {
    /// The parameter as it was given, for the end.
    pub(crate) asked: Box<str>,
    /// Operators of the server only.
    pub(crate) operators: bool,
    /// Which users it lists.
    pub(crate) scope: Scope,
}

/// Which users WHO lists.
#[derive(Debug)]
pub(crate) enum Scope {
    /// One user, visible or not.
    One(Option<UserId>),
    /// The members of a room, of whom so many are left.
    Room { room: RoomId, left: usize },
    /// Those from a slot on who match a folded mask.
    Matching { mask: Box<str>, slot: u32 },
}

impl Page<'_> {
    pub(super) fn who(&self, who: &mut Who, format: &WhoFormat, out: &mut Vec<u8>) -> bool {
        let operators = who.operators;
        let tell = |user: &User, room: Option<RoomId>, out: &mut Vec<u8>| {
            if operators && !user.is_operator() {
                return;
            }
            self.hub.charge(LISTED);
            self.who_line(user, room, format, out);
        };
        match &mut who.scope {
            Scope::One(id) => {
                if let Some(user) = id.and_then(|id| self.hub.user(id)) {
                    tell(user, None, out);
                }
            }
            Scope::Room { room, left } => {
                if !self.hub.is_visible(*room, self.me()) {
                    *left = 0;
                }
                let is_member = self.hub.is_member(self.me(), *room);
                let count = self.hub.room(*room).map_or(0, Room::member_count);
                *left = (*left).min(count);
                while *left > 0 && !self.is_full(out) {
                    *left -= 1;
                    self.hub.charge(LISTED);
                    let member = self.hub.members_from(*room, *left).next();
                    let member = member.and_then(|(id, _)| self.hub.user(id));
                    let Some(user) = member else { continue };
                    if is_member || self.hub.is_listed(user.id(), self.me()) {
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
                    if self.hub.is_listed(id, self.me())
                        && is_meant(mask, self.prefix.server, self.reader, user)
                    {
                        tell(user, None, out);
                    }
                }
            }
        }
        let line = self.prefix.numeric(RPL_ENDOFWHO, out);
        line.param(&who.asked).text(RPL_ENDOFWHO.words).end();
        true
    }

    /// One line about one user. `room` is the one that was asked for.
    fn who_line(&self, user: &User, room: Option<RoomId>, format: &WhoFormat, out: &mut Vec<u8>) {
        let (prefix, hub, reader) = (self.prefix, self.hub, self.reader);
        let room_name = room
            .and_then(|id| hub.room(id))
            .map_or("*", |room| room.name().as_str());
        let mut flags = String::from(if user.away().is_some() { "G" } else { "H" });
        if user.is_operator() {
            flags.push('*');
        }
        if user.modes().contains(UserMode::Bot) {
            flags.push('B');
        }
        if let Some(room) = room {
            let ranks = hub.ranks(user.id(), room);
            RankPrefixes::of(self.caps).push(ranks, &mut flags);
        }
        let WhoFormat::Fields { fields, token } = format else {
            return prefix
                .numeric(RPL_WHOREPLY, out)
                .param(room_name)
                .param(user.username())
                .param(user.host())
                .param(prefix.server)
                .param(user.nick())
                .param(flags)
                .text(format_args!("0 {}", user.realname()))
                .end();
        };
        let may_see_address = reader.is_operator() || reader.id() == user.id();
        let address = match user.address() {
            address if may_see_address && !address.is_empty() => address,
            _ => "255.255.255.255",
        };
        let mut line = prefix.numeric(RPL_WHOSPCRPL, out);
        for field in "tcuihsnfdlao"
            .chars()
            .filter(|field| fields.contains(*field))
        {
            line = match field {
                't' => line.param(token),
                'c' => line.param(room_name),
                'u' => line.param(user.username()),
                'i' => line.param(address),
                'h' => line.param(user.host()),
                's' => line.param(prefix.server),
                'n' => line.param(user.nick()),
                'f' => line.param(&flags),
                // Hops; seconds idle, which are shown by WHOIS; the account; the rank's level, which no client uses.
                'd' | 'l' => line.param("0"),
                'a' => line.param(user.account().unwrap_or("0")),
                _ => line.param("n/a"),
            };
        }
        if fields.contains('r') {
            line = line.text(user.realname());
        }
        line.end();
    }
}

/// Whether WHO's mask matches a user: by nick, user name, host, server or realname. By the address that is not shown
/// for operators of the server alone.
fn is_meant(mask: &str, server: &str, reader: &User, user: &User) -> bool {
    let texts = [
        user.nick().as_str(),
        user.username(),
        user.host(),
        server,
        user.realname(),
    ];
    let block = Block::parse(mask);
    let is_at = |host: &str| match &block {
        Some(block) => parse_address(host).is_some_and(|address| block.contains(address)),
        None => glob(mask, &fold(host)),
    };
    // `*!*@*.example` means all three together.
    let is_whole = mask.contains(['!', '@']);
    mask == "*"
        || texts.iter().any(|text| glob(mask, &fold(text)))
        || block.is_some() && is_at(user.host())
        || reader.is_operator() && is_at(user.address())
        || is_whole && glob(mask, &fold(&user.mask().to_string()))
}
