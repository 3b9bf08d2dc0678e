//! The state of the server at one moment, as plain numbers.
//!
//! Made by one walk over all connections and one over all people and rooms: a few milliseconds for tens of thousands,
//! each time that someone asks. Whoever asks every second pays for it; every fifteen seconds nobody notices.

use super::super::{
    connections::Connections,
    connections::close_reason::CloseReason,
    connections::session::{Peer, Session},
    metrics::activity::Counters,
};
use crate::{
    net::{ConnId, Footprint, Net, Phase, Stats},
    os::{log::Missing, process::OwnUsage},
};
use std::{cmp::Reverse, collections::BTreeMap};

/// So many of the largest queues are shown.
pub(super) const LARGEST: usize = 5;

/// See the module's documentation.
#[derive(Debug)]
pub(in super::super) struct Snapshot {
    pub(super) stats: Stats,
    pub(super) counters: Counters,
    pub(super) process: OwnUsage,
    /// When the server started, in seconds since 1970.
    pub(super) started_s: f64,
    pub(super) uptime_s: u64,
    pub(super) stopping: bool,
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
    /// By door and outcome.
    pub(super) passwords: Vec<(&'static str, &'static str, u64)>,
    pub(super) password_checks: i64,
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

/// Where a connection is, as an operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Someone may chat there, and has given no name yet.
    Registering,
    /// All is said, and not all delivered.
    Draining,
    /// All is delivered, and the peer has not ended its side.
    Lingering,
    /// Anything else.
    Open,
}

impl State {
    fn of(phase: Phase, session: Option<&Session>) -> Self {
        let is_nameless = |session: &Session| session.is_chat() && session.user.is_none();
        match phase {
            Phase::Draining => Self::Draining,
            Phase::Lingering | Phase::Closed => Self::Lingering,
            Phase::Connecting | Phase::Open if session.is_some_and(is_nameless) => {
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

/// What the walk over all connections adds up.
#[derive(Default)]
struct Walk {
    connections: BTreeMap<(&'static str, State), u64>,
    largest: Vec<(usize, ConnId)>,
    input: usize,
    transport: usize,
    protocols: usize,
}

impl Walk {
    fn visit(&mut self, id: ConnId, footprint: &Footprint, session: Option<&Session>) {
        let protocol = session.map_or("none", |session| session.protocol.name());
        let state = State::of(footprint.phase, session);
        *self.connections.entry((protocol, state)).or_default() += 1;
        self.input += footprint.input;
        self.transport += footprint.transport;
        self.protocols += session.map_or(0, |session| session.protocol.memory());
        let least = self.largest.last().map_or(0, |(bytes, _)| *bytes);
        let has_room = self.largest.len() < LARGEST;
        if footprint.queued > 0 && (has_room || footprint.queued > least) {
            self.largest.truncate(LARGEST - 1);
            self.largest.push((footprint.queued, id));
            self.largest
                .sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
        }
    }
}

impl Connections {
    /// The state of the server as it is now.
    pub(in super::super) fn snapshot(&self, net: &Net) -> Snapshot {
        let mut walk = Walk::default();
        for (id, footprint) in net.connections() {
            walk.visit(id, &footprint, self.sessions.get(id));
        }
        let now = net.now();
        let queue = |&(bytes, id): &(usize, ConnId)| {
            let session = self.sessions.get(id)?;
            Some(Queue {
                bytes,
                peer: session.peer,
                protocol: session.protocol.name(),
                age_s: session.age_s(now),
            })
        };
        let hub = &self.shared.hub;
        let outcomes = self.shared.password_checks.outcomes();
        let passwords = outcomes.map(|(listener, outcome, n)| (listener.name(), outcome.name(), n));
        let started = self.shared.server_info.started.wall;
        Snapshot {
            stats: net.stats().clone(),
            counters: self.shared.counters,
            process: OwnUsage::read(),
            started_s: started.unix_ms() as f64 / 1e3,
            uptime_s: now.0 / 1000,
            stopping: self.stopping,
            people: hub.user_count(),
            people_peak: hub.counts().peak,
            rooms: hub.room_count(),
            messages_per_second: self.activity.messages_per_second(now),
            recent_longest_s: self.activity.longest_turn_s(now),
            recent_mean_s: self.activity.mean_turn_s(now),
            closes: self.closes_by_code(net).collect(),
            passwords: passwords.collect(),
            password_checks: self.shared.password_checks.waiting() as i64,
            queued: net.buffers().bytes(),
            queued_peak: net.buffers().bytes_peak(),
            largest: walk.largest.iter().filter_map(queue).collect(),
            connections: walk.connections,
            held: net.held(),
            ceiling: net.ceiling(),
            memory: vec![
                ("connections", net.table_memory()),
                ("input", walk.input),
                ("queues", net.buffers().memory()),
                ("tls", walk.transport),
                ("sessions", self.sessions.memory()),
                ("protocols", walk.protocols),
                (
                    "hub",
                    hub.memory() - hub.whowas_memory() + self.shared.routes.memory(),
                ),
                ("whowas", hub.whowas_memory()),
                (
                    "hosts",
                    self.shared.hosts.memory() + self.admission.memory() + self.shares.memory(),
                ),
            ],
            certificate_expires_s: self.certificate_expires(),
            log: self.streams.missing(),
        }
    }

    /// How many connections ended for each reason, by its code.
    pub(in super::super) fn closes_by_code(
        &self,
        net: &Net,
    ) -> impl Iterator<Item = (&'static str, u64)> {
        let shed = net.stats().shed;
        self.closes.iter().map(move |(reason, count)| {
            let count = match reason {
                // Turned away by the loop itself, before there was a connection.
                CloseReason::OutOfDescriptors => shed,
                _ => count,
            };
            (reason.code(), count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_queues_come_out_on_top() {
        let mut walk = Walk::default();
        let queues = [0, 7, 3, 9, 1, 0, 8, 2, 9, 4];
        for (slot, &queued) in queues.iter().enumerate() {
            let footprint = Footprint {
                phase: Phase::Open,
                queued,
                input: 1,
                transport: 2,
            };
            let id = ConnId {
                slot: slot as u32,
                generation: 0,
            };
            walk.visit(id, &footprint, None);
        }
        let largest: Vec<usize> = walk.largest.iter().map(|(bytes, _)| *bytes).collect();
        assert_eq!(largest, [9, 9, 8, 7, 4]);
        assert_eq!((walk.input, walk.transport), (10, 20));
        assert_eq!(walk.connections[&("none", State::Open)], 10);
    }
}
