//! Where the server listens, from outside: both families side by side, names with several addresses, zones, and what is in
//! the way when a port cannot be had.

mod common;

use common::{Client, Server, Setup, WELCOME};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

/// A port that is free in both families; `None` on a machine without IPv6.
fn free_port() -> Option<u16> {
    let six = TcpListener::bind("[::]:0").ok()?;
    Some(six.local_addr().unwrap().port())
}

fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

#[track_caller]
fn expect_echo(address: impl Into<SocketAddr>) {
    let mut stream = TcpStream::connect(address.into()).unwrap();
    stream.set_read_timeout(Some(common::PATIENCE)).unwrap();
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
}

#[track_caller]
fn expect_greeting(address: impl Into<SocketAddr>) {
    Client::connect(address.into()).expect(WELCOME);
}

fn loopback(port: u16) -> [SocketAddr; 2] {
    ["127.0.0.1", "::1"].map(|ip| SocketAddr::new(ip.parse().unwrap(), port))
}

#[test]
fn all_of_ipv4_and_all_of_ipv6_stand_side_by_side_at_one_port() {
    let Some(port) = free_port() else { return };
    let [telnet, echo] = [
        format!("telnet://0.0.0.0:{port}"),
        format!("echo://[::]:{port}"),
    ];
    let [four, six] = loopback(port);
    for order in [[&telnet, &echo], [&echo, &telnet]] {
        let server = Setup::new().listen(order[0]).listen(order[1]).start();
        assert_eq!(server.urls(), order.map(|url| url.as_str()));
        expect_greeting(four);
        expect_echo(six);
        server.stop();
    }
}

#[test]
fn v6only_leaves_ipv4_callers_to_others() {
    let Some(port) = free_port() else { return };
    let [four, six] = loopback(port);
    let setup = Setup::new().listen(&format!("echo://127.0.0.1:{port}"));
    let server = setup
        .listen(&format!("telnet://[::]:{port}?v6only=true"))
        .start();
    expect_echo(four);
    expect_greeting(six);
    server.stop();
    // With nobody else for them, IPv4 callers find nobody.
    let server = Setup::new()
        .listen(&format!("telnet://[::]:{port}?v6only=true"))
        .start();
    expect_greeting(six);
    assert!(TcpStream::connect(four).is_err());
    server.stop();
}

/// What a start with these listeners says when it fails.
#[track_caller]
fn complaint(first: &str, second: &str) -> String {
    let outcome = Setup::new().listen(first).listen(second).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    outcome.stderr
}

#[test]
fn a_listener_of_our_own_that_is_in_the_way_is_named() {
    let Some(port) = free_port() else { return };
    let [one, both] = [
        format!("irc://127.0.0.1:{port}"),
        format!("any://[::]:{port}"),
    ];
    let said = complaint(&one, &format!("telnet://127.0.0.1:{port}"));
    let expected = format!(
        "cannot listen on 127.0.0.1:{port}: address already in use by our own listener {one}\n"
    );
    assert!(said.ends_with(&expected), "{said}");
    for (first, second) in [(&one, &both), (&both, &one)] {
        let said = complaint(first, second);
        assert!(
            said.contains(&format!("by our own listener {first}")),
            "{said}"
        );
        let remedy = format!("{both} takes IPv4 callers too, unless it says v6only=true");
        assert!(said.contains(&remedy), "{said}");
    }
}

#[test]
fn localhost_is_both_loopback_addresses_with_one_port() {
    let server = Setup::new().listen("any://localhost:0").start();
    let port = server.address().port();
    let mut expected = vec![format!("any://127.0.0.1:{port}")];
    if has_ipv6() {
        expected.push(format!("any://[::1]:{port}"));
    }
    assert_eq!(server.urls(), expected);
    for address in loopback(port).into_iter().take(expected.len()) {
        expect_greeting(address);
    }
    server.stop();
}

#[test]
fn datagrams_at_localhost_come_in_at_both_addresses_too() {
    let server = Setup::new().listen("echo+udp://localhost:0").start();
    assert_eq!(server.urls().len(), 1 + usize::from(has_ipv6()));
    server.stop();
}

/// A link-local address of this machine with the name of its interface, if it has one: `(fe80::1, eth0)`.
fn link_local() -> Option<(std::net::Ipv6Addr, String)> {
    // Address, interface number, prefix, scope, flags, interface name; scope 20 is link-local.
    let table = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [address, _, _, "20", _, name] = fields[..] else {
            return None;
        };
        let address = u128::from_str_radix(address, 16).ok()?;
        Some((address.into(), name.to_owned()))
    })
}

#[test]
fn a_link_local_address_is_listened_to_and_called_with_its_interface() {
    let Some((ip, interface)) = link_local() else {
        return;
    };
    let server: Server = Setup::new()
        .listen(&format!("any://[{ip}%{interface}]:0"))
        .start();
    // The interface by its number, as the system tells it.
    let url = &server.urls()[0];
    let address = url.strip_prefix("any://").unwrap();
    let local: SocketAddr = address.parse().unwrap();
    assert!(
        matches!(local, SocketAddr::V6(v6) if *v6.ip() == ip && v6.scope_id() > 0),
        "{url}"
    );
    let port = local.port();
    for target in [address.to_owned(), format!("[{ip}%{interface}]:{port}")] {
        let mut connect = std::process::Command::new("timeout");
        connect.args(["30", env!("CARGO_BIN_EXE_madang"), "connect", &target]);
        let output = connect.stdin(std::process::Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{target}: {output:?}");
    }
    server.stop();
}

#[test]
fn an_interface_that_is_not_there_is_named_and_one_that_is_missing_asked_for() {
    let said = Setup::new().listen("any://[fe80::1%no-such-if]:0").run();
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr
            .contains("there is no network interface no-such-if"),
        "{}",
        said.stderr
    );
    if has_ipv6() {
        let said = Setup::new().listen("any://[fe80::1]:0").run();
        assert_eq!(said.code, Some(1));
        assert!(
            said.stderr
                .contains("needs its network interface: [fe80::1%"),
            "{}",
            said.stderr
        );
    }
}
