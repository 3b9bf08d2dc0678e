//! Scripted transports and listeners: the test sets what the network does, and sees what was done to it.
//!
//! A script fails the test on a surprise: a read past the end of the stream, a write after our end of file or after
//! one that failed, more slices than agreed, a use after it was deregistered. It registers with the poll like a
//! socket would, but that is only noted; events come by [`Net::inject`](crate::net::Net::inject).

use crate::{
    net::{Acceptor, Stream, Transport},
    simulation::network::Registered,
};
use mio::{Interest, event::Source};
use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    rc::Rc,
};

/// What a read finds. When nothing is left it would block.
#[derive(Debug)]
enum Arrival {
    Bytes(VecDeque<u8>),
    /// This byte, without end.
    Endless(u8),
    End,
    Error(ErrorKind),
}

/// What becomes of a write. When nothing is left it takes everything.
#[derive(Debug)]
enum Room {
    For(usize),
    Error(ErrorKind),
}

#[derive(Debug, Default)]
struct Scripted {
    arrivals: VecDeque<Arrival>,
    rooms: VecDeque<Room>,
    /// No room at all until this is unset, whatever `rooms` has.
    full: bool,
    written: Vec<u8>,
    reads: usize,
    writes: usize,
    /// Writes that were marked as the last.
    last_writes: usize,
    shut: bool,
    /// A read or write reported that the connection is over.
    read_over: bool,
    write_over: bool,
}

/// The test's end of a scripted connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    state: Rc<RefCell<Scripted>>,
    source: Registered,
}

/// The loop's end of it.
struct Played(Script);

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn stream(&self) -> Stream {
        Stream::Other(Box::new(Played(self.clone())))
    }

    /// These bytes are there to be read.
    pub(crate) fn arrives(&self, bytes: &[u8]) -> &Self {
        // Nothing is no arrival: a read of no bytes would be the end.
        if bytes.is_empty() {
            return self;
        }
        self.arrival(Arrival::Bytes(bytes.iter().copied().collect()))
    }

    pub(crate) fn never_stops(&self, byte: u8) -> &Self {
        self.arrival(Arrival::Endless(byte))
    }

    /// The peer's end of file.
    pub(crate) fn ends(&self) -> &Self {
        self.arrival(Arrival::End)
    }

    /// A read fails.
    pub(crate) fn fails(&self, error: ErrorKind) -> &Self {
        self.arrival(Arrival::Error(error))
    }

    /// A write takes so many bytes at most.
    pub(crate) fn takes(&self, bytes: usize) -> &Self {
        self.state.borrow_mut().rooms.push_back(Room::For(bytes));
        self
    }

    /// A write fails.
    pub(crate) fn refuses(&self, error: ErrorKind) -> &Self {
        self.state.borrow_mut().rooms.push_back(Room::Error(error));
        self
    }

    /// The peer reads nothing, or reads again.
    pub(crate) fn is_full(&self, full: bool) -> &Self {
        self.state.borrow_mut().full = full;
        self
    }

    fn arrival(&self, arrival: Arrival) -> &Self {
        self.state.borrow_mut().arrivals.push_back(arrival);
        self
    }

    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.state.borrow().written).into_owned()
    }

    pub(crate) fn written_bytes(&self) -> Vec<u8> {
        self.state.borrow().written.clone()
    }

    pub(crate) fn reads(&self) -> usize {
        self.state.borrow().reads
    }

    pub(crate) fn writes(&self) -> usize {
        self.state.borrow().writes
    }

    /// How many writes were marked as the last before our end of file.
    pub(crate) fn last_writes(&self) -> usize {
        self.state.borrow().last_writes
    }

    /// Whether our end of file was sent.
    pub(crate) fn is_shut(&self) -> bool {
        self.state.borrow().shut
    }

    /// Whether the loop dropped its end.
    pub(crate) fn is_dropped(&self) -> bool {
        Rc::strong_count(&self.state) == 1
    }

    /// How it is registered with the poll.
    pub(crate) fn source(&self) -> &Registered {
        &self.source
    }

    /// Whether the poll was asked for writable events.
    pub(crate) fn wants_writable(&self) -> bool {
        self.source.interest().is_some_and(Interest::is_writable)
    }
}

impl Transport for Played {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.source.check_in_use();
        let script = &mut *self.0.state.borrow_mut();
        assert!(!script.read_over, "read although the stream had ended");
        assert!(!buffer.is_empty(), "a read of nothing looks like an end");
        script.reads += 1;
        match script.arrivals.front_mut() {
            None => Err(ErrorKind::WouldBlock.into()),
            Some(Arrival::Endless(byte)) => {
                assert!(script.reads < 300, "a turn has no budget");
                buffer.fill(*byte);
                Ok(buffer.len())
            }
            Some(Arrival::Bytes(bytes)) => {
                let count = bytes.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(bytes.drain(..count)) {
                    *to = from;
                }
                if bytes.is_empty() {
                    script.arrivals.pop_front();
                }
                Ok(count)
            }
            Some(Arrival::End) => {
                script.read_over = true;
                Ok(0)
            }
            Some(Arrival::Error(error)) => {
                let error = *error;
                script.arrivals.pop_front();
                script.read_over = !matches!(error, ErrorKind::WouldBlock | ErrorKind::Interrupted);
                Err(error.into())
            }
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.source.check_in_use();
        let script = &mut *self.0.state.borrow_mut();
        assert!(!script.shut, "written to after our end of stream");
        assert!(!script.write_over, "written to although that had failed");
        assert!((1..=64).contains(&slices.len()), "{} slices", slices.len());
        assert!(slices.iter().all(|s| !s.is_empty()), "an empty slice");
        script.writes += 1;
        if script.full {
            return Err(ErrorKind::WouldBlock.into());
        }
        let room = match script.rooms.pop_front() {
            None => usize::MAX,
            Some(Room::For(bytes)) => bytes,
            Some(Room::Error(error)) => {
                script.write_over =
                    !matches!(error, ErrorKind::WouldBlock | ErrorKind::Interrupted);
                return Err(error.into());
            }
        };
        let before = script.written.len();
        let offered = slices.iter().flat_map(|slice| slice.iter());
        script.written.extend(offered.take(room));
        Ok(script.written.len() - before)
    }

    fn write_last(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.state.borrow_mut().last_writes += 1;
        self.write_vectored(slices)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        let script = &mut *self.0.state.borrow_mut();
        assert!(!script.shut, "our end of stream was sent twice");
        if script.write_over {
            return Err(ErrorKind::NotConnected.into());
        }
        script.shut = true;
        Ok(())
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(&mut self.0.source)
    }
}

/// The test's end of a scripted listener.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    state: Rc<RefCell<Callers>>,
    source: Registered,
}

#[derive(Default)]
struct Callers {
    waiting: VecDeque<Result<Script, io::Error>>,
    /// As on Linux: `accept` looks for a free descriptor first, and so fails even when nothing waits. What follows such a failure
    /// is the attempt with the spare one.
    out_of_descriptors: bool,
    failed_just_now: bool,
    accepts: usize,
}

/// The loop's end of it.
struct Kept(Gate);

impl Gate {
    pub(crate) fn acceptor(&self) -> Box<dyn Acceptor> {
        Box::new(Kept(self.clone()))
    }

    /// A connection waits to be accepted.
    pub(crate) fn calls(&self) -> Script {
        let script = Script::new();
        let waiting = &mut self.state.borrow_mut().waiting;
        waiting.push_back(Ok(script.clone()));
        script
    }

    /// An `accept` fails.
    pub(crate) fn fails(&self, error: io::Error) {
        self.state.borrow_mut().waiting.push_back(Err(error));
    }

    pub(crate) fn is_out_of_descriptors(&self, out: bool) {
        self.state.borrow_mut().out_of_descriptors = out;
    }

    pub(crate) fn accepts(&self) -> usize {
        self.state.borrow().accepts
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state.borrow().waiting.len()
    }

    /// How it is registered with the poll.
    pub(crate) fn source(&self) -> &Registered {
        &self.source
    }
}

impl Acceptor for Kept {
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let callers = &mut *self.0.state.borrow_mut();
        callers.accepts += 1;
        callers.failed_just_now = callers.out_of_descriptors && !callers.failed_just_now;
        if callers.failed_just_now {
            return Err(rustix::io::Errno::MFILE.into());
        }
        let script = callers.waiting.pop_front();
        let script = script.unwrap_or_else(|| Err(ErrorKind::WouldBlock.into()))?;
        Ok((script.stream(), SocketAddr::from(([127, 0, 0, 1], 40_000))))
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(&mut self.0.source)
    }
}
