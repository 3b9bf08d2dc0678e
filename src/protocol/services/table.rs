//! The table of NickServ's commands, and the way of a line to its function.
//!
//! Invariant: no function gets fewer words than its row asks for. Owns names and help; does not know the effects.

use super::{
    nickserv,
    reply::{Outcome, Reply, Trouble},
};
use crate::protocol::Context;

/// One command.
pub(super) struct Entry {
    /// In capitals.
    pub(super) name: &'static str,
    pub(super) arguments: &'static str,
    pub(super) words_min: usize,
    pub(super) help: &'static str,
    pub(super) run: fn(&mut dyn Context, &str) -> Outcome,
}

/// All commands, in the order in which HELP shows them.
pub(super) static COMMANDS: [Entry; 9] = [
    Entry {
        name: "REGISTER",
        arguments: "PASSWORD",
        words_min: 1,
        help: "make an account for your name",
        run: nickserv::register,
    },
    Entry {
        name: "IDENTIFY",
        arguments: "[NAME] PASSWORD",
        words_min: 1,
        help: "log in to your account",
        run: nickserv::identify,
    },
    Entry {
        name: "LOGOUT",
        arguments: "",
        words_min: 0,
        help: "log out; a name of the account's is given up",
        run: |ctx, _| nickserv::logout(ctx),
    },
    Entry {
        name: "INFO",
        arguments: "[NAME]",
        words_min: 0,
        help: "whose account it is, and whether someone uses it",
        run: nickserv::info,
    },
    Entry {
        name: "SET",
        arguments: "PASSWORD NEW",
        words_min: 2,
        help: "change your password",
        run: nickserv::set,
    },
    Entry {
        name: "CERT",
        arguments: "ADD | DEL FINGERPRINT | LIST",
        words_min: 1,
        help: "log in by the certificate of your connection (SASL EXTERNAL)",
        run: nickserv::cert,
    },
    Entry {
        name: "GHOST",
        arguments: "NAME",
        words_min: 1,
        help: "end another connection of yours, which has that name",
        run: nickserv::ghost,
    },
    Entry {
        name: "DROP",
        arguments: "PASSWORD",
        words_min: 1,
        help: "end your account for good",
        run: nickserv::drop,
    },
    Entry {
        name: "HELP",
        arguments: "",
        words_min: 0,
        help: "this list",
        run: |_, _| Ok(Reply::Lines(help())),
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
    let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let name = word.to_ascii_uppercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, name)| name);
    let Some(entry) = COMMANDS.iter().find(|entry| entry.name == name) else {
        let unknown = "there is no such command; HELP lists those that there are";
        return Reply::Refused(unknown.to_owned());
    };
    let rest = rest.trim();
    let outcome = match rest.split(' ').filter(|word| !word.is_empty()).count() {
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

fn help() -> Vec<String> {
    let row = |entry: &Entry| format!("{} {} - {}", entry.name, entry.arguments, entry.help);
    COMMANDS.iter().map(row).collect()
}
