//! Behind proxies: the PROXY protocol before any protocol, and header fields of HTTP. The client's own address counts, and
//! the word of nobody but a proxy of the configuration.

mod common;

use common::{Client, Irc, PATIENCE, Server, Setup, fetch_with, wait_for};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

/// The addresses of clients behind the proxy in these tests.
const ANN: &str = "192.0.2.1";
const BOB: &str = "192.0.2.2";

fn start(config: &str, urls: &[&str]) -> Server {
    let setup = Setup::new().config(config).flag("--log").flag("debug");
    urls.iter()
        .fold(setup, |setup, url| setup.listen(url))
        .start()
}

fn header(address: &str) -> String {
    format!("PROXY TCP4 {address} 203.0.113.7 56324 6667\r\n")
}

/// Connects as a proxy does for a client.
fn through(server: &Server, listener: usize, address: &str) -> Client {
    let mut client = Client::connect(server.address_of(listener));
    client.send_bytes(header(address).as_bytes());
    client
}

/// Enters by IRC through a proxy.
fn enter(server: &Server, listener: usize, address: &str, nick: &str) -> Client {
    let mut client = through(server, listener, address);
    client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r"));
    client.find(" 001 ");
    client
}

/// An operator who sees real addresses, straight to the second listener.
fn operator(server: &Server) -> Irc {
    let mut operator = Irc::enter(server.address_of(1), "boss");
    operator.send("OPER boss secret");
    operator.until("381 boss <any>");
    operator
}

/// What `madang passwd` prints for `secret`, with few rounds.
const OPERATOR: &str = "[[operator]]\nname = 'boss'\npassword = 'pbkdf2-sha256$1000$\
                        00112233445566778899aabbccddeeff$\
                        588372775fb38b5711b6f36b465e293dc7b793e008550ee8a10bb26a8e7f85b8'\n";

/// Everything up to the end of file.
fn rest(mut stream: TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    // A reset after the last bytes is an end too.
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn every_protocol_works_behind_the_header() {
    let server = start(
        "",
        &[
            "any://127.0.0.1:0?proxy=127.0.0.0/8",
            "irc://127.0.0.1:0?proxy=127.0.0.1",
            "http://127.0.0.1:0?proxy=127.0.0.1&proxy_protocol=true",
            "echo://127.0.0.1:0?proxy=127.0.0.1,192.0.2.0/24",
            "telnet://127.0.0.1:0?proxy=127.0.0.1",
        ],
    );
    // Telnet: the greeting comes after the header, at once or after the silence.
    for listener in [0, 4] {
        let mut client = through(&server, listener, ANN);
        client.skip_to("* what is your name?");
    }
    // In one packet with what follows it, and byte by byte.
    let mut ann = Client::connect(server.address_of(0));
    ann.send_bytes(format!("{}NICK ann\r\nUSER a 0 * :a\r\n", header(ANN)).as_bytes());
    ann.find(" 001 ann ");
    let mut bob = Client::connect(server.address_of(1));
    for byte in format!("{}NICK bob\r\nUSER b 0 * :b\r\n", header(BOB)).bytes() {
        bob.send_bytes(&[byte]);
    }
    bob.find(" 001 bob ");
    let mut page = TcpStream::connect(server.address_of(2)).unwrap();
    let request = format!("{}GET /status HTTP/1.0\r\n\r\n", header(ANN));
    page.write_all(request.as_bytes()).unwrap();
    assert!(rest(page).starts_with(b"HTTP/1.1 200 "));
    let mut echo = TcpStream::connect(server.address_of(3)).unwrap();
    let bytes = [header(ANN).as_bytes(), b"PROXY \0\xff"].concat();
    echo.write_all(&bytes).unwrap();
    echo.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(rest(echo), b"PROXY \0\xff");
    // Version 2, with a record behind the addresses.
    let mut eve = Client::connect(server.address_of(0));
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x10".to_vec();
    binary.extend([192, 0, 2, 3, 203, 0, 113, 7, 0xdc, 4, 1, 0xbb, 4, 0, 1, 0]);
    binary.extend(b"NICK eve\r\nUSER e 0 * :e\r\n");
    eve.send_bytes(&binary);
    eve.find(" 001 eve ");
    server
        .log
        .expect("forwarded peer=192.0.2.3:56324 proxy=127.0.0.1:");
    server.stop();
}

#[test]
fn a_user_has_the_address_of_the_client() {
    let server = start(
        OPERATOR,
        &["irc://127.0.0.1:0?proxy=127.0.0.1", "irc://127.0.0.1:0"],
    );
    let _ann = enter(&server, 0, ANN, "ann");
    let mut root = operator(&server);
    root.send("WHOIS ann");
    let text = format!("{:?}", root.drain());
    assert!(text.contains(ANN), "{text}");
    // A ban of the address concerns this client and no other of the proxy.
    let bob = enter(&server, 0, BOB, "bob");
    root.send(&format!("KLINE *@{ANN} :away with it"));
    root.drain();
    server.log.expect("closed peer=192.0.2.1:56324 ");
    let mut again = through(&server, 0, ANN);
    again.send("NICK ann\r\nUSER a 0 * :a\r");
    again.find("ERROR ");
    drop(bob);
    server.stop();
}

#[test]
fn limits_count_the_client_and_not_the_proxy() {
    let config = "[limits]\nclients_per_address = 2\nexempt = []\n";
    let server = start(config, &["irc://127.0.0.1:0?proxy=127.0.0.1"]);
    let mut all = Vec::new();
    for client in 1..=4 {
        let address = format!("192.0.2.{client}");
        for number in 0..2 {
            all.push(enter(&server, 0, &address, &format!("n{client}x{number}")));
        }
        let mut third = through(&server, 0, &address);
        third.find("Too many connections from your address");
    }
    // A place is free again for its own address.
    all.truncate(7);
    server.log.expect_times("reason=peer_closed", 1);
    all.push(enter(&server, 0, "192.0.2.4", "again"));
    server.stop();
}

#[test]
fn tls_begins_behind_the_header() {
    let server = Setup::new()
        .flag("--tls-self-signed")
        .listen("ircs://127.0.0.1:0?proxy=127.0.0.1")
        .start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(header(ANN).as_bytes()).unwrap();
    // Plain text there is answered in plain text, so the header was taken off.
    stream.write_all(b"NICK ann\r\n").unwrap();
    let text = String::from_utf8_lossy(&rest(stream)).into_owned();
    assert!(text.contains("This port is for TLS"), "{text}");
    // The record of a client's hello, of which no more than the alert matters.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let hello = [header(ANN).as_bytes(), &[22, 3, 1, 0, 4, 1, 0, 0, 0]].concat();
    stream.write_all(&hello).unwrap();
    let bytes = rest(stream);
    assert_eq!(bytes.first(), Some(&21), "an alert of TLS: {bytes:?}");
    server.stop();
}

#[test]
fn a_missing_wrong_or_slow_header_ends_the_connection_with_a_line_in_the_log() {
    let server = start(
        "[limits]\nregistration = '1s'\n",
        &["any://127.0.0.1:0?proxy=127.0.0.1"],
    );
    let address = server.address();
    let listener = &server.urls()[0];
    for (input, fault) in [
        (&b"NICK ann\r\n"[..], "the connection begins without one"),
        (b"\x16\x03\x01\x00\x04", "the connection begins without one"),
        (b"PROXY TCP4 1.2.3.4 x 1 1\r\n", "its address is wrong"),
        (b"\r\n\r\n\0\r\nQUIT\n\x31", "its version is unknown"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "it is too long"),
        (b"PROXY TCP4 1.2.3.4", "none came in time"),
        (b"", "none came in time"),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        let peer = stream.local_addr().unwrap();
        stream.write_all(input).unwrap();
        assert_eq!(rest(stream), b"", "nothing is said to it");
        let line = server.log.expect(&format!("closed peer={peer} "));
        assert!(line.contains("reason=proxy_header"), "{line}");
        let detail = format!("the header of the PROXY protocol at {listener}: {fault}");
        assert!(line.contains(&detail), "{line}");
        assert!(line.contains("INFO"), "{line}");
    }
    server.stop();
}

#[test]
fn nobody_else_may_send_a_header() {
    let server = start("", &["irc://127.0.0.1:0?proxy=192.0.2.0/24"]);
    let mut client = through(&server, 0, ANN);
    // Just an unknown command, which comes before registration.
    client.find(" 451 ");
    client.send("NICK ann\r\nUSER ann 0 * :ann\r");
    client.find(" 001 ann ");
    assert!(!server.log.text().contains("forwarded peer="));
    server.stop();
}

#[test]
fn a_health_check_of_the_proxy_is_a_client_of_its_own() {
    let server = start("", &["irc://127.0.0.1:0?proxy=127.0.0.1"]);
    for header in [
        &b"PROXY UNKNOWN\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00",
    ] {
        let mut client = Client::connect(server.address());
        let own = client.stream.local_addr().unwrap();
        client.send_bytes(header);
        client.send("NICK ann\r\nUSER ann 0 * :ann\r");
        client.find(" 001 ann ");
        client.send("QUIT\r");
        server.log.expect(&format!("closed peer={own} "));
    }
    server.stop();
}

/// Asks for a page through a web proxy; the status.
fn get(server: &Server, listener: usize, fields: &str) -> u16 {
    let mut client = Client::connect(server.address_of(listener));
    fetch_with(&mut client, "/", fields).status
}

#[test]
fn a_web_proxy_names_the_client_in_each_request() {
    let config = "[limits]\nclients_per_address = 0\nconnections_per_minute = 3\nexempt = []\n";
    let server = start(
        config,
        &[
            "http://127.0.0.1:0?proxy=127.0.0.1,10.0.0.0/8",
            "http://127.0.0.1:0?proxy=192.0.2.0/24",
        ],
    );
    let of = |address: &str| format!("X-Forwarded-For: {address}\r\n");
    // Three at once, and then this address connects too often; no other is concerned, and the proxy itself is not.
    for _ in 0..3 {
        assert_eq!(get(&server, 0, &of(ANN)), 200);
    }
    assert_eq!(get(&server, 0, &of(ANN)), 503);
    assert_eq!(get(&server, 0, &of("192.0.2.1, 10.0.0.9")), 503);
    assert_eq!(get(&server, 0, &of("192.0.2.1, 192.0.2.7")), 200);
    assert_eq!(get(&server, 0, &format!("Forwarded: for={BOB}\r\n")), 200);
    assert_eq!(get(&server, 0, ""), 200, "a health check");
    let forged = format!("{}Forwarded: for=192.0.2.99\r\n", of(BOB));
    assert_eq!(get(&server, 0, &forged), 400);
    server.log.expect("contradict each other");
    // From a peer that is no proxy it is a field like any other: this is the fourth connection of 127.0.0.1.
    let statuses: Vec<u16> = (0..4)
        .map(|n| get(&server, 1, &of(&format!("192.0.2.{n}"))))
        .collect();
    assert_eq!(statuses, [200, 200, 200, 503]);
    server.stop();
}

#[test]
fn a_connection_that_carries_requests_of_several_clients_counts_for_each() {
    let config = "[limits]\nclients_per_address = 1\nexempt = []\n";
    let server = start(config, &["http://127.0.0.1:0?proxy=127.0.0.1"]);
    let mut proxy = Client::connect(server.address());
    let mut ask = |address: &str| {
        let fields = format!("X-Forwarded-For: {address}\r\n");
        assert_eq!(fetch_with(&mut proxy, "/status", &fields).status, 200);
    };
    for _ in 0..3 {
        ask(ANN);
        ask(BOB);
    }
    // The place is that of the last one: the other has none.
    let of = |address: &str| format!("X-Forwarded-For: {address}\r\n");
    assert_eq!(get(&server, 0, &of(ANN)), 200);
    assert_eq!(get(&server, 0, &of(BOB)), 503);
    server.stop();
}

#[test]
fn a_page_behind_a_proxy_has_its_client_s_address() {
    let server = start(
        OPERATOR,
        &["http://127.0.0.1:0?proxy=127.0.0.1", "irc://127.0.0.1:0"],
    );
    let address: SocketAddr = server.address_of(0);
    let mut page = TcpStream::connect(address).unwrap();
    let upgrade = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
                   X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n";
    page.write_all(upgrade.as_bytes()).unwrap();
    // Two masked messages; a mask of zeros changes nothing.
    for line in ["NICK ann", "USER ann 0 * :ann"] {
        let mut frame = vec![0x81, 0x80 | line.len() as u8, 0, 0, 0, 0];
        frame.extend(line.bytes());
        page.write_all(&frame).unwrap();
    }
    let mut root = operator(&server);
    let shown = wait_for("ann", || {
        root.send("WHOIS ann");
        let shown = format!("{:?}", root.drain());
        shown.contains(" 311 ").then_some(shown)
    });
    assert!(shown.contains(ANN), "{shown}");
    assert!(shown.contains(" 671 "), "the client came by HTTPS: {shown}");
    server.stop();
}
