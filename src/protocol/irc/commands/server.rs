//! The server itself: LUSERS, MOTD, VERSION, TIME, INFO, ADMIN, LINKS, STATS, HELP.

use super::help;
use crate::{
    chat::{
        effort,
        mask::{fold, glob},
    },
    protocol::{
        irc::{
            caps::Cap,
            codec::{line::Line, message::Params, numeric::*},
            session::{label, request::Request, server_context::ServerInfo},
        },
        time::{Iso, unix},
    },
};

/// Whether a parameter that names a server means this one: by its name, a mask of it, or anyone here.
pub(super) fn is_here(request: &Request<'_>, target: &str) -> bool {
    let name = fold(&request.ctx.server_info().name);
    target.is_empty() || glob(&fold(target), &name) || request.ctx.hub().find_user(target).is_some()
}

/// Answers that there is no such server, if the parameter means another than this.
fn is_elsewhere(request: &mut Request<'_>, target: &str) -> bool {
    let elsewhere = !is_here(request, target);
    if elsewhere {
        request.reply(ERR_NOSUCHSERVER, &[target]);
    }
    elsewhere
}

/// ISUPPORT, which also those who know the command may ask for before registration (IRCv3 draft/extended-isupport).
pub(crate) fn isupport_command(request: &mut Request<'_>, _params: &Params<'_>) {
    if !request.irc.registered && !request.irc.caps.has(Cap::ExtendedIsupport) {
        return request.reply(ERR_NOTREGISTERED, &[]);
    }
    isupport(request);
}

/// ISUPPORT's lines; a batch for clients that asked for one.
pub(crate) fn isupport(request: &mut Request<'_>) {
    let in_batch = request.irc.caps.has(Cap::Batch) && request.irc.caps.has(Cap::ExtendedIsupport);
    let (_, _, out) = request.split();
    let start = out.len();
    request.ready(|info| &info.isupport);
    if in_batch {
        let batch = request.irc.next_batch();
        let (prefix, _, out) = request.split();
        let lines = out.split_off(start);
        Line::new(out)
            .source(prefix.server)
            .command("BATCH")
            .param(format_args!("+{batch}"))
            .param("draft/isupport")
            .end();
        label::put_in_batch(&lines, &batch, out);
        label::close(prefix.server, &batch, out);
    }
}

/// LUSERS.
pub(crate) fn lusers_command(request: &mut Request<'_>, _params: &Params<'_>) {
    lusers(request);
}

/// How many there are of what ("Modern IRC", LUSERS message).
pub(crate) fn lusers(request: &mut Request<'_>) {
    let nameless = request.ctx.nameless_count().to_string();
    let (prefix, hub, out) = request.split();
    let (counts, users, rooms) = (hub.counts(), hub.user_count(), hub.room_count());
    let visible = users.saturating_sub(counts.invisible).to_string();
    let [users, peak] = [users, counts.peak].map(|count| count.to_string());
    let invisible = counts.invisible.to_string();
    // Each client gets all this when it registers: put together, not formatted, it is a third of the work.
    let words = [
        "There are ",
        &visible,
        " users and ",
        &invisible,
        " invisible on 1 servers",
    ];
    let line = prefix.numeric(RPL_LUSERCLIENT, out);
    line.words(&words.concat()).end();
    for (numeric, count) in [
        (RPL_LUSEROP, counts.operators.to_string()),
        (RPL_LUSERUNKNOWN, nameless),
        (RPL_LUSERCHANNELS, rooms.to_string()),
    ] {
        let line = prefix.numeric(numeric, out);
        line.word(&count).words(numeric.words).end();
    }
    let words = ["I have ", &users, " clients and 0 servers"];
    let line = prefix.numeric(RPL_LUSERME, out);
    line.words(&words.concat()).end();
    for (numeric, whose) in [(RPL_LOCALUSERS, "local"), (RPL_GLOBALUSERS, "global")] {
        let words = ["Current ", whose, " users ", &users, ", max ", &peak];
        let line = prefix.numeric(numeric, out).word(&users).word(&peak);
        line.words(&words.concat()).end();
    }
}

/// The message of the day of a server whose host has written none.
pub const DEFAULT_MOTD: [&str; 8] = [
    "Welcome! This is madang, a chat server for IRC clients, web browsers and telnet.",
    "",
    "/list            lists the rooms; newcomers meet in #lobby",
    "/join #room      enters a room, or opens a new one",
    "/msg NICK TEXT   sends a message to one person alone",
    "/quote HELP      lists all commands of this server",
    "",
    "The host of this server can put another text here: [server] motd.",
];

/// MOTD.
pub(crate) fn motd_command(request: &mut Request<'_>, params: &Params<'_>) {
    if !is_elsewhere(request, params.at(0)) {
        motd(request);
    }
}

/// The message of the day.
pub(crate) fn motd(request: &mut Request<'_>) {
    request.ready(|info| &info.motd);
}

/// VERSION.
pub(crate) fn version(request: &mut Request<'_>, params: &Params<'_>) {
    if is_elsewhere(request, params.at(0)) {
        return;
    }
    let server_info = request.ctx.server_info();
    let (name, words) = (server_info.name.clone(), server_info.description.clone());
    request.reply_with(RPL_VERSION, &[ServerInfo::VERSION, &name], words);
    isupport(request);
}

/// TIME.
pub(crate) fn time(request: &mut Request<'_>, params: &Params<'_>) {
    if is_elsewhere(request, params.at(0)) {
        return;
    }
    let name = request.ctx.server_info().name.clone();
    let now = request.ctx.now().wall;
    request.reply_with(RPL_TIME, &[&name, &unix(now).to_string(), "0"], Iso(now));
}

/// INFO.
pub(crate) fn info(request: &mut Request<'_>, params: &Params<'_>) {
    if is_elsewhere(request, params.at(0)) {
        return;
    }
    let started = Iso(request.ctx.server_info().started.wall);
    for words in [
        format!("This is {}, a multi-user chat server.", ServerInfo::VERSION),
        "One process, one thread and one readiness loop; IRC, telnet and the rest stand in the same rooms.".into(),
        format!("It has been running since {started}."),
    ] {
        request.reply_with(RPL_INFO, &[], words);
    }
    request.reply(RPL_ENDOFINFO, &[]);
}

/// ADMIN.
pub(crate) fn admin(request: &mut Request<'_>, params: &Params<'_>) {
    if is_elsewhere(request, params.at(0)) {
        return;
    }
    let server_info = request.ctx.server_info();
    let (name, network, words) = (
        server_info.name.clone(),
        server_info.network.clone(),
        server_info.description.clone(),
    );
    request.reply(RPL_ADMINME, &[&name]);
    request.reply_with(RPL_ADMINLOC1, &[], words);
    request.reply_with(RPL_ADMINLOC2, &[], network);
    request.reply_with(
        RPL_ADMINEMAIL,
        &[],
        "Ask the operators of this server; WHO * o lists those who are here",
    );
}

/// LINKS: one server.
pub(crate) fn links(request: &mut Request<'_>, params: &Params<'_>) {
    let mask = params.get(1).or(params.get(0)).unwrap_or("*");
    let server_info = request.ctx.server_info();
    let (name, words) = (server_info.name.clone(), server_info.description.clone());
    if glob(&fold(mask), &fold(&name)) {
        request.reply_with(RPL_LINKS, &[&name, &name], format_args!("0 {words}"));
    }
    request.reply(RPL_ENDOFLINKS, &[mask]);
}

/// STATS.
pub(crate) fn stats(request: &mut Request<'_>, params: &Params<'_>) {
    let Some(letter) = params.get(0) else {
        return request.reply(ERR_NEEDMOREPARAMS, &["STATS"]);
    };
    if is_elsewhere(request, params.at(1)) {
        return;
    }
    let is_operator = request.is_operator();
    match letter {
        "u" => {
            let uptime = request
                .ctx
                .now()
                .moment
                .since(request.ctx.server_info().started.moment);
            let seconds = uptime.as_secs();
            let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
            let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
            request.reply_with(
                RPL_STATSUPTIME,
                &[],
                format_args!("Server Up {days} days {hours}:{minutes:02}:{seconds:02}"),
            );
        }
        "o" | "O" | "l" | "L" | "m" | "M" | "k" | "K" if !is_operator => {
            request.reply(ERR_NOPRIVILEGES, &[]);
        }
        "o" | "O" => {
            for name in request.ctx.server_info().operators.clone() {
                request.reply_params(RPL_STATSOLINE, &["O", "*", "*", &name]);
            }
        }
        "l" | "L" => {
            let hub = request.ctx.hub();
            let words = format!("{} people, {} rooms", hub.user_count(), hub.room_count());
            request.notice(words);
        }
        "m" | "M" => {
            for name in help::names() {
                request.reply_params(RPL_STATSCOMMANDS, &[name, "0"]);
            }
        }
        "k" | "K" => {
            let (prefix, hub, out) = request.split();
            let bans = hub.server_bans();
            hub.charge_each(bans.len(), effort::LISTED);
            for ban in bans {
                let text = format_args!("{} by {}: {}", ban.mask, ban.by, ban.reason);
                prefix.notice(text, out);
            }
        }
        _ => {}
    }
    request.reply(RPL_ENDOFSTATS, &[letter]);
}

/// HELP ("Modern IRC", HELP message).
pub(crate) fn help(request: &mut Request<'_>, params: &Params<'_>) {
    let Some(subject) = params.get(0).filter(|subject| *subject != "*") else {
        return list_help(request);
    };
    let Some((name, lines)) = help::find(subject) else {
        return request.reply(ERR_HELPNOTFOUND, &[subject]);
    };
    let (first, rest) = lines.split_first().unwrap_or((&"", &[]));
    request.reply_with(RPL_HELPSTART, &[name], first);
    for words in rest {
        request.reply_with(RPL_HELPTXT, &[name], words);
    }
    request.reply(RPL_ENDOFHELP, &[name]);
}

fn list_help(request: &mut Request<'_>) {
    request.reply_with(
        RPL_HELPSTART,
        &["*"],
        "HELP <command> tells more. There are:",
    );
    let names: Vec<_> = help::names().collect();
    for names in names.chunks(8) {
        request.reply_with(RPL_HELPTXT, &["*"], names.join(" "));
    }
    request.reply(RPL_ENDOFHELP, &["*"]);
}
