//! Whether a client may enter, before it chooses a nick: password and bans.
//!
//! Owns how far a client is with the server's password. The rules are the hub's, the checks of passwords are the server's;
//! the sentences are here.

use super::{
    encode::{news, refusal},
    greeting::QUESTION,
};
use crate::{
    chat::{Refusal, ServerPassword},
    protocol::{Context, PasswordCheck, TurnedAway, seconds_to_wait},
};

/// Wrong passwords that one connection may give: a user who knows it needs fewer.
const WRONG_PASSWORDS_MAX: u8 = 3;

/// How many wrong passwords a client gave, or that it gave the right one. In one byte, for each connection has it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PasswordEntry(u8);

impl PasswordEntry {
    const RIGHT: u8 = u8::MAX;

    /// The hub's view of it.
    pub(super) fn state(self) -> ServerPassword {
        match self.0 {
            Self::RIGHT => ServerPassword::Correct,
            _ => ServerPassword::Missing,
        }
    }

    fn note_right(&mut self) {
        self.0 = Self::RIGHT;
    }

    /// Counts a wrong one; returns how many that makes.
    fn note_wrong(&mut self) -> u8 {
        self.0 = (self.0 + 1).min(Self::RIGHT - 1);
        self.0
    }
}

/// Whether a line of a client without a name is to be handled as usual. If not, the line was its password, or the client
/// is turned away; the answer has the reason.
pub(super) fn may_go_on(entry: &mut PasswordEntry, line: &[u8], ctx: &mut dyn Context) -> bool {
    let Err(refused) = ctx.may_enter(entry.state()) else {
        return true;
    };
    if refused == Refusal::PasswordRequired {
        check(entry, line, ctx);
    } else {
        refusal(ctx.answer(), &refused.to_string());
        ctx.turn_away(TurnedAway::Banned);
    }
    false
}

/// Checks a line as the server's password.
fn check(entry: &mut PasswordEntry, line: &[u8], ctx: &mut dyn Context) {
    match ctx.check_password(line) {
        PasswordCheck::Right => {
            entry.note_right();
            news(ctx.answer(), QUESTION);
        }
        PasswordCheck::Wrong if entry.note_wrong() < WRONG_PASSWORDS_MAX => {
            refusal(ctx.answer(), "that is not the password; try again");
        }
        PasswordCheck::Wrong => {
            refusal(ctx.answer(), "that is not the password; good-bye");
            ctx.turn_away(TurnedAway::BadPassword);
        }
        PasswordCheck::TooSoon(wait) => {
            let seconds = seconds_to_wait(wait);
            let text = format!("too many wrong passwords; try again in {seconds} seconds");
            refusal(ctx.answer(), &text);
            ctx.turn_away(TurnedAway::BadPassword);
        }
    }
}
