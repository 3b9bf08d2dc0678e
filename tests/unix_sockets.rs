//! Listeners at Unix sockets, from outside: every protocol, the file's mode, its life from start to end.

#![cfg(unix)]

mod common;

use common::{Client, PATIENCE, Setup, wait_for};
use rustix::process::Signal;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
};

/// A client at a Unix socket.
struct Local(BufReader<UnixStream>);

impl Local {
    #[track_caller]
    fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    #[track_caller]
    fn send(&mut self, line: &str) {
        let stream = self.0.get_mut();
        stream
            .write_all(format!("{line}\r\n").as_bytes())
            .expect("it reads");
    }

    /// The next line that has these words in it.
    #[track_caller]
    fn find(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self
                .0
                .read_line(&mut line)
                .unwrap_or_else(|e| panic!("{words:?}: {e}"));
            assert!(length > 0, "the end came before {words:?}");
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Everything up to the end of file.
    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.0.read_to_string(&mut text).expect("UTF-8 and an end");
        text
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a writable directory for temporary files")
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn every_protocol_is_spoken_at_a_path() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let url = |scheme: &str| format!("{scheme}://{}", path(scheme).display());
    let mut setup = Setup::new().listen("any://127.0.0.1:0");
    for scheme in ["unix", "irc+unix", "http+unix", "echo+unix"] {
        setup = setup.listen(&url(scheme));
    }
    let server = setup.start();
    assert_eq!(
        server.urls()[1..],
        ["unix", "irc+unix", "http+unix", "echo+unix"].map(url)
    );
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Local::connect(&path("unix"));
    ann.find("what is your name?");
    ann.send("ann");
    ann.find("* ann joined #lobby");
    bob.expect("* ann joined #lobby");
    ann.send("hello");
    bob.expect("#lobby <ann> hello");
    let mut eve = Local::connect(&path("irc+unix"));
    eve.send("NICK eve\r\nUSER eve 0 * :Eve\r\nJOIN #lobby\r\nWHOIS eve");
    assert!(eve.find(" JOIN ").starts_with(":eve!~eve@unix "));
    bob.expect("* eve joined #lobby");
    let mut page = Local::connect(&path("http+unix"));
    page.send("GET /status HTTP/1.0\r\n");
    assert!(page.rest().starts_with("HTTP/1.1 200 "), "the status");
    let mut echo = Local::connect(&path("echo+unix"));
    let long = "x".repeat(100_000);
    echo.send(&long);
    assert!(echo.find("x").trim_end() == long, "every byte comes back");
    // The first bytes choose, as they do over TCP.
    let mut any = Local::connect(&path("unix"));
    any.send("GET / HTTP/1.0\r\n");
    assert!(any.rest().contains("<html"), "the page");
    eve.send("QUIT");
    bob.find("* eve quit");
    drop(ann);
    bob.find("* ann quit");
    server.stop();
}

#[test]
fn the_mode_says_who_may_connect_and_the_file_goes_with_the_server() {
    let directory = directory();
    let [plain, open] = ["plain", "open"].map(|name| directory.path().join(name));
    let server = Setup::new()
        .config("[limits]\nburst = 9\n")
        .listen(&format!("unix://{}", plain.display()))
        .listen(&format!("irc+unix://{}?mode=0666", open.display()))
        .start();
    assert_eq!([mode(&plain), mode(&open)], [0o660, 0o666]);
    server.signal(Signal::HUP);
    server.log.expect("configuration read again");
    let mut ann = Local::connect(&plain);
    ann.find("what is your name?");
    server.stop();
    assert!(!plain.exists() && !open.exists(), "the files are gone");
}

#[test]
fn the_limits_of_an_address_do_not_concern_clients_without_one() {
    let directory = directory();
    let path = directory.path().join("irc");
    let server = Setup::new()
        .config("[limits]\nclients_per_address = 1\nconnections_per_minute = 1\nexempt = []\n")
        .listen(&format!("irc+unix://{}", path.display()))
        .start();
    let mut all: Vec<Local> = (0..5).map(|_| Local::connect(&path)).collect();
    for (number, client) in all.iter_mut().enumerate() {
        client.send(&format!("NICK n{number}\r\nUSER n 0 * :n"));
        client.find(" 001 ");
    }
    server.stop();
}

#[test]
fn a_file_that_a_killed_server_left_is_replaced_and_a_live_one_is_not() {
    let directory = directory();
    let path = directory.path().join("socket");
    let url = format!("unix://{}", path.display());
    let mut killed = Setup::new().listen(&url).start();
    killed.signal(Signal::KILL);
    killed.wait();
    assert!(path.exists(), "a killed server removes nothing");
    let server = Setup::new().listen(&url).start();
    let second = Setup::new().listen(&url).run();
    assert_eq!(second.code, Some(1));
    let expected = format!(
        "cannot listen on {}: a program answers there already",
        path.display()
    );
    assert!(second.stderr.contains(&expected), "{}", second.stderr);
    // It still answers.
    Local::connect(&path).find("what is your name?");
    // One that was put in its place by others is theirs.
    fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    server.stop();
    assert!(path.exists(), "the file of another");
    drop(other);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let directory = directory();
    let path: PathBuf = directory.path().join("notes");
    fs::write(&path, "precious").unwrap();
    let url = format!("unix://{}", path.display());
    let outcome = Setup::new().listen(&url).run();
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("there is a file that is no socket"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_service_manager_may_pass_one() {
    let directory = directory();
    let path = directory.path().join("passed");
    let socket = UnixListener::bind(&path).unwrap();
    let server = Setup::new()
        .passing(OwnedFd::from(socket), "irc+unix")
        .start();
    assert_eq!(
        server.urls(),
        [format!("irc+unix://{}", path.display()).as_str()]
    );
    let mut ann = Local::connect(&path);
    ann.send("NICK ann\r\nUSER ann 0 * :Ann");
    ann.find(" 001 ann ");
    server.stop();
    assert!(path.exists(), "the file is the manager's");
}

#[test]
fn a_client_that_half_closes_gets_what_it_is_owed() {
    let directory = directory();
    let path = directory.path().join("echo");
    let server = Setup::new()
        .listen("any://127.0.0.1:0")
        .listen(&format!("echo+unix://{}", path.display()))
        .start();
    let before = server.process().usage().descriptors;
    let mut echo = Local::connect(&path);
    let stream = echo.0.get_ref().try_clone().unwrap();
    let bytes = vec![b'x'; 1 << 20];
    let writer = std::thread::spawn(move || {
        let mut stream = stream;
        stream.write_all(&bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    });
    assert_eq!(echo.rest().len(), 1 << 20);
    writer.join().unwrap();
    drop(echo);
    wait_for("the descriptor to be closed", || {
        (server.process().usage().descriptors == before).then_some(())
    });
    server.stop();
}
