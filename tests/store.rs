//! The store against real faults: processes that are killed, a disk that is full, directories and files that cannot be used.
//!
//! The property: what was granted is there afterwards, and what was refused is not.

mod common;

use common::{Irc, Server, Setup, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Few rounds, for these tests are not about the hash.
const CONFIG: &str = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";

/// The hash of "secret", in one round.
const HASH: &str = "pbkdf2-sha256$1$00000000000000000000000000000000$\
                    a0f0e61741c34aa36279dd8a411c6ca26a84ce284a983b43ba79caba8a5f26d0";

/// A data directory that is gone with its test.
struct Data(tempfile::TempDir);

impl Data {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn setup(&self) -> Setup {
        let path = self.path();
        let data = path.to_str().expect("UTF-8");
        Setup::new()
            .listen("irc://127.0.0.1:0")
            .config(CONFIG)
            .flag("--data")
            .flag(data)
    }

    fn start(&self) -> Server {
        self.setup().start()
    }

    /// The complaint of a server that does not start.
    #[track_caller]
    fn complaint(&self) -> String {
        let outcome = self.setup().run();
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        outcome.stderr
    }
}

/// The keeper of a server.
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

/// Asks for an account without waiting for the answer.
fn ask(server: &Server, name: &str) -> Irc {
    let mut irc = Irc::enter(server.address(), name);
    irc.send("NS REGISTER open-sesame");
    irc
}

/// Whether the account was granted.
fn is_granted(mut irc: Irc) -> bool {
    loop {
        let message = irc.next();
        if message.command == "NOTICE" && message.param(0) != "*" {
            return message.last().starts_with("your account is made");
        }
    }
}

/// Whether there is an account, and the password opens it.
fn opens(server: &Server, name: &str) -> bool {
    let mut irc = Irc::enter(server.address(), "visitor");
    irc.send(&format!("NS IDENTIFY {name} open-sesame"));
    loop {
        let message = irc.next();
        if message.command == "NOTICE" {
            return message.last() == "you are logged in";
        }
    }
}

#[test]
fn what_was_granted_survives_a_keeper_that_is_killed() {
    let data = Data::new();
    let server = data.start();
    for round in 0..3 {
        let names: Vec<String> = (0..8).map(|n| format!("user{round}x{n}")).collect();
        let asked: Vec<Irc> = names.iter().map(|name| ask(&server, name)).collect();
        kill_keeper(&server);
        server.log.expect("the keeper ended");
        server.log.expect("signal: 9");
        // Each is granted in the end: the next keeper gets what the last one did not acknowledge.
        for (irc, name) in asked.into_iter().zip(&names) {
            assert!(is_granted(irc), "{name}");
        }
    }
    server.stop();
    let server = data.start();
    for round in 0..3 {
        for n in [0, 3, 7] {
            assert!(opens(&server, &format!("user{round}x{n}")));
        }
    }
    server.stop();
}

#[test]
fn what_was_granted_survives_a_server_that_is_killed() {
    let data = Data::new();
    for round in 0..3 {
        let mut server = data.start();
        let names: Vec<String> = (0..6).map(|n| format!("user{round}x{n}")).collect();
        let asked: Vec<Irc> = names.iter().map(|name| ask(&server, name)).collect();
        let mut asked = asked.into_iter();
        // The first is granted; the others are wherever they are.
        assert!(is_granted(asked.next().expect("there are some")));
        server.signal(Signal::KILL);
        server.wait();
        drop(asked);
        let server = data.start();
        assert!(opens(&server, &names[0]), "{}", server.log.text());
        server.stop();
    }
}

#[test]
fn a_full_disk_refuses_accounts_and_harms_neither_chat_nor_what_was_granted() {
    let data = Data::new();
    data.start().stop();
    // Room for a few accounts more. Blocks are of 512 bytes or of 1 KiB, as the shell has it.
    let server = data.setup().before("ulimit -c 0; ulimit -f 100").start();
    let mut granted = Vec::new();
    let refused = (0..200).find(|n| {
        let name = format!("user{n}");
        let is_made = is_granted(ask(&server, &name));
        granted.extend(is_made.then_some(name));
        !is_made
    });
    let refused = format!("user{}", refused.expect("the disk was full at some time"));
    let (mut ann, mut bob) = (
        Irc::enter(server.address(), "ann"),
        Irc::enter(server.address(), "bob"),
    );
    ann.send("PRIVMSG bob :still here");
    bob.until(":ann PRIVMSG bob :still here");
    server.stop();
    let server = data.start();
    assert!(
        granted.iter().all(|name| opens(&server, name)),
        "{granted:?}"
    );
    assert!(!opens(&server, &refused));
    assert!(is_granted(ask(&server, &refused)), "there is room again");
    server.stop();
}

#[test]
fn bans_and_their_ends_outlive_the_process() {
    let operator = format!("{CONFIG}[[operator]]\nname = \"root\"\npassword = \"{HASH}\"\n");
    let data = Data::new();
    let path = data.path();
    let setup = || {
        Setup::new()
            .listen("irc://127.0.0.1:0")
            .config(&operator)
            .flag("--data")
            .flag(path.to_str().expect("UTF-8"))
    };
    let server = setup().start();
    let mut root = Irc::enter(server.address(), "root2");
    root.send("OPER root secret");
    root.until("381 root2 <any>");
    for ban in [
        "KLINE *@203.0.113.1 :for good",
        "KLINE 60 *@203.0.113.2 :for an hour",
        "KLINE *@203.0.113.3 :lifted",
        "UNKLINE *@203.0.113.3",
    ] {
        root.ask(ban);
    }
    server.stop();
    let server = setup().start();
    let mut root = Irc::enter(server.address(), "root2");
    root.send("OPER root secret");
    root.until("381 root2 <any>");
    let bans = root.ask("STATS k").text();
    assert!(
        bans.contains("203.0.113.1") && bans.contains("for good"),
        "{bans}"
    );
    assert!(
        bans.contains("203.0.113.2") && !bans.contains("203.0.113.3"),
        "{bans}"
    );
    server.stop();
}

#[test]
fn what_cannot_be_used_is_refused_with_a_remedy() {
    let data = Data::new();
    let first = data.start();
    assert!(data.complaint().contains("another madang uses"));
    first.stop();

    let database = data.path().join("madang.db");
    let newer = rusqlite::Connection::open(&database).expect("a database");
    newer.pragma_update(None, "user_version", 99).expect("room");
    drop(newer);
    let complaint = data.complaint();
    assert!(complaint.contains("schema 99"), "{complaint}");

    fs::write(&database, [b'x'; 10_000]).expect("room");
    let complaint = data.complaint();
    assert!(complaint.contains("madang store check"), "{complaint}");
    assert_eq!(
        fs::read(&database).expect("a file").len(),
        10_000,
        "left alone"
    );

    fs::remove_dir_all(data.path()).expect("it is there");
    fs::write(data.path(), "a file").expect("room");
    let complaint = data.complaint();
    assert!(
        complaint.contains("cannot use the data directory"),
        "{complaint}"
    );
}

#[test]
fn nothing_secret_is_in_the_log_or_in_the_files() {
    let data = Data::new();
    let server = data.setup().flag("--log").flag("debug").start();
    let mut irc = ask(&server, "alice");
    irc.until(":NickServ NOTICE alice :<any>");
    for line in [
        "NS IDENTIFY alice open-sesame",
        "NS IDENTIFY alice wrong-sesame",
        "NS SET PASSWORD other-sesame",
    ] {
        irc.send(line);
        irc.until(":NickServ NOTICE alice :<any>");
    }
    let log = server.log.text();
    assert!(!log.contains("sesame"), "{log}");
    server.stop();
    for entry in fs::read_dir(data.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        assert!(!bytes.windows(6).any(|it| it == b"sesame"), "{path:?}");
    }
}

#[test]
fn a_backup_of_a_running_server_starts_another() {
    let data = Data::new();
    let server = data.start();
    assert!(is_granted(ask(&server, "alice")));
    let elsewhere = Data::new();
    fs::create_dir(elsewhere.path()).expect("room");
    let madang = |args: &[&Path]| {
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_madang"))
            .args(args)
            .output();
        command.expect("madang").status.success()
    };
    let copy = elsewhere.path().join("madang.db");
    let (from, to) = (data.path(), elsewhere.path());
    assert!(madang(&["backup".as_ref(), &from, &copy]));
    assert!(
        !madang(&["backup".as_ref(), &from, &copy]),
        "never over a file"
    );
    assert!(madang(&["store".as_ref(), "check".as_ref(), &to]));
    server.stop();
    let server = elsewhere.start();
    assert!(opens(&server, "alice"));
    server.stop();
}

/// Runs a command of the program on the data directory.
#[track_caller]
fn store(data: &Data, command: &str) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_madang"))
        .args(["store", command])
        .arg(data.path())
        .output()
        .expect("the binary starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.code(),
        text + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn a_damaged_database_is_refused_and_repaired_at_the_host_s_word() {
    let data = Data::new();
    let server = data.start();
    assert!(is_granted(ask(&server, "alice")));
    let (code, said) = store(&data, "repair");
    assert!(
        code == Some(1) && said.contains("another madang uses"),
        "{said}"
    );
    server.stop();
    let whole = (
        Some(0),
        "the database is whole; nothing was changed\n".to_owned(),
    );
    assert_eq!(store(&data, "repair"), whole);

    let database = data.path().join("madang.db");
    let connection = rusqlite::Connection::open(&database).expect("a database");
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'server_bans'";
    let page: u64 = connection
        .query_row(root, [], |row| row.get::<_, i64>(0))
        .expect("a table")
        .unsigned_abs();
    drop(connection);
    let mut bytes = fs::read(&database).expect("a file");
    let start = usize::try_from(page - 1).expect("few pages") * 4096;
    bytes[start..start + 4096].fill(0xa5);
    fs::write(&database, &bytes).expect("room");
    assert!(data.complaint().contains("madang store repair"));
    let (code, said) = store(&data, "check");
    assert!(
        code == Some(1) && said.contains("madang store repair"),
        "{said}"
    );
    let (code, said) = store(&data, "repair");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("accounts: 1 rows saved; whole"), "{said}");
    assert!(
        said.contains("server_bans: 0 rows saved; damaged in 1 places"),
        "{said}"
    );
    let aside = said.lines().next().and_then(|line| line.rsplit(' ').next());
    let aside = fs::read(aside.expect("a name")).expect("the damaged file");
    assert!(aside == bytes, "it is as it was");
    let server = data.start();
    assert!(opens(&server, "alice"));
    server.stop();
}
