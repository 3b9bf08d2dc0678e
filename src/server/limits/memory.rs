//! How many bytes may be held for peers under the host's limits on memory.
//!
//! Rust ends the process when an allocation fails, so it must not come to that: under a limit of the host the ceiling of
//! net is lowered at start until what peers can make us hold fits, with room to spare for what is not counted. The
//! limits are read once: a host that changes them restarts.
//!
//! Does not know where the limits come from (`os::memory`) nor what is held.

use crate::os::memory::{self, Limit};

/// What the process needs for itself beside peers: the program, its tables, a reload, the fragments that an allocator
/// keeps. A server with nobody in it has some 8 MiB.
const OWN_BYTES: u64 = 16 << 20;

/// Of what is left, one part in so many may be held for peers. The rest is for what the counting leaves out: what the
/// allocator adds to each piece and keeps between pieces, tables that are copied while they grow, what one turn takes
/// in before the ceiling is looked at.
const PART: u64 = 3;

/// Never less, or nobody could be served.
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

/// The ceiling for what peers may make us hold: what is configured, or less if the host has no memory for that.
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
