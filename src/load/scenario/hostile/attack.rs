//! The attacks: their names, what each does, and what it needs of the server.
//!
//! Knows no connections and no time. What the attackers send is in `script`.

use super::context::AttackContext;
use crate::load::target::Protocol;
use std::fmt;

/// An attack; in the order of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// No attack: the victims are alone.
    Quiet,
    /// Changes nicks, in many rooms with full lists.
    Nick,
    /// Joins many rooms with full lists, and leaves them.
    Join,
    /// Asks for full lists.
    ModeLists,
    /// Removes masks from full lists and adds them again.
    ModeFlood,
    /// Asks for the users of rooms (WHO).
    Who,
    /// Asks for the names in a full room.
    Names,
    /// Asks for all rooms.
    List,
    /// Watches and unwatches names.
    Monitor,
    /// Messages of many lines.
    Multiline,
    /// Messages to many users at once.
    Targets,
    /// Endless telnet negotiations, without registering.
    Telnet,
    /// Empty frames.
    Frames,
    /// An operator bans every client in a room.
    Kline,
}

/// All attacks in the order in which they run: the ban comes last, because it may outlive the run.
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

    /// The attack of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = ALL.iter();
        all.find(|(of, ..)| *of == name)
            .map(|(_, attack, _)| *attack)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = ALL.iter().find(|(_, attack, _)| *attack == self);
        named.map_or("", |(name, ..)| name)
    }

    /// What it does, in a few words.
    pub(super) fn about(self) -> &'static str {
        let named = ALL.iter().find(|(_, attack, _)| *attack == self);
        named.map_or("", |(.., about)| about)
    }

    /// How many attackers it has if the user asks for so many.
    pub(super) fn attackers(self, asked: u32) -> u32 {
        match self {
            Self::Quiet => 0,
            // Attackers that do not register are cheap.
            Self::Telnet => asked.saturating_mul(5),
            _ => asked,
        }
    }

    /// Whether the attackers speak no IRC.
    pub(super) fn is_nameless(self) -> bool {
        self == Self::Telnet
    }

    /// Whether it sends a stream of bytes, instead of lines that are answered.
    pub(super) fn is_poured(self) -> bool {
        matches!(self, Self::Telnet | Self::Frames)
    }

    /// Whether it can be made over this protocol.
    pub(super) fn suits(self, protocol: Protocol) -> bool {
        match self {
            Self::Telnet => protocol == Protocol::Telnet,
            Self::Frames => protocol.is_websocket(),
            _ => protocol.is_irc(),
        }
    }

    /// Checks that the server has what the attack needs.
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
    fn names_of_attacks_can_be_parsed() {
        for name in Attack::names() {
            assert_eq!(Attack::named(name).unwrap().name(), name);
            assert!(!Attack::named(name).unwrap().about().is_empty());
        }
        assert_eq!(Attack::named("hug"), None);
    }
}
