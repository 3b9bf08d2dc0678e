//! A snapshot as JSON, for people and small programs. The names in it are the metrics', without prefix and unit.

use super::{
    json::{self, Entries, rounded},
    snapshot::{Queue, Snapshot},
};
use serde::Serialize;
use serde_json::Number;

/// The object, with its keys in this order.
#[derive(Serialize)]
struct Status {
    version: &'static str,
    state: &'static str,
    uptime_s: u64,
    sandbox: SandboxParts,
    people: usize,
    people_peak: usize,
    rooms: usize,
    messages_per_second: Number,
    turn_ms: TurnTimes,
    /// By protocol, and for each by state.
    connections: Entries<&'static str, Entries<&'static str, u64>>,
    /// By reason, where it is not zero.
    closed: Entries<&'static str, u64>,
    queue_bytes: QueueBytes,
    largest_queues: Vec<LargeQueue>,
    /// By owner.
    memory_bytes: Entries<&'static str, u64>,
    log: Missing,
    cpu_s: Number,
}

#[derive(Serialize)]
struct SandboxParts {
    landlock: u32,
    system_calls: &'static str,
}

#[derive(Serialize)]
struct TurnTimes {
    recent_longest: Number,
    recent_mean: Number,
    longest: Number,
}

#[derive(Serialize)]
struct QueueBytes {
    now: usize,
    peak: usize,
}

#[derive(Serialize)]
struct LargeQueue {
    peer: String,
    protocol: &'static str,
    bytes: usize,
    age_s: u32,
}

#[derive(Serialize)]
struct Missing {
    dropped: u64,
    left_out: u64,
}

impl Snapshot {
    /// As a JSON object.
    pub(super) fn status(self) -> String {
        let connections = self.connections_by_protocol();
        let closed = self.closes.into_iter().filter(|(_, count)| *count > 0);
        let memory = self
            .memory
            .iter()
            .map(|(owner, bytes)| (*owner, *bytes as u64));
        let resident = self.process.resident.map(|bytes| ("resident", bytes));
        json::line(&Status {
            version: env!("CARGO_PKG_VERSION"),
            state: if self.stopping { "stopping" } else { "running" },
            uptime_s: self.uptime_s,
            sandbox: SandboxParts {
                landlock: self.sandbox.landlock,
                system_calls: self.sandbox.calls_name(),
            },
            people: self.people,
            people_peak: self.people_peak,
            rooms: self.rooms,
            messages_per_second: rounded(self.messages_per_second, 1),
            turn_ms: TurnTimes {
                recent_longest: rounded(self.recent_longest_s * 1e3, 3),
                recent_mean: rounded(self.recent_mean_s * 1e3, 3),
                longest: rounded(self.stats.turn_times.longest_s() * 1e3, 3),
            },
            connections,
            closed: Entries(closed.collect()),
            queue_bytes: QueueBytes {
                now: self.queued,
                peak: self.queued_peak,
            },
            largest_queues: self.largest.iter().map(LargeQueue::of).collect(),
            memory_bytes: Entries(memory.chain(resident).collect()),
            log: Missing {
                dropped: self.log.dropped,
                left_out: self.log.left_out,
            },
            cpu_s: rounded(self.process.cpu_s, 3),
        })
    }

    fn connections_by_protocol(&self) -> Entries<&'static str, Entries<&'static str, u64>> {
        let mut all: Vec<(&'static str, Entries<&'static str, u64>)> = Vec::new();
        // They are sorted by protocol.
        for ((protocol, state), count) in &self.connections {
            if all.last().is_none_or(|(last, _)| last != protocol) {
                all.push((protocol, Entries(Vec::new())));
            }
            if let Some((_, states)) = all.last_mut() {
                states.0.push((state.name(), *count));
            }
        }
        Entries(all)
    }
}

impl LargeQueue {
    fn of(queue: &Queue) -> Self {
        Self {
            peer: queue.peer.to_string(),
            protocol: queue.protocol,
            bytes: queue.bytes,
            age_s: queue.age_s,
        }
    }
}
