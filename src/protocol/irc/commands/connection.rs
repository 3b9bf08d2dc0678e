//! One's own connection: NICK, PING, PONG, QUIT, AWAY, SETNAME.

use crate::{
    chat::{Command, Nick, Refusal, cut},
    protocol::irc::{
        caps::Cap,
        codec::{message::Params, numeric::*},
        session::{register, request::Request},
    },
};

/// NICK ("Modern IRC", NICK message).
pub(crate) fn nick(request: &mut Request<'_>, params: &Params<'_>) {
    let Some(text) = params.get(0) else {
        return request.reply(ERR_NONICKNAMEGIVEN, &[]);
    };
    if !request.irc.registered {
        return register::nick(request, params);
    }
    let nick = match Nick::parse(text, request.ctx.hub().rules()) {
        Ok(nick) => nick,
        Err(error) => return request.refuse_nick(text, error),
    };
    match request.apply(Command::Rename { nick }) {
        Err(Refusal::NickTaken { .. } | Refusal::LooksLike { .. }) => {
            request.reply(ERR_NICKNAMEINUSE, &[text]);
        }
        Err(refusal) => request.refuse(&refusal),
        Ok(()) => {}
    }
}

/// PING.
pub(crate) fn ping(request: &mut Request<'_>, params: &Params<'_>) {
    if params.is_empty() {
        return request.reply(ERR_NEEDMOREPARAMS, &["PING"]);
    }
    let Some(token) = params.get(0) else {
        return request.reply(ERR_NOORIGIN, &[]);
    };
    let name = request.ctx.server_info().name.clone();
    request.line(|line| line.command("PONG").param(&name).text(token));
}

/// PONG: that it came is all there is to it.
pub(crate) fn pong(_call: &mut Request<'_>, _params: &Params<'_>) {}

/// QUIT. A prefix keeps a quitter from looking like one whose connection broke.
pub(crate) fn quit(request: &mut Request<'_>, params: &Params<'_>) {
    let quit = match params.get(0) {
        Some(reason) => format!("Quit: {reason}"),
        None => "Quit".to_owned(),
    };
    request.end(&quit, &quit);
}

/// AWAY.
pub(crate) fn away(request: &mut Request<'_>, params: &Params<'_>) {
    if !request.irc.registered {
        return register::away(request, params);
    }
    let limit = request.ctx.hub().limits().away_bytes;
    let text = params.get(0).map(|text| cut(text, limit));
    if let Err(refusal) = request.apply(Command::SetAway { text }) {
        return request.refuse(&refusal);
    }
    let numeric = match text {
        Some(_) => RPL_NOWAWAY,
        None => RPL_UNAWAY,
    };
    request.reply(numeric, &[]);
}

/// SETNAME (IRCv3 setname). For clients that did not ask for the capability there is no such command, as with TAGMSG.
pub(crate) fn setname(request: &mut Request<'_>, params: &Params<'_>) {
    if !request.irc.caps.has(Cap::SetName) {
        return request.reply(ERR_UNKNOWNCOMMAND, &["SETNAME"]);
    }
    match request.apply(Command::SetRealname { text: params.at(0) }) {
        Err(refusal @ Refusal::RealnameTooLong { .. }) => {
            request.fail("SETNAME", "INVALID_REALNAME", &[], &refusal.to_string());
        }
        Err(refusal) => request.refuse(&refusal),
        Ok(()) => {}
    }
}
