//! How long something took, many times over: counts by powers of two, a sum, and the longest.
//!
//! Plain numbers in fixed room, so that recording one is a few instructions. Knows no clock.

/// Counts up to a second and beyond: 2^20 microseconds is 1.05 s, and the last count is for what took longer.
const COUNTS: usize = 22;

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// The count at `i` is of those that took at most 2^i microseconds, and more than half of that.
    counts: [u64; COUNTS],
    sum_ns: u64,
    longest_ns: u64,
}

impl Histogram {
    /// Adds one, in nanoseconds.
    pub fn record(&mut self, ns: u64) {
        let us = ns.div_ceil(1000).max(1);
        let power = 64 - (us - 1).leading_zeros() as usize;
        self.counts[power.min(COUNTS - 1)] += 1;
        self.sum_ns += ns;
        self.longest_ns = self.longest_ns.max(ns);
    }

    /// Upper bounds in seconds, and how many took at most so long, but more than the bound before. The last bound is infinite.
    pub fn counts(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = (0..COUNTS - 1).map(|power| (1u64 << power) as f64 / 1e6);
        bounds.chain([f64::INFINITY]).zip(self.counts)
    }

    /// How many were added.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns as f64 / 1e9
    }

    /// The longest, in seconds.
    pub fn longest_s(&self) -> f64 {
        self.longest_ns as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_falls_to_the_nearest_bound_above_it() {
        let rows = [
            (0, 1e-6),
            (1_000, 1e-6),
            (1_001, 2e-6),
            (2_000, 2e-6),
            (2_001, 4e-6),
            (1_048_576_000, 1.048_576),
            (1_048_576_001, f64::INFINITY),
            (u64::MAX / 8, f64::INFINITY),
        ];
        for (ns, bound) in rows {
            let mut histogram = Histogram::default();
            histogram.record(ns);
            let mut counts = histogram.counts().filter(|(_, count)| *count > 0);
            assert_eq!(counts.next(), Some((bound, 1)), "{ns}");
            assert_eq!(counts.next(), None, "{ns}");
        }
    }

    #[test]
    fn sums_and_the_longest_are_kept() {
        let mut histogram = Histogram::default();
        for ns in [500_000_000, 250_000_000, 250_000_000] {
            histogram.record(ns);
        }
        assert_eq!(histogram.count(), 3);
        assert!((histogram.sum_s() - 1.0).abs() < 1e-9);
        assert!((histogram.longest_s() - 0.5).abs() < 1e-9);
    }
}
