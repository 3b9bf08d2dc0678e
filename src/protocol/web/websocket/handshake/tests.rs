//! Both halves of the handshake, against the RFC's example and against each other.

use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

type Fields = Vec<(&'static str, &'static [u8])>;

/// The RFC's request, with one field replaced (or taken out, by an empty value).
fn with(name: &'static str, value: &'static str) -> Fields {
    let mut fields = vec![
        ("Host", &b"server.example.com"[..]),
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", KEY.as_bytes()),
        ("Sec-WebSocket-Version", b"13"),
    ];
    fields.retain(|(old, _)| *old != name);
    if !value.is_empty() {
        fields.push((name, value.as_bytes()));
    }
    fields
}

#[track_caller]
fn refused(fields: Fields, expected: Refusal) {
    assert_eq!(read_request(fields).unwrap_err(), expected);
}

#[test]
fn a_request_is_accepted_as_the_rfc_says() {
    let request = read_request(with("Origin", "http://example.com")).unwrap();
    assert_eq!(request.origin, Some("http://example.com"));
    let mut out = Vec::new();
    request.accept(None, &mut out);
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn names_and_tokens_have_no_case_and_lists_are_lists() {
    assert!(read_request(with("Connection", "keep-alive, upgrade")).is_ok());
    assert!(read_request(with("Upgrade", "h2c,WebSocket")).is_ok());
    let fields = with("Sec-WebSocket-Protocol", "text.ircv3.net, x");
    let mut lower: Vec<(String, &[u8])> = Vec::new();
    for (name, value) in fields {
        lower.push((name.to_lowercase(), value));
    }
    lower.push(("sec-websocket-protocol".into(), b"y"));
    let pairs = lower.iter().map(|(name, value)| (name.as_str(), *value));
    let request = read_request(pairs).unwrap();
    assert_eq!(request.protocols(), ["text.ircv3.net", "x", "y"]);
    let mut out = Vec::new();
    request.accept(Some("x"), &mut out);
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("\r\nSec-WebSocket-Protocol: x\r\n"), "{out}");
}

#[test]
fn a_key_is_sixteen_bytes() {
    for key in [KEY, "AQIDBAUGBwgJCgsMDQ4PEC==", "abcdefghijklmnopqrstuv=="] {
        assert!(is_key(key), "{key}");
    }
    for key in [
        "",
        "=",
        "AAAA",
        "AQIDBAUGBwgJCgsMDQ4PEC",
        "AQIDBAUGBwgJCgsMDQ4-EC==",
    ] {
        assert!(!is_key(key), "{key}");
    }
}

#[test]
fn what_is_not_in_order_is_refused() {
    refused(Vec::new(), Refusal::NotAsked);
    refused(with("Upgrade", ""), Refusal::NotAsked);
    refused(with("Upgrade", "h2c"), Refusal::NotAsked);
    refused(with("Connection", ""), Refusal::NotAsked);
    refused(with("Connection", "close"), Refusal::NotAsked);
    refused(with("Sec-WebSocket-Version", ""), Refusal::Version);
    refused(with("Sec-WebSocket-Version", "8"), Refusal::Version);
    refused(with("Sec-WebSocket-Key", ""), Refusal::Key);
    refused(with("Sec-WebSocket-Key", "short"), Refusal::Key);
    refused(
        with("Sec-WebSocket-Key", "c2l4dGVlbiBieXRlcyE"),
        Refusal::Key,
    );
    refused(
        with("Sec-WebSocket-Key", "c2V2ZW50ZWVuIGJ5dGVzISE="),
        Refusal::Key,
    );
    let mut twice = with("Host", "x");
    twice.push(("Sec-WebSocket-Key", KEY.as_bytes()));
    refused(twice, Refusal::Key);
    assert_eq!(Refusal::Key.status(), 400);
    assert_eq!(Refusal::Version.status(), 426);
}

#[test]
fn a_client_and_a_server_understand_each_other() {
    let mut asked = Vec::new();
    let key = push_request("[::1]:80", "/ws", [7; 16], &["a", "b"], &mut asked);
    assert!(is_key(&key));
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Request::new(&mut fields);
    assert!(head.parse(&asked).unwrap().is_complete());
    assert_eq!((head.method, head.path), (Some("GET"), Some("/ws")));
    let request = read_request(head.headers.iter().map(|f| (f.name, f.value))).unwrap();
    assert_eq!(request.protocols(), ["a", "b"]);
    let mut answer = Vec::new();
    request.accept(Some("b"), &mut answer);
    let length = answer.len();
    answer.extend(b"\x81\x00");
    for end in 0..length {
        assert_eq!(read_answer(&answer[..end], &key, &["a", "b"]), Ok(None));
    }
    let read = read_answer(&answer, &key, &["a", "b"]).unwrap().unwrap();
    assert_eq!((read.consumed, read.protocol), (length, Some("b")));
}

#[test]
fn a_client_is_not_let_in_by_just_anything() {
    #[track_caller]
    fn check(answer: &str, expected: BadAnswer) {
        assert_eq!(read_answer(answer.as_bytes(), KEY, &["a"]), Err(expected));
    }
    check("SSH-2.0-x\r\n", BadAnswer::NotHttp);
    check("HTTP/1.1 200 OK\r\n\r\n", BadAnswer::Status(200));
    let endless = format!("HTTP/1.1 101 x\r\na: {}", "x".repeat(20_000));
    check(&endless, BadAnswer::NotHttp);
    let good = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let with = |more: &str| format!("{good}{more}\r\n");
    assert!(read_answer(with("").as_bytes(), KEY, &[]).is_ok());
    check(
        &with("").replace("s3p", "s3q"),
        BadAnswer::Field("Sec-WebSocket-Accept"),
    );
    check(
        &with("").replace("Upgrade: w", "X: w"),
        BadAnswer::Field("Upgrade"),
    );
    check(
        &with("Sec-WebSocket-Protocol: b\r\n"),
        BadAnswer::Field("Sec-WebSocket-Protocol"),
    );
    check(
        &with("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        BadAnswer::Field("Sec-WebSocket-Extensions"),
    );
}
