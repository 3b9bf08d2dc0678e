//! A simulated network for tests: peers, wires and a kernel that misbehaves in every way a network may, all drawn
//! from one seed.
//!
//! ```text
//! Peer ── sends ──> in flight ── pass() ──> receive buffer ── read ──> the loop
//!      <─ reads ─── send buffer <───────────────────────────── write ──
//! ```
//!
//! The kernel is edge-triggered and strict: it reports readiness once, when something changed after a call said that
//! it would block or took less than it was offered, or when the source is registered (again); writable only to sources
//! that asked for it. A loop that forgets an edge hangs here. It resets the peer, and destroys what that has not
//! read yet, when a connection is dropped with unread input.
//!
//! To use it: add [`Network::gate`] as a listener, let peers [`call`](Network::call), and between two turns let
//! peers act and [`pass`](Network::pass) on what is under way. Knows no frames. Needs 64-bit tokens.

use crate::net::{Acceptor, Net, Readiness, Stream, Transport, tests::check::find};
use mio::event::Source;
use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    rc::Rc,
};

mod odds;
mod registered;

pub(crate) use crate::net::tests::check::{check_at_rest, check_held_by_walk, check_invariants};
pub(crate) use odds::{Odds, Random};
pub(crate) use registered::Registered;

/// The whole network.
#[derive(Clone)]
pub(crate) struct Network(Rc<RefCell<State>>);

struct State {
    random: Random,
    odds: Odds,
    wires: Vec<Rc<RefCell<Wire>>>,
    gates: Vec<Rc<RefCell<Queue>>>,
}

/// Both directions of one connection, and what its kernel remembers.
#[derive(Debug, Default)]
struct Wire {
    in_flight: VecDeque<u8>,
    fin_in_flight: bool,
    received: VecDeque<u8>,
    fin_received: bool,
    /// Bytes that the loop wrote and the peer has not read.
    unread: VecDeque<u8>,
    /// Our end of file follows them.
    shut: bool,
    room: usize,
    /// The peer reset the connection; whether a call has reported that.
    reset: bool,
    reset_reported: bool,
    /// The loop dropped its end.
    dropped: bool,
    /// It did so over unread input, so the peer is reset.
    peer_reset: bool,
    source: Registered,
    /// The registration that the edges below belong to.
    seen_calls: usize,
    /// An edge is due as soon as there is something to read, or room.
    read_armed: bool,
    write_armed: bool,
}

/// Connections that wait at one listener.
#[derive(Default)]
struct Queue {
    callers: VecDeque<(Rc<RefCell<Wire>>, SocketAddr)>,
    source: Registered,
    seen_calls: usize,
    armed: bool,
    /// The last `accept` failed for want of a descriptor, so this one is tried with the spare one.
    spared: bool,
}

impl Network {
    pub(crate) fn new(mut random: Random) -> Self {
        let odds = Odds::draw(&mut random);
        Self(Rc::new(RefCell::new(State {
            random,
            odds,
            wires: Vec::new(),
            gates: vec![Rc::default()],
        })))
    }

    /// From now on the network behaves as well as a real one can.
    pub(crate) fn calm_down(&self) {
        let odds = &mut self.0.borrow_mut().odds;
        *odds = Odds {
            interrupted: 0,
            blocked: 0,
            short: 0,
            spurious: 0,
            aborted: 0,
            no_descriptor: 0,
            room: odds.room,
        };
    }

    /// Gives the wires of new connections so much room in each direction.
    pub(crate) fn set_room(&self, bytes: usize) {
        self.0.borrow_mut().odds.room = bytes;
    }

    /// One more listener, for [`Net::add_listener`]. Its number goes into [`call`](Self::call); the first is 0.
    pub(crate) fn gate(&self, number: usize) -> Box<dyn Acceptor> {
        let gates = &mut self.0.borrow_mut().gates;
        if gates.len() <= number {
            gates.resize_with(number + 1, Rc::default);
        }
        let queue = gates[number].clone();
        let source = queue.borrow().source.clone();
        Box::new(SimGate {
            network: self.clone(),
            queue,
            source,
        })
    }

    /// A peer connects from this address to the listener of this number.
    pub(crate) fn call(&self, gate: usize, from: SocketAddr) -> Peer {
        let state = &mut *self.0.borrow_mut();
        let wire = Rc::new(RefCell::new(Wire {
            room: state.odds.room,
            ..Wire::default()
        }));
        state.wires.push(wire.clone());
        let queue = &mut state.gates[gate].borrow_mut();
        queue.callers.push_back((wire.clone(), from));
        Peer {
            wire,
            heard: Vec::new(),
        }
    }

    /// Moves what is under way and reports the edges that follow, and spurious ones. Returns whether anything really happened.
    pub(crate) fn pass(&self, net: &mut Net) -> bool {
        let state = &mut *self.0.borrow_mut();
        let (random, odds) = (&mut state.random, state.odds);
        let mut happened = false;
        let mut report = |source: &Registered, readiness: Readiness| {
            if let Some(id) = source.token().and_then(|token| find(net, token)) {
                net.inject(id, readiness);
            }
        };
        for queue in &state.gates {
            let queue = &mut *queue.borrow_mut();
            queue.armed |= queue.source.calls() != queue.seen_calls;
            queue.seen_calls = queue.source.calls();
            if queue.source.interest().is_none() {
                continue;
            }
            let due = queue.armed && !queue.callers.is_empty();
            if due || random.percent(odds.spurious) {
                queue.armed &= !due;
                happened |= due;
                report(&queue.source, edge(true, false));
            }
        }
        for wire in &state.wires {
            let wire = &mut *wire.borrow_mut();
            happened |= wire.move_on(random);
            let due = wire.next_edge();
            happened |= due.is_some();
            let spurious = random.percent(odds.spurious);
            if spurious || due.is_some() {
                let due = due.unwrap_or(edge(true, true));
                report(&wire.source, due);
            }
        }
        state.wires.retain(|wire| Rc::strong_count(wire) > 1);
        happened
    }
}

fn edge(readable: bool, writable: bool) -> Readiness {
    Readiness { readable, writable }
}

impl Wire {
    /// Some of what is in flight arrives.
    fn move_on(&mut self, random: &mut Random) -> bool {
        if self.dropped {
            if !self.in_flight.is_empty() {
                self.reset_peer();
            }
            return false;
        }
        let most = self
            .in_flight
            .len()
            .min(self.room - self.received.len().min(self.room));
        let count = if most == 0 { 0 } else { 1 + random.below(most) };
        self.received.extend(self.in_flight.drain(..count));
        let ends = self.fin_in_flight && self.in_flight.is_empty() && !self.fin_received;
        self.fin_received |= ends;
        count > 0 || ends
    }

    /// The edge that is due, if one is.
    fn next_edge(&mut self) -> Option<Readiness> {
        let interest = self.source.interest()?;
        if self.seen_calls != self.source.calls() {
            // Registering (again) arms both directions, as epoll does.
            self.seen_calls = self.source.calls();
            (self.read_armed, self.write_armed) = (true, true);
        }
        let something = !self.received.is_empty() || self.fin_received || self.reset;
        let room = self.unread.len() < self.room || self.reset;
        let readable = self.read_armed && something;
        let writable = self.write_armed && room && interest.is_writable();
        self.read_armed &= !readable;
        self.write_armed &= !writable;
        (readable || writable).then_some(edge(readable, writable))
    }

    fn reset_peer(&mut self) {
        self.peer_reset = true;
        self.unread.clear();
        self.in_flight.clear();
    }
}

/// The outside end of a connection. It does nothing by itself.
pub(crate) struct Peer {
    wire: Rc<RefCell<Wire>>,
    heard: Vec<u8>,
}

impl Peer {
    /// Sends something; it is under way then.
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        let mut wire = self.wire.borrow_mut();
        assert!(!wire.fin_in_flight, "said after the end of stream");
        if !wire.peer_reset && !wire.reset {
            wire.in_flight.extend(bytes);
        }
    }

    /// Sends its end of file. It still reads.
    pub(crate) fn ends(&mut self) {
        self.wire.borrow_mut().fin_in_flight = true;
    }

    /// Resets the connection: what is in flight may be lost, and what it has not read is.
    pub(crate) fn resets(&mut self, random: &mut Random) {
        let wire = &mut *self.wire.borrow_mut();
        wire.reset = true;
        wire.unread.clear();
        wire.in_flight.clear();
        if random.percent(50) {
            wire.received.clear();
        }
    }

    /// Reads so many bytes at most; returns how many there were.
    pub(crate) fn reads(&mut self, at_most: usize) -> usize {
        let unread = &mut self.wire.borrow_mut().unread;
        let count = unread.len().min(at_most);
        self.heard.extend(unread.drain(..count));
        count
    }

    /// All it has read.
    pub(crate) fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// Whether it has read our end of file.
    pub(crate) fn sees_end(&self) -> bool {
        let wire = self.wire.borrow();
        (wire.shut || wire.dropped) && wire.unread.is_empty()
    }

    /// Whether we reset it.
    pub(crate) fn was_reset(&self) -> bool {
        self.wire.borrow().peer_reset
    }

    /// Whether it still waits to be accepted.
    pub(crate) fn is_waiting(&self) -> bool {
        let wire = self.wire.borrow();
        !wire.dropped && wire.source.calls() == 0
    }

    /// Whether it was shed for want of a descriptor.
    pub(crate) fn was_shed(&self) -> bool {
        let wire = self.wire.borrow();
        wire.dropped && wire.source.calls() == 0
    }

    /// Whether something it said is still in flight.
    pub(crate) fn is_speaking(&self) -> bool {
        !self.wire.borrow().in_flight.is_empty()
    }

    /// Whether something waits to be read.
    pub(crate) fn has_mail(&self) -> bool {
        !self.wire.borrow().unread.is_empty()
    }
}

/// The loop's end of a wire.
struct SimStream {
    network: Network,
    wire: Rc<RefCell<Wire>>,
    source: Registered,
}

impl SimStream {
    /// What may happen to any call.
    fn disturbance(state: &mut State) -> Option<ErrorKind> {
        let odds = state.odds;
        if state.random.percent(odds.interrupted) {
            return Some(ErrorKind::Interrupted);
        }
        let blocked = state.random.percent(odds.blocked);
        blocked.then_some(ErrorKind::WouldBlock)
    }
}

/// How many of so many bytes a call moves.
fn share(state: &mut State, most: usize) -> usize {
    if state.random.percent(state.odds.short) {
        1 + state.random.below(most)
    } else {
        most
    }
}

impl Transport for SimStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a read of nothing looks like an end");
        let (state, wire) = (
            &mut *self.network.0.borrow_mut(),
            &mut *self.wire.borrow_mut(),
        );
        if let Some(error) = Self::disturbance(state) {
            wire.read_armed |= error == ErrorKind::WouldBlock;
            return Err(error.into());
        }
        if !wire.received.is_empty() {
            let count = share(state, wire.received.len().min(buffer.len()));
            for (to, from) in buffer.iter_mut().zip(wire.received.drain(..count)) {
                *to = from;
            }
            return Ok(count);
        }
        if wire.reset && !std::mem::replace(&mut wire.reset_reported, true) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if wire.fin_received || wire.reset {
            return Ok(0);
        }
        wire.read_armed = true;
        Err(ErrorKind::WouldBlock.into())
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let (state, wire) = (
            &mut *self.network.0.borrow_mut(),
            &mut *self.wire.borrow_mut(),
        );
        assert!(!wire.shut, "written to after our end of file");
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        assert!(offered > 0 && slices.len() <= 64, "{} slices", slices.len());
        if wire.reset {
            let reported = std::mem::replace(&mut wire.reset_reported, true);
            let errors = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
            return Err(errors[usize::from(reported)].into());
        }
        if let Some(error) = Self::disturbance(state) {
            wire.write_armed |= error == ErrorKind::WouldBlock;
            return Err(error.into());
        }
        let room = wire.room - wire.unread.len().min(wire.room);
        if room == 0 {
            wire.write_armed = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = share(state, offered.min(room));
        wire.write_armed |= count < offered;
        let bytes = slices.iter().flat_map(|slice| slice.iter());
        wire.unread.extend(bytes.take(count));
        Ok(count)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        let wire = &mut *self.wire.borrow_mut();
        assert!(!wire.shut, "our end of file was sent twice");
        if wire.reset {
            return Err(ErrorKind::NotConnected.into());
        }
        wire.shut = true;
        Ok(())
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(&mut self.source)
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        let wire = &mut *self.wire.borrow_mut();
        wire.dropped = true;
        if !wire.received.is_empty() {
            wire.reset_peer();
        }
        if !std::thread::panicking() {
            // A loop that is dropped as a whole takes its poll with it.
            let alone = Rc::strong_count(&self.network.0) == 1;
            assert!(
                alone || self.source.interest().is_none(),
                "dropped before it was deregistered"
            );
        }
    }
}

/// The loop's end of a listener.
struct SimGate {
    network: Network,
    queue: Rc<RefCell<Queue>>,
    source: Registered,
}

impl Acceptor for SimGate {
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let taken = {
            let (state, queue) = (
                &mut *self.network.0.borrow_mut(),
                &mut *self.queue.borrow_mut(),
            );
            let odds = state.odds;
            // As on Linux, this is looked at first, whether or not something waits.
            let again = queue.spared;
            queue.spared = !again && state.random.percent(odds.no_descriptor);
            if queue.spared {
                return Err(rustix::io::Errno::MFILE.into());
            }
            if again && state.random.percent(20) {
                // The whole system has none, and another process took the spare one.
                return Err(rustix::io::Errno::NFILE.into());
            }
            if state.random.percent(odds.interrupted) {
                return Err(ErrorKind::Interrupted.into());
            }
            if state.random.percent(odds.aborted) {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            queue.armed |= queue.callers.is_empty();
            queue.callers.pop_front()
        };
        let (wire, from) = taken.ok_or(ErrorKind::WouldBlock)?;
        let source = wire.borrow().source.clone();
        let stream = SimStream {
            network: self.network.clone(),
            wire,
            source,
        };
        Ok((Stream::Other(Box::new(stream)), from))
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(&mut self.source)
    }
}
