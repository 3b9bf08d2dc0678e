//! What a session costs: connect, register, be welcomed, quit; fifty at a time over loopback, the server's CPU time.
//!
//! The comparison with `madang serve` is a server without a chat: a readiness loop that accepts, reads, answers with
//! the very bytes that madang welcomes clients with, and closes. Both are child processes with the same clients and
//! socket options; the numbers are the CPU time of the whole child, user and system. Rounds are interleaved, medians
//! are reported. benches/README.md explains the numbers. Run with `cargo bench --bench churn`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod support;

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use slab::Slab;
use socket2::SockRef;
use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr},
    process::{Command, Stdio},
    time::Duration,
};
use support::{Contestant, cpu_time, median, start_madang};

/// Sessions at a time.
const AT_ONCE: usize = 50;

/// Sessions in one round, a few tenths of a second.
const SESSIONS: usize = 2000;

/// Interleaved rounds of each measurement.
const ROUNDS: usize = 15;

/// First argument of the process that is compared with.
const BARE: &str = "--bare-loop";

/// The last line of a welcome without a message of the day.
const WELCOMED: &[u8] = b" 422 ";

const FAREWELL: &[u8] = b"ERROR :Closing Link: Quit\r\n";

fn main() {
    if env::args().nth(1).as_deref() == Some(BARE) {
        return bare_loop();
    }
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    let madang = start_madang("irc", "messages_per_second = 0\n");
    let welcome = welcome_of(madang.address);
    let bare = start_bare_loop(&welcome);
    println!(
        "{SESSIONS} sessions a round, {AT_ONCE} at a time, a welcome of {} bytes, {ROUNDS} rounds each",
        welcome.len()
    );
    let mut costs = [Vec::new(), Vec::new()];
    for server in [&madang, &bare] {
        round(server);
    }
    for _ in 0..ROUNDS {
        for (costs, server) in costs.iter_mut().zip([&madang, &bare]) {
            costs.push(round(server));
        }
    }
    let ratios = costs[0]
        .iter()
        .zip(&costs[1])
        .map(|(ours, bare)| ours / bare);
    let ratio = median(ratios.collect());
    let [ours, bare] = costs.map(median);
    println!("madang    {ours:>6.1} us of CPU a session");
    println!("bare loop {bare:>6.1} us of CPU a session");
    println!("a session costs {ratio:.3} x the bare loop's (median of the rounds' ratios)");
}

/// Makes the sessions of a round; returns the microseconds of the server's CPU for each.
fn round(server: &Contestant) -> f64 {
    let before = cpu_time(server.pid());
    for _ in 0..SESSIONS / AT_ONCE {
        let mut clients: Vec<_> = (0..AT_ONCE).map(|_| call(server.address)).collect();
        for (n, client) in clients.iter_mut().enumerate() {
            client.write_all(registration(n).as_bytes()).unwrap();
        }
        for client in &mut clients {
            read_welcome(client);
            client.write_all(b"QUIT\r\n").unwrap();
        }
        for mut client in clients {
            client.read_to_end(&mut Vec::new()).unwrap();
        }
    }
    let spent = cpu_time(server.pid()) - before;
    spent.as_nanos() as f64 / 1000.0 / SESSIONS as f64
}

fn registration(n: usize) -> String {
    format!("NICK client{n:02}\r\nUSER client{n:02} 0 * :a client\r\n")
}

fn call(address: SocketAddr) -> std::net::TcpStream {
    let stream = std::net::TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    stream
}

fn read_welcome(stream: &mut std::net::TcpStream) -> Vec<u8> {
    let (mut seen, mut part) = (Vec::new(), [0; 8192]);
    loop {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "hung up after: {}", seen.escape_ascii());
        seen.extend_from_slice(&part[..count]);
        let is_whole = seen.ends_with(b"\r\n");
        if is_whole && seen.windows(WELCOMED.len()).any(|part| part == WELCOMED) {
            return seen;
        }
    }
}

/// The bytes that madang welcomes a client with.
fn welcome_of(address: SocketAddr) -> Vec<u8> {
    let mut client = call(address);
    client.write_all(registration(0).as_bytes()).unwrap();
    read_welcome(&mut client)
}

fn start_bare_loop(welcome: &[u8]) -> Contestant {
    let mut child = Command::new(env::current_exe().unwrap())
        .arg(BARE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(welcome).unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening ").unwrap();
    Contestant::new(address.parse().unwrap(), child)
}

/// A bare readiness loop. It reads the welcome from standard input, then serves until it is killed.
fn bare_loop() {
    const LISTENER: Token = Token(usize::MAX);
    let mut welcome = Vec::new();
    io::stdin().read_to_end(&mut welcome).unwrap();
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    SockRef::from(&listener).set_tcp_nodelay(true).unwrap();
    SockRef::from(&listener).set_keepalive(true).unwrap();
    println!("listening {}", listener.local_addr().unwrap());
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1024);
    let mut clients: Slab<TcpStream> = Slab::new();
    let mut input = [0; 16 * 1024];
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)
        .unwrap();
    loop {
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    let entry = clients.vacant_entry();
                    let token = Token(entry.key());
                    let stream = entry.insert(stream);
                    poll.registry()
                        .register(stream, token, Interest::READABLE)
                        .unwrap();
                }
                continue;
            }
            let key = event.token().0;
            let Some(client) = clients.get_mut(key) else {
                continue;
            };
            let mut over = false;
            loop {
                match client.read(&mut input) {
                    Ok(0) => {
                        over = true;
                        break;
                    }
                    Ok(count) if input[..count].starts_with(b"QUIT") => {
                        client.write_all(FAREWELL).unwrap();
                        client.shutdown(Shutdown::Write).unwrap();
                    }
                    Ok(_) => client.write_all(&welcome).unwrap(),
                    Err(_) => break,
                }
            }
            if over {
                let mut client = clients.remove(key);
                poll.registry().deregister(&mut client).unwrap();
            }
        }
    }
}
