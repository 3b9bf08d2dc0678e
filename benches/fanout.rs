//! What a delivery costs: one sender, 1,000 receivers, real loopback sockets, the server's CPU time.
//!
//! The comparison with `madang serve` is the least that could do the same: a process that reads a line and calls
//! `send` once for each receiver. Both are child processes with the same peers, the same bytes and the same socket
//! options; the numbers are the CPU time of the whole child (user and system), as the kernel's scheduler counts it.
//! Rounds are interleaved, medians are reported. benches/README.md explains the numbers.
//! Run with `cargo bench --bench fanout`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod support;

use socket2::SockRef;
use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};
use support::{Contestant, cpu_time, median, start_madang};

const RECEIVERS: usize = 1000;

/// A typical line; what is delivered is longer by the room and the name.
const LINE: &str = "a line as people write them, neither short nor long\n";
const DELIVERED: &str = "#lobby <sender> a line as people write them, neither short nor long\r\n";

/// Interleaved rounds of each measurement; the medians of so many are stable to about a percent on a noisy machine.
const ROUNDS: usize = 15;

/// Lines in one round: some 200,000 deliveries, a few tenths of a second.
const LINES: usize = 192;

/// First argument of the process that is compared with.
const BARE: &str = "--bare-loop";

fn main() {
    if env::args().nth(1).as_deref() == Some(BARE) {
        return bare_loop();
    }
    // `cargo test --benches` and `cargo bench --no-run` only check that it builds.
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    let mut madang = Peers::of_madang();
    let mut bare = Peers::of_bare_loop();
    println!(
        "{RECEIVERS} receivers, {LINES} lines a round, {ROUNDS} rounds each, CPU time of the whole server process"
    );
    for in_flight in [1, 16] {
        let mut costs = [Vec::new(), Vec::new()];
        for peers in [&mut madang, &mut bare] {
            peers.round(in_flight);
        }
        for _ in 0..ROUNDS {
            for (costs, peers) in costs.iter_mut().zip([&mut madang, &mut bare]) {
                costs.push(peers.round(in_flight));
            }
        }
        let ratios = costs[0]
            .iter()
            .zip(&costs[1])
            .map(|(ours, bare)| ours / bare);
        let ratio = median(ratios.collect());
        let [ours, bare] = costs.map(median);
        println!(
            "{in_flight:>2} in flight: madang    {:>9.0} deliveries per second of CPU ({ours:.0} ns each)",
            1e9 / ours
        );
        println!(
            "              bare loop {:>9.0} deliveries per second of CPU ({bare:.0} ns each)",
            1e9 / bare
        );
        println!(
            "              a delivery costs {ratio:.3} x the bare loop's (median of the rounds' ratios)"
        );
    }
}

/// One of the two servers and its clients.
struct Peers {
    server: Contestant,
    sender: TcpStream,
    receivers: Vec<TcpStream>,
    buffer: Vec<u8>,
}

impl Peers {
    fn of_madang() -> Self {
        let server = start_madang("any", "messages_per_second = 0\n");
        let mut sender = call(server.address);
        enter(&mut sender, "sender");
        let receivers = (0..RECEIVERS).map(|n| {
            let mut receiver = call(server.address);
            enter(&mut receiver, &format!("r{n}"));
            receiver
        });
        let receivers: Vec<_> = receivers.collect();
        // Every client has received messages about others joining; a first line ends that.
        (&sender).write_all(LINE.as_bytes()).unwrap();
        for receiver in &receivers {
            read_past(receiver, DELIVERED);
        }
        let buffer = Vec::new();
        Self {
            server,
            sender,
            receivers,
            buffer,
        }
    }

    fn of_bare_loop() -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(BARE)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let server = Contestant::new(child_address(&mut child), child);
        let sender = call(server.address);
        let receivers = (0..RECEIVERS).map(|_| call(server.address)).collect();
        let buffer = Vec::new();
        Self {
            server,
            sender,
            receivers,
            buffer,
        }
    }

    /// Sends the lines of a round, so many at a time; each batch leaves when all clients have the one before. Returns
    /// nanoseconds of CPU per delivery.
    fn round(&mut self, in_flight: usize) -> f64 {
        let batch = LINE.repeat(in_flight);
        let expected = DELIVERED.repeat(in_flight);
        self.buffer.resize(expected.len(), 0);
        let before = cpu_time(self.server.pid());
        for _ in 0..LINES / in_flight {
            self.sender.write_all(batch.as_bytes()).unwrap();
            // The last receiver first: while it waits, a thousand wake-ups of ours do not disturb the server.
            for receiver in self.receivers.iter_mut().rev() {
                receiver.read_exact(&mut self.buffer).unwrap();
                assert!(self.buffer == expected.as_bytes(), "a line came out wrong");
            }
        }
        let spent = cpu_time(self.server.pid()) - before;
        spent.as_nanos() as f64 / (LINES * RECEIVERS) as f64
    }
}

fn call(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

fn enter(stream: &mut TcpStream, name: &str) {
    writeln!(stream, "{name}").unwrap();
    read_past(stream, &format!("* {name} joined #lobby\r\n"));
}

/// Reads until this text has come; bytes after it in the same read are consumed too.
fn read_past(mut stream: &TcpStream, words: &str) {
    let (mut seen, mut part) = (String::new(), [0; 64 * 1024]);
    while !seen.contains(words) {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the server hung up");
        seen += &String::from_utf8_lossy(&part[..count]);
    }
}

fn child_address(child: &mut Child) -> SocketAddr {
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    line.trim()
        .strip_prefix("listening ")
        .unwrap()
        .parse()
        .unwrap()
}

/// The least that could do it: no poll, no table, no queue, no names. Reads what is available, makes one buffer of
/// all whole lines in it, and sends that to each receiver in one call.
fn bare_loop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("listening {}", listener.local_addr().unwrap());
    let accept = || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        SockRef::from(&stream).set_keepalive(true).unwrap();
        stream
    };
    let mut sender = accept();
    let mut receivers: Vec<TcpStream> = (0..RECEIVERS).map(|_| accept()).collect();
    for receiver in &receivers {
        receiver.set_nonblocking(true).unwrap();
    }
    let (mut input, mut output) = ([0; 16 * 1024], Vec::new());
    loop {
        let count = sender.read(&mut input).unwrap();
        if count == 0 {
            break;
        }
        output.clear();
        for line in input[..count]
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            output.extend_from_slice(b"#lobby <sender> ");
            output.extend_from_slice(line);
            output.extend_from_slice(b"\r\n");
        }
        for receiver in &mut receivers {
            let sent = receiver.write(&output).unwrap();
            assert_eq!(
                sent,
                output.len(),
                "the receivers read all before the next line"
            );
        }
    }
    for receiver in receivers {
        let _ = receiver.shutdown(Shutdown::Both);
    }
}
