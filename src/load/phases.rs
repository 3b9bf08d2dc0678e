//! The phases of a run, one after the other, each timed.

use super::clock::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The clients connect.
    Ramp,
    /// All calls are placed; some clients are not registered or not in their rooms yet.
    Handshake,
    /// The messages about so many arrivals die down.
    Settle,
    /// The traffic that is measured.
    Traffic,
    /// Nothing happens, and that is measured.
    Hold,
    /// The clients quit.
    Teardown,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ramp => "ramp",
            Self::Handshake => "handshake",
            Self::Settle => "settle",
            Self::Traffic => "traffic",
            Self::Hold => "hold",
            Self::Teardown => "teardown",
        })
    }
}

/// A phase that is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Which phase.
    pub phase: Phase,
    /// When it began, in seconds of the run.
    pub start: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The phases so far.
#[derive(Debug, Default)]
pub(super) struct Phases {
    over: Vec<Timed>,
    current: Option<(Phase, Moment)>,
}

impl Phases {
    /// Begins a phase and ends the one before.
    pub(super) fn begin(&mut self, phase: Phase, now: Moment) {
        self.end(now);
        self.current = Some((phase, now));
    }

    /// Ends the current phase, if there is one.
    pub(super) fn end(&mut self, now: Moment) {
        if let Some((phase, since)) = self.current.take() {
            self.over.push(Timed {
                phase,
                start: since.seconds(),
                seconds: now.since(since) as f64 / 1e6,
            });
        }
    }

    /// The current phase.
    pub(super) fn current(&self) -> Option<Phase> {
        self.current.map(|(phase, _)| phase)
    }

    /// The phases that are over.
    pub(super) fn over(&self) -> &[Timed] {
        &self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_ends_where_the_next_begins() {
        let mut phases = Phases::default();
        phases.end(Moment(1));
        assert!(phases.over().is_empty());
        phases.begin(Phase::Ramp, Moment(1_000_000));
        phases.begin(Phase::Settle, Moment(3_000_000));
        phases.end(Moment(3_500_000));
        let shown: Vec<_> = phases
            .over()
            .iter()
            .map(|t| (t.phase, t.start, t.seconds))
            .collect();
        assert_eq!(shown, [(Phase::Ramp, 1.0, 2.0), (Phase::Settle, 3.0, 0.5)]);
    }
}
