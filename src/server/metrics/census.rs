//! The count of everything for a report: the numbers of the server at one moment.
//!
//! Made by one walk over all connections and one over all users and rooms: a few milliseconds for tens of thousands, each
//! time that a report is asked for. Every second that is a load; every fifteen seconds it is not noticed.

use super::{
    openmetrics,
    public::{JSON, fresh},
    report::Report,
    snapshot::{Queue, Snapshot, State},
    text_format,
};
use crate::{
    net::{ConnId, Footprint, Net},
    os::{log::Missing, process::OwnUsage},
    protocol::web::http::Page,
    server::{
        certificates::Certificates,
        connections::{close_reason::CloseReason, session::Session, table::Sessions},
        shared::Shared,
    },
};
use std::{cmp::Reverse, collections::BTreeMap};

/// So many of the largest queues are shown.
const LARGEST: usize = 5;

/// All that is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Census<'a> {
    pub(crate) sessions: &'a Sessions,
    pub(crate) shared: &'a Shared,
    /// Lines that are not in the log.
    pub(crate) missing: Missing,
    pub(crate) net: &'a Net,
}

/// The sums of the walk over all connections.
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
        let protocol = session.map_or("none", |session| session.client.kind.name());
        let state = State::of(footprint.phase, session.map(|session| &session.client));
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

impl Census<'_> {
    /// A report as a page.
    pub(crate) fn page(&self, report: Report) -> Page<'static> {
        match report {
            Report::TextFormat => {
                let text = text_format::from_openmetrics(&self.snapshot().openmetrics());
                fresh(text_format::CONTENT_TYPE, text)
            }
            Report::OpenMetrics => fresh(openmetrics::CONTENT_TYPE, self.snapshot().openmetrics()),
            Report::Status => fresh(JSON, self.snapshot().status()),
        }
    }

    /// The state of the server as it is now.
    fn snapshot(&self) -> Snapshot {
        let Self {
            sessions,
            shared,
            net,
            ..
        } = *self;
        let mut walk = Walk::default();
        for (id, footprint) in net.connections() {
            walk.visit(id, &footprint, sessions.get(id));
        }
        let now = net.now();
        let queue = |&(bytes, id): &(usize, ConnId)| {
            let session = sessions.get(id)?;
            Some(Queue {
                bytes,
                peer: session.client.peer,
                protocol: session.client.kind.name(),
                age_s: session.client.age_s(now),
            })
        };
        let hub = &shared.hub;
        let outcomes = shared.password_checks.outcomes();
        let passwords = outcomes.map(|(listener, outcome, n)| (listener.name(), outcome.name(), n));
        let started = shared.server_info.started.wall;
        Snapshot {
            stats: net.stats().clone(),
            counters: shared.counters,
            process: OwnUsage::read(),
            started_s: started.unix_ms() as f64 / 1e3,
            uptime_s: now.0 / 1000,
            stopping: shared.lifecycle.is_stopping(),
            sandbox: shared.sandbox,
            people: hub.user_count(),
            people_peak: hub.counts().peak,
            rooms: hub.room_count(),
            messages_per_second: shared.activity.messages_per_second(now),
            recent_longest_s: shared.activity.longest_turn_s(now),
            recent_mean_s: shared.activity.mean_turn_s(now),
            closes: closes_by_code(shared, net).collect(),
            passwords: passwords.collect(),
            password_checks: shared.password_checks.waiting() as i64,
            accounts: hub.accounts().len() as i64,
            history_recorded: shared.history.recorder.recorded(),
            history_lines: shared.history.recorder.lines_in_memory(),
            history_bytes: shared.history.recorder.memory(),
            history_requests: shared.history.requests,
            users_absent: shared.presences.absent_count() as i64,
            history_questions: shared.history.questions,
            history_dropped: shared.store.client.lines.dropped,
            store_waiting: shared.store.client.bytes() as i64,
            store_failures: shared.store.failures,
            keeper_restarts: shared.store.keeper_restarts,
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
                (
                    "sessions",
                    sessions.memory()
                        + shared.session_notes.memory()
                        + shared.resume_tokens.memory()
                        + shared.presences.memory(),
                ),
                ("protocols", walk.protocols),
                (
                    "hub",
                    hub.memory() - hub.whowas_memory() + shared.routes.memory(),
                ),
                ("whowas", hub.whowas_memory()),
                (
                    "accounts",
                    hub.accounts().memory()
                        + shared
                            .accounts
                            .as_ref()
                            .map_or(0, |accounts| accounts.memory()),
                ),
                (
                    "hosts",
                    shared.hosts.memory()
                        + shared.limits.admission.memory()
                        + shared.limits.cpu_shares.memory(),
                ),
            ],
            certificate_expires_s: shared.tls.as_ref().and_then(Certificates::expires_s),
            log: self.missing,
        }
    }
}

/// How many connections ended for each reason, by its code.
pub(crate) fn closes_by_code<'a>(
    shared: &'a Shared,
    net: &Net,
) -> impl Iterator<Item = (&'static str, u64)> + use<'a> {
    let shed = net.stats().shed;
    shared.closes.iter().map(move |(reason, count)| {
        let count = match reason {
            // Shed by the loop itself, before there was a session.
            CloseReason::OutOfDescriptors => shed,
            _ => count,
        };
        (reason.code(), count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Phase;

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
