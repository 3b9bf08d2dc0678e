//! Accounts as operators of the server and hosts have them: suspended, made for others, and looked after from a shell.

mod common;

use common::{Client, Irc, Server, Setup, wait_for};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::Shutdown,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::PathBuf,
    process::Stdio,
};

/// The hash of "secret", in one round.
const HASH: &str = "pbkdf2-sha256$1$00000000000000000000000000000000$\
                    a0f0e61741c34aa36279dd8a411c6ca26a84ce284a983b43ba79caba8a5f26d0";

/// A data directory that is gone with its test.
struct Data {
    directory: tempfile::TempDir,
    /// Lines of `[accounts]`.
    rules: &'static str,
}

impl Data {
    fn new() -> Self {
        Self::with("")
    }

    fn with(rules: &'static str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory, rules }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn start(&self) -> Server {
        let config = format!(
            "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n{}\n\
             [[operator]]\nname = \"root\"\npassword = \"{HASH}\"\n",
            self.rules
        );
        let path = self.path();
        Setup::new()
            .listen("irc://127.0.0.1:0")
            .listen("telnet://127.0.0.1:0")
            .config(&config)
            .flag("--data")
            .flag(path.to_str().expect("UTF-8"))
            .start()
    }
}

/// An operator of the server.
#[track_caller]
fn operator(server: &Server) -> Irc {
    let mut root = Irc::enter(server.address(), "root2");
    root.send("OPER root secret");
    root.until("381 root2 <any>");
    root
}

/// What a service answers to one line.
#[track_caller]
fn says(irc: &mut Irc, line: &str) -> String {
    irc.send(line);
    loop {
        let message = irc.next();
        let is_service = message
            .source
            .as_deref()
            .is_some_and(|it| it.starts_with("NickServ!"));
        if message.command == "NOTICE" && is_service {
            return message.last().to_owned();
        }
    }
}

/// A client that has entered and made an account of its nick.
#[track_caller]
fn registered(server: &Server, nick: &str) -> Irc {
    let mut irc = Irc::enter(server.address(), nick);
    let said = says(&mut irc, "NS REGISTER open-sesame");
    assert!(said.starts_with("your account is made"), "{said}");
    irc
}

/// The answer to a login by SASL PLAIN: its numeric and text.
#[track_caller]
fn sasl(server: &Server, base64: &str) -> (String, String) {
    let mut irc = Irc::connect(server.address());
    irc.send("CAP REQ sasl");
    irc.send("AUTHENTICATE PLAIN");
    irc.until("AUTHENTICATE +");
    irc.send(&format!("AUTHENTICATE {base64}"));
    loop {
        let message = irc.next();
        if matches!(&*message.command, "902" | "903") {
            return (message.command.clone(), message.last().to_owned());
        }
    }
}

/// `\0bob\0open-sesame`.
const BOB: &str = "AGJvYgBvcGVuLXNlc2FtZQ==";

#[test]
fn a_suspended_account_is_logged_out_and_stays_its_owners() {
    let data = Data::new();
    let server = data.start();
    let mut bob = registered(&server, "bob");
    let mut root = operator(&server);
    assert!(says(&mut bob, "NS SUSPEND bob").starts_with("permission denied"));
    let said = says(&mut root, "NS SUSPEND bob spam in #lobby");
    assert_eq!(said, "bob is suspended, and nobody is logged in to it");
    bob.until(":bob NICK <any>");
    server.log.expect("command=\"SUSPEND\" nick=\"root2\" account=\"none\" target=\"bob\" text=\"spam in #lobby\"");
    let suspended = "the account is suspended: spam in #lobby";
    assert_eq!(says(&mut bob, "NS IDENTIFY bob open-sesame"), suspended);
    let (numeric, text) = sasl(&server, BOB);
    assert_eq!(numeric, "902");
    assert!(text.contains(suspended), "{text}");
    bob.send("NICK bob");
    bob.until("433 <any> bob <any>");
    assert!(says(&mut bob, "NS INFO bob") == "the account is bob");
    server.stop();

    let server = data.start();
    assert_eq!(sasl(&server, BOB).0, "902");
    let mut root = operator(&server);
    root.send("NS INFO bob");
    let line = root.until(":NickServ NOTICE root2 :suspended by root2 since<any>");
    assert!(line.last().ends_with(": spam in #lobby"), "{line:?}");
    assert_eq!(says(&mut root, "NS UNSUSPEND bob"), "bob can be used again");
    assert_eq!(
        says(&mut root, "NS UNSUSPEND bob"),
        "the account is not suspended"
    );
    assert_eq!(sasl(&server, BOB).0, "903");
    server.stop();
}

#[test]
fn a_login_does_not_outlive_a_suspension_that_comes_before_the_welcome() {
    let data = Data::new();
    let server = data.start();
    drop(registered(&server, "bob"));
    let mut late = Irc::connect(server.address());
    late.send("CAP REQ sasl");
    late.send("AUTHENTICATE PLAIN");
    late.until("AUTHENTICATE +");
    late.send(&format!("AUTHENTICATE {BOB}"));
    late.until("903 <any> <any>");
    let mut root = operator(&server);
    says(&mut root, "NS SUSPEND bob");
    late.send("NICK bob");
    late.send("USER bob 0 * :Bob");
    late.send("CAP END");
    late.until("433 <any> bob <any>");
    late.send("NICK other");
    late.until("001 other <any>");
    let whois = late.ask("WHOIS other other");
    whois.have_no(&["330"]);
    server.stop();
}

#[test]
fn an_operator_makes_an_account_for_another_where_nobody_may_register() {
    let data = Data::with("registration = \"closed\"");
    let server = data.start();
    let mut carol = Irc::enter(server.address(), "carol");
    assert!(says(&mut carol, "NS REGISTER open-sesame").contains("ask one"));
    let mut root = operator(&server);
    assert_eq!(
        says(&mut root, "NS SAREGISTER carol short"),
        "a password has at least 8 characters"
    );
    assert_eq!(
        says(&mut root, "NS SAREGISTER carol open-sesame"),
        "the account carol is made"
    );
    server
        .log
        .expect("command=\"SAREGISTER\" nick=\"root2\" account=\"none\" target=\"carol\"");
    assert!(!server.log.text().contains("open-sesame"));
    // The name is the account's from now on.
    carol.until(":carol NICK <any>");
    assert_eq!(
        says(&mut carol, "NS IDENTIFY carol open-sesame"),
        "you are logged in"
    );
    carol.send("NICK carol");
    carol.until(":<any> NICK carol");
    assert!(says(&mut root, "NS SAREGISTER Carol open-sesame").contains("carol"));
    server.stop();
}

/// The token in the answer to INVITE.
#[track_caller]
fn invitation(said: &str) -> String {
    let token = said.split(' ').next().unwrap_or_default();
    assert!(
        said.contains("is an invitation") && token.len() == 23,
        "{said}"
    );
    token.to_owned()
}

#[test]
fn an_invitation_makes_one_account_and_outlives_a_restart() {
    let data = Data::with("registration = \"invite\"");
    let server = data.start();
    let mut root = operator(&server);
    let any = invitation(&says(&mut root, "NS INVITE"));
    let for_bob = invitation(&says(&mut root, "NS INVITE bob"));
    assert!(!server.log.text().contains(&any), "a secret");
    server.stop();

    let server = data.start();
    let mut ann = Irc::enter_with(server.address(), "ann", &["standard-replies"]);
    ann.send("REGISTER * * open-sesame");
    let refused = ann.until("FAIL REGISTER TEMPORARILY_UNAVAILABLE * <any>");
    assert!(
        refused
            .last()
            .contains("NickServ: REGISTER PASSWORD INVITATION")
    );
    let wrong = "that invitation is wrong, used or out of date, or for another name";
    assert!(says(&mut ann, "NS REGISTER open-sesame").contains("by invitation"));
    assert_eq!(
        says(&mut ann, &format!("NS REGISTER open-sesame {for_bob}")),
        wrong
    );
    let said = says(
        &mut ann,
        &format!("NS REGISTER open-sesame {}", any.to_uppercase()),
    );
    assert!(said.starts_with("your account is made"), "{said}");
    // By telnet, with the questions.
    let mut bob = Client::enter(server.address_of(1), "bob");
    bob.send("/register");
    bob.skip_to_bytes(b"choose a password:");
    bob.send("open-sesame");
    bob.skip_to_bytes(b"the same again:");
    bob.send("open-sesame");
    bob.skip_to_bytes(b"your invitation:");
    bob.send(&any);
    bob.skip_to_bytes(b"! that invitation is wrong");
    bob.send(&format!("/register open-sesame {for_bob}"));
    bob.skip_to_bytes(b"* your account is made");
    server.stop();
    // Neither the tokens nor an open invitation is left.
    let bytes = std::fs::read(data.path().join("madang.db")).expect("a database");
    for token in [any.replace('-', ""), for_bob.replace('-', "")] {
        let is_there = bytes.windows(token.len()).any(|it| it == token.as_bytes());
        assert!(!is_there, "{token}");
    }
    let database = rusqlite::Connection::open(data.path().join("madang.db")).expect("a database");
    let left = database.query_row("SELECT count(*) FROM invitations", [], |row| {
        row.get::<_, u32>(0)
    });
    assert_eq!(left.expect("a count"), 0);
}

/// What `madang account` says: its exit code, and both outputs.
#[track_caller]
fn account(data: &Data, words: &[&str], password: &str) -> (i32, String) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_madang"))
        .arg("account")
        .args(words)
        .arg("--data")
        .arg(data.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that asks for nothing may be gone already.
    let _ = stdin.write_all(format!("{password}\n").as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8")
        + &String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code().expect("an exit code"), text)
}

/// The same that the host does, with and without a server.
#[track_caller]
fn look_after(data: &Data) {
    let said = |words: &[&str], password: &str| account(data, words, password);
    let made = (0, "the account bob is made\n".to_owned());
    assert_eq!(said(&["add", "bob"], "open-sesame"), made);
    let short = (
        1,
        "madang: a password has at least 8 characters\n".to_owned(),
    );
    assert_eq!(said(&["add", "carol"], "short"), short);
    let (code, text) = said(&["add", "BOB"], "open-sesame");
    assert!(code == 1 && text.contains("bob"), "{text}");
    let (code, text) = said(&["add", "#x"], "open-sesame");
    assert!(code == 1 && text.contains("no name"), "{text}");
    assert_eq!(said(&["add", "a b"], "open-sesame").0, 2);
    let none = (1, "madang: there is no such account\n".to_owned());
    assert_eq!(said(&["passwd", "nobody"], "open-sesame"), none);
    assert_eq!(said(&["drop", "nobody"], ""), none);
    let set = (0, "the new password is stored\n".to_owned());
    assert_eq!(said(&["passwd", "bob"], "other-sesame"), set);
    let (code, text) = said(&["suspend", "bob", "too", "much", "spam"], "");
    assert!(code == 0 && text.starts_with("bob is suspended"), "{text}");
    let (code, text) = said(&["list"], "");
    assert_eq!(code, 0, "{text}");
    assert!(
        text.starts_with("bob  made 20") && text.lines().count() == 1,
        "{text}"
    );
    assert!(text.contains("suspended by the host since 20"), "{text}");
    assert!(text.ends_with(": too much spam\n"), "{text}");
    assert_eq!(said(&["unsuspend", "bob"], "").0, 0);
    let (code, text) = said(&["unsuspend", "bob"], "");
    assert!(code == 1 && text.contains("not suspended"), "{text}");
    let (code, text) = said(&["invite"], "");
    assert!(
        code == 1 && text.contains("[accounts] registration"),
        "{text}"
    );
}

#[test]
fn the_host_looks_after_accounts_of_a_server_that_runs() {
    let data = Data::new();
    let server = data.start();
    let mode = std::fs::metadata(data.path().join("control")).expect("a socket");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    look_after(&data);
    server
        .log
        .expect("the host acted command=\"suspend\" account=\"bob\" text=\"too much spam\"");
    assert!(!server.log.text().contains("sesame"));
    // What the host does holds for who is here.
    let mut bob = Irc::enter(server.address(), "bob2");
    assert_eq!(
        says(&mut bob, "NS IDENTIFY bob other-sesame"),
        "you are logged in"
    );
    bob.send("NICK bob");
    bob.until(":bob2 NICK bob");
    assert_eq!(account(&data, &["suspend", "bob"], "").0, 0);
    bob.until(":bob NICK <any>");
    assert_eq!(account(&data, &["drop", "bob"], "").0, 0);
    bob.send("NICK bob");
    bob.until(":<any> NICK bob");
    server.stop();
    assert!(
        !data.path().join("control").exists(),
        "it goes with the server"
    );
}

#[test]
fn the_host_looks_after_accounts_where_no_server_runs() {
    let data = Data::new();
    let (code, text) = account(&data, &["list"], "");
    assert!(
        code == 1 && text.contains("name the directory that"),
        "{text}"
    );
    data.start().stop();
    look_after(&data);
    let mut server = data.start();
    let mut bob = Irc::enter(server.address(), "bob2");
    assert_eq!(
        says(&mut bob, "NS IDENTIFY bob other-sesame"),
        "you are logged in"
    );
    // A server that was killed leaves its socket behind.
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    assert!(data.path().join("control").exists());
    assert_eq!(account(&data, &["list"], "").0, 0);
    let server = data.start();
    assert_eq!(account(&data, &["list"], "").0, 0);
    server.stop();
}

#[test]
fn the_host_invites() {
    let data = Data::with("registration = \"invite\"");
    let server = data.start();
    let (code, text) = account(&data, &["invite", "ann"], "");
    assert_eq!(code, 0, "{text}");
    let token = text.lines().next().expect("a line").to_owned();
    let mut ann = Irc::enter(server.address(), "ann");
    let said = says(&mut ann, &format!("NS REGISTER open-sesame {token}"));
    assert!(said.starts_with("your account is made"), "{said}");
    server.stop();
}

#[test]
fn a_connection_to_the_control_socket_is_bounded_and_harms_nobody() {
    let data = Data::new();
    let server = data.start();
    let connect = || UnixStream::connect(data.path().join("control")).expect("it listens");
    let first_line = |stream: UnixStream| {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("a line");
        line
    };
    // Four are served; one more is refused in words.
    let held: Vec<UnixStream> = (0..4).map(|_| connect()).collect();
    for stream in &held {
        let line = first_line(stream.try_clone().expect("a descriptor"));
        assert!(line.starts_with("madang control 1 version "), "{line}");
    }
    assert!(first_line(connect()).starts_with("error "));
    drop(held);
    // A line without end, bytes that are no text, and an unknown word.
    for (sent, expected) in [
        (vec![b'x'; 100_000], ""),
        (b"\xff\xfe\n".to_vec(), ""),
        (
            b"dance\n".to_vec(),
            "error the server does not know this request",
        ),
        (b"account list\naccount list\n".to_vec(), "ok\nok\n"),
    ] {
        let said = wait_for("a place", || {
            let mut stream = connect();
            // The server may close while there is more to be sent.
            let _ = stream.write_all(&sent);
            let _ = stream.shutdown(Shutdown::Write);
            let mut text = Vec::new();
            let _ = stream.read_to_end(&mut text);
            let text = String::from_utf8_lossy(&text).into_owned();
            (!text.starts_with("error other")).then_some(text)
        });
        let answer = said.split_once('\n').map_or("", |(_, answer)| answer);
        assert!(answer.starts_with(expected), "{said}");
    }
    // Nobody noticed.
    let mut ann = Irc::enter(server.address(), "ann");
    ann.check("PING x", &["PONG <any> x"]);
    server.stop();
}

#[test]
fn a_long_list_comes_in_pieces() {
    let data = Data::new();
    data.start().stop();
    let mut database =
        rusqlite::Connection::open(data.path().join("madang.db")).expect("it is there");
    let insert = database.transaction().expect("a transaction");
    for n in 0..5_000 {
        let sql = "INSERT INTO accounts (name, salt, rounds, stored_key, server_key, registered_ms, last_seen_ms)
            VALUES ('user' || ?1, zeroblob(16), 4096, zeroblob(32), zeroblob(32), 1, 2)";
        insert.execute(sql, [n]).expect("room");
    }
    insert.commit().expect("room");
    drop(database);
    for _ in 0..2 {
        let (code, text) = account(&data, &["list"], "");
        assert_eq!((code, text.lines().count()), (0, 5_000));
    }
    let server = data.start();
    // One that does not read it is in nobody's way.
    let mut lazy = UnixStream::connect(data.path().join("control")).expect("it listens");
    lazy.write_all(b"account list\n").expect("room");
    let (code, text) = account(&data, &["list"], "");
    assert_eq!((code, text.lines().count()), (0, 5_000));
    server.stop();
}

#[test]
fn the_host_s_look_at_a_directory_forgets_no_user_who_stays() {
    let data = Data::with("always_on = \"opt-out\"");
    let server = data.start();
    drop(registered(&server, "bob"));
    server.stop();
    let database =
        || rusqlite::Connection::open(data.path().join("madang.db")).expect("a database");
    let count = || {
        let sql = "SELECT count(*) FROM presences";
        let count = database().query_row(sql, [], |row| row.get::<_, u32>(0));
        count.expect("a count")
    };
    assert_eq!(count(), 1);
    // Without the configuration, which says that they stay.
    assert_eq!(account(&data, &["list"], "").0, 0);
    assert_eq!(count(), 1);
    assert_eq!(account(&data, &["drop", "bob"], "").0, 0);
    assert_eq!(count(), 0);
}
