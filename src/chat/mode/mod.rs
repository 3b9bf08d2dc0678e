//! Modes of rooms, of users, and of members of a room.
//!
//! A line of mode letters becomes [`ModeChange`]s ([`parse_room_changes`]); the hub makes those that are allowed and
//! reports them as [`AppliedMode`]s. Letters and their meaning are those of "Modern IRC", section "Modes"; both IRC's MODE
//! and telnet's `/mode` speak them.
//!
//! ```text
//! change.rs     changes, asked for and made
//! letters.rs    sets of letters: ranks, flags of rooms, modes of users
//! parse.rs      letters and parameters -> changes
//! ```
//!
//! Owns no state. Does not know permissions; the hub does.

mod change;
mod letters;
mod parse;
#[cfg(test)]
mod tests;

pub use change::{AppliedMode, ModeChange, SpelledModes, UserModeChange};
pub use letters::{
    Letter, ListKind, ModeSet, Rank, Ranks, RoomFlag, RoomFlags, Sign, UserMode, UserModes,
};
pub use parse::{
    KEY_BYTES_MAX, ModeError, PARAMETERS_MAX, RoomModeRequest, is_valid_key, parse_room_changes,
    parse_user_changes,
};
