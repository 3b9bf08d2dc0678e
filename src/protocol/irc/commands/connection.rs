//! One's own connection: NICK, PING, PONG, QUIT, AWAY, SETNAME.

use crate::{
    chat::{Command, Nick, Refusal, cut},
    protocol::irc::{call::Call, caps::Cap, message::Params, numeric::*, register},
};

/// NICK ("Modern IRC", NICK message).
pub(in super::super) fn nick(call: &mut Call<'_>, params: &Params<'_>) {
    let Some(text) = params.get(0) else {
        return call.reply(ERR_NONICKNAMEGIVEN, &[]);
    };
    if !call.irc.registered {
        return register::nick(call, params);
    }
    let nick = match Nick::parse(text, call.ctx.hub().rules()) {
        Ok(nick) => nick,
        Err(error) => return call.refuse_nick(text, error),
    };
    match call.apply(Command::Rename { nick }) {
        Err(Refusal::NickTaken { .. } | Refusal::LooksLike { .. }) => {
            call.reply(ERR_NICKNAMEINUSE, &[text]);
        }
        Err(refusal) => call.refuse(&refusal),
        Ok(()) => {}
    }
}

/// PING.
pub(in super::super) fn ping(call: &mut Call<'_>, params: &Params<'_>) {
    if params.is_empty() {
        return call.reply(ERR_NEEDMOREPARAMS, &["PING"]);
    }
    let Some(token) = params.get(0) else {
        return call.reply(ERR_NOORIGIN, &[]);
    };
    let name = call.ctx.server_info().name.clone();
    call.line(|line| line.command("PONG").param(&name).text(token));
}

/// PONG: that it came is all there is to it.
pub(in super::super) fn pong(_call: &mut Call<'_>, _params: &Params<'_>) {}

/// QUIT. A prefix keeps a quitter from looking like one whose connection broke.
pub(in super::super) fn quit(call: &mut Call<'_>, params: &Params<'_>) {
    let quit = match params.get(0) {
        Some(reason) => format!("Quit: {reason}"),
        None => "Quit".to_owned(),
    };
    call.end(&quit, &quit);
}

/// AWAY.
pub(in super::super) fn away(call: &mut Call<'_>, params: &Params<'_>) {
    if !call.irc.registered {
        return register::away(call, params);
    }
    let limit = call.ctx.hub().limits().away_bytes;
    let text = params.get(0).map(|text| cut(text, limit));
    if let Err(refusal) = call.apply(Command::SetAway { text }) {
        return call.refuse(&refusal);
    }
    let numeric = match text {
        Some(_) => RPL_NOWAWAY,
        None => RPL_UNAWAY,
    };
    call.reply(numeric, &[]);
}

/// SETNAME (IRCv3 setname). For clients that did not ask for the capability there is no such command, as with TAGMSG.
pub(in super::super) fn setname(call: &mut Call<'_>, params: &Params<'_>) {
    if !call.irc.caps.has(Cap::SetName) {
        return call.reply(ERR_UNKNOWNCOMMAND, &["SETNAME"]);
    }
    match call.apply(Command::SetRealname { text: params.at(0) }) {
        Err(refusal @ Refusal::RealnameTooLong { .. }) => {
            call.fail("SETNAME", "INVALID_REALNAME", &[], &refusal.to_string());
        }
        Err(refusal) => call.refuse(&refusal),
        Ok(()) => {}
    }
}
