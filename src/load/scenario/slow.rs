//! `slow`: some receivers stop reading. Are the others disturbed, and what becomes of the slow ones?
//!
//! There are two halves of the same traffic: in the first every client reads, in the second the slow ones have
//! stopped. So the readers are compared with themselves.

use super::{
    super::{
        delivery::{DeliveryTracker, Stall},
        measure::Spans,
        report::{self, Report},
        runner::Runner,
        settings::Settings,
        setup::Setup,
        summary,
        target::Protocol,
    },
    Scenario,
    fanout::{Fanout, Senders, roles},
};
use std::io;

/// The options.
#[derive(Clone, Debug)]
pub struct Slow {
    /// The traffic; its time is that of each half.
    pub traffic: Fanout,
    /// How many of the receivers of the first room stop reading.
    pub slow: usize,
}

/// How many times longer than before deliveries may take at the 99th percentile without a warning.
const DISTURBED: u64 = 3;

impl Scenario for Slow {
    fn connections(&self) -> usize {
        self.traffic.connections()
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        self.traffic.check_traffic(protocol)?;
        let plan = self.traffic.room_plan(self.slow);
        if plan.stalled >= plan.receivers_of(0) {
            return Err(
                "somebody in the first room must read: more --receivers, or fewer --slow".into(),
            );
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        self.traffic.traffic_settings().with("slow", self.slow)
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let room_plan = self.traffic.room_plan(self.slow);
        let delivery = DeliveryTracker::new(setup.run, room_plan);
        let mut runner = Runner::new(setup, delivery)?;
        let roles = roles(room_plan);
        runner.connect_all(&roles)?;
        runner.wait_for_quiet()?;

        let mut senders = Senders::new(&self.traffic, &mut runner);
        senders.run(&mut runner, self.traffic.time)?;
        senders.drain(&mut runner)?;
        let delivery = runner.observer();
        let before = std::mem::take(&mut delivery.latency);
        let had = delivery.delivered_to_stalled();
        let since = runner.now();
        let until = since.after(self.traffic.time);
        runner.observer().stall = Some(Stall { until });
        senders.run(&mut runner, self.traffic.time)?;
        senders.drain(&mut runner)?;
        let after = runner.observer().latency.summary();
        runner.observer().latency.add(&before);
        let traffic = senders.traffic(&mut runner);
        // The slow clients read again what is left for them, and find out whether the server has closed their
        // connections.
        runner.wait_for_quiet()?;

        let delivery = runner.observer();
        let first_gone = delivery.first_gone.map(|at| at.since(since) as f64 / 1e6);
        let delivered = delivery.delivered_to_stalled() - had;
        runner.teardown()?;
        let summary = runner.into_summary();
        let slow = report::Slow {
            readers: self.slow as u64,
            before: before.summary(),
            after,
            let_go: summary.clients.tally.let_go,
            first_gone,
            delivered,
        };
        let mut report = summary::report("slow", &summary);
        report.mode = Some(self.traffic.drive.describe());
        summary::add_traffic(
            &mut report,
            traffic,
            &senders.spans(&summary.clients.observer),
        );
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
