//! What a run needs besides its scenario: the target, and what the command line and the plan decided.

use super::{
    adapter::Run, clock::Clock, probe::Probe, progress::Progress, settings::Settings,
    target::Target,
};
use std::{net::IpAddr, time::Duration};

/// Everything that a [`Runner`](super::runner::Runner) is made from.
pub struct Setup {
    pub(super) target: Target,
    pub(super) run: Run,
    pub(super) clock: Clock,
    /// How long a call and its registration may take together.
    pub(super) timeout: Duration,
    pub(super) connects_per_second: f64,
    /// Calls and registrations under way at a time, at most.
    pub(super) pending: usize,
    /// For the report.
    pub(super) settings: Settings,
    /// Addresses to connect from, in turn; empty: the system chooses.
    pub(super) sources: Vec<IpAddr>,
    pub(super) probe: Probe,
    pub(super) progress: Box<dyn Progress>,
}
