//! The table of commands that a telnet user can type.
//!
//! Invariant: no two commands share a word. Owns names, help and the number of arguments needed; does
//! not know what the commands do.

use super::{
    command_error::CommandError,
    commands::{Outcome, Request},
    encode::line,
    listings,
};

/// Bytes of an unknown command that are repeated in the answer.
const UNKNOWN_BYTES_MAX: usize = 40;

/// One command.
pub(super) struct Entry {
    /// The word after the slash, in any case.
    pub(super) name: &'static str,
    /// Other words for it, for users of IRC.
    pub(super) aliases: &'static [&'static str],
    /// Its arguments, as help shows them.
    pub(super) arguments: &'static str,
    /// How many words the arguments have at least.
    pub(super) words_min: usize,
    /// Its effect, as help shows it.
    pub(super) help: &'static str,
    /// Does it, with the rest of the line.
    pub(super) run: fn(&mut Request<'_>, &str) -> Outcome,
}

/// All commands, in the order in which help shows them.
pub(super) static COMMANDS: [Entry; 26] = [
    Entry {
        name: "join",
        aliases: &["j"],
        arguments: "ROOM [KEY]",
        words_min: 1,
        help: "enter a room; what you type goes there",
        run: |request, text| request.join(text),
    },
    Entry {
        name: "leave",
        aliases: &["part"],
        arguments: "[ROOM]",
        words_min: 0,
        help: "leave a room, or the one you are talking in",
        run: |request, text| request.leave(text),
    },
    Entry {
        name: "rooms",
        aliases: &["list"],
        arguments: "",
        words_min: 0,
        help: "which rooms there are",
        run: |request, _| request.rooms(),
    },
    Entry {
        name: "who",
        aliases: &["names"],
        arguments: "[ROOM]",
        words_min: 0,
        help: "who is in a room",
        run: |request, text| request.who(text),
    },
    Entry {
        name: "msg",
        aliases: &["m"],
        arguments: "NICK TEXT",
        words_min: 2,
        help: "say something to one person alone",
        run: |request, text| request.msg(text),
    },
    Entry {
        name: "me",
        aliases: &[],
        arguments: "TEXT",
        words_min: 1,
        help: "do something: /me waves",
        run: |request, text| request.me(text),
    },
    Entry {
        name: "nick",
        aliases: &[],
        arguments: "NAME",
        words_min: 1,
        help: "be known by another name",
        run: |request, text| request.nick(text),
    },
    Entry {
        name: "topic",
        aliases: &[],
        arguments: "[TEXT]",
        words_min: 0,
        help: "show the room's topic, or change it (- clears it)",
        run: |request, text| request.topic(text),
    },
    Entry {
        name: "history",
        aliases: &["earlier"],
        arguments: "[NUMBER]",
        words_min: 0,
        help: "what was said here; or /history before 12:34 (UTC)",
        run: |request, text| request.history(text),
    },
    Entry {
        name: "search",
        aliases: &[],
        arguments: "WORDS",
        words_min: 1,
        help: "the last messages here with all these words",
        run: |request, text| request.search(text),
    },
    Entry {
        name: "away",
        aliases: &[],
        arguments: "[TEXT]",
        words_min: 0,
        help: "say that you are away and why, or that you are back",
        run: |request, text| request.away(text),
    },
    Entry {
        name: "invite",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "ask someone into the room",
        run: |request, text| request.invite(text),
    },
    Entry {
        name: "kick",
        aliases: &[],
        arguments: "NICK [REASON]",
        words_min: 1,
        help: "send someone out of the room",
        run: |request, text| request.kick(text),
    },
    Entry {
        name: "ban",
        aliases: &[],
        arguments: "NICK|MASK",
        words_min: 1,
        help: "keep someone out of the room: by host, or nick!user@host",
        run: |request, text| request.ban(text),
    },
    Entry {
        name: "unban",
        aliases: &[],
        arguments: "NICK|MASK",
        words_min: 1,
        help: "lift all bans that concern someone, or the one given",
        run: |request, text| request.unban(text),
    },
    Entry {
        name: "op",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "make someone an operator of the room",
        run: |request, text| request.rank("+o", text),
    },
    Entry {
        name: "deop",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "the opposite",
        run: |request, text| request.rank("-o", text),
    },
    Entry {
        name: "voice",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "let someone speak in a moderated room",
        run: |request, text| request.rank("+v", text),
    },
    Entry {
        name: "mode",
        aliases: &[],
        arguments: "[CHANGES]",
        words_min: 0,
        help: "show the room's modes, or change them as in IRC: +l 20",
        run: |request, text| request.mode(text),
    },
    Entry {
        name: "register",
        aliases: &[],
        arguments: "[PASSWORD]",
        words_min: 0,
        help: "make your name yours alone, with a password",
        run: |request, text| request.register(text),
    },
    Entry {
        name: "login",
        aliases: &["identify"],
        arguments: "[NAME]",
        words_min: 0,
        help: "log in to your account; asks for the password",
        run: |request, text| request.login(text),
    },
    Entry {
        name: "logout",
        aliases: &[],
        arguments: "",
        words_min: 0,
        help: "log out, and give up the account's name",
        run: |request, _| request.service("LOGOUT"),
    },
    Entry {
        name: "account",
        aliases: &["ns", "nickserv"],
        arguments: "[COMMAND]",
        words_min: 0,
        help: "more about accounts: /account help",
        run: |request, text| request.account(text),
    },
    Entry {
        name: "room",
        aliases: &["cs", "chanserv"],
        arguments: "[COMMAND]",
        words_min: 0,
        help: "make a room last, and who has which rank: /room help",
        run: |request, text| request.room_service(text),
    },
    Entry {
        name: "help",
        aliases: &["h", "?"],
        arguments: "",
        words_min: 0,
        help: "this list",
        run: |request, _| help(request),
    },
    Entry {
        name: "quit",
        aliases: &["q", "exit", "bye"],
        arguments: "[REASON]",
        words_min: 0,
        help: "leave the server",
        run: |request, text| request.quit(text),
    },
];

/// Finds a command by the word after its slash.
pub(super) fn find(word: &str) -> Option<&'static Entry> {
    let is_called = |name: &str| name.eq_ignore_ascii_case(word);
    COMMANDS
        .iter()
        .find(|entry| is_called(entry.name) || entry.aliases.iter().any(|name| is_called(name)))
}

/// Handles one line, which is clean already.
pub(super) fn handle(request: &mut Request<'_>, line: &str) -> Outcome {
    match line.strip_prefix('/') {
        None if request.ctx.user().is_none() => request.enter(line.trim()),
        None => request.say(line),
        Some(text) if text.starts_with('/') => request.say(text),
        Some(command) => dispatch(request, command),
    }
}

/// Finds a command in the table and runs it.
fn dispatch(request: &mut Request<'_>, command: &str) -> Outcome {
    let (word, rest) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    let Some(entry) = find(word) else {
        let (word, _) = listings::shortened(word, UNKNOWN_BYTES_MAX);
        return Err(CommandError::Unknown(word.into()));
    };
    let rest = rest.trim();
    if rest.split_whitespace().take(entry.words_min).count() < entry.words_min {
        return Err(CommandError::Usage {
            name: entry.name,
            arguments: entry.arguments,
        });
    }
    (entry.run)(request, rest)
}

/// Lists all commands.
fn help(request: &mut Request<'_>) -> Outcome {
    let width = |entry: &Entry| entry.name.len() + entry.arguments.len() + 1;
    let column = COMMANDS.iter().map(width).max().unwrap_or(0);
    let out = request.ctx.answer();
    for entry in &COMMANDS {
        let gap = " ".repeat(column - width(entry) + 2);
        line(
            out,
            &["* /", entry.name, " ", entry.arguments, &gap, entry.help],
        );
    }
    let gap = " ".repeat(column - "/text".len() + 2);
    line(out, &["* //text", &gap, "say /text"]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_finds_its_own_command_in_any_case() {
        for entry in &COMMANDS {
            for word in entry.aliases.iter().chain([&entry.name]) {
                let found = find(&word.to_uppercase()).map(|entry| entry.name);
                assert_eq!(found, Some(entry.name), "/{word}");
            }
        }
        assert!(find("").is_none());
        assert!(find("joi").is_none());
    }
}
