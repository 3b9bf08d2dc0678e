//! What the loop holds and a handler may ask of it, at any time: add sources, send, close, set deadlines and limits, look.
//!
//! Owns the table of sources and the lists of those with work: `accepting`, `ready` (to read from, the carried-over
//! first), `dirty` (to flush), `below_low_water` (flushed, with more to say), `closed` (to reap). Each connection is on a list at
//! most once; its record says so.
//!
//! Invariant: nothing here writes, closes or frees at once. Requests append, mark and arm; the stages of the turn
//! act. So a handler can make them from anywhere, about any connection.

use super::{
    broadcast::Broadcast,
    budget::Budget,
    ceiling::Ceiling,
    clock::{Clock, Tick},
    connection::{Connection, Limits, OurHalf},
    deadlines::Deadlines,
    listener::{Accepting, Acceptor, Listener, Spare},
    phase::Phase,
    shared_buffers::{BufferKey, Chunk, SharedBuffers},
    stats::Stats,
    table::{Source, Table},
    token::{ConnId, External},
    transport::Stream,
};
use mio::{Interest, Registry, event, net::TcpStream};
use std::{collections::VecDeque, io, mem, net::SocketAddr, rc::Rc};

/// Deliveries after which a turn hands over no more input but flushes first: so that a crowd that comes in all at once
/// makes neither a turn of seconds nor a queue of gigabytes. A quarter of a million is some ten milliseconds.
const DELIVERIES_PER_TURN: u64 = 256 * 1024;

/// The same for bytes queued in one turn.
const QUEUED_PER_TURN: usize = 32 * 1024 * 1024;

/// Readiness as a script reports it where no kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// There may be input, an end of stream, an error or a caller.
    pub readable: bool,
    /// There may be room.
    pub writable: bool,
}

/// What the loop holds. See the module's documentation.
#[derive(Debug)]
pub struct Net {
    pub(super) registry: Registry,
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
    pub(super) has_pending: bool,
    pub(super) ceiling: Ceiling,
    pub(super) spare: Spare,
    pub(super) clock: Clock,
    pub(super) now: Tick,
    pub(super) stats: Stats,
    /// When the end of the process came near; until then nothing is cut short.
    pub(super) hurried_at: Option<Tick>,
    /// `stats.deliveries` and the queued bytes when this turn began.
    turn_began_with: (u64, usize),
}

impl Net {
    /// Nothing, to be filled by requests.
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
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
            clock: Clock::new(),
            now: Tick(0),
            stats: Stats::default(),
            hurried_at: None,
            turn_began_with: (0, 0),
        }
    }

    /// A turn begins: its moment is now. Returns it in nanoseconds.
    pub(super) fn begin_turn(&mut self) -> u64 {
        let began = self.clock.nanos();
        self.now = Tick::of_nanos(began);
        self.stats.turns += 1;
        self.budget.begin_turn();
        self.turn_began_with = (self.stats.deliveries, self.buffers.bytes());
        began
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

    /// Whether so much was read, done or queued in this turn that it is time to flush. A handler that takes many frames
    /// at once asks this between them and, if so, leaves the rest for [`Next::Yield`](super::Next::Yield).
    pub fn is_turn_full(&self) -> bool {
        let (deliveries, bytes) = self.turn_began_with;
        self.budget.is_spent()
            || self.stats.deliveries - deliveries > DELIVERIES_PER_TURN
            || self.buffers.bytes() + self.broadcast.bytes() > bytes + QUEUED_PER_TURN
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

    /// The moment of this turn.
    pub fn now(&self) -> Tick {
        self.now
    }

    /// Takes a listener in. Callers that must be turned away for want of descriptors are told `farewell`.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn add_listener(
        &mut self,
        acceptor: Box<dyn Acceptor>,
        farewell: Rc<[u8]>,
    ) -> io::Result<ConnId> {
        let id = self.table.insert(Source::Listener(Box::new(Listener::new(
            acceptor, farewell,
        ))));
        if let Some(listener) = self.table.listener_mut(id) {
            if let Some(source) = listener.acceptor.source() {
                let registry = &self.registry;
                if let Err(error) = registry.register(source, id.token(), Interest::READABLE) {
                    self.table.remove(id);
                    return Err(error);
                }
            }
        }
        Ok(id)
    }

    /// Takes an open connection in.
    ///
    /// # Errors
    /// When the poll cannot register it; the connection is dropped.
    pub fn add_connection(&mut self, stream: Stream) -> io::Result<ConnId> {
        self.insert(Connection::new(stream, Phase::Open))
    }

    /// Calls an address. [`Handler::handle_connected`](super::Handler::handle_connected) or
    /// [`Handler::handle_lost`](super::Handler::handle_lost) tell how it went.
    ///
    /// # Errors
    /// When there is no socket to be had, or the system refuses at once.
    pub fn connect(&mut self, address: SocketAddr) -> io::Result<ConnId> {
        let stream = TcpStream::connect(address)?;
        // As on the listening side: a chat line is worth a packet.
        let _ = stream.set_nodelay(true);
        self.add_connecting(Stream::Tcp(stream))
    }

    /// Takes in a call that its owner placed, with a socket and options of its own; else as
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    /// When the poll cannot register it; the call is dropped.
    pub fn add_connecting(&mut self, stream: Stream) -> io::Result<ConnId> {
        self.insert(Connection::new(stream, Phase::Connecting))
    }

    fn insert(&mut self, mut connection: Connection) -> io::Result<ConnId> {
        let interest = connection.interest();
        connection.wants_writable = interest.is_writable();
        let id = self.table.insert(Source::Connection(connection));
        let Some(Source::Connection(connection)) = self.table.get_mut(id) else {
            unreachable!("it was inserted on the line above")
        };
        if let Some(source) = connection.stream.transport().source() {
            let registered = self.registry.register(source, id.token(), interest);
            if let Err(error) = registered {
                self.table.remove(id);
                return Err(error);
            }
        }
        Ok(id)
    }

    /// Puts something around a connection's stream, such as TLS. It stays registered as it is; from now on it is read
    /// and written through what `wrap` returns, which is asked at once for what it may have in hand.
    pub fn wrap(&mut self, id: ConnId, wrap: impl FnOnce(Stream) -> Stream) {
        let Some(connection) = self.table.connection_mut(id) else {
            return;
        };
        connection.stream = wrap(mem::replace(&mut connection.stream, Stream::none()));
        connection.readable = true;
        self.push_ready(id);
        self.mark_dirty(id);
    }

    /// Registers a source that stays in other hands: signals, a terminal.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn register_external(
        &mut self,
        source: &mut impl event::Source,
        name: External,
    ) -> io::Result<()> {
        let registry = &self.registry;
        registry.register(source, name.token(), Interest::READABLE)
    }

    /// The same for a source that is written to: its events tell that there may be room.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn register_external_writable(
        &mut self,
        source: &mut impl event::Source,
        name: External,
    ) -> io::Result<()> {
        let registry = &self.registry;
        registry.register(source, name.token(), Interest::WRITABLE)
    }

    /// Takes such a source out again.
    ///
    /// # Errors
    /// When the poll does not know it.
    pub fn deregister_external(&mut self, source: &mut impl event::Source) -> io::Result<()> {
        self.registry.deregister(source)
    }

    /// Makes a chunk for any number of peers; `write` appends its bytes and says whether there is anything to send.
    /// Peers that get several chunks of one lane in a turn get them in one piece. The chunk is good until the end of
    /// the turn.
    pub fn make_chunk(
        &mut self,
        lane: BufferKey,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Option<Chunk> {
        self.buffers.make_chunk(lane, write)
    }

    /// Queues bytes for one peer alone.
    pub fn send(&mut self, id: ConnId, bytes: &[u8]) {
        self.write(id, |out| out.extend_from_slice(bytes));
    }

    /// The same for bytes that are made now: `write` appends them where they wait to be sent.
    pub fn write(&mut self, id: ConnId, write: impl FnOnce(&mut Vec<u8>)) {
        self.materialize_broadcast();
        let chunk = self.make_chunk(BufferKey::PRIVATE, |out| {
            write(out);
            true
        });
        if let Some(chunk) = chunk {
            self.share(id, chunk);
        }
    }

    /// Ends our half once all that is queued is delivered, and goes on listening to the peer until it ends its own
    /// (half-close).
    pub fn half_close(&mut self, id: ConnId) {
        self.materialize_broadcast();
        if let Some(connection) = self.table.connection_mut(id) {
            if connection.our_half == OurHalf::Speaking {
                connection.our_half = OurHalf::Ending;
                self.mark_dirty(id);
            }
        }
    }

    /// Ends our side once all that is queued is delivered: drain, end of stream, linger (invariant 6). Listeners and
    /// datagram sockets go at the end of the turn.
    pub fn close(&mut self, id: ConnId) {
        self.materialize_broadcast();
        let drain_until = self.now.after(super::writing::DRAIN);
        match self.table.get_mut(id) {
            Some(Source::Connection(connection)) => match connection.phase {
                Phase::Open => {
                    connection.phase.advance(Phase::Draining);
                    connection.deadline = drain_until;
                    // Unread input is not ours to keep any more.
                    connection.input = Default::default();
                    connection.frames_buffered = false;
                    self.mark_dirty(id);
                    self.push_ready(id);
                    self.rearm(id);
                }
                Phase::Connecting => self.mark_closed(id),
                Phase::Draining | Phase::Lingering | Phase::Closed => {}
            },
            Some(Source::Listener(listener)) if !listener.over => {
                listener.over = true;
                self.closed.push(id);
            }
            Some(Source::Datagrams(datagrams)) if !datagrams.over => {
                datagrams.over = true;
                self.closed.push(id);
            }
            Some(Source::Listener(_) | Source::Datagrams(_)) | None => {}
        }
    }

    /// Ends a connection at the end of this turn, whatever is still queued or in flight.
    pub fn abort(&mut self, id: ConnId) {
        self.mark_closed(id);
    }

    /// Asks for [`Handler::handle_deadline`](super::Handler::handle_deadline) at this moment, instead of any moment asked
    /// for earlier. `NEVER` asks for none. A connection that is being closed, or cannot be written to any more, has no
    /// alarm but its own limits.
    pub fn set_deadline(&mut self, id: ConnId, at: Tick) {
        if let Some(connection) = self.table.connection_mut(id) {
            if connection.phase <= Phase::Open && !connection.write_failed {
                connection.deadline = at;
                self.rearm(id);
            }
        }
    }

    /// Asks for [`Handler::handle_drained`](super::Handler::handle_drained) after a flush, at the end of this turn or
    /// of one in which the peer has read enough and not too many others go on. Who has a lot to say says it in pieces
    /// this way, one a turn, so that neither the loop nor the queue has to take it all at once.
    pub fn notify_drained(&mut self, id: ConnId) {
        if let Some(connection) = self.table.connection_mut(id) {
            connection.notify_drained = true;
            self.mark_dirty(id);
        }
    }

    /// Reads nothing more of a connection before this moment, as [`Next::PauseUntil`](super::Next::PauseUntil) does. Not
    /// for [`Handler::handle_input`](super::Handler::handle_input), whose answer says when to go on.
    pub fn pause(&mut self, id: ConnId, until: Tick) {
        if let Some(connection) = self.table.connection_mut(id) {
            if connection.phase == Phase::Open && until > connection.input.rests_until() {
                connection.input.rest_until(until);
                self.rearm(id);
            }
        }
    }

    /// Sets how much may be queued for a peer.
    pub fn set_limits(&mut self, id: ConnId, limits: Limits) {
        let now = self.now;
        if let Some(connection) = self.table.connection_mut(id) {
            connection.limits = limits;
            if connection.has_work() && !connection.is_held(now) {
                // A higher mark may be the end of a hold, and no event will tell.
                self.push_ready(id);
            }
        }
    }

    /// Whether so much waits for this peer that it should be served no further until it reads.
    pub fn is_backlogged(&self, id: ConnId) -> bool {
        let connection = self.table.connection(id);
        connection.is_some_and(Connection::is_backlogged)
    }

    /// Bytes queued for one connection; none if it is gone.
    pub fn queued(&self, id: ConnId) -> usize {
        let connection = self.table.connection(id);
        connection.map_or(0, |connection| connection.output.bytes())
    }

    /// Where a connection is in its life; `Closed` if it is gone.
    pub fn phase(&self, id: ConnId) -> Phase {
        let connection = self.table.connection(id);
        connection.map_or(Phase::Closed, |connection| connection.phase)
    }

    /// How many connections there are, those on their way out included.
    pub fn connection_count(&self) -> usize {
        self.table.connection_count()
    }

    /// All queues together.
    pub fn buffers(&self) -> &SharedBuffers {
        &self.buffers
    }

    /// What the loop has done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Reports readiness of a source that no kernel watches. It is taken up in the next turn, which does not wait then.
    pub fn inject(&mut self, id: ConnId, readiness: Readiness) {
        self.injected.push_back((id, readiness));
    }

    /// Leaves out of the loop's time whatever the process spends stopped (SIGSTOP, a virtual machine that is moved), so
    /// that no deadline passes in it. For servers, whose peers would be judged by it.
    pub fn leave_out_pauses(&mut self) {
        self.clock.leave_out_pauses();
    }

    /// Whether a peer has said something that was not handed over yet, for want of time or by flood control. Not if it is
    /// held back because the peer itself does not read.
    pub fn has_input_waiting(&self, id: ConnId) -> bool {
        let connection = self.table.connection(id);
        connection.is_some_and(|connection| connection.has_work() && !connection.is_backlogged())
    }

    /// Holds the clock at this moment, for tests whose time is data.
    pub fn hold_clock(&mut self, at: Tick) {
        self.clock = Clock::held(at);
        self.now = at;
    }

    /// The nearest moment at which the loop would wake up by itself; `None` if it would sleep for ever.
    pub fn nearest_deadline(&self) -> Option<Tick> {
        self.deadlines.nearest()
    }
}
