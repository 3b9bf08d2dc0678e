//! What attackers send: the steps of each set-up, and one burst of each attack.
//!
//! Texts only: lines and bytes are appended to the caller's buffer. Invariant: every line fits the 512 bytes of RFC 1459
//! section 2.3, and every burst and every set-up is bounded. Knows no connections and no time.

use super::{attack::Attack, context::AttackContext};
use crate::{
    load::adapter::Nick,
    protocol::web::websocket::{Opcode, push_masked_frame},
};
use std::{fmt::Display, io::Write as _};

/// Lines of a burst: a little less than most servers take at once before they make a client wait.
const BURST: u32 = 50;

/// Bytes of the part of a line that lists names: with the rest of the line it stays below 512.
const LIST_BYTES: usize = 400;

/// Rooms that each attacker creates so that LIST has something to list.
const LISTED_ROOMS: u32 = 10;

impl Attack {
    /// Appends the lines of one step of the set-up; `false` if there are no more steps.
    pub(super) fn set_up(
        self,
        step: u32,
        attacker: u32,
        context: &AttackContext,
        out: &mut Vec<u8>,
    ) -> bool {
        match (self, step) {
            (Self::Nick | Self::Join | Self::ModeLists | Self::ModeFlood, 0) => {
                lists_of(out, "JOIN", context.own_rooms(attacker));
            }
            (Self::Nick | Self::Join | Self::ModeLists | Self::ModeFlood, 1) => {
                fill_lists(attacker, context, out);
            }
            (Self::Nick | Self::ModeFlood, 2) => {
                lists_of(out, "JOIN", (0..context.rooms).map(|n| context.room(n)));
            }
            (Self::Who | Self::Names | Self::Kline, 0) => {
                let _ = write!(out, "JOIN {}\r\n", context.common());
            }
            (Self::List, 0) => {
                let first = context.attackers + attacker * LISTED_ROOMS;
                lists_of(
                    out,
                    "JOIN",
                    (first..first + LISTED_ROOMS).map(|n| context.room(n)),
                );
            }
            (Self::Multiline, 0) => {
                let _ = write!(
                    out,
                    "CAP REQ :batch draft/multiline\r\nJOIN {}\r\n",
                    context.common()
                );
            }
            (Self::Targets, 0) => {
                if context.features.capability("message-tags").is_some() {
                    out.extend_from_slice(b"CAP REQ :message-tags\r\n");
                }
            }
            _ => return false,
        }
        true
    }

    /// Appends one burst of an attacker, and returns how many lines it has.
    pub(super) fn burst(
        self,
        burst: u32,
        attacker: u32,
        context: &AttackContext,
        out: &mut Vec<u8>,
    ) -> u32 {
        if self == Self::Multiline {
            return batches(burst, context, out);
        }
        (0..BURST)
            .map(|n| self.line(burst * BURST + n, attacker, context, out))
            .sum()
    }

    /// Appends the `n`th line of an attacker; returns how many lines it became.
    fn line(self, n: u32, attacker: u32, context: &AttackContext, out: &mut Vec<u8>) -> u32 {
        let is_even = n % 2 == 0;
        let own = context.room(attacker % context.rooms.max(1));
        let _ = match self {
            Self::Nick => {
                let tries = if is_even { 12 } else { 0 };
                write!(out, "NICK {}\r\n", context.nick(attacker, tries))
            }
            Self::Join => {
                let first = n / 2 * 25 % context.rooms.max(1);
                let rooms = (first..context.rooms.min(first + 25)).map(|n| context.room(n));
                return lists_of(out, if is_even { "JOIN" } else { "PART" }, rooms);
            }
            Self::ModeLists => {
                let letters: Vec<char> = context.lists().collect();
                write!(
                    out,
                    "MODE {own} {}\r\n",
                    letters[n as usize % letters.len()]
                )
            }
            Self::ModeFlood => {
                let sign = if is_even { '-' } else { '+' };
                let own = context.own_rooms(attacker).next().unwrap_or(own);
                write!(
                    out,
                    "MODE {own} {sign}b {}\r\n",
                    context.mask(n / 2 % context.masks.max(1))
                )
            }
            Self::Who if is_even => write!(out, "WHO {}\r\n", context.common()),
            Self::Who => write!(out, "WHO *\r\n"),
            Self::Names => write!(out, "NAMES {}\r\n", context.common()),
            Self::List => write!(out, "LIST\r\n"),
            Self::Monitor => match n % 3 {
                0 => {
                    // MONITOR takes names that do not exist, and each burst has others.
                    let names = (0..40).map(|k| Nick(context.run, n * 40 + k, 20));
                    let names: Vec<String> = names.map(|nick| nick.to_string()).collect();
                    write!(out, "MONITOR + {}\r\n", names.join(","))
                }
                1 => write!(out, "MONITOR S\r\n"),
                _ => write!(out, "MONITOR C\r\n"),
            },
            Self::Targets => {
                let most = context.features.part("TARGMAX", "PRIVMSG").unwrap_or(4);
                let targets = (1..=most.clamp(1, 20)).map(|k| context.nick(attacker + k, 0));
                let targets: Vec<String> = targets.map(|nick| nick.to_string()).collect();
                let targets = targets.join(",");
                if is_even || context.features.capability("message-tags").is_none() {
                    write!(out, "PRIVMSG {targets} :bench {n}\r\n")
                } else {
                    write!(out, "@+bench={n} TAGMSG {targets}\r\n")
                }
            }
            Self::Kline => {
                // Once for each address: a ban of a minute is over when the next run begins.
                let Some(source) = context.sources.get(n as usize) else {
                    return 0;
                };
                write!(out, "KLINE 1 *@{source} :bench\r\n")
            }
            Self::Quiet | Self::Multiline | Self::Telnet | Self::Frames => return 0,
        };
        1
    }

    /// The block that a stream repeats, and how many bytes each unit of it has.
    pub(super) fn block(self) -> (Vec<u8>, usize) {
        let mut block = Vec::new();
        match self {
            Self::Telnet => {
                // IAC DO, IAC WILL (RFC 854) with all options in turn.
                for n in 0..4096_u32 {
                    block.extend_from_slice(&[
                        255,
                        if n % 2 == 0 { 253 } else { 251 },
                        (n / 2 % 255) as u8,
                    ]);
                }
                (block, 3)
            }
            _ => {
                for n in 0..2048 {
                    let opcode = if n % 2 == 0 {
                        Opcode::Ping
                    } else {
                        Opcode::Text
                    };
                    push_masked_frame(opcode, b"", [0x6d, 0x61, 0x64, 0x61], &mut block);
                }
                (block, 6)
            }
        }
    }
}

/// Appends a command for all names, in as many lines as needed; returns how many.
fn lists_of(out: &mut Vec<u8>, command: &str, names: impl Iterator<Item = impl Display>) -> u32 {
    let (mut lines, mut list) = (0, String::new());
    let mut end = |list: &mut String, out: &mut Vec<u8>| {
        if !list.is_empty() {
            let _ = write!(out, "{command} {list}\r\n");
            list.clear();
            lines += 1;
        }
    };
    for name in names {
        let name = name.to_string();
        if list.len() + name.len() > LIST_BYTES {
            end(&mut list, out);
        }
        if !list.is_empty() {
            list.push(',');
        }
        list += &name;
    }
    end(&mut list, out);
    lines
}

/// Fills the lists of the rooms that an attacker has created, with as many masks in a line as the server takes.
fn fill_lists(attacker: u32, context: &AttackContext, out: &mut Vec<u8>) {
    let at_once = context.features.number("MODES").unwrap_or(3).clamp(1, 20);
    for room in context.own_rooms(attacker) {
        // Exceptions first: a ban that matches every user would lock out all.
        let mut lists: Vec<char> = context.lists().collect();
        lists.reverse();
        for letter in lists {
            let most = context.features.part("MAXLIST", &letter.to_string());
            let masks: Vec<String> = (0..context.masks.min(most.unwrap_or(u32::MAX)))
                .map(|n| context.mask(n))
                .collect();
            for some in masks.chunks(at_once as usize) {
                let letters: String = some.iter().map(|_| letter).collect();
                let _ = write!(out, "MODE {room} +{letters} {}\r\n", some.join(" "));
            }
        }
    }
}

/// Appends two batches (IRCv3 `draft/multiline`) to the common room, as long as the server allows.
fn batches(burst: u32, context: &AttackContext, out: &mut Vec<u8>) -> u32 {
    let value = context
        .features
        .capability("draft/multiline")
        .unwrap_or_default();
    let most = value
        .split(',')
        .find_map(|part| part.strip_prefix("max-lines=")?.parse().ok());
    let lines = most.unwrap_or(20).clamp(1, 100);
    let room = context.common();
    for n in burst * 2..burst * 2 + 2 {
        let _ = write!(out, "BATCH +{n} draft/multiline {room}\r\n");
        for line in 0..lines {
            let _ = write!(
                out,
                "@batch={n} PRIVMSG {room} :line {line} of the bench\r\n"
            );
        }
        let _ = write!(out, "BATCH -{n}\r\n");
    }
    2 * (lines + 2)
}

#[cfg(test)]
mod tests {
    use super::{super::features::ServerFeatures, *};
    use crate::load::adapter::Run;

    fn context() -> AttackContext {
        let mut features = ServerFeatures::default();
        features
            .note_isupport(b"n MODES=12 EXCEPTS=e MONITOR=100 TARGMAX=PRIVMSG:4 MAXLIST=be:100 :x");
        features.note_capabilities(
            b"n LS :batch message-tags draft/multiline=max-bytes=4096,max-lines=32",
        );
        AttackContext {
            run: Run(7),
            turn: 3,
            attackers: 100,
            rooms: 100,
            masks: 100,
            features,
            sources: vec!["127.0.1.1".into()],
        }
    }

    #[track_caller]
    fn check_lines(text: &[u8]) -> Vec<String> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(text.is_empty() || text.ends_with("\r\n"), "{text}");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for line in &lines {
            assert!(line.len() <= 510, "{} bytes: {line}", line.len());
            assert!(!line.contains('\r'), "{line:?}");
        }
        lines
    }

    #[test]
    fn every_line_fits_and_every_burst_is_counted() {
        let context = context();
        for attack in Attack::names().filter_map(Attack::named) {
            attack.is_possible(&context).unwrap();
            let mut step = 0;
            for attacker in [0, 99] {
                for n in 0..10 {
                    let mut out = Vec::new();
                    if !attack.set_up(n, attacker, &context, &mut out) {
                        break;
                    }
                    step = step.max(n);
                    check_lines(&out);
                }
                for burst in 0..3 {
                    let mut out = Vec::new();
                    let counted = attack.burst(burst, attacker, &context, &mut out);
                    assert_eq!(check_lines(&out).len() as u32, counted, "{attack}");
                }
            }
            assert!(step < 5, "{attack}");
        }
    }

    #[test]
    fn lists_are_filled_once_and_exceptions_come_first() {
        let mut out = Vec::new();
        fill_lists(5, &context(), &mut out);
        let lines = check_lines(&out);
        let masks = |letter: char| -> usize {
            let of = lines
                .iter()
                .filter(|line| line.contains(&format!("+{letter}")));
            of.map(|line| line.split(' ').count() - 3).sum()
        };
        assert_eq!((masks('e'), masks('b')), (100, 100));
        assert!(lines[0].contains("+e"), "{}", lines[0]);
        assert!(lines.last().unwrap().ends_with("*!*@*"));
        // Fewer attackers than rooms: each attacker creates several.
        let few = AttackContext {
            attackers: 30,
            ..context()
        };
        let all: usize = (0..30).map(|n| few.own_rooms(n).count()).sum();
        assert_eq!(all, 100);
    }

    #[test]
    fn missing_features_are_not_attacked() {
        let bare = AttackContext {
            features: ServerFeatures::default(),
            sources: Vec::new(),
            ..context()
        };
        let refused = |attack: Attack| attack.is_possible(&bare).unwrap_err();
        assert!(refused(Attack::Monitor).contains("MONITOR"));
        assert!(refused(Attack::Multiline).contains("draft/multiline"));
        assert!(refused(Attack::Kline).contains("--source"));
        let mut out = Vec::new();
        Attack::Targets.burst(0, 0, &bare, &mut out);
        Attack::ModeLists.burst(0, 0, &bare, &mut out);
        let lines = check_lines(&out);
        assert!(
            lines
                .iter()
                .all(|line| !line.contains("TAGMSG") && !line.ends_with(" e"))
        );
    }

    #[test]
    fn blocks_are_whole_units() {
        for attack in [Attack::Telnet, Attack::Frames] {
            let (block, unit) = attack.block();
            assert_eq!(block.len() % unit, 0);
            assert!(block.len() <= 16 * 1024);
        }
    }
}
