//! The observer of the run: times the victims' PINGs, and keeps every attacker's next burst ready.
//!
//! An attacker has two bursts under way, each followed by a PING: when its PONG comes, the server has handled the
//! burst, and the next one leaves. So there is always something for the server to read, and never more than two
//! bursts of an attacker in a queue. Indices: the victims first, then the operator, then the attackers. Invariant:
//! every PING of a victim is counted once. Knows no schedule and no sockets.

use super::{attack::Attack, context::AttackContext, features::ServerFeatures};
use crate::load::{
    adapter::Message,
    clients::{Client, Observer},
    clock::Moment,
    measure::Spans,
};
use std::{collections::VecDeque, io::Write as _};

/// Bursts of an attacker that are under way.
const WINDOW: usize = 2;

/// One attacker.
#[derive(Clone, Debug, Default)]
struct Attacker {
    bursts: u32,
    /// Number and lines of each burst under way.
    under_way: VecDeque<(u32, u32)>,
    /// How many steps of the set-up are done.
    steps: u32,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct AttackObserver {
    pub(super) victims: u32,
    pub(super) features: ServerFeatures,
    /// The attack that is going on, if there is one.
    pub(super) attack: Option<(Attack, AttackContext)>,
    /// Milliseconds of the run that are done, for its progress.
    pub(super) done: u64,
    /// Whether an answered burst is followed by another.
    pub(super) is_on: bool,
    pub(super) sent: u64,
    pub(super) taken: u64,
    /// Commands that the server does not know.
    pub(super) unknown: u64,
    /// Whether the operator has been accepted.
    pub(super) is_operator: bool,
    /// How long the victims' PINGs took.
    pub(super) latency: Spans,
    pub(super) unanswered: u64,
    /// By victim: numbers and planned moments of the PINGs under way.
    pings: Vec<VecDeque<(u32, Moment)>>,
    attackers: Vec<Attacker>,
    answered: u64,
}

impl AttackObserver {
    pub(super) fn new(victims: u32) -> Self {
        Self {
            victims,
            features: ServerFeatures::default(),
            attack: None,
            done: 0,
            is_on: false,
            sent: 0,
            taken: 0,
            unknown: 0,
            is_operator: false,
            latency: Spans::default(),
            unanswered: 0,
            pings: vec![VecDeque::new(); victims as usize],
            attackers: Vec::new(),
            answered: 0,
        }
    }

    /// The operator's index.
    pub(super) fn operator(&self) -> u32 {
        self.victims
    }

    /// The first attacker's index.
    pub(super) fn first(&self) -> u32 {
        self.victims + 1
    }

    /// Prepares an attack: all counts begin at zero.
    pub(super) fn begin(&mut self, attack: Attack, context: AttackContext) {
        let attackers = context.attackers as usize;
        self.attackers = vec![Attacker::default(); attackers + 1];
        self.attack = Some((attack, context));
        (self.is_on, self.sent, self.taken, self.unknown) = (false, 0, 0, 0);
        (self.latency, self.unanswered) = (Spans::default(), 0);
    }

    /// Appends a victim's PING, which was due at `planned`.
    pub(super) fn ping(&mut self, victim: u32, number: u32, planned: Moment, out: &mut Vec<u8>) {
        self.pings[victim as usize].push_back((number, planned));
        let _ = write!(out, "PING :v{number}\r\n");
    }

    /// PINGs that have no answer yet.
    pub(super) fn waiting(&self) -> usize {
        self.pings.iter().map(VecDeque::len).sum()
    }

    /// Gives up all PINGs under way: those without an answer took at least until now.
    pub(super) fn give_up(&mut self, now: Moment) {
        for (_, planned) in self.pings.iter_mut().flat_map(|pings| pings.drain(..)) {
            self.latency.note(now.since(planned));
            self.unanswered += 1;
        }
    }

    /// Counts a PONG for a victim. Answers come in order; one that is missing in between will never come.
    fn note_pong(&mut self, victim: usize, number: u32, now: Moment) {
        let pings = &mut self.pings[victim];
        while let Some((of, planned)) = pings.front().copied().filter(|ping| ping.0 <= number) {
            pings.pop_front();
            self.unanswered += u64::from(of < number);
            self.latency.note(now.since(planned));
            self.answered += 1;
        }
    }

    /// Appends a step of an attacker's set-up; `false` if there are no more.
    pub(super) fn set_up(&mut self, step: u32, index: u32, out: &mut Vec<u8>) -> bool {
        let attacker = index - self.first();
        let Some((attack, context)) = &self.attack else {
            return false;
        };
        let is_more = attack.set_up(step, attacker, context, out);
        if is_more {
            let _ = write!(out, "PING :s{}\r\n", step + 1);
        }
        is_more
    }

    /// Whether an attacker has done so many steps.
    pub(super) fn has_done(&self, index: u32, steps: u32) -> bool {
        let attacker = self.attackers.get((index - self.first()) as usize);
        attacker.is_none_or(|attacker| attacker.steps >= steps)
    }

    /// Appends as many bursts of the client with this index as may be under way.
    pub(super) fn attack(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some((attack, context)) = &self.attack else {
            return;
        };
        // The operator's place is after the attackers.
        let number = index
            .checked_sub(self.victims + 1)
            .unwrap_or(context.attackers);
        let Some(attacker) = self.attackers.get_mut(number as usize) else {
            return;
        };
        while self.is_on && attacker.under_way.len() < WINDOW {
            let burst = attacker.bursts;
            let lines = attack.burst(burst, number, context, out);
            if lines == 0 {
                return;
            }
            let _ = write!(out, "PING :h{burst}\r\n");
            attacker.bursts += 1;
            attacker.under_way.push_back((burst, lines));
            self.sent += u64::from(lines);
        }
    }

    /// Records a block of a stream, and appends the PING that follows it; `false` if enough is under way.
    pub(super) fn pour(&mut self, index: u32, units: u32, out: &mut Vec<u8>) -> bool {
        let number = index
            .checked_sub(self.victims + 1)
            .map(|number| number as usize);
        let attacker = number.and_then(|number| self.attackers.get_mut(number));
        let Some(attacker) = attacker.filter(|of| of.under_way.len() < WINDOW) else {
            return false;
        };
        let _ = write!(out, "PING :h{}\r\n", attacker.bursts);
        attacker.under_way.push_back((attacker.bursts, units));
        attacker.bursts += 1;
        self.sent += u64::from(units);
        true
    }

    /// The client with this index was replaced: nothing of it is under way.
    pub(super) fn forget(&mut self, number: u32) {
        if let Some(attacker) = self.attackers.get_mut(number as usize) {
            attacker.under_way.clear();
        }
    }

    /// The server has handled everything up to a PING of an attacker.
    fn note_answer(&mut self, index: u32, token: &[u8], out: &mut Vec<u8>) {
        let attacker_number = index.checked_sub(self.first());
        let attacker_number = attacker_number
            .map_or(self.attackers.len().saturating_sub(1), |number| {
                number as usize
            });
        let Some(attacker) = self.attackers.get_mut(attacker_number) else {
            return;
        };
        match (token.first(), number(token)) {
            (Some(b's'), Some(steps)) => attacker.steps = steps,
            (Some(b'h'), Some(burst)) => {
                let under_way = &mut attacker.under_way;
                while let Some((_, lines)) = under_way.front().copied().filter(|of| of.0 <= burst) {
                    under_way.pop_front();
                    // The last answers may come when the attack is over.
                    self.taken += u64::from(lines);
                }
                self.attack(index, out);
            }
            _ => {}
        }
    }
}

/// The number after the letter of one of our tokens.
fn number(token: &[u8]) -> Option<u32> {
    std::str::from_utf8(token.get(1..)?).ok()?.parse().ok()
}

impl Observer for AttackObserver {
    fn line_received(&mut self, client: &Client, line: &[u8], now: Moment, out: &mut Vec<u8>) {
        let Some(message) = Message::parse(line) else {
            return;
        };
        let is_victim = client.index < self.victims;
        match message.command {
            b"PONG" if is_victim => {
                if let Some(number) = number(message.last) {
                    self.note_pong(client.index as usize, number, now);
                }
            }
            b"PONG" => self.note_answer(client.index, message.last, out),
            b"005" if client.index == 0 => self.features.note_isupport(message.parameters),
            b"CAP" if client.index == 0 => self.features.note_capabilities(message.parameters),
            // RPL_YOUREOPER.
            b"381" => self.is_operator |= client.index == self.operator(),
            // ERR_UNKNOWNCOMMAND.
            b"421" if !is_victim => self.unknown += 1,
            _ => {}
        }
    }

    fn may_be_refused(&self, client: &Client) -> bool {
        client.index > self.victims
    }

    fn may_be_closed(&self, client: &Client) -> bool {
        client.index > self.victims
    }

    fn delivered(&self) -> u64 {
        self.answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::adapter::Run;

    fn observer() -> AttackObserver {
        let mut observer = AttackObserver::new(2);
        let context = AttackContext {
            run: Run(1),
            turn: 0,
            attackers: 3,
            rooms: 1,
            masks: 1,
            features: ServerFeatures::default(),
            sources: vec!["127.0.1.1".into(), "127.0.1.2".into()],
        };
        observer.begin(Attack::List, context);
        observer
    }

    #[test]
    fn every_ping_is_counted_once() {
        let mut observer = observer();
        let mut out = Vec::new();
        for number in 0..4 {
            observer.ping(number % 2, number, Moment(1000), &mut out);
        }
        assert_eq!(observer.waiting(), 4);
        observer.note_pong(0, 0, Moment(1500));
        observer.note_pong(0, 0, Moment(1600));
        assert_eq!((observer.waiting(), observer.latency.count()), (3, 1));
        // PONG 1 was left out: it will not come any more.
        observer.note_pong(1, 3, Moment(2000));
        assert_eq!((observer.latency.count(), observer.unanswered), (3, 1));
        observer.give_up(Moment(5000));
        assert_eq!((observer.waiting(), observer.unanswered), (0, 2));
        assert_eq!(observer.latency.summary().unwrap().max, 4001);
    }

    #[test]
    fn an_attacker_has_two_bursts_under_way() {
        let mut observer = observer();
        let mut out = Vec::new();
        let index = observer.first();
        observer.attack(index, &mut out);
        assert!(out.is_empty(), "it has not begun");
        observer.is_on = true;
        observer.attack(index, &mut out);
        observer.attack(index, &mut out);
        let pings = |out: &[u8]| String::from_utf8_lossy(out).matches("PING :h").count();
        assert_eq!((pings(&out), observer.sent, observer.taken), (2, 100, 0));
        out.clear();
        observer.note_answer(index, b"h0", &mut out);
        assert_eq!((pings(&out), observer.sent, observer.taken), (1, 150, 50));
        observer.is_on = false;
        out.clear();
        observer.note_answer(index, b"h2", &mut out);
        assert_eq!((out.len(), observer.taken), (0, 150));
        observer.note_answer(index, b"nonsense", &mut out);
        observer.note_answer(index + 99, b"h1", &mut out);
    }

    #[test]
    fn the_operator_attacks_once() {
        let mut observer = observer();
        let context = observer.attack.take().unwrap().1;
        observer.begin(Attack::Kline, context);
        observer.is_on = true;
        let mut out = Vec::new();
        let operator = observer.operator();
        observer.attack(operator, &mut out);
        observer.note_answer(operator, b"h0", &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("KLINE").count(), 2, "{text}");
        assert_eq!((observer.sent, observer.taken), (2, 2));
    }
}
