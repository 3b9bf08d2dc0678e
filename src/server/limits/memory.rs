//! The bytes that may be held for peers under the host's limits on memory.
//!
//! Rust ends the process when an allocation fails, so it must not come to that: under a limit of the host the ceiling of
//! `net` is lowered at start until the memory that peers can make the server hold fits, with room to spare for memory that
//! is not counted. The limits are read once: after a change of them the server has to be restarted.
//!
//! Does not know where the limits come from (`os::memory`) nor what the memory is for.

use crate::os::memory::{self, Limit};

/// The memory that the process needs beside that of peers: the program, its tables, a reload, the fragments that an
/// allocator keeps. A server without clients has some 8 MiB.
const OWN_BYTES: u64 = 16 << 20;

/// One part in so many of the rest may be held for peers. The other parts are for memory that is not counted: the
/// allocator's overhead and fragments, tables that are copied while they grow, the input of one turn before the ceiling
/// is checked.
const PART: u64 = 3;

/// Never less, or no client could be served.
const LEAST: u64 = 1 << 20;

/// How many bytes may be held for peers under the host's limits; `usize::MAX` if there are none.
pub(crate) fn fits() -> usize {
    let Some(Limit { free, from }) = memory::limit() else {
        return usize::MAX;
    };
    let fits = fitting(free);
    tracing::info!(from, free, fits, "the host limits our memory");
    usize::try_from(fits).unwrap_or(usize::MAX)
}

/// The ceiling for the memory that peers may make the server hold: as configured, or less if the host has no memory for
/// that.
pub(crate) fn ceiling(queued_total: usize, fits: usize) -> usize {
    if fits < queued_total {
        tracing::warn!(
            queued_total,
            ceiling = fits,
            "the host's limit on memory allows less than [limits] queued_total: the ceiling is lower"
        );
    }
    queued_total.min(fits)
}

/// How many bytes of so many that are free may be held for peers.
fn fitting(free: u64) -> u64 {
    LEAST.max(free.saturating_sub(OWN_BYTES) / PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_keeps_what_the_process_needs_for_itself() {
        assert_eq!(fitting(0), LEAST);
        assert_eq!(fitting(OWN_BYTES), LEAST);
        assert_eq!(fitting(OWN_BYTES + 300 * (1 << 20)), 100 << 20);
    }
}
