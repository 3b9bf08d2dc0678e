//! The table of commands that a telnet user can type.
//!
//! Invariant: no two commands share a word. Owns names, help and the number of words needed; does
//! not know what the commands do.

use super::commands::{Outcome, Request};

/// One command.
pub(super) struct Entry {
    /// What is typed behind the slash, in any case.
    pub(super) name: &'static str,
    /// Other words for it, for fingers used to IRC.
    pub(super) aliases: &'static [&'static str],
    /// What belongs behind it, as help shows it.
    pub(super) arguments: &'static str,
    /// How many words there must be behind it at least.
    pub(super) words_min: usize,
    /// What it does, as help shows it.
    pub(super) help: &'static str,
    /// Does it, with the rest of the line.
    pub(super) run: fn(&mut Request<'_>, &str) -> Outcome,
}

/// All commands, in the order in which help shows them.
pub(super) static COMMANDS: [Entry; 19] = [
    Entry {
        name: "join",
        aliases: &["j"],
        arguments: "ROOM [KEY]",
        words_min: 1,
        help: "enter a room; what you type goes there",
        run: |call, text| call.join(text),
    },
    Entry {
        name: "leave",
        aliases: &["part"],
        arguments: "[ROOM]",
        words_min: 0,
        help: "leave a room, or the one you are talking in",
        run: |call, text| call.leave(text),
    },
    Entry {
        name: "rooms",
        aliases: &["list"],
        arguments: "",
        words_min: 0,
        help: "which rooms there are",
        run: |call, _| call.rooms(),
    },
    Entry {
        name: "who",
        aliases: &["names"],
        arguments: "[ROOM]",
        words_min: 0,
        help: "who is in a room",
        run: |call, text| call.who(text),
    },
    Entry {
        name: "msg",
        aliases: &["m"],
        arguments: "NICK TEXT",
        words_min: 2,
        help: "say something to one person alone",
        run: |call, text| call.msg(text),
    },
    Entry {
        name: "me",
        aliases: &[],
        arguments: "TEXT",
        words_min: 1,
        help: "do something: /me waves",
        run: |call, text| call.me(text),
    },
    Entry {
        name: "nick",
        aliases: &[],
        arguments: "NAME",
        words_min: 1,
        help: "be known by another name",
        run: |call, text| call.nick(text),
    },
    Entry {
        name: "topic",
        aliases: &[],
        arguments: "[TEXT]",
        words_min: 0,
        help: "show the room's topic, or change it (- clears it)",
        run: |call, text| call.topic(text),
    },
    Entry {
        name: "away",
        aliases: &[],
        arguments: "[TEXT]",
        words_min: 0,
        help: "say that you are away and why, or that you are back",
        run: |call, text| call.away(text),
    },
    Entry {
        name: "invite",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "ask someone into the room",
        run: |call, text| call.invite(text),
    },
    Entry {
        name: "kick",
        aliases: &[],
        arguments: "NICK [REASON]",
        words_min: 1,
        help: "send someone out of the room",
        run: |call, text| call.kick(text),
    },
    Entry {
        name: "ban",
        aliases: &[],
        arguments: "NICK|MASK",
        words_min: 1,
        help: "keep someone out of the room: by host, or nick!user@host",
        run: |call, text| call.ban(text),
    },
    Entry {
        name: "unban",
        aliases: &[],
        arguments: "NICK|MASK",
        words_min: 1,
        help: "lift all bans that concern someone, or the one given",
        run: |call, text| call.unban(text),
    },
    Entry {
        name: "op",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "make someone an operator of the room",
        run: |call, text| call.rank("+o", text),
    },
    Entry {
        name: "deop",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "the opposite",
        run: |call, text| call.rank("-o", text),
    },
    Entry {
        name: "voice",
        aliases: &[],
        arguments: "NICK",
        words_min: 1,
        help: "let someone speak in a moderated room",
        run: |call, text| call.rank("+v", text),
    },
    Entry {
        name: "mode",
        aliases: &[],
        arguments: "[CHANGES]",
        words_min: 0,
        help: "show the room's modes, or change them as in IRC: +l 20",
        run: |call, text| call.mode(text),
    },
    Entry {
        name: "help",
        aliases: &["h", "?"],
        arguments: "",
        words_min: 0,
        help: "this list",
        run: |call, _| call.help(),
    },
    Entry {
        name: "quit",
        aliases: &["q", "exit", "bye"],
        arguments: "[REASON]",
        words_min: 0,
        help: "leave the server",
        run: |call, text| call.quit(text),
    },
];

/// Finds a command by the word behind its slash.
pub(super) fn find(word: &str) -> Option<&'static Entry> {
    let is_called = |name: &str| name.eq_ignore_ascii_case(word);
    COMMANDS
        .iter()
        .find(|entry| is_called(entry.name) || entry.aliases.iter().any(|name| is_called(name)))
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
