//! What an idle client over TLS costs compared to a plain one: 5,000 registered IRC clients that send nothing, first
//! over `irc`, then over `ircs`; growth of the server's resident memory for each, and wake-ups per second.
//!
//! The clients are sockets of this process, the server is a child of it. They are in rooms of fifty.
//! benches/README.md explains the numbers. Run with `cargo bench --bench tls_idle`. `MADANG_BENCH_CLIENTS` sets
//! another number of clients, `MADANG_BENCH_TLS12` makes them speak TLS 1.2.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod support;

use madang::net::tls::AcceptAnyCertificate;
use rustls::{
    ClientConfig, ClientConnection, StreamOwned,
    crypto::ring,
    pki_types::ServerName,
    version::{TLS12, TLS13},
};
use socket2::{Domain, Socket, Type};
use std::{
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use support::{raise_limit, start_madang_with, status};

/// After this time, nothing is left to be done for the clients' arrival.
const SETTLE: Duration = Duration::from_secs(5);

/// How long wake-ups are counted. Pings come two minutes after the last line.
const WATCH: Duration = Duration::from_secs(20);

const IN_A_ROOM: usize = 50;

fn main() {
    if env::args().any(|arg| arg == "--test") {
        return;
    }
    let clients = env::var("MADANG_BENCH_CLIENTS").map_or(5_000, |n| n.parse().unwrap());
    raise_limit();
    let plain = measure("irc", clients, come_in_plain);
    let config = Arc::new(config());
    let secure = measure("ircs", clients, |server, n| {
        come_in_secure(server, n, config.clone())
    });
    println!("TLS: {} bytes per client above plain", secure - plain);
}

/// Resident bytes for each of so many clients.
fn measure<C>(scheme: &str, clients: usize, come_in: impl Fn(SocketAddr, usize) -> C) -> i64 {
    let server = start_madang_with(scheme, "", &["--tls-self-signed"]);
    let pid = server.pid();
    // One client connects first and stays, so that allocations that happen once are made before the count.
    let _first = come_in(server.address, 0);
    let before = status(pid, "VmRSS:");
    let start = Instant::now();
    let crowd: Vec<C> = (1..=clients).map(|n| come_in(server.address, n)).collect();
    let took = start.elapsed().as_secs_f64();
    thread::sleep(SETTLE);
    let grown = (status(pid, "VmRSS:") - before) * 1024;
    let each = grown as usize / crowd.len();
    let woken = status(pid, "voluntary_ctxt_switches:");
    thread::sleep(WATCH);
    let woken = status(pid, "voluntary_ctxt_switches:") - woken;
    println!(
        "{scheme}: {clients} clients came in within {took:.1} s; {} KiB more, {each} bytes per client; \
         wake-ups in {} s: {woken}",
        grown / 1024,
        WATCH.as_secs()
    );
    each as i64
}

/// Connects from an address of the loopback network.
fn connect(server: SocketAddr, n: usize) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let from = SocketAddr::from(([127, 0, 1, (n / 1000) as u8 + 1], 0));
    socket.bind(&from.into()).unwrap();
    socket.connect(&server.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

fn come_in_plain(server: SocketAddr, n: usize) -> TcpStream {
    let mut stream = connect(server, n);
    register(&mut stream, n);
    stream
}

fn come_in_secure(
    server: SocketAddr,
    n: usize,
    config: Arc<ClientConfig>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(config, name).unwrap();
    let mut stream = StreamOwned::new(tls, connect(server, n));
    register(&mut stream, n);
    stream
}

/// Registers and joins a room.
fn register(stream: &mut (impl Read + Write), n: usize) {
    let room = n / IN_A_ROOM;
    let words = format!("NICK client{n}\r\nUSER client 0 * :client\r\nJOIN #room{room}\r\n");
    stream.write_all(words.as_bytes()).unwrap();
    let (mut seen, mut part) = (String::new(), [0; 4096]);
    while !seen.contains(" 366 ") {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the server hung up after: {seen}");
        seen += &String::from_utf8_lossy(&part[..count]);
    }
}

fn config() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let version = match env::var_os("MADANG_BENCH_TLS12") {
        Some(_) => &TLS12,
        None => &TLS13,
    };
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config
}
