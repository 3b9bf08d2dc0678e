//! SCRAM: no message makes it panic, whatever is sent gets an error unless it has the password, and a first message that is
//! accepted is answered with its own nonce.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::auth::{Claimed, ClientFirst, Credentials, FalseSalts, Scram};

fuzz_target!(|input: &[u8]| {
    let mut messages = input.splitn(2, |byte| *byte == b'\n');
    let (Some(first), last) = (messages.next(), messages.next().unwrap_or_default()) else {
        return;
    };
    let Ok(first) = ClientFirst::parse(first) else {
        return;
    };
    let credentials = Credentials::from_parts([1; 16], 4096, [2; 32], [3; 32]).unwrap();
    let (salts, rounds) = (FalseSalts::new([4; 32]), 4096);
    let folded_name = &*first.name;
    let nobody = Claimed::Nobody { folded_name, salts: &salts, rounds };
    let mut lengths = [0; 2];
    for (claimed, length) in [Claimed::Account(&credentials), nobody].into_iter().zip(&mut lengths) {
        let (scram, challenge) = Scram::begin(&first, claimed, "ours");
        assert!(challenge.contains("ours,s=") && challenge.ends_with(",i=4096"));
        *length = challenge.len();
        // No one knows a key whose hash is this stored key.
        assert!(scram.finish(last).is_err());
    }
    assert_eq!(lengths[0], lengths[1]);
});
