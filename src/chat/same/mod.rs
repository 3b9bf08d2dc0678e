//! When two names are the same, and when two addresses are: the one rule that everything asks.
//!
//! Owns the form in which names are compared ([`fold`]), and addresses and blocks of them ([`Block`]). Nicks, rooms and
//! masks of every list go through these. Plain values: nothing here knows users, rooms or lists, and nothing opens a
//! socket.

mod address;
mod fold;

pub use address::{Block, parse_address};
pub use fold::fold;
