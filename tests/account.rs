//! Accounts as operators of the server and hosts have them: suspended, made for others, and looked after from a shell.

mod common;

use common::{Irc, Server, Setup};
use std::path::PathBuf;

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
