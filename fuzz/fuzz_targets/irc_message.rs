//! A message that was taken apart and put together again is the same message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::irc::codec::{
    line::{BODY_BYTES_MAX, Line},
    message::{Message, PARAMS_MAX, Source},
    tags::unescape,
};

fuzz_target!(|line: &str| {
    if line.contains(['\r', '\n', '\0']) {
        return;
    }
    let Some(message) = Message::parse(line) else {
        return;
    };
    check(&message);
    // The server sends no such command, and there is no way to write it without a source in front; nor is anyone
    // called so.
    let source = message.source.unwrap_or_default();
    if message.command.starts_with(['@', ':']) || source.starts_with(':') {
        return;
    }
    let mut out = Vec::new();
    let body = write(&message, &mut out);
    // It may have been cut, which is done between characters: at most three bytes short of the limit.
    if out.len() - body >= BODY_BYTES_MAX - 3 {
        return;
    }
    let text = std::str::from_utf8(&out).expect("what was text stays text");
    let again = Message::parse(text.strip_suffix("\r\n").expect("a line has an end"));
    let again = again.expect("a message stays a message");
    assert_eq!(content(&message), content(&again), "{text:?}");
});

/// What the parser promises of each message.
fn check(message: &Message<'_>) {
    assert!(!message.command.is_empty() && !message.command.contains(' '));
    let params = message.params.as_slice();
    assert!(params.len() <= PARAMS_MAX && params.len() == message.params.len());
    if let Some((_, middle)) = params.split_last() {
        for param in middle {
            assert!(!param.is_empty() && !param.contains(' ') && !param.starts_with(':'));
        }
    }
    if let Some(source) = message.source {
        assert!(!source.contains(' '));
        let parts = Source::parse(source);
        assert!(parts.nick.len() + parts.user.len() + parts.host.len() <= source.len());
    }
}

/// Writes a message; returns where its body began.
fn write(message: &Message<'_>, out: &mut Vec<u8>) -> usize {
    let mut line = Line::new(out);
    for (key, value) in message.tags.raw() {
        line = line.tag(key, &unescape(value));
    }
    if let Some(source) = message.source {
        line = line.source(source);
    }
    line = line.command(message.command);
    if let Some((last, middle)) = message.params.as_slice().split_last() {
        for param in middle {
            line = line.param(param);
        }
        line = line.last(last);
    }
    line.end();
    out.iter()
        .position(|&b| b == b' ')
        .filter(|_| out[0] == b'@')
        .map_or(0, |at| at + 1)
}

type Content = (Vec<(String, String)>, Option<String>, String, Vec<String>);

fn content(message: &Message<'_>) -> Content {
    let tags = message
        .tags
        .raw()
        .map(|(key, value)| (key.to_owned(), unescape(value).into_owned()));
    let params = message.params.as_slice().iter();
    (
        tags.collect(),
        message.source.map(str::to_owned),
        message.command.to_owned(),
        params.map(ToString::to_string).collect(),
    )
}
