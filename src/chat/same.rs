//! When two names are the same, and when two addresses are: the one rule that everything asks.
//!
//! Owns addresses and blocks of them ([`Block`]). Plain values: nothing here knows people, rooms or lists, and nothing
//! opens a socket.

mod address;

pub use address::{Block, parse_address};
