//! The log is a peer too: whatever the host's side of standard error and standard output does, the server serves on, says
//! afterwards what is missing, and ends when it is told to.

mod common;

use common::{Client, PATIENCE, Server, Setup, fetch, wait_for};
use rustix::{
    fs::OFlags,
    pipe::{fcntl_setpipe_size, pipe},
    process::Signal,
};
use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// The smallest pipe there is, so that few lines fill it.
const PIPE_BYTES: usize = 4096;

/// A pipe that is full from the start; its reader, and the end for the server.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = pipe().unwrap();
    fcntl_setpipe_size(&writer, PIPE_BYTES).unwrap();
    assert_eq!(
        rustix::io::write(&writer, &[b'-'; PIPE_BYTES]),
        Ok(PIPE_BYTES)
    );
    (reader, writer)
}

/// A server with a metrics listener and all its log, on this standard error.
fn with_stderr(stderr: impl Into<Stdio>) -> Setup {
    loud().stderr(stderr)
}

fn loud() -> Setup {
    Setup::new()
        .listen("any://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .flag("--log")
        .flag("debug")
}

/// What a metric says.
#[track_caller]
fn metric(server: &Server, name: &str) -> u64 {
    let page = fetch(server.address_of(1), "/metrics").body;
    let value = page
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("{name} is not in {page}"))
}

/// Sees that someone who comes in is answered.
#[track_caller]
fn expect_served(address: SocketAddr) {
    let mut client = Client::connect(address);
    client.send_bytes(b"NICK ann\r\nUSER a 0 * :a\r\nPING here\r\nQUIT\r\n");
    client.find("PONG madang.local");
    client.rest();
}

/// Calls, says this, and waits until the server ends it.
fn call(address: SocketAddr, words: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(words);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// A TLS hello, where no TLS is spoken.
const HELLO: &[u8] = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03";

/// Callers of three kinds, each of whom causes a line or two.
fn rush(address: SocketAddr, callers: usize) {
    for _ in 0..callers / 3 {
        call(address, HELLO);
        call(address, b"hello\r\n");
        call(address, b"GET / HTTP/9.9\r\n\r\n");
    }
}

/// Calls until lines of the log had to be dropped.
#[track_caller]
fn rush_until_lines_are_dropped(server: &Server) -> u64 {
    let start = Instant::now();
    loop {
        rush(server.address(), 300);
        let dropped = metric(server, "madang_log_dropped_total");
        if dropped > 0 {
            return dropped;
        }
        assert!(start.elapsed() < PATIENCE, "everything found room");
    }
}

/// Reads aside what comes, to its end.
fn read_aside(reader: OwnedFd) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        File::from(reader).read_to_string(&mut text).unwrap();
        text
    })
}

/// Reads aside until the server ends, and sees that every missing line is told at its place.
#[track_caller]
fn expect_gap_told(mut server: Server, reader: OwnedFd) {
    let log = read_aside(reader);
    wait_for("a gap that is over", || {
        // A line from time to time, as on any server.
        call(server.address(), HELLO);
        let before = metric(&server, "madang_log_dropped_total");
        call(server.address(), b"hello\r\n");
        (metric(&server, "madang_log_dropped_total") == before).then_some(())
    });
    let dropped = metric(&server, "madang_log_dropped_total");
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
    drop(server);
    let log = log.join().unwrap();
    let told = log
        .lines()
        .filter(|line| line.contains("lines of the log are missing here"));
    let told = told.map(|line| {
        let (_, lines) = line.split_once("lines=").expect(line);
        lines.trim().parse::<u64>().expect(line)
    });
    assert_eq!(told.sum::<u64>(), dropped, "{log}");
    assert!(
        log.contains("stopped"),
        "what comes after the gap is there: {log}"
    );
    for line in log.trim_start_matches('-').lines() {
        let (time, _) = line.split_once(' ').expect(line);
        assert!(
            time.ends_with('Z') && time.len() == 27,
            "a broken line: {line:?}"
        );
    }
}

#[test]
fn a_pipe_that_is_full_at_the_start_costs_lines_and_nothing_else() {
    let (reader, writer) = full_pipe();
    let server = with_stderr(writer).start();
    expect_served(server.address());
    let dropped = rush_until_lines_are_dropped(&server);
    assert!(dropped > 0);
    expect_served(server.address());
    expect_gap_told(server, reader);
}

#[test]
fn a_pipe_that_fills_up_costs_lines_and_nothing_else() {
    let (reader, writer) = pipe().unwrap();
    fcntl_setpipe_size(&writer, PIPE_BYTES).unwrap();
    let server = with_stderr(writer).start();
    rush_until_lines_are_dropped(&server);
    expect_served(server.address());
    expect_gap_told(server, reader);
}

#[test]
fn a_journal_that_takes_nothing_costs_lines_and_nothing_else() {
    let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    let writer = OwnedFd::from(writer);
    rustix::net::sockopt::set_socket_send_buffer_size(&writer, 4608).unwrap();
    let server = with_stderr(writer).start();
    rush_until_lines_are_dropped(&server);
    expect_served(server.address());
    expect_gap_told(server, reader.into());
}

#[test]
fn a_full_pipe_makes_no_wake_ups() {
    let (_reader, writer) = full_pipe();
    let server = with_stderr(writer).start();
    rush(server.address(), 30);
    let mut last = server.process().usage().sleeps;
    wait_for("a server at rest", || {
        thread::sleep(Duration::from_millis(300));
        let now = server.process().usage().sleeps;
        (std::mem::replace(&mut last, now) == now).then_some(())
    });
    let start = Instant::now();
    thread::sleep(Duration::from_secs(2));
    let woken = server.process().usage().sleeps - last;
    assert!(woken <= 1, "woken {woken} times in {:?}", start.elapsed());
}

#[test]
fn a_reader_that_has_gone_costs_lines_and_nothing_else() {
    // At the start, and while it runs.
    for goes_first in [true, false] {
        let (reader, writer) = pipe().unwrap();
        let reader = (!goes_first).then_some(reader);
        let mut server = with_stderr(writer).start();
        expect_served(server.address());
        drop(reader);
        rush(server.address(), 300);
        expect_served(server.address());
        rush_until_lines_are_dropped(&server);
        server.signal(Signal::TERM);
        assert_eq!(server.wait(), Some(0));
    }
}

#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut server = with_stderr(full).start();
    rush_until_lines_are_dropped(&server);
    expect_served(server.address());
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_file_that_may_not_grow_costs_lines_and_nothing_else() {
    let file = common::TempFile::new("log", "");
    let log = File::options().append(true).open(file.path()).unwrap();
    // In blocks of 512 or 1024 bytes, as the shell likes.
    let mut server = with_stderr(log).before("ulimit -f 8").start();
    rush(server.address(), 300);
    expect_served(server.address());
    let written = file.path().metadata().unwrap().len();
    assert!((4096..=8192).contains(&written), "{written} bytes");
    rush_until_lines_are_dropped(&server);
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_closed_stderr_becomes_no_socket_of_ours() {
    let mut server = loud().before("exec 2>&-").stderr(Stdio::null()).start();
    rush(server.address(), 300);
    let stderr = format!("/proc/{}/fd/2", server.process().0);
    assert_eq!(
        std::fs::read_link(stderr).unwrap().to_str(),
        Some("/dev/null")
    );
    expect_served(server.address());
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
}

/// A server whose listener is handed to it, for it cannot be asked where it listens.
fn with_stdout(stdout: impl Into<Stdio>, before: &str) -> (Server, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let setup = Setup::new().passing(listener.into(), "any").before(before);
    (setup.stdout(stdout).start_mute(), address)
}

#[test]
fn a_stdout_that_takes_nothing_keeps_nobody_out() {
    let (reader, writer) = full_pipe();
    let (mut server, address) = with_stdout(writer, ":");
    expect_served(address);
    // What it had to say comes as soon as somebody reads.
    let stdout = read_aside(reader);
    expect_served(address);
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
    drop(server);
    let stdout = stdout.join().unwrap();
    let told = stdout.trim_start_matches('-');
    assert!(
        told.starts_with(&format!("listening any://{address}\n")),
        "{told:?}"
    );
}

#[test]
fn a_stdout_that_fails_keeps_nobody_out() {
    let (gone, writer) = pipe().unwrap();
    drop(gone);
    let full = File::options().write(true).open("/dev/full").unwrap();
    for (stdout, before) in [
        (Stdio::from(writer), ":"),
        (Stdio::from(full), ":"),
        (Stdio::null(), "exec >&-"),
    ] {
        let (mut server, address) = with_stdout(stdout, before);
        expect_served(address);
        server.signal(Signal::TERM);
        assert_eq!(server.wait(), Some(0));
    }
}

#[test]
fn a_stop_is_not_held_up_by_a_full_pipe() {
    let (_reader, writer) = full_pipe();
    let mut server = with_stderr(writer).start();
    rush(server.address(), 30);
    let start = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
    // Far more than is promised, for slow machines; without a bound it would never end.
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    // Nor is a start that fails: the address is taken.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_reader, writer) = full_pipe();
    let url = format!("any://{}", taken.local_addr().unwrap());
    let mut child = Setup::new().listen(&url).stderr(writer).start_mute();
    assert_eq!(child.wait(), Some(1));
}

#[test]
fn lines_that_strangers_cause_are_few_of_each_kind_and_the_rest_is_told() {
    let server = Setup::new().start();
    (0..550).for_each(|_| call(server.address(), HELLO));
    let last = server
        .log
        .expect("left out, more of: closed reason=tls_on_plain");
    let text = server.log.text();
    let lines = text
        .lines()
        .filter(|line| line.contains(" closed peer="))
        .count();
    assert!((50..300).contains(&lines), "{lines} lines: {text}");
    let (_, left_out) = last.split_once("lines=").unwrap();
    let left_out: usize = left_out.split(' ').next().unwrap().parse().unwrap();
    assert!(last.contains("INFO"), "{last}");
    // The rest, of those that came after the first word of it.
    let told = || {
        let text = server.log.text();
        let told = text
            .lines()
            .filter_map(|line| line.split_once("more of: closed reason=tls_on_plain"));
        let told = told.filter_map(|(_, rest)| {
            rest.split_once("lines=")?
                .1
                .split(' ')
                .next()?
                .parse::<usize>()
                .ok()
        });
        let lines = text
            .lines()
            .filter(|line| line.contains(" closed peer="))
            .count();
        (told.sum::<usize>() + lines == 550).then_some(())
    };
    assert!(left_out > 0);
    wait_for("a word about each line that was left out", told);
    // Another kind has its own budget.
    call(server.address(), b"NICK a\r\nGET / HTTP/1.1\r\n\r\n");
    server.stop();
}

#[test]
fn other_programs_see_no_change_in_what_they_share_with_us() {
    let (reader, writer) = pipe().unwrap();
    let ours = writer.try_clone().unwrap();
    let server = with_stderr(writer).start();
    let flags = rustix::fs::fcntl_getfl(&ours).unwrap();
    assert!(!flags.contains(OFlags::NONBLOCK), "{flags:?}");
    drop((server, reader));
}

#[test]
fn the_line_ready_names_the_version_and_the_listeners() {
    let server = Setup::new()
        .listen("irc://127.0.0.1:0")
        .listen("telnet://127.0.0.1:0")
        .start();
    let log = &server.log;
    wait_for("the line", || log.text().contains(" ready ").then_some(()));
    let text = log.text();
    let line = text.lines().find(|line| line.contains(" ready ")).unwrap();
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(line.contains(&version), "{line}");
    for url in server.urls() {
        assert!(line.contains(url), "{line}");
    }
}
