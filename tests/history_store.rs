//! History in the store against real faults: processes that are killed, a disk that is full.
//!
//! The property: each line that left the loop is stored once, in order, but for those of a gap, which is marked.

mod common;

use common::{Irc, Server, Setup, wait_for};
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, path::PathBuf};

const CONFIG: &str = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";

/// A data directory that is gone with its test.
struct Data(tempfile::TempDir);

impl Data {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn setup(&self, config: &str) -> Setup {
        let path = self.path();
        let data = path.to_str().expect("UTF-8");
        Setup::new()
            .listen("irc://127.0.0.1:0")
            .config(&format!("{CONFIG}{config}"))
            .flag("--data")
            .flag(data)
    }

    /// What is stored: the texts of all messages, in order.
    fn texts(&self) -> Vec<String> {
        self.column("SELECT text FROM messages WHERE event = 0 ORDER BY id")
    }

    fn column(&self, sql: &str) -> Vec<String> {
        let path = self.path().join("madang.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let database = Connection::open_with_flags(path, flags).expect("a database");
        let mut select = database.prepare(sql).expect("SQL");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("texts")
    }
}

fn keeper_of(server: &Server) -> Option<Pid> {
    let id = server.process().0;
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let child = children.split_whitespace().next()?.parse().ok()?;
    Pid::from_raw(child)
}

fn kill_keeper(server: &Server) {
    let keeper = wait_for("a keeper", || keeper_of(server));
    kill_process(keeper, Signal::KILL).expect("it runs");
}

/// Alice, who has an account and a room of her own, so that it outlives the server.
fn alice(server: &Server) -> Irc {
    let mut alice = Irc::enter_with(server.address(), "alice", &["echo-message"]);
    alice.send("NS REGISTER open-sesame");
    alice.until(":NickServ NOTICE <any> :your account is made<any>");
    alice.send("JOIN #r");
    alice.send("CS REGISTER #r");
    alice.until(":ChanServ NOTICE <any> :the room is yours<any>");
    alice
}

/// Says so many numbered lines, and waits for the echo of the last.
fn say(irc: &mut Irc, round: usize, lines: usize) -> Vec<String> {
    let texts: Vec<String> = (0..lines).map(|n| format!("line {round}.{n}")).collect();
    for text in &texts {
        irc.send(&format!("PRIVMSG #r :{text}"));
    }
    irc.until(&format!(":alice PRIVMSG #r :line {round}.{}", lines - 1));
    texts
}

#[test]
fn each_line_is_stored_once_however_often_the_keeper_is_killed() {
    let data = Data::new();
    let server = data.setup("").start();
    let mut alice = alice(&server);
    let mut said = Vec::new();
    for round in 0..4 {
        said.extend(say(&mut alice, round, 150));
        kill_keeper(&server);
        server.log.expect("the keeper ended");
        said.extend(say(&mut alice, round + 10, 50));
    }
    server.stop();
    assert_eq!(data.texts(), said);
}

#[test]
fn lines_survive_a_server_that_is_killed_and_numbers_and_times_go_on() {
    let data = Data::new();
    let mut said = Vec::new();
    for round in 0..3 {
        let mut server = data.setup("").start();
        let mut alice = match round {
            0 => alice(&server),
            _ => {
                let caps = ["echo-message"];
                let mut alice = Irc::enter_with(server.address(), "visitor", &caps);
                alice.send("NS IDENTIFY alice open-sesame");
                alice.until(":NickServ NOTICE <any> :you are logged in<any>");
                alice.send("NICK alice");
                alice.send("JOIN #r");
                alice
            }
        };
        said.extend(say(&mut alice, round, 40));
        // The last line is with the keeper before the server is killed.
        let last = said.last().cloned();
        wait_for("the last line", || {
            (data.texts().last() == last.as_ref()).then_some(())
        });
        server.signal(Signal::KILL);
        server.wait();
    }
    wait_for("the keeper's end", || (data.texts() == said).then_some(()));
    let in_one_buffer = "SELECT count(DISTINCT buffer) FROM messages WHERE event = 0";
    assert_eq!(
        data.column(&in_one_buffer.replace("count", "'' || count")),
        ["1"]
    );
    let falling = "SELECT '' || count(*) FROM messages a JOIN messages b ON a.buffer = b.buffer AND b.id =
        (SELECT min(id) FROM messages WHERE buffer = a.buffer AND id > a.id) WHERE b.time_ms <= a.time_ms AND b.event = 0";
    assert_eq!(data.column(falling), ["0"]);
}

#[test]
fn a_room_that_is_not_registered_and_a_message_that_was_taken_back_are_gone() {
    let data = Data::new();
    let server = data.setup("").start();
    let mut alice = alice(&server);
    say(&mut alice, 0, 3);
    let mut bob = Irc::enter_with(
        server.address(),
        "bob",
        &["echo-message", "message-tags", "draft/message-redaction"],
    );
    bob.send("JOIN #mine");
    bob.send("PRIVMSG #mine :a secret of bob");
    bob.until(":bob PRIVMSG #mine <any>");
    bob.send("JOIN #r");
    bob.send("PRIVMSG #r :taken back");
    let id = bob
        .until(":bob PRIVMSG #r :taken back")
        .tagged("msgid")
        .to_owned();
    bob.send(&format!("REDACT #r {id}"));
    bob.until(":bob REDACT #r <any>");
    bob.send("PART #mine");
    bob.until(":bob PART #mine");
    server.stop();
    let texts = data.texts();
    assert!(!texts.iter().any(|text| text == "taken back"), "{texts:?}");
    let server = data.setup("").start();
    server.stop();
    assert_eq!(data.texts(), ["line 0.0", "line 0.1", "line 0.2"]);
}

#[test]
fn quotas_hold_while_people_talk() {
    let data = Data::new();
    let server = data.setup("[history]\nlines = 25\n").start();
    let mut alice = alice(&server);
    let mut said = Vec::new();
    for round in 0..10 {
        said.extend(say(&mut alice, round, 40));
    }
    let last = said[said.len() - 25..].to_vec();
    wait_for("the quota", || (data.texts() == last).then_some(()));
    server.stop();
}

#[test]
fn a_full_disk_stops_the_storing_and_not_the_chat() {
    let data = Data::new();
    // The kernel's limit on the size of files is a disk that is full: in blocks of 512 bytes or of 1 KiB.
    let setup = data.setup("[history]\nlines = 1000000\n");
    let server = setup.before("trap '' XFSZ; ulimit -S -f 1600").start();
    let mut alice = alice(&server);
    let long = "x".repeat(300);
    let mut said = 0;
    while !server.log.text().contains("the keeper cannot write") {
        for _ in 0..200 {
            alice.send(&format!("PRIVMSG #r :{said} {long}"));
            said += 1;
        }
        alice.until(&format!(":alice PRIVMSG #r :{} <any>", said - 1));
        assert!(said < 100_000, "the disk is not full");
    }
    // Chat goes on.
    say(&mut alice, 7, 50);
    server.stop();
    let numbers: Vec<usize> = data
        .texts()
        .iter()
        .filter_map(|text| text.split(' ').next()?.parse().ok())
        .collect();
    // A beginning of what was said, each line once.
    assert!(!numbers.is_empty());
    assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
}
