//! What the benches over real sockets share: a server as a child process, and what the kernel says about it (Linux).

#![allow(
    dead_code,
    reason = "each bench is a program of its own and uses a part"
)]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A server process under measurement. It ends with the bench.
pub(crate) struct Contestant {
    /// Where it listens.
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
    fs::write(&config, format!("[limits]\n{limits}")).unwrap();
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

/// The CPU time of a process of one thread so far, user and system, in nanoseconds: what the scheduler accounts by, where
/// `/proc/PID/stat` has only ticks of 10 ms.
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

/// The middle one.
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
