//! One attack while it lasts: bursts leave, PINGs are sent on schedule, and in the end everyone waits for the victims.
//!
//! Invariant: it ends at the moment it was given, and the recovery after [`RECOVERY_MAX`] at the latest, three times.

use super::{Attack, CALLS_PER_TURN, Hostile, attackers, role, siege::Siege};
use crate::load::{
    clock::Moment,
    crew::{Door, News},
    pace::{Pace, Rate},
    stage::Stage,
};
use std::{io, time::Duration};

/// How long one waits after an attack until the victims are answered again.
const RECOVERY_MAX: Duration = Duration::from_secs(20);

/// Bytes of a poured attack that may wait in the tool for one attacker: what the kernel holds keeps a server busy.
const POURED_BYTES_MAX: usize = 32 * 1024;

/// The time of one attack.
pub(super) struct Fight<'a> {
    plan: &'a Hostile,
    attack: Attack,
    door: Door,
    clients: u32,
    start: Moment,
    pace: Pace,
    pings: u32,
    /// What is poured in, and the bytes of a unit of it.
    block: (Vec<u8>, usize),
    poured: u64,
    /// Those who came back.
    returned: u32,
}

impl<'a> Fight<'a> {
    pub(super) fn new(
        start: Moment,
        plan: &'a Hostile,
        attack: Attack,
        clients: u32,
        door: Door,
    ) -> Self {
        let thousandths = (plan.rate.per_second() * 1e3 * plan.victims as f64) as u64;
        let rate = Rate::from_thousandths(thousandths).unwrap_or(plan.rate);
        Self {
            plan,
            attack,
            door,
            clients,
            start,
            pace: Pace::new(start, rate),
            pings: 0,
            block: attack.block(),
            poured: 0,
            returned: 0,
        }
    }

    pub(super) fn run(&mut self, stage: &mut Stage<Siege>, end: Moment) -> io::Result<()> {
        stage.ear().is_on = true;
        let operator = stage.ear().operator();
        let mut all = attackers(stage);
        if self.attack == Attack::Kline {
            let crew = stage.crew();
            all = crew
                .members()
                .map(|member| (member.id, member.seat))
                .collect();
            all.retain(|(_, seat)| *seat == operator);
        }
        for (id, seat) in all {
            let (crew, net) = stage.acting();
            crew.tell(net, id, |siege, out| siege.attack(seat, out));
        }
        while stage.now() < end && !stage.is_stopped() {
            let now = stage.now();
            while let Some(planned) = self.pace.take(now).filter(|planned| *planned < end) {
                self.ping(stage, planned);
            }
            self.call_again(stage);
            let mut due = self.pace.due().min(end);
            if self.attack.is_poured() {
                self.pour(stage);
                due = due.min(now.after(Duration::from_millis(1)));
            }
            let done = stage.ear().done + now.since(self.start) / 1000;
            stage.step(Some(due), done)?;
        }
        stage.ear().is_on = false;
        if self.attack.is_nameless() {
            let all = attackers(stage);
            let (_, net) = stage.acting();
            let waiting: usize = all.iter().map(|(id, _)| net.queued(*id)).sum();
            let left = self.poured.saturating_sub(waiting as u64);
            stage.ear().sent = left / self.block.1 as u64;
        }
        Ok(())
    }

    fn ping(&mut self, stage: &mut Stage<Siege>, planned: Moment) {
        let victim = self.pings % self.plan.victims as u32;
        let number = self.pings;
        self.pings += 1;
        let found = stage.crew().members().find(|member| member.seat == victim);
        let Some(id) = found.map(|member| member.id) else {
            return;
        };
        let (crew, net) = stage.acting();
        crew.tell(net, id, |siege, out| {
            siege.ping(victim, number, planned, out)
        });
    }

    /// Keeps every attacker's queue filled with what is poured in.
    fn pour(&mut self, stage: &mut Stage<Siege>) {
        let (block, unit) = (&self.block.0, self.block.1);
        for (id, seat) in attackers(stage) {
            let (crew, net) = stage.acting();
            if self.attack.is_nameless() {
                // Nobody answers: what waits here is all that is known.
                if net.queued(id) < POURED_BYTES_MAX {
                    crew.send(net, id, block);
                    self.poured += block.len() as u64;
                }
                continue;
            }
            let mut ping = Vec::new();
            if crew.ear.pour(seat, (block.len() / unit) as u32, &mut ping) {
                crew.send(net, id, block);
                crew.tell(net, id, |_, out| out.extend_from_slice(&ping));
            }
        }
    }

    /// Whoever pours and is let go comes back at once, as an attacker would.
    fn call_again(&mut self, stage: &mut Stage<Siege>) {
        let news = std::mem::take(&mut stage.crew().news);
        if !self.attack.is_poured() {
            return;
        }
        let gone = news
            .iter()
            .filter(|news| matches!(news, News::Gone { .. }))
            .count();
        for _ in 0..gone.min(CALLS_PER_TURN) {
            let name = self.clients + self.returned;
            let place = self.returned % self.clients.max(1);
            self.returned += 1;
            stage.ear().forget(place);
            let role = role(stage.ear(), self.attack, place, name, self.door);
            let (crew, net) = stage.acting();
            crew.call(net, role);
        }
    }

    /// The attackers vanish. Waits until every victim is answered at once, and says how many seconds that took.
    pub(super) fn recover(&mut self, stage: &mut Stage<Siege>) -> io::Result<f64> {
        let since = stage.now();
        let first = stage.ear().first();
        let all: Vec<_> = stage.crew().members().map(|m| (m.id, m.seat)).collect();
        for (id, seat) in all {
            if seat >= first {
                let (crew, net) = stage.acting();
                crew.drop_member(net, id);
            }
        }
        let is_answered = |stage: &mut Stage<Siege>| stage.ear().waiting() == 0;
        // The second time for what the going of so many costs.
        for _ in 0..2 {
            if !self.plan.wait(stage, RECOVERY_MAX, is_answered)? {
                break;
            }
            for _ in 0..self.plan.victims {
                let now = stage.now();
                self.ping(stage, now);
            }
        }
        self.plan.wait(stage, RECOVERY_MAX, is_answered)?;
        let now = stage.now();
        stage.ear().give_up(now);
        Ok(now.since(since) as f64 / 1e6)
    }
}
