//! Changes of modes: those that are asked for, those that were made, and how these are spelled.

use super::letters::{Letter, ListKind, Rank, RoomFlag, Sign, UserMode};
use crate::chat::{Nick, ids::UserId};

/// One wish to change a room's modes, valid in form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeChange<'a> {
    /// Switches something on or off.
    Flag {
        /// On or off.
        sign: Sign,
        /// What.
        flag: RoomFlag,
    },
    /// `k`: joining needs this key; `None`: no key is needed any more. `is_valid_key` holds.
    Key(Option<&'a str>),
    /// `l`: no more members than this, never 0; `None`: no limit.
    Limit(Option<u32>),
    /// Puts a mask on a list, or takes it off.
    List {
        /// On or off.
        sign: Sign,
        /// Which list.
        kind: ListKind,
        /// The mask as typed; the hub completes it.
        mask: &'a str,
    },
    /// Gives a person a rank in the room, or takes it.
    Rank {
        /// Give or take.
        sign: Sign,
        /// Which rank.
        rank: Rank,
        /// The person's name as typed.
        nick: &'a str,
    },
}

/// One change of a room's modes that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppliedMode {
    /// Something was switched.
    Flag {
        /// On or off.
        sign: Sign,
        /// What.
        flag: RoomFlag,
    },
    /// There is a key now, or none any more.
    Key {
        /// On or off.
        sign: Sign,
        /// The new key, or the one that was there.
        key: Box<str>,
    },
    /// There is a limit now, or none any more.
    Limit(Option<u32>),
    /// A mask came onto a list or went off it.
    List {
        /// On or off.
        sign: Sign,
        /// Which list.
        kind: ListKind,
        /// The mask, completed.
        mask: Box<str>,
    },
    /// Someone has a rank now, or lost it.
    Rank {
        /// Given or taken.
        sign: Sign,
        /// Which rank.
        rank: Rank,
        /// Who.
        user: UserId,
    },
}

/// One change of a person's own modes: a wish, or one that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserModeChange {
    /// On or off.
    pub sign: Sign,
    /// What.
    pub mode: UserMode,
}

/// Changes as letters and parameters, the way MODE carries them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpelledModes {
    /// `+nt-o`: a sign is before the first letter and wherever it changes.
    pub letters: String,
    /// Parameters, in the order of their letters.
    pub parameters: Vec<String>,
}

impl SpelledModes {
    /// Changes of a room, in their order. A line of IRC may be too short for all: spell a part of them for each line.
    pub fn of_room(changes: &[AppliedMode], nick_of: impl Fn(UserId) -> Option<Nick>) -> Self {
        let mut spelled = Self::default();
        let mut last = None;
        for change in changes {
            let (sign, letter, parameter) = match change {
                AppliedMode::Flag { sign, flag } => (*sign, flag.letter(), None),
                AppliedMode::Key { sign, key } => (*sign, 'k', Some(key.to_string())),
                AppliedMode::Limit(None) => (Sign::Minus, 'l', None),
                AppliedMode::Limit(Some(max)) => (Sign::Plus, 'l', Some(max.to_string())),
                AppliedMode::List { sign, kind, mask } => {
                    (*sign, kind.letter(), Some(mask.to_string()))
                }
                AppliedMode::Rank { sign, rank, user } => {
                    let nick = nick_of(*user).map(|nick| nick.to_string());
                    (*sign, rank.letter(), nick)
                }
            };
            spelled.push(sign, letter, &mut last);
            spelled.parameters.extend(parameter);
        }
        spelled
    }

    /// Changes of a person's own modes, in their order.
    pub fn of_user(changes: &[UserModeChange]) -> Self {
        let mut spelled = Self::default();
        let mut last = None;
        for change in changes {
            spelled.push(change.sign, change.mode.letter(), &mut last);
        }
        spelled
    }

    fn push(&mut self, sign: Sign, letter: char, last: &mut Option<Sign>) {
        if last.replace(sign) != Some(sign) {
            self.letters.push(sign.symbol());
        }
        self.letters.push(letter);
    }
}
