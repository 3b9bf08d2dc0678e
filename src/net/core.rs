//! What a handler may touch: every source, what is to be sent, the timers and counters; and the requests it may make.
//!
//! Invariant: nothing here writes, closes or frees at once. Requests append, mark and arm; the stages of the turn act. So a
//! handler can make them from anywhere, about any connection; one about a connection that is gone does nothing.
//!
//! The table is apart from the rest ([`LoopState`]), so that a source's own methods can use the rest while the table lends
//! them the source. Knows no handler.

use super::{
    ceiling::Ceiling,
    limits::Limits,
    output::{
        broadcast::{Extended, FanOut, FanOutKey, Recipients},
        chunk::{BufferKey, Chunk},
        shared_buffers::SharedBuffers,
    },
    source::{
        connection::Connection,
        datagrams::Datagrams,
        listener::Listener,
        outcome::Footprint,
        phase::Phase,
        stream::{Acceptor, Stream},
        table::{Source, Table},
        token::ConnId,
    },
    state::LoopState,
    stats::Stats,
    time::{
        budget::Budget,
        clock::{Clock, Tick},
    },
};
use mio::{
    Registry,
    net::{TcpStream, UdpSocket},
};
use std::{collections::VecDeque, io, net::SocketAddr, rc::Rc, time::Duration};

/// Readiness as a script reports it where no kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// There may be input, an end of file, an error or a connection to accept.
    pub readable: bool,
    /// There may be room.
    pub writable: bool,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Net {
    pub(super) table: Table,
    pub(super) state: LoopState,
    /// Readiness of sources that no kernel watches.
    pub(super) injected: VecDeque<(ConnId, Readiness)>,
    pub(super) ceiling: Ceiling,
    pub(super) budget: Budget,
    pub(super) clock: Clock,
    /// The handler has work of its own left.
    pub(super) has_pending: bool,
}

/// What the stages of the turn need.
impl Net {
    /// Nothing, to be filled by requests.
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            table: Table::default(),
            state: LoopState::new(registry),
            injected: VecDeque::new(),
            ceiling: Ceiling::default(),
            budget: Budget::default(),
            clock: Clock::new(),
            has_pending: false,
        }
    }

    /// A stage of the turn begins that may take so long.
    pub(super) fn begin_slice(&mut self, span: Duration) {
        self.budget.begin_slice(&self.clock, span);
    }

    /// Whether the time of the stage at hand is used up; counts if it is so.
    pub(super) fn is_slice_over(&mut self) -> bool {
        self.state.stats.slices_spent += u64::from(self.budget.is_spent());
        self.budget.is_spent()
    }

    /// Moves what the broadcast has for its peers into their queues.
    pub(super) fn materialize_broadcast(&mut self) {
        for Recipients { chunk, peers } in self.state.output.broadcast.take() {
            for id in peers {
                self.enqueue(id, chunk);
            }
        }
    }

    /// Does something with a connection; nothing if it is gone.
    fn with(&mut self, id: ConnId, act: impl FnOnce(&mut Connection, &mut LoopState)) {
        if let Some(connection) = self.table.connection_mut(id) {
            act(connection, &mut self.state);
        }
    }

    fn enqueue(&mut self, id: ConnId, chunk: Chunk) {
        self.with(id, |connection, state| connection.enqueue(id, chunk, state));
    }
}

/// Sources come and go.
impl Net {
    /// Adds a listener. A connection that must be shed for want of descriptors is sent `farewell`.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn add_listener(
        &mut self,
        acceptor: Box<dyn Acceptor>,
        farewell: Rc<[u8]>,
    ) -> io::Result<ConnId> {
        let listener = Listener::new(acceptor, farewell);
        self.add(Source::Listener(Box::new(listener)))
    }

    /// Adds an open connection.
    ///
    /// # Errors
    /// When the poll cannot register it; the connection is dropped.
    pub fn add_connection(&mut self, stream: Stream) -> io::Result<ConnId> {
        let connection = Connection::new(stream, Phase::Open);
        self.add(Source::Connection(connection))
    }

    /// Connects to an address. [`Handler::handle_connected`](super::Handler::handle_connected) or
    /// [`Handler::handle_lost`](super::Handler::handle_lost) is called when it is decided.
    ///
    /// # Errors
    /// When there is no socket to be had, or the system refuses at once.
    pub fn connect(&mut self, address: SocketAddr) -> io::Result<ConnId> {
        let stream = TcpStream::connect(address)?;
        // As on the listening side: a chat line is worth a packet.
        let _ = stream.set_nodelay(true);
        self.add_connecting(stream.into())
    }

    /// Adds a connection that is being made with a socket and options of the owner's; else as
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    /// When the poll cannot register it; the connection is dropped.
    pub fn add_connecting(&mut self, stream: Stream) -> io::Result<ConnId> {
        let connection = Connection::new(stream, Phase::Connecting);
        self.add(Source::Connection(connection))
    }

    /// Adds a datagram socket.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn add_datagrams(&mut self, socket: UdpSocket) -> io::Result<ConnId> {
        let datagrams = Datagrams::new(socket);
        self.add(Source::Datagrams(Box::new(datagrams)))
    }

    fn add(&mut self, source: Source) -> io::Result<ConnId> {
        let (id, source) = self.table.insert(source);
        let registered = match source {
            Source::Connection(connection) => connection.register(id, &self.state),
            Source::Datagrams(datagrams) => datagrams.register(id, &self.state),
            Source::Listener(listener) => listener.register(id, &self.state),
        };
        if let Err(error) = registered {
            self.table.remove(id);
            return Err(error);
        }
        Ok(id)
    }

    /// Puts something around a connection's stream, such as TLS. It stays registered as it is; from now on it is read
    /// and written through what `wrap` returns, which is asked at once for what it may have in hand.
    pub fn wrap(&mut self, id: ConnId, wrap: impl FnOnce(Stream) -> Stream) {
        self.with(id, |connection, state| connection.wrap(id, wrap, state));
    }

    /// Ends our half once all that is queued is delivered, and goes on reading from the peer until it ends its own
    /// (half-close).
    pub fn half_close(&mut self, id: ConnId) {
        self.materialize_broadcast();
        self.with(id, |connection, state| connection.half_close(id, state));
    }

    /// Ends our side once all that is queued is delivered: drain, end of file, linger (invariant 6). Listeners and
    /// datagram sockets go at the end of the turn.
    pub fn close(&mut self, id: ConnId) {
        self.materialize_broadcast();
        match self.table.get_mut(id) {
            Some(Source::Connection(connection)) => connection.close(id, &mut self.state),
            Some(Source::Listener(listener)) => listener.close(id, &mut self.state),
            Some(Source::Datagrams(datagrams)) => datagrams.close(id, &mut self.state),
            None => {}
        }
    }

    /// Ends a connection at the end of this turn, whatever is still queued or in flight.
    pub fn abort(&mut self, id: ConnId) {
        self.with(id, |connection, state| connection.end(id, state));
    }

    /// The process is about to end: from now on a peer that does not end its stream is waited for only while it is still
    /// sending. What the kernel holds for it is not lost: the kernel delivers it without us. Only a close with unread input
    /// would destroy it, by a reset, so input is read and discarded until the end.
    pub fn shorten_linger(&mut self) {
        self.state.shortened_at.get_or_insert(self.state.now);
        let until = self.state.linger_until();
        for (id, connection) in self.table.connections_mut() {
            connection.shorten_linger(id, until, &mut self.state);
        }
    }
}

/// Sending.
impl Net {
    /// Makes a chunk for any number of peers; `write` appends its bytes and returns whether there is anything to send.
    /// Peers that get several chunks of one key in a turn get them in one piece. The chunk is good until the end of
    /// the turn.
    pub fn make_chunk(
        &mut self,
        key: BufferKey,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Option<Chunk> {
        self.state.output.buffers.make_chunk(key, write)
    }

    /// Begins a fan-out: the chunks that are [shared](Self::share) from here on belong to one event, of which no peer gets
    /// two.
    ///
    /// It is a [`FanOut::Repeat`] if the fan-out before had the same key and nothing was asked of the loop since. `None` is for
    /// peers that are not worth a key; it repeats nothing.
    pub fn begin_fan_out(&mut self, key: Option<FanOutKey>) -> FanOut {
        if self.state.output.broadcast.is_repeated_by(key) {
            return FanOut::Repeat;
        }
        self.materialize_broadcast();
        self.state.output.broadcast.open(key);
        FanOut::New
    }

    /// The next fan-out is a new one: the audience of the last has changed without an event.
    pub fn end_fan_out(&mut self) {
        self.materialize_broadcast();
    }

    /// Queues a chunk for a peer; it goes out at the end of the turn. For a connection that is gone or on its way out, this
    /// does nothing.
    pub fn share(&mut self, id: ConnId, chunk: Chunk) {
        self.state.stats.deliveries += 1;
        let broadcast = &mut self.state.output.broadcast;
        if broadcast.is_open() {
            broadcast.add(id, chunk);
        } else {
            self.enqueue(id, chunk);
        }
    }

    /// Queues another chunk for all peers that got an `earlier` one of this fan-out. Returns the chunk that is to be named as
    /// the earlier one next time.
    pub fn extend_broadcast(&mut self, earlier: Chunk, chunk: Chunk) -> Chunk {
        let output = &mut self.state.output;
        match output.broadcast.extend(earlier, chunk) {
            Extended::Joined(both, peers) => {
                self.state.stats.deliveries += peers as u64;
                both
            }
            Extended::Displaced(peers) => {
                self.state.stats.deliveries += peers.len() as u64;
                for &id in &peers {
                    self.enqueue(id, earlier);
                }
                self.state.output.broadcast.put_back(chunk, peers);
                chunk
            }
            Extended::Unknown => chunk,
        }
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

    /// Sends a datagram from the socket `id`. If the kernel has no room it is kept, and reading from this socket waits for it;
    /// only one is kept, so call this at most once for each datagram received.
    pub fn send_datagram(&mut self, id: ConnId, to: SocketAddr, bytes: &[u8]) {
        if let Some(datagrams) = self.table.datagrams_mut(id) {
            datagrams.send(id, to, bytes, &mut self.state);
        }
    }
}

/// Deadlines and limits.
impl Net {
    /// Asks for [`Handler::handle_deadline`](super::Handler::handle_deadline) at this moment, instead of any moment asked
    /// for earlier. [`Tick::NEVER`] asks for none. A connection that is being closed, or cannot be written to any more, has no
    /// deadline but the loop's own.
    pub fn set_deadline(&mut self, id: ConnId, at: Tick) {
        self.with(id, |connection, state| {
            connection.set_deadline(id, at, state)
        });
    }

    /// Asks for [`Handler::handle_drained`](super::Handler::handle_drained) after a flush, at the end of this turn or of one
    /// in which the peer has read enough and not too many others go on. A long reply goes out in pieces this way, one a
    /// turn, so that neither the loop nor the queue has to take it all at once.
    pub fn notify_drained(&mut self, id: ConnId) {
        self.with(id, |connection, state| connection.notify_drained(id, state));
    }

    /// Reads nothing more of a connection before this moment, as [`Next::PauseUntil`](super::Next::PauseUntil) does. Not
    /// for [`Handler::handle_input`](super::Handler::handle_input), whose answer says when to go on.
    pub fn pause(&mut self, id: ConnId, until: Tick) {
        self.with(id, |connection, state| connection.pause(id, until, state));
    }

    /// Sets how much may be queued for a peer.
    pub fn set_limits(&mut self, id: ConnId, limits: Limits) {
        self.with(id, |connection, state| {
            connection.set_limits(id, limits, state)
        });
    }

    /// Sets how many bytes peers may make the process hold in all.
    pub fn set_ceiling(&mut self, bytes: usize) {
        self.ceiling.bytes = bytes;
    }

    /// Sets how many bytes the owner of the loop keeps for peers beside what it reports of each connection.
    pub fn set_kept_elsewhere(&mut self, bytes: usize) {
        self.ceiling.elsewhere = bytes;
    }

    /// Notes that something was done for a peer that took about so many tenths of a microsecond. The loop looks at its
    /// clock when enough has come together, and ends the stage when its time is over; see
    /// [`is_turn_full`](Self::is_turn_full).
    pub fn note_effort(&mut self, units: u32) {
        self.budget.note_effort(&self.clock, units);
    }

    /// Leaves out of the loop's time whatever the process spends stopped (SIGSTOP, a virtual machine that is moved), so
    /// that no deadline passes in it. For servers, whose peers would be judged by it.
    pub fn leave_out_pauses(&mut self) {
        self.clock.leave_out_pauses();
    }

    /// Holds the clock at this moment, for tests whose time is data.
    pub fn hold_clock(&mut self, at: Tick) {
        self.clock = Clock::held(at);
        self.state.now = at;
    }

    /// Reports readiness of a source that no kernel watches. It is taken up in the next turn, which does not wait then.
    pub fn inject(&mut self, id: ConnId, readiness: Readiness) {
        self.injected.push_back((id, readiness));
    }
}

/// Looking.
impl Net {
    /// The moment of this turn.
    pub fn now(&self) -> Tick {
        self.state.now
    }

    /// Whether the next turn has something to do without waiting for it.
    pub fn has_work(&self) -> bool {
        !self.state.work.is_empty() || !self.injected.is_empty() || self.has_pending
    }

    /// Whether so much was read, done or queued in this turn that it is time to flush. A handler that takes many frames
    /// at once asks this between them and, if so, leaves the rest for [`Next::Yield`](super::Next::Yield).
    pub fn is_turn_full(&self) -> bool {
        let LoopState { stats, output, .. } = &self.state;
        self.budget.is_turn_full(stats.deliveries, output.bytes())
    }

    /// The nearest moment at which the loop would wake up by itself; `None` if it would sleep until an event.
    pub fn nearest_deadline(&self) -> Option<Tick> {
        self.state.timers.nearest()
    }

    /// Whether so much waits for this peer that it should be served no further until it reads.
    pub fn is_backlogged(&self, id: ConnId) -> bool {
        let connection = self.table.connection(id);
        connection.is_some_and(|connection| connection.is_backlogged(&self.state))
    }

    /// Whether a peer has sent something that was not handed over yet, for want of time or by flood control. Not if it is
    /// held back because the peer itself does not read.
    pub fn has_input_waiting(&self, id: ConnId) -> bool {
        let connection = self.table.connection(id);
        connection.is_some_and(|connection| connection.has_input_waiting(&self.state))
    }

    /// Bytes queued for one connection; none if it is gone.
    pub fn queued(&self, id: ConnId) -> usize {
        let connection = self.table.connection(id);
        connection.map_or(0, |connection| connection.output.bytes())
    }

    /// Where a connection is in its life; `Closed` if it is gone.
    pub fn phase(&self, id: ConnId) -> Phase {
        let connection = self.table.connection(id);
        connection.map_or(Phase::Closed, Connection::phase)
    }

    /// How many connections there are, those on their way out included.
    pub fn connection_count(&self) -> usize {
        self.table.connection_count()
    }

    /// All connections, in no particular order. A walk over ten thousand takes a fraction of a millisecond; to count along
    /// would cost every read and write.
    pub fn connections(&self) -> impl Iterator<Item = (ConnId, Footprint)> {
        let connections = self.table.connections();
        connections.map(|(id, connection)| (id, connection.footprint()))
    }

    /// Bytes of memory for the records of connections.
    pub fn table_memory(&self) -> usize {
        self.table.memory()
    }

    /// All queues together.
    pub fn buffers(&self) -> &SharedBuffers {
        &self.state.output.buffers
    }

    /// What the loop has done so far.
    pub fn stats(&self) -> &Stats {
        &self.state.stats
    }

    /// How many bytes peers may make the process hold in all.
    pub fn ceiling(&self) -> usize {
        self.ceiling.bytes
    }

    /// Bytes that peers make the process hold: what the ceiling is compared with.
    pub fn held(&self) -> usize {
        let buffers = self.buffers();
        let queued = buffers.bytes() + buffers.segments_memory();
        queued + self.ceiling.held() + self.ceiling.elsewhere()
    }

    /// Bytes that connections hold beside their queues, as they were counted last.
    pub fn held_beside_queues(&self) -> usize {
        self.ceiling.held()
    }
}
