//! What an idle client costs: 15,000 named telnet clients that send nothing; resident memory for each, and wake-ups
//! per second.
//!
//! The clients are sockets of this process, the server is a child of it; each stays within 20,000 descriptors.
//! Clients connect from many addresses of 127.0.0.0/8, so that ports do not run out. They are in rooms of fifty: if
//! all 15,000 entered one lobby, that would be 112 million deliveries, which are not measured here. benches/README.md
//! explains the numbers. Run with `cargo bench --bench idle`; it takes about a minute, most of it waiting.
//! `MADANG_BENCH_CLIENTS` sets another number of clients.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod support;

use std::{
    env,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};
use support::{come_in, raise_limit, start_madang, status};

/// After this time, nothing is left to be done for the clients' arrival: the last registration deadline (30 s) has
/// passed.
const SETTLE: Duration = Duration::from_secs(33);

/// How long wake-ups are counted.
const WATCH: Duration = Duration::from_secs(20);

fn main() {
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    let clients = env::var("MADANG_BENCH_CLIENTS").map_or(15_000, |n| n.parse().unwrap());
    raise_limit();
    let server = start_madang("telnet", "");
    let pid = server.pid();
    // One client connects first and stays, so that allocations that happen once are made before the count.
    let _first = come_in(server.address, 0, None);
    let before = status(pid, "VmRSS:");
    let start = Instant::now();
    let crowd: Vec<TcpStream> = (1..=clients)
        .map(|n| come_in(server.address, n, None))
        .collect();
    println!(
        "{} clients came in within {:.1} s",
        crowd.len(),
        start.elapsed().as_secs_f64()
    );
    thread::sleep(SETTLE);
    let grown = (status(pid, "VmRSS:") - before) * 1024;
    println!(
        "resident memory: {before} KiB with one client, {} KiB more with all: {} bytes per client",
        grown / 1024,
        grown / clients as u64
    );
    let [woken, preempted] =
        ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"].map(|key| status(pid, key));
    thread::sleep(WATCH);
    let woken = status(pid, "voluntary_ctxt_switches:") - woken;
    let preempted = status(pid, "nonvoluntary_ctxt_switches:") - preempted;
    println!(
        "wake-ups in {} s: {woken} (and {preempted} preemptions)",
        WATCH.as_secs()
    );
    println!("threads: {}", status(pid, "Threads:"));
}
