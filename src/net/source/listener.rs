//! A listener: bounded accepting, and what happens when descriptors run out (invariant 4).
//!
//! A poll is edge-triggered: a listener whose `accept` failed for want of descriptors gets no second event for the
//! connections that wait. A loop on `accept` would spin; giving up would be silence until the next connection. So the spare
//! descriptor is given up, one connection is accepted in its place, sent a short text, and closed. When there are too many
//! of those, or not even that works, the listener is taken out of the poll and a timer puts it back.
//!
//! ```text
//!              out of descriptors
//! Listening ──────────────────────> Resting ──┐
//!     │  ▲           REST, then accept again  │
//!     │  └────────────────────────────────────┘
//!     └──────────> Closed
//! ```
//!
//! Owns the spare descriptor and the listener's state. Does not know what a connection is for.

use super::{
    marks::Marks,
    stream::{Acceptor, Stream},
    token::ConnId,
};
use crate::net::state::LoopState;
use mio::Interest;
use rustix::io::Errno;
use std::{
    fs::File,
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

/// How long a listener rests: four times a second is soon enough for a user who waits, and nothing for a CPU.
const REST: Duration = Duration::from_millis(250);

/// So much input is read of a connection that is shed, lest our text be destroyed by the reset that unread input causes.
const SHED_INPUT: usize = 4096;

/// Where a listener is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenerState {
    Listening,
    /// Taken out of the poll until its timer.
    Resting,
    /// It is reaped at the end of the turn, and accepts nothing until then.
    Closed,
}

/// The loop's record of one listener.
pub(crate) struct Listener {
    acceptor: Box<dyn Acceptor>,
    /// What a connection is sent that is shed.
    farewell: Rc<[u8]>,
    pub(crate) state: ListenerState,
    pub(crate) marks: Marks,
    /// Which of its slot's sources it is.
    pub(super) generation: u32,
}

/// What an attempt to accept came to.
pub(crate) enum Accepted {
    Connection(Stream, SocketAddr),
    /// Nothing waits.
    Nothing,
    /// That connection is gone, or was shed; take the next.
    Next,
    /// There is no descriptor, or something unknown happened: the listener must rest.
    MustRest(io::Error),
}

impl Listener {
    pub(crate) fn new(acceptor: Box<dyn Acceptor>, farewell: Rc<[u8]>) -> Self {
        Self {
            acceptor,
            farewell,
            state: ListenerState::Listening,
            marks: Marks::default(),
            generation: 0,
        }
    }

    /// Registers it with the poll.
    pub(crate) fn register(&mut self, id: ConnId, state: &LoopState) -> io::Result<()> {
        match self.acceptor.source() {
            Some(source) => state
                .registry
                .register(source, id.token(), Interest::READABLE),
            None => Ok(()),
        }
    }

    /// Takes it out of the poll.
    pub(crate) fn deregister(&mut self, state: &LoopState) {
        if let Some(source) = self.acceptor.source() {
            let _ = state.registry.deregister(source);
        }
    }

    /// Accepts one connection. Without a descriptor for it, one is shed in place of the spare descriptor.
    pub(crate) fn accept(&mut self, spare: &mut Spare, state: &mut LoopState) -> Accepted {
        match self.acceptor.accept() {
            Ok((stream, peer)) => {
                state.stats.accepted += 1;
                Accepted::Connection(stream, peer)
            }
            Err(error) => {
                let mut failure = sort(&error);
                if failure == Failure::OutOfDescriptors {
                    failure = self.shed(spare, state);
                }
                match failure {
                    Failure::NothingWaits => Accepted::Nothing,
                    Failure::ConnectionGone => Accepted::Next,
                    Failure::OutOfDescriptors | Failure::Later => Accepted::MustRest(error),
                }
            }
        }
    }

    /// Sheds one connection with a text, and returns what to do next. For want of a descriptor `accept` fails whether or
    /// not something waits (Linux looks for the descriptor first); only the attempt with the spare one shows it.
    fn shed(&mut self, spare: &mut Spare, state: &mut LoopState) -> Failure {
        if !spare.restore() {
            return Failure::OutOfDescriptors;
        }
        spare.give_up();
        let next = match self.acceptor.accept() {
            Ok((stream, peer)) => {
                tracing::debug!(%peer, reason = "out_of_descriptors", "turned away");
                send_farewell(stream, &self.farewell);
                state.stats.shed += 1;
                Failure::ConnectionGone
            }
            Err(error) => sort(&error),
        };
        // The stream is dropped by now, so this takes its descriptor.
        if spare.restore() {
            next
        } else {
            Failure::OutOfDescriptors
        }
    }

    /// Takes it out of the poll for a while.
    pub(crate) fn rest(&mut self, id: ConnId, state: &mut LoopState) {
        if self.state != ListenerState::Listening {
            return;
        }
        self.state = ListenerState::Resting;
        self.deregister(state);
        state.stats.rests += 1;
        state.timers.arm(state.now.after(REST), id.slot);
    }

    /// Puts it back after its rest: connections that wait are accepted in the next turn, new ones make an event.
    pub(crate) fn resume(&mut self, id: ConnId, state: &mut LoopState) {
        if self.state != ListenerState::Resting {
            return;
        }
        if self.register(id, state).is_ok() {
            self.state = ListenerState::Listening;
            state.work.push_accepting(id, &mut self.marks);
        } else {
            // Even the poll is short of memory: try again later.
            state.timers.arm(state.now.after(REST), id.slot);
        }
    }

    /// Closes it at the end of the turn.
    pub(crate) fn close(&mut self, id: ConnId, state: &mut LoopState) {
        if self.state != ListenerState::Closed {
            self.state = ListenerState::Closed;
            state.work.closed.push(id);
        }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A descriptor held for nothing but to be let go when there is no other.
#[derive(Debug)]
pub(crate) struct Spare(Option<File>);

impl Spare {
    pub(crate) fn new() -> Self {
        let mut spare = Self(None);
        spare.restore();
        spare
    }

    /// Opens it again; returns whether there is one.
    pub(crate) fn restore(&mut self) -> bool {
        if self.0.is_none() {
            self.0 = File::open("/dev/null").ok();
        }
        self.0.is_some()
    }

    pub(crate) fn give_up(&mut self) {
        self.0 = None;
    }

    #[cfg(test)]
    pub(crate) fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

/// What a failed `accept` calls for.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// Nothing waits.
    NothingWaits,
    /// That connection is gone; take the next.
    ConnectionGone,
    /// No descriptor for it: the spare one can help.
    OutOfDescriptors,
    /// The system is short of memory, or something unknown happened: later.
    Later,
}

/// Sorts what `accept` may say (accept(2), "Error handling").
fn sort(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock => return Failure::NothingWaits,
        ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
            return Failure::ConnectionGone;
        }
        _ => {}
    }
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => Failure::OutOfDescriptors,
        // Linux passes on errors that are already pending on the new connection.
        Some(
            Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::OPNOTSUPP
            | Errno::PERM
            | Errno::TIMEDOUT,
        ) => Failure::ConnectionGone,
        _ => Failure::Later,
    }
}

/// Sends the text and closes. All of this is best effort: a peer that does not get the text sees the end of file.
fn send_farewell(mut stream: Stream, farewell: &[u8]) {
    let peer = stream.transport();
    if !farewell.is_empty() {
        let _ = peer.write_vectored(&[IoSlice::new(farewell)]);
    }
    let _ = peer.shutdown_write();
    let _ = peer.read(&mut [0; SHED_INPUT]);
}
