//! WHO and WHOX: what is asked for, and one line of the answer. Which lines there are is in `long`.

use crate::{
    chat::{
        Hub, RoomId, User,
        mask::glob,
        mode::UserMode,
        same::{Block, fold, parse_address},
    },
    protocol::irc::{
        call::{Call, Heading},
        caps::{Cap, CapSet},
        long::{Long, Scope, Who, push_prefixes},
        message::Params,
        numeric::*,
    },
};

/// What an answer to WHO holds.
#[derive(Debug)]
pub(in super::super) enum WhoFormat {
    /// `RPL_WHOREPLY`.
    Plain,
    /// `RPL_WHOSPCRPL`: these fields (IRCv3 whox), and a token.
    Fields { fields: Box<str>, token: Box<str> },
}

/// WHO ("Modern IRC", WHO message; IRCv3 whox).
pub(in super::super) fn who(call: &mut Call<'_>, params: &Params<'_>) {
    let (asked, options) = (params.at(0), params.at(1));
    let (flags, fields) = options.split_once('%').unwrap_or((options, ""));
    let format = if options.contains('%') {
        let (fields, token) = fields.split_once(',').unwrap_or((fields, ""));
        let is_token = (1..=3).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
        WhoFormat::Fields {
            fields: fields.into(),
            token: if is_token { token } else { "0" }.into(),
        }
    } else {
        WhoFormat::Plain
    };
    let scope = if asked.starts_with('#') {
        match call.find_room(asked) {
            Some(room) => Scope::Room {
                room,
                left: usize::MAX,
            },
            None => Scope::One(None),
        }
    } else if asked.contains(['*', '?']) || matches!(asked, "" | "0") {
        // No mask, or `0`, means everyone whom the client may see (RFC 2812 section 3.6.1).
        let mask = if matches!(asked, "" | "0") {
            "*"
        } else {
            asked
        };
        let mask = fold(mask).into();
        Scope::Matching { mask, slot: 0 }
    } else {
        match call.ctx.hub().find_user(asked) {
            Some(user) => Scope::One(Some(user)),
            None => Scope::Matching {
                mask: fold(asked).into(),
                slot: 0,
            },
        }
    };
    let who = Who {
        asked: asked.into(),
        operators: flags.contains('o'),
        scope,
    };
    call.start_long(Long::Who { who, format });
}

/// Whether WHO's mask means someone: by name, user name, host, server or realname. By the address that is not shown
/// for operators of the server alone.
pub(in super::super) fn is_meant(mask: &str, server: &str, reader: &User, user: &User) -> bool {
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

/// One line about one person. `room` is the one that was asked for.
#[allow(clippy::too_many_arguments)]
pub(in super::super) fn write_who(
    heading: Heading<'_>,
    hub: &Hub,
    reader: &User,
    user: &User,
    room: Option<RoomId>,
    format: &WhoFormat,
    caps: CapSet,
    out: &mut Vec<u8>,
) {
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
        push_prefixes(ranks, caps.has(Cap::MultiPrefix), &mut flags);
    }
    let WhoFormat::Fields { fields, token } = format else {
        return heading
            .numeric(RPL_WHOREPLY, out)
            .param(room_name)
            .param(user.username())
            .param(user.host())
            .param(heading.server)
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
    let mut line = heading.numeric(RPL_WHOSPCRPL, out);
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
            's' => line.param(heading.server),
            'n' => line.param(user.nick()),
            'f' => line.param(&flags),
            // Hops; seconds idle, which are shown by WHOIS; the account; the rank's level, which nobody uses.
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
