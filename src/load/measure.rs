//! Durations, counted so that percentiles are precise to three digits from a microsecond to an hour.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest duration that is distinguished, in microseconds: an hour. A longer one counts as this.
const LONGEST: u64 = 3_600_000_000;

/// A histogram of durations in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spans(Histogram<u64>);

impl Default for Spans {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3);
        Self(histogram.expect("constant bounds that the library allows"))
    }
}

impl Spans {
    /// Counts one duration.
    pub(super) fn note(&mut self, micros: u64) {
        self.0.saturating_record(micros);
    }

    /// How many durations were counted.
    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Adds the counts of another histogram.
    pub(super) fn add(&mut self, other: &Self) {
        // Both have the same bounds, so this cannot fail.
        let _ = self.0.add(&other.0);
    }

    /// The summary; `None` without any durations.
    pub(super) fn summary(&self) -> Option<Percentiles> {
        let at = |quantile| self.0.value_at_quantile(quantile);
        (!self.0.is_empty()).then(|| Percentiles {
            count: self.0.len(),
            min: self.0.min(),
            mean: self.0.mean(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: self.0.max(),
        })
    }

    /// The summary of what was counted since this was called last.
    pub(super) fn take_summary(&mut self) -> Option<Percentiles> {
        let summary = self.summary();
        if summary.is_some() {
            self.0.reset();
        }
        summary
    }

    /// Points of the percentile curve: the fraction of durations that took at most so many microseconds. Points are
    /// denser near one.
    pub(super) fn curve(&self) -> Vec<(f64, u64)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let quantiles = self.0.iter_quantiles(8);
        let points = quantiles.map(|v| (v.quantile_iterated_to(), v.value_iterated_to()));
        points.collect()
    }

    /// The histogram itself.
    pub(super) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }
}

/// The usual summary of durations, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many durations.
    pub count: u64,
    /// The shortest.
    pub min: u64,
    /// Their mean.
    pub mean: f64,
    /// Half of them took at most this long.
    pub p50: u64,
    /// Nine of ten.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1,000.
    pub p99_9: u64,
    /// 9,999 of 10,000.
    pub p99_99: u64,
    /// The longest.
    pub max: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_spans() {
        let mut spans = Spans::default();
        assert_eq!(spans.summary(), None);
        assert!(spans.curve().is_empty());
        for micros in 1..=1000 {
            spans.note(micros);
        }
        let summary = spans.summary().unwrap();
        assert_eq!((summary.count, summary.min, summary.max), (1000, 1, 1000));
        assert_eq!((summary.p50, summary.p90, summary.p99), (500, 900, 990));
        assert!((summary.mean - 500.5).abs() < 1.0, "{}", summary.mean);
        let curve = spans.curve();
        assert!(
            curve.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1),
            "{curve:?}"
        );
        assert_eq!(curve.last().unwrap(), &(1.0, 1000));
    }

    #[test]
    fn extreme_durations_are_counted() {
        let mut spans = Spans::default();
        spans.note(0);
        spans.note(u64::MAX);
        assert_eq!(spans.count(), 2);
        let mut sum = Spans::default();
        sum.add(&spans);
        assert_eq!(sum.count(), 2);
    }
}
