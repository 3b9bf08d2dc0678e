//! Memory that is given back: resident memory before a burst, at its peak, and after all clients are gone.
//!
//! 10,000 named telnet clients are in rooms of fifty. Each sends private messages to the next, and none reads, so
//! that lines wait in queues, different ones for each client, until all of them hang up at once. One client was
//! connected before and stays. After a minute of quiet, the server's memory should be at most twice of what it was
//! before.
//! `MADANG_BENCH_CLIENTS` sets another number of clients.
//! Run with `cargo bench --bench burst`; it takes two minutes.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod support;

use std::{
    env,
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};
use support::{come_in, raise_limit, start_madang, status};

/// Messages that each client sends, and bytes of each: more than the kernel's buffers take.
const LINES: usize = 60;
const LINE_BYTES: usize = 1000;

/// A large limit, so that the server holds all that waits.
const KERNEL_BUFFER: Option<usize> = Some(4096);

/// After the last hang-up.
const QUIET: [u64; 4] = [1, 5, 20, 60];

fn main() {
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    let clients = env::var("MADANG_BENCH_CLIENTS").map_or(10_000, |n| n.parse().unwrap());
    raise_limit();
    let server = start_madang(
        "telnet",
        "messages_per_second = 0\nqueued_total = \"2 GiB\"\n",
    );
    let pid = server.pid();
    let _first = come_in(server.address, 0, KERNEL_BUFFER);
    let before = status(pid, "VmRSS:");
    println!("  moment                 KiB   times before");
    let tell = |moment: &str, kib: u64| {
        let times = kib as f64 / before as f64;
        println!("  {moment:<16} {kib:>9} {times:>14.2}");
    };
    tell("before", before);
    let mut crowd: Vec<TcpStream> = (1..clients)
        .map(|n| come_in(server.address, n, KERNEL_BUFFER))
        .collect();
    tell("all are in", status(pid, "VmRSS:"));
    let text = "x".repeat(LINE_BYTES);
    let mut peak = 0;
    for _ in 0..LINES {
        for (n, client) in crowd.iter_mut().enumerate() {
            let next = 1 + (n + 1) % (clients - 1);
            let line = format!("/msg client{next} {text}\n");
            client.write_all(line.as_bytes()).unwrap();
        }
        peak = peak.max(status(pid, "VmRSS:"));
    }
    // Until nothing grows any more.
    let start = Instant::now();
    let mut grown_at = start;
    while grown_at.elapsed() < Duration::from_secs(1) && start.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(50));
        let now = status(pid, "VmRSS:");
        if now > peak {
            (peak, grown_at) = (now, Instant::now());
        }
    }
    tell("at the peak", peak);
    drop(crowd);
    let start = Instant::now();
    for seconds in QUIET {
        let at = Duration::from_secs(seconds);
        thread::sleep(at.saturating_sub(start.elapsed()));
        tell(&format!("{seconds} s later"), status(pid, "VmRSS:"));
    }
}
