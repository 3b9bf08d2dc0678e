//! Operators of the server: OPER, KILL, KLINE, UNKLINE, WALLOPS, REHASH, DIE.

use crate::{
    chat::{Command, ServerBan, mask::ServerMask},
    protocol::{
        irc::{
            Busy,
            call::Call,
            message::Params,
            numeric::*,
            server_context::{DeferredRequest, TryAgain},
        },
        seconds_to_wait,
    },
};
use std::time::Duration;

/// OPER. The password is checked while others are served; the answer comes when that is done, and tells nobody whether the
/// name exists.
pub(in super::super) fn oper(call: &mut Call<'_>, params: &Params<'_>) {
    match call.ctx.check_operator(params.at(0), params.at(1)) {
        Ok(()) => call.irc.desk().busy = Some(Busy::Oper { label: None }),
        Err(TryAgain::Busy) => call.reply(RPL_TRYAGAIN, &["OPER"]),
        Err(TryAgain::After(wait)) => {
            let seconds = seconds_to_wait(wait);
            call.reply_with(
                RPL_TRYAGAIN,
                &["OPER"],
                format_args!("Too many wrong passwords; try again in {seconds} seconds"),
            );
        }
    }
}

/// The password was right.
pub(in super::super) fn become_operator(call: &mut Call<'_>) {
    call.apply_or_refuse(Command::MakeOperator);
    call.reply(RPL_YOUREOPER, &[]);
}

/// Says so to those who are no operators.
fn lacks_right(call: &mut Call<'_>) -> bool {
    let lacks = !call.is_operator();
    if lacks {
        call.reply(ERR_NOPRIVILEGES, &[]);
    }
    lacks
}

/// KILL.
pub(in super::super) fn kill(call: &mut Call<'_>, params: &Params<'_>) {
    if lacks_right(call) {
        return;
    }
    let (nick, reason) = (params.at(0), params.get(1).unwrap_or("no reason given"));
    if *nick == *call.ctx.server_info().name {
        return call.reply(ERR_CANTKILLSERVER, &[]);
    }
    call.apply_or_refuse(Command::Kill { nick, reason });
}

/// KLINE: `[minutes] user@host [:reason]`.
pub(in super::super) fn kline(call: &mut Call<'_>, params: &Params<'_>) {
    if lacks_right(call) {
        return;
    }
    let minutes = params.at(0).parse::<u32>().ok();
    let at = usize::from(minutes.is_some());
    let Some(mask) = params.get(at).and_then(complete) else {
        return call.reply(ERR_NEEDMOREPARAMS, &["KLINE"]);
    };
    let reason = params.get(at + 1).unwrap_or("no reason given");
    let now = call.ctx.now().moment;
    let lasts = minutes.filter(|minutes| *minutes > 0);
    let until = lasts.map(|minutes| now.after(Duration::from_secs(u64::from(minutes) * 60)));
    let (heading, _, _) = call.parts();
    let by = heading.client.into();
    let shown = mask.clone();
    if is_about_loopback(&mask) {
        // Before the ban, which may end this connection too.
        call.notice(format_args!(
            "{mask} meets everyone who comes through a proxy on this machine: they all have that address here"
        ));
    }
    call.flush();
    let is_new = call.ctx.add_ban(ServerBan {
        mask: mask.into(),
        reason: reason.into(),
        by,
        until,
    });
    let word = if is_new { "Added" } else { "Changed" };
    call.notice(format_args!("{word} the ban of {shown}"));
}

/// Whether a mask names addresses of the server's own machine, which everyone behind a proxy on it has.
fn is_about_loopback(mask: &str) -> bool {
    let host = mask.rsplit('@').next().unwrap_or_default();
    let address = host.split('/').next().unwrap_or_default();
    host.starts_with("127.") || address == "::1" || host == "localhost"
}

/// UNKLINE.
pub(in super::super) fn unkline(call: &mut Call<'_>, params: &Params<'_>) {
    if lacks_right(call) {
        return;
    }
    let mask = complete(params.at(0)).unwrap_or_default();
    if call.ctx.remove_ban(&mask) {
        call.notice(format_args!("Lifted the ban of {mask}"));
    } else {
        call.notice(format_args!("There is no ban of {}", params.at(0)));
    }
}

/// `user@host`; a word alone is a host. What would ban everyone is refused, and what makes no mask.
fn complete(typed: &str) -> Option<String> {
    let mask = ServerMask::parse(typed).filter(|mask| !mask.is_everyone())?;
    Some(mask.as_str().to_owned())
}

/// WALLOPS.
pub(in super::super) fn wallops(call: &mut Call<'_>, params: &Params<'_>) {
    let text = params.at(0);
    if !lacks_right(call) {
        call.apply_or_refuse(Command::Wallops { text });
    }
}

/// REHASH.
pub(in super::super) fn rehash(call: &mut Call<'_>, _params: &Params<'_>) {
    if !lacks_right(call) {
        call.ctx.wish(DeferredRequest::Rehash);
        call.reply(RPL_REHASHING, &["madang.toml"]);
    }
}

/// DIE.
pub(in super::super) fn die(call: &mut Call<'_>, _params: &Params<'_>) {
    if !lacks_right(call) {
        call.ctx.wish(DeferredRequest::Die);
    }
}
