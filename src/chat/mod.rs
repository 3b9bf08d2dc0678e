//! People, rooms and rules: the chat itself, as plain data.
//!
//! Everything here is sans-I/O. A [`Command`] goes into [`Hub::apply`], [`Event`]s come out, each with its
//! [`Audience`]; the caller drains them all before it applies the next command.
//!
//! What this layer does not know: sockets, tokens, bytes, wire formats, and what time it is ([`Now`] is handed in).

pub mod accounts;
pub mod bans;
pub mod clock;
pub mod command;
pub mod effort;
pub mod event;
pub mod hub;
pub mod ids;
mod index;
pub mod mask;
pub mod mode;
pub mod name;
pub mod persona;
pub mod refusal;
pub mod registered;
pub mod room;
pub mod same;
pub mod user;
pub mod watches;
pub mod whowas;

pub use bans::ServerBan;
pub use clock::{Moment, Now, WallTime};
pub use command::{Command, Line, Target};
pub use event::{Audience, Body, Destination, Event, SaidLine, Speech};
pub use hub::Hub;
pub use ids::{AccountId, MessageId, RoomId, RoomSerial, SessionId, UserId};
pub use name::{NameError, NameRules, Nick, RoomName};
pub use persona::{Origin, USERNAME_OF_UNASKED};
pub use refusal::{Fullness, Limits, Refusal, Silence};
pub use room::{ListEntry, Room, Topic};
pub use user::{Entrant, Profile, ServerPassword, User};

/// The beginning of a text: whole characters, at most so many bytes.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
