//! The certificate of the server's own making on a disk that is full, after a crash, and when someone has damaged it.

mod common;

use common::{Setup, TempFile, wait_for};
use std::{
    fs,
    io::Read as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

const FILE: &str = "tls-self-signed.pem";

/// A data directory that is gone with its test.
struct Data(PathBuf);

impl Data {
    fn new(name: &str) -> Self {
        let name = format!("madang-self-signed-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn setup(&self) -> Setup {
        let data = self.0.to_str().expect("UTF-8");
        Setup::new()
            .flag("--tls-self-signed")
            .flag("--data")
            .flag(data)
    }

    fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.into_string().expect("UTF-8"))
            .collect();
        // The store's own are another test's.
        names.retain(|name| name.starts_with("tls-"));
        names.sort();
        names
    }

    /// Starts a server that may write no byte to any file, and waits until it ends; its exit code and its log. The write
    /// fails as on a full disk. (The signal that comes with it would end most programs; ours takes it.)
    fn start_without_room(&self) -> (Option<i32>, String) {
        let script = "ulimit -c 0; ulimit -f 0; exec \"$0\" \"$@\"";
        let child = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_madang"), "serve"])
            .args([
                "--listen",
                "any://127.0.0.1:0",
                "--tls-self-signed",
                "--data",
            ])
            .arg(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut run = Run(child);
        let ended = wait_for("its end", || run.0.try_wait().expect("a child"));
        let mut log = String::new();
        let mut stderr = run.0.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut log).expect("UTF-8");
        (ended.code(), log)
    }
}

/// A process that is gone with its test.
struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_full_disk_leaves_nothing_half_written_and_the_next_start_succeeds() {
    let data = Data::new("full");
    let (code, log) = data.start_without_room();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains(FILE), "{log}");
    assert_eq!(data.names(), [""; 0], "{log}");
    let server = data.setup().start();
    server.log.expect("kept for the next start");
    assert_eq!(data.names(), [FILE]);
    server.stop();
}

#[test]
fn a_full_disk_does_not_harm_the_certificate_that_is_there() {
    let data = Data::new("keeps");
    data.setup().start().stop();
    let before = fs::read(data.0.join(FILE)).expect("it was kept");
    // It needs no room, for nothing is new.
    let fingerprint = |log: &str| {
        let at = log.find("sha256=").expect("it is told");
        log[at..].split_whitespace().next().map(str::to_owned)
    };
    let server = data.setup().start();
    let first = fingerprint(&server.log.expect("sha256="));
    server.stop();
    assert_eq!(fs::read(data.0.join(FILE)).expect("a file"), before);
    // A damaged one is made anew, with a word about it; without room it stays as it is.
    fs::write(data.0.join(FILE), &before[..before.len() / 2]).expect("room");
    let (code, log) = data.start_without_room();
    assert_eq!(code, Some(1), "{log}");
    let left = fs::read(data.0.join(FILE)).expect("a file");
    assert_eq!(left, before[..before.len() / 2]);
    let server = data.setup().start();
    let line = server.log.expect("made anew");
    assert!(line.contains("WARN") && line.contains(FILE), "{line}");
    assert_ne!(fingerprint(&server.log.expect("sha256=")), first);
    server.stop();
    assert_eq!(data.names(), [FILE]);
}

#[test]
fn a_certificate_that_the_host_named_is_told_of_and_never_touched() {
    let empty = TempFile::new("pem", "");
    let config = format!("[tls]\ncertificate = {:?}\n", empty.path());
    let outcome = Setup::new().config(&config).run();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    let path = empty.path().to_str().expect("UTF-8");
    assert!(outcome.stderr.contains(path), "{}", outcome.stderr);
    assert_eq!(fs::read(empty.path()).expect("it is there").len(), 0);
}
