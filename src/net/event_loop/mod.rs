//! The readiness loop: the one owner of `mio::Poll`, and one turn of it.
//!
//! ```text
//! wait ─> take events ─> accept ─> read and hand over ─> due deadlines ─> flush the dirty ─> reap the closed
//!   ▲                                                                                              │
//!   └── timeout: zero if anything was carried over, else until the nearest deadline, else none ◄───┘
//! ```
//!
//! Owns the poll, its events and the scratch area that all reads share. What a handler may ask for is in [`Net`]. Knows no
//! frames, no users and no protocols: those are the [`Handler`]'s.

mod accept;
mod deadlines;
mod ending;
mod flush;
mod held;
mod read;

use super::{
    core::{Net, Readiness},
    handler::Handler,
    source::{
        connection::Reported,
        listener::Spare,
        table::Source,
        token::{ConnId, Named, named},
    },
    state::LoopState,
    stats::TurnPhase,
    time::clock::Tick,
};
use mio::{Events, Poll, event};
use std::{
    io::{self, ErrorKind},
    time::Duration,
};

/// Events taken from the kernel at once. More wait there and come in the next turn; this bounds how long one turn is.
const EVENTS_PER_TURN: usize = 1024;

/// One read's worth, shared by all connections, and the largest datagram (65,507 bytes).
const SCRATCH: usize = 64 * 1024;

/// The loop. See the module's documentation.
#[derive(Debug)]
pub struct EventLoop {
    poll: Poll,
    events: Events,
    scratch: Box<[u8]>,
    /// The descriptor for connections that there is no other for.
    pub(super) spare: Spare,
    /// When this turn began, in nanoseconds.
    began: u64,
    net: Net,
}

impl EventLoop {
    /// A loop with nothing in it.
    ///
    /// # Errors
    /// When the system has no poll for us.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            scratch: vec![0; SCRATCH].into(),
            spare: Spare::new(),
            began: 0,
            net: Net::new(registry),
        })
    }

    /// What the loop holds: the same that a handler is given.
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The same, to make requests between two turns.
    pub fn net_mut(&mut self) -> &mut Net {
        &mut self.net
    }

    /// One turn. Waits for events at most as long as `timeout` says (`None`: as long as it takes), less if a deadline
    /// is nearer, not at all if work was carried over.
    ///
    /// # Errors
    /// Only when the poll itself fails. Nothing a peer does ends a turn.
    pub fn turn(
        &mut self,
        handler: &mut impl Handler,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let began = self.wait(timeout)?;
        self.take_events(handler);
        let (net, spare) = (&mut self.net, &mut self.spare);
        accept::accept(net, spare, handler);
        let accepted = time(net, TurnPhase::Accept, began);
        read::read(net, &mut self.scratch, handler);
        let read = time(net, TurnPhase::Read, accepted);
        deadlines::fire(net, spare, handler);
        deadlines::do_pending(net, handler);
        let fired = time(net, TurnPhase::Deadlines, read);
        flush::flush(net, handler);
        let flushed = time(net, TurnPhase::Flush, fired);
        ending::reap(net, handler);
        let reaped = time(net, TurnPhase::Reap, flushed);
        net.state.stats.last_turn_ns = reaped - began;
        net.state.stats.turn_times.record(reaped - began);
        Ok(())
    }

    /// Accepts the connections that wait at these listeners now, for they are about to be closed, and what a listener leaves
    /// in the kernel's queue is reset. Bounded, though more may go on coming.
    pub fn accept_waiting(&mut self, listeners: &[ConnId], handler: &mut impl Handler) {
        accept::accept_waiting(&mut self.net, listeners, &mut self.spare, handler);
    }

    /// Stage: sleeps until there is something to do, and reads the clock, once for the whole turn (invariant 8). Returns when
    /// that was in nanoseconds.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<u64> {
        let net = &mut self.net;
        if net.stats().turns > 0 {
            leave_out_pause(net, self.began, Some(Duration::ZERO));
        }
        let timeout = if net.has_work() {
            Some(Duration::ZERO)
        } else {
            net.state.stats.wakeups += 1;
            let now = net.clock.now();
            let deadline = net.nearest_deadline().map(|at| now.until(at));
            [timeout, deadline].into_iter().flatten().min()
        };
        let asleep = net.clock.nanos();
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal: a turn without events.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            Err(error) => return Err(error),
        }
        leave_out_pause(net, asleep, timeout);
        self.began = net.clock.nanos();
        let LoopState { stats, output, .. } = &mut net.state;
        stats.turns += 1;
        net.budget
            .begin_turn(stats.deliveries, output.buffers.bytes());
        net.state.now = Tick::of_nanos(self.began);
        Ok(self.began)
    }

    /// Stage: notes what the kernel reports. Acts on nothing yet but external sources.
    fn take_events(&mut self, handler: &mut impl Handler) {
        let net = &mut self.net;
        while let Some((id, readiness)) = net.injected.pop_front() {
            let Readiness { readable, writable } = readiness;
            let reported = Reported {
                readable,
                writable,
                read_to_end: false,
            };
            note_readiness(net, id, reported);
        }
        for event in &self.events {
            match named(event.token()) {
                Named::External(source) => handler.handle_external(net, source),
                Named::Table { slot, generation } => match net.table.find(slot, generation) {
                    Some(id) => note_readiness(net, id, reported_by(event)),
                    None => net.state.stats.stale_tokens += 1,
                },
            }
        }
    }
}

/// Leaves out of the loop's time what has passed since this moment, if the process was stopped in it.
fn leave_out_pause(net: &mut Net, since: u64, asked: Option<Duration>) {
    let pause = net.clock.leave_out_pause(since, asked);
    net.state.stats.pauses += u64::from(pause > 0);
    net.state.stats.paused_ns += pause;
}

/// Notes how long a phase of the turn took that began at this moment, in nanoseconds; returns when it ended.
fn time(net: &mut Net, phase: TurnPhase, began: u64) -> u64 {
    let ended = net.clock.nanos();
    net.state.stats.phase_times[phase as usize].record(ended - began);
    ended
}

/// Puts a source on the lists its readiness calls for.
fn note_readiness(net: &mut Net, id: ConnId, reported: Reported) {
    match net.table.get_mut(id) {
        Some(Source::Connection(connection)) => {
            connection.note_readiness(id, reported, &mut net.state);
        }
        Some(Source::Listener(listener)) => {
            net.state.work.push_accepting(id, &mut listener.marks);
        }
        Some(Source::Datagrams(datagrams)) => {
            net.state.work.push_ready(id, &mut datagrams.marks);
        }
        None => net.state.stats.stale_tokens += 1,
    }
}

/// What an event permits to try. Hang-up and error flags are hints that a read will show more.
fn reported_by(event: &event::Event) -> Reported {
    let is_end = event.is_read_closed() || event.is_error();
    Reported {
        readable: event.is_readable() || is_end,
        writable: event.is_writable(),
        read_to_end: is_end || event.is_priority(),
    }
}
