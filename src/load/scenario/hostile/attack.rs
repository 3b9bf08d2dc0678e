//! The attacks: their names, what each does, and what it needs of the server.
//!
//! Knows no connections, no time, and not what the attackers say: that is `script`'s.

use super::context::AttackContext;
use crate::load::target::Protocol;
use std::fmt;

/// What an attack does; in the order of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Nothing: the victims are alone.
    Quiet,
    /// Another name each time, in many rooms with full lists.
    Nick,
    /// Into many rooms with full lists, and out again.
    Join,
    /// Asks for full lists.
    ModeLists,
    /// Takes masks out of full lists and puts them in again.
    ModeFlood,
    /// Asks who is there.
    Who,
    /// Asks for the names in a full room.
    Names,
    /// Asks for all rooms.
    List,
    /// Watches and unwatches names.
    Monitor,
    /// Messages of many lines.
    Multiline,
    /// Messages to many people at once.
    Targets,
    /// Negotiates without an end, without a name.
    Telnet,
    /// Frames with nothing in them.
    Frames,
    /// An operator bans everyone in a room.
    Kline,
}

/// All attacks in the order in which they run: the ban comes last, for it may outlive the run.
const ALL: &[(&str, Attack, &str)] = &[
    (
        "quiet",
        Attack::Quiet,
        "no attack: what the victims have alone",
    ),
    (
        "nick",
        Attack::Nick,
        "NICK bursts in many rooms with full lists",
    ),
    (
        "join",
        Attack::Join,
        "JOIN and PART of many rooms with full lists",
    ),
    ("mode-lists", Attack::ModeLists, "MODE asks for full lists"),
    (
        "mode-flood",
        Attack::ModeFlood,
        "MODE takes masks out and puts them in",
    ),
    ("who", Attack::Who, "WHO of a full room and of everyone"),
    ("names", Attack::Names, "NAMES of a full room"),
    ("list", Attack::List, "LIST of all rooms"),
    ("monitor", Attack::Monitor, "MONITOR adds, shows and clears"),
    (
        "multiline",
        Attack::Multiline,
        "batches of many lines to a full room",
    ),
    ("targets", Attack::Targets, "PRIVMSG and TAGMSG to many"),
    ("telnet", Attack::Telnet, "negotiations of nameless callers"),
    ("frames", Attack::Frames, "empty WebSocket frames and pings"),
    ("kline", Attack::Kline, "KLINE of everyone in a room"),
];

impl Attack {
    /// All names, in the order of a run.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, ..)| *name)
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = ALL.iter();
        all.find(|(of, ..)| *of == name)
            .map(|(_, attack, _)| *attack)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        let named = ALL.iter().find(|(_, attack, _)| *attack == self);
        named.map_or("", |(name, ..)| name)
    }

    /// What it does, in a few words.
    pub(super) fn about(self) -> &'static str {
        let named = ALL.iter().find(|(_, attack, _)| *attack == self);
        named.map_or("", |(.., about)| about)
    }

    /// How many attackers it has where the user asks for so many.
    pub(super) fn attackers(self, asked: u32) -> u32 {
        match self {
            Self::Quiet => 0,
            // Whoever needs no name can come in numbers.
            Self::Telnet => asked.saturating_mul(5),
            _ => asked,
        }
    }

    /// Whether the attackers say no word of IRC.
    pub(super) fn is_nameless(self) -> bool {
        self == Self::Telnet
    }

    /// Whether it pours bytes in, in place of lines that are answered.
    pub(super) fn is_poured(self) -> bool {
        matches!(self, Self::Telnet | Self::Frames)
    }

    /// Whether it is made through a endpoint of this protocol.
    pub(super) fn suits(self, protocol: Protocol) -> bool {
        match self {
            Self::Telnet => protocol == Protocol::Telnet,
            Self::Frames => protocol.is_websocket(),
            _ => protocol.is_irc(),
        }
    }

    /// Whether the server has what it takes; what is missing, else.
    pub(super) fn is_possible(self, context: &AttackContext) -> Result<(), String> {
        let features = &context.features;
        match self {
            Self::Monitor if features.token("MONITOR").is_none() => {
                Err("the server has no MONITOR".into())
            }
            Self::Multiline if features.capability("draft/multiline").is_none() => {
                Err("the server has no draft/multiline".into())
            }
            Self::Kline if context.sources.is_empty() => {
                Err("the addresses of the attackers are not known: name them with --source".into())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        for name in Attack::names() {
            assert_eq!(Attack::named(name).unwrap().name(), name);
            assert!(!Attack::named(name).unwrap().about().is_empty());
        }
        assert_eq!(Attack::named("hug"), None);
    }
}
