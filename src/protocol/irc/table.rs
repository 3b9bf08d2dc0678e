//! The table of commands, and the way of a message to its handler.
//!
//! Invariants: the table is sorted by name; no handler is called with fewer parameters than its row asks for, nor
//! before or after registration if the row does not allow it. Owns names and arities; does not know what the commands
//! do.

use super::{
    call::Call, commands as c, message::Message, message::Params, multiline, numeric::*, register,
};

/// When a command may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After registration.
    After,
    /// At any time.
    Always,
    /// Before registration; afterwards `ERR_ALREADYREGISTERED`.
    Before,
}

/// One command.
pub(super) struct Entry {
    /// As it is published, in capitals.
    pub(super) name: &'static str,
    /// How many parameters there must be; the first of them must not be empty.
    pub(super) params_min: usize,
    /// When it may be given.
    pub(super) when: When,
    /// Does it.
    pub(super) run: Run,
}

/// How a command is done.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// With its parameters.
    Params(fn(&mut Call<'_>, &Params<'_>)),
    /// With the whole message, for the tags count.
    Message(fn(&mut Call<'_>, &Message<'_>)),
}

const fn row(
    name: &'static str,
    params_min: usize,
    when: When,
    run: fn(&mut Call<'_>, &Params<'_>),
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
    run: fn(&mut Call<'_>, &Message<'_>),
) -> Entry {
    let (run, when) = (Run::Message(run), When::After);
    Entry {
        name,
        params_min,
        when,
        run,
    }
}

use When::{After, Always, Before};

/// All commands, by name.
pub(super) static COMMANDS: [Entry; 49] = [
    row("ADMIN", 0, After, c::admin),
    row("AUTHENTICATE", 1, Always, register::authenticate),
    row("AWAY", 0, Always, c::away),
    tagged("BATCH", 1, multiline::batch),
    row("CAP", 1, Always, c::cap),
    row("DIE", 0, After, c::die),
    row("HELP", 0, After, c::help),
    row("HELPOP", 0, After, c::help),
    row("INFO", 0, After, c::info),
    row("INVITE", 0, After, c::invite),
    row("ISON", 1, After, c::ison),
    row("ISUPPORT", 0, Always, c::isupport_command),
    row("JOIN", 1, After, c::join),
    row("KICK", 2, After, c::kick),
    row("KILL", 1, After, c::kill),
    row("KLINE", 1, After, c::kline),
    row("KNOCK", 1, After, c::knock),
    row("LINKS", 0, After, c::links),
    row("LIST", 0, After, c::list),
    row("LUSERS", 0, After, c::lusers_command),
    row("MODE", 1, After, c::mode),
    row("MONITOR", 1, After, c::monitor),
    row("MOTD", 0, After, c::motd_command),
    row("NAMES", 0, After, c::names),
    row("NICK", 0, Always, c::nick),
    tagged("NOTICE", 0, c::notice),
    row("OPER", 2, After, c::oper),
    row("PART", 1, After, c::part),
    row("PASS", 1, Before, register::pass),
    row("PING", 0, Always, c::ping),
    row("PONG", 0, Always, c::pong),
    tagged("PRIVMSG", 0, c::privmsg),
    row("QUIT", 0, Always, c::quit),
    tagged("REDACT", 2, c::redact),
    row("REHASH", 0, After, c::rehash),
    row("RENAME", 2, After, c::rename),
    row("SETNAME", 1, After, c::setname),
    row("STATS", 0, After, c::stats),
    tagged("TAGMSG", 1, c::tagmsg),
    row("TIME", 0, After, c::time),
    row("TOPIC", 1, After, c::topic),
    row("UNKLINE", 1, After, c::unkline),
    row("USER", 4, Before, register::user),
    row("USERHOST", 1, After, c::userhost),
    row("VERSION", 0, After, c::version),
    row("WALLOPS", 1, After, c::wallops),
    row("WHO", 0, After, c::who),
    row("WHOIS", 0, After, c::whois),
    row("WHOWAS", 0, After, c::whowas),
];

/// Finds a command; its case does not count.
pub(super) fn find(name: &str) -> Option<&'static Entry> {
    let capitals = || name.bytes().map(|byte| byte.to_ascii_uppercase());
    let place = COMMANDS.binary_search_by(|entry| entry.name.bytes().cmp(capitals()));
    place.ok().map(|place| &COMMANDS[place])
}

/// Does what a message says.
pub(super) fn dispatch(call: &mut Call<'_>, message: &Message<'_>) {
    if message.tags.has("batch") && multiline::take(call, message) {
        return;
    }
    let registered = call.irc.registered;
    let Some(entry) = find(message.command) else {
        let command = message.command;
        return if registered {
            call.reply(ERR_UNKNOWNCOMMAND, &[command]);
        } else {
            call.reply(ERR_NOTREGISTERED, &[]);
        };
    };
    match entry.when {
        When::After if !registered => return call.reply(ERR_NOTREGISTERED, &[]),
        When::Before if registered => return call.reply(ERR_ALREADYREGISTERED, &[]),
        _ => {}
    }
    let params = &message.params;
    let missing_first = entry.params_min > 0 && params.at(0).is_empty();
    if params.len() < entry.params_min || missing_first {
        return call.reply(ERR_NEEDMOREPARAMS, &[entry.name]);
    }
    match entry.run {
        Run::Params(run) => run(call, params),
        Run::Message(run) => run(call, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_finds_its_own_row_in_any_case() {
        assert!(COMMANDS.is_sorted_by_key(|entry| entry.name));
        for entry in &COMMANDS {
            let found = find(&entry.name.to_lowercase()).map(|entry| entry.name);
            assert_eq!(found, Some(entry.name));
            let help = super::super::help::of(entry.name);
            assert!(help.len() >= 2, "{} has a real help text", entry.name);
            assert!(help[0].starts_with(entry.name), "{}", entry.name);
        }
        assert!(find("").is_none() && find("PRIV").is_none() && find("PRIVMSGS").is_none());
    }
}
