//! Echo over TCP and UDP (RFC 862): every byte back, in order, with bounded memory, whoever stops reading.

mod common;

use common::{Client, Dice, PATIENCE, Server, Setup, report};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

const MIB: usize = 1 << 20;

fn start() -> Server {
    let setup = Setup::new().listen("echo://127.0.0.1:0");
    setup.listen("echo+udp://127.0.0.1:0").start()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Bytes that depend on their place, so that a lost, doubled or moved one shows.
fn fill(dice: &mut Dice, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        let word = dice.next().to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

/// Writes so many bytes from a seed, then ends its half. In a thread, for the echo has to be read meanwhile.
fn send_aside(mut stream: TcpStream, seed: u64, length: usize) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let (mut dice, mut block, mut left) = (Dice(seed), vec![0; 64 * 1024], length);
        while left > 0 {
            fill(&mut dice, &mut block);
            let part = left.min(block.len());
            stream.write_all(&block[..part]).unwrap();
            left -= part;
        }
        stream.shutdown(Shutdown::Write).unwrap();
    })
}

/// Reads up to the end and sees that it is what that seed gives, all of it and nothing else.
#[track_caller]
fn check_echo(stream: &mut TcpStream, seed: u64, length: usize) {
    let (mut dice, mut expected, mut left) = (Dice(seed), vec![0; 64 * 1024], length);
    let mut found = vec![0; 64 * 1024];
    while left > 0 {
        fill(&mut dice, &mut expected);
        let part = left.min(expected.len());
        stream.read_exact(&mut found[..part]).unwrap();
        assert!(
            found[..part] == expected[..part],
            "{left} bytes from the end"
        );
        left -= part;
    }
    assert_eq!(stream.read(&mut found).unwrap(), 0, "more than was sent");
}

#[test]
fn a_stream_comes_back_whole_after_a_half_close() {
    let server = start();
    let length = 64 * MIB;
    let mut stream = connect(server.address());
    let sender = send_aside(stream.try_clone().unwrap(), 1, length);
    check_echo(&mut stream, 1, length);
    sender.join().unwrap();
    let resident = server.process().usage().resident;
    report(&format!(
        "echo server resident after 64 MiB: {} KiB",
        resident / 1024
    ));
    assert!(resident < 32 * MIB, "{resident}");
}

#[test]
fn a_reader_who_stops_is_not_read_from_and_costs_no_memory() {
    let server = start();
    let before = server.process().usage().resident;
    let length = 64 * MIB;
    let mut stream = connect(server.address());
    let sender = send_aside(stream.try_clone().unwrap(), 2, length);
    // Until the server rests: all buffers on the way are full.
    let mut rested = 0;
    let mut last = server.process().usage().cpu;
    common::wait_for("a server at rest", || {
        thread::sleep(Duration::from_millis(100));
        let cpu = std::mem::replace(&mut last, server.process().usage().cpu);
        rested = if cpu == last { rested + 1 } else { 0 };
        (rested >= 10).then_some(())
    });
    let grown = server.process().usage().resident.saturating_sub(before);
    assert!(
        !sender.is_finished(),
        "64 MiB were taken from one who does not read"
    );
    assert!(grown < 4 * MIB, "grown by {grown}");
    check_echo(&mut stream, 2, length);
    sender.join().unwrap();
}

#[test]
fn two_hundred_at_once_each_get_their_own() {
    let server = start();
    let streams: Vec<(TcpStream, thread::JoinHandle<()>)> = (0..200)
        .map(|seed| {
            let stream = connect(server.address());
            let sender = send_aside(stream.try_clone().unwrap(), seed, 100_000 + seed as usize);
            (stream, sender)
        })
        .collect();
    for (seed, (mut stream, sender)) in streams.into_iter().enumerate() {
        check_echo(&mut stream, seed as u64, 100_000 + seed);
        sender.join().unwrap();
    }
}

#[test]
fn each_byte_comes_back_without_waiting_for_more() {
    let server = start();
    let mut client = Client::connect(server.address());
    for byte in [0, b'a', b'\n', 0xff, 0x16] {
        client.send_bytes(&[byte]);
        assert_eq!(client.bytes(1), [byte]);
    }
    client.end_input();
    assert_eq!(client.rest_bytes(), b"");
}

#[test]
fn an_echo_peer_is_told_nothing_but_its_own_bytes() {
    let setup = Setup::new().listen("echo://127.0.0.1:0");
    let server = setup.flag("--max-clients").flag("1").start();
    let mut first = Client::connect(server.address());
    first.send_bytes(b"x");
    assert_eq!(first.bytes(1), b"x");
    // No room: the end, and not a word.
    assert_eq!(Client::connect(server.address()).rest_bytes(), b"");
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(first.rest_bytes(), b"");
}

fn datagrams(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.address_of(1)).unwrap();
    // Loopback loses datagrams only if a buffer is full; here one is in flight at a time.
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

#[test]
fn a_datagram_of_any_size_comes_back_whole() {
    let server = start();
    let socket = datagrams(&server);
    let mut found = vec![0; 70_000];
    let mut dice = Dice(3);
    for size in [0, 1, 2, 511, 1472, 1473, 8192, 9000, 65_506, 65_507, 0, 7] {
        let mut sent = vec![0; size];
        fill(&mut dice, &mut sent);
        assert_eq!(socket.send(&sent).unwrap(), size);
        let count = socket.recv(&mut found).unwrap();
        assert_eq!(count, size);
        assert!(found[..count] == sent, "of {size} bytes");
    }
}

#[test]
fn datagrams_keep_their_boundaries() {
    let server = start();
    let socket = datagrams(&server);
    for size in 0..50_usize {
        socket.send(&vec![b'x'; size]).unwrap();
    }
    let mut found = [0; 100];
    let mut sizes: Vec<usize> = (0..50).map(|_| socket.recv(&mut found).unwrap()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_datagram_from_a_port_of_the_system_gets_no_answer() {
    let server = start();
    // Only root may have one; whoever may not has nothing to see here.
    let ports = (900..1024).rev();
    let mut bound = ports.filter_map(|port| match UdpSocket::bind(("127.0.0.1", port)) {
        Ok(socket) => Some(Ok(socket)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        Err(error) => Some(Err(error)),
    });
    let Some(Ok(privileged)) = bound.next() else {
        return report("no privileged port to be had: not looked at");
    };
    privileged.send_to(b"loop", server.address_of(1)).unwrap();
    // The socket is served in order, so this answer comes after the one that must not come.
    let ordinary = datagrams(&server);
    ordinary.send(b"marker").unwrap();
    let mut found = [0; 100];
    assert_eq!(ordinary.recv(&mut found).unwrap(), 6);
    privileged.set_nonblocking(true).unwrap();
    let answer = privileged.recv(&mut found).unwrap_err();
    assert_eq!(answer.kind(), ErrorKind::WouldBlock);
}

#[test]
fn datagrams_to_nobody_stop_nothing() {
    let server = start();
    for _ in 0..20 {
        // Gone before the answer comes; the kernel tells the server so by an error.
        let gone = datagrams(&server);
        gone.send(b"hello").unwrap();
    }
    let socket = datagrams(&server);
    socket.send(b"still there?").unwrap();
    assert_eq!(socket.recv(&mut [0; 100]).unwrap(), 12);
}
