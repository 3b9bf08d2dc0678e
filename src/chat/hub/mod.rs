//! The hub: all users and rooms, and the only way to change them.
//!
//! [`Hub::enter`] and [`Hub::apply`] change things; everything else reads. A change produces `Event`s, which the
//! caller takes with [`Hub::next_event`] until there are none: **one mutation, then drain**, never two mutations in a
//! row. A user who quit with the mutation, and each room that vanished with it, is out of all lists and indices at once
//! and the names are free, but the records stay readable, so that the events about them can be encoded. The next call
//! of `enter` or `apply`, granted or refused, frees them first.
//!
//! Owns two slabs of records, an index of names for each, and the events not yet taken.
//!
//! Invariants ([`Hub::check_invariants`]):
//! 1. a user's list of rooms and the rooms' lists of members name each other, with the right index;
//! 2. the index of names has exactly the users in the slab, but for one who has just quit;
//! 3. a room has members, but for those that have just vanished, and registered ones;
//! 4. an id never names another user: the generation in a record is never given twice;
//! 5. what is remembered of a member's right to speak is what the room's lists would give; counts are what a walk would count.
//!
//! Does not know connections, wire formats or the clock.

use super::{Command, Now, Refusal, UserId, effort};

mod accounts;
mod audience;
mod commands;
mod entry;
mod invariants;
mod kept;
mod memory;
mod messages;
#[cfg(test)]
mod model_test;
mod moderation;
mod modes;
mod pair_times;
mod permissions;
mod presence;
mod read;
mod registered;
mod sent;
mod state;
#[cfg(test)]
mod tests;
mod times;

pub use kept::network_of;
pub use registered::RoomSettings;
pub use state::{Counts, Hub};

impl Hub {
    /// Applies a user's command, or refuses it and changes nothing. [`Hub::next_event`] returns the events.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn apply(&mut self, who: UserId, command: Command<'_>, now: Now) -> Result<(), Refusal> {
        self.free_departed();
        self.charge(effort::COMMAND);
        if self.user(who).is_none() {
            return Err(Refusal::Gone);
        }
        match command {
            Command::ClaimRank { room, nick } => self.claim_rank(who, &room, nick, now),
            Command::EndOwn { nick } => self.end_own(who, nick, now),
            Command::GiveRoom { room, account } => self.give_room(who, &room, account, now),
            Command::Invite { room, nick } => self.invite(who, &room, nick, now),
            Command::Join { room, key, flags } => self.join(who, room, (key, flags), now),
            Command::Kick { room, nick, reason } => self.kick(who, &room, nick, reason, now),
            Command::Kill { nick, reason } => self.kill(who, nick, reason, now),
            Command::Knock { room, text } => self.knock(who, &room, text, now),
            Command::Leave { room, reason } => self.leave(who, &room, reason, now),
            Command::LogIn { account } => self.log_in(who, account, now),
            Command::LogOut => {
                self.log_out(who, now);
                Ok(())
            }
            Command::MakeOperator => {
                self.make_operator(who, now);
                Ok(())
            }
            Command::Quit { reason } => {
                self.quit(who, None, reason, now);
                Ok(())
            }
            Command::Redact {
                from,
                message,
                reason,
            } => self.redact(who, from, message, reason, now),
            Command::RegisterRoom { room } => self.register_room(who, &room, now),
            Command::Rename { nick } => self.rename(who, nick, now),
            Command::RenameRoom { room, to, reason } => {
                self.rename_room(who, &room, to, reason, now)
            }
            Command::Say {
                to,
                speech,
                text,
                tags,
            } => self.say(who, to, (speech, text), tags, now),
            Command::SayLines {
                to,
                speech,
                lines,
                tags,
            } => self.say_lines(who, to, (speech, lines), tags, now),
            Command::SetAway { text } => self.set_away(who, text, now),
            Command::SetRealname { text } => self.set_realname(who, text, now),
            Command::SetRoomModes { room, changes } => {
                self.set_room_modes(who, &room, changes, now)
            }
            Command::SetRoomRank {
                room,
                account,
                sign,
                rank,
            } => self.set_room_rank(who, &room, (account, sign, rank), now),
            Command::SetTopic { room, text } => self.set_topic(who, &room, text, now),
            Command::SetUserModes { changes } => {
                self.set_user_modes(who, changes, now);
                Ok(())
            }
            Command::Tag { to, tags } => self.tag(who, to, tags, now),
            Command::Wallops { text } => self.wallops(who, text, now),
        }
    }
}
