//! People, rooms and rules: the chat itself, as plain data.
//!
//! Everything here is sans-I/O. A [`Command`] goes into [`Hub::apply`], [`Event`]s come out, each with its
//! [`Audience`]; the caller drains them all before it applies the next command.
//!
//! What this layer does not know: sockets, tokens, bytes, wire formats, and what time it is ([`Time`] is handed in).

pub mod command;
pub mod event;
pub mod flood;
pub mod hub;
mod index;
pub mod mask;
pub mod mode;
pub mod name;
pub mod refusal;
pub mod room;
pub mod user;
pub mod whowas;

pub use command::{Command, Line, Target};
pub use event::{Audience, Body, Event, MessageId, Place, SaidLine, Speech};
pub use hub::Hub;
pub use name::{NameError, NameRules, Nick, RoomName};
pub use refusal::{Limits, Refusal, Silence};
pub use room::{ListEntry, Room, RoomId, Topic};
pub use user::{Origin, Profile, USERNAME_OF_UNASKED, User, UserId};

/// A moment of the wall clock: milliseconds since the Unix epoch, as the caller read it once for the whole turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// The beginning of a text: whole characters, at most so many bytes.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
