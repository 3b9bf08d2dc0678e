//! A verdict once given is the verdict for every continuation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::detect::{Detected, detect};

fuzz_target!(|input: &[u8]| {
    let mut verdict = Detected::Undecided;
    for length in 0..=input.len().min(64) {
        let now = detect(&input[..length]);
        assert!(verdict == Detected::Undecided || now == verdict, "{length}");
        verdict = now;
    }
    assert!(verdict != Detected::Undecided || input.len() < 8);
    assert_eq!(detect(input), verdict);
});
