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
//! | [`config`] | every setting and its default, checked | what the settings are used for |
//! | [`server`] | sessions, fan-out, limits, signals: wires the others | the rules of the others |
//! | [`cli`] | the words of the command line, exit codes | how the server works |
//!
//! # Arrows
//!
//! They point down only; `tests/house.rs` keeps them so.
//!
//! ```text
//!            cli
//!           │   │
//!           │   ▼
//!           │  server ──────────┐
//!           │   │    │          │
//!           ▼   ▼    ▼          ▼
//!          config   protocol   net
//!                    │
//!                    ▼
//!                   chat
//! ```
//!
//! (`server` names `chat` too; `cli/terminal.rs`, the client, names `net`.)
//!
//! # The turn
//!
//! [`net::Poller::turn`] is one step, and [`server::Server::run`] takes one after the other. Its stages are functions
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
//! kernel ─event─> Poller: token -> ConnId                       (stale: counted, skipped)
//!   ─> Connection::fill into the loop's one scratch area        (only an unfinished tail is kept)
//!   ─> Telnet::next_frame: one whole line ─> Telnet::handle_line: a Command
//!   ─> Hub::apply ─> Events, each with its audience             (all told before the next command)
//!   ─> server::fanout: encoded once for each flavour
//!   ─> OutputQueue::push of a range of the shared bytes; the connection is marked dirty
//!   ─> end of the turn: one write for each dirty connection ─> kernel
//! ```
//!
//! docs/ARCHITECTURE.md follows it function by function, and docs/PITFALLS.md tells what goes wrong without each rule
//! of the loop.

pub mod chat;
pub mod cli;
pub mod config;
pub mod net;
pub mod protocol;
pub mod server;
