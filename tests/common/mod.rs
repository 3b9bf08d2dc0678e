//! What the tests from outside share: a server process that does not outlive its test, and clients whose every read
//! has a deadline.
//!
//! Nothing here waits by sleeping for a while and hoping. To see that something does *not* come, a client asks for a marker and
//! sees that the marker is what comes next ([`Client::expect_nothing_more`]). [`PATIENCE`] is how long a broken
//! server may hold a test up; no test that passes depends on it.

// Each file of tests is a program of its own and uses the part it needs.
#![allow(dead_code, unused_imports)]

mod client;
mod fetch;
mod irc;
mod process;
mod server;
mod web;

pub(crate) use client::{Client, connect_with};
pub(crate) use fetch::{Fetched, fetch, fetch_over, fetch_with};
pub(crate) use irc::{Irc, Message, Messages, Net, SERVER, ann_and_bob};
pub(crate) use process::{Process, Usage};
pub(crate) use server::{Log, Outcome, Server, Setup, TempFile};
pub(crate) use web::{Answer, Heard, Socket, Visitor};

use std::time::{Duration, Instant};

/// How long anything may take before the server counts as broken. Generous: it is for machines under load.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The first line of a greeting.
pub(crate) const WELCOME: &str = "* welcome to madang.local";

/// The last line of a greeting.
pub(crate) const QUESTION: &str = "* what is your name?";

/// Looks again and again until `found` finds something. For states that no socket reports.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Shows a measured number to whoever runs the tests with `--nocapture`.
#[allow(clippy::print_stdout)]
pub(crate) fn report(text: &str) {
    println!("measured: {text}");
}

/// A small generator of numbers that look random (splitmix64): the same seed, the same numbers.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
