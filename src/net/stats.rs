//! Counters of the loop: plain numbers that only grow, for logs, metrics and tests. They decide nothing.

use super::histogram::Histogram;

/// The phases of a turn whose time is taken. Waiting is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnPhase {
    /// Taking events from the kernel, and accepting.
    Accept,
    /// Reading, and all that is done about what was read.
    Read,
    /// Due deadlines.
    Deadlines,
    /// Writing.
    Flush,
    /// Freeing the slots of closed connections.
    Reap,
}

impl TurnPhase {
    /// All, in the order of a turn.
    pub const ALL: [Self; 5] = [
        Self::Accept,
        Self::Read,
        Self::Deadlines,
        Self::Flush,
        Self::Reap,
    ];

    /// Its name in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Read => "read",
            Self::Deadlines => "deadlines",
            Self::Flush => "flush",
            Self::Reap => "reap",
        }
    }
}

/// What the loop has done since it was made.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Turns taken.
    pub turns: u64,
    /// How often the loop slept, or was ready to, and woke up; the other turns had work left from the one before.
    pub wakeups: u64,
    /// How long turns took, without waiting.
    pub turn_times: Histogram,
    /// The same for each phase, in the order of [`TurnPhase::ALL`].
    pub phase_times: [Histogram; TurnPhase::ALL.len()],
    /// How long the last turn took, in nanoseconds.
    pub last_turn_ns: u64,
    /// How often the process was stopped, or a turn took very long; counted if pauses are left out of the loop's time.
    pub pauses: u64,
    /// How long these pauses were in all, in nanoseconds.
    pub paused_ns: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections shed for want of descriptors.
    pub shed: u64,
    /// How often a listener began to rest.
    pub rests: u64,
    /// Events whose source was gone already.
    pub stale_tokens: u64,
    /// Connections put on the ready list again because a budget was spent.
    pub carried_over: u64,
    /// Stages that stopped because their time, or the turn's bytes, were used up; the rest came in the next turn.
    pub slices_spent: u64,
    /// Bytes read from connections.
    pub bytes_in: u64,
    /// Bytes written to connections.
    pub bytes_out: u64,
    /// `read` calls on connections.
    pub reads: u64,
    /// `writev` and `send` calls on connections.
    pub writes: u64,
    /// Writes that took less than they were offered, or nothing.
    pub partial_writes: u64,
    /// Chunks put into output queues.
    pub deliveries: u64,
    /// Connections ended because the whole process held too much.
    pub over_ceiling: u64,
    /// Datagrams received.
    pub datagrams_in: u64,
    /// Datagrams sent.
    pub datagrams_out: u64,
}
