//! The readiness loop: the one owner of `mio::Poll`, and one turn of it.
//!
//! ```text
//! wait ─> take events ─> accept ─> read and hand over ─> due deadlines ─> flush the dirty ─> reap the closed
//!   ▲                                                                                              │
//!   └── timeout: zero if anything was carried over, else until the nearest deadline, else none ◄───┘
//! ```
//!
//! Owns the table of sources and the lists of those with work: `accepting`, `ready` (to read from, the carried-over
//! first), `dirty` (to flush), `below_low_water` (flushed, with more to say), `closed` (to reap). Each connection is on a list at
//! most once; its record says so. Knows no frames, no people and no protocols: those are the [`Handler`]'s.

use super::{
    broadcast::Broadcast,
    budget::{Budget, DEADLINE_SLICE, HANDSHAKE, READ_SLICE, VISIT},
    ceiling::Ceiling,
    clock::{Clock, Tick},
    deadlines::Deadlines,
    handler::Handler,
    listener::{Accepting, Spare},
    phase::Phase,
    shared_buffers::SharedBuffers,
    stats::{Stats, TurnPhase},
    table::{Source, Table},
    token::{ConnId, Named, named},
};
use mio::{Events, Poll, event};
use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    mem,
    time::Duration,
};

/// Events taken from the kernel at once. More wait there and come in the next turn; this bounds how long one turn is.
const EVENTS_PER_TURN: usize = 1024;

/// One read's worth, shared by all connections, and the largest datagram (65,507 bytes).
const SCRATCH: usize = 64 * 1024;

/// Deliveries after which a turn hands over no more input but flushes first: so that a crowd that comes in all at once
/// makes neither a turn of seconds nor a queue of gigabytes. A quarter of a million is some ten milliseconds.
const DELIVERIES_PER_TURN: u64 = 256 * 1024;

/// The same for bytes queued in one turn.
const QUEUED_PER_TURN: usize = 32 * 1024 * 1024;

/// Reads of connections whose handshake (TLS) is going on, in one turn. A signature takes 0.1 ms, with an RSA key one:
/// when a thousand call at once, those who are in are still served between two handfuls of them.
const HANDSHAKES_PER_TURN: usize = 16;

/// Readiness as a script reports it where no kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// There may be input, an end of stream, an error or a caller.
    pub readable: bool,
    /// There may be room.
    pub writable: bool,
}

/// The loop. See the module's documentation.
#[derive(Debug)]
pub struct Net {
    pub(super) poll: Poll,
    events: Events,
    pub(super) injected: VecDeque<(ConnId, Readiness)>,
    pub(super) table: Table,
    pub(super) accepting: Accepting,
    pub(super) ready: VecDeque<ConnId>,
    pub(super) dirty: Vec<ConnId>,
    pub(super) below_low_water: VecDeque<ConnId>,
    pub(super) closed: Vec<ConnId>,
    pub(super) deadlines: Deadlines,
    pub(super) buffers: SharedBuffers,
    pub(super) broadcast: Broadcast,
    pub(super) budget: Budget,
    /// The handler has work of its own left.
    has_pending: bool,
    pub(super) ceiling: Ceiling,
    pub(super) spare: Spare,
    scratch: Box<[u8]>,
    pub(super) clock: Clock,
    pub(super) now: Tick,
    /// When this turn began, in nanoseconds.
    began: u64,
    pub(super) stats: Stats,
    /// When the end of the process came near; until then nothing is cut short.
    pub(super) hurried_at: Option<Tick>,
    /// `stats.deliveries` and the backlog's bytes when this turn began.
    turn_began_with: (u64, usize),
}

impl Net {
    /// A loop with nothing in it.
    ///
    /// # Errors
    /// When the system has no poll for us.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_PER_TURN),
            injected: VecDeque::new(),
            table: Table::default(),
            accepting: Accepting::new(),
            ready: VecDeque::new(),
            dirty: Vec::new(),
            below_low_water: VecDeque::new(),
            closed: Vec::new(),
            deadlines: Deadlines::default(),
            buffers: SharedBuffers::default(),
            broadcast: Broadcast::default(),
            budget: Budget::default(),
            has_pending: false,
            ceiling: Ceiling::default(),
            spare: Spare::new(),
            scratch: vec![0; SCRATCH].into(),
            clock: Clock::new(),
            now: Tick(0),
            began: 0,
            stats: Stats::default(),
            hurried_at: None,
            turn_began_with: (0, 0),
        })
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
        self.accept_callers(handler);
        let accepted = self.time(TurnPhase::Accept, began);
        self.read_ready(handler);
        let read = self.time(TurnPhase::Read, accepted);
        self.fire_deadlines(handler);
        self.do_pending(handler);
        let fired = self.time(TurnPhase::Deadlines, read);
        self.flush_dirty(handler);
        let flushed = self.time(TurnPhase::Flush, fired);
        self.reap(handler);
        let reaped = self.time(TurnPhase::Reap, flushed);
        self.stats.last_turn_ns = reaped - began;
        self.stats.turn_times.record(reaped - began);
        Ok(())
    }

    /// Notes how long a stage took that began at this moment, in nanoseconds; says when it ended.
    fn time(&mut self, stage: TurnPhase, began: u64) -> u64 {
        let eof = self.clock.nanos();
        self.stats.stage_times[stage as usize].record(eof - began);
        eof
    }

    /// Stage: sleeps until there is something to do, and reads the clock, once for the whole turn (invariant 8). Says
    /// when that was in nanoseconds.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<u64> {
        if self.stats.turns > 0 {
            self.leave_out_pause(self.began, Some(Duration::ZERO));
        }
        let timeout = if self.has_work() {
            Some(Duration::ZERO)
        } else {
            self.stats.wakeups += 1;
            let now = self.clock.now();
            let deadline = self.deadlines.nearest().map(|at| now.until(at));
            [timeout, deadline].into_iter().flatten().min()
        };
        let asleep = self.clock.nanos();
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal: a turn without events.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            Err(error) => return Err(error),
        }
        self.leave_out_pause(asleep, timeout);
        let began = self.clock.nanos();
        self.began = began;
        self.now = Tick::of_nanos(began);
        self.stats.turns += 1;
        self.budget.begin_turn();
        self.turn_began_with = (self.stats.deliveries, self.buffers.bytes());
        Ok(began)
    }

    /// Leaves out of the loop's time what has passed since this moment, if the process was stopped in it.
    fn leave_out_pause(&mut self, since: u64, asked: Option<Duration>) {
        let pause = self.clock.leave_out_pause(since, asked);
        self.stats.pauses += u64::from(pause > 0);
        self.stats.paused_ns += pause;
    }

    /// Whether the next turn has something to do without waiting for it.
    pub fn has_work(&self) -> bool {
        !(self.ready.is_empty()
            && self.dirty.is_empty()
            && self.below_low_water.is_empty()
            && self.closed.is_empty()
            && self.accepting.is_empty()
            && self.injected.is_empty()
            && !self.has_pending)
    }

    /// Stage: notes what the kernel says, and acts on nothing yet but what is not ours.
    fn take_events(&mut self, handler: &mut impl Handler) {
        while let Some((id, readiness)) = self.injected.pop_front() {
            self.record_readiness(id, readiness);
        }
        let events = mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            match named(event.token()) {
                Named::External(source) => handler.handle_external(self, source),
                Named::Table { slot, generation } => match self.table.find(slot, generation) {
                    Some(id) => self.record_readiness(id, readiness_of(event)),
                    None => self.stats.stale_tokens += 1,
                },
            }
        }
        self.events = events;
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
    fn read_ready(&mut self, handler: &mut impl Handler) {
        let mut scratch = mem::take(&mut self.scratch);
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
                    self.read_connection(id, &mut scratch, handler);
                    self.recount(id, handler);
                    if shakes_hands {
                        // It may have taken a signature, and with a large RSA key that is most of a slice.
                        self.note_effort(HANDSHAKE);
                    }
                }
                Some(Source::Datagrams(_)) => self.serve_datagrams(id, &mut scratch, handler),
                Some(Source::Listener(_)) | None => {}
            }
        }
        self.scratch = scratch;
    }

    /// Whether so much was read, done or queued in this turn that it is time to flush. A handler that takes many frames
    /// at once asks this between them and, if so, leaves the rest for [`Next::Yield`](super::Next::Yield).
    pub fn is_turn_full(&self) -> bool {
        let (deliveries, bytes) = self.turn_began_with;
        self.budget.is_spent()
            || self.stats.deliveries - deliveries > DELIVERIES_PER_TURN
            || self.buffers.bytes() + self.broadcast.bytes() > bytes + QUEUED_PER_TURN
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

    /// Makes sure that there is a reminder for the connection's nearest deadline.
    pub(super) fn rearm(&mut self, id: ConnId) {
        let now = self.now;
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        let due = connection.due(now);
        if due < connection.timer_at {
            connection.timer_at = due;
            self.deadlines.arm(due, id);
        }
    }

    /// Stage: frees the slots of those who are over (invariant 3: only here, after every event of the turn).
    fn reap(&mut self, handler: &mut impl Handler) {
        for id in mem::take(&mut self.closed) {
            match self.table.get_mut(id) {
                Some(Source::Connection(connection)) => {
                    debug_assert_eq!(connection.phase, Phase::Closed);
                    // Before it is dropped: a descriptor that someone else still holds would go on making events.
                    if let Some(source) = connection.stream.transport().source() {
                        let _ = self.poll.registry().deregister(source);
                    }
                    handler.handle_reaped(self, id);
                    self.forget_held(id);
                }
                Some(Source::Listener(listener)) => {
                    if let Some(source) = listener.acceptor.source() {
                        let _ = self.poll.registry().deregister(source);
                    }
                }
                Some(Source::Datagrams(datagrams)) => {
                    let _ = self.poll.registry().deregister(datagrams.source());
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
