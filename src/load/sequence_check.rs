//! Checks the sequence numbers at every receiver: delivered once and in order, or lost, duplicated, reordered.
//!
//! A *pair* is one sender and one receiver. While all is in order, a pair is one number: the sequence number that it
//! expects next. Only faults take more: the gaps of the pairs that have any. So a million pairs are four megabytes.
//!
//! Invariant: for each pair `delivered + missing == next`, where `missing` are the sequence numbers in its gaps.
//! Knows no connections, no time and no text.

use rustc_hash::FxHashMap;
use std::ops::Range;

/// How a delivery compares to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It is the expected one.
    InOrder,
    /// It is new, but later ones came before it.
    Reordered,
    /// It came before.
    Duplicate,
    /// It was not sent yet, or not to this receiver: the server invented or misrouted it.
    Stray,
}

/// Counts of faulty deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Never came.
    pub(super) lost: u64,
    /// Came again.
    pub(super) duplicated: u64,
    /// Came after later ones.
    pub(super) reordered: u64,
    /// Came changed or cut, so that its stamp could not be read.
    pub(super) corrupted: u64,
    /// Came to a client that should not receive it.
    pub(super) stray: u64,
}

impl Faults {
    /// Whether there are no faults.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The state of all pairs: `rows` receivers by `columns` senders.
#[derive(Clone, Debug)]
pub(super) struct SequenceCheck {
    columns: usize,
    next: Vec<u32>,
    /// Sequence numbers below `next` that did not come, by pair, in order and disjoint.
    gaps: FxHashMap<usize, Vec<Range<u32>>>,
    /// Duplicates and late deliveries by pair, for pairs that have any.
    troubled: FxHashMap<usize, (u32, u32)>,
    delivered: u64,
    duplicated: u64,
    reordered: u64,
    stray: u64,
}

impl SequenceCheck {
    /// No deliveries yet.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        Self {
            columns,
            next: vec![0; rows * columns],
            gaps: FxHashMap::default(),
            troubled: FxHashMap::default(),
            delivered: 0,
            duplicated: 0,
            reordered: 0,
            stray: 0,
        }
    }

    /// Records a delivery. `sent` is how many messages this sender has sent so far.
    pub(super) fn enter(
        &mut self,
        receiver: usize,
        sender: usize,
        sequence: u32,
        sent: u32,
    ) -> Arrival {
        let pair = receiver * self.columns + sender;
        let next = &mut self.next[pair];
        if sequence >= sent {
            self.stray += 1;
            return Arrival::Stray;
        }
        if sequence == *next {
            *next += 1;
            self.delivered += 1;
            return Arrival::InOrder;
        }
        if sequence > *next {
            // The ones between may still come, late.
            let gap = *next..sequence;
            *next = sequence + 1;
            self.gaps.entry(pair).or_default().push(gap);
            self.delivered += 1;
            return Arrival::InOrder;
        }
        let trouble = self.troubled.entry(pair).or_default();
        if fill(&mut self.gaps, pair, sequence) {
            trouble.1 += 1;
            self.delivered += 1;
            self.reordered += 1;
            Arrival::Reordered
        } else {
            trouble.0 += 1;
            self.duplicated += 1;
            Arrival::Duplicate
        }
    }

    /// Counts a delivery to a receiver that should receive nothing from its sender.
    pub(super) fn note_stray(&mut self) {
        self.stray += 1;
    }

    /// Deliveries that came, each counted once.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Deliveries that came to one receiver from one sender, each counted once.
    pub(super) fn delivered_to(&self, receiver: usize, sender: usize) -> u64 {
        let pair = receiver * self.columns + sender;
        u64::from(self.next[pair]) - self.missing(pair)
    }

    /// The faults of one pair; `sent` is how many messages the receiver should receive from the sender in all.
    pub(super) fn faults_of(&self, receiver: usize, sender: usize, sent: u32) -> Faults {
        let pair = receiver * self.columns + sender;
        let (duplicated, reordered) = self.troubled.get(&pair).copied().unwrap_or_default();
        Faults {
            lost: u64::from(sent.saturating_sub(self.next[pair])) + self.missing(pair),
            duplicated: duplicated.into(),
            reordered: reordered.into(),
            corrupted: 0,
            stray: 0,
        }
    }

    /// Duplicates, late deliveries and strays of all pairs so far; losses are known only once nothing can arrive any
    /// more.
    pub(super) fn so_far(&self) -> Faults {
        Faults {
            lost: 0,
            duplicated: self.duplicated,
            reordered: self.reordered,
            corrupted: 0,
            stray: self.stray,
        }
    }

    fn missing(&self, pair: usize) -> u64 {
        let gaps = self.gaps.get(&pair).into_iter().flatten();
        gaps.map(|gap| u64::from(gap.end - gap.start)).sum()
    }
}

/// Takes one sequence number out of a pair's gaps; returns whether it was in one.
fn fill(gaps: &mut FxHashMap<usize, Vec<Range<u32>>>, pair: usize, sequence: u32) -> bool {
    let Some(list) = gaps.get_mut(&pair) else {
        return false;
    };
    let at = list.partition_point(|gap| gap.end <= sequence);
    let Some(gap) = list.get_mut(at).filter(|gap| gap.contains(&sequence)) else {
        return false;
    };
    let rest = sequence + 1..gap.end;
    gap.end = sequence;
    let nothing_before = gap.start == gap.end;
    let nothing_behind = rest.start == rest.end;
    match (nothing_before, nothing_behind) {
        (true, true) => drop(list.remove(at)),
        (true, false) => list[at] = rest,
        (false, true) => {}
        (false, false) => list.insert(at + 1, rest),
    }
    if list.is_empty() {
        gaps.remove(&pair);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(arrivals: &[u32], sent: u32, expected: [u64; 4]) {
        let mut sequence_check = SequenceCheck::new(3, 2);
        for &sequence in arrivals {
            sequence_check.enter(1, 1, sequence, sent);
        }
        let faults = sequence_check.faults_of(1, 1, sent);
        let found = [
            faults.lost,
            faults.duplicated,
            faults.reordered,
            sequence_check.so_far().stray,
        ];
        assert_eq!(found, expected, "{arrivals:?}");
        assert!(sequence_check.faults_of(0, 1, 0).is_none());
        assert!(sequence_check.faults_of(1, 0, 0).is_none());
    }

    #[test]
    fn faults_are_found() {
        check(&[0, 1, 2], 3, [0, 0, 0, 0]);
        check(&[], 3, [3, 0, 0, 0]);
        check(&[0, 2], 3, [1, 0, 0, 0]);
        check(&[0, 1], 3, [1, 0, 0, 0]);
        check(&[0, 0, 1, 2], 3, [0, 1, 0, 0]);
        check(&[1, 0, 2], 3, [0, 0, 1, 0]);
        check(&[4, 0, 1, 2, 3], 5, [0, 0, 4, 0]);
        check(&[4, 2, 2], 5, [3, 1, 1, 0]);
        check(&[3, 0, 1], 3, [1, 0, 0, 1]);
        check(&[u32::MAX], 3, [3, 0, 0, 1]);
    }

    proptest! {
        /// Compares with a model of sets that remembers everything.
        #[test]
        fn agrees_with_a_slow_model(arrivals in prop::collection::vec(0_u32..40, 0..120), sent in 0_u32..36) {
            let mut sequence_check = SequenceCheck::new(1, 1);
            let mut seen = BTreeSet::new();
            let mut model = Faults::default();
            for &sequence in &arrivals {
                let arrival = sequence_check.enter(0, 0, sequence, sent);
                let expected = if sequence >= sent {
                    model.stray += 1;
                    Arrival::Stray
                } else if seen.contains(&sequence) {
                    model.duplicated += 1;
                    Arrival::Duplicate
                } else if seen.last().is_some_and(|last| *last > sequence) {
                    model.reordered += 1;
                    Arrival::Reordered
                } else {
                    Arrival::InOrder
                };
                seen.extend((sequence < sent).then_some(sequence));
                prop_assert_eq!(arrival, expected);
                prop_assert_eq!(sequence_check.delivered(), seen.len() as u64);
                prop_assert_eq!(sequence_check.delivered_to(0, 0), seen.len() as u64);
            }
            model.lost = u64::from(sent) - seen.len() as u64;
            let mut found = sequence_check.faults_of(0, 0, sent);
            found.stray = sequence_check.so_far().stray;
            prop_assert_eq!(found, model);
        }
    }
}
