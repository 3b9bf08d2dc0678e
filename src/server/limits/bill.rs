//! The bill of the input at hand: its lines, and the effort that it has caused.
//!
//! Filled while a connection's input is handled, settled when that is over (`connections/charge.rs`). Does not know
//! whose it is.

use crate::chat::effort::PER_LINE;

/// Less effort than this is not charged to a connection: five times `VISIT` of `connections/charge.rs`.
const TRIFLE: u64 = 100;

/// See the module's documentation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bill {
    /// Whole lines, each of which was taken from the allowance.
    lines: u32,
    /// Effort.
    units: u64,
}

impl Bill {
    /// Adds a line that is paid for as such.
    pub(crate) fn add_line(&mut self) {
        self.lines += 1;
    }

    /// Adds effort.
    pub(crate) fn add(&mut self, units: u64) {
        self.units += units;
    }

    /// Whether there are whole lines on it.
    pub(crate) fn has_lines(&self) -> bool {
        self.lines > 0
    }

    /// All effort.
    pub(crate) fn units(&self) -> u64 {
        self.units
    }

    /// Whether it comes to so much that it should be settled before the next line is handled.
    pub(crate) fn is_high(&self) -> bool {
        self.units >= u64::from(PER_LINE)
    }

    /// What the connection is to pay beyond its lines. A trifle is not counted: a line that comes in pieces costs no more
    /// than one that comes whole. (Its network pays for that too.)
    pub(crate) fn beyond_lines(&self) -> u64 {
        let lines = u64::from(self.lines) * u64::from(PER_LINE);
        let beyond = self.units.saturating_sub(lines);
        if beyond < TRIFLE { 0 } else { beyond }
    }
}
