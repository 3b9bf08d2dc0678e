//! The results of a run: plain values that every form of the report is made of. JSON is these values as they are.
//!
//! Latencies are microseconds, times of phases seconds, memory bytes. A number that could not be measured is absent.
//! Does not know how anything was measured.

use super::hostile::Hostile;
use crate::load::{
    measure::{Percentiles, Spans},
    phases::{Phase, Timed},
    sequence_check::Faults,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format below. A reader of another version refuses.
pub const FORM: u32 = 1;

/// With fewer connections, memory that the server needs only once is too large a part of its growth.
pub(super) const CONNECTIONS_ENOUGH: u64 = 1000;

/// All results of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORM`].
    pub form: u32,
    /// The tool and its version.
    pub tool: String,
    /// `idle`, `fanout` and so on.
    pub scenario: String,
    /// The URL of the server.
    pub target: String,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// The options, by their names.
    pub settings: BTreeMap<String, String>,
    /// How sends were timed; absent where nothing is sent by a schedule.
    pub mode: Option<String>,
    /// The machine it ran on.
    pub machine: Machine,
    /// The phases, in order.
    pub phases: Vec<Timed>,
    /// How connections began and ended.
    pub connections: Connections,
    /// Messages and their deliveries.
    pub traffic: Option<Traffic>,
    /// Sessions, one after the other.
    pub sessions: Option<Sessions>,
    /// All connections lost at once, and made again.
    pub storm: Option<Storm>,
    /// Many logins at the same moment.
    #[serde(default)]
    pub login: Option<Login>,
    /// The effects of clients that do not read.
    pub slow: Option<Slow>,
    /// The effects of attacks on other clients.
    #[serde(default)]
    pub hostile: Option<Hostile>,
    /// What the server used.
    pub server: Option<Server>,
    /// What the tool itself used.
    pub load: Load,
    /// The same run several times: this report is of the one in the middle.
    #[serde(default)]
    pub repeats: Option<Repeats>,
    /// Samples over time, one every half a second or less often.
    pub samples: Vec<Sample>,
    /// Points of the latency curve: a fraction of the deliveries, and the longest that these took.
    pub curve: Vec<(f64, u64)>,
    /// Faults and warnings.
    pub verdict: Verdict,
    /// The histograms behind the percentiles. They are not part of JSON.
    #[serde(skip)]
    pub(in crate::load) kept: Vec<Kept>,
}

/// A histogram with its name and its time.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::load) struct Kept {
    pub(in crate::load) tag: &'static str,
    /// In seconds of the run.
    pub(in crate::load) start: f64,
    pub(in crate::load) seconds: f64,
    pub(in crate::load) spans: Spans,
}

/// The machine it ran on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Name and release of the kernel.
    pub kernel: String,
    /// Processors that the tool may use.
    pub processors: usize,
    /// The model of the processors.
    pub processor: Option<String>,
}

/// How connections began and ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// Calls placed.
    pub called: u64,
    /// Calls answered.
    pub connected: u64,
    /// Connections that were registered, and in their room if they had one.
    pub arrived: u64,
    /// Calls that failed before that.
    pub failed: u64,
    /// Connections that ended unplanned after that.
    pub lost: u64,
    /// The most ready connections at a time.
    pub peak: u64,
    /// Connections that became ready, a second, during ramp and handshake.
    pub arrivals_per_second: Option<f64>,
    /// Why calls failed and connections were lost.
    pub reasons: BTreeMap<String, u64>,
    /// From a call to its answer.
    pub connect: Option<Percentiles>,
    /// From the answer to ready.
    pub handshake: Option<Percentiles>,
}

/// Messages and their deliveries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Messages sent.
    pub sent: u64,
    /// Deliveries that these messages should cause.
    pub expected: u64,
    /// Deliveries that came, each counted once.
    pub delivered: u64,
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries that came after the drain time; they are among the delivered.
    #[serde(default)]
    pub late: u64,
    /// Deliveries that had not come when the tool stopped waiting, while others were still coming.
    #[serde(default)]
    pub behind: u64,
    /// Messages a second that the server took from each sender while it was behind, if that was even and less than sent.
    #[serde(default)]
    pub steady_rate: Option<f64>,
    /// Came again.
    pub duplicated: u64,
    /// Came after later ones of the same sender.
    pub reordered: u64,
    /// Came changed or cut.
    pub corrupted: u64,
    /// Came to a client that should not receive it.
    pub stray: u64,
    /// From the first send to the last delivery, in seconds.
    pub seconds: f64,
    /// Bytes of each message's text.
    pub payload: usize,
    /// From a message's planned (open loop) or real (closed loop) moment to each of its deliveries.
    pub latency: Option<Percentiles>,
    /// The same, to the last delivery of the message.
    pub complete: Option<Percentiles>,
    /// How much later than planned the tool sent; open loop only.
    pub send_lag: Option<Percentiles>,
    /// The pairs with the most faults.
    pub worst_pairs: Vec<Pair>,
}

impl Traffic {
    /// Deliveries a second.
    pub fn deliveries_per_second(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.delivered as f64 / self.seconds)
    }

    /// Takes over the faults.
    pub(in crate::load) fn set_faults(&mut self, faults: Faults) {
        self.lost = faults.lost;
        self.duplicated = faults.duplicated;
        self.reordered = faults.reordered;
        self.corrupted = faults.corrupted;
        self.stray = faults.stray;
    }
}

/// The numbers of several runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// How many runs there were.
    pub runs: usize,
    /// Each number's values, in the order of the runs.
    pub numbers: Vec<Repeated>,
}

/// One number of several runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// What it is, with its unit.
    pub name: String,
    /// Its value in each run.
    pub values: Vec<f64>,
}

/// A pair with faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Name of the sender.
    pub sender: String,
    /// Name of the receiver.
    pub receiver: String,
    /// Never came.
    pub lost: u64,
    /// Came again.
    pub duplicated: u64,
    /// Came after later ones.
    pub reordered: u64,
}

/// Sessions, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sessions {
    /// Sessions that went as planned.
    pub done: u64,
    /// How long sessions were made, in seconds.
    pub seconds: f64,
    /// From the call to the end of the connection.
    pub whole: Option<Percentiles>,
}

/// All connections lost at once, and made again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// Connections that vanished.
    pub vanished: u64,
    /// Connections that were ready again.
    pub back: u64,
    /// Seconds from the loss until the last one was ready again.
    pub seconds: f64,
    /// From the loss to ready again.
    pub away: Option<Percentiles>,
}

/// Many logins at the same moment, and the PINGs of clients that do not log in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// Clients that logged in.
    pub logins: u64,
    /// Logins that were accepted.
    pub accepted: u64,
    /// Logins that were refused, after the password was looked at or not.
    pub refused: u64,
    /// Logins that were refused for the server was busy, and were tried again.
    pub repeated: u64,
    /// Seconds until the last answer.
    pub seconds: f64,
    /// From a client's first attempt to its last answer.
    pub answer: Option<Percentiles>,
    /// PINGs before the logins.
    pub ping_before: Option<Percentiles>,
    /// PINGs meanwhile.
    pub ping: Option<Percentiles>,
}

/// The effects of clients that do not read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// How many clients did not read.
    pub readers: u64,
    /// Latency while they still read.
    pub before: Option<Percentiles>,
    /// Latency of the others after they had stopped.
    pub after: Option<Percentiles>,
    /// How many of them the server disconnected.
    pub let_go: u64,
    /// Seconds from the moment they stopped reading until the others received the news that the first was gone.
    pub first_gone: Option<f64>,
    /// Messages that were delivered to them before that.
    pub delivered: u64,
}

/// What the server used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Name and id of the process.
    pub process: String,
    /// Resident memory before the first connection.
    pub resident_before: Option<u64>,
    /// Resident memory with all connections ready.
    pub resident_after: Option<u64>,
    /// Proportional share of memory before the first connection (PSS).
    pub proportional_before: Option<u64>,
    /// The same with all connections ready.
    pub proportional_after: Option<u64>,
    /// Open descriptors with all connections ready.
    pub descriptors: Option<u64>,
    /// Growth of resident memory for each connection.
    pub bytes_per_connection: Option<f64>,
    /// Wake-ups a second in the hold.
    pub wakeups_per_second: Option<f64>,
    /// Percent of a CPU in the hold.
    pub hold_cpu_percent: Option<f64>,
    /// CPU time in user mode over the whole run, in seconds.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel over the whole run, in seconds.
    pub system_seconds: Option<f64>,
    /// CPU time in the traffic phase, in seconds.
    pub traffic_cpu_seconds: Option<f64>,
    /// How often it went to sleep in the traffic phase.
    pub traffic_switches: Option<u64>,
    /// How often it was taken off the CPU in the traffic phase.
    pub traffic_preemptions: Option<u64>,
    /// CPU microseconds for each delivery.
    pub cpu_per_delivery: Option<f64>,
    /// CPU microseconds for each session.
    pub cpu_per_session: Option<f64>,
}

/// What the tool itself used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// CPU time in user mode, in seconds.
    pub user_seconds: Option<f64>,
    /// CPU time in the kernel, in seconds.
    pub system_seconds: Option<f64>,
    /// Percent of a CPU in the traffic phase.
    pub traffic_cpu_percent: Option<f64>,
    /// Resident memory at the end.
    pub resident: Option<u64>,
    /// How long those of its turns took that had something to do.
    pub turns: Option<Percentiles>,
}

/// The state at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds of the run.
    pub at: f64,
    /// Connections that were ready.
    pub ready: u64,
    /// Connections that were not ready yet.
    pub pending: u64,
    /// Deliveries so far.
    pub delivered: u64,
    /// Latency of the deliveries since the sample before: half of them took at most this long, in microseconds.
    #[serde(default)]
    pub latency_p50: Option<u64>,
    /// The same for 99 of 100.
    #[serde(default)]
    pub latency_p99: Option<u64>,
    /// Resident memory of the server.
    pub resident: Option<u64>,
    /// CPU time of the server so far, in seconds.
    pub cpu: Option<f64>,
}

/// Faults and warnings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Nothing went wrong.
    pub passed: bool,
    /// The user ended it early; the numbers are of the time until then.
    pub interrupted: bool,
    /// The faults.
    pub faults: Vec<String>,
    /// Reasons for care with the numbers.
    pub warnings: Vec<String>,
}

impl Report {
    /// Keeps a histogram for the log. It is of these phases, or of all if none is named.
    pub(in crate::load) fn keep(&mut self, tag: &'static str, spans: &Spans, phases: &[Phase]) {
        let of = |timed: &&Timed| phases.is_empty() || phases.contains(&timed.phase);
        let start = self.phases.iter().find(of).map_or(0.0, |timed| timed.start);
        let seconds = self
            .phases
            .iter()
            .filter(of)
            .map(|timed| timed.seconds)
            .sum();
        self.kept.push(Kept {
            tag,
            start,
            seconds,
            spans: spans.clone(),
        });
    }

    /// Sets the verdict from the numbers.
    pub(in crate::load) fn judge(&mut self) {
        let mut faults = Vec::new();
        let mut note = |count: u64, what: &str| {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        };
        let connections = &self.connections;
        note(connections.failed, "connections failed");
        note(connections.lost, "connections were lost");
        if let Some(traffic) = &self.traffic {
            note(traffic.lost, "deliveries were lost");
            note(
                traffic.behind,
                "deliveries had not come when the wait ended",
            );
            note(traffic.duplicated, "deliveries were duplicated");
            note(traffic.reordered, "deliveries were reordered");
            note(traffic.corrupted, "deliveries were corrupted");
            note(traffic.stray, "deliveries went astray");
        }
        if let Some(hostile) = &self.hostile {
            faults.extend(hostile.faults());
        }
        let sessions = self.sessions.as_ref();
        if sessions.is_some_and(|sessions| sessions.done == 0) && !self.verdict.interrupted {
            // Nothing failed, but nothing was measured either: the server may delay new clients.
            faults.push("no session came to its end in time".into());
        }
        self.verdict.passed = faults.is_empty();
        self.verdict.faults = faults;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    #[test]
    fn no_finished_session_is_a_fault_unless_interrupted() {
        let mut report = sample::full();
        report.judge();
        let faults_before = report.verdict.faults.len();
        report.sessions.as_mut().unwrap().done = 0;
        report.judge();
        assert!(!report.verdict.passed);
        assert_eq!(report.verdict.faults.len(), faults_before + 1);
        report.verdict.interrupted = true;
        report.judge();
        assert_eq!(report.verdict.faults.len(), faults_before);
    }
}
