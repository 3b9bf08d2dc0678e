//! `slow`: among those who read are some who never do. Are the others disturbed, and what becomes of the slow ones?
//!
//! There are two halves of the same traffic: in the first everyone reads, in the second the slow ones have stopped. So
//! the readers are compared with themselves.

use super::{
    super::{
        Error, Setup, account,
        hall::{Hall, Sloth},
        measure::Spans,
        plan::Plan,
        probe::Probe,
        progress::Progress,
        report::{self, Report},
        stage::Stage,
    },
    fanout::{Fanout, Talk, roles},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Slow {
    /// The traffic; its time is that of each half.
    pub talk: Fanout,
    /// How many of the receivers of the first room stop reading.
    pub slow: usize,
}

/// How much longer than before the readers may wait at the 99th percentile without a warning.
const DISTURBED: u64 = 3;

impl Slow {
    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let seating = self.talk.seating(self.slow);
        let hall = Hall::new(setup.run, seating);
        let mut stage = Stage::set(setup, probe, plan.sources, progress, hall)?;
        let roles = roles(seating);
        stage.gather(&roles, setup.connects_per_second, setup.pending)?;
        stage.settle()?;

        let mut talk = Talk::new(&self.talk, &mut stage);
        talk.run(&mut stage, self.talk.time)?;
        talk.drain(&mut stage)?;
        let hall = stage.ear();
        let before = std::mem::take(&mut hall.latency);
        let had = hall.delivered_to_sloths();
        let since = stage.now();
        let until = since.after(self.talk.time);
        stage.ear().sloth = Some(Sloth { until });
        talk.run(&mut stage, self.talk.time)?;
        talk.drain(&mut stage)?;
        let after = stage.ear().latency.summary();
        stage.ear().latency.add(&before);
        let traffic = talk.traffic(&mut stage);
        // Now they read again what is left for them, and find out whether they were let go.
        stage.settle()?;

        let hall = stage.ear();
        let first_gone = hall.first_gone.map(|at| at.since(since) as f64 / 1e6);
        let delivered = hall.delivered_to_sloths() - had;
        stage.teardown()?;
        let account = stage.into_account();
        let slow = report::Slow {
            readers: self.slow as u64,
            before: before.summary(),
            after,
            let_go: account.crew.tally.let_go,
            first_gone,
            delivered,
        };
        let mut report = account::report(setup, "slow", &account);
        report.mode = Some(self.talk.drive.describe());
        account::add_traffic(&mut report, traffic, &talk.spans(&account.crew.ear));
        warn(&mut report, &slow, &before);
        report.slow = Some(slow);
        Ok(report)
    }
}

fn warn(report: &mut Report, slow: &report::Slow, before: &Spans) {
    let warnings = &mut report.verdict.warnings;
    if let (Some(before), Some(after)) = (before.summary(), slow.after) {
        if after.p99 > before.p99.max(1000) * DISTURBED {
            warnings.push(format!(
                "the readers were disturbed: 99 % of deliveries took {} us before and {} us after some had stopped reading",
                before.p99, after.p99
            ));
        }
    }
    if slow.let_go < slow.readers {
        warnings.push(
            "not all slow readers were let go: perhaps too little was said to fill their queues; a higher --rate or \
             --payload says more"
                .into(),
        );
    }
}
