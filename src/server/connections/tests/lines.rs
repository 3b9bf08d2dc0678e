//! Lines of one sender that share a turn. The network is simulated, and time is data.

use crate::simulation::network::{Network, Peer, Random};
use crate::{
    chat::effort::PER_LINE,
    config::{Config, Scheme},
    net::Tick,
    server::Server,
};
use std::time::Duration;

/// So many members that a line to all of them is more effort than a line includes.
const MEMBERS: u16 = (PER_LINE / 10) as u16;

/// Lines that are sent at once.
const LINES: usize = 8;

fn settle(network: &mut Network, server: &mut Server) {
    for _ in 0..20 {
        network.pass(server.event_loop.net_mut());
        server.turn(Some(Duration::ZERO)).expect("poll");
    }
}

/// The writes for several lines of one member, and how many of the lines the last member has received.
fn writes_for_lines(messages_per_second: u32) -> (u64, usize) {
    let mut config = Config::default();
    config.limits.messages_per_second = messages_per_second;
    config.limits.clients_per_address = 0;
    config.limits.connections_per_minute = 0;
    let mut network = Network::new(Random::new(1));
    network.set_room(1 << 20);
    network.calm_down();
    let mut server = Server::new(config).expect("a poll");
    server.event_loop.net_mut().hold_clock(Tick(1000));
    let gate = network.gate(0);
    server.listen_to(gate, Scheme::Telnet).expect("registered");
    let mut members: Vec<Peer> = Vec::new();
    for n in 0..MEMBERS {
        // One network each, for many connections are dear to their network.
        let [high, low] = n.to_be_bytes();
        let mut member = network.call(0, ([198, 18, high, low], 7).into());
        member.sends(format!("u{n}\n").as_bytes());
        members.push(member);
        if n % 50 == 49 {
            settle(&mut network, &mut server);
        }
    }
    settle(&mut network, &mut server);
    members.iter_mut().for_each(|member| {
        member.reads(usize::MAX);
    });
    settle(&mut network, &mut server);
    let before = server.stats().writes;
    let heard = members[1].heard().len();
    let lines: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
    members[0].sends(lines.as_bytes());
    // All of it arrives before the loop turns.
    while network.pass(server.event_loop.net_mut()) {}
    settle(&mut network, &mut server);
    let writes = server.stats().writes - before;
    members[1].reads(usize::MAX);
    let heard = String::from_utf8_lossy(&members[1].heard()[heard..]).into_owned();
    // All leave before the loop is dropped: a stream must be deregistered before it is dropped.
    server.stop();
    for _ in 0..4 {
        for member in &mut members {
            member.reads(usize::MAX);
            member.ends();
        }
        settle(&mut network, &mut server);
    }
    (writes, heard.matches("<u0> line").count())
}

#[test]
fn lines_to_a_large_room_leave_as_one_write_per_member() {
    let (writes, heard) = writes_for_lines(0);
    assert_eq!(heard, LINES);
    let members = u64::from(MEMBERS);
    assert!(writes < members + members / 2, "{writes} writes");
}

#[test]
fn lines_to_a_large_room_pass_within_the_burst() {
    let (_, heard) = writes_for_lines(20);
    assert_eq!(heard, LINES);
}
