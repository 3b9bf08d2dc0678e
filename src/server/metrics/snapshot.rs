//! The state of the server at one moment, as plain numbers.

use super::activity::Counters;
use crate::{
    net::{Phase, Stats},
    os::{log::Missing, process::OwnUsage, sandbox::Granted},
    server::connections::client::{Client, Peer},
};
use std::collections::BTreeMap;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(super) stats: Stats,
    pub(super) counters: Counters,
    pub(super) process: OwnUsage,
    /// When the server started, in seconds since 1970.
    pub(super) started_s: f64,
    pub(super) uptime_s: u64,
    pub(super) stopping: bool,
    pub(super) sandbox: Granted,
    pub(super) people: usize,
    pub(super) people_peak: usize,
    pub(super) rooms: usize,
    pub(super) messages_per_second: f64,
    /// The longest turn of the last seconds, in seconds, and the mean.
    pub(super) recent_longest_s: f64,
    pub(super) recent_mean_s: f64,
    /// How many connections there are, by protocol and state.
    pub(super) connections: BTreeMap<(&'static str, State), u64>,
    /// How many ended, by reason.
    pub(super) closes: Vec<(&'static str, u64)>,
    /// Attempts by what the password opens and by outcome.
    pub(super) passwords: Vec<(&'static str, &'static str, u64)>,
    pub(super) password_checks: i64,
    pub(super) accounts: i64,
    pub(super) users_absent: i64,
    /// Bytes of changes that the keeper has not written yet.
    pub(super) store_waiting: i64,
    /// Changes that could not be written and were refused.
    pub(super) store_failures: u64,
    /// How often a keeper was started again.
    pub(super) keeper_restarts: u64,
    /// Lines of history that were recorded, those in memory, and their bytes.
    pub(super) history_recorded: u64,
    pub(super) history_lines: usize,
    pub(super) history_bytes: usize,
    /// Requests for history, and those of them that the keeper was asked.
    pub(super) history_requests: u64,
    pub(super) history_questions: u64,
    /// Lines that were not stored.
    pub(super) history_dropped: u64,
    pub(super) queued: usize,
    pub(super) queued_peak: usize,
    /// The largest queues, the largest first.
    pub(super) largest: Vec<Queue>,
    /// All that peers make the server hold, and the ceiling for it, in bytes.
    pub(super) held: usize,
    pub(super) ceiling: usize,
    /// Bytes of memory, by owner.
    pub(super) memory: Vec<(&'static str, usize)>,
    /// When the first of the certificates expires, in seconds since 1970, if there are any.
    pub(super) certificate_expires_s: Option<i64>,
    /// Lines that are not in the log.
    pub(super) log: Missing,
}

/// The state of a connection, as an operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// A user may chat there, and no name was given yet.
    Registering,
    /// The server has closed it, and not all output is sent.
    Draining,
    /// All output is sent, and the peer has not closed its side.
    Lingering,
    /// Anything else.
    Open,
}

impl State {
    pub(super) fn of(phase: Phase, client: Option<&Client>) -> Self {
        match phase {
            Phase::Draining => Self::Draining,
            Phase::Lingering | Phase::Closed => Self::Lingering,
            Phase::Connecting | Phase::Open if client.is_some_and(Client::is_nameless) => {
                Self::Registering
            }
            Phase::Connecting | Phase::Open => Self::Open,
        }
    }

    /// Its name in the metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Lingering => "lingering",
            Self::Open => "open",
            Self::Registering => "registering",
        }
    }
}

/// A queue that is among the largest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) bytes: usize,
    pub(super) peer: Peer,
    pub(super) protocol: &'static str,
    pub(super) age_s: u32,
}
