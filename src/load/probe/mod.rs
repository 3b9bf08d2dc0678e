//! The server's side of the account: what it used up between two moments of the run.
//!
//! Asks the kernel about its process. Whatever cannot be found out is left out of the report, never guessed.

pub(super) mod process;

use process::{Holdings, Process, Usage};

/// Where the server's numbers come from.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    /// Nobody can be asked.
    None,
    /// A process of this machine.
    Process(Process, u32),
}

impl Probe {
    /// What it has used so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        match self {
            Self::None => None,
            Self::Process(process, _) => {
                let usage = process.usage();
                usage.resident.is_some().then_some(usage)
            }
        }
    }

    /// What it holds.
    pub(super) fn holdings(&self) -> Holdings {
        match self {
            Self::None => Holdings::default(),
            Self::Process(process, _) => process.holdings(),
        }
    }
}
