//! A verdict once given is the verdict for every continuation, and a header is no longer than it may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::proxy_header::{Client, HEADER_BYTES_MAX, Step, read};

fuzz_target!(|input: &[u8]| {
    let mut verdict = Step::Incomplete;
    for length in 0..=input.len().min(HEADER_BYTES_MAX + 1) {
        let now = read(&input[..length]);
        assert!(verdict == Step::Incomplete || now == verdict, "{length}");
        if let Step::Whole(client, whole) = now {
            assert!(whole <= length && whole <= HEADER_BYTES_MAX);
            if let Client::At { address, .. } = client {
                assert!(!address.ip().to_canonical().is_unspecified());
            }
        }
        verdict = now;
    }
    assert!(verdict != Step::Incomplete || input.len() <= HEADER_BYTES_MAX);
    assert_eq!(read(input), verdict);
});
