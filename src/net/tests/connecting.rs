//! Connecting: answered, refused, given up.

use super::test_loop::{Call, TestLoop, chunk};
use crate::net::source::marks::Marks;
use crate::net::{Phase, SocketOptions, Tick, listen_tcp};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

fn any() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

#[test]
fn connecting_delivers_what_was_queued_meanwhile() {
    let mut test = TestLoop::new();
    let listener = TcpListener::bind(any()).unwrap();
    let id = test.net().connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(test.net().phase(id), Phase::Connecting);
    test.send(id, "hello\n");
    test.turn_until(|test| test.net().queued(id) == 0);
    assert_eq!(test.calls(), [Call::Connected(id)]);
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut heard = [0; 6];
    peer.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello\n");
    let marks = test.net().table.connection(id).unwrap().marks;
    assert!(!marks.has(Marks::WRITABLE_INTEREST));
    peer.write_all(b"welcome\n").unwrap();
    test.turn_until(|test| !test.handler.calls.is_empty());
    assert_eq!(test.lines(id), ["welcome"]);
}

#[test]
fn a_refused_connect_is_lost_with_the_reason() {
    let mut test = TestLoop::new();
    let nobody = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    let id = test.net().connect(nobody).unwrap();
    test.turn_until(|test| test.handler.calls.len() == 2);
    let calls = test.calls();
    assert!(
        matches!(&calls[..], [Call::Lost(lost, why), Call::Reaped(_)] if *lost == id && why.contains("refused")),
        "{calls:?}"
    );
    assert_eq!(test.net().connection_count(), 0);
}

#[test]
fn a_connect_without_an_answer_ends_at_its_deadline() {
    let mut test = TestLoop::new();
    // With room for one connection and one in it, the kernel does not answer further ones.
    let options = SocketOptions {
        backlog: 0,
        ..Default::default()
    };
    let listener = listen_tcp(any(), &options).unwrap();
    let address = listener.local_addr().unwrap();
    let _first = TcpStream::connect(address).unwrap();
    let id = test.net().connect(address).unwrap();
    test.send(id, "never");
    test.net().set_deadline(id, Tick(3000));
    test.react(|net, call| {
        if let Call::Deadline(id) = call {
            net.close(*id);
        }
    });
    // Events without an answer and without an error are spurious.
    test.readable(id);
    test.writable(id);
    assert_eq!(test.net().phase(id), Phase::Connecting);
    test.at(3000);
    test.turn();
    assert_eq!(test.calls(), [Call::Deadline(id), Call::Reaped(id)]);
    assert_eq!(test.net().buffers().bytes(), 0);
}

#[test]
fn a_loop_can_connect_to_its_own_listener() {
    let mut test = TestLoop::new();
    let listener = listen_tcp(any(), &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    test.net()
        .add_listener(Box::new(listener), chunk(""))
        .unwrap();
    let caller = test.net().connect(address).unwrap();
    test.react(|net, call| match call {
        Call::Accepted(id) => net.send(*id, &chunk("welcome\n")),
        Call::Line(id, _) => net.close(*id),
        _ => {}
    });
    test.turn_until(|test| test.net().connection_count() == 0);
    let calls = test.calls();
    assert!(
        calls.contains(&Call::Line(caller, "welcome".into())),
        "{calls:?}"
    );
    let reaped = calls.iter().filter(|call| matches!(call, Call::Reaped(_)));
    assert_eq!(reaped.count(), 2);
}

#[test]
fn a_connection_may_be_aborted_when_it_is_connected() {
    for abort in [false, true] {
        let mut test = TestLoop::new();
        let listener = TcpListener::bind(any()).unwrap();
        let id = test.net().connect(listener.local_addr().unwrap()).unwrap();
        test.react(move |net, call| {
            if matches!(call, Call::Connected(_)) {
                net.send(id, &chunk("bye"));
                if abort { net.abort(id) } else { net.close(id) }
            }
        });
        test.turn_until(|test| test.handler.calls.contains(&Call::Connected(id)));
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        test.settle();
        if !abort {
            let mut heard = String::new();
            peer.read_to_string(&mut heard).unwrap();
            assert_eq!(heard, "bye");
        }
        drop(peer);
        test.turn_until(|test| test.net().connection_count() == 0);
    }
}
