//! The server's side of the measurement: what it used between two moments of the run.
//!
//! The numbers come from the kernel, or from the server's own metrics. A number that cannot be read is left out of
//! the report, never guessed.

pub(super) mod metrics;

use crate::os::process::{Holdings, Process, Usage};
use metrics::Scrape;

/// Where the server's numbers come from.
#[derive(Debug)]
pub(super) enum Probe {
    /// There is no source.
    None,
    /// A process of this machine, and its id.
    Process(Process, u32),
    /// The server's metrics.
    Metrics(Box<Scrape>),
}

impl Probe {
    /// What it has used so far, as far as is known now.
    pub(super) fn usage(&self) -> Option<Usage> {
        match self {
            Self::None => None,
            Self::Process(process, _) => {
                let usage = process.usage();
                usage.resident.is_some().then_some(usage)
            }
            Self::Metrics(scrape) => scrape.latest().map(|(usage, _)| usage),
        }
    }

    /// What it holds.
    pub(super) fn holdings(&self) -> Holdings {
        match self {
            Self::None => Holdings::default(),
            Self::Process(process, _) => process.holdings(),
            Self::Metrics(scrape) => scrape
                .latest()
                .map(|(_, holdings)| holdings)
                .unwrap_or_default(),
        }
    }

    /// The metrics that are read over the network, if they are the source.
    pub(super) fn scrape(&mut self) -> Option<&mut Scrape> {
        match self {
            Self::Metrics(scrape) => Some(scrape),
            Self::None | Self::Process(..) => None,
        }
    }

    /// The name of the source; `None` without one.
    pub(super) fn whom(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Process(process, id) => Some(match process.name() {
                Some(name) => format!("{name} ({id})"),
                None => format!("process {id}, which is gone"),
            }),
            Self::Metrics(scrape) => Some(format!("metrics of {}", scrape.url().authority)),
        }
    }
}
