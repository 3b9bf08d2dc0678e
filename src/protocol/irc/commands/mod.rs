//! The commands, by theme: one function for each row of the table.
//!
//! Handlers parse, ask the hub through the [`Request`](super::session::request::Request), and answer what the hub's
//! events do not.

pub(super) mod accounts;
pub(super) mod authenticate;
mod caps;
pub(super) mod chathistory;
mod connection;
mod help;
mod lists;
pub(super) mod markread;
mod messages;
pub(super) mod modes;
mod multiline;
mod nickserv;
pub(super) mod operators;
mod people;
pub(super) mod register_account;
pub(super) mod replay;
pub(super) mod rooms;
pub(super) mod server;
pub(super) mod table;
pub(super) mod webirc;
mod who;
