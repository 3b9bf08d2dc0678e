//! Every end of a connection is explained: once in the log, with a code that stays what it is, and to the peer as far
//! as its protocol allows.

mod common;

use common::{Client, Irc, Server, Setup, connect_with, wait_for};
use std::net::{SocketAddr, TcpStream};

fn start(config: &str) -> Server {
    Setup::new()
        .config(config)
        .flag("--log")
        .flag("debug")
        .start()
}

/// A caller, and the address it is known by in the log.
fn call(server: &Server) -> (Client, SocketAddr) {
    let stream = TcpStream::connect(server.address()).unwrap();
    let name = stream.local_addr().unwrap();
    (Client::over(stream), name)
}

/// Waits for the end of this peer's connection, and sees that it is told once, with this reason.
#[track_caller]
fn expect_reason(server: &Server, peer: SocketAddr, reason: &str) -> String {
    let line = server.log.expect(&format!("closed peer={peer} "));
    assert!(line.contains(&format!(" reason={reason} ")), "{line}");
    for field in ["protocol=", "queued=", "age_s="] {
        assert!(line.contains(field), "{field} is missing: {line}");
    }
    line
}

/// Sees that each end was logged once; the server must have stopped.
#[track_caller]
fn expect_each_once(server: Server) {
    let log = server.log.clone();
    server.stop();
    log.expect("stopped");
    let text = log.text();
    let lines = text.lines();
    let peer_of = |line: &str| {
        let (_, rest) = line.split_once("closed peer=")?;
        rest.split(' ').next().map(str::to_owned)
    };
    let mut peers: Vec<String> = lines.filter_map(peer_of).collect();
    let count = peers.len();
    peers.sort();
    peers.dedup();
    assert_eq!(peers.len(), count, "told twice: {text}");
    assert_eq!(text.matches("accepted peer=").count(), count, "{text}");
}

#[test]
fn those_who_leave_by_themselves() {
    let server = start("");
    let (mut ann, quit) = call(&server);
    ann.give_name("ann");
    ann.send("/quit so long");
    ann.rest();
    let line = expect_reason(&server, quit, "client_quit");
    assert!(line.contains("DEBUG"), "{line}");
    assert!(line.contains("protocol=telnet"), "{line}");

    let (mut bob, closed) = call(&server);
    bob.give_name("bob");
    bob.end_input();
    expect_reason(&server, closed, "peer_closed");

    let (mut eve, reset) = call(&server);
    eve.give_name("eve");
    eve.reset();
    let line = expect_reason(&server, reset, "reset");
    assert!(line.contains("detail="), "what the system said: {line}");
    expect_each_once(server);
}

#[test]
fn those_who_are_too_many() {
    let limits =
        "[limits]\nclients = 3\nclients_per_address = 2\nconnections_per_minute = 3\nexempt = []\n";
    let server = start(limits);
    let (mut ann, _) = call(&server);
    ann.give_name("ann");
    let (mut bob, _) = call(&server);
    bob.give_name("bob");
    let (mut third, peer) = call(&server);
    third.expect_prefix("! too many connections from your address (");
    expect_reason(&server, peer, "too_many_from_address");
    let (mut fourth, peer) = call(&server);
    fourth.expect_prefix("! too many connections from your address, try again later (");
    expect_reason(&server, peer, "too_soon");
    expect_each_once(server);

    let server = start("[limits]\nclients = 1\n");
    let (mut ann, _) = call(&server);
    ann.give_name("ann");
    let (mut second, peer) = call(&server);
    second.expect("! the server is full, try again later");
    expect_reason(&server, peer, "server_full");
    expect_each_once(server);
}

#[test]
fn those_who_are_silent() {
    let server = start("[limits]\nregistration = \"1s\"\nping = \"1s\"\n");
    let (mut nobody, peer) = call(&server);
    nobody.find("you gave no name in time");
    expect_reason(&server, peer, "registration_timeout");
    // An IRC client that does not answer.
    let (mut ghost, peer) = call(&server);
    ghost.send_bytes(b"NICK ghost\r\nUSER g 0 * :g\r\n");
    let seen = ghost.rest();
    assert!(seen.contains("Ping timeout: "), "{seen}");
    let line = expect_reason(&server, peer, "ping_timeout");
    assert!(line.contains("protocol=irc"), "{line}");
    expect_each_once(server);
}

#[test]
fn those_who_are_sent_away() {
    // `madang passwd` makes such a line; this one has few rounds, for the sake of the test's time.
    let hash = "pbkdf2-sha256$1000$00000000000000000000000000000000$\
                02462c40b8355955b6b10f26fad4a0eaf32729d98a44bc4ff3f5f7d072bf20f5";
    let operator = format!("[[operator]]\nname = \"root\"\npassword = \"{hash}\"\n");
    let server = start(&format!("[server]\npassword = \"open\"\n{operator}"));
    let (mut guess, peer) = call(&server);
    guess.find("password");
    for _ in 0..3 {
        guess.send("wrong");
    }
    guess.find("that is not the password; good-bye");
    let line = expect_reason(&server, peer, "bad_password");
    assert!(line.contains("INFO"), "{line}");
    let (mut guess, peer) = call(&server);
    guess.send_bytes(b"PASS wrong\r\nNICK ann\r\nUSER a 0 * :a\r\n");
    guess.find("Bad password");
    expect_reason(&server, peer, "bad_password");
    expect_each_once(server);

    let server = start(&operator);
    let mut root = Irc::enter(server.address(), "ruth");
    let (mut bob, killed) = call(&server);
    bob.give_name("bob");
    let (mut eve, banned) = call(&server);
    eve.give_name("eve");
    root.send("OPER root secret");
    root.until("381 ruth <any>");
    root.send("KILL bob :enough");
    bob.find("Killed");
    expect_reason(&server, killed, "killed");
    root.send("KLINE 10 *@127.0.0.0/8 :go away");
    eve.find("go away");
    expect_reason(&server, banned, "banned");
    // Who comes back is banned still.
    let (mut again, peer) = call(&server);
    again.send("eve");
    again.find("you are banned from this server: go away");
    expect_reason(&server, peer, "banned");
    expect_each_once(server);
}

#[test]
fn those_who_do_not_read() {
    let config = "[limits]\nmessages_per_second = 0\nsend_queue = \"64 KiB\"\n";
    let server = Setup::new()
        .listen("any://127.0.0.1:0?sndbuf=8192")
        .config(config)
        .flag("--log")
        .flag("debug")
        .start();
    let stream = connect_with(server.address(), 4096);
    let peer = stream.local_addr().unwrap();
    let mut stuck = Client::over(stream);
    stuck.give_name("stuck");
    let mut bob = Client::enter(server.address(), "bob");
    let mut ann = Client::enter(server.address(), "ann");
    let text = "x".repeat(1000);
    bob.skip_all();
    while !server.log.text().contains("reason=sendq_exceeded") {
        ann.send(&text);
        bob.line();
    }
    let line = expect_reason(&server, peer, "sendq_exceeded");
    let (_, queued) = line.split_once(" queued=").unwrap();
    let queued = queued.split(' ').next().unwrap();
    assert!(queued.parse::<usize>().unwrap() > 64 * 1024, "{line}");
    assert!(line.contains("INFO"), "{line}");
    expect_each_once(server);
}

#[test]
fn those_who_are_there_when_the_server_stops() {
    let server = start("");
    let (mut ann, one) = call(&server);
    ann.give_name("ann");
    let (_silent, other) = call(&server);
    server.log.expect(&format!("accepted peer={other}"));
    let log = server.log.clone();
    server.stop();
    log.expect("stopped");
    let text = log.text();
    for peer in [one, other] {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("closed peer={peer} ")));
        assert!(
            line.is_some_and(|line| line.contains("reason=shutdown")),
            "{text}"
        );
    }
}

#[test]
fn those_for_whom_there_is_no_descriptor() {
    let server = Setup::new()
        .descriptors(24)
        .flag("--log")
        .flag("debug")
        .start();
    let mut inside = Vec::new();
    let shed = loop {
        let (mut client, peer) = call(&server);
        if let Some(line) = client.next_line() {
            if line == "! the server is full, try again later" {
                break (client, peer);
            }
        }
        inside.push(client);
        assert!(
            inside.len() < 24,
            "there were no more descriptors than that"
        );
    };
    let told = format!("turned away peer={} reason=out_of_descriptors", shed.1);
    let full = format!("closed peer={} protocol=none reason=server_full", shed.1);
    // The word may reach the caller before the line reaches the log.
    wait_for("the reason in the log", || {
        let text = server.log.text();
        (text.contains(&told) || text.contains(&full)).then_some(())
    });
}
