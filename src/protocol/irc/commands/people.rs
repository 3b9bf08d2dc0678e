//! Queries about users: WHOIS, WHOWAS, USERHOST, ISON, MONITOR.

use crate::{
    chat::{
        Hub, Nick, RoomId, User, UserId, effort,
        mode::{Letter as _, UserMode},
    },
    protocol::{
        irc::{
            codec::{
                line::Line,
                message::Params,
                numeric::*,
                reply::{RankPrefixes, ReplyPrefix},
            },
            isupport::RECIPIENTS_MAX,
            monitor::TARGETS_MAX,
            paged_reply::{PagedReply, Whowas},
            session::request::Request,
        },
        time::unix,
    },
};

/// People in one USERHOST (RFC 2812 section 4.8).
const USERHOST_MAX: usize = 5;

/// WHOIS ("Modern IRC", WHOIS message). With two parameters the first names the server that shall answer.
pub(crate) fn whois(request: &mut Request<'_>, params: &Params<'_>) {
    let asked = if params.len() > 1 {
        if !super::server::is_here(request, params.at(0)) {
            return request.reply(ERR_NOSUCHSERVER, &[params.at(0)]);
        }
        params.at(1)
    } else {
        params.at(0)
    };
    if asked.is_empty() {
        return request.reply(ERR_NONICKNAMEGIVEN, &[]);
    }
    for nick in asked.split(',').take(RECIPIENTS_MAX) {
        match request.ctx.hub().find_user(nick) {
            Some(id) => describe(request, id),
            None => request.reply(ERR_NOSUCHNICK, &[nick]),
        }
    }
    request.reply(RPL_ENDOFWHOIS, &[asked]);
}

fn describe(request: &mut Request<'_>, id: UserId) {
    let description = request.ctx.server_info().description.clone();
    let now = request.ctx.now().moment;
    let Some((prefix, hub, out, me, reader)) = request.split_with_user() else {
        return;
    };
    let Some(user) = hub.user(id) else { return };
    hub.charge(effort::COMMAND);
    let nick = user.nick();
    let line = prefix.numeric(RPL_WHOISUSER, out).param(nick);
    let line = line.param(user.username()).param(user.host());
    line.param("*").text(user.realname()).end();
    write_rooms(prefix, hub, user, me, out);
    let line = prefix.numeric(RPL_WHOISSERVER, out).param(nick);
    line.param(prefix.server).text(description).end();
    if let Some(text) = user.away() {
        let line = prefix.numeric(RPL_AWAY, out).param(nick);
        line.text(text).end();
    }
    let facts = [
        (
            user.is_operator(),
            RPL_WHOISOPERATOR,
            RPL_WHOISOPERATOR.words,
        ),
        (
            user.modes().contains(UserMode::Bot),
            RPL_WHOISBOT,
            "is a bot",
        ),
        (user.is_secure(), RPL_WHOISSECURE, RPL_WHOISSECURE.words),
    ];
    for (_, numeric, words) in facts.into_iter().filter(|(is_true, _, _)| *is_true) {
        let line = prefix.numeric(numeric, out).param(nick);
        line.text(words).end();
    }
    if reader.is_operator() || id == me {
        if let Some(certificate) = user.certificate() {
            let line = prefix.numeric(RPL_WHOISCERTFP, out).param(nick);
            let words = RPL_WHOISCERTFP.words;
            line.text(format_args!("{words} {certificate}")).end();
        }
        write_origin(prefix, user, out);
    }
    if let Some(account) = user.account() {
        let line = prefix.numeric(RPL_WHOISACCOUNT, out).param(nick);
        line.param(account).text(RPL_WHOISACCOUNT.words).end();
    }
    let idle = now.since(user.last_spoke()).as_secs();
    let line = prefix.numeric(RPL_WHOISIDLE, out).param(nick);
    let line = line.param(idle).param(unix(user.entered()));
    line.text(RPL_WHOISIDLE.words).end();
}

/// A user's real address: for the user itself and for operators.
fn write_origin(prefix: ReplyPrefix<'_>, user: &User, out: &mut Vec<u8>) {
    let (nick, name, address) = (user.nick(), user.username(), user.address());
    let line = prefix.numeric(RPL_WHOISACTUALLY, out).param(nick);
    let line = line.param(format_args!("{name}@{address}")).param(address);
    line.text(RPL_WHOISACTUALLY.words).end();
    let line = prefix.numeric(RPL_WHOISHOST, out).param(nick);
    line.text(format_args!(
        "is connecting from {name}@{address} {address}"
    ))
    .end();
    let letters: String = user.modes().iter().map(|mode| mode.letter()).collect();
    let line = prefix.numeric(RPL_WHOISMODES, out).param(nick);
    line.text(format_args!("is using modes +{letters}")).end();
}

/// The rooms of a user that the reader may know of, with their prefixes.
fn write_rooms(prefix: ReplyPrefix<'_>, hub: &Hub, user: &User, me: UserId, out: &mut Vec<u8>) {
    let is_hidden = user.modes().contains(UserMode::Invisible) && user.id() != me;
    let may_know = |id: &RoomId| {
        let shared = hub.is_member(me, *id);
        shared || (!is_hidden && hub.is_visible(*id, me))
    };
    hub.charge_each(hub.rooms_of(user.id()).count(), effort::LISTED);
    let rooms = hub.rooms_of(user.id()).filter(may_know);
    let names = rooms.filter_map(|id| {
        let mut name = String::new();
        RankPrefixes::All.push(hub.ranks(user.id(), id), &mut name);
        Some(name + hub.room(id)?.name().as_str())
    });
    write_rows(names, ' ', out, |out| {
        prefix.numeric(RPL_WHOISCHANNELS, out).param(user.nick())
    });
}

/// Names in as many lines as it takes, each of which begins alike; none for no names.
fn write_rows(
    names: impl Iterator<Item = String>,
    gap: char,
    out: &mut Vec<u8>,
    begin: impl Fn(&mut Vec<u8>) -> Line<'_>,
) {
    let row_max = begin(out).text_room();
    let mut row = String::new();
    for name in names {
        if !row.is_empty() && row.len() + gap.len_utf8() + name.len() > row_max {
            begin(out).text(&row).end();
            row.clear();
        }
        if !row.is_empty() {
            row.push(gap);
        }
        row += &name;
    }
    if !row.is_empty() {
        begin(out).text(&row).end();
    }
}

/// WHOWAS: who bore a name before, the newest first.
pub(crate) fn whowas(request: &mut Request<'_>, params: &Params<'_>) {
    let Some(asked) = params.get(0) else {
        return request.reply(ERR_NONICKNAMEGIVEN, &[]);
    };
    let count: i64 = params.at(1).parse().unwrap_or(0);
    let count = usize::try_from(count).ok().filter(|count| *count > 0);
    request.start_pages(PagedReply::Whowas(Whowas {
        asked: asked.into(),
        told: 0,
        wanted: count.unwrap_or(usize::MAX),
    }));
}

/// USERHOST.
pub(crate) fn userhost(request: &mut Request<'_>, params: &Params<'_>) {
    let (prefix, hub, out) = request.split();
    let people = words(params)
        .take(USERHOST_MAX)
        .filter_map(|nick| hub.user(hub.find_user(nick)?));
    let answers: Vec<_> = people
        .map(|user| {
            let star = if user.is_operator() { "*" } else { "" };
            let sign = if user.away().is_some() { '-' } else { '+' };
            let (nick, name, host) = (user.nick(), user.username(), user.host());
            format!("{nick}{star}={sign}{name}@{host}")
        })
        .collect();
    let line = prefix.numeric(RPL_USERHOST, out);
    line.text(answers.join(" ")).end();
}

/// ISON.
pub(crate) fn ison(request: &mut Request<'_>, params: &Params<'_>) {
    let (prefix, hub, out) = request.split();
    hub.charge_each(words(params).count(), effort::LOOKED_UP);
    let people = words(params).filter_map(|nick| hub.user(hub.find_user(nick)?));
    let nicks: Vec<_> = people.map(|user| user.nick().as_str()).collect();
    let line = prefix.numeric(RPL_ISON, out);
    line.text(nicks.join(" ")).end();
}

/// The words of all parameters; old clients put them all into the last.
fn words<'p>(params: &'p Params<'_>) -> impl Iterator<Item = &'p str> {
    params
        .as_slice()
        .iter()
        .flat_map(|param| param.split(' '))
        .filter(|word| !word.is_empty())
}

/// MONITOR (IRCv3 monitor).
pub(crate) fn monitor(request: &mut Request<'_>, params: &Params<'_>) {
    match params.at(0) {
        "+" => watch(request, params.at(1)),
        "-" => forget(request, params.at(1)),
        "C" | "c" => {
            let watched = std::mem::take(&mut request.irc.cold().watched);
            for target in watched {
                forget_one(request, &target);
            }
        }
        "L" | "l" => {
            let watched = request.irc.cold().watched.clone();
            request.ctx.hub().charge_each(watched.len(), effort::LISTED);
            let names = watched.iter().map(|nick| nick.as_str().to_owned());
            write_lists(request, RPL_MONLIST, names.collect());
            request.reply(RPL_ENDOFMONLIST, &[]);
        }
        "S" | "s" => {
            let watched = request.irc.cold().watched.clone();
            tell_status(request, &watched);
        }
        _ => request.reply(ERR_NEEDMOREPARAMS, &["MONITOR"]),
    }
}

fn watch(request: &mut Request<'_>, names: &str) {
    let Some(session) = request.ctx.session() else {
        return;
    };
    let mut added = Vec::new();
    // The server as a whole may be out of memory for what users make it keep.
    let has_room = request.ctx.hub().has_room_to_keep();
    let mut names = names.split(',').filter(|name| !name.is_empty());
    while let Some(name) = names.next() {
        let Some(nick) = request.nick(name) else {
            continue;
        };
        let watched = &mut request.irc.cold().watched;
        request
            .ctx
            .hub()
            .charge_each(watched.len(), effort::LOOKED_AT);
        if !watched.contains(&nick) {
            if watched.len() >= TARGETS_MAX || !has_room {
                tell_status(request, &added);
                let rest = names.fold(name.to_owned(), |rest, name| rest + "," + name);
                let limit = TARGETS_MAX.to_string();
                return request.reply(ERR_MONLISTFULL, &[&limit, &rest]);
            }
            watched.push(nick.clone());
            request.ctx.watches().watch(session, &nick);
        }
        added.push(nick);
    }
    tell_status(request, &added);
}

fn forget(request: &mut Request<'_>, names: &str) {
    for name in names.split(',') {
        if let Some(nick) = request.nick(name) {
            let watched = request.irc.cold().watched.len();
            request
                .ctx
                .hub()
                .charge_each(1 + watched, effort::LOOKED_AT);
            request.irc.cold().watched.retain(|other| *other != nick);
            forget_one(request, &nick);
        }
    }
}

fn forget_one(request: &mut Request<'_>, target: &Nick) {
    if let Some(session) = request.ctx.session() {
        request.ctx.watches().forget(session, target);
    }
}

/// Which of these nicks are in use and which are not.
fn tell_status(request: &mut Request<'_>, targets: &[Nick]) {
    let hub = request.ctx.hub();
    hub.charge_each(targets.len(), effort::LOOKED_UP + effort::LISTED);
    let (mut here, mut gone) = (Vec::new(), Vec::new());
    for target in targets {
        let user = hub.find_user(target.as_str()).and_then(|id| hub.user(id));
        match user {
            Some(user) => here.push(user.mask().to_string()),
            None => gone.push(target.to_string()),
        }
    }
    write_lists(request, RPL_MONONLINE, here);
    write_lists(request, RPL_MONOFFLINE, gone);
}

/// Names joined by commas.
fn write_lists(request: &mut Request<'_>, numeric: Numeric, names: Vec<String>) {
    let (prefix, _, out) = request.split();
    write_rows(names.into_iter(), ',', out, |out| {
        prefix.numeric(numeric, out)
    });
}
