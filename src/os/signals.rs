//! Signals as a readable source of the loop: what the operator has asked for since we last looked.
//!
//! Nothing is done inside a signal handler but what the library does there: it writes a byte to a pipe, and that wakes the poll.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals as Source;
use std::io;

/// What the operator asked for.
pub struct Signals {
    /// What the loop registers; readable when a signal came.
    pub source: Source,
    /// SIGTERM and SIGINT so far.
    pub stops: u32,
    /// SIGHUP came and was not acted on yet.
    pub reload: bool,
}

impl Signals {
    /// Starts listening to signals.
    ///
    /// # Errors
    /// When the pipe cannot be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            source: Source::new([SIGHUP, SIGINT, SIGTERM])?,
            stops: 0,
            reload: false,
        })
    }

    /// Takes what is pending off the pipe.
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
