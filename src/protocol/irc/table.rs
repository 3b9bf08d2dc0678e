//! The table of commands, and the way of a message to its handler.
//!
//! Invariants: the table is sorted by name; no handler is called with fewer parameters than its row asks for, nor before or after
//! registration if the row does not allow it. Owns names, arities and help texts; does not know what the commands do.

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
    /// What belongs behind it, and what it does.
    pub(super) help: &'static [&'static str],
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
    help: &'static [&'static str],
) -> Entry {
    let run = Run::Params(run);
    Entry {
        name,
        params_min,
        when,
        run,
        help,
    }
}

const fn tagged(
    name: &'static str,
    params_min: usize,
    run: fn(&mut Call<'_>, &Message<'_>),
    help: &'static [&'static str],
) -> Entry {
    let (run, when) = (Run::Message(run), When::After);
    Entry {
        name,
        params_min,
        when,
        run,
        help,
    }
}

use When::{After, Always, Before};

/// All commands, by name.
#[rustfmt::skip] // One row a command reads better than eight lines each.
pub(super) static COMMANDS: [Entry; 49] = [
    row("ADMIN", 0, After, c::admin, &["ADMIN [<server>]", "Shows who runs this server."]),
    row("AUTHENTICATE", 1, Always, register::authenticate, &["AUTHENTICATE <mechanism>", "Logs in to an account by SASL. There are no accounts here yet."]),
    row("AWAY", 0, Always, c::away, &["AWAY [:<text>]", "Marks you as away, with a word why; without one, as back."]),
    tagged("BATCH", 1, multiline::batch, &["BATCH +<reference> draft/multiline <target>", "BATCH -<reference>", "Sends several lines as one message."]),
    row("CAP", 1, Always, c::cap, &["CAP LS [302] | LIST | REQ :<capabilities> | END", "Negotiates capabilities."]),
    row("DIE", 0, After, c::die, &["DIE", "Stops the server. Operators only."]),
    row("HELP", 0, After, c::help, &["HELP [<subject>]", "Shows what a command does, or which there are."]),
    row("HELPOP", 0, After, c::help, &["HELPOP [<subject>]", "The same as HELP."]),
    row("INFO", 0, After, c::info, &["INFO [<server>]", "Shows what this server is."]),
    row("INVITE", 0, After, c::invite, &["INVITE [<nick> <channel>]", "Invites someone; without parameters, lists where you are invited to."]),
    row("ISON", 1, After, c::ison, &["ISON <nick>{ <nick>}", "Shows which of these people are here."]),
    row("ISUPPORT", 0, Always, c::isupport_command, &["ISUPPORT", "Shows what the server can do and where its limits are."]),
    row("JOIN", 1, After, c::join, &["JOIN <channel>{,<channel>} [<key>{,<key>}]", "JOIN 0", "Enters channels; 0 leaves all of them."]),
    row("KICK", 2, After, c::kick, &["KICK <channel> <nick>{,<nick>} [:<reason>]", "Sends people out of a channel."]),
    row("KILL", 1, After, c::kill, &["KILL <nick> :<reason>", "Ends someone's connection. Operators only."]),
    row("KLINE", 1, After, c::kline, &["KLINE [<minutes>] <user@host> [:<reason>]", "Bans from the server; the host may be a block of addresses. Operators only."]),
    row("KNOCK", 1, After, c::knock, &["KNOCK <channel> [:<text>]", "Asks to be invited into an invite-only channel."]),
    row("LINKS", 0, After, c::links, &["LINKS [[<remote>] <mask>]", "Shows the servers of the network."]),
    row("LIST", 0, After, c::list, &["LIST [<channel or condition>{,<channel or condition>}]", "Lists channels. Conditions: a mask, !mask, >n and <n members,", "C>n and C<n minutes since creation, T>n and T<n since the topic changed."]),
    row("LUSERS", 0, After, c::lusers_command, &["LUSERS", "Shows how many people and channels there are."]),
    row("MODE", 1, After, c::mode, &["MODE <channel> [<modes> {<parameters>}]", "MODE <nick> [<modes>]", "Shows or changes modes of a channel, or your own."]),
    row("MONITOR", 1, After, c::monitor, &["MONITOR +|- <nick>{,<nick>}", "MONITOR C|L|S", "Tells you when people come and go."]),
    row("MOTD", 0, After, c::motd_command, &["MOTD [<server>]", "Shows the message of the day."]),
    row("NAMES", 0, After, c::names, &["NAMES [<channel>{,<channel>}]", "Lists who is in channels."]),
    row("NICK", 0, Always, c::nick, &["NICK <nick>", "Changes your name."]),
    tagged("NOTICE", 0, c::notice, &["NOTICE <target>{,<target>} :<text>", "Says something that no program may answer."]),
    row("OPER", 2, After, c::oper, &["OPER <name> <password>", "Makes you an operator of the server."]),
    row("PART", 1, After, c::part, &["PART <channel>{,<channel>} [:<reason>]", "Leaves channels."]),
    row("PASS", 1, Before, register::pass, &["PASS <password>", "Says the server's password, before you come in."]),
    row("PING", 0, Always, c::ping, &["PING <token>", "Asks for a sign of life."]),
    row("PONG", 0, Always, c::pong, &["PONG [<server>] <token>", "Gives one."]),
    tagged("PRIVMSG", 0, c::privmsg, &["PRIVMSG <target>{,<target>} :<text>", "Says something to people and channels."]),
    row("QUIT", 0, Always, c::quit, &["QUIT [:<reason>]", "Leaves the server."]),
    tagged("REDACT", 2, c::redact, &["REDACT <target> <msgid> [:<reason>]", "Takes a message back."]),
    row("REHASH", 0, After, c::rehash, &["REHASH", "Reads the configuration again. Operators only."]),
    row("RENAME", 2, After, c::rename, &["RENAME <channel> <channel> [:<reason>]", "Gives a channel another name. Channel operators only."]),
    row("SETNAME", 1, After, c::setname, &["SETNAME :<realname>", "Changes your realname."]),
    row("STATS", 0, After, c::stats, &["STATS <letter> [<server>]", "Shows statistics: u (uptime); for operators l, m, o and k."]),
    tagged("TAGMSG", 1, c::tagmsg, &["TAGMSG <target>{,<target>}", "Sends tags without words."]),
    row("TIME", 0, After, c::time, &["TIME [<server>]", "Shows the time of day."]),
    row("TOPIC", 1, After, c::topic, &["TOPIC <channel> [:<topic>]", "Shows or changes a channel's topic."]),
    row("UNKLINE", 1, After, c::unkline, &["UNKLINE <user@host>", "Lifts a ban from the server. Operators only."]),
    row("USER", 4, Before, register::user, &["USER <username> 0 * :<realname>", "Says who you are, before you come in."]),
    row("USERHOST", 1, After, c::userhost, &["USERHOST <nick>{ <nick>}", "Shows user names and hosts of up to five people."]),
    row("VERSION", 0, After, c::version, &["VERSION [<server>]", "Shows what the server runs and what it can do."]),
    row("WALLOPS", 1, After, c::wallops, &["WALLOPS :<text>", "Says something to everyone with mode +w. Operators only."]),
    row("WHO", 1, After, c::who, &["WHO <mask> [o] [%<fields>[,<token>]]", "Lists people by name, mask or channel."]),
    row("WHOIS", 0, After, c::whois, &["WHOIS [<server>] <nick>{,<nick>}", "Shows what is known of people."]),
    row("WHOWAS", 0, After, c::whowas, &["WHOWAS <nick> [<count>]", "Shows who bore a name before."]),
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
            assert!(entry.help.len() >= 2, "{} has a real help text", entry.name);
        }
        assert!(find("").is_none() && find("PRIV").is_none() && find("PRIVMSGS").is_none());
    }
}
