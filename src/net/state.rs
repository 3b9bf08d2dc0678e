//! What the loop holds beside the table of sources, and lends to each of them: the poll's registry, work lists, timers,
//! output, counters and the moment of the turn.
//!
//! Apart from the table, so that a source's own methods can use it while the table lends them the source.

use super::{
    limits::LimitsTable,
    output::Output,
    stats::Stats,
    time::{clock::Tick, timers::Timers},
    work_lists::WorkLists,
};
use mio::Registry;
use std::time::Duration;

/// How long we wait for the peer's end of file after ours.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// The same once the process is about to end, counted from the last input. It is enough for what a peer was sending when
/// our end of file reached it; most peers close in answer to it, and the others never would.
const LINGER_SHORTENED: Duration = Duration::from_millis(500);

/// Deadlines of phases go on this grid (milliseconds): a thousand connections that close together wake the loop a few times.
pub(crate) const GRID: u64 = 250;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct LoopState {
    pub(crate) registry: Registry,
    pub(crate) work: WorkLists,
    pub(crate) timers: Timers,
    pub(crate) output: Output,
    pub(crate) limits: LimitsTable,
    pub(crate) stats: Stats,
    /// The moment of this turn.
    pub(crate) now: Tick,
    /// Since when lingering is cut short, because the process is about to end.
    pub(crate) shortened_at: Option<Tick>,
}

impl LoopState {
    pub(crate) fn new(registry: Registry) -> Self {
        Self {
            registry,
            work: WorkLists::default(),
            timers: Timers::default(),
            output: Output::default(),
            limits: LimitsTable::default(),
            stats: Stats::default(),
            now: Tick(0),
            shortened_at: None,
        }
    }

    /// Until when a connection that begins to linger now waits for its peer.
    pub(crate) fn linger_until(&self) -> Tick {
        let linger = match self.shortened_at {
            Some(_) => LINGER_SHORTENED,
            None => LINGER,
        };
        self.now.after(linger).on_grid(GRID)
    }
}
