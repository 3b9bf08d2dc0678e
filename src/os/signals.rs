//! Signals as a readable source of the loop: what the operator has asked for since the last look.
//!
//! The signal handler is the library's: it writes a byte to a pipe, and that wakes the poll. Nothing else runs in it.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals as Source;
use std::io;

/// The signals that have come so far.
pub struct Signals {
    /// The source that the loop registers; readable after a signal.
    pub source: Source,
    /// How many SIGTERM and SIGINT have come.
    pub stops: u32,
    /// SIGHUP has come and was not acted on yet.
    pub reload: bool,
}

impl Signals {
    /// Starts to receive signals.
    ///
    /// # Errors
    /// The system gives us no pipe.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            source: Source::new([SIGHUP, SIGINT, SIGTERM])?,
            stops: 0,
            reload: false,
        })
    }

    /// Reads the pending signals from the pipe and counts them.
    pub fn note_pending(&mut self) {
        for signal in self.source.pending() {
            match signal {
                SIGHUP => self.reload = true,
                _ => self.stops += 1,
            }
        }
    }
}

impl std::fmt::Debug for Signals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signals")
            .field("stops", &self.stops)
            .field("reload", &self.reload)
            .finish_non_exhaustive()
    }
}
