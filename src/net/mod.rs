//! Readiness I/O on one thread: sockets, tokens, bytes and deadlines. Knows no chat, no protocol and no frames.
//!
//! # The map
//!
//! ```text
//! EventLoop (event_loop/)      owns mio::Poll, its events and the scratch area; turn: one call for each stage
//!   │  wait ─> take events ─> accept ─> read ─> deadlines ─> flush ─> reap
//!   │                           │        │         │          │        │
//!   │                           └────────┴─ Handler (handler.rs) ──────┘   calls with what happened
//!   ▼                                          │
//! Net (core.rs)  <─────────────────────────────┘   requests: share, send, close, set_deadline, ...
//!   ├─ Table (source/table.rs): connections, listeners, datagram sockets, each a record with methods of its own
//!   ├─ LoopState (state.rs): what a source's methods need beside the source
//!   │    ├─ WorkLists (work_lists.rs): which sources have work
//!   │    ├─ Timers (time/timers.rs)
//!   │    └─ Output (output/): shared buffers, segments, broadcast
//!   └─ Ceiling (ceiling.rs), Budget and Clock (time/)
//! tls/   a transport around another
//! ```
//!
//! # The readiness contract
//!
//! An [`EventLoop`] takes one [`turn`](EventLoop::turn) after the other; a [`Handler`] is called with what happened and makes
//! its requests to the [`Net`], which holds every source. mio is edge-triggered: the kernel reports a *change* to readable
//! or writable once. From this follow the rules below. Each has its place in the code and a test that fails without it;
//! docs/PITFALLS.md describes what goes wrong otherwise.
//!
//! | | invariant | code | test |
//! |---|---|---|---|
//! | 1 | **Drain or carry over.** A source is read until it would block, or put on the ready list again. | `event_loop/read.rs` | `tests/reading.rs` |
//! | 2 | **Write first, then ask.** Writable interest exists only while bytes are unsent; a short write keeps the cursor. | `source/connection/write.rs`, `source/stream_io.rs`, `event_loop/flush.rs` | `tests/writing.rs`, `tests/broadcast.rs` |
//! | 3 | **A token names one connection for good.** Slots are freed at the end of the turn, ids carry a generation. | `source/token.rs`, `source/table.rs` | `tests/lifetime.rs` |
//! | 4 | **Accept is bounded**, and out of descriptors connections are shed and the listener rests. | `event_loop/accept.rs`, `source/listener.rs` | `tests/accepting.rs` |
//! | 5 | **Back-pressure.** A high-water mark, a limit, a ceiling, and flood control by not reading. | `source/connection/`, `event_loop/held.rs` | `tests/pressure.rs` |
//! | 6 | **Half-close.** Drain, end of file, linger; error flags are hints. | `source/phase.rs`, `source/life.rs`, `source/connection/write.rs` | `tests/closing.rs` |
//! | 7 | **Idle costs nothing.** No heap buffer, no timeout. | `source/input.rs`, `output/queue.rs`, `time/timers.rs` | `tests/idle.rs` |
//! | 8 | **Time comes in once a turn** and is passed down. | `time/clock.rs` | `tests/idle.rs` |
//! | 9 | **No threads**, no call that can block. | all of it | `tests/architecture` at the top level |
//! | 10 | **No unsafe code.** | `Cargo.toml` | the compiler |
//!
//! TLS (`tls/`) is a transport with a life of its own; `tests/tls.rs` and `tests/tls_scratch.rs` check that the rules hold for it
//! too. `src/simulation/event_loop.rs` plays all of them at once over the simulated network of `src/simulation/network`.
//!
//! # Readiness and state
//!
//! An event is permission to try, never a promise. It is noted in the connection's record (`READABLE`) and the
//! connection is put on a list; what is then done follows from the record alone. So a spurious event costs a system
//! call, and a missed list entry would be a bug in one of three places: where a hold ends (a deadline, a flush, a
//! higher mark), where a budget ends, where an event is noted.

mod ceiling;
mod core;
mod event_loop;
mod externals;
mod handler;
mod histogram;
mod limits;
mod output;
mod source;
mod state;
mod stats;
#[cfg(test)]
pub(crate) mod tests;
mod time;
pub mod tls;
mod work_lists;

pub use self::core::{Net, Readiness};
pub use event_loop::EventLoop;
pub use handler::{Consumed, Handler, Loss, Next, Standing};
pub use histogram::Histogram;
pub use limits::Limits;
pub use output::{
    broadcast::{FanOut, FanOutKey},
    chunk::{BufferKey, Chunk},
    queue::OutputQueue,
    shared_buffers::SharedBuffers,
};
pub use source::{
    outcome::Footprint,
    phase::Phase,
    plain_socket::PlainSocket,
    socket::{SocketOptions, bind_udp, listen_tcp, listen_unix, take_tcp, take_udp, take_unix},
    stream::{Acceptor, NO_ADDRESS, Stream},
    token::{ConnId, External},
    transport::{Notice, Transport},
};
pub use stats::{Stats, TurnPhase};
pub use time::clock::Tick;
