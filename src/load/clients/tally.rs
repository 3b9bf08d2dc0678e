//! Counts of clients: in which state they are, and how they began and ended.

use super::client::State;
use crate::{load::measure::Spans, protocol::sanitize::clean};
use std::collections::BTreeMap;

/// How many reasons are counted apart. A server that invents a new text each time does not fill our memory.
const REASONS_MAX: usize = 16;

/// How many clients are in each state.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::load) struct Counts {
    pub(in crate::load) calling: usize,
    pub(in crate::load) greeting: usize,
    pub(in crate::load) ready: usize,
    pub(in crate::load) leaving: usize,
}

impl Counts {
    /// Clients that are not ready yet.
    pub(in crate::load) fn pending(&self) -> usize {
        self.calling + self.greeting
    }

    /// All of them.
    pub(in crate::load) fn all(&self) -> usize {
        self.pending() + self.ready + self.leaving
    }

    pub(super) fn of(&mut self, state: State) -> &mut usize {
        match state {
            State::Calling => &mut self.calling,
            State::Greeting => &mut self.greeting,
            State::Ready => &mut self.ready,
            State::Leaving => &mut self.leaving,
        }
    }
}

/// How clients have begun and ended so far.
#[derive(Debug, Default)]
pub(in crate::load) struct Tally {
    /// Calls placed.
    pub(in crate::load) called: u64,
    /// Calls answered.
    pub(in crate::load) connected: u64,
    /// Clients that became ready.
    pub(in crate::load) arrived: u64,
    /// Calls whose client did not become ready.
    pub(in crate::load) failed: u64,
    /// Clients that were ready and whose connections ended unplanned.
    pub(in crate::load) lost: u64,
    /// Clients whose connections the server closed as expected.
    pub(in crate::load) let_go: u64,
    /// From the call to its answer.
    pub(in crate::load) connect: Spans,
    /// From the answer to ready.
    pub(in crate::load) handshake: Spans,
    /// Why calls failed and clients were lost.
    pub(in crate::load) reasons: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn note_reason(&mut self, reason: String) {
        let known = self.reasons.contains_key(&reason) || self.reasons.len() < REASONS_MAX;
        let reason = if known { reason } else { "other".into() };
        *self.reasons.entry(reason).or_default() += 1;
    }
}

/// A text of the server, made safe for a terminal and short enough for a report. Digits become one letter, so that a
/// thousand addresses or names make one reason, not a thousand.
pub(super) fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]);
    let mut shown = String::new();
    for c in clean(&text).chars() {
        match c {
            '0'..='9' if shown.ends_with('N') => {}
            '0'..='9' => shown.push('N'),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_few_whatever_a_server_says() {
        let mut tally = Tally::default();
        for n in 0..100_u8 {
            tally.note_reason(words(&[b'a' + n % 26, b'a' + n / 26]));
        }
        assert_eq!(tally.reasons.len(), REASONS_MAX + 1);
        assert_eq!(tally.reasons.values().sum::<u64>(), 100);
    }

    #[test]
    fn texts_of_the_server_are_safe_and_numbers_are_merged() {
        assert_eq!(words(b"no more from 127.0.0.1"), "no more from N.N.N.N");
        assert_eq!(words(b"\x1b[2Ja\x07\xff"), "a\u{fffd}");
        assert_eq!(words("a\u{9b}mb\u{202e}c\u{2066}\n".as_bytes()), "abc ");
        assert_eq!(words(&[b'x'; 1000]).len(), 120);
    }
}
