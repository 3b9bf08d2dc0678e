//! Calls of ours: answered, refused, given up.

use super::stage::{Stage, Told, chunk};
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
fn a_call_that_is_answered_delivers_what_was_queued_meanwhile() {
    let mut stage = Stage::new();
    let listener = TcpListener::bind(any()).unwrap();
    let id = stage.net().connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(stage.net().phase(id), Phase::Connecting);
    stage.send(id, "hello\n");
    stage.turn_until(|stage| stage.net().queued(id) == 0);
    assert_eq!(stage.told(), [Told::Connected(id)]);
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut heard = [0; 6];
    peer.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello\n");
    let marks = stage.net().table.connection(id).unwrap().marks;
    assert!(!marks.has(Marks::WRITABLE_INTEREST));
    peer.write_all(b"welcome\n").unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    assert_eq!(stage.lines(id), ["welcome"]);
}

#[test]
fn a_call_that_is_refused_is_lost_with_the_reason() {
    let mut stage = Stage::new();
    let nobody = TcpListener::bind(any()).unwrap().local_addr().unwrap();
    let id = stage.net().connect(nobody).unwrap();
    stage.turn_until(|stage| stage.handler.told.len() == 2);
    let told = stage.told();
    assert!(
        matches!(&told[..], [Told::Lost(lost, why), Told::Reaped(_)] if *lost == id && why.contains("refused")),
        "{told:?}"
    );
    assert_eq!(stage.net().connection_count(), 0);
}

#[test]
fn a_call_that_nobody_answers_may_be_given_up_by_its_alarm() {
    let mut stage = Stage::new();
    // With room for one caller and one in it, the kernel does not answer further calls.
    let options = SocketOptions {
        backlog: 0,
        ..Default::default()
    };
    let listener = listen_tcp(any(), &options).unwrap();
    let address = listener.local_addr().unwrap();
    let _first = TcpStream::connect(address).unwrap();
    let id = stage.net().connect(address).unwrap();
    stage.send(id, "never");
    stage.net().set_deadline(id, Tick(3000));
    stage.react(|net, told| {
        if let Told::Alarm(id) = told {
            net.close(*id);
        }
    });
    // Events without an answer and without an error are spurious.
    stage.readable(id);
    stage.writable(id);
    assert_eq!(stage.net().phase(id), Phase::Connecting);
    stage.at(3000);
    stage.turn();
    assert_eq!(stage.told(), [Told::Alarm(id), Told::Reaped(id)]);
    assert_eq!(stage.net().buffers().bytes(), 0);
}

#[test]
fn a_call_to_a_listener_of_the_same_loop_is_answered() {
    let mut stage = Stage::new();
    let listener = listen_tcp(any(), &Default::default()).unwrap();
    let address = listener.local_addr().unwrap();
    stage
        .net()
        .add_listener(Box::new(listener), chunk(""))
        .unwrap();
    let caller = stage.net().connect(address).unwrap();
    stage.react(|net, told| match told {
        Told::Accepted(id) => net.send(*id, &chunk("welcome\n")),
        Told::Line(id, _) => net.close(*id),
        _ => {}
    });
    stage.turn_until(|stage| stage.net().connection_count() == 0);
    let told = stage.told();
    assert!(
        told.contains(&Told::Line(caller, "welcome".into())),
        "{told:?}"
    );
    let reaped = told.iter().filter(|told| matches!(told, Told::Reaped(_)));
    assert_eq!(reaped.count(), 2);
}

#[test]
fn a_caller_may_hang_up_at_the_moment_it_is_answered() {
    for abort in [false, true] {
        let mut stage = Stage::new();
        let listener = TcpListener::bind(any()).unwrap();
        let id = stage.net().connect(listener.local_addr().unwrap()).unwrap();
        stage.react(move |net, told| {
            if matches!(told, Told::Connected(_)) {
                net.send(id, &chunk("bye"));
                if abort { net.abort(id) } else { net.close(id) }
            }
        });
        stage.turn_until(|stage| stage.handler.told.contains(&Told::Connected(id)));
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stage.settle();
        if !abort {
            let mut heard = String::new();
            peer.read_to_string(&mut heard).unwrap();
            assert_eq!(heard, "bye");
        }
        drop(peer);
        stage.turn_until(|stage| stage.net().connection_count() == 0);
    }
}
