//! madang: a multi-user chat server in one process, one thread and one readiness loop.
//!
//! This page is the map. The program is `src/main.rs` and [`cli`]; everything else can be read, tested and used without it.
//!
//! # Rooms
//!
//! | room | what it owns | what it does not know |
//! |---|---|---|
//! | [`net`] | sockets, tokens, bytes, deadlines: the loop | chat, protocols, frames |
//! | [`chat`] | users, rooms, rules | sockets, bytes, wire formats, the clock |
//! | [`protocol`] | bytes to commands, events to bytes | sockets, the clock |
//! | [`auth`] | passwords: hashes, checks in slices, limits on guesses | whose they are, and how they came |
//! | [`os`] | the log and output streams, signals, limits of the process | the loop, and everything else |
//! | [`config`] | every setting and its default, checked | what the settings are used for |
//! | [`server`] | sessions, fan-out, limits: wires the others | the rules of the others |
//! | `load` | the load tool of `madang bench`, behind the feature `bench` | our server: it is measured like any other |
//! | [`cli`] | the command line and its texts, exit codes | how the server works |
//!
//! A room may use those below it, never one above:
//!
//! ```text
//! cli
//! server, load
//! protocol, config
//! history
//! chat, net, auth, os, store
//! ```
//!
//! A protocol acts through [`protocol::Context`], and IRC through [`protocol::irc::ServerContext`] beside it; the server
//! implements both, tests fake them. `tests/architecture` has the exact list of arrows, and fails on circles
//! between files too.
//!
//! # The turn
//!
//! [`net::EventLoop::turn`] is one step, and [`server::Server::run`] takes one after the other. Its stages are functions
//! of the same names:
//!
//! ```text
//! wait ─> take events ─> accept ─> read and hand over ─> due deadlines ─> flush the dirty ─> reap the closed
//!   ▲                                                                                              │
//!   └── timeout: zero if anything was carried over, else until the nearest deadline, else none ◄───┘
//! ```
//!
//! # The way of one line
//!
//! ```text
//! kernel ─event─> net: token, connection                      (a stale token is counted and skipped)
//!   ─> read into the loop's one scratch area                    (only an unfinished tail is kept)
//!   ─> server: session ─> its protocol                          (any://: decided once, from the first bytes)
//!   ─> protocol: one whole line ─> a Command
//!   ─> chat: Hub::apply ─> Events, each with its audience       (all sent before the next command)
//!   ─> server: fan-out ─> protocol: encoded once for each flavour of the audience
//!   ─> net: a range of a shared buffer for each peer            (noted in the broadcast, or queued)
//!   ─> end of the turn: one write for each peer ─> kernel       (what it does not take waits in the queue)
//! ```
//!
//! docs/ARCHITECTURE.md follows it function by function, and docs/PITFALLS.md has what goes wrong without each rule
//! of the loop.

pub mod auth;
pub mod chat;
pub mod cli;
pub mod config;
pub mod history;
#[cfg(feature = "bench")]
pub mod load;
pub mod net;
pub mod os;
pub mod protocol;
pub mod server;
#[cfg(test)]
mod simulation;
pub mod store;
