//! The readiness loop: the one owner of `mio::Poll`, and one turn of it.
//!
//! ```text
//! wait ─> take events ─> accept ─> read and hand over ─> due deadlines ─> flush the dirty ─> reap the closed
//!   ▲                                                                                              │
//!   └── timeout: zero if anything was carried over, else until the nearest deadline, else none ◄───┘
//! ```
//!
//! Owns the poll, its events and the scratch area that all reads share. What a handler may ask for is in [`Net`]. Knows no
//! frames, no people and no protocols: those are the [`Handler`]'s.

use super::{
    budget::{DEADLINE_SLICE, HANDSHAKE, READ_SLICE, VISIT},
    clock::Tick,
    core::{Net, Readiness},
    handler::Handler,
    phase::Phase,
    stats::TurnPhase,
    table::Source,
    token::{ConnId, Named, named},
};
use mio::{Events, Poll, event};
use std::{
    io::{self, ErrorKind},
    mem,
    time::Duration,
};

/// Events taken from the kernel at once. More wait there and come in the next turn; this bounds how long one turn is.
const EVENTS_PER_TURN: usize = 1024;

/// One read's worth, shared by all connections, and the largest datagram (65,507 bytes).
const SCRATCH: usize = 64 * 1024;

/// Reads of connections whose handshake (TLS) is going on, in one turn. A signature takes 0.1 ms, with an RSA key one:
/// when a thousand call at once, those who are in are still served between two handfuls of them.
const HANDSHAKES_PER_TURN: usize = 16;

/// The loop. See the module's documentation.
#[derive(Debug)]
pub struct EventLoop {
    poll: Poll,
    events: Events,
    scratch: Box<[u8]>,
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
        let net = &mut self.net;
        net.accept_callers(handler);
        let accepted = net.time(TurnPhase::Accept, began);
        net.read_ready(&mut self.scratch, handler);
        let read = net.time(TurnPhase::Read, accepted);
        net.fire_deadlines(handler);
        net.do_pending(handler);
        let fired = net.time(TurnPhase::Deadlines, read);
        net.flush_dirty(handler);
        let flushed = net.time(TurnPhase::Flush, fired);
        net.reap(handler);
        let reaped = net.time(TurnPhase::Reap, flushed);
        net.stats.last_turn_ns = reaped - began;
        net.stats.turn_times.record(reaped - began);
        Ok(())
    }

    /// Accepts the connections that wait at these listeners now, for they are about to be closed, and what a listener leaves
    /// in the kernel's queue is reset. Bounded, though more may go on coming.
    pub fn accept_waiting(&mut self, listeners: &[ConnId], handler: &mut impl Handler) {
        self.net.accept_waiting(listeners, handler);
    }

    /// Stage: sleeps until there is something to do, and reads the clock, once for the whole turn (invariant 8). Says
    /// when that was in nanoseconds.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<u64> {
        let net = &mut self.net;
        if net.stats.turns > 0 {
            net.leave_out_pause(self.began, Some(Duration::ZERO));
        }
        let timeout = if net.has_work() {
            Some(Duration::ZERO)
        } else {
            net.stats.wakeups += 1;
            let now = net.clock.now();
            let deadline = net.deadlines.nearest().map(|at| now.until(at));
            [timeout, deadline].into_iter().flatten().min()
        };
        let asleep = net.clock.nanos();
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal: a turn without events.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            Err(error) => return Err(error),
        }
        net.leave_out_pause(asleep, timeout);
        self.began = net.begin_turn();
        Ok(self.began)
    }

    /// Stage: notes what the kernel says, and acts on nothing yet but what is not ours.
    fn take_events(&mut self, handler: &mut impl Handler) {
        let net = &mut self.net;
        while let Some((id, readiness)) = net.injected.pop_front() {
            net.record_readiness(id, readiness);
        }
        for event in &self.events {
            match named(event.token()) {
                Named::External(source) => handler.handle_external(net, source),
                Named::Table { slot, generation } => match net.table.find(slot, generation) {
                    Some(id) => net.record_readiness(id, readiness_of(event)),
                    None => net.stats.stale_tokens += 1,
                },
            }
        }
    }
}

impl Net {
    /// Notes how long a stage took that began at this moment, in nanoseconds; says when it ended.
    fn time(&mut self, phase: TurnPhase, began: u64) -> u64 {
        let ended = self.clock.nanos();
        self.stats.phase_times[phase as usize].record(ended - began);
        ended
    }

    /// Leaves out of the loop's time what has passed since this moment, if the process was stopped in it.
    fn leave_out_pause(&mut self, since: u64, asked: Option<Duration>) {
        let pause = self.clock.leave_out_pause(since, asked);
        self.stats.pauses += u64::from(pause > 0);
        self.stats.paused_ns += pause;
    }

    /// Puts a source on the lists its readiness calls for. An event is permission to try, nothing more.
    fn record_readiness(&mut self, id: ConnId, readiness: Readiness) {
        match self.table.get_mut(id) {
            Some(Source::Connection(connection)) => {
                connection.readable |= readiness.readable;
                let connecting = connection.phase == Phase::Connecting;
                if readiness.readable || connecting {
                    self.push_ready(id);
                }
                if readiness.writable && !connecting {
                    self.mark_dirty(id);
                }
            }
            Some(Source::Listener(_)) => self.list_listener(id),
            Some(Source::Datagrams(_)) => self.list_datagrams(id),
            None => self.stats.stale_tokens += 1,
        }
    }

    /// Stage: hands input over, a bounded amount from each and from all. Those for whom there was no time come first in
    /// the next turn.
    fn read_ready(&mut self, scratch: &mut [u8], handler: &mut impl Handler) {
        let mut handshakes = 0;
        self.begin_slice(READ_SLICE);
        self.budget.share_among(self.ready.len());
        for _ in 0..self.ready.len() {
            if self.is_slice_over() || self.is_turn_full() {
                break;
            }
            self.note_effort(VISIT);
            let Some(id) = self.ready.pop_front() else {
                break;
            };
            match self.table.get_mut(id) {
                Some(Source::Connection(connection)) => {
                    let shakes_hands = !connection.stream.takes_output();
                    handshakes += usize::from(shakes_hands);
                    if handshakes > HANDSHAKES_PER_TURN && shakes_hands {
                        self.stats.carried_over += 1;
                        self.ready.push_back(id);
                        continue;
                    }
                    self.read_connection(id, scratch, handler);
                    self.recount(id, handler);
                    if shakes_hands {
                        // It may have taken a signature, and with a large RSA key that is most of a slice.
                        self.note_effort(HANDSHAKE);
                    }
                }
                Some(Source::Datagrams(_)) => self.serve_datagrams(id, scratch, handler),
                Some(Source::Listener(_)) | None => {}
            }
        }
    }

    /// Stage: looks at everyone whose reminder is due. A reminder that came too early is put in again for the right moment.
    fn fire_deadlines(&mut self, handler: &mut impl Handler) {
        let now = self.now;
        // No more than there are: an alarm that is set for this moment again comes in the next turn.
        self.begin_slice(DEADLINE_SLICE);
        for _ in 0..self.deadlines.len() {
            if self.is_slice_over() {
                // Those that are left are due in the next turn, which does not wait then.
                break;
            }
            let Some((at, id)) = self.deadlines.pop_due(now) else {
                break;
            };
            self.note_effort(VISIT);
            match self.table.get_mut(id) {
                Some(Source::Connection(connection)) if connection.timer_at == at => {
                    connection.timer_at = Tick::NEVER;
                    connection.input.wake(now);
                    let alarmed = connection.deadline <= now;
                    if alarmed {
                        connection.deadline = Tick::NEVER;
                    }
                    let (phase, write_failed) = (connection.phase, connection.write_failed);
                    if connection.has_work() && !connection.is_held(now) {
                        // Its rest is over, and no event will tell.
                        self.push_ready(id);
                    }
                    match phase {
                        Phase::Open if alarmed && write_failed => {
                            let error = io::Error::from(ErrorKind::BrokenPipe);
                            self.fail(id, &error.into(), handler);
                        }
                        Phase::Connecting | Phase::Open if alarmed => {
                            handler.handle_deadline(self, id)
                        }
                        Phase::Draining | Phase::Lingering if alarmed => self.mark_closed(id),
                        _ => {}
                    }
                    self.rearm(id);
                    self.recount(id, handler);
                }
                Some(Source::Listener(_)) => self.wake_listener(id, now),
                _ => {}
            }
        }
    }

    /// Lets the handler do work of its own, for the time that deadlines have.
    fn do_pending(&mut self, handler: &mut impl Handler) {
        self.begin_slice(DEADLINE_SLICE);
        self.has_pending = handler.handle_pending(self);
    }

    /// Stage: frees the slots of those who are over (invariant 3: only here, after every event of the turn).
    fn reap(&mut self, handler: &mut impl Handler) {
        for id in mem::take(&mut self.closed) {
            match self.table.get_mut(id) {
                Some(Source::Connection(connection)) => {
                    debug_assert_eq!(connection.phase, Phase::Closed);
                    // Before it is dropped: a descriptor that someone else still holds would go on making events.
                    if let Some(source) = connection.stream.transport().source() {
                        let _ = self.registry.deregister(source);
                    }
                    handler.handle_reaped(self, id);
                    self.forget_held(id);
                }
                Some(Source::Listener(listener)) => {
                    if let Some(source) = listener.acceptor.source() {
                        let _ = self.registry.deregister(source);
                    }
                }
                Some(Source::Datagrams(datagrams)) => {
                    let _ = self.registry.deregister(datagrams.source());
                }
                None => {}
            }
            self.table.remove(id);
        }
        // Those who were told of the last ends; their chunks are good for this turn only.
        self.materialize_broadcast();
        self.buffers.end_turn();
        let (sources, table) = (self.table.len(), &self.table);
        self.deadlines.tidy(sources, |at, id| match table.get(id) {
            Some(Source::Connection(connection)) => connection.timer_at == at,
            Some(Source::Listener(listener)) => listener.resting,
            Some(Source::Datagrams(_)) | None => false,
        });
    }
}

/// What an event permits to try. Hang-up and error flags are hints that a read will tell more.
fn readiness_of(event: &event::Event) -> Readiness {
    Readiness {
        readable: event.is_readable() || event.is_read_closed() || event.is_error(),
        writable: event.is_writable(),
    }
}
