//! Between bytes and chat: line ends and frames on one side, `Command`s and
//! [`Event`](crate::chat::Event)s on the other.
//!
//! A codec here borrows its input and appends to a buffer of its caller; it owns neither socket nor
//! queue. It acts through [`Context`], which the server implements and
//! tests fake.
//!
//! What this layer does not know: sockets, tokens, queues, and what time it is.

pub mod account;
mod context;
mod decoded;
pub mod detect;
pub mod echo;
pub mod encode;
pub mod flavour;
pub mod history;
pub mod irc;
pub mod lines;
pub mod mention;
pub mod proxy_header;
pub mod sanitize;
pub mod services;
pub mod telnet;
#[cfg(any(test, fuzzing))]
pub mod testing;
mod time;
pub mod web;

pub use context::{
    Checked, Context, Entered, OperatorAction, PasswordCheck, SessionLine, TurnedAway,
};
pub use decoded::{Decoded, Frame};
pub use time::{Iso, seconds_to_wait};
