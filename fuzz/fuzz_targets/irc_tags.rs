//! Any value survives being escaped, and escapes to a text that is valid in a tag.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::irc::codec::tags::{Tags, push_escaped, unescape};
use std::collections::BTreeMap;

fuzz_target!(|text: &str| {
    let mut escaped = Vec::new();
    push_escaped(text, &mut escaped);
    let escaped = std::str::from_utf8(&escaped).expect("what was text stays text");
    assert!(!escaped.contains([';', ' ', '\r', '\n']));
    assert_eq!(unescape(escaped), text);
    assert!(unescape(text).len() <= text.len());

    let tags = Tags::new(text);
    let mut last = BTreeMap::new();
    for (key, value) in tags.raw() {
        assert!(!key.is_empty() && !key.contains([';', '=']));
        last.insert(key, value);
    }
    for (key, value) in &last {
        assert!(tags.has(key));
        assert_eq!(tags.get(key), Some(unescape(value)));
    }
    // The tags passed on to others are all client-only tags, each once, with the value that counts.
    let passed_on = tags.client_only().into_owned();
    let passed_on: Vec<_> = Tags::new(&passed_on).raw().collect();
    let mut by_key: BTreeMap<_, _> = passed_on.iter().copied().collect();
    assert_eq!(by_key.len(), passed_on.len(), "a key twice");
    last.retain(|key, _| key.starts_with('+') && key.len() > 1);
    by_key.retain(|key, _| key.len() > 1);
    assert_eq!(by_key, last);
});
