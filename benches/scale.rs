//! What a client costs at a scale beyond descriptors: the whole server over up to a million connections in memory, no sockets.
//!
//! IRC clients register and join rooms of fifty; then all are idle but one, which talks in its room. Measured at each
//! scale: growth of this process's resident memory for each client (their transport owns no heap memory, so all of it
//! is the server's), and how long a turn with that one talker takes. If the first is constant, memory is linear; if
//! the second is, no part of a turn iterates over idle clients. benches/README.md explains the numbers.
//!
//! Each scale is measured in a process of its own, so that memory of one is not used again by the next. Run with
//! `cargo bench --bench scale`; `MADANG_BENCH_CLIENTS=1000000` measures that scale alone.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod support;

use madang::{
    config::{Config, Motd, Scheme},
    net::{Acceptor, ConnId, Readiness, Stream, Transport},
    server::Server,
};
use mio::event::Source;
use std::{
    cell::{Cell, RefCell},
    env,
    io::{self, IoSlice},
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

const SCALES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Members of a room: as many receive a line.
const IN_A_ROOM: usize = 50;

/// Lines of the talker that are timed.
const LINES: u32 = 20_000;

const READABLE: Readiness = Readiness {
    readable: true,
    writable: false,
};

thread_local! {
    /// The bytes for the next read. Only one connection is readable at a time.
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Connections that wait to be accepted.
    static WAITING: Cell<usize> = const { Cell::new(0) };
    /// Bytes that the server has written.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// A connection in memory: it takes all that is written, and has no state of its own.
struct Memory;

impl Transport for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        INPUT.with_borrow_mut(|input| {
            if input.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = input.len().min(buffer.len());
            buffer[..count].copy_from_slice(&input[..count]);
            input.drain(..count);
            Ok(count)
        })
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let count = slices.iter().map(|slice| slice.len()).sum();
        TAKEN.set(TAKEN.get() + count);
        Ok(count)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        None
    }
}

/// The address of a connection's peer.
struct Gate;

impl Acceptor for Gate {
    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let waiting = WAITING.get();
        if waiting == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        WAITING.set(waiting - 1);
        let peer = SocketAddr::from(([127, 0, 0, 1], 6667));
        Ok((Stream::Other(Box::new(Memory)), peer))
    }

    fn source(&mut self) -> Option<&mut dyn Source> {
        None
    }
}

fn main() {
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    if let Ok(clients) = env::var("MADANG_BENCH_CLIENTS") {
        return measure(clients.parse().expect("MADANG_BENCH_CLIENTS is a number"));
    }
    println!("  clients   bytes each   came in within   a line to {IN_A_ROOM}");
    for scale in SCALES {
        let this = env::current_exe().expect("this program has a path");
        let mut child = Command::new(this);
        child.env("MADANG_BENCH_CLIENTS", scale.to_string());
        assert!(child.status().expect("it starts again").success());
    }
}

fn measure(clients: usize) {
    let mut config = Config::default();
    config.server.join.clear();
    config.server.motd = Some(Motd::none());
    config.limits.messages_per_second = 0;
    config.limits.registration = Duration::from_secs(3600);
    let mut server = Server::new(config).expect("the system has a poll");
    let gate = server.listen_to(Box::new(Gate), Scheme::Irc).unwrap();
    // The first clients are not counted: allocations that happen once are made before the count.
    enter(&mut server, gate, 0, IN_A_ROOM);
    let before = resident();
    let start = Instant::now();
    enter(&mut server, gate, IN_A_ROOM, clients);
    let came_in = start.elapsed();
    let each = (resident() - before) / (clients - IN_A_ROOM);
    let talker = accepted(clients - 1);
    let line = format!(
        "PRIVMSG #room{} :hello, everyone\r\n",
        (clients - 1) / IN_A_ROOM
    );
    let taken = TAKEN.get();
    let start = Instant::now();
    for _ in 0..LINES {
        say(&mut server, talker, &line);
    }
    let turn = start.elapsed() / LINES;
    let heard = (TAKEN.get() - taken) / LINES as usize;
    assert!(heard > (IN_A_ROOM - 1) * line.len(), "nobody heard it");
    println!("{clients:>9} {each:>12} {came_in:>16.1?} {turn:>14.1?}");
}

/// Connects the clients from `first` to before `last`, each to its room.
fn enter(server: &mut Server, gate: ConnId, first: usize, last: usize) {
    for n in first..last {
        WAITING.set(1);
        server.inject(gate, READABLE);
        server.turn(Some(Duration::ZERO)).unwrap();
        let room = n / IN_A_ROOM;
        let lines = format!("NICK client{n}\r\nUSER client{n} 0 * :client\r\nJOIN #room{room}\r\n");
        say(server, accepted(n), &lines);
    }
}

/// The connection that was accepted as the `n`th, from zero. None ends, so slots and generations are assigned in
/// order; the first is the listener's.
fn accepted(n: usize) -> ConnId {
    let number = n as u32 + 1;
    ConnId {
        slot: number,
        generation: number,
    }
}

/// One turn in which one client says something.
fn say(server: &mut Server, id: ConnId, lines: &str) {
    INPUT.with_borrow_mut(|input| input.extend_from_slice(lines.as_bytes()));
    server.inject(id, READABLE);
    server.turn(Some(Duration::ZERO)).unwrap();
}

/// This process's resident memory in bytes.
fn resident() -> usize {
    support::status(std::process::id(), "VmRSS:") as usize * 1024
}
