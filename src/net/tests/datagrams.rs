//! Datagrams: boundaries kept, reading bounded in each turn and carried over.

use super::stage::{Stage, Told};
use crate::net::{ConnId, bind_udp};
use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

fn echo() -> (Stage, ConnId, UdpSocket) {
    let mut stage = Stage::new();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let socket = bind_udp(any, &Default::default()).unwrap();
    let peer = UdpSocket::bind(any).unwrap();
    peer.connect(socket.local_addr().unwrap()).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let id = stage.net().add_datagrams(socket).unwrap();
    stage.react(|net, told| {
        if let Told::Datagram(id, from, bytes) = told {
            net.send_datagram(*id, *from, bytes);
        }
    });
    (stage, id, peer)
}

#[test]
fn datagrams_of_every_size_come_back_whole() {
    let (mut stage, _, peer) = echo();
    for size in [0, 1, 1472, 1473, 65_507] {
        let bytes: Vec<u8> = (0..size).map(|n| n as u8).collect();
        peer.send(&bytes).unwrap();
        let out = stage.net().stats().datagrams_out;
        stage.turn_until(|stage| stage.net().stats().datagrams_out > out);
        let mut buffer = vec![0; 65_536];
        let count = peer.recv(&mut buffer).unwrap();
        assert!(buffer[..count] == bytes[..], "{size} bytes");
    }
}

#[test]
fn a_burst_past_the_budget_is_carried_over() {
    let (mut stage, _, peer) = echo();
    for n in 0..100_u8 {
        peer.send(&[n]).unwrap();
    }
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    assert_eq!(stage.told().len(), 64);
    assert!(stage.net().has_work(), "no event will tell of the rest");
    stage.settle();
    assert_eq!(stage.told().len(), 36);
    for n in 0..100_u8 {
        let mut buffer = [0; 10];
        assert_eq!(peer.recv(&mut buffer).unwrap(), 1);
        assert_eq!(buffer[0], n);
    }
}

#[test]
fn a_socket_that_is_closed_hears_nothing_more() {
    let (mut stage, id, peer) = echo();
    for _ in 0..3 {
        peer.send(b"x").unwrap();
    }
    stage.react(|net, told| {
        if let Told::Datagram(id, ..) = told {
            net.close(*id);
        }
    });
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    stage.settle();
    assert_eq!(stage.told().len(), 1);
    stage.net().close(id);
    assert!(!stage.net().has_work(), "it is gone");
}

#[test]
fn an_addressee_that_is_gone_disturbs_nobody() {
    let (mut stage, id, peer) = echo();
    let nobody = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for _ in 0..3 {
        // The answer to this, port unreachable, comes as an error of a later call.
        stage.net().send_datagram(id, nobody, b"anyone?");
    }
    peer.send(b"here").unwrap();
    stage.turn_until(|stage| !stage.handler.told.is_empty());
    let mut buffer = [0; 10];
    assert_eq!(peer.recv(&mut buffer).unwrap(), 4);
}
