//! Guessing, from outside: at each door, by each protocol, wrong passwords are answered later and later, counted and
//! logged; who was right before is let in beside any number of guessers.

mod common;

use common::{Client, PATIENCE, Server, Setup, Socket, fetch};
use socket2::{Domain, Type};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Instant,
};

/// `madang passwd` makes such a line; this one has few rounds, for the sake of the test's time. The password is `secret`.
const HASH: &str = "pbkdf2-sha256$1000$00000000000000000000000000000000$\
                    02462c40b8355955b6b10f26fad4a0eaf32729d98a44bc4ff3f5f7d072bf20f5";

/// Not a word of anything else.
const GUESS: &str = "gu3ss-of-a-stranger";

fn start(config: &str) -> Server {
    Setup::new()
        .config(config)
        .listen("any://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .start()
}

fn with_operator() -> Server {
    start(&format!(
        "[[operator]]\nname = 'root'\npassword = '{HASH}'\n[limits]\nmessages_per_second = 0\n"
    ))
}

/// How many attempts there were at a door, by outcome.
fn attempts(server: &Server, door: &str, outcome: &str) -> u64 {
    let text = fetch(server.address_of(1), "/metrics").body;
    let labels =
        format!("madang_password_attempts_total{{door=\"{door}\",outcome=\"{outcome}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&labels));
    line.and_then(|number| number.parse().ok())
        .expect("a counter")
}

/// Does something again and again until it is answered with a delay. Delays double, so no machine is too slow for it.
fn until_delayed(mut guess: impl FnMut() -> bool) {
    let began = Instant::now();
    while !guess() {
        assert!(began.elapsed() < PATIENCE, "nobody is ever delayed");
    }
}

/// A client that calls from an address of this machine.
fn connect_from(address: SocketAddr, from: Ipv4Addr) -> Client {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let from: SocketAddr = (from, 0).into();
    socket
        .bind(&from.into())
        .expect("loopback has many addresses");
    socket.connect(&address.into()).expect("it listens");
    Client::over(socket.into())
}

fn enter_from(address: SocketAddr, from: Ipv4Addr, nick: &str) -> Client {
    let mut client = connect_from(address, from);
    client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r"));
    client.find(" 422 ");
    client
}

/// Sends OPER; the numeric that answers it.
fn oper(client: &mut Client, name: &str, password: &str) -> &'static str {
    client.send(&format!("OPER {name} {password}\r"));
    loop {
        let line = client.line();
        let known = ["381", "464", "263"];
        if let Some(code) = known
            .into_iter()
            .find(|it| line.contains(&format!(" {it} ")))
        {
            return code;
        }
    }
}

#[test]
fn the_server_s_password_is_asked_for_three_times_and_guesses_are_delayed() {
    let server = start("[server]\npassword = 'open sesame'\n");
    let address = server.address();
    let mut telnet = Client::connect(address);
    telnet.find("what is the password?");
    for _ in 0..2 {
        telnet.send(GUESS);
        telnet.expect("! that is not the password; try again");
    }
    telnet.send(GUESS);
    telnet.expect("! that is not the password; good-bye");
    telnet.expect_end();
    until_delayed(|| {
        let mut telnet = Client::connect(address);
        telnet.find("what is the password?");
        telnet.send(GUESS);
        telnet
            .line()
            .contains("too many wrong passwords; try again in")
    });
    until_delayed(|| {
        let mut irc = Client::connect(address);
        irc.send(&format!("PASS {GUESS}\r\nNICK x\r\nUSER x 0 * :x\r"));
        irc.find(" 464 ")
            .contains("Too many wrong passwords; try again in")
    });
    until_delayed(|| {
        let mut web = Socket::connect(address, &[]);
        web.send(&format!("PASS {GUESS}"));
        web.send("NICK x");
        web.send("USER x 0 * :x");
        web.find(" 464 ")
            .contains("Too many wrong passwords; try again in")
    });
    assert!(attempts(&server, "server", "wrong") >= 4);
    assert!(attempts(&server, "server", "delayed") >= 3);
    // Others are let in, and so is this address when its time has come.
    let mut other = connect_from(address, Ipv4Addr::new(127, 0, 0, 2));
    other.send("PASS :open sesame\r\nNICK other\r\nUSER o 0 * :o\r");
    other.find(" 001 other ");
    until_delayed(|| {
        let mut irc = Client::connect(address);
        irc.send("PASS :open sesame\r\nNICK late\r\nUSER l 0 * :l\r");
        loop {
            let Some(line) = irc.next_line() else {
                return false;
            };
            if line.contains(" 001 ") {
                return true;
            }
        }
    });
    assert_eq!(attempts(&server, "server", "right"), 2);
    server.log.expect("a password was not accepted");
    assert!(
        !server.log.text().contains(GUESS),
        "what was typed is logged"
    );
    server.stop();
}

#[test]
fn guesses_of_operators_names_and_passwords_are_delayed_by_irc_and_by_websocket() {
    let server = with_operator();
    let mut guesser = enter_from(server.address(), Ipv4Addr::new(127, 0, 1, 1), "guesser");
    assert_eq!(oper(&mut guesser, "root", GUESS), "464");
    assert_eq!(oper(&mut guesser, "nobody", GUESS), "464");
    until_delayed(|| oper(&mut guesser, "root", GUESS) == "263");
    let mut web = Socket::enter(server.address(), "web");
    until_delayed(|| {
        web.send(&format!("OPER other {GUESS}"));
        loop {
            let line = web.line();
            if line.contains(" 464 ") {
                return false;
            }
            if line.contains(" 263 ") {
                return true;
            }
        }
    });
    assert!(attempts(&server, "operator", "wrong") >= 8);
    assert!(attempts(&server, "operator", "delayed") >= 2);
    assert!(
        !server.log.text().contains(GUESS),
        "what was typed is logged"
    );
    server.stop();
}

#[test]
fn an_operator_is_let_in_beside_guessers_from_many_addresses() {
    let server = with_operator();
    let home = Ipv4Addr::new(127, 0, 0, 9);
    let mut root = enter_from(server.address(), home, "owner");
    assert_eq!(oper(&mut root, "root", "secret"), "381");
    root.send("QUIT\r");
    root.rest();
    let guesser = |n| {
        enter_from(
            server.address(),
            Ipv4Addr::new(127, 0, 2, n),
            &format!("g{n}"),
        )
    };
    let mut guessers: Vec<_> = (1..=30).map(guesser).collect();
    // The first attempt of each is looked at. After it each has guesses left, and the name has none.
    let mut round = || -> Vec<_> {
        let answers = guessers
            .iter_mut()
            .map(|guesser| oper(guesser, "root", GUESS));
        answers.collect()
    };
    assert_eq!(round(), ["464"; 30]);
    let answers = round();
    assert!(answers.contains(&"263"), "{answers:?}");
    for guesser in &mut guessers {
        guesser.send(&format!("OPER root {GUESS}\r"));
    }
    let mut root = enter_from(server.address(), home, "owner");
    assert_eq!(oper(&mut root, "root", "secret"), "381");
    assert_eq!(attempts(&server, "operator", "right"), 2);
    server.stop();
}
