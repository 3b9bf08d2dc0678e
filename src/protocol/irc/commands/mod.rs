//! What the commands do, by theme: one function for each row of the table.
//!
//! Handlers parse, ask the hub through the [`Call`](super::call::Call), and say what the hub's events do not.

mod caps;
mod connection;
mod lists;
mod messages;
mod modes;
mod operators;
mod people;
mod rooms;
mod server;
mod who;

pub(super) use caps::cap;
pub(super) use connection::{away, nick, ping, pong, quit, setname};
pub(super) use lists::{list, names};
pub(super) use messages::{fits, notice, privmsg, redact, tagmsg, target_of};
pub(super) use modes::{mode, mode_letters};
pub(super) use operators::{become_operator, die, kill, kline, oper, rehash, unkline, wallops};
pub(super) use people::{ison, monitor, userhost, whois, whowas};
pub(super) use rooms::{invite, join, kick, knock, part, rename, topic, write_topic};
pub(super) use server::{
    admin, help, info, isupport, isupport_command, links, lusers, lusers_command, motd,
    motd_command, stats, time, version,
};
pub(super) use who::{WhoFormat, is_meant, who, write_who};
