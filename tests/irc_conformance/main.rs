//! IRC from outside: the real binary over real sockets, judged by the texts (RFC 1459 and 2812, "Modern IRC", IRCv3).
//!
//! One module a theme. Each case has a server of its own, which is cheap; nothing waits by sleeping (see `common::irc`).

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod caps;
mod isupport;
mod joining;
mod keeping_order;
mod labels;
mod messages;
mod mixed;
mod modes;
mod monitor;
mod multiline;
mod news;
mod nicks;
mod operators;
mod people;
mod queries;
mod rank;
mod register;
mod resume;
mod rework;
mod tags;
mod who;
