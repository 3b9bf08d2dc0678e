//! madang: a multi-user chat server in one process, one thread and one readiness loop.
//!
//! This page is the map. The program is `src/main.rs` and [`cli`]; everything else can be read, tested and used without it.
//!
//! # Rooms
//!
//! | room | what it owns | what it does not know |
//! |---|---|---|
//! | [`net`] | sockets, tokens, bytes, deadlines: the loop | chat, protocols, frames |
//! | [`chat`] | people, rooms, rules | sockets, bytes, wire formats, the clock |
//! | [`protocol`] | bytes to commands, events to bytes | sockets, the clock |
//! | [`os`] | the host's output streams and the log, written without waiting | the loop, and everything else |
//! | [`config`] | every setting and its default, checked | what the settings are used for |
//! | [`server`] | sessions, fan-out, limits, signals: wires the others | the rules of the others |
//! | `load` | the load tool of `madang bench`, behind the feature `bench` | our server: it is measured like any other |
//! | [`cli`] | the words of the command line, exit codes | how the server works |
//!
//! # Arrows
//!
//! They point down only; `tests/architecture` keeps them so.
//!
//! ```text
//!        ┌── cli ──┐
//!        │    │    │
//!        │    ▼    ▼
//!        │ server  load
//!        │  │ │ │   │ │
//!        ▼  ▼ │ │   │ │
//!       config│ └───│─┴──> net
//!             ▼     ▼
//!            protocol
//!               │
//!               ▼
//!              chat
//! ```
//!
//! (`server` names `chat` too; `cli/terminal.rs`, the client, names `net`; `cli`, `server` and `load` name `os`;
//! `server` and `config` name `auth`.) To come: `store`, what outlives the process, beside `protocol`.
//!
//! # Inside `server` and `protocol`
//!
//! ```text
//! server/  connections  a session each: one file for each protocol     protocol/  detect    which protocol, by the first bytes
//!          shared       the hub, routes, settings; fan-out                        telnet    lines for users at terminals
//!          listeners    sockets, and what is accepted there                      irc       RFC 1459/2812, IRCv3
//!          limits       rates, shares, places, memory                            flavour   the encoding for one kind of reader
//!          metrics      reports on everything                                    echo
//! ```
//!
//! A protocol acts through [`protocol::Context`], and IRC through [`protocol::irc::ServerContext`] beside it; the server
//! implements both, tests fake them.
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
//! kernel ─event─> Net: token -> ConnId                       (stale: counted, skipped)
//!   ─> Connection::fill into the loop's one scratch area        (only an unfinished tail is kept)
//!   ─> any://: protocol::detect                                 (once, from the first bytes)
//!   ─> Telnet or Irc::next_frame: one whole line ─> handle_line: a Command
//!   ─> Hub::apply ─> Events, each with its audience             (all told before the next command)
//!   ─> server::fanout: encoded once for each flavour: the protocol, and the capabilities that matter here
//!   ─> Net::share of a range of a shared log: noted for the crowd, or appended to the peer's OutputQueue
//!   ─> end of the turn: one write for each peer ─> kernel       (what it does not take waits in the queue)
//! ```
//!
//! docs/ARCHITECTURE.md follows it function by function, and docs/PITFALLS.md tells what goes wrong without each rule
//! of the loop.

pub mod auth;
pub mod chat;
pub mod cli;
pub mod config;
#[cfg(feature = "bench")]
pub mod load;
pub mod net;
pub mod os;
pub mod protocol;
pub mod server;
#[cfg(test)]
mod simulation;
