//! A snapshot as OpenMetrics text (the specification's version 1.0.0).
//!
//! Names begin with `madang_`, but for those of the process itself, which are the same for every program. Units are
//! seconds and bytes. The values of labels are known beforehand: nothing that a peer sends becomes one. A test compares
//! the names with the table in docs/METRICS.md.

use super::snapshot::Snapshot;
use crate::net::{Histogram, TurnPhase};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet, text,
    },
    metrics::MetricType,
    registry::{Registry, Unit},
};
use std::fmt;

/// The media type of the text.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Snapshot {
    /// As OpenMetrics text.
    pub(super) fn openmetrics(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut out = String::new();
        text::encode(&mut out, &registry).expect("a String takes everything");
        out
    }
}

/// Writes one family after the other.
struct Families<'a>(DescriptorEncoder<'a>);

/// The members of a family: the value of its label, and the number.
type Members<'a, V> = &'a [(&'static str, V)];

impl Families<'_> {
    fn begin<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind)
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        let mut family = self.begin(name, help, None, MetricType::Gauge)?;
        family.encode_gauge(&value)
    }

    fn gauge_in(
        &mut self,
        unit: &Unit,
        name: &str,
        help: &str,
        value: impl EncodeGaugeValue,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, Some(unit), MetricType::Gauge)?;
        family.encode_gauge(&value)
    }

    fn gauges_in<V: EncodeGaugeValue>(
        &mut self,
        unit: &Unit,
        (name, label): (&str, &str),
        help: &str,
        members: Members<'_, V>,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, Some(unit), MetricType::Gauge)?;
        for (what, value) in members {
            family
                .encode_family(&[(label, *what)])?
                .encode_gauge(value)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut family = self.begin(name, help, None, MetricType::Counter)?;
        count(&mut family, value)
    }

    fn counter_in(
        &mut self,
        unit: &Unit,
        name: &str,
        help: &str,
        value: impl EncodeCounterValue,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, Some(unit), MetricType::Counter)?;
        count(&mut family, value)
    }

    fn counters(
        &mut self,
        (name, label): (&str, &str),
        help: &str,
        members: Members<'_, u64>,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, None, MetricType::Counter)?;
        for (what, value) in members {
            count(&mut family.encode_family(&[(label, *what)])?, *value)?;
        }
        Ok(())
    }
}

fn count(metric: &mut MetricEncoder<'_>, value: impl EncodeCounterValue) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
}

fn durations(metric: &mut MetricEncoder<'_>, durations: &Histogram) -> fmt::Result {
    let counts: Vec<(f64, u64)> = durations.counts().collect();
    metric.encode_histogram::<NoLabelSet>(durations.sum_s(), durations.count(), &counts, None)
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        self.encode_server(&mut families)?;
        self.encode_traffic(&mut families)?;
        self.encode_history(&mut families)?;
        self.encode_queues(&mut families)?;
        self.encode_loop(&mut families)?;
        self.encode_turns(&mut families)?;
        self.encode_log(&mut families)?;
        self.encode_process(&mut families)
    }
}

impl Snapshot {
    fn encode_server(&self, to: &mut Families<'_>) -> fmt::Result {
        let help = "The version that runs.";
        let mut build = to.begin("madang_build", help, None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        let help = "The sandbox in force: the version of Landlock, 0 for none, and what is done about other system calls.";
        let mut sandbox = to.begin("madang_sandbox", help, None, MetricType::Info)?;
        let landlock = self.sandbox.landlock.to_string();
        sandbox.encode_info(&[
            ("landlock", &*landlock),
            ("system_calls", self.sandbox.calls_name()),
        ])?;
        to.gauge("madang_people", "People with a name.", self.people)?;
        let help = "The most people that there were at a time.";
        to.gauge("madang_people_peak", help, self.people_peak)?;
        to.gauge("madang_rooms", "Rooms that someone stands in.", self.rooms)?;
        let help = "Connections, by what is spoken and where they are in their lives.";
        let mut family = to.begin("madang_connections", help, None, MetricType::Gauge)?;
        for ((protocol, state), count) in &self.connections {
            let labels = [("protocol", *protocol), ("state", state.name())];
            family.encode_family(&labels)?.encode_gauge(count)?;
        }
        let help = "Connections that were accepted, those turned away with a word included.";
        to.counter("madang_connections_accepted", help, self.stats.accepted)?;
        let help = "Connections that ended, by reason.";
        let name = ("madang_connections_closed", "reason");
        to.counters(name, help, &self.closes)?;
        let help = "Passwords that were given, by what they open and what came of it.";
        let kind = MetricType::Counter;
        let mut family = to.begin("madang_password_attempts", help, None, kind)?;
        for (listener, outcome, value) in &self.passwords {
            let labels = [("door", *listener), ("outcome", *outcome)];
            count(&mut family.encode_family(&labels)?, *value)?;
        }
        let help = "Passwords that are being checked or wait for it.";
        to.gauge("madang_password_checks", help, self.password_checks)?;
        let help = "Accounts that there are.";
        to.gauge("madang_accounts", help, self.accounts)?;
        let help = "Users who stay without a connection.";
        to.gauge("madang_users_absent", help, self.users_absent)?;
        let help = "Changes that the keeper has not written yet.";
        let waiting = self.store_waiting;
        to.gauge_in(&Unit::Bytes, "madang_store_waiting", help, waiting)?;
        let help = "Changes that could not be written and were refused.";
        to.counter("madang_store_failures", help, self.store_failures)?;
        let help = "How often the keeper ended and was started again.";
        to.counter("madang_keeper_restarts", help, self.keeper_restarts)?;
        if let Some(at) = self.certificate_expires_s {
            let help = "When the first certificate expires, in seconds since 1970.";
            let name = "madang_certificate_expiry_timestamp";
            to.gauge_in(&Unit::Seconds, name, help, at)?;
        }
        Ok(())
    }

    fn encode_traffic(&self, to: &mut Families<'_>) -> fmt::Result {
        let (stats, counters) = (&self.stats, &self.counters);
        let help = "Bytes read from connections.";
        to.counter_in(&Unit::Bytes, "madang_received", help, stats.bytes_in)?;
        let help = "Bytes written to connections.";
        to.counter_in(&Unit::Bytes, "madang_sent", help, stats.bytes_out)?;
        let help = "Whole lines, requests and messages that were taken from connections.";
        to.counter("madang_received_lines", help, counters.lines)?;
        let help = "Messages said in rooms and in private.";
        to.counter("madang_messages", help, counters.messages)?;
        let help = "How often an event became bytes: once for each form in which it was told.";
        to.counter("madang_encoded_events", help, counters.encoded)?;
        let help = "Estimated work, in tenths of a microsecond, that those who caused it were charged for.";
        to.counter("madang_effort", help, counters.effort)?;
        let help = "Times that input had to wait because its address had used more than its share.";
        to.counter("madang_shares_spent", help, counters.shares_spent)?;
        let help = "Pieces of output handed to one receiver each.";
        to.counter("madang_deliveries", help, stats.deliveries)?;
        let help = "Datagrams received.";
        to.counter("madang_received_datagrams", help, stats.datagrams_in)?;
        let help = "Datagrams sent.";
        to.counter("madang_sent_datagrams", help, stats.datagrams_out)
    }

    fn encode_history(&self, to: &mut Families<'_>) -> fmt::Result {
        let help = "Lines that were recorded for history.";
        to.counter("madang_history_recorded", help, self.history_recorded)?;
        let help = "Requests for history that were taken.";
        to.counter("madang_history_requests", help, self.history_requests)?;
        let help = "Requests for history for which the keeper was asked.";
        to.counter("madang_history_questions", help, self.history_questions)?;
        let help = "Lines of history that were not stored, because too much waited for the disk.";
        to.counter("madang_history_dropped", help, self.history_dropped)?;
        let help = "Lines of history in memory.";
        let lines = i64::try_from(self.history_lines).unwrap_or(i64::MAX);
        to.gauge("madang_history_lines", help, lines)?;
        let help = "Memory of history.";
        let bytes = self.history_bytes;
        to.gauge_in(&Unit::Bytes, "madang_history", help, bytes)
    }

    fn encode_queues(&self, to: &mut Families<'_>) -> fmt::Result {
        let bytes = &Unit::Bytes;
        let help = "Bytes that wait to be sent; what is shared counts for each receiver.";
        to.gauge_in(bytes, "madang_queue", help, self.queued)?;
        let help = "The most bytes that ever waited.";
        to.gauge_in(bytes, "madang_queue_peak", help, self.queued_peak)?;
        let help = "The largest queues of single connections.";
        let ranks = ["1", "2", "3", "4", "5"];
        let sizes = self.largest.iter().map(|queue| queue.bytes);
        let members: Vec<_> = ranks.into_iter().zip(sizes.chain([0; 5])).collect();
        to.gauges_in(bytes, ("madang_queue_largest", "rank"), help, &members)?;
        let help =
            "Memory of what connections need, by what needs it, without what the allocator adds.";
        to.gauges_in(bytes, ("madang_memory", "owner"), help, &self.memory)?;
        let help = "All that peers make the server hold, as the ceiling counts it.";
        to.gauge_in(bytes, "madang_memory_held", help, self.held)?;
        let help = "The ceiling; past it those are let go for whom most is held.";
        to.gauge_in(bytes, "madang_memory_ceiling", help, self.ceiling)
    }

    fn encode_loop(&self, to: &mut Families<'_>) -> fmt::Result {
        let stats = &self.stats;
        let help = "Turns of the loop.";
        to.counter("madang_turns", help, stats.turns)?;
        let help = "How often the loop slept, or was ready to, and woke up.";
        to.counter("madang_wakeups", help, stats.wakeups)?;
        let help = "How often the process did not run for a second or more when it wanted to.";
        to.counter("madang_pauses", help, stats.pauses)?;
        let help = "How long that was in all; no deadline counts that time.";
        let paused_s = stats.paused_ns as f64 / 1e9;
        to.counter_in(&Unit::Seconds, "madang_paused", help, paused_s)?;
        to.counter("madang_reads", "System calls that read.", stats.reads)?;
        to.counter("madang_writes", "System calls that wrote.", stats.writes)?;
        let help = "Writes of which the system took less than was offered.";
        to.counter("madang_partial_writes", help, stats.partial_writes)?;
        let help =
            "Connections put off to the next turn because their share of this one was spent.";
        to.counter("madang_carried_over", help, stats.carried_over)?;
        let help = "Turns that were cut because their time or their bytes were used up.";
        to.counter("madang_turns_cut", help, stats.slices_spent)?;
        let help = "Events that came too late for their connection.";
        to.counter("madang_stale_tokens", help, stats.stale_tokens)?;
        let help = "How often a listener was put to rest for want of descriptors or memory.";
        to.counter("madang_accept_rests", help, stats.rests)
    }

    fn encode_turns(&self, to: &mut Families<'_>) -> fmt::Result {
        let (stats, seconds) = (&self.stats, Some(&Unit::Seconds));
        let help = "How long turns took, without waiting.";
        let kind = MetricType::Histogram;
        let mut turns = to.begin("madang_turn_duration", help, seconds, kind)?;
        durations(&mut turns, &stats.turn_times)?;
        let help = "How long the phases of turns took.";
        let mut phases = to.begin("madang_turn_phase_duration", help, seconds, kind)?;
        for (stage, times) in TurnPhase::ALL.iter().zip(&stats.phase_times) {
            durations(
                &mut phases.encode_family(&[("phase", stage.name())])?,
                times,
            )?;
        }
        let help = "The longest turn since the start.";
        let longest = stats.turn_times.longest_s();
        to.gauge_in(&Unit::Seconds, "madang_turn_longest", help, longest)?;
        let help = "The longest turn of the last ten seconds.";
        let name = "madang_turn_recent_longest";
        to.gauge_in(&Unit::Seconds, name, help, self.recent_longest_s)
    }

    fn encode_log(&self, to: &mut Families<'_>) -> fmt::Result {
        let help = "Lines of the log that were dropped because standard error took none.";
        to.counter("madang_log_dropped", help, self.log.dropped)?;
        let help = "Lines of the log that were left out because there were too many of their kind.";
        to.counter("madang_log_left_out", help, self.log.left_out)
    }

    fn encode_process(&self, to: &mut Families<'_>) -> fmt::Result {
        let process = &self.process;
        let help = "Processor time used, by the program and by the system for it.";
        to.counter_in(&Unit::Seconds, "process_cpu", help, process.cpu_s)?;
        if let Some(bytes) = process.resident {
            let help = "Memory in use, and not swapped out.";
            to.gauge_in(&Unit::Bytes, "process_resident_memory", help, bytes)?;
        }
        if let Some(count) = process.descriptors {
            to.gauge("process_open_fds", "Open descriptors.", count)?;
        }
        if let Some(most) = process.descriptors_max {
            to.gauge("process_max_fds", "How many there may be.", most)?;
        }
        let help = "When the process started, in seconds since 1970.";
        let name = "process_start_time";
        to.gauge_in(&Unit::Seconds, name, help, self.started_s)
    }
}
