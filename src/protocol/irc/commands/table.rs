//! The table of commands, and the way of a message to its handler.
//!
//! Invariants: the table is sorted by name; no handler is called with fewer parameters than its row asks for, nor
//! before or after registration if the row does not allow it. Owns names and arities; does not know what the commands
//! do.

use super::{
    authenticate, caps, chathistory, connection, lists, markread, messages, modes, multiline,
    nickserv, operators, people, register_account, rooms, server, webirc, who,
};
use crate::protocol::irc::{
    codec::{
        message::{Message, Params},
        numeric::*,
    },
    session::{register, request::Request, resume},
};
use When::{After, Always, Before};

/// When a command may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// After registration.
    After,
    /// At any time.
    Always,
    /// Before registration; afterwards `ERR_ALREADYREGISTERED`.
    Before,
}

/// One command.
pub(crate) struct Entry {
    /// As it is published, in capitals.
    pub(crate) name: &'static str,
    /// How many parameters there must be; the first of them must not be empty.
    pub(crate) params_min: usize,
    /// When it may be given.
    pub(crate) when: When,
    /// Does it.
    pub(crate) run: Run,
}

/// How a command is done.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// With its parameters.
    Params(fn(&mut Request<'_>, &Params<'_>)),
    /// With the whole message, for the tags count.
    Message(fn(&mut Request<'_>, &Message<'_>)),
}

const fn row(
    name: &'static str,
    params_min: usize,
    when: When,
    run: fn(&mut Request<'_>, &Params<'_>),
) -> Entry {
    let run = Run::Params(run);
    Entry {
        name,
        params_min,
        when,
        run,
    }
}

const fn tagged(
    name: &'static str,
    params_min: usize,
    run: fn(&mut Request<'_>, &Message<'_>),
) -> Entry {
    let (run, when) = (Run::Message(run), When::After);
    Entry {
        name,
        params_min,
        when,
        run,
    }
}

/// All commands, by name.
pub(crate) static COMMANDS: [Entry; 59] = [
    row("ADMIN", 0, After, server::admin),
    row("AUTHENTICATE", 1, Always, authenticate::authenticate),
    row("AWAY", 0, Always, connection::away),
    tagged("BATCH", 1, multiline::batch),
    row("CAP", 1, Always, caps::cap),
    row("CHANSERV", 0, After, nickserv::cs),
    row("CHATHISTORY", 0, After, chathistory::chathistory),
    row("CS", 0, After, nickserv::cs),
    row("DIE", 0, After, operators::die),
    row("HELP", 0, After, server::help),
    row("HELPOP", 0, After, server::help),
    row("INFO", 0, After, server::info),
    row("INVITE", 0, After, rooms::invite),
    row("ISON", 1, After, people::ison),
    row("ISUPPORT", 0, Always, server::isupport_command),
    row("JOIN", 1, After, rooms::join),
    row("KICK", 2, After, rooms::kick),
    row("KILL", 1, After, operators::kill),
    row("KLINE", 1, After, operators::kline),
    row("KNOCK", 1, After, rooms::knock),
    row("LINKS", 0, After, server::links),
    row("LIST", 0, After, lists::list),
    row("LUSERS", 0, After, server::lusers_command),
    row("MARKREAD", 0, After, markread::markread),
    row("MODE", 1, After, modes::mode),
    row("MONITOR", 1, After, people::monitor),
    row("MOTD", 0, After, server::motd_command),
    row("NAMES", 0, After, lists::names),
    row("NICK", 0, Always, connection::nick),
    row("NICKSERV", 0, After, nickserv::ns),
    tagged("NOTICE", 0, messages::notice),
    row("NS", 0, After, nickserv::ns),
    row("OPER", 2, After, operators::oper),
    row("PART", 1, After, rooms::part),
    row("PASS", 1, Before, register::pass),
    row("PING", 0, Always, connection::ping),
    row("PONG", 0, Always, connection::pong),
    tagged("PRIVMSG", 0, messages::privmsg),
    row("QUIT", 0, Always, connection::quit),
    tagged("REDACT", 2, messages::redact),
    row("REGISTER", 3, Always, register_account::register),
    row("REHASH", 0, After, operators::rehash),
    row("RENAME", 2, After, rooms::rename),
    row("RESUME", 1, Before, resume::resume),
    row("SETNAME", 1, After, connection::setname),
    row("STATS", 0, After, server::stats),
    tagged("TAGMSG", 1, messages::tagmsg),
    row("TIME", 0, After, server::time),
    row("TOPIC", 1, After, rooms::topic),
    row("UNKLINE", 1, After, operators::unkline),
    row("USER", 4, Before, register::user),
    row("USERHOST", 1, After, people::userhost),
    row("VERIFY", 2, Always, register_account::verify),
    row("VERSION", 0, After, server::version),
    row("WALLOPS", 1, After, operators::wallops),
    row("WEBIRC", 4, Before, webirc::webirc),
    row("WHO", 0, After, who::who),
    row("WHOIS", 0, After, people::whois),
    row("WHOWAS", 0, After, people::whowas),
];

/// Finds a command; its case does not count.
pub(super) fn find(name: &str) -> Option<&'static Entry> {
    let capitals = || name.bytes().map(|byte| byte.to_ascii_uppercase());
    let place = COMMANDS.binary_search_by(|entry| entry.name.bytes().cmp(capitals()));
    place.ok().map(|place| &COMMANDS[place])
}

/// Runs the command of a message.
pub(crate) fn dispatch(request: &mut Request<'_>, message: &Message<'_>) {
    if message.tags.has("batch") && multiline::take(request, message) {
        return;
    }
    let registered = request.irc.registered;
    let Some(entry) = find(message.command) else {
        let command = message.command;
        return if registered {
            request.reply(ERR_UNKNOWNCOMMAND, &[command]);
        } else {
            request.reply(ERR_NOTREGISTERED, &[]);
        };
    };
    match entry.when {
        When::After if !registered => return request.reply(ERR_NOTREGISTERED, &[]),
        When::Before if registered => return request.reply(ERR_ALREADYREGISTERED, &[]),
        _ => {}
    }
    let params = &message.params;
    let missing_first = entry.params_min > 0 && params.at(0).is_empty();
    if params.len() < entry.params_min || missing_first {
        return request.reply(ERR_NEEDMOREPARAMS, &[entry.name]);
    }
    match entry.run {
        Run::Params(run) => run(request, params),
        Run::Message(run) => run(request, message),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::help, *};

    #[test]
    fn each_name_finds_its_own_row_in_any_case() {
        assert!(COMMANDS.is_sorted_by_key(|entry| entry.name));
        assert!(COMMANDS.iter().map(|entry| entry.name).eq(help::names()));
        for entry in &COMMANDS {
            let found = find(&entry.name.to_lowercase()).map(|entry| entry.name);
            assert_eq!(found, Some(entry.name));
            let (_, help) = help::find(entry.name).expect("each command has a text");
            assert!(help.len() >= 2, "{} has a real help text", entry.name);
            assert!(help[0].starts_with(entry.name), "{}", entry.name);
        }
        assert!(find("").is_none() && find("PRIV").is_none() && find("PRIVMSGS").is_none());
    }
}
