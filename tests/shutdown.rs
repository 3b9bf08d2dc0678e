//! Signals and the end: last words, clean ends of streams, exit codes, the port free again, and the configuration
//! read anew.

mod common;

use common::{Client, PATIENCE, QUESTION, Server, Setup, TempFile, WELCOME, connect_with};
use rustix::process::Signal;
use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

const LAST_WORDS: &str = "* madang.local is shutting down, good-bye";

#[test]
fn two_hundred_get_the_last_words_and_a_clean_end() {
    let mut server = Server::start();
    let address = server.address();
    let mut clients: Vec<Client> = (0..200).map(|_| Client::connect(address)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        // Some give no name, some not even a line.
        match number % 4 {
            0 => client.send_bytes(b"half a li"),
            1 => client.skip_to(QUESTION),
            _ => client.give_name(&format!("guest{number}")),
        }
    }
    clients[0].skip_to(QUESTION);
    let told = Instant::now();
    server.signal(Signal::TERM);
    for client in &mut clients {
        // A reset would be an error here. Nobody is told of the others' going, for all go.
        let seen = client.rest();
        assert!(seen.ends_with(&format!("{LAST_WORDS}\r\n")), "{seen:?}");
        assert!(!seen.contains(" quit ("), "{seen:?}");
    }
    drop(clients);
    assert_eq!(server.wait(), Some(0));
    assert!(told.elapsed() < PATIENCE);
    server.log.expect("stopping");
    server.log.expect("stopped");
}

#[test]
fn the_port_can_be_bound_again_at_once() {
    let mut server = Server::start();
    let address = server.address();
    // Ended by the server first, so the connections stay in the kernel for a minute (TIME_WAIT).
    let mut clients: Vec<Client> = (0..10)
        .map(|number| Client::enter(address, &format!("guest{number}")))
        .collect();
    server.signal(Signal::INT);
    for client in &mut clients {
        client.rest();
    }
    drop(clients);
    assert_eq!(server.wait(), Some(0));
    let again = Setup::new().listen(&format!("any://{address}")).start();
    assert_eq!(again.address(), address);
    Client::enter(address, "ann");
}

#[test]
fn callers_in_the_doorway_get_the_last_words_too() {
    // Many rounds, for the moment matters: some are accepted, others still wait in the kernel.
    for _ in 0..10 {
        let mut server = Server::start();
        let address = server.address();
        let mut callers: Vec<Client> = (0..300).map(|_| Client::connect(address)).collect();
        let told = Instant::now();
        server.signal(Signal::TERM);
        for caller in &mut callers {
            let seen = caller.rest();
            assert!(seen.ends_with(&format!("{LAST_WORDS}\r\n")), "{seen:?}");
        }
        drop(callers);
        assert_eq!(server.wait(), Some(0));
        assert!(told.elapsed().as_secs() < 4, "{:?}", told.elapsed());
    }
}

#[test]
fn what_is_queued_is_delivered_before_the_end() {
    let config = "[limits]\nmessages_per_second = 0\n";
    let listen = "any://127.0.0.1:0?sndbuf=16384";
    let mut server = Setup::new().listen(listen).config(config).start();
    let mut slow = Client::over(connect_with(server.address(), 4096));
    slow.give_name("slow");
    let mut ann = Client::enter(server.address(), "ann");
    // More than the kernel takes, less than a queue may hold.
    let line = "x".repeat(1000);
    for number in 0..300 {
        ann.send(&format!("{number} {line}"));
    }
    ann.skip_all();
    server.signal(Signal::TERM);
    slow.expect("* ann joined #lobby");
    for number in 0..300 {
        slow.expect(&format!("#lobby <ann> {number} {line}"));
    }
    slow.expect(LAST_WORDS);
    slow.expect_end();
    drop(slow);
    drop(ann);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_paste_that_is_cut_short_does_not_spoil_the_end() {
    let mut server = Server::start();
    let mut clients: Vec<Client> = (0..20)
        .map(|number| {
            let mut client = Client::enter(server.address(), &format!("guest{number}"));
            client.send(&format!("/join room{number}"));
            client.skip_all();
            // Half a minute's worth at the default rate: most of it is still unread at the end.
            client.send_bytes("one of many\n".repeat(600).as_bytes());
            client
        })
        .collect();
    server.signal(Signal::TERM);
    for client in &mut clients {
        assert!(client.rest().ends_with(&format!("{LAST_WORDS}\r\n")));
    }
    drop(clients);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn one_who_does_not_read_cannot_hold_up_the_end() {
    let config = "[limits]\nmessages_per_second = 0\n";
    let listen = "any://127.0.0.1:0?sndbuf=16384";
    let mut server = Setup::new().listen(listen).config(config).start();
    let mut stuck = Client::over(connect_with(server.address(), 4096));
    stuck.give_name("stuck");
    let mut ann = Client::enter(server.address(), "ann");
    let line = "x".repeat(1000);
    for _ in 0..300 {
        ann.send(&line);
    }
    ann.skip_all();
    let told = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), Some(0));
    let took = told.elapsed();
    assert!(took.as_secs() >= 4 && took.as_secs() < 15, "{took:?}");
    assert_eq!(ann.rest(), format!("{LAST_WORDS}\r\n"));
}

#[test]
fn peers_that_never_close_get_all_they_are_owed_and_do_not_hold_up_the_end() {
    let mut server = Server::start();
    let address = server.address();
    let mut clients: Vec<Client> = (0..50).map(|_| Client::connect(address)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.give_name(&format!("guest{number}"));
    }
    for client in &mut clients {
        client.skip_all();
        client.send_bytes(b"input that nobody will read");
    }
    let told = Instant::now();
    server.signal(Signal::TERM);
    // They read only when the server is gone, and close nothing before.
    assert_eq!(server.wait(), Some(0));
    let took = told.elapsed();
    assert!(
        took < Duration::from_secs(4),
        "it waited for its bound: {took:?}"
    );
    server.log.expect("cut_off=0");
    for client in &mut clients {
        // A reset would be an error here.
        let seen = client.rest();
        assert!(seen.ends_with(&format!("{LAST_WORDS}\r\n")), "{seen:?}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let config = "[limits]\nmessages_per_second = 0\n";
    let listen = "any://127.0.0.1:0?sndbuf=16384";
    let mut server = Setup::new().listen(listen).config(config).start();
    // Someone who does not read what they are owed, so the end takes a while.
    let mut stuck = Client::over(connect_with(server.address(), 4096));
    stuck.give_name("stuck");
    let mut ann = Client::enter(server.address(), "ann");
    for _ in 0..300 {
        ann.send(&"x".repeat(1000));
    }
    ann.skip_all();
    server.signal(Signal::TERM);
    // It has begun.
    ann.expect(LAST_WORDS);
    server.signal(Signal::TERM);
    assert!(server.wait().is_some());
    server.log.expect("second signal");
}

#[test]
fn the_configuration_is_read_anew_and_shows_in_the_next_greeting() {
    let motd = TempFile::new("txt", "old words\n");
    let path = motd.path().to_str().unwrap();
    let config = format!("[server]\nmotd = \"{path}\"\n[limits]\nburst = 5\n");
    let server = Setup::new().config(&config).start();
    let mut ann = Client::connect(server.address());
    ann.expect(WELCOME);
    ann.expect("* old words");
    ann.give_name("ann");
    motd.write("new words\n");
    let changed = format!(
        "[server]\nname = \"new.example\"\nmotd = \"{path}\"\nunicode_names = false\ndata = \"/nowhere\"\n[limits]\nclients = 7\n"
    );
    std::fs::write(server.config_file(), changed).unwrap();
    server.signal(Signal::HUP);
    server.log.expect("configuration read again");
    // What takes a restart is named.
    server.log.expect("unicode_names");
    server.log.expect("data changed");
    server.log.expect("clients");
    let mut bob = Client::connect(server.address());
    bob.expect("* welcome to new.example");
    bob.expect("* new words");
    bob.give_name("bob");
    ann.expect("* bob joined #lobby");
    server.stop();
}

#[test]
fn a_broken_file_changes_nothing() {
    let config = "[server]\nname = \"old.example\"\n";
    let server = Setup::new().config(config).start();
    let mut ann = Client::enter(server.address(), "ann");
    for broken in [
        "[server]\nname = \"new.example\"\nnmae = 1\n",
        "[server\n",
        "[limits]\nline = \"1 B\"\n",
        "\u{0}",
    ] {
        std::fs::write(server.config_file(), broken).unwrap();
        let kept = |text: &str| text.matches("stays as it was").count();
        let before = kept(&server.log.text());
        server.signal(Signal::HUP);
        common::wait_for("a refusal", || {
            (kept(&server.log.text()) > before).then_some(())
        });
        Client::connect(server.address()).expect("* welcome to old.example");
    }
    let log = server.log.text();
    assert!(
        log.contains("did you mean \\\"name\\\"") || log.contains("did you mean \"name\""),
        "{log}"
    );
    ann.expect_nothing_more();
    server.stop();
}

#[test]
fn a_port_in_use_is_told_in_plain_words() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = taken.local_addr().unwrap();
    let outcome = Setup::new().listen(&format!("any://{address}")).run();
    assert_eq!(outcome.code, Some(1));
    assert_eq!(outcome.stdout, "");
    let told = format!("madang: cannot listen on {address}: address already in use\n");
    assert!(outcome.stderr.ends_with(&told), "{}", outcome.stderr);
}

#[test]
fn listeners_are_announced_in_order_with_their_real_ports() {
    let setup = Setup::new().listen("any://127.0.0.1:0");
    let setup = setup.listen("telnet://127.0.0.1:0?backlog=7");
    let setup = setup
        .listen("echo://[::1]:0")
        .listen("echo+udp://127.0.0.1:0");
    let server = setup.listen("any://[::]:0").start();
    let schemes = [
        "any://127.0.0.1:",
        "telnet://127.0.0.1:",
        "echo://[::1]:",
        "echo+udp://127.0.0.1:",
        "any://[::]:",
    ];
    for (url, scheme) in server.urls().iter().zip(schemes) {
        assert!(url.starts_with(scheme), "{url}");
        assert!(!url.ends_with(":0"), "{url}");
    }
    for index in [0, 1, 4] {
        Client::enter(server.address_of(index), &format!("guest{index}"));
    }
    // Both families at `[::]`.
    let port = server.address_of(4).port();
    for host in ["127.0.0.1", "::1"] {
        let stream = TcpStream::connect((host, port));
        match stream {
            Ok(stream) => Client::over(stream).expect(WELCOME),
            Err(error) => assert_ne!(error.kind(), ErrorKind::ConnectionRefused, "{host}"),
        }
    }
    server.stop();
}
