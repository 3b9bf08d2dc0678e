//! Operators of the server: OPER, KILL, KLINE, UNKLINE, WALLOPS, REHASH, DIE.

use crate::{
    chat::{Command, ServerBan, mask::ServerMask},
    protocol::{
        OperatorAction,
        irc::{
            codec::{message::Params, numeric::*},
            session::{
                request::Request,
                server_context::{DeferredRequest, TryAgain},
                state::Pending,
            },
        },
        seconds_to_wait,
    },
};
use std::time::Duration;

/// OPER. The password is checked while others are served; the answer comes when that is done, and does not reveal whether the
/// name exists.
pub(crate) fn oper(request: &mut Request<'_>, params: &Params<'_>) {
    match request.ctx.check_operator(params.at(0), params.at(1)) {
        Ok(()) => request.irc.cold().pending = Some(Pending::Oper { label: None }),
        Err(TryAgain::Busy) => request.reply(RPL_TRYAGAIN, &["OPER"]),
        Err(TryAgain::After(wait)) => {
            let seconds = seconds_to_wait(wait);
            request.reply_with(
                RPL_TRYAGAIN,
                &["OPER"],
                format_args!("Too many wrong passwords; try again in {seconds} seconds"),
            );
        }
    }
}

/// The password was right.
pub(crate) fn become_operator(request: &mut Request<'_>) {
    request.apply_or_refuse(Command::MakeOperator);
    request.reply(RPL_YOUREOPER, &[]);
    note(request, "OPER", "", "");
}

/// Leaves a trace of an action that was done.
fn note(request: &mut Request<'_>, command: &str, target: &str, text: &str) {
    request.flush();
    request.ctx.note_operator(&OperatorAction {
        command,
        target,
        text,
    });
}

/// Says so to those who are no operators.
fn lacks_right(request: &mut Request<'_>) -> bool {
    let lacks = !request.is_operator();
    if lacks {
        request.reply(ERR_NOPRIVILEGES, &[]);
    }
    lacks
}

/// KILL.
pub(crate) fn kill(request: &mut Request<'_>, params: &Params<'_>) {
    if lacks_right(request) {
        return;
    }
    let (nick, reason) = (params.at(0), params.get(1).unwrap_or("no reason given"));
    if *nick == *request.ctx.server_info().name {
        return request.reply(ERR_CANTKILLSERVER, &[]);
    }
    let hub = request.ctx.hub();
    let user = hub.find_user(nick).and_then(|user| hub.user(user));
    let target = user.map(|user| user.mask().to_string()).unwrap_or_default();
    match request.apply(Command::Kill { nick, reason }) {
        Ok(()) => note(request, "KILL", &target, reason),
        Err(refusal) => request.refuse(&refusal),
    }
}

/// KLINE: `[minutes] user@host [:reason]`.
pub(crate) fn kline(request: &mut Request<'_>, params: &Params<'_>) {
    if lacks_right(request) {
        return;
    }
    let minutes = params.at(0).parse::<u32>().ok();
    let at = usize::from(minutes.is_some());
    let Some(mask) = params.get(at).and_then(complete) else {
        return request.reply(ERR_NEEDMOREPARAMS, &["KLINE"]);
    };
    let reason = params.get(at + 1).unwrap_or("no reason given");
    let now = request.ctx.now().moment;
    let lasts = minutes.filter(|minutes| *minutes > 0);
    let until = lasts.map(|minutes| now.after(Duration::from_secs(u64::from(minutes) * 60)));
    let (prefix, _, _) = request.split();
    let by = prefix.client.into();
    let shown = mask.clone();
    if is_about_loopback(&mask) {
        // Before the ban, which may end this connection too.
        request.notice(format_args!(
            "{mask} meets everyone who comes through a proxy on this machine: they all have that address here"
        ));
    }
    request.flush();
    let is_new = request.ctx.add_ban(ServerBan {
        mask: mask.into(),
        reason: reason.into(),
        by,
        until,
    });
    let word = if is_new { "Added" } else { "Changed" };
    request.notice(format_args!("{word} the ban of {shown}"));
    let span = match minutes {
        Some(minutes @ 1..) => format!("{minutes} minutes: "),
        _ => String::new(),
    };
    note(request, "KLINE", &shown, &format!("{span}{reason}"));
}

/// Whether a mask names addresses of the server's own machine, which all clients of a proxy on it have.
fn is_about_loopback(mask: &str) -> bool {
    let host = mask.rsplit('@').next().unwrap_or_default();
    let address = host.split('/').next().unwrap_or_default();
    host.starts_with("127.") || address == "::1" || host == "localhost"
}

/// UNKLINE.
pub(crate) fn unkline(request: &mut Request<'_>, params: &Params<'_>) {
    if lacks_right(request) {
        return;
    }
    let mask = complete(params.at(0)).unwrap_or_default();
    if request.ctx.remove_ban(&mask) {
        request.notice(format_args!("Lifted the ban of {mask}"));
        note(request, "UNKLINE", &mask, "");
    } else {
        request.notice(format_args!("There is no ban of {}", params.at(0)));
    }
}

/// `user@host`; a word alone is a host. A mask that would ban everyone is refused, and a text that is no mask.
fn complete(typed: &str) -> Option<String> {
    let mask = ServerMask::parse(typed).filter(|mask| !mask.is_everyone())?;
    Some(mask.as_str().to_owned())
}

/// WALLOPS.
pub(crate) fn wallops(request: &mut Request<'_>, params: &Params<'_>) {
    let text = params.at(0);
    if !lacks_right(request) {
        request.apply_or_refuse(Command::Wallops { text });
    }
}

/// REHASH.
pub(crate) fn rehash(request: &mut Request<'_>, _params: &Params<'_>) {
    if !lacks_right(request) {
        request.ctx.defer(DeferredRequest::Rehash);
        request.reply(RPL_REHASHING, &["madang.toml"]);
        note(request, "REHASH", "", "");
    }
}

/// DIE.
pub(crate) fn die(request: &mut Request<'_>, _params: &Params<'_>) {
    if !lacks_right(request) {
        request.ctx.defer(DeferredRequest::Die);
        note(request, "DIE", "", "");
    }
}
