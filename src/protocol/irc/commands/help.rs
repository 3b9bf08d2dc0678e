//! HELP: how each command is written, and what it does.
//!
//! Owns the texts. That every command of the table has one is tested there.

/// Each command, in the order of names, and the lines about it.
static HELP: [(&str, &[&str]); 59] = [
    (
        "ADMIN",
        &["ADMIN [<server>]", "Shows who runs this server."],
    ),
    (
        "AUTHENTICATE",
        &[
            "AUTHENTICATE <mechanism> | <base64> | + | *",
            "Logs in to an account by SASL: SCRAM-SHA-256, PLAIN or EXTERNAL. Clients do",
            "this by themselves once they are given the account and its password.",
        ],
    ),
    (
        "AWAY",
        &[
            "AWAY [:<text>]",
            "Marks you as away, with a word why; without one, as back.",
        ],
    ),
    (
        "BATCH",
        &[
            "BATCH +<reference> draft/multiline <target>",
            "BATCH -<reference>",
            "Sends several lines as one message.",
        ],
    ),
    (
        "CAP",
        &[
            "CAP LS [302] | LIST | REQ :<capabilities> | END",
            "Negotiates capabilities.",
        ],
    ),
    (
        "CHANSERV",
        &[
            "CHANSERV <command>",
            "The same as a message to ChanServ; CHANSERV HELP lists its commands.",
        ],
    ),
    (
        "CHATHISTORY",
        &[
            "CHATHISTORY BEFORE|AFTER|AROUND <target> <point> <limit>",
            "CHATHISTORY LATEST <target> *|<point> <limit>",
            "CHATHISTORY BETWEEN <target> <point> <point> <limit>",
            "CHATHISTORY TARGETS <time> <time> <limit>",
            "Shows what was said before. A point is msgid=<id> or timestamp=<time>. Clients",
            "do this by themselves (draft/chathistory).",
        ],
    ),
    (
        "CS",
        &[
            "CS <command>",
            "The same as a message to ChanServ; CS HELP lists its commands.",
        ],
    ),
    ("DIE", &["DIE", "Stops the server. Operators only."]),
    (
        "HELP",
        &[
            "HELP [<subject>]",
            "Shows what a command does, or which there are.",
        ],
    ),
    ("HELPOP", &["HELPOP [<subject>]", "The same as HELP."]),
    ("INFO", &["INFO [<server>]", "Shows what this server is."]),
    (
        "INVITE",
        &[
            "INVITE [<nick> <channel>]",
            "Invites someone; without parameters, lists where you are invited to.",
        ],
    ),
    (
        "ISON",
        &[
            "ISON <nick>{ <nick>}",
            "Shows which of these people are here.",
        ],
    ),
    (
        "ISUPPORT",
        &[
            "ISUPPORT",
            "Shows what the server can do and where its limits are.",
        ],
    ),
    (
        "JOIN",
        &[
            "JOIN <channel>{,<channel>} [<key>{,<key>}]",
            "JOIN 0",
            "Enters channels; 0 leaves all of them.",
        ],
    ),
    (
        "KICK",
        &[
            "KICK <channel> <nick>{,<nick>} [:<reason>]",
            "Sends people out of a channel.",
        ],
    ),
    (
        "KILL",
        &[
            "KILL <nick> :<reason>",
            "Ends someone's connection. Operators only.",
        ],
    ),
    (
        "KLINE",
        &[
            "KLINE [<minutes>] <user@host> [:<reason>]",
            "Bans from the server; the host may be a block of addresses. Operators only.",
        ],
    ),
    (
        "KNOCK",
        &[
            "KNOCK <channel> [:<text>]",
            "Asks to be invited into an invite-only channel.",
        ],
    ),
    (
        "LINKS",
        &[
            "LINKS [[<remote>] <mask>]",
            "Shows the servers of the network.",
        ],
    ),
    (
        "LIST",
        &[
            "LIST [<channel or condition>{,<channel or condition>}]",
            "Lists channels. Conditions: a mask, !mask, >n and <n members,",
            "C>n and C<n minutes since creation, T>n and T<n since the topic changed.",
        ],
    ),
    (
        "LUSERS",
        &["LUSERS", "Shows how many people and channels there are."],
    ),
    (
        "MARKREAD",
        &[
            "MARKREAD <target> [timestamp=<time>]",
            "Notes up to when you have read a channel or a conversation, or shows it.",
            "Clients do this by themselves (draft/read-marker).",
        ],
    ),
    (
        "MODE",
        &[
            "MODE <channel> [<modes> {<parameters>}]",
            "MODE <nick> [<modes>]",
            "Shows or changes modes of a channel, or your own.",
        ],
    ),
    (
        "MONITOR",
        &[
            "MONITOR +|- <nick>{,<nick>}",
            "MONITOR C|L|S",
            "Tells you when people come and go.",
        ],
    ),
    (
        "MOTD",
        &["MOTD [<server>]", "Shows the message of the day."],
    ),
    (
        "NAMES",
        &["NAMES [<channel>{,<channel>}]", "Lists who is in channels."],
    ),
    ("NICK", &["NICK <nick>", "Changes your name."]),
    (
        "NICKSERV",
        &[
            "NICKSERV <command>",
            "The same as a message to NickServ; NICKSERV HELP lists its commands.",
        ],
    ),
    (
        "NOTICE",
        &[
            "NOTICE <target>{,<target>} :<text>",
            "Says something that no program may answer.",
        ],
    ),
    (
        "NS",
        &[
            "NS <command>",
            "The same as a message to NickServ; NS HELP lists its commands.",
        ],
    ),
    (
        "OPER",
        &[
            "OPER <name> <password>",
            "Makes you an operator of the server.",
        ],
    ),
    (
        "PART",
        &["PART <channel>{,<channel>} [:<reason>]", "Leaves channels."],
    ),
    (
        "PASS",
        &[
            "PASS <password>",
            "Says the server's password, before you come in.",
        ],
    ),
    ("PING", &["PING <token>", "Asks for a sign of life."]),
    ("PONG", &["PONG [<server>] <token>", "Gives one."]),
    (
        "PRIVMSG",
        &[
            "PRIVMSG <target>{,<target>} :<text>",
            "Says something to people and channels.",
        ],
    ),
    ("QUIT", &["QUIT [:<reason>]", "Leaves the server."]),
    (
        "REDACT",
        &[
            "REDACT <target> <msgid> [:<reason>]",
            "Takes a message back.",
        ],
    ),
    (
        "REGISTER",
        &[
            "REGISTER <account>|* <email>|* <password>",
            "Makes an account with your nick (*) or another name, and logs in to it.",
            "No e-mail is needed.",
        ],
    ),
    (
        "REHASH",
        &["REHASH", "Reads the configuration again. Operators only."],
    ),
    (
        "RENAME",
        &[
            "RENAME <channel> <channel> [:<reason>]",
            "Gives a channel another name. Channel operators only.",
        ],
    ),
    (
        "RESUME",
        &[
            "RESUME <token>",
            "Takes the name back from your lost connection, before registration. The token came with its welcome, to a client",
            "that has the capability madang.chat/resume.",
        ],
    ),
    (
        "SETNAME",
        &["SETNAME :<realname>", "Changes your realname."],
    ),
    (
        "STATS",
        &[
            "STATS <letter> [<server>]",
            "Shows statistics: u (uptime); for operators l, m, o and k.",
        ],
    ),
    (
        "TAGMSG",
        &["TAGMSG <target>{,<target>}", "Sends tags without words."],
    ),
    ("TIME", &["TIME [<server>]", "Shows the time of day."]),
    (
        "TOPIC",
        &[
            "TOPIC <channel> [:<topic>]",
            "Shows or changes a channel's topic.",
        ],
    ),
    (
        "UNKLINE",
        &[
            "UNKLINE <user@host>",
            "Lifts a ban from the server. Operators only.",
        ],
    ),
    (
        "USER",
        &[
            "USER <username> 0 * :<realname>",
            "Says who you are, before you come in.",
        ],
    ),
    (
        "USERHOST",
        &[
            "USERHOST <nick>{ <nick>}",
            "Shows user names and hosts of up to five people.",
        ],
    ),
    (
        "VERIFY",
        &[
            "VERIFY <account> <code>",
            "Completes a REGISTER where that takes a code. Here it never does.",
        ],
    ),
    (
        "VERSION",
        &[
            "VERSION [<server>]",
            "Shows what the server runs and what it can do.",
        ],
    ),
    (
        "WALLOPS",
        &[
            "WALLOPS :<text>",
            "Says something to everyone with mode +w. Operators only.",
        ],
    ),
    (
        "WEBIRC",
        &[
            "WEBIRC <password> <gateway> <host> <address> [:<options>]",
            "Says for whom a gateway has connected. It comes before all other commands.",
        ],
    ),
    (
        "WHO",
        &[
            "WHO [<mask> [o] [%<fields>[,<token>]]]",
            "Lists people by name, mask or channel; without a mask, all whom you may see.",
        ],
    ),
    (
        "WHOIS",
        &[
            "WHOIS [<server>] <nick>{,<nick>}",
            "Shows what is known of people.",
        ],
    ),
    (
        "WHOWAS",
        &["WHOWAS <nick> [<count>]", "Shows who bore a name before."],
    ),
];

/// The names of all commands, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    HELP.iter().map(|(name, _)| *name)
}

/// A command's name and the lines about it; its case does not count.
pub(super) fn find(command: &str) -> Option<(&'static str, &'static [&'static str])> {
    let capitals = || command.bytes().map(|byte| byte.to_ascii_uppercase());
    let place = HELP.binary_search_by(|(name, _)| name.bytes().cmp(capitals()));
    place.ok().map(|place| HELP[place])
}
