//! The terminal client against the real server: from a pipe, from a file, from nothing; what it says when nobody
//! answers.

mod common;

use common::{Client, Server, TempFile, WELCOME, wait_for};
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};
use std::{
    fs::File,
    io::{Read, Write},
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A run of `madang connect` that does not outlive its test.
struct Connect(Child);

impl Connect {
    fn start(target: &str, stdin: impl Into<Stdio>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
        command.args(["connect", target]).stdin(stdin);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().expect("the binary starts"))
    }

    /// What it printed and how it ended: exit code, stdout, stderr.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, String, String) {
        let [stdout, stderr] = [
            read_aside(self.0.stdout.take().expect("a pipe")),
            read_aside(self.0.stderr.take().expect("a pipe")),
        ];
        let code = wait_for("its end", || self.0.try_wait().expect("a child")).code();
        let [stdout, stderr] = [stdout, stderr].map(|text| text.join().expect("UTF-8"));
        (code, stdout, stderr)
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read_aside(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("UTF-8");
        text
    })
}

/// Runs it with this input; it has to end well. What it showed.
#[track_caller]
fn show(target: &str, input: &str) -> String {
    let mut connect = Connect::start(target, Stdio::piped());
    let mut stdin = connect.0.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let (code, stdout, stderr) = connect.end();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    stdout
}

#[test]
fn what_a_pipe_holds_is_delivered_and_answered() {
    let server = Server::start();
    let mut bob = Client::enter(server.address(), "bob");
    let shown = show(&server.address().to_string(), "ann\nhello\n/rooms\n");
    assert!(shown.starts_with(&format!("{WELCOME}\n")), "{shown:?}");
    assert!(
        shown.ends_with("* in #lobby: bob ann\n* #lobby (2)\n"),
        "{shown:?}"
    );
    bob.expect("* ann joined #lobby");
    bob.expect("#lobby <ann> hello");
    bob.expect("* ann quit (connection closed)");
}

#[test]
fn names_urls_and_addresses_find_the_server() {
    let server = common::Setup::new().listen("any://localhost:0").start();
    let port = server.address().port();
    for target in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("telnet://localhost:{port}"),
        format!("any://127.0.0.1:{port}/"),
    ] {
        let shown = show(&target, "ann\n/quit\n");
        assert!(shown.ends_with("* goodbye\n"), "{target}: {shown:?}");
    }
}

#[test]
fn a_file_of_many_lines_is_delivered_whole() {
    let config = "[limits]\nmessages_per_second = 0\n";
    let server = common::Setup::new().config(config).start();
    let mut bob = Client::enter(server.address(), "bob");
    let mut text = "ann\n".to_owned();
    for number in 0..20_000 {
        text += &format!("line {number}\n");
    }
    let file = TempFile::new("txt", &text);
    let stdin = std::fs::File::open(file.path()).unwrap();
    let connect = Connect::start(&server.address().to_string(), stdin);
    bob.expect("* ann joined #lobby");
    for number in 0..20_000 {
        bob.expect(&format!("#lobby <ann> line {number}"));
    }
    bob.expect("* ann quit (connection closed)");
    let (code, _, stderr) = connect.end();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_file_that_the_server_takes_slowly_does_not_keep_the_client_busy() {
    let config = "[limits]\nmessages_per_second = 1\nburst = 1\n";
    let setup = common::Setup::new().config(config);
    let server = setup.listen("any://127.0.0.1:0?rcvbuf=4096").start();
    let text = format!("ann\n{}", format!("{}\n", "x".repeat(4000)).repeat(5000));
    let file = TempFile::new("txt", &text);
    let stdin = std::fs::File::open(file.path()).unwrap();
    let connect = Connect::start(&server.address().to_string(), stdin);
    let process = common::Process(connect.0.id());
    // It sleeps for most of any second, once the kernel's buffers are full. One that spins never does.
    let start = Instant::now();
    wait_for("a second of sleep", || {
        let (before, start) = (process.usage(), Instant::now());
        thread::sleep(Duration::from_secs(1));
        let busy = process.usage().cpu - before.cpu;
        (busy < start.elapsed() / 4).then_some(())
    });
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn without_input_the_end_of_input_comes_at_once() {
    let server = Server::start();
    let connect = Connect::start(&server.address().to_string(), Stdio::null());
    let (code, stdout, stderr) = connect.end();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, "");
}

#[test]
fn the_servers_end_is_the_clients_end_though_input_is_open() {
    let server = Server::start();
    let mut connect = Connect::start(&server.address().to_string(), Stdio::piped());
    let mut stdin = connect.0.stdin.take().expect("a pipe");
    stdin.write_all(b"ann\n/quit\n").unwrap();
    let (code, stdout, _) = connect.end();
    assert_eq!(code, Some(0));
    assert!(stdout.ends_with("* goodbye\n"), "{stdout:?}");
    drop(stdin);
}

#[test]
fn a_server_that_is_killed_is_reported() {
    let server = Server::start();
    let address = server.address();
    let mut connect = Connect::start(&address.to_string(), Stdio::piped());
    let mut stdin = connect.0.stdin.take().expect("a pipe");
    let mut bob = Client::enter(address, "bob");
    stdin.write_all(b"ann\n").unwrap();
    bob.expect("* ann joined #lobby");
    drop(server);
    let (code, _, stderr) = connect.end();
    assert_eq!(code, Some(1));
    assert!(
        stderr.starts_with("madang: ") && stderr.contains(&address.to_string()),
        "{stderr}"
    );
    drop(stdin);
}

#[test]
fn a_refused_connection_is_told_in_plain_words() {
    // Nobody listens there any more.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let connect = Connect::start(&address.to_string(), Stdio::null());
    let (code, stdout, stderr) = connect.end();
    assert_eq!(code, Some(1));
    assert_eq!(stdout, "");
    let told = format!("madang: cannot connect to {address}: {address}: connection refused\n");
    assert_eq!(stderr, told);
}

#[test]
fn a_name_that_nobody_has_is_told_in_plain_words() {
    let connect = Connect::start("no-such-host.invalid", Stdio::null());
    let (code, _, stderr) = connect.end();
    assert_eq!(code, Some(1));
    let told = "madang: cannot connect to no-such-host.invalid:7777: ";
    assert!(stderr.starts_with(told), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn a_target_that_is_none_is_wrong_usage() {
    for target in [
        "",
        ":1",
        "localhost:x",
        "localhost:0",
        "irc://localhost",
        "localhost:65536",
    ] {
        let (code, stdout, stderr) = Connect::start(target, Stdio::null()).end();
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{target:?}");
        assert!(stderr.starts_with("madang: "), "{target:?}: {stderr}");
    }
}

#[test]
fn nothing_from_a_foreign_server_steers_the_terminal() {
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = foreign.local_addr().unwrap();
    let connect = Connect::start(&address.to_string(), Stdio::piped());
    let (mut caller, _) = foreign.accept().unwrap();
    caller
        .write_all("\x1b[2Jhello\x07\r\n\u{9b}31m\r\n".as_bytes())
        .unwrap();
    drop(caller);
    let (code, stdout, _) = connect.end();
    assert_eq!((code, stdout.as_str()), (Some(1), "hello\n\n"));
}

#[test]
fn a_control_that_comes_in_two_pieces_does_not_steer_the_terminal() {
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = foreign.local_addr().unwrap();
    let mut connect = Connect::start(&address.to_string(), Stdio::piped());
    let (mut caller, _) = foreign.accept().unwrap();
    let mut stdout = connect.0.stdout.take().expect("a pipe");
    let pieces: [(&[u8], &str); 5] = [
        (b"a\xc2", "a"),
        (b"\x9b2Jb\xe2\x80", "b"),
        (b"\xaec\x1b", "c"),
        // A single byte that 8-bit terminals take for a control.
        (b"[31md\x9b", "d"),
        ("2J 안녕\n".as_bytes(), "\u{FFFD}2J 안녕\n"),
    ];
    for (sent, expected) in pieces {
        caller.write_all(sent).unwrap();
        // What is seen was read, so the next piece comes by another read.
        let mut shown = vec![0; expected.len()];
        stdout.read_exact(&mut shown).unwrap();
        assert_eq!(String::from_utf8_lossy(&shown), expected);
    }
    drop(caller);
    let code = wait_for("its end", || connect.0.try_wait().expect("a child")).code();
    assert_eq!(code, Some(1), "the server closed the connection unasked");
}

#[test]
fn on_a_terminal_a_line_that_mentions_the_user_is_bold() {
    let server = Server::start();
    let mut bob = Client::enter(server.address(), "bob");
    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&user).and_then(|()| unlockpt(&user)).unwrap();
    let name = ptsname(&user, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let terminal = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    command.args(["connect", &server.address().to_string()]);
    command.stdin(Stdio::piped()).stdout(terminal);
    let mut connect = Connect(command.spawn().expect("the binary starts"));
    drop(command);
    let mut stdin = connect.0.stdin.take().expect("a pipe");
    stdin.write_all("한나\n".as_bytes()).expect("it reads");
    bob.expect("* 한나 joined #lobby");
    bob.send("우리한나");
    bob.send("한나는 어디 있지?");
    bob.send("/quit");
    bob.rest();
    stdin.write_all(b"/quit\n").expect("it reads");
    // At its end the terminal has no other side, which is an error or an end of file.
    let (mut user, mut shown) = (File::from(user), Vec::new());
    let _ = user.read_to_end(&mut shown);
    let shown = String::from_utf8(shown).expect("UTF-8");
    assert!(
        shown.contains("\x1b[1m#lobby <bob> 한나는 어디 있지?\x1b[m"),
        "{shown:?}"
    );
    assert_eq!(shown.matches('\x1b').count(), 2, "{shown:?}");
}
