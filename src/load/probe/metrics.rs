//! A server's own metrics: OpenMetrics text over HTTP, read in the same loop as everything else.
//!
//! Owns one connection at a time and the latest answer. Understands the usual `process_*` names and madang's count of
//! wake-ups; metrics that a server does not have are absent. Invariants: an answer is bounded in size and time; one
//! that is incomplete changes nothing.

use crate::{
    net::{ConnId, Net},
    os::process::{Holdings, Usage},
};
use std::{net::SocketAddr, time::Duration};

/// The URL of the metrics.
#[derive(Clone, Debug)]
pub struct MetricsUrl {
    /// Host and port as they were given.
    pub authority: String,
    /// Where that is.
    pub address: SocketAddr,
    /// The path to request.
    pub path: String,
}

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads metrics. See the module's documentation.
#[derive(Debug)]
pub(in crate::load) struct Scrape {
    url: MetricsUrl,
    under_way: Option<ConnId>,
    answer: Vec<u8>,
    latest: Option<(Usage, Holdings)>,
    turns: Option<TurnTimes>,
}

/// How long a server's turns took, if its metrics have that: a readiness loop has turns, and during one all clients
/// wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::load) struct TurnTimes {
    /// The longest since the server's start, in seconds.
    longest: f64,
    /// Of each bucket of the histogram: its upper bound in seconds, and how many turns took at most that long.
    buckets: Vec<(f64, f64)>,
}

impl TurnTimes {
    /// The longest turn since `before`, in microseconds, and whether that is exact or only a bound.
    pub(in crate::load) fn longest_since(&self, before: &Self) -> Option<(u64, Exactness)> {
        let micros = |seconds: f64| (seconds * 1e6).round() as u64;
        if self.longest > before.longest {
            return Some((micros(self.longest), Exactness::Exact));
        }
        let at = |times: &Self, bound: f64| {
            let mut buckets = times.buckets.iter();
            let found = buckets.find(|bucket| bucket.0 == bound);
            found.map_or(0.0, |bucket| bucket.1)
        };
        let mut new_below = 0.0;
        let mut longest = None;
        for (bound, count) in &self.buckets {
            let new = count - at(before, *bound);
            if new > new_below {
                longest = Some(bound.min(self.longest));
                new_below = new;
            }
        }
        longest.map(|seconds| (micros(seconds), Exactness::AtMost))
    }
}

/// How exact a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Exactness {
    /// It is an upper bound.
    AtMost,
    /// It is exact.
    Exact,
}

impl Scrape {
    pub(in crate::load) fn new(url: MetricsUrl) -> Self {
        Self {
            url,
            under_way: None,
            answer: Vec::new(),
            latest: None,
            turns: None,
        }
    }

    /// Sends a request, unless an answer is under way.
    pub(in crate::load) fn ask(&mut self, net: &mut Net) {
        if self.under_way.is_some() {
            return;
        }
        self.answer.clear();
        if let Ok(id) = net.connect(self.url.address) {
            net.set_deadline(id, net.now().after(PATIENCE));
            let MetricsUrl {
                authority, path, ..
            } = &self.url;
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {authority}\r\nAccept: application/openmetrics-text\r\n\
                 Connection: close\r\n\r\n"
            );
            net.send(id, request.as_bytes());
            self.under_way = Some(id);
        }
    }

    pub(in crate::load) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether this connection is ours.
    pub(in crate::load) fn owns(&self, id: ConnId) -> bool {
        self.under_way == Some(id)
    }

    /// The latest answer.
    pub(in crate::load) fn latest(&self) -> Option<(Usage, Holdings)> {
        self.latest
    }

    /// How long turns took, by the latest answer.
    pub(in crate::load) fn turns(&self) -> Option<&TurnTimes> {
        self.turns.as_ref()
    }

    pub(in crate::load) fn url(&self) -> &MetricsUrl {
        &self.url
    }

    pub(in crate::load) fn handle_input(&mut self, net: &mut Net, bytes: &[u8]) {
        if self.answer.len() + bytes.len() > ANSWER_BYTES_MAX {
            return self.give_up(net);
        }
        self.answer.extend_from_slice(bytes);
    }

    /// The server ended the connection: the answer is whole.
    pub(in crate::load) fn handle_end(&mut self, net: &mut Net) {
        if self.answer.starts_with(b"HTTP/1.1 200") || self.answer.starts_with(b"HTTP/1.0 200") {
            let text = String::from_utf8_lossy(&self.answer);
            self.latest = parse(&text).or(self.latest);
            self.turns = parse_turns(&text).or(self.turns.take());
        }
        self.give_up(net);
    }

    /// Gives up: the connection broke, or the answer took too long.
    pub(in crate::load) fn give_up(&mut self, net: &mut Net) {
        if let Some(id) = self.under_way.take() {
            net.abort(id);
        }
        self.answer = Vec::new();
    }
}

/// Reads the lines that matter; `None` if there are none. The lines of the HTTP head are skipped.
fn parse(text: &str) -> Option<(Usage, Holdings)> {
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        let (_, rest) = lines.find(|(key, _)| *key == name)?;
        let number: f64 = rest.split_whitespace().next()?.parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    let whole = |name: &str| value(name).map(|number| number as u64);
    let usage = Usage {
        cpu_nanos: value("process_cpu_seconds_total").map(|seconds| (seconds * 1e9) as u64),
        resident: whole("process_resident_memory_bytes"),
        sleeps: whole("madang_wakeups_total"),
        ..Usage::default()
    };
    let holdings = Holdings {
        descriptors: whole("process_open_fds"),
        ..Holdings::default()
    };
    (usage != Usage::default()).then_some((usage, holdings))
}

/// Reads madang's turn times; `None` if there are none.
fn parse_turns(text: &str) -> Option<TurnTimes> {
    let mut times = TurnTimes::default();
    let mut is_there = false;
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else {
            continue;
        };
        let value = rest.split_whitespace().next().and_then(|n| n.parse().ok());
        let Some(value) = value.filter(|n: &f64| n.is_finite() && *n >= 0.0) else {
            continue;
        };
        if key == "madang_turn_longest_seconds" {
            (times.longest, is_there) = (value, true);
        } else if let Some(bound) = key.strip_prefix("madang_turn_duration_seconds_bucket{le=\"") {
            let bound = bound.trim_end_matches("\"}").parse().ok();
            // "+Inf" parses as a number too.
            times.buckets.extend(bound.map(|bound: f64| (bound, value)));
        }
    }
    is_there.then_some(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_turn_between_two_answers_is_found() {
        let times = |longest: f64, counts: [u32; 3]| {
            let [a, b, c] = counts;
            parse_turns(&format!(
                "madang_turn_duration_seconds_bucket{{le=\"0.001\"}} {a}\n\
                 madang_turn_duration_seconds_bucket{{le=\"0.002\"}} {b}\n\
                 madang_turn_duration_seconds_bucket{{le=\"+Inf\"}} {c}\n\
                 madang_turn_longest_seconds {longest}\n"
            ))
            .unwrap()
        };
        let before = times(0.5, [10, 11, 12]);
        let since = |after: TurnTimes| after.longest_since(&before);
        assert_eq!(since(times(0.5, [10, 11, 12])), None);
        assert_eq!(
            since(times(0.5, [20, 21, 22])),
            Some((1000, Exactness::AtMost))
        );
        assert_eq!(
            since(times(0.5, [20, 22, 23])),
            Some((2000, Exactness::AtMost))
        );
        // The last bucket has no bound but the longest turn.
        assert_eq!(
            since(times(0.5, [20, 21, 23])),
            Some((500_000, Exactness::AtMost))
        );
        assert_eq!(
            since(times(0.7, [20, 21, 23])),
            Some((700_000, Exactness::Exact))
        );
        assert_eq!(parse_turns("process_cpu_seconds_total 1"), None);
    }

    #[test]
    fn the_lines_that_matter_are_read() {
        let text = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n# TYPE process_cpu_seconds counter\n\
                    process_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 4096000\n\
                    process_open_fds 12 1700000000\nmadang_wakeups_total 7\nother{a=\"b\"} 3\n# EOF\n";
        let (usage, holdings) = parse(text).unwrap();
        assert_eq!(usage.cpu_nanos, Some(1_500_000_000));
        assert_eq!((usage.resident, usage.sleeps), (Some(4_096_000), Some(7)));
        assert_eq!(usage.user_millis, None);
        assert_eq!(holdings.descriptors, Some(12));
    }

    #[test]
    fn junk_is_ignored() {
        for text in [
            "",
            "hello",
            "process_cpu_seconds_total",
            "process_cpu_seconds_total NaN",
            "madang_wakeups_total -1",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
