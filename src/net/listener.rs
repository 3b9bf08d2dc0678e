//! Listeners: socket options, bounded accepting, and what happens when descriptors run out (invariant 4).
//!
//! A poll is edge-triggered: a listener whose `accept` failed for want of descriptors gets no second event for the
//! callers that wait. To loop on `accept` would spin, to give up would be silence for ever. So the spare descriptor
//! is let go, the caller is accepted in its place, told in a word, and hung up; and when there are too many of those,
//! or not even that works, the listener is taken out of the poll and a deadline puts it back.
//!
//! Owns: the spare descriptor, the rest. Does not know what a connection is for.

use super::{clock::Tick, core::Net, handler::Handler, token::ConnId, transport::Stream};
use mio::{Interest, event::Source, net::TcpListener};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, ErrorKind, IoSlice},
    mem,
    net::SocketAddr,
    os::fd::OwnedFd,
    rc::Rc,
    time::Duration,
};

/// Accepts per listener and turn: enough that a rush costs few turns, few enough that those inside wait for no more
/// than a millisecond.
const ACCEPTS_PER_TURN: usize = 64;

/// So many times as many from each before it is closed: Linux lets 4,096 wait unless told otherwise.
const ACCEPT_ROUNDS_AT_END: usize = 4096 / ACCEPTS_PER_TURN;

/// How long a listener rests: four times a second is soon enough for people and nothing for a CPU.
const REST: Duration = Duration::from_millis(250);

/// Of a caller that is turned away this much input is read, lest our word be destroyed by the reset that unread input causes.
const SHED_INPUT: usize = 4096;

/// Options of a listening or datagram socket. Those of connections are set on the listener and inherited by what it accepts
/// (so Linux and the BSDs do it), which saves several system calls for each caller.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// How many callers may wait to be accepted (`listen`'s backlog; the system may cap it).
    pub backlog: u32,
    /// `TCP_NODELAY`: small messages go out at once instead of waiting for the acknowledgement of earlier ones
    /// (Nagle's algorithm).
    pub nodelay: bool,
    /// `SO_KEEPALIVE`: after this long without traffic the kernel asks whether the peer is still there. `None`: never.
    pub keepalive: Option<Duration>,
    /// `SO_SNDBUF` in bytes; `None` leaves the system's automatic tuning on.
    pub sndbuf: Option<usize>,
    /// `SO_RCVBUF` in bytes; `None` leaves the system's automatic tuning on.
    pub rcvbuf: Option<usize>,
    /// `SO_REUSEADDR`: bind although old connections of the same port are still in `TIME_WAIT`.
    pub reuseaddr: bool,
    /// `SO_REUSEPORT`: let several processes listen on the same port.
    pub reuseport: bool,
    /// `IPV6_V6ONLY`: an IPv6 socket takes no IPv4 callers. Matters for `[::]` alone, which takes both otherwise.
    pub v6only: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            backlog: 1024,
            nodelay: true,
            keepalive: Some(Duration::from_secs(120)),
            sndbuf: None,
            rcvbuf: None,
            reuseaddr: true,
            reuseport: false,
            v6only: false,
        }
    }
}

/// A bound socket of this type with all options set that go before `bind`.
pub(super) fn bound_socket(
    address: SocketAddr,
    kind: Type,
    options: &SocketOptions,
) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM {
        Protocol::TCP
    } else {
        Protocol::UDP
    };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        // Systems differ in their default.
        socket.set_only_v6(options.v6only)?;
    }
    socket.set_reuse_address(options.reuseaddr)?;
    #[cfg(unix)]
    socket.set_reuse_port(options.reuseport)?;
    // Before `listen`: the window that a connection announces is derived from it.
    size_buffers(&socket, options)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Sets how much the kernel holds for a socket, where that was asked for.
pub(super) fn size_buffers(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.sndbuf {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.rcvbuf {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(())
}

/// Makes a listening TCP socket.
///
/// # Errors
/// What the system says: the address is in use, is not ours, the port needs privileges.
pub fn listen_tcp(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpListener> {
    let socket = bound_socket(address, Type::STREAM, options)?;
    set_inherited(&socket, options)?;
    listen(socket, options)
}

/// Makes a listening TCP socket of one that was bound by someone else, who mostly has let it listen already.
///
/// # Errors
/// What the system says to the options.
pub fn take_tcp(socket: OwnedFd, options: &SocketOptions) -> io::Result<TcpListener> {
    let socket = Socket::from(socket);
    socket.set_nonblocking(true)?;
    size_buffers(&socket, options)?;
    set_inherited(&socket, options)?;
    if socket.is_listener()? {
        return Ok(TcpListener::from_std(socket.into()));
    }
    listen(socket, options)
}

fn listen(socket: Socket, options: &SocketOptions) -> io::Result<TcpListener> {
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Sets what connections inherit from the socket that accepts them.
fn set_inherited(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    socket.set_tcp_nodelay(options.nodelay)?;
    // Urgent data stays in the stream: telnet marks its Synch so (RFC 854), and out of band we would never see it.
    socket.set_out_of_band_inline(true)?;
    if let Some(idle) = options.keepalive {
        socket.set_keepalive(true)?;
        // Four questions in as long again: a peer that vanished is noticed after twice the span.
        let interval = (idle / 4).max(Duration::from_secs(1));
        let idle = idle.max(Duration::from_secs(1)); // The system counts whole seconds, and refuses none.
        let keepalive = TcpKeepalive::new().with_time(idle).with_interval(interval);
        socket.set_tcp_keepalive(&keepalive.with_retries(4))?;
    }
    Ok(())
}

/// Where callers come from: a listening socket, or a test's script.
pub trait Acceptor {
    /// Takes the next caller.
    ///
    /// # Errors
    /// `WouldBlock` when nobody waits; others concern one caller, or the whole process.
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)>;

    /// What to register with the poll; `None` if events come by [`Net::inject`].
    fn source(&mut self) -> Option<&mut dyn Source>;
}

impl Acceptor for TcpListener {
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        TcpListener::accept(self).map(|(stream, peer)| (Stream::Tcp(stream), peer))
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        Some(self)
    }
}

/// The loop's record of one listener.
pub(super) struct Listener {
    pub(super) acceptor: Box<dyn Acceptor>,
    /// The word for callers that are turned away.
    farewell: Rc<[u8]>,
    /// Taken out of the poll until its deadline.
    pub(super) resting: bool,
    /// Over; it goes at the end of the turn, and takes nobody in until then.
    pub(super) over: bool,
    /// On the list of those to accept from.
    pub(super) in_ready_list: bool,
}

impl Listener {
    pub(super) fn new(acceptor: Box<dyn Acceptor>, farewell: Rc<[u8]>) -> Self {
        Self {
            acceptor,
            farewell,
            resting: false,
            over: false,
            in_ready_list: false,
        }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("resting", &self.resting)
            .finish_non_exhaustive()
    }
}

/// A descriptor held for nothing but to be let go when there is no other.
#[derive(Debug)]
pub(super) struct Spare(Option<File>);

impl Spare {
    pub(super) fn new() -> Self {
        let mut spare = Self(None);
        spare.restore();
        spare
    }

    /// Opens it again; says whether there is one.
    fn restore(&mut self) -> bool {
        if self.0.is_none() {
            self.0 = File::open("/dev/null").ok();
        }
        self.0.is_some()
    }

    pub(super) fn let_go(&mut self) {
        self.0 = None;
    }

    #[cfg(test)]
    pub(super) fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

/// What a failed `accept` calls for.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// Nobody waits.
    NobodyWaits,
    /// That caller is gone; take the next.
    NextCaller,
    /// No descriptor for it: the spare one can help.
    OutOfDescriptors,
    /// The system is short of memory, or something unknown happened: later.
    Later,
}

/// Sorts what `accept` may say (accept(2), "Error handling").
fn sort(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock => return Failure::NobodyWaits,
        ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
            return Failure::NextCaller;
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
        ) => Failure::NextCaller,
        _ => Failure::Later,
    }
}

impl Net {
    /// Stage of the turn: takes callers in, a bounded number from each listener.
    pub(super) fn accept_callers(&mut self, handler: &mut impl Handler) {
        for _ in 0..self.accepting.len() {
            let Some(listener) = self.accepting.pop_front() else {
                break;
            };
            self.accept_from(listener, handler);
        }
    }

    /// Takes in whoever waits at these listeners now, for they are about to be closed, and what a listener leaves in
    /// the kernel's queue is reset. Bounded, though callers may go on coming.
    pub fn accept_waiting(&mut self, listeners: &[ConnId], handler: &mut impl Handler) {
        for &listener in listeners {
            self.list_listener(listener);
        }
        for _ in 0..ACCEPT_ROUNDS_AT_END {
            if self.accepting.is_empty() {
                return;
            }
            self.accept_callers(handler);
        }
    }

    fn accept_from(&mut self, listener: ConnId, handler: &mut impl Handler) {
        let mut in_vain = 0;
        for _ in 0..ACCEPTS_PER_TURN {
            // Looked up each time: the handler may have closed the listener.
            let Some(record) = self.table.listener_mut(listener) else {
                return;
            };
            record.in_ready_list = false;
            if record.over {
                return;
            }
            match record.acceptor.accept() {
                Ok((stream, peer)) => {
                    self.stats.accepted += 1;
                    if let Ok(id) = self.add_connection(stream) {
                        handler.handle_accept(self, listener, id, peer);
                    }
                }
                Err(error) => {
                    let mut failure = sort(&error);
                    if failure == Failure::OutOfDescriptors {
                        failure = self.shed(listener);
                    }
                    match failure {
                        Failure::NobodyWaits => return,
                        Failure::NextCaller => in_vain += 1,
                        Failure::OutOfDescriptors | Failure::Later => {
                            tracing::warn!(%error, "cannot accept; the listener rests");
                            return self.rest(listener);
                        }
                    }
                }
            }
        }
        if in_vain >= ACCEPTS_PER_TURN / 2 {
            // A crowd at a closed gate is not worth our time: let them wait in the kernel's queue. And an error that does not
            // go away, whatever it is, must not make us spin.
            return self.rest(listener);
        }
        self.list_listener(listener);
    }

    /// Puts a listener on the list of those to accept from.
    pub(super) fn list_listener(&mut self, id: ConnId) {
        if let Some(listener) = self.table.listener_mut(id) {
            if !mem::replace(&mut listener.in_ready_list, true) {
                self.accepting.push_back(id);
            }
        }
    }

    /// Turns one caller away with a word, and says what to do next. For want of a descriptor `accept` fails whether
    /// or not someone waits (Linux looks for the descriptor first); only the attempt with the spare one tells.
    fn shed(&mut self, listener: ConnId) -> Failure {
        if !self.spare.restore() {
            return Failure::OutOfDescriptors;
        }
        self.spare.let_go();
        let Some(record) = self.table.listener_mut(listener) else {
            return Failure::NobodyWaits;
        };
        let caller = record.acceptor.accept();
        let farewell = record.farewell.clone();
        let next = match caller {
            Ok((stream, peer)) => {
                tracing::debug!(%peer, reason = "out_of_descriptors", "turned away");
                self.turn_away(stream, &farewell);
                Failure::NextCaller
            }
            Err(error) => sort(&error),
        };
        // The stream is dropped by now, so this takes its descriptor.
        if self.spare.restore() {
            next
        } else {
            Failure::OutOfDescriptors
        }
    }

    /// Says the word and hangs up.
    fn turn_away(&mut self, mut stream: Stream, farewell: &[u8]) {
        let caller = stream.transport();
        // All of this is best effort: whoever does not get the word sees the end of the stream.
        if !farewell.is_empty() {
            let _ = caller.write_vectored(&[IoSlice::new(farewell)]);
        }
        let _ = caller.shutdown_write();
        let _ = caller.read(&mut [0; SHED_INPUT]);
        self.stats.shed += 1;
    }

    /// Takes a listener out of the poll for a while.
    fn rest(&mut self, id: ConnId) {
        let at = self.now().after(REST);
        let Some(listener) = self.table.listener_mut(id) else {
            return;
        };
        if mem::replace(&mut listener.resting, true) {
            return;
        }
        if let Some(source) = listener.acceptor.source() {
            let _ = self.registry.deregister(source);
        }
        self.stats.rests += 1;
        self.deadlines.arm(at, id);
    }

    /// Puts a rested listener back: those who wait are accepted in the next turn, those who come make an event.
    pub(super) fn wake_listener(&mut self, id: ConnId, now: Tick) {
        let Some(listener) = self.table.listener_mut(id) else {
            return;
        };
        listener.resting = false;
        // If it was lost, another source took its descriptor; by now there may be one again.
        self.spare.restore();
        let registered = listener.acceptor.source().is_none_or(|source| {
            let registry = &self.registry;
            registry
                .register(source, id.token(), Interest::READABLE)
                .is_ok()
        });
        if registered {
            self.list_listener(id);
        } else {
            // Even the poll is short of memory: try again later.
            listener.resting = true;
            self.deadlines.arm(now.after(REST), id);
        }
    }
}

/// Listeners that have callers waiting, in order.
pub(super) type Accepting = VecDeque<ConnId>;
