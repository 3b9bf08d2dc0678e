//! One attack while it lasts: bursts leave, PINGs are sent on schedule, and in the end the victims recover.
//!
//! Invariant: it ends at the moment it was given, and the recovery after three times [`RECOVERY_MAX`] at the latest.

use super::{
    attack::Attack,
    attackers::{CALLS_PER_TURN, present_attackers, role, wait},
    observer::AttackObserver,
    options::Hostile,
};
use crate::load::{
    clients::{ClientEvent, Endpoint},
    clock::Moment,
    runner::Runner,
    schedule::{Rate, Schedule},
};
use std::{io, time::Duration};

/// How long to wait after an attack until the victims are answered again.
const RECOVERY_MAX: Duration = Duration::from_secs(20);

/// Bytes of a stream that may wait in the tool for one attacker: what the kernel's buffers hold keeps a server busy.
const POURED_BYTES_MAX: usize = 32 * 1024;

/// The state of one attack.
pub(super) struct AttackRun<'a> {
    plan: &'a Hostile,
    attack: Attack,
    endpoint: Endpoint,
    attackers: u32,
    start: Moment,
    schedule: Schedule,
    pings: u32,
    /// The block that is sent again and again, and the bytes of a unit of it.
    block: (Vec<u8>, usize),
    poured: u64,
    /// How many attackers have reconnected.
    returned: u32,
}

impl<'a> AttackRun<'a> {
    pub(super) fn new(
        start: Moment,
        plan: &'a Hostile,
        attack: Attack,
        attackers: u32,
        endpoint: Endpoint,
    ) -> Self {
        let thousandths = (plan.rate.per_second() * 1e3 * plan.victims as f64) as u64;
        let rate = Rate::from_thousandths(thousandths).unwrap_or(plan.rate);
        Self {
            plan,
            attack,
            endpoint,
            attackers,
            start,
            schedule: Schedule::new(start, rate),
            pings: 0,
            block: attack.block(),
            poured: 0,
            returned: 0,
        }
    }

    pub(super) fn run(
        &mut self,
        runner: &mut Runner<AttackObserver>,
        end: Moment,
    ) -> io::Result<()> {
        runner.observer().is_on = true;
        let operator = runner.observer().operator();
        let mut all = present_attackers(runner);
        if self.attack == Attack::Kline {
            let clients = runner.clients();
            all = clients
                .iter()
                .map(|client| (client.id, client.index))
                .collect();
            all.retain(|(_, index)| *index == operator);
        }
        for (id, index) in all {
            let (clients, net) = runner.parts();
            clients.send_with(net, id, |observer, out| observer.attack(index, out));
        }
        while runner.now() < end && !runner.is_stopped() {
            let now = runner.now();
            while let Some(planned) = self.schedule.take(now).filter(|planned| *planned < end) {
                self.ping(runner, planned);
            }
            self.call_again(runner);
            let mut due = self.schedule.due().min(end);
            if self.attack.is_poured() {
                self.pour(runner);
                due = due.min(now.after(Duration::from_millis(1)));
            }
            let done = runner.observer().done + now.since(self.start) / 1000;
            runner.step(Some(due), done)?;
        }
        runner.observer().is_on = false;
        if self.attack.is_nameless() {
            let all = present_attackers(runner);
            let (_, net) = runner.parts();
            let waiting: usize = all.iter().map(|(id, _)| net.queued(*id)).sum();
            let left = self.poured.saturating_sub(waiting as u64);
            runner.observer().sent = left / self.block.1 as u64;
        }
        Ok(())
    }

    fn ping(&mut self, runner: &mut Runner<AttackObserver>, planned: Moment) {
        let victim = self.pings % self.plan.victims as u32;
        let number = self.pings;
        self.pings += 1;
        let found = runner
            .clients()
            .iter()
            .find(|client| client.index == victim);
        let Some(id) = found.map(|client| client.id) else {
            return;
        };
        let (clients, net) = runner.parts();
        clients.send_with(net, id, |observer, out| {
            observer.ping(victim, number, planned, out)
        });
    }

    /// Keeps every attacker's queue filled with the stream.
    fn pour(&mut self, runner: &mut Runner<AttackObserver>) {
        let (block, unit) = (&self.block.0, self.block.1);
        for (id, index) in present_attackers(runner) {
            let (clients, net) = runner.parts();
            if self.attack.is_nameless() {
                // Without answers, the length of our queue is all that is known.
                if net.queued(id) < POURED_BYTES_MAX {
                    clients.send_bytes(net, id, block);
                    self.poured += block.len() as u64;
                }
                continue;
            }
            let mut ping = Vec::new();
            if clients
                .observer
                .pour(index, (block.len() / unit) as u32, &mut ping)
            {
                clients.send_bytes(net, id, block);
                clients.send_with(net, id, |_, out| out.extend_from_slice(&ping));
            }
        }
    }

    /// Replaces attackers of a stream whose connections the server has closed, as a real attacker would.
    fn call_again(&mut self, runner: &mut Runner<AttackObserver>) {
        let events = std::mem::take(&mut runner.clients().events);
        if !self.attack.is_poured() {
            return;
        }
        let gone = events
            .iter()
            .filter(|events| matches!(events, ClientEvent::Gone { .. }))
            .count();
        for _ in 0..gone.min(CALLS_PER_TURN) {
            let name = self.attackers + self.returned;
            let number = self.returned % self.attackers.max(1);
            self.returned += 1;
            runner.observer().forget(number);
            let role = role(runner.observer(), self.attack, number, name, self.endpoint);
            let (clients, net) = runner.parts();
            clients.connect(net, role);
        }
    }

    /// Ends the attackers' connections. Waits until every victim is answered at once; returns how many seconds that
    /// took.
    pub(super) fn recover(&mut self, runner: &mut Runner<AttackObserver>) -> io::Result<f64> {
        let since = runner.now();
        let first = runner.observer().first();
        let all: Vec<_> = runner.clients().iter().map(|m| (m.id, m.index)).collect();
        for (id, index) in all {
            if index >= first {
                let (clients, net) = runner.parts();
                clients.abort(net, id);
            }
        }
        let is_answered = |runner: &mut Runner<AttackObserver>| runner.observer().waiting() == 0;
        // The second round measures what the end of so many connections costs.
        for _ in 0..2 {
            if !wait(runner, RECOVERY_MAX, is_answered)? {
                break;
            }
            for _ in 0..self.plan.victims {
                let now = runner.now();
                self.ping(runner, now);
            }
        }
        wait(runner, RECOVERY_MAX, is_answered)?;
        let now = runner.now();
        runner.observer().give_up(now);
        Ok(now.since(since) as f64 / 1e6)
    }
}
