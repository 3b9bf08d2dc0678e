//! The tables of NickServ's and ChanServ's commands, and the way of a line to its function.
//!
//! Invariant: no function gets fewer words than its row asks for. Owns names and help; does not know the effects.

use super::{
    chanserv, nickserv, operator,
    reply::{Outcome, Reply, Trouble},
    rights::{
        Right::{self, Anyone, Operator},
        is_operator,
    },
    sessions,
};
use crate::protocol::Context;

/// One command.
pub(super) struct Entry {
    /// In capitals.
    pub(super) name: &'static str,
    pub(super) arguments: &'static str,
    pub(super) words_min: usize,
    pub(super) help: &'static str,
    pub(super) right: Right,
    pub(super) run: fn(&mut dyn Context, &str) -> Outcome,
}

/// All commands of NickServ, in the order in which HELP shows them.
pub(super) static COMMANDS: &[Entry] = &[
    Entry {
        name: "REGISTER",
        arguments: "PASSWORD [INVITATION]",
        words_min: 1,
        help: "make an account for your name",
        right: Anyone,
        run: nickserv::register,
    },
    Entry {
        name: "IDENTIFY",
        arguments: "[NAME] PASSWORD",
        words_min: 1,
        help: "log in to your account",
        right: Anyone,
        run: nickserv::identify,
    },
    Entry {
        name: "LOGOUT",
        arguments: "",
        words_min: 0,
        help: "log out; a name of the account's is given up",
        right: Anyone,
        run: |ctx, _| nickserv::logout(ctx),
    },
    Entry {
        name: "INFO",
        arguments: "[NAME]",
        words_min: 0,
        help: "whose account it is, and whether someone uses it",
        right: Anyone,
        run: nickserv::info,
    },
    Entry {
        name: "SET",
        arguments: "PASSWORD NEW | ALWAYS-ON ON|OFF",
        words_min: 2,
        help: "change your password; stay in your rooms without a connection",
        right: Anyone,
        run: nickserv::set,
    },
    Entry {
        name: "CERT",
        arguments: "ADD | DEL FINGERPRINT | LIST",
        words_min: 1,
        help: "log in by the certificate of your connection (SASL EXTERNAL)",
        right: Anyone,
        run: nickserv::cert,
    },
    Entry {
        name: "SESSIONS",
        arguments: "[END NUMBER | END OTHERS]",
        words_min: 0,
        help: "the connections of your account, and the end of one or of all others",
        right: Anyone,
        run: sessions::sessions,
    },
    Entry {
        name: "GHOST",
        arguments: "NAME",
        words_min: 1,
        help: "end another connection of yours, which has that name",
        right: Anyone,
        run: nickserv::ghost,
    },
    Entry {
        name: "DROP",
        arguments: "PASSWORD",
        words_min: 1,
        help: "end your account for good",
        right: Anyone,
        run: nickserv::drop,
    },
    Entry {
        name: "SAREGISTER",
        arguments: "ACCOUNT PASSWORD",
        words_min: 2,
        help: "make an account for another person",
        right: Operator,
        run: operator::register_for,
    },
    Entry {
        name: "INVITE",
        arguments: "[ACCOUNT]",
        words_min: 0,
        help: "let somebody make an account, of that name if you give one",
        right: Operator,
        run: operator::invite,
    },
    Entry {
        name: "SUSPEND",
        arguments: "ACCOUNT [REASON]",
        words_min: 1,
        help: "log an account out, and let nobody log in to it",
        right: Operator,
        run: operator::suspend,
    },
    Entry {
        name: "UNSUSPEND",
        arguments: "ACCOUNT",
        words_min: 1,
        help: "let its owner log in again",
        right: Operator,
        run: operator::unsuspend,
    },
    Entry {
        name: "HELP",
        arguments: "",
        words_min: 0,
        help: "this list",
        right: Anyone,
        run: |ctx, _| Ok(Reply::Lines(help(COMMANDS, ctx))),
    },
];

/// All commands of ChanServ, in the same way.
pub(super) static ROOM_COMMANDS: &[Entry] = &[
    Entry {
        name: "REGISTER",
        arguments: "#ROOM",
        words_min: 1,
        help: "make a room yours; it stays when its last member leaves",
        right: Anyone,
        run: chanserv::register,
    },
    Entry {
        name: "INFO",
        arguments: "#ROOM",
        words_min: 1,
        help: "whose room it is",
        right: Anyone,
        run: chanserv::info,
    },
    Entry {
        name: "AMODE",
        arguments: "#ROOM ACCOUNT +o|-o",
        words_min: 3,
        help: "give an account a rank (v, h, o, a) for good, or take it",
        right: Anyone,
        run: chanserv::amode,
    },
    Entry {
        name: "OP",
        arguments: "#ROOM [NICK]",
        words_min: 1,
        help: "have your rank, or make a member an operator",
        right: Anyone,
        run: chanserv::op,
    },
    Entry {
        name: "TRANSFER",
        arguments: "#ROOM ACCOUNT",
        words_min: 2,
        help: "give a room of yours to another account",
        right: Anyone,
        run: chanserv::transfer,
    },
    Entry {
        name: "DROP",
        arguments: "#ROOM",
        words_min: 1,
        help: "end the registration of a room of yours",
        right: Anyone,
        run: chanserv::drop,
    },
    Entry {
        name: "HELP",
        arguments: "",
        words_min: 0,
        help: "this list",
        right: Anyone,
        run: |ctx, _| Ok(Reply::Lines(help(ROOM_COMMANDS, ctx))),
    },
];

/// Other names of commands, which users know from other servers.
const ALIASES: [(&str, &str); 4] = [
    ("ID", "IDENTIFY"),
    ("LOGIN", "IDENTIFY"),
    ("RECOVER", "GHOST"),
    ("UNREGISTER", "DROP"),
];

/// Handles one line to NickServ.
pub fn run(text: &str, ctx: &mut dyn Context) -> Reply {
    run_in(COMMANDS, text, ctx)
}

/// Handles one line to ChanServ.
pub fn run_room(text: &str, ctx: &mut dyn Context) -> Reply {
    run_in(ROOM_COMMANDS, text, ctx)
}

fn run_in(commands: &[Entry], text: &str, ctx: &mut dyn Context) -> Reply {
    let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let name = word.to_ascii_uppercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, name)| name);
    let Some(entry) = commands.iter().find(|entry| entry.name == name) else {
        let unknown = "there is no such command; HELP lists those that there are";
        return Reply::Refused(unknown.to_owned());
    };
    let rest = rest.trim();
    let outcome = match rest.split(' ').filter(|word| !word.is_empty()).count() {
        _ if entry.right == Operator && !is_operator(ctx) => Err(Trouble::Other(DENIED)),
        words if words < entry.words_min => Err(Trouble::Usage),
        _ => (entry.run)(ctx, rest),
    };
    match outcome {
        Ok(reply) => reply,
        Err(trouble) => Reply::Refused(match trouble {
            Trouble::Usage => format!("usage: {} {}", entry.name, entry.arguments),
            Trouble::Refused(refusal) => refusal.to_string(),
            Trouble::Account(error) => error.to_string(),
            Trouble::Other(sentence) => sentence.to_owned(),
        }),
    }
}

/// The answer to those who are no operators of the server.
const DENIED: &str = "permission denied: that is for operators of the server";

fn help(commands: &[Entry], ctx: &dyn Context) -> Vec<String> {
    let row = |entry: &Entry| format!("{} {} - {}", entry.name, entry.arguments, entry.help);
    let is_operator = is_operator(ctx);
    let seen = commands
        .iter()
        .filter(|entry| is_operator || entry.right == Anyone);
    seen.map(row).collect()
}
