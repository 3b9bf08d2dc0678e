//! WHO and WHOX: what is asked for, and `paged_reply` answers.

use crate::{
    chat::same::fold,
    protocol::irc::{
        codec::message::Params,
        paged_reply::{PagedReply, Scope, Who, WhoFormat},
        session::request::Request,
    },
};

/// WHO ("Modern IRC", WHO message; IRCv3 whox).
pub(crate) fn who(request: &mut Request<'_>, params: &Params<'_>) {
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
        match request.find_room(asked) {
            Some(room) => Scope::Room {
                room,
                left: usize::MAX,
            },
            None => Scope::One(None),
        }
    } else if asked.contains(['*', '?']) || matches!(asked, "" | "0") {
        // No mask, or `0`, means all users whom the client may see (RFC 2812 section 3.6.1).
        let mask = if matches!(asked, "" | "0") {
            "*"
        } else {
            asked
        };
        let mask = fold(mask).into();
        Scope::Matching { mask, slot: 0 }
    } else {
        match request.ctx.hub().find_user(asked) {
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
    request.start_pages(PagedReply::Who { who, format });
}
