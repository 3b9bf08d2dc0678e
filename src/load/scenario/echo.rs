//! `echo`: every connection has one block under way, to the server and back; every byte is compared. With datagrams
//! too.

use super::{
    super::{
        clients::{Client, Observer, Role},
        clock::Moment,
        measure::{Percentiles, Spans},
        phases::Phase,
        report::{Report, Traffic},
        runner::Runner,
        settings::Settings,
        setup::Setup,
        summary,
        target::Protocol,
    },
    Scenario,
};
use crate::net::ConnId;
use std::{io, time::Duration};

/// The options.
#[derive(Clone, Debug)]
pub struct Echo {
    /// How many connections, or sockets for datagrams.
    pub connections: usize,
    /// Bytes of a block or a datagram.
    pub size: usize,
    /// How long blocks are sent.
    pub time: Duration,
    /// How long the last blocks may take after that; a datagram that takes longer is lost.
    pub drain: Duration,
}

/// Bytes under way at a time, at most: less than all queues of the loop may hold together.
const BYTES_UNDER_WAY_MAX: usize = 128 << 20;

/// The longest datagram over IPv4.
const DATAGRAM_BYTES_MAX: usize = 65_507;

impl Scenario for Echo {
    fn connections(&self) -> usize {
        self.connections
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        let under_way = self.size.saturating_mul(self.connections);
        match protocol {
            Protocol::Echo | Protocol::EchoUdp if under_way > BYTES_UNDER_WAY_MAX => Err(format!(
                "{} connections with {} bytes on their way each are more than the {BYTES_UNDER_WAY_MAX} this tool holds",
                self.connections, self.size
            )),
            Protocol::EchoUdp if self.size > DATAGRAM_BYTES_MAX => {
                Err(format!("a datagram has at most {DATAGRAM_BYTES_MAX} bytes"))
            }
            Protocol::Echo | Protocol::EchoUdp => Ok(()),
            _ => Err(format!(
                "{protocol}:// does not send everything back: use echo:// or echo+udp://"
            )),
        }
    }

    fn settings(&self) -> Settings {
        Settings::default()
            .with("connections", self.connections)
            .with("size", self.size)
            .with("for", format_args!("{:?}", self.time))
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let is_datagrams = setup.target.protocol.is_datagrams();
        let observer = Blocks::new(self.connections, self.size);
        let mut runner = Runner::new(setup, observer)?;
        let roles: Vec<Role> = (0..self.connections as u32)
            .map(Role::without_room)
            .collect();
        runner.connect_all(&roles)?;
        runner.begin_phase(Phase::Traffic, self.time.as_millis() as u64)?;
        let start = runner.now();
        let end = start.after(self.time);
        let everyone: Vec<ConnId> = runner.clients().ready().collect();
        for id in &everyone {
            send_next(&mut runner, *id, start);
        }
        let mut next_look = start;
        while runner.now() < end && !runner.is_stopped() {
            let now = runner.now();
            if is_datagrams && now >= next_look {
                self.resend(&mut runner, &everyone, now);
                next_look = now.after(self.drain.min(Duration::from_millis(100)));
            }
            let done = now.since(start) / 1000;
            runner.step(
                Some(end.min(next_look.max(now.after(Duration::from_millis(1))))),
                done,
            )?;
        }
        runner.observer().is_over = true;
        let (last, stops) = (runner.now().after(self.drain), runner.stops());
        while runner.observer().on_their_way() > 0 && runner.now() < last && runner.stops() == stops
        {
            runner.step(Some(last), u64::MAX)?;
        }
        let traffic = runner.observer().traffic(start);
        runner.teardown()?;
        let summary = runner.into_summary();
        let mut report = summary::report("echo", &summary);
        report.mode = Some("closed loop, one block on its way on each connection".into());
        let latency = &summary.clients.observer.latency;
        summary::add_traffic(&mut report, traffic, &[("latency", latency)]);
        Ok(report)
    }
}

impl Echo {
    /// Counts a datagram that did not come back in time as lost and sends the next.
    fn resend(&self, runner: &mut Runner<Blocks>, everyone: &[ConnId], now: Moment) {
        for id in everyone {
            let Some(index) = runner.clients().get(*id).map(|client| client.index) else {
                continue;
            };
            if runner.observer().give_up(index, now, self.drain) {
                send_next(runner, *id, now);
            }
        }
    }
}

fn send_next(runner: &mut Runner<Blocks>, id: ConnId, now: Moment) {
    let (clients, net) = runner.parts();
    let Some(index) = clients.get(id).map(|client| client.index) else {
        return;
    };
    let block = clients.observer.begin(index, now).to_vec();
    clients.send_bytes(net, id, &block);
}

/// Block numbers before they repeat: as many as there are ways to shift the pattern.
const SHIFTS: usize = 251;

/// One connection's block.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    number: u32,
    /// How many of its bytes have come back.
    back: usize,
    sent: Moment,
    under_way: bool,
    /// Bytes came back that had not been sent: from then on nothing can be compared.
    broken: bool,
}

/// The observer: compares what comes back. A block is a part of one pattern, shifted by its number and its
/// connection, so that consecutive blocks differ and none has to be stored.
#[derive(Debug)]
struct Blocks {
    pattern: Vec<u8>,
    size: usize,
    blocks: Vec<Block>,
    sent: u64,
    done: u64,
    lost: u64,
    late: u64,
    corrupted: u64,
    latency: Spans,
    /// The same, since the last sample.
    recent: Spans,
    last: Moment,
    is_over: bool,
}

impl Blocks {
    fn new(connections: usize, size: usize) -> Self {
        // Bytes that look random (splitmix64), so that no two shifts are alike.
        let byte = |n: usize| {
            let z = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (z ^ (z >> 27)) as u8
        };
        Self {
            pattern: (0..size + SHIFTS).map(byte).collect(),
            size,
            blocks: vec![Block::default(); connections],
            sent: 0,
            done: 0,
            lost: 0,
            late: 0,
            corrupted: 0,
            latency: Spans::default(),
            recent: Spans::default(),
            last: Moment(0),
            is_over: false,
        }
    }

    fn shift(index: u32, number: u32) -> usize {
        (index as usize * 31 + number as usize * 17) % SHIFTS
    }

    /// Begins a connection's next block.
    fn begin(&mut self, index: u32, now: Moment) -> &[u8] {
        let block = &mut self.blocks[index as usize];
        *block = Block {
            number: block.number + 1,
            sent: now,
            under_way: true,
            ..Block::default()
        };
        self.sent += 1;
        &self.pattern[Self::shift(index, block.number)..][..self.size]
    }

    /// Gives up a block that is older than this; returns whether there was one.
    fn give_up(&mut self, index: u32, now: Moment, patience: Duration) -> bool {
        let block = &mut self.blocks[index as usize];
        let is_lost = block.under_way && block.sent.after(patience) < now;
        if is_lost {
            block.under_way = false;
            self.lost += 1;
        }
        is_lost
    }

    fn on_their_way(&self) -> usize {
        self.blocks
            .iter()
            .filter(|block| block.under_way && !block.broken)
            .count()
    }

    /// Compares the next bytes that came back. Returns whether the block is complete now.
    fn compare(&mut self, index: u32, bytes: &[u8], now: Moment) -> bool {
        let shift = Self::shift(index, self.blocks[index as usize].number);
        let block = &mut self.blocks[index as usize];
        if block.broken {
            return false;
        }
        let expected = &self.pattern[shift..][block.back..self.size];
        if !block.under_way || !expected.starts_with(bytes) {
            block.broken = true;
            self.corrupted += 1;
            return false;
        }
        block.back += bytes.len();
        if block.back < self.size {
            return false;
        }
        block.under_way = false;
        self.done += 1;
        let latency = now.since(block.sent);
        self.latency.note(latency);
        self.recent.note(latency);
        self.last = now;
        true
    }

    fn traffic(&self, start: Moment) -> Traffic {
        Traffic {
            sent: self.sent,
            expected: self.sent,
            delivered: self.done,
            lost: self.lost + self.on_their_way() as u64,
            reordered: self.late,
            corrupted: self.corrupted,
            seconds: self.last.since(start) as f64 / 1e6,
            payload: self.size,
            latency: self.latency.summary(),
            ..Traffic::default()
        }
    }
}

impl Observer for Blocks {
    fn bytes_received(&mut self, client: &Client, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        if self.compare(client.index, bytes, now) && !self.is_over {
            out.extend_from_slice(self.begin(client.index, now));
        }
    }

    fn datagram_received(&mut self, client: &Client, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        let number = self.blocks[client.index as usize].number;
        let is_earlier = (1..=number.min(20)).any(|back| {
            let shift = Self::shift(client.index, number - back);
            bytes == &self.pattern[shift..][..self.size]
        });
        let is_this = bytes == &self.pattern[Self::shift(client.index, number)..][..self.size];
        if !is_this {
            // A datagram that was given up and comes after all, or one that is not ours.
            self.late += u64::from(is_earlier);
            self.corrupted += u64::from(!is_earlier);
        } else if self.compare(client.index, bytes, now) && !self.is_over {
            out.extend_from_slice(self.begin(client.index, now));
        }
    }

    fn take_recent(&mut self) -> Option<Percentiles> {
        self.recent.take_summary()
    }

    fn delivered(&self) -> u64 {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_may_come_back_in_pieces_but_unchanged() {
        for size in [1, 10, 1000] {
            for piece in [1, 3, 7, 1000] {
                let mut blocks = Blocks::new(2, size);
                for round in 0..3 {
                    let block = blocks.begin(1, Moment(round)).to_vec();
                    assert_eq!(block.len(), size);
                    let pieces = block.chunks(piece);
                    let last = pieces.len() - 1;
                    for (at, part) in pieces.enumerate() {
                        assert_eq!(blocks.compare(1, part, Moment(round + 5)), at == last);
                    }
                }
                assert_eq!((blocks.done, blocks.corrupted), (3, 0));
                assert_eq!(blocks.latency.summary().unwrap().max, 5);
            }
        }
    }

    #[test]
    fn a_changed_block_is_counted_once() {
        let mut blocks = Blocks::new(1, 10);
        let mut block = blocks.begin(0, Moment(0)).to_vec();
        block[7] ^= 1;
        assert!(!blocks.compare(0, &block, Moment(1)));
        assert!(!blocks.compare(0, &block, Moment(1)));
        assert_eq!((blocks.done, blocks.corrupted), (0, 1));
        // More than was sent is wrong too.
        let mut blocks = Blocks::new(1, 10);
        let block = [blocks.begin(0, Moment(0)), b"x"].concat();
        assert!(!blocks.compare(0, &block, Moment(1)));
        assert_eq!(blocks.corrupted, 1);
    }

    #[test]
    fn consecutive_blocks_differ() {
        let mut blocks = Blocks::new(3, 8);
        let mut last = Vec::new();
        for _ in 0..500 {
            let next = blocks.begin(2, Moment(0)).to_vec();
            assert_ne!(next, last);
            last = next;
        }
    }
}
