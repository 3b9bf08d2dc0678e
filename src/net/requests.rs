//! What the owner of the loop can ask of it, at any time: take sources in, send, close, set alarms and limits, look.
//!
//! Invariant: nothing here writes, closes or frees at once. Requests append, mark and arm; the stages of the turn
//! act. So a handler can make them from anywhere, about any connection.

use super::{
    clock::{Clock, Tick},
    connection::{Connection, Limits, OurHalf},
    listener::{Acceptor, Listener},
    phase::Phase,
    poller::{Net, Readiness},
    shared_buffers::{BufferKey, Chunk, SharedBuffers},
    stats::Stats,
    table::Source,
    token::{ConnId, External},
    transport::Stream,
};
use mio::{Interest, event, net::TcpStream};
use std::{io, mem, net::SocketAddr, rc::Rc};

impl Net {
    /// The moment of this turn.
    pub fn now(&self) -> Tick {
        self.now
    }

    /// Takes a listener in. Callers that must be turned away for want of descriptors are told `farewell`.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn adopt_listener(
        &mut self,
        acceptor: Box<dyn Acceptor>,
        farewell: Rc<[u8]>,
    ) -> io::Result<ConnId> {
        let id = self.table.insert(Source::Listener(Box::new(Listener::new(
            acceptor, farewell,
        ))));
        if let Some(listener) = self.table.listener_mut(id) {
            if let Some(source) = listener.acceptor.source() {
                let registry = self.poll.registry();
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
    pub fn adopt(&mut self, stream: Stream) -> io::Result<ConnId> {
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
        self.adopt_call(Stream::Tcp(stream))
    }

    /// Takes in a call that its owner placed, with a socket and options of its own; else as
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    /// When the poll cannot register it; the call is dropped.
    pub fn adopt_call(&mut self, stream: Stream) -> io::Result<ConnId> {
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
            let registered = self.poll.registry().register(source, id.token(), interest);
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
        let registry = self.poll.registry();
        registry.register(source, name.token(), Interest::READABLE)
    }

    /// The same for a source that is written to: its events tell that there may be room.
    ///
    /// # Errors
    /// When the poll cannot register it.
    pub fn register_external_for_room(
        &mut self,
        source: &mut impl event::Source,
        name: External,
    ) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.register(source, name.token(), Interest::WRITABLE)
    }

    /// Takes such a source out again.
    ///
    /// # Errors
    /// When the poll does not know it.
    pub fn deregister_external(&mut self, source: &mut impl event::Source) -> io::Result<()> {
        self.poll.registry().deregister(source)
    }

    /// Makes a chunk for any number of peers; `write` appends its bytes and says whether there is anything to send.
    /// Peers that get several chunks of one lane in a turn get them in one piece. The chunk is good until the end of
    /// the turn.
    pub fn compose(
        &mut self,
        lane: BufferKey,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Option<Chunk> {
        self.buffers.compose(lane, write)
    }

    /// Queues bytes for one peer alone.
    pub fn send(&mut self, id: ConnId, bytes: &[u8]) {
        self.write(id, |out| out.extend_from_slice(bytes));
    }

    /// The same for bytes that are made now: `write` appends them where they wait to be sent.
    pub fn write(&mut self, id: ConnId, write: impl FnOnce(&mut Vec<u8>)) {
        self.materialize_broadcast();
        let chunk = self.compose(BufferKey::PRIVATE, |out| {
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
