//! The server itself: LUSERS, MOTD, VERSION, TIME, INFO, ADMIN, LINKS, STATS, HELP.

use super::super::{help, table};
use crate::{
    chat::{
        effort,
        mask::{fold, glob},
    },
    protocol::irc::{
        call::Call,
        caps::Cap,
        label,
        message::Params,
        numeric::*,
        server_context::ServerInfo,
        time::{Iso, unix},
    },
};

/// Whether a parameter that names a server means this one: by its name, a mask of it, or anyone here.
pub(super) fn is_here(call: &Call<'_>, target: &str) -> bool {
    let name = fold(&call.ctx.server_info().name);
    target.is_empty() || glob(&fold(target), &name) || call.ctx.hub().find_user(target).is_some()
}

/// Answers that there is no such server, if the parameter means another than this.
fn is_elsewhere(call: &mut Call<'_>, target: &str) -> bool {
    let elsewhere = !is_here(call, target);
    if elsewhere {
        call.reply(ERR_NOSUCHSERVER, &[target]);
    }
    elsewhere
}

/// ISUPPORT, which also those who know the command may ask for before registration (IRCv3 draft/extended-isupport).
pub(in super::super) fn isupport_command(call: &mut Call<'_>, _params: &Params<'_>) {
    if !call.irc.registered && !call.irc.caps.has(Cap::ExtendedIsupport) {
        return call.reply(ERR_NOTREGISTERED, &[]);
    }
    isupport(call);
}

/// What the server can do; a batch to those who know it as one.
pub(in super::super) fn isupport(call: &mut Call<'_>) {
    let in_batch = call.irc.caps.has(Cap::Batch) && call.irc.caps.has(Cap::ExtendedIsupport);
    let lines = call.ctx.server_info().isupport.clone();
    let before = if in_batch {
        call.take_out()
    } else {
        Vec::new()
    };
    for tokens in lines.iter() {
        let (heading, _, out) = call.parts();
        heading
            .numeric(RPL_ISUPPORT, out)
            .params(tokens)
            .words(RPL_ISUPPORT.words)
            .end();
    }
    if in_batch {
        let lines = call.take_out();
        let batch = call.next_batch();
        let (heading, _, out) = call.parts();
        out.extend(before);
        crate::protocol::irc::line::Line::new(out)
            .source(heading.server)
            .command("BATCH")
            .param(format_args!("+{batch}"))
            .param("draft/isupport")
            .end();
        label::put_in_batch(&lines, &batch, out);
        label::close(heading.server, &batch, out);
    }
}

/// LUSERS.
pub(in super::super) fn lusers_command(call: &mut Call<'_>, _params: &Params<'_>) {
    lusers(call);
}

/// How many there are of what ("Modern IRC", LUSERS message).
pub(in super::super) fn lusers(call: &mut Call<'_>) {
    let hub = call.ctx.hub();
    let (counts, users, rooms) = (hub.counts(), hub.user_count(), hub.room_count());
    let nameless = call.ctx.nameless_count();
    let visible = users.saturating_sub(counts.invisible).to_string();
    let [users, peak] = [users, counts.peak].map(|count| count.to_string());
    let invisible = counts.invisible.to_string();
    // Everyone who comes in is told all this: put together, not formatted, it is a third of the work.
    let words = [
        "There are ",
        &visible,
        " users and ",
        &invisible,
        " invisible on 1 servers",
    ];
    call.reply_words(RPL_LUSERCLIENT, &[], &words.concat());
    call.reply(RPL_LUSEROP, &[&counts.operators.to_string()]);
    call.reply(RPL_LUSERUNKNOWN, &[&nameless.to_string()]);
    call.reply(RPL_LUSERCHANNELS, &[&rooms.to_string()]);
    let words = ["I have ", &users, " clients and 0 servers"];
    call.reply_words(RPL_LUSERME, &[], &words.concat());
    for (numeric, whose) in [(RPL_LOCALUSERS, "local"), (RPL_GLOBALUSERS, "global")] {
        let words = ["Current ", whose, " users ", &users, ", max ", &peak];
        call.reply_words(numeric, &[&users, &peak], &words.concat());
    }
}

/// MOTD.
pub(in super::super) fn motd_command(call: &mut Call<'_>, params: &Params<'_>) {
    if !is_elsewhere(call, params.at(0)) {
        motd(call);
    }
}

/// The message of the day.
pub(in super::super) fn motd(call: &mut Call<'_>) {
    let Some(lines) = call.ctx.server_info().motd.clone() else {
        return call.reply(ERR_NOMOTD, &[]);
    };
    let name = call.ctx.server_info().name.clone();
    call.reply_with(
        RPL_MOTDSTART,
        &[],
        format_args!("- {name} Message of the day - "),
    );
    for line in &lines {
        call.reply_with(RPL_MOTD, &[], format_args!("- {line}"));
    }
    call.reply(RPL_ENDOFMOTD, &[]);
}

/// VERSION.
pub(in super::super) fn version(call: &mut Call<'_>, params: &Params<'_>) {
    if is_elsewhere(call, params.at(0)) {
        return;
    }
    let server_info = call.ctx.server_info();
    let (name, words) = (server_info.name.clone(), server_info.description.clone());
    call.reply_with(RPL_VERSION, &[ServerInfo::VERSION, &name], words);
    isupport(call);
}

/// TIME.
pub(in super::super) fn time(call: &mut Call<'_>, params: &Params<'_>) {
    if is_elsewhere(call, params.at(0)) {
        return;
    }
    let name = call.ctx.server_info().name.clone();
    let now = call.ctx.now().wall;
    call.reply_with(RPL_TIME, &[&name, &unix(now).to_string(), "0"], Iso(now));
}

/// INFO.
pub(in super::super) fn info(call: &mut Call<'_>, params: &Params<'_>) {
    if is_elsewhere(call, params.at(0)) {
        return;
    }
    let started = Iso(call.ctx.server_info().started.wall);
    for words in [
        format!("This is {}, a multi-user chat server.", ServerInfo::VERSION),
        "One process, one thread and one readiness loop; IRC, telnet and the rest stand in the same rooms.".into(),
        format!("It has been running since {started}."),
    ] {
        call.reply_with(RPL_INFO, &[], words);
    }
    call.reply(RPL_ENDOFINFO, &[]);
}

/// ADMIN.
pub(in super::super) fn admin(call: &mut Call<'_>, params: &Params<'_>) {
    if is_elsewhere(call, params.at(0)) {
        return;
    }
    let server_info = call.ctx.server_info();
    let (name, network, words) = (
        server_info.name.clone(),
        server_info.network.clone(),
        server_info.description.clone(),
    );
    call.reply(RPL_ADMINME, &[&name]);
    call.reply_with(RPL_ADMINLOC1, &[], words);
    call.reply_with(RPL_ADMINLOC2, &[], network);
    call.reply_with(
        RPL_ADMINEMAIL,
        &[],
        "Ask the operators of this server; WHO * o lists those who are here",
    );
}

/// LINKS: one server.
pub(in super::super) fn links(call: &mut Call<'_>, params: &Params<'_>) {
    let mask = params.get(1).or(params.get(0)).unwrap_or("*");
    let server_info = call.ctx.server_info();
    let (name, words) = (server_info.name.clone(), server_info.description.clone());
    if glob(&fold(mask), &fold(&name)) {
        call.reply_with(RPL_LINKS, &[&name, &name], format_args!("0 {words}"));
    }
    call.reply(RPL_ENDOFLINKS, &[mask]);
}

/// STATS.
pub(in super::super) fn stats(call: &mut Call<'_>, params: &Params<'_>) {
    let Some(letter) = params.get(0) else {
        return call.reply(ERR_NEEDMOREPARAMS, &["STATS"]);
    };
    if is_elsewhere(call, params.at(1)) {
        return;
    }
    let is_operator = call.is_operator();
    match letter {
        "u" => {
            let uptime = call
                .ctx
                .now()
                .moment
                .since(call.ctx.server_info().started.moment);
            let seconds = uptime.as_secs();
            let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
            let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
            call.reply_with(
                RPL_STATSUPTIME,
                &[],
                format_args!("Server Up {days} days {hours}:{minutes:02}:{seconds:02}"),
            );
        }
        "o" | "O" | "l" | "L" | "m" | "M" | "k" | "K" if !is_operator => {
            call.reply(ERR_NOPRIVILEGES, &[]);
        }
        "o" | "O" => {
            for name in call.ctx.server_info().operators.clone() {
                call.reply_params(RPL_STATSOLINE, &["O", "*", "*", &name]);
            }
        }
        "l" | "L" => {
            let hub = call.ctx.hub();
            let words = format!("{} people, {} rooms", hub.user_count(), hub.room_count());
            call.notice(words);
        }
        "m" | "M" => {
            for entry in &table::COMMANDS {
                call.reply_params(RPL_STATSCOMMANDS, &[entry.name, "0"]);
            }
        }
        "k" | "K" => {
            let (heading, hub, out) = call.parts();
            let bans = hub.server_bans();
            hub.charge_each(bans.len(), effort::LISTED);
            for ban in bans {
                let text = format_args!("{} by {}: {}", ban.mask, ban.by, ban.reason);
                heading.notice(text, out);
            }
        }
        _ => {}
    }
    call.reply(RPL_ENDOFSTATS, &[letter]);
}

/// HELP ("Modern IRC", HELP message).
pub(in super::super) fn help(call: &mut Call<'_>, params: &Params<'_>) {
    let Some(subject) = params.get(0).filter(|subject| *subject != "*") else {
        return list_help(call);
    };
    let Some(entry) = table::find(subject) else {
        return call.reply(ERR_HELPNOTFOUND, &[subject]);
    };
    let (first, rest) = help::of(entry.name).split_first().unwrap_or((&"", &[]));
    call.reply_with(RPL_HELPSTART, &[entry.name], first);
    for words in rest {
        call.reply_with(RPL_HELPTXT, &[entry.name], words);
    }
    call.reply(RPL_ENDOFHELP, &[entry.name]);
}

fn list_help(call: &mut Call<'_>) {
    call.reply_with(
        RPL_HELPSTART,
        &["*"],
        "HELP <command> tells more. There are:",
    );
    for entries in table::COMMANDS.chunks(8) {
        let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        call.reply_with(RPL_HELPTXT, &["*"], names.join(" "));
    }
    call.reply(RPL_ENDOFHELP, &["*"]);
}
