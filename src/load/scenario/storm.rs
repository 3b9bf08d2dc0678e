//! `storm`: everyone loses their connection at the same moment and comes back at once. How long until all are there?

use super::super::{
    Error, Setup, account,
    crew::{News, NoEar, Role},
    dial::Manner,
    measure::Spans,
    phases::Phase,
    plan::Plan,
    probe::Probe,
    progress::Progress,
    report::{self, Report},
    stage::Stage,
};
use crate::net::ConnId;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Storm {
    /// How many connections.
    pub connections: usize,
    /// Only connections: no registration.
    pub raw: bool,
    /// People in a room; `None`: they stand in none.
    pub per_room: Option<usize>,
}

/// Calls placed between two looks at what was answered.
const CALLS_PER_TURN: usize = 256;

impl Storm {
    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let mut stage = Stage::set(setup, probe, plan.sources, progress, NoEar)?;
        let roles = |from: usize| (from..from + self.connections).map(|n| self.role(n as u32));
        let first: Vec<Role> = roles(0).collect();
        stage.gather(&first, setup.connects_per_second, setup.pending)?;
        stage.settle()?;

        stage.begin(Phase::Traffic, self.connections as u64)?;
        let lost_at = stage.now();
        let everyone: Vec<ConnId> = stage.crew().ready().collect();
        let vanished = everyone.len();
        let (crew, net) = stage.acting();
        everyone.iter().for_each(|id| crew.drop_member(net, *id));
        crew.news.clear();
        // Whoever is back has another name: the server may not know yet that the old one is gone.
        let mut back: Vec<Role> = roles(self.connections).take(vanished).collect();
        let mut away = Spans::default();
        let mut last = lost_at;
        while !stage.is_stopped() {
            let (crew, net) = stage.acting();
            let batch = back.len().min(CALLS_PER_TURN);
            back.drain(..batch).for_each(|role| crew.call(net, role));
            let is_done = back.is_empty() && crew.counts.pending() == 0;
            let due = (!back.is_empty()).then_some(lost_at);
            for news in std::mem::take(&mut crew.news) {
                if matches!(news, News::Ready(_)) {
                    last = stage.now();
                    away.note(last.since(lost_at));
                }
            }
            if is_done {
                break;
            }
            stage.step(due, away.count())?;
        }
        stage.teardown()?;
        let mut report = account::report(setup, "storm", &stage.into_account());
        report.keep("away", &away, &[Phase::Traffic]);
        report.curve = away.curve();
        report.storm = Some(report::Storm {
            vanished: vanished as u64,
            back: away.count(),
            seconds: last.since(lost_at) as f64 / 1e6,
            away: away.summary(),
        });
        Ok(report)
    }

    fn role(&self, number: u32) -> Role {
        let room = |people: usize| number % self.connections as u32 / people.max(1) as u32;
        Role {
            raw: self.raw,
            room: self.per_room.map(room),
            manner: Manner::Abrupt,
            ..Role::loner(number)
        }
    }
}
