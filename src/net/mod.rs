//! Readiness I/O on one thread: sockets, tokens, bytes and deadlines. Knows no chat, no protocol and no frames.
//!
//! # The readiness contract
//!
//! An [`EventLoop`] takes one [`turn`](EventLoop::turn) after the other; a [`Handler`] is called with what happened and makes
//! its requests to the [`Net`], which holds every source. mio is edge-triggered: the kernel reports a *change* to readable or
//! writable once. From this follow the rules below. Each has its place in the code and a test that fails without it;
//! docs/PITFALLS.md tells what goes wrong otherwise.
//!
//! | | invariant | code | test |
//! |---|---|---|---|
//! | 1 | **Drain or carry over.** A source is read until it would block, or put on the carry-over list. | `reading.rs` | `tests/reading.rs` |
//! | 2 | **Write first, then ask.** Writable interest exists only while bytes are unsent; a short write keeps the cursor. | `connection.rs`, `writing.rs`, `broadcast.rs` | `tests/writing.rs`, `tests/broadcast.rs` |
//! | 3 | **A token names one connection for ever.** Slots are freed at the end of the turn, ids carry a generation. | `token.rs`, `table.rs` | `tests/lifetime.rs` |
//! | 4 | **Accept is bounded**, and out of descriptors callers are told and the listener rests. | `listener.rs` | `tests/accepting.rs` |
//! | 5 | **Back-pressure.** A soft mark, a hard limit, a ceiling, and flood control by not reading. | `writing.rs`, `reading.rs` | `tests/pressure.rs` |
//! | 6 | **Half-close.** Drain, end of stream, linger; error flags are hints. | `phase.rs`, `writing.rs` | `tests/closing.rs` |
//! | 7 | **Idle costs nothing.** No heap buffer, no timeout. | `input.rs`, `output_queue.rs`, `deadlines.rs` | `tests/idle.rs` |
//! | 8 | **Time comes in once a turn** and is passed down. | `clock.rs` | `tests/idle.rs` |
//! | 9 | **No threads**, no call that can block. | all of it | `tests/architecture` at the top level |
//! | 10 | **No unsafe code.** | `Cargo.toml` | the compiler |
//!
//! TLS (`tls.rs`) is a transport that speaks for itself; that the rules hold for it too is seen to by `tests/tls.rs`
//! and `tests/tls_room.rs`.
//! `tests/swarm.rs` plays all of them at once over the simulated network of `sim.rs`.
//!
//! # Readiness and state
//!
//! An event is permission to try, never a promise. It is noted in the connection's record (`readable`) and the
//! connection is put on a list; what is then done follows from the record alone. So a spurious event costs a system
//! call, and a missed list entry would be a bug in one of three places: where a hold ends (a deadline, a flush, a
//! higher mark), where a budget ends, where an event is noted.

mod broadcast;
mod budget;
mod ceiling;
mod clock;
mod connection;
mod core;
mod deadlines;
mod event_loop;
mod handler;
mod histogram;
mod input;
mod inspect;
mod listener;
mod output_queue;
mod phase;
mod reading;
mod segments;
mod shared_buffers;
#[cfg(test)]
pub(crate) mod sim;
mod stats;
mod table;
#[cfg(test)]
mod tests;
pub mod tls;
mod token;
mod transport;
mod udp;
mod writing;

pub use self::core::{Net, Readiness};
pub use broadcast::{FanOut, FanOutKey};
pub use clock::Tick;
pub use connection::Limits;
pub use event_loop::EventLoop;
pub use handler::{Consumed, Handler, Loss, Next, Standing};
pub use histogram::Histogram;
pub use inspect::Footprint;
pub use listener::{Acceptor, SocketOptions, listen_tcp, take_tcp};
pub use output_queue::OutputQueue;
pub use phase::Phase;
pub use shared_buffers::{BufferKey, Chunk, SharedBuffers};
pub use stats::{Stats, TurnPhase};
pub use token::{ConnId, External};
pub use transport::{Notice, Stream, Transport};
pub use udp::{bind_udp, take_udp};
