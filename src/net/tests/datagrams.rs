//! Datagrams: boundaries kept, reading bounded in each turn and carried over.

use super::test_loop::{Call, TestLoop};
use crate::net::{ConnId, bind_udp};
use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

fn echo() -> (TestLoop, ConnId, UdpSocket) {
    let mut test = TestLoop::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let socket = bind_udp(any, &Default::default()).unwrap();
    let peer = UdpSocket::bind(any).unwrap();
    peer.connect(socket.local_addr().unwrap()).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let id = test.net().add_datagrams(socket).unwrap();
    test.react(|net, call| {
        if let Call::Datagram(id, from, bytes) = call {
            net.send_datagram(*id, *from, bytes);
        }
    });
    (test, id, peer)
}

#[test]
fn datagrams_of_every_size_come_back_whole() {
    let (mut test, _, peer) = echo();
    for size in [0, 1, 1472, 1473, 65_507] {
        let bytes: Vec<u8> = (0..size).map(|n| n as u8).collect();
        peer.send(&bytes).unwrap();
        let out = test.net().stats().datagrams_out;
        test.turn_until(|test| test.net().stats().datagrams_out > out);
        let mut buffer = vec![0; 65_536];
        let count = peer.recv(&mut buffer).unwrap();
        assert!(buffer[..count] == bytes[..], "{size} bytes");
    }
}

#[test]
fn a_burst_past_the_budget_is_carried_over() {
    let (mut test, _, peer) = echo();
    for n in 0..100_u8 {
        peer.send(&[n]).unwrap();
    }
    test.turn_until(|test| !test.handler.calls.is_empty());
    assert_eq!(test.calls().len(), 64);
    assert!(test.net().has_work(), "no event will tell of the rest");
    test.settle();
    assert_eq!(test.calls().len(), 36);
    for n in 0..100_u8 {
        let mut buffer = [0; 10];
        assert_eq!(peer.recv(&mut buffer).unwrap(), 1);
        assert_eq!(buffer[0], n);
    }
}

#[test]
fn a_closed_datagram_socket_reads_nothing_more() {
    let (mut test, id, peer) = echo();
    for _ in 0..3 {
        peer.send(b"x").unwrap();
    }
    test.react(|net, call| {
        if let Call::Datagram(id, ..) = call {
            net.close(*id);
        }
    });
    test.turn_until(|test| !test.handler.calls.is_empty());
    test.settle();
    assert_eq!(test.calls().len(), 1);
    test.net().close(id);
    assert!(!test.net().has_work(), "it is gone");
}

#[test]
fn an_addressee_that_is_gone_disturbs_no_other() {
    let (mut test, id, peer) = echo();
    let nobody = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for _ in 0..3 {
        // The answer to this, port unreachable, comes as an error of a later call.
        test.net().send_datagram(id, nobody, b"anyone?");
    }
    peer.send(b"here").unwrap();
    test.turn_until(|test| !test.handler.calls.is_empty());
    let mut buffer = [0; 10];
    assert_eq!(peer.recv(&mut buffer).unwrap(), 4);
}
