//! What a stranger can make the server keep (docs/PITFALLS.md): lists have totals, what hostile connections hold is
//! counted and bounded, and under the host's limit on memory the server lets callers go before an allocation fails.

mod common;

use common::{Client, Irc, Server, Setup, fetch, report, wait_for};
use std::{io::Write, net::TcpStream};

/// A server with a door for everyone, one with TLS, and one for metrics.
fn start(config: &str) -> Server {
    let setup = Setup::new().config(config);
    let setup = setup
        .listen("any://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0");
    setup.flag("--tls-self-signed").start()
}

/// A number out of the metrics: `name` with its labels, if it has any.
fn metric(server: &Server, name: &str) -> u64 {
    let text = fetch(server.address_of(1), "/metrics").body;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.unwrap_or_else(|| panic!("{name} is not in {text}"));
    number.trim().parse::<f64>().unwrap() as u64
}

fn memory(server: &Server, owner: &str) -> u64 {
    metric(server, &format!("madang_memory_bytes{{owner=\"{owner}\"}}"))
}

#[test]
fn masks_of_one_network_have_a_total_over_all_rooms() {
    let server = start("[limits]\nmessages_per_second = 0\n");
    let mut ann = Irc::enter(server.address(), "ann");
    let before = memory(&server, "hub");
    let mut refused = false;
    for room in 0..11 {
        ann.client
            .send_bytes(format!("JOIN #r{room}\r\n").as_bytes());
        for mask in 0..100 {
            let line = format!("MODE #r{room} +b n{mask}!*@*\r\n");
            ann.client.send_bytes(line.as_bytes());
        }
        ann.client
            .send_bytes(format!("PING :{room}\r\n").as_bytes());
        loop {
            let line = ann.client.line();
            refused |= line.contains(" 478 ann #r10 b :Too many masks from your address");
            if line.ends_with(&format!(":{room}")) && line.contains("PONG") {
                break;
            }
        }
        assert_eq!(refused, room == 10, "ten full lists are allowed");
    }
    let each = (memory(&server, "hub") - before) / 1000;
    assert!(each < 300, "{each} bytes for each mask");
    // In telnet's words. A few masks each room may have, whatever a neighbour has set elsewhere.
    let mut bob = Client::enter(server.address(), "bob");
    bob.send("/join mine");
    for mask in 0..10 {
        bob.send(&format!("/ban eve{mask}"));
        bob.find(&format!("+b eve{mask}!*@*"));
    }
    bob.send("/ban eve");
    bob.find("as many masks from your address as there may be");
    // Masks that go make room for another. The tenth room has ten beyond the total, and bob's room too.
    for mask in 0..21 {
        let line = format!("MODE #r0 -b n{mask}!*@*\r\n");
        ann.client.send_bytes(line.as_bytes());
    }
    ann.client.send_bytes(b"PING :gone\r\n");
    while !ann.client.line().contains(":gone") {}
    bob.send("/ban eve");
    bob.find("+b eve!*@*");
    server.stop();
}

#[test]
fn what_hostile_connections_hold_is_counted_and_bounded() {
    let server = start("");
    let calls = 50;
    let open = |bytes: &[u8]| -> Vec<TcpStream> {
        let call = |_| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.write_all(bytes).unwrap();
            stream
        };
        (0..calls).map(call).collect()
    };
    let check = |owner: &str, hostile: &[u8], most: u64| {
        let before = memory(&server, owner);
        let held = open(hostile);
        let each = wait_for("the count", || {
            let each = memory(&server, owner).saturating_sub(before) / calls;
            (each >= hostile.len() as u64 * 9 / 10 && each > 0).then_some(each)
        });
        assert!(each <= most, "{owner}: {each} bytes for {}", hostile.len());
        drop(held);
        wait_for("nothing", || {
            (memory(&server, owner) <= before).then_some(())
        });
    };
    // Half a line; it may not grow past the longest line.
    check("input", &[b'x'; 300], 500);
    // A TLS hello that never ends: the record says 4096 bytes.
    let mut hello = vec![0x16, 3, 1, 0x10, 0];
    hello.extend([1, 0, 0x0f, 0xf0]);
    hello.resize(700, 3);
    check("tls", &hello, 6500);
    // A fragment of a WebSocket message that never ends.
    let mut fragment =
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            .to_vec();
    fragment.extend([0x01, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]);
    fragment.extend([b'x'; 500]);
    check("protocols", &fragment, 1500);
    server.stop();
}

#[test]
fn under_a_limit_on_memory_the_server_lets_callers_go_and_lives() {
    let config = "[limits]\nmessages_per_second = 0\nsend_queue = \"32 MiB\"\n";
    let server = Setup::new()
        .config(config)
        .listen("irc://127.0.0.1:0")
        .listen("metrics://127.0.0.1:0")
        .address_space_kib(192 * 1024)
        .start();
    server.log.expect("the ceiling is lower");
    let mut ann = Irc::enter(server.address(), "ann");
    ann.client.send_bytes(b"JOIN #flood\r\n");
    // Those who hear and do not read.
    let deaf: Vec<Irc> = (0..40)
        .map(|number| {
            let mut deaf = Irc::enter(server.address(), &format!("deaf{number}"));
            deaf.client.send_bytes(b"JOIN #flood\r\n");
            deaf
        })
        .collect();
    let line = format!("PRIVMSG #flood :{}\r\n", "x".repeat(400));
    let shed = wait_for("someone to be let go", || {
        ann.client.send_bytes(line.repeat(500).as_bytes());
        ann.client.send_bytes(b"PING :there\r\n");
        while !ann.client.line().contains(":there") {}
        let name = "madang_connections_closed_total{reason=\"over_ceiling\"}";
        let shed = metric(&server, name);
        (shed > 0).then_some(shed)
    });
    assert!(shed < 40, "{shed}: as few as need be");
    ann.client.send_bytes(b"PING :alive\r\n");
    while !ann.client.line().contains(":alive") {}
    drop(deaf);
    server.stop();
}

/// With the system's allocator it would be its affair.
#[test]
#[cfg(all(target_os = "linux", feature = "jemalloc"))]
fn memory_of_a_burst_comes_back() {
    let setup = Setup::new().config("[limits]\nmessages_per_second = 0\n");
    // A small buffer of the kernel, so that what waits is the server's to hold.
    let setup = setup.listen("any://127.0.0.1:0?sndbuf=16384");
    let server = setup.listen("metrics://127.0.0.1:0").start();
    let resident = || metric(&server, "process_resident_memory_bytes");
    let mut ann = Irc::enter(server.address(), "ann");
    let before = resident();
    // Those to whom much is said, to each something else, and who do not read.
    let deaf: Vec<Client> = (0..60)
        .map(|number| {
            let mut deaf = Client::over(common::connect_with(server.address(), 4096));
            deaf.give_name(&format!("deaf{number}"));
            deaf
        })
        .collect();
    let mut number = 0;
    wait_for("a burst", || {
        let line = format!("PRIVMSG deaf{} :{}\r\n", number % 60, "x".repeat(400));
        number += 1;
        ann.client.send_bytes(line.repeat(500).as_bytes());
        ann.client.send_bytes(b"PING :there\r\n");
        while !ann.client.line().contains(":there") {}
        (resident() > before + (12 << 20)).then_some(())
    });
    drop(deaf);
    wait_for("the memory", || {
        (resident() <= before + (4 << 20)).then_some(())
    });
    server.stop();
}

/// What is kept for a client that is logged in and idle, with its account.
#[test]
fn an_idle_client_with_an_account_is_kept_in_a_few_hundred_bytes() {
    // Fewer than a power of two, with which the tables are nearly full.
    const CLIENTS: u64 = 250;
    let data = tempfile::tempdir().expect("a directory");
    let path = data.path().join("data");
    let config = "[limits]\nmessages_per_second = 0\n[accounts]\nscram_rounds = 4096\n";
    let setup = Setup::new().config(config).listen("irc://127.0.0.1:0");
    let setup = setup.listen("metrics://127.0.0.1:0");
    let server = setup
        .flag("--data")
        .flag(path.to_str().expect("UTF-8"))
        .start();
    let kept = || -> u64 {
        let owners = [
            "connections",
            "input",
            "queues",
            "sessions",
            "protocols",
            "hub",
            "accounts",
            "hosts",
        ];
        owners.map(|owner| memory(&server, owner)).iter().sum()
    };
    let before = kept();
    let mut clients = Vec::new();
    // No more passwords at once than are hashed at once.
    for first in (0..CLIENTS).step_by(50) {
        let names = (first..first + 50).map(|number| format!("user{number}"));
        let mut entered: Vec<(String, Irc)> = names
            .map(|name| {
                let mut irc = Irc::enter(server.address(), &name);
                irc.send("NS REGISTER open-sesame");
                (name, irc)
            })
            .collect();
        for (name, irc) in &mut entered {
            irc.until(":NickServ NOTICE <any> :your account is made<any>");
            // Rooms of fifty, as in benches/idle.rs.
            irc.send("PART #lobby");
            irc.send(&format!("JOIN #room{first}"));
            irc.until(&format!("366 {name} #room{first} <any>"));
        }
        clients.append(&mut entered);
    }
    let each = (kept() - before) / CLIENTS;
    report(&format!(
        "{each} bytes for each idle client with an account"
    ));
    assert!(each <= 700, "{each} bytes for each idle client");
    server.stop();
}
