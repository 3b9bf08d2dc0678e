//! What the benches over real sockets share: a server as a child process, and what the kernel says about it (Linux).

#![allow(
    dead_code,
    reason = "each bench is a program of its own and uses a part"
)]

use socket2::{Domain, Socket, Type};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A server process under measurement. It ends with the bench.
pub(crate) struct Contestant {
    /// The address of its listener.
    pub(crate) address: SocketAddr,
    child: Child,
    config: Option<PathBuf>,
}

impl Contestant {
    pub(crate) fn new(address: SocketAddr, child: Child) -> Self {
        Self {
            address,
            child,
            config: None,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(path) = &self.config {
            let _ = fs::remove_file(path);
        }
    }
}

/// Starts `madang serve` on a free port, with these lines in `[limits]`.
pub(crate) fn start_madang(scheme: &str, limits: &str) -> Contestant {
    start_madang_with(scheme, limits, &[])
}

/// The same with more flags.
pub(crate) fn start_madang_with(scheme: &str, limits: &str, flags: &[&str]) -> Contestant {
    let config = std::env::temp_dir().join(format!("madang-bench-{}.toml", std::process::id()));
    fs::write(
        &config,
        format!("[server]\njoin = []\nmotd = \"\"\n[limits]\n{limits}"),
    )
    .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_madang"))
        .args(["serve", "--log", "warn", "--listen"])
        .arg(format!("{scheme}://127.0.0.1:0"))
        .arg("--config")
        .arg(&config)
        .args(flags)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = line.trim().split("://").last().unwrap().parse().unwrap();
    Contestant {
        address,
        child,
        config: Some(config),
    }
}

/// The CPU time of a process of one thread so far, user and system, in nanoseconds: the scheduler's own count,
/// because `/proc/PID/stat` has only ticks of 10 ms.
pub(crate) fn cpu_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    let nanos = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanos)
}

/// A number from `/proc/PID/status`.
pub(crate) fn status(pid: u32, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// The median.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// As many descriptors as the system allows.
pub(crate) fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}

/// Clients in each of the rooms that [`come_in`] leads to.
pub(crate) const IN_A_ROOM: usize = 50;

/// Connects from an address of the loopback network, registers, and goes from the lobby to a smaller room. A small
/// buffer of the kernel leaves what waits for this client to the server to hold.
pub(crate) fn come_in(server: SocketAddr, n: usize, receive_buffer: Option<usize>) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    let from = SocketAddr::from(([127, 0, 1, (n / 1000) as u8 + 1], 0));
    socket.bind(&from.into()).unwrap();
    socket.connect(&server.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let room = n / IN_A_ROOM;
    stream
        .write_all(format!("client{n}\n/leave\n/join room{room}\n").as_bytes())
        .unwrap();
    let entered = format!("* client{n} joined #room{room}\r\n");
    let (mut seen, mut part) = (String::new(), [0; 4096]);
    while !seen.contains(&entered) {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the server hung up after: {seen}");
        seen += &String::from_utf8_lossy(&part[..count]);
    }
    stream
}
