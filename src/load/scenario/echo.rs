//! `echo`: every connection has one block on its way, out and back; every byte of it is compared. By datagrams too.

use super::super::{
    Error, Setup, account,
    clock::Moment,
    crew::{Ear, Member, Role},
    measure::Spans,
    phases::Phase,
    plan::Plan,
    probe::Probe,
    progress::Progress,
    report::{Report, Traffic},
    stage::Stage,
};
use crate::net::ConnId;
use std::time::Duration;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Echo {
    /// How many connections, or sockets for datagrams.
    pub connections: usize,
    /// Bytes of a block or a datagram.
    pub size: usize,
    /// For how long.
    pub time: Duration,
    /// How long the last blocks may take after that; a datagram that takes longer is lost.
    pub drain: Duration,
}

impl Echo {
    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let ear = Blocks::new(self.connections, self.size);
        let mut stage = Stage::set(setup, probe, plan.sources, progress, ear)?;
        let roles: Vec<Role> = (0..self.connections as u32).map(Role::loner).collect();
        stage.gather(&roles, setup.connects_per_second, setup.pending)?;
        stage.begin(Phase::Traffic, self.time.as_millis() as u64)?;
        let start = stage.now();
        let end = start.after(self.time);
        let everyone: Vec<ConnId> = stage.crew().ready().collect();
        for id in &everyone {
            send_next(&mut stage, *id, start);
        }
        let mut next_look = start;
        while stage.now() < end && !stage.is_stopped() {
            let now = stage.now();
            if setup.target.protocol.is_datagrams() && now >= next_look {
                self.resend(&mut stage, &everyone, now);
                next_look = now.after(self.drain.min(Duration::from_millis(100)));
            }
            let done = now.since(start) / 1000;
            stage.step(
                Some(end.min(next_look.max(now.after(Duration::from_millis(1))))),
                done,
            )?;
        }
        stage.ear().is_over = true;
        let (last, stops) = (stage.now().after(self.drain), stage.stops());
        while stage.ear().on_their_way() > 0 && stage.now() < last && stage.stops() == stops {
            stage.step(Some(last), u64::MAX)?;
        }
        let traffic = stage.ear().traffic(start);
        stage.teardown()?;
        let account = stage.into_account();
        let mut report = account::report(setup, "echo", &account);
        report.mode = Some("closed loop, one block on its way on each connection".into());
        let latency = &account.crew.ear.latency;
        account::add_traffic(&mut report, traffic, &[("latency", latency)]);
        Ok(report)
    }

    /// A datagram that did not come back in time is lost; the next one goes out.
    fn resend(&self, stage: &mut Stage<Blocks>, everyone: &[ConnId], now: Moment) {
        for id in everyone {
            let Some(seat) = stage.crew().member(*id).map(|member| member.seat) else {
                continue;
            };
            if stage.ear().give_up(seat, now, self.drain) {
                send_next(stage, *id, now);
            }
        }
    }
}

fn send_next(stage: &mut Stage<Blocks>, id: ConnId, now: Moment) {
    let (crew, net) = stage.acting();
    let Some(seat) = crew.member(id).map(|member| member.seat) else {
        return;
    };
    let block = crew.ear.begin(seat, now).to_vec();
    crew.send(net, id, &block);
}

/// Block numbers before they begin anew: as many as there are ways to shift the pattern.
const SHIFTS: usize = 251;

/// One connection's block.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    number: u32,
    /// Bytes of it that are back.
    back: usize,
    sent: Moment,
    under_way: bool,
    /// Something came back that had not been sent: from then on nothing can be told.
    broken: bool,
}

/// The ear: compares what comes back. A block is a part of one pattern, shifted by its number and its connection, so that
/// no two that follow each other are alike and none has to be kept.
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
    last: Moment,
    is_over: bool,
}

impl Blocks {
    fn new(connections: usize, size: usize) -> Self {
        // Numbers that look random (splitmix64), so that no shift of them is like another.
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
            last: Moment(0),
            is_over: false,
        }
    }

    fn shift(seat: u32, number: u32) -> usize {
        (seat as usize * 31 + number as usize * 17) % SHIFTS
    }

    /// Begins a connection's next block.
    fn begin(&mut self, seat: u32, now: Moment) -> &[u8] {
        let block = &mut self.blocks[seat as usize];
        *block = Block {
            number: block.number + 1,
            sent: now,
            under_way: true,
            ..Block::default()
        };
        self.sent += 1;
        &self.pattern[Self::shift(seat, block.number)..][..self.size]
    }

    /// Gives a block up that is older than this; whether there was one.
    fn give_up(&mut self, seat: u32, now: Moment, patience: Duration) -> bool {
        let block = &mut self.blocks[seat as usize];
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

    /// The next bytes came back. Whether the block is whole now.
    fn compare(&mut self, seat: u32, bytes: &[u8], now: Moment) -> bool {
        let shift = Self::shift(seat, self.blocks[seat as usize].number);
        let block = &mut self.blocks[seat as usize];
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
        self.latency.note(now.since(block.sent));
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

impl Ear for Blocks {
    fn bytes(&mut self, member: &Member, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        if self.compare(member.seat, bytes, now) && !self.is_over {
            out.extend_from_slice(self.begin(member.seat, now));
        }
    }

    fn datagram(&mut self, member: &Member, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        let number = self.blocks[member.seat as usize].number;
        let is_earlier = (1..=number.min(20)).any(|back| {
            let shift = Self::shift(member.seat, number - back);
            bytes == &self.pattern[shift..][..self.size]
        });
        let is_this = bytes == &self.pattern[Self::shift(member.seat, number)..][..self.size];
        if !is_this {
            // One that was given up and comes after all, or none of ours.
            self.late += u64::from(is_earlier);
            self.corrupted += u64::from(!is_earlier);
        } else if self.compare(member.seat, bytes, now) && !self.is_over {
            out.extend_from_slice(self.begin(member.seat, now));
        }
    }

    fn delivered(&self) -> u64 {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_may_come_back_in_any_pieces_but_only_as_it_was() {
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
    fn what_comes_back_changed_is_found_out_once() {
        let mut blocks = Blocks::new(1, 10);
        let mut block = blocks.begin(0, Moment(0)).to_vec();
        block[7] ^= 1;
        assert!(!blocks.compare(0, &block, Moment(1)));
        assert!(!blocks.compare(0, &block, Moment(1)));
        assert_eq!((blocks.done, blocks.corrupted), (0, 1));
        // More than was sent is as wrong.
        let mut blocks = Blocks::new(1, 10);
        let block = [blocks.begin(0, Moment(0)), b"x"].concat();
        assert!(!blocks.compare(0, &block, Moment(1)));
        assert_eq!(blocks.corrupted, 1);
    }

    #[test]
    fn blocks_that_follow_each_other_differ() {
        let mut blocks = Blocks::new(3, 8);
        let mut last = Vec::new();
        for _ in 0..500 {
            let next = blocks.begin(2, Moment(0)).to_vec();
            assert_ne!(next, last);
            last = next;
        }
    }
}
