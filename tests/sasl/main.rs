//! Accounts over SASL from outside: each mechanism, each numeric, what waits for a login, and that no secret is anywhere.

#[path = "../common/mod.rs"]
mod common;
mod external;
mod scram;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{Irc, Message, PATIENCE, Server, Setup, Socket, wait_for};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

/// Few rounds, for the sake of the tests' time.
const ACCOUNTS: &str = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";

/// Not a part of anything else.
const PASSWORD: &str = "c0rrect-h0rse";

/// A directory for the server's data, which is gone with its test.
struct DataDir(PathBuf);

impl DataDir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("madang-sasl-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn start(&self, config: &str) -> Server {
        self.setup(config).start()
    }

    fn setup(&self, config: &str) -> Setup {
        Setup::new()
            .config(config)
            .flag("--data")
            .flag(self.0.to_str().expect("a path in UTF-8"))
            .flag("--log")
            .flag("trace")
            .listen("irc://127.0.0.1:0")
            .listen("http://127.0.0.1:0")
            .flag("--tls-self-signed")
            .listen("ircs://127.0.0.1:0")
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server with the accounts `alice` and `bob`.
fn with_accounts(data: &DataDir) -> Server {
    let server = data.start(ACCOUNTS);
    for name in ["alice", "bob"] {
        let mut irc = Irc::enter(server.address(), name);
        irc.send(&format!("REGISTER * * {PASSWORD}"));
        irc.until(&format!("REGISTER SUCCESS {name} <any>"));
        irc.until(&format!("900 {name} {name}!<any> {name} <any>"));
        irc.check_end("QUIT", &["ERROR <any>"]);
    }
    server
}

/// Sends a message of SASL in pieces.
fn send_message(irc: &mut Irc, message: &[u8]) {
    let text = BASE64_STANDARD.encode(message);
    for piece in text.as_bytes().chunks(400) {
        let piece = std::str::from_utf8(piece).expect("base64");
        irc.send(&format!("AUTHENTICATE {piece}"));
    }
    if text.len() % 400 == 0 {
        irc.send("AUTHENTICATE +");
    }
}

/// Begins an exchange.
#[track_caller]
fn begin(irc: &mut Irc, mechanism: &str) {
    irc.send(&format!("AUTHENTICATE {mechanism}"));
    irc.until("AUTHENTICATE +");
}

/// The numeric that ends an exchange.
#[track_caller]
fn end(irc: &mut Irc) -> Message {
    loop {
        let message = irc.next();
        if ["902", "903", "904", "905", "906", "907"].contains(&&*message.command) {
            return message;
        }
    }
}

/// Logs in by PLAIN; the numeric that ends it.
#[track_caller]
fn plain(irc: &mut Irc, name: &str, password: &str) -> Message {
    begin(irc, "PLAIN");
    send_message(irc, format!("\0{name}\0{password}").as_bytes());
    end(irc)
}

/// Begins SCRAM; the first message, and the server's.
#[track_caller]
fn begin_scram(irc: &mut Irc, name: &str) -> (String, String) {
    let (first, answer) = send_first(irc, name);
    (first, challenge(&answer))
}

/// Sends the first message of SCRAM; this message, and what is answered.
#[track_caller]
fn send_first(irc: &mut Irc, name: &str) -> (String, Message) {
    begin(irc, "SCRAM-SHA-256");
    let first = format!("n={name},r=a-nonce-of-the-client");
    send_message(irc, format!("n,,{first}").as_bytes());
    (first, irc.next())
}

/// A message of the server's.
#[track_caller]
fn challenge(message: &Message) -> String {
    assert_eq!(message.command, "AUTHENTICATE", "{}", message.line);
    let bytes = BASE64_STANDARD.decode(message.param(0)).expect("base64");
    String::from_utf8(bytes).expect("text")
}

/// Logs in by SCRAM; the numeric that ends it.
#[track_caller]
fn scram(irc: &mut Irc, name: &str, password: &str) -> Message {
    let (first, answer) = send_first(irc, name);
    if answer.command == "904" {
        return answer;
    }
    let answer = scram::answer(&first, &challenge(&answer), password);
    send_message(irc, answer.message.as_bytes());
    let message = irc.next();
    if message.command == "AUTHENTICATE" {
        let signature = BASE64_STANDARD.encode(&answer.signature);
        assert_eq!(message.param(0), signature, "the server proves itself too");
        irc.send("AUTHENTICATE +");
        return end(irc);
    }
    message
}

/// The value of a capability; `None`: it is not offered.
fn capability(address: SocketAddr, name: &str) -> Option<String> {
    let mut irc = Irc::connect(address);
    let listed = irc.ask("CAP LS 302").words_of("CAP");
    let prefix = format!("{name}=");
    listed
        .iter()
        .find_map(|word| word.strip_prefix(&prefix).map(str::to_owned))
}

#[test]
fn an_account_is_there_after_a_restart_and_its_name_is_its_owner_s() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    server.stop();
    let server = data.start(ACCOUNTS);
    let mut irc = Irc::connect(server.address());
    irc.send("CAP REQ sasl");
    irc.send("NICK alice");
    irc.send("USER alice 0 * :Alice");
    assert_eq!(plain(&mut irc, "Alice", PASSWORD).command, "903");
    irc.send("CAP END");
    irc.until("001 alice <any>");
    irc.until("422 <...>");
    let whois = irc.ask("WHOIS alice");
    whois.one("330 alice alice alice <any>");
    // Without the password the name is refused.
    let mut other = Irc::connect(server.address());
    other.send("NICK alice");
    other.send("USER x 0 * :x");
    other.until("433 * alice <any>");
    other.send("NICK bob");
    other.until("433 * bob <any>");
    other.send("NICK carol");
    other.until("001 carol <any>");
}

#[test]
fn each_mechanism_before_and_after_registration() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let login: [fn(&mut Irc, &str, &str) -> Message; 2] = [plain, scram];
    for login in login {
        let mut irc = Irc::connect(server.address());
        // Without CAP REQ.
        assert_eq!(login(&mut irc, "alice", "wrong").command, "904");
        assert_eq!(login(&mut irc, "nobody", PASSWORD).command, "904");
        assert_eq!(login(&mut irc, "alice", PASSWORD).command, "903");
        irc.check("AUTHENTICATE PLAIN", &["907 * <any>"]);
        irc.send("NICK carol");
        irc.send("USER carol 0 * :Carol");
        irc.until("422 <...>");
        irc.ask("WHOIS carol").one("330 carol carol alice <any>");
        assert_eq!(login(&mut irc, "bob", PASSWORD).command, "903");
        irc.ask("WHOIS carol").one("330 carol carol bob <any>");
        assert_eq!(login(&mut irc, "alice", "wrong").command, "904");
        irc.ask("WHOIS carol").one("330 carol carol bob <any>");
        irc.check_end("QUIT", &["ERROR <any>"]);
    }
    assert_eq!(
        capability(server.address(), "sasl").as_deref(),
        Some("SCRAM-SHA-256,PLAIN")
    );
}

#[test]
fn every_numeric_of_an_exchange() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let mut irc = Irc::connect(server.address());
    irc.check("AUTHENTICATE *", &["906 * <any>"]);
    begin(&mut irc, "PLAIN");
    irc.check("AUTHENTICATE *", &["906 * <any>"]);
    let full = "A".repeat(400);
    begin(&mut irc, "PLAIN");
    irc.check(&format!("AUTHENTICATE {full}A"), &["905 * <any>"]);
    begin(&mut irc, "PLAIN");
    for _ in 0..6 {
        irc.check(&format!("AUTHENTICATE {full}"), &[]);
    }
    irc.check(&format!("AUTHENTICATE {full}"), &["905 * <any>"]);
    for message in ["????", "+", "AAAA", "AGFsaWNlAA=="] {
        begin(&mut irc, "PLAIN");
        irc.check(&format!("AUTHENTICATE {message}"), &["904 * <any>"]);
    }
    for message in ["????", "+", "cCw=", "biws", "biwsbj1hbGljZQ=="] {
        begin(&mut irc, "SCRAM-SHA-256");
        irc.check(&format!("AUTHENTICATE {message}"), &["904 * <any>"]);
    }
    for mechanism in ["DIGEST-MD5", "EXTERNAL", "SCRAM-SHA-256-PLUS"] {
        irc.check(
            &format!("AUTHENTICATE {mechanism}"),
            &["908 * SCRAM-SHA-256,PLAIN <any>", "904 * <any>"],
        );
    }
    irc.check("AUTHENTICATE", &["461 * AUTHENTICATE <any>"]);
    begin(&mut irc, "PLAIN");
    send_message(&mut irc, format!("bob\0alice\0{PASSWORD}").as_bytes());
    assert_eq!(end(&mut irc).command, "904", "authzid is another account");
    begin(&mut irc, "PLAIN");
    send_message(&mut irc, format!("ALICE\0alice\0{PASSWORD}").as_bytes());
    assert_eq!(end(&mut irc).command, "903");
}

#[test]
fn long_passwords_are_looked_at() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let mut irc = Irc::connect(server.address());
    // With the name and two NULs: below, at and above whole pieces of base64.
    for length in [292, 293, 294, 592, 593, 600] {
        let answer = plain(&mut irc, "alice", &"x".repeat(length));
        assert_eq!(answer.command, "904", "{length}");
        if answer.last().contains("try again in") {
            irc = Irc::connect(server.address());
        }
    }
    let mut irc = Irc::enter(server.address(), "longest");
    let longest = "x".repeat(400);
    irc.send(&format!("REGISTER * * {longest}"));
    irc.until("900 <...>");
    irc.check_end("QUIT", &["ERROR <any>"]);
    let mut irc = Irc::connect(server.address());
    assert_eq!(plain(&mut irc, "longest", &longest).command, "903");
}

#[test]
fn cap_end_waits_for_a_login() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let mut irc = Irc::connect(server.address());
    irc.send("CAP LS 302");
    irc.send("NICK alice");
    irc.send("USER alice 0 * :Alice");
    irc.drain();
    let (first, challenge) = begin_scram(&mut irc, "alice");
    irc.check("CAP END", &[]);
    let answer = scram::answer(&first, &challenge, PASSWORD);
    send_message(&mut irc, answer.message.as_bytes());
    irc.until("AUTHENTICATE <any>");
    irc.send("AUTHENTICATE +");
    irc.until("900 * alice!<any> alice <any>");
    irc.until("903 * <any>");
    irc.until("001 alice <any>");

    // All at once, as bots do; and PLAIN is still being checked at the end.
    let mut irc = Irc::connect(server.address());
    let message = BASE64_STANDARD.encode(format!("\0bob\0{PASSWORD}"));
    for line in [
        "CAP REQ sasl",
        "NICK bob",
        "USER bob 0 * :Bob",
        "AUTHENTICATE PLAIN",
        &format!("AUTHENTICATE {message}"),
        "CAP END",
    ] {
        irc.send(line);
    }
    irc.until("903 * <any>");
    irc.until("001 bob <any>");
}

#[test]
fn wrong_passwords_are_slowed_and_the_owner_comes_in_all_the_same() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let login: [fn(&mut Irc, &str, &str) -> Message; 2] = [plain, scram];
    for login in login {
        let mut guesser = Irc::connect(server.address());
        let began = Instant::now();
        while !login_is_delayed(&login(&mut guesser, "alice", "wrong")) {
            assert!(began.elapsed() < PATIENCE, "nobody is ever delayed");
        }
        // From the same address she waits too, but seconds, however long it goes on.
        wait_for("the owner's login", || {
            let mut owner = Irc::connect(server.address());
            (login(&mut owner, "alice", PASSWORD).command == "903").then_some(())
        });
    }
}

fn login_is_delayed(answer: &Message) -> bool {
    assert_eq!(answer.command, "904");
    answer
        .last()
        .contains("too many wrong passwords; try again in")
}

#[test]
fn a_salt_does_not_reveal_whether_there_is_an_account() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let salts = |server: &Server| {
        ["alice", "nobody", "NoBody", "nobody2"].map(|name| {
            let mut irc = Irc::connect(server.address());
            let (_, challenge) = begin_scram(&mut irc, name);
            assert_eq!(scram::value(&challenge, "i="), "4096");
            scram::value(&challenge, "s=").to_owned()
        })
    };
    let before = salts(&server);
    assert_eq!(salts(&server), before, "the same each time");
    assert!(before.iter().all(|salt| salt.len() == before[0].len()));
    assert_eq!(before[1], before[2], "one name in two cases");
    assert_ne!(before[1], before[3]);
    server.stop();
    let server = data.start(ACCOUNTS);
    assert_eq!(salts(&server), before, "after a restart too");
}

#[test]
fn an_account_is_made_before_the_connection_is_complete_if_that_is_allowed() {
    for allowed in [true, false] {
        let data = DataDir::new();
        let config = format!("{ACCOUNTS}before_connect = {allowed}\ncustom_names = {allowed}\n");
        let server = data.start(&config);
        let value = capability(server.address(), "draft/account-registration");
        let mut irc = Irc::connect(server.address());
        if !allowed {
            assert_eq!(value, None, "it has no value");
            let fail = "FAIL REGISTER COMPLETE_CONNECTION_REQUIRED * <any>";
            irc.check(&format!("REGISTER * * {PASSWORD}"), &[fail]);
            continue;
        }
        assert_eq!(value.as_deref(), Some("before-connect,custom-account-name"));
        let fail = "FAIL REGISTER NEED_NICK * <any>";
        irc.check(&format!("REGISTER * * {PASSWORD}"), &[fail]);
        for (line, fail) in [
            ("REGISTER a!b * long-enough", "BAD_ACCOUNT_NAME a!b"),
            ("REGISTER alice * x", "WEAK_PASSWORD alice"),
            ("REGISTER long-name * LONG-name", "WEAK_PASSWORD long-name"),
            (
                "REGISTER alice * :long\tenough",
                "UNACCEPTABLE_PASSWORD alice",
            ),
            (
                "REGISTER alice nothing long-enough",
                "UNACCEPTABLE_EMAIL alice",
            ),
        ] {
            irc.check(line, &[&format!("FAIL REGISTER {fail} <any>")]);
        }
        irc.check(
            &format!("REGISTER alice a@example.org {PASSWORD}"),
            &[
                "REGISTER SUCCESS alice <any>",
                "900 * *!*@<any> alice <any>",
            ],
        );
        let fail = "FAIL REGISTER ALREADY_AUTHENTICATED bob <any>";
        irc.check(&format!("REGISTER bob * {PASSWORD}"), &[fail]);
        irc.check(
            "VERIFY alice 1",
            &["FAIL VERIFY ALREADY_AUTHENTICATED alice <any>"],
        );
        irc.send("NICK alice");
        irc.send("USER alice 0 * :Alice");
        irc.until("001 alice <any>");
        let mut other = Irc::enter(server.address(), "other");
        let fail = "FAIL REGISTER ACCOUNT_EXISTS Alice <any>";
        other.check(&format!("REGISTER Alice * {PASSWORD}"), &[fail]);
        other.check("VERIFY other 1", &["FAIL VERIFY INVALID_CODE other <any>"]);
    }
}

#[test]
fn a_server_without_data_has_no_accounts() {
    let server = Setup::new().listen("irc://127.0.0.1:0").start();
    let mut irc = Irc::connect(server.address());
    let listed = irc.ask("CAP LS 302").text();
    assert!(!listed.contains("sasl") && !listed.contains("account-registration"));
    irc.check("CAP REQ sasl", &["CAP * NAK sasl"]);
    irc.check("AUTHENTICATE PLAIN", &["904 * <any>"]);
    let fail = "FAIL REGISTER TEMPORARILY_UNAVAILABLE alice <any>";
    irc.check(&format!("REGISTER alice * {PASSWORD}"), &[fail]);
}

#[test]
fn a_browser_s_connection_logs_in_too() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let mut socket = Socket::connect(server.address_of(1), &[]);
    socket.send("AUTHENTICATE PLAIN");
    socket.find("AUTHENTICATE +");
    let message = BASE64_STANDARD.encode(format!("\0alice\0{PASSWORD}"));
    socket.send(&format!("AUTHENTICATE {message}"));
    socket.find(" 903 ");
    socket.register("alice");
}

#[test]
fn no_secret_is_in_the_log_or_in_the_data() {
    let data = DataDir::new();
    let server = with_accounts(&data);
    let mut irc = Irc::connect(server.address());
    let guess = "gu3ss-of-a-stranger";
    assert_eq!(plain(&mut irc, "alice", guess).command, "904");
    assert_eq!(plain(&mut irc, "nobody", guess).command, "904");
    let mut irc = Irc::connect(server.address());
    assert_eq!(scram(&mut irc, "bob", PASSWORD).command, "903");
    let mut irc = Irc::enter(server.address(), "carol");
    irc.send(&format!("REGISTER * * {PASSWORD}-3"));
    irc.until("900 <...>");
    irc.send(&format!("NS SET PASSWORD {PASSWORD}-4"));
    irc.send(&format!("NS IDENTIFY {guess}"));
    irc.drain();
    let log = server.log.clone();
    log.expect("account_wrong");
    server.stop();
    let secrets = [PASSWORD, guess].map(|text| (text, BASE64_STANDARD.encode(text)));
    let mut places = vec![("the log".to_owned(), log.text().into_bytes())];
    for entry in fs::read_dir(data.path()).expect("a directory").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        places.push((name, fs::read(entry.path()).unwrap_or_default()));
    }
    assert!(places.len() > 1, "the data is there");
    for (place, bytes) in places {
        for (text, base64) in &secrets {
            // Without the end, which depends on what follows.
            let base64 = &base64[..base64.len() - 4];
            for secret in [text, base64] {
                let found = memchr::memmem::find(&bytes, secret.as_bytes());
                assert!(found.is_none(), "{secret} is in {place}");
            }
        }
    }
}
