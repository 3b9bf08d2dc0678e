//! What a stranger can make the server do is bounded: bytes before a name is given, and what many are told of many.

mod common;

use common::{Client, Irc, Net, Setup, Socket};

/// More than may come before a name.
const TOO_MUCH: usize = 40 * 1024;

const TOLD: &str = "! you sent too much without giving a name; good-bye";

#[test]
fn telnet_negotiation_without_a_name_ends() {
    for url in ["telnet://127.0.0.1:0", "any://127.0.0.1:0"] {
        let mut server = Setup::new().listen(url).start();
        let mut caller = Client::connect(server.address());
        caller.send_bytes(&b"\xff\xfb\x01\xff\xfd\x03".repeat(TOO_MUCH / 6));
        let seen = String::from_utf8_lossy(&caller.rest_bytes()).into_owned();
        assert!(seen.ends_with(&format!("{TOLD}\r\n")), "{url}: {seen}");
        server.expect_unharmed();
    }
}

#[test]
fn lines_without_a_name_end_too() {
    let mut server = Setup::new()
        .listen("irc://127.0.0.1:0")
        .config("[limits]\nmessages_per_second = 0\n")
        .start();
    let mut caller = Client::connect(server.address());
    caller.send_bytes(&b"PING :and again\r\n".repeat(TOO_MUCH / 17));
    let seen = caller.rest();
    let last = seen.lines().last().unwrap_or_default();
    assert!(last.starts_with("ERROR :"), "{last}");
    assert!(last.contains("Too much was sent before a name"), "{last}");
    server.expect_unharmed();
}

#[test]
fn messages_without_a_name_end_too() {
    let mut server = Setup::new().listen("http://127.0.0.1:0").start();
    let mut caller = Socket::connect(server.address(), &["text.ircv3.net"]);
    let line = format!("CAP LS :{}", "x".repeat(400));
    for _ in 0..TOO_MUCH / line.len() {
        caller.send(&line);
    }
    caller.find("Too much was sent before a name");
    server.expect_unharmed();
}

#[test]
fn who_has_a_name_may_send_as_much_as_they_like() {
    let mut server = Setup::new()
        .config("[limits]\nmessages_per_second = 0\n")
        .start();
    let mut ann = Client::enter(server.address(), "ann");
    ann.send_bytes(&b"\xff\xf1".repeat(TOO_MUCH));
    ann.send("/nick eve");
    ann.find("eve");
    server.expect_unharmed();
}

#[test]
fn a_long_negotiation_of_capabilities_fits() {
    let mut server = Setup::new().listen("irc://127.0.0.1:0").start();
    let mut caller = Client::connect(server.address());
    let wishes = ":multi-prefix away-notify extended-join server-time batch message-tags";
    caller.send_bytes(b"CAP LS 302\r\n");
    for _ in 0..40 {
        caller.send_bytes(format!("CAP REQ {wishes}\r\n").as_bytes());
    }
    caller.send_bytes(b"NICK ann\r\nUSER ann 0 * :Ann\r\nCAP END\r\n");
    caller.find(" 001 ann ");
    server.expect_unharmed();
}

#[test]
fn of_many_who_are_banned_together_each_is_told_to_those_who_stay_and_to_nobody_else() {
    const CROWD: usize = 30;
    // `madang passwd` makes such a line; this one has few rounds, for the sake of the test's time.
    let hash = "pbkdf2-sha256$1000$00000000000000000000000000000000$\
                02462c40b8355955b6b10f26fad4a0eaf32729d98a44bc4ff3f5f7d072bf20f5";
    let net = Net::with(&format!(
        "[[operator]]\nname = \"root\"\npassword = \"{hash}\"\n"
    ));
    let mut operator = net.enter("boss");
    operator.send("OPER root secret");
    operator.until("381 boss <any>");
    operator.send("JOIN #r");
    let mut crowd: Vec<Irc> = (0..CROWD)
        .map(|n| net.enter(&format!("guest{n}")))
        .collect();
    for guest in &mut crowd {
        guest.send("JOIN #r");
        guest.drain();
    }
    for guest in &mut crowd {
        guest.drain();
    }
    operator.drain();
    operator.send("KLINE *@127.0.0.1 :go");
    let mut gone = std::collections::BTreeSet::new();
    while gone.len() < CROWD {
        let quit = operator.next();
        if quit.command != "QUIT" {
            continue;
        }
        assert!(gone.insert(quit.source.clone()), "twice: {quit:?}");
    }
    for guest in crowd {
        let mut guest = guest;
        let last = guest.rest();
        assert_eq!(last.commands(), ["ERROR"], "{last:?}");
    }
}
