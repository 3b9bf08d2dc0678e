//! Thresholds for a run: `p99>50ms`. A run that crosses one has failed its user's expectation, not the server's promises.
//!
//! Owns their form and the numbers they are about. Does not know what happens to a run that crosses one.

use super::{text::span, values::Report};
use crate::load::measure::Percentiles;
use std::{fmt, str::FromStr};

/// A number of a report that must not be above or below a bound.
#[derive(Clone, Debug)]
pub struct Threshold {
    number: Number,
    side: Side,
    /// In the unit of the number: microseconds, or a number a second.
    bound: f64,
    /// As it was written.
    text: String,
}

/// What a threshold is about.
#[derive(Clone, Copy, Debug)]
enum Number {
    /// A time of the run's main histogram.
    Time(fn(&Percentiles) -> f64),
    /// Deliveries or sessions a second.
    Rate,
}

/// Where the run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

/// The numbers by their names.
const NUMBERS: &[(&str, Number)] = &[
    ("mean", Number::Time(|p| p.mean)),
    ("p50", Number::Time(|p| p.p50 as f64)),
    ("p90", Number::Time(|p| p.p90 as f64)),
    ("p99", Number::Time(|p| p.p99 as f64)),
    ("p99.9", Number::Time(|p| p.p99_9 as f64)),
    ("p99.99", Number::Time(|p| p.p99_99 as f64)),
    ("max", Number::Time(|p| p.max as f64)),
    ("rate", Number::Rate),
];

/// Microseconds in each unit of time.
const UNITS: &[(&str, f64)] = &[("us", 1.0), ("ms", 1e3), ("s", 1e6)];

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let wrong = || {
            "write it as p99>50ms or rate<1000; \
                        there are mean, p50, p90, p99, p99.9, p99.99, max and rate"
                .to_owned()
        };
        let at = plain.find(['<', '>']).ok_or_else(wrong)?;
        let (name, rest) = plain.split_at(at);
        let side = match &rest[..1] {
            ">" => Side::Above,
            _ => Side::Below,
        };
        let named = NUMBERS.iter().find(|(of, _)| *of == name);
        let (_, number) = *named.ok_or_else(wrong)?;
        let value = &rest[1..];
        let bound = match number {
            Number::Time(_) => micros(value),
            Number::Rate => value.parse().ok(),
        };
        let bound = bound.filter(|bound: &f64| bound.is_finite() && *bound >= 0.0);
        Ok(Self {
            number,
            side,
            bound: bound.ok_or_else(wrong)?,
            text: plain,
        })
    }
}

/// A time such as `50ms`, `1.5s` or `300us`.
fn micros(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(end);
    let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    Some(number.parse::<f64>().ok()? * factor)
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Report {
    /// Whether a run crosses a threshold: then what it is and what was measured. A number that was not measured crosses every
    /// threshold, because nothing proves that it does not.
    pub fn crosses(&self, threshold: &Threshold) -> Option<String> {
        let (value, shown) = match threshold.number {
            Number::Time(of) => {
                let value = self.main_times().map(|times| of(&times));
                (value, value.map(|micros| span(micros as u64)))
            }
            Number::Rate => {
                let value = self.main_rate();
                (value, value.map(|rate| format!("{rate:.1}/s")))
            }
        };
        let Some(value) = value else {
            return Some(format!("{threshold}: it was not measured"));
        };
        let is_crossed = match threshold.side {
            Side::Above => value > threshold.bound,
            Side::Below => value < threshold.bound,
        };
        is_crossed.then(|| format!("{threshold}: it was {}", shown.unwrap_or_default()))
    }

    /// The times that the scenario is about: of deliveries, of sessions, until clients were back, of PINGs beside logins, of
    /// the slowest attack's PINGs; else of the handshakes.
    pub(super) fn main_times(&self) -> Option<Percentiles> {
        let pings = self.hostile.as_ref().map(|hostile| {
            let pings = hostile.attacks.iter().filter_map(|attack| attack.ping);
            pings.max_by_key(|ping| ping.max)
        });
        if let Some(pings) = pings {
            return pings;
        }
        let traffic = self.traffic.as_ref().map(|traffic| traffic.latency);
        let sessions = self.sessions.as_ref().map(|sessions| sessions.whole);
        let storm = self.storm.as_ref().map(|storm| storm.away);
        let login = self.login.as_ref().map(|login| login.ping);
        let found = traffic.or(sessions).or(storm).or(login);
        found.unwrap_or(self.connections.handshake)
    }

    pub(super) fn main_rate(&self) -> Option<f64> {
        let sessions = self.sessions.as_ref();
        let sessions = sessions.map(|sessions| sessions.done as f64 / sessions.seconds.max(1e-6));
        let traffic = self.traffic.as_ref();
        let traffic = traffic.and_then(|traffic| traffic.deliveries_per_second());
        traffic
            .or(sessions)
            .or(self.connections.arrivals_per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn thresholds_are_parsed() {
        for text in [
            "p99>50ms",
            "p99.99 > 1.5s",
            "max>300us",
            "mean<1ms",
            "rate<1000",
        ] {
            let threshold: Threshold = text.parse().unwrap();
            assert_eq!(threshold.to_string(), text.replace(' ', ""));
        }
        for text in [
            "",
            "p99",
            "p98>1ms",
            "p99>50",
            "p99>ms",
            "p99=1ms",
            "rate<1ms",
            "p99>-1ms",
            "p99>NaNms",
            ">1ms",
            "p99>1h",
        ] {
            let error = text.parse::<Threshold>().unwrap_err();
            assert!(error.contains("p99>50ms"), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_report_is_held_against_thresholds() {
        let mut report = sample::full();
        report.hostile = None;
        let crosses = |report: &Report, text: &str| report.crosses(&text.parse().unwrap());
        // 99 % of its deliveries took at most 4 ms.
        assert_eq!(crosses(&report, "p99>4ms"), None);
        assert_eq!(
            crosses(&report, "p99>3.9ms").unwrap(),
            "p99>3.9ms: it was 4000 us"
        );
        assert_eq!(crosses(&report, "rate<49999"), None);
        assert_eq!(
            crosses(&report, "rate<50000").unwrap(),
            "rate<50000: it was 49999.5/s"
        );
        report.traffic.as_mut().unwrap().latency = None;
        assert_eq!(
            crosses(&report, "max>1s").unwrap(),
            "max>1s: it was not measured"
        );
    }
}
