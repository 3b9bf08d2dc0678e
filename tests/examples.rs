//! The examples from outside: each is started, talked to over real sockets, and ended. They are built by `cargo
//! test`; to run this file alone, `cargo build --examples` comes first.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// No answer here takes a second; only one that never comes takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running example; it ends with its test.
struct Example {
    child: Child,
    address: SocketAddr,
}

impl Example {
    fn start(name: &str) -> Self {
        let mut child = Command::new(built(name))
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}; build it: cargo build --examples"));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was piped");
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening ").unwrap();
        let address = address.parse().unwrap();
        Self { child, address }
    }

    fn call(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where cargo puts examples: beside the binary.
fn built(name: &str) -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_madang"));
    let folder = binary.parent().expect("it lies in a folder");
    folder.join("examples").join(name)
}

#[track_caller]
fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(got, bytes);
}

#[test]
fn echo_gives_everything_back_and_then_its_end() {
    let example = Example::start("echo");
    let mut caller = example.call();
    caller.write_all(b"one").unwrap();
    expect(&mut caller, b"one");
    let stream: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    let mut writing = caller.try_clone().unwrap();
    let (sent, mut got) = (stream.clone(), Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            writing.write_all(&sent).unwrap();
            writing.shutdown(Shutdown::Write).unwrap();
        });
        caller.read_to_end(&mut got).unwrap();
    });
    assert!(got == stream, "{} of {} bytes", got.len(), stream.len());
}

#[test]
fn relay_tells_all_others_and_not_the_speaker() {
    let example = Example::start("relay");
    // All three stand in line before the first speaks, and a turn accepts before it reads.
    let [mut ann, mut bob, mut cho] = [example.call(), example.call(), example.call()];
    ann.write_all(b"one").unwrap();
    expect(&mut bob, b"one");
    expect(&mut cho, b"one");
    bob.write_all(b"two").unwrap();
    // Not "one": that was her own.
    expect(&mut ann, b"two");
    expect(&mut cho, b"two");
    cho.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    cho.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    ann.write_all(b"three").unwrap();
    expect(&mut bob, b"three");
}

#[test]
fn examples_stay_short() {
    for name in ["echo", "relay"] {
        let path = format!("{}/examples/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(path).unwrap().lines().count();
        assert!(lines < 100, "{name} has {lines} lines");
    }
}
