//! Counters of the loop: plain numbers that only grow, for logs, metrics and tests. They decide nothing.

/// What the loop has done since it was made.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Turns taken, which is how often the loop woke up.
    pub turns: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Callers turned away for want of descriptors.
    pub shed: u64,
    /// How often a listener went to rest.
    pub rests: u64,
    /// Events whose source was gone already.
    pub stale_tokens: u64,
    /// Connections put on the carry-over list because a budget was spent.
    pub carried_over: u64,
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
    /// Connections given up because the whole process had too many bytes queued.
    pub over_ceiling: u64,
    /// Datagrams received.
    pub datagrams_in: u64,
    /// Datagrams sent.
    pub datagrams_out: u64,
}
