//! Headers by table, every cut of them, and random bytes.

use super::*;
use proptest::prelude::*;

/// `input` and something behind it: incomplete at every shorter length, and then this.
#[track_caller]
fn check_whole(input: &[u8], expected: Client) {
    for length in 0..input.len() {
        let shown = input[..length].escape_ascii().to_string();
        assert_eq!(read(&input[..length]), Step::Incomplete, "{shown:?}");
    }
    let mut followed = input.to_vec();
    followed.extend_from_slice(b"NICK ann\r\n");
    for input in [input, &followed] {
        assert_eq!(read(input), Step::Whole(expected, followed.len() - 10));
    }
}

/// `input` is refused at this length and at every longer one, and incomplete before.
#[track_caller]
fn check_wrong(input: &[u8], decided_at: usize, expected: Fault) {
    for length in 0..=input.len() {
        let step = match length < decided_at {
            true => Step::Incomplete,
            false => Step::Wrong(expected),
        };
        let shown = input[..length].escape_ascii().to_string();
        assert_eq!(read(&input[..length]), step, "{shown:?}");
    }
}

fn at(address: &str) -> Client {
    let address = address.parse().unwrap();
    let secure = false;
    Client::At { address, secure }
}

fn secure_at(address: &str) -> Client {
    let address = address.parse().unwrap();
    let secure = true;
    Client::At { address, secure }
}

/// A header of version 2: version and command, family, and what follows the length.
fn binary(version_and_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = binary::SIGNATURE.to_vec();
    header.extend([version_and_command, family]);
    header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    header.extend(rest);
    header
}

/// 192.0.2.1:56324 to 203.0.113.7:443.
const INET: [u8; 12] = [192, 0, 2, 1, 203, 0, 113, 7, 0xdc, 0x04, 0x01, 0xbb];

fn inet_with(records: &[u8]) -> Vec<u8> {
    binary(0x21, 0x11, &[&INET, records].concat())
}

#[test]
fn lines_name_the_client() {
    for (line, expected) in [
        (
            "PROXY TCP4 192.0.2.1 203.0.113.7 56324 443\r\n",
            at("192.0.2.1:56324"),
        ),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            at("255.255.255.255:65535"),
        ),
        (
            "PROXY TCP4 192.0.2.1 203.0.113.7 0 0\r\n",
            at("192.0.2.1:0"),
        ),
        (
            "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n",
            at("[2001:db8::1]:56324"),
        ),
        (
            "PROXY TCP6 ::ffff:192.0.2.1 ::1 56324 443\r\n",
            at("[::ffff:192.0.2.1]:56324"),
        ),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            at("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
        ),
        ("PROXY UNKNOWN\r\n", Client::Unnamed),
        ("PROXY UNKNOWN what ever it is\r\n", Client::Unnamed),
    ] {
        check_whole(line.as_bytes(), expected);
    }
}

#[test]
fn wrong_lines_are_refused() {
    use Fault::{Address, Family, Form, Missing};
    for (line, fault) in [
        ("PROXY TCP4 192.0.2.1 203.0.113.7 56324 443\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7 56324\r\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7 56324 443 1\r\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7 56324 443 \r\n", Form),
        ("PROXY TCP4  192.0.2.1 203.0.113.7 56324 443\r\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7 056324 443\r\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7 65536 443\r\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7 +1 443\r\n", Form),
        ("PROXY TCP4 192.0.2.1 203.0.113.7  443\r\n", Form),
        ("PROXY \r\n", Form),
        ("PROXY TCP4\r\n", Form),
        ("PROXY UDP4 192.0.2.1 203.0.113.7 56324 443\r\n", Family),
        ("PROXY tcp4 192.0.2.1 203.0.113.7 56324 443\r\n", Family),
        ("PROXY TCP4 2001:db8::1 203.0.113.7 56324 443\r\n", Address),
        ("PROXY TCP4 192.0.2.1 2001:db8::1 56324 443\r\n", Address),
        ("PROXY TCP6 192.0.2.1 192.0.2.2 56324 443\r\n", Address),
        ("PROXY TCP6 fe80::1%1 ::1 56324 443\r\n", Address),
        ("PROXY TCP4 192.0.2.01 203.0.113.7 56324 443\r\n", Address),
        ("PROXY TCP4 0.0.0.0 203.0.113.7 56324 443\r\n", Address),
        ("PROXY TCP6 :: ::1 56324 443\r\n", Address),
        ("PROXY TCP6 ::ffff:0.0.0.0 ::1 56324 443\r\n", Address),
    ] {
        check_wrong(line.as_bytes(), line.len(), fault);
    }
    check_wrong(b"PROXY TCP4 \xff\r\n", 14, Form);
    let endless = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat();
    check_wrong(&endless, 107, Fault::Length);
    // What is no header is refused at its first byte that shows it.
    for (input, decided_at) in [
        (&b"GET / HTTP/1.1\r\n"[..], 1),
        (b"PASS secret\r\n", 2),
        (b"PROXY2 x\r\n", 6),
        (b"proxy TCP4", 1),
        (b"\x16\x03\x01", 1),
        (b"\r\n\r\n\0\r\nQUIT\r", 12),
        (b"\r\n\r\nGET", 5),
    ] {
        check_wrong(input, decided_at, Missing);
    }
}

#[test]
fn binary_headers_name_the_client() {
    check_whole(&inet_with(&[]), at("192.0.2.1:56324"));
    let mut inet6 = [0; 36];
    inet6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    inet6[15] = 1;
    inet6[31] = 2;
    inet6[32..].copy_from_slice(&[0xdc, 0x04, 0x01, 0xbb]);
    check_whole(&binary(0x21, 0x21, &inet6), at("[2001:db8::1]:56324"));
    // LOCAL, with any address or none; no kind of address; paths; datagrams.
    check_whole(&binary(0x20, 0x00, &[]), Client::Unnamed);
    check_whole(&binary(0x20, 0x11, &INET), Client::Unnamed);
    check_whole(&binary(0x20, 0x11, &[1]), Client::Unnamed);
    check_whole(&binary(0x21, 0x00, &[9; 77]), Client::Unnamed);
    check_whole(&binary(0x21, 0x31, &[b'/'; 216]), Client::Unnamed);
    check_whole(&binary(0x21, 0x12, &INET), Client::Unnamed);
}

#[test]
fn records_are_skipped_but_for_the_one_about_tls() {
    // A checksum, padding, a host name.
    let others = [3, 0, 4, 1, 2, 3, 4, 4, 0, 0, 2, 0, 2, b'a', b'b'];
    check_whole(&inet_with(&others), at("192.0.2.1:56324"));
    // Its flags, a verdict about the client's certificate, and records of its own.
    let tls = |flags: u8| {
        [
            0x20, 0, 12, flags, 0, 0, 0, 1, 0x21, 0, 4, b'1', b'.', b'3', 0,
        ]
    };
    check_whole(&inet_with(&tls(1)), secure_at("192.0.2.1:56324"));
    check_whole(&inet_with(&tls(7)), secure_at("192.0.2.1:56324"));
    check_whole(&inet_with(&tls(0)), at("192.0.2.1:56324"));
    let both = [&tls(1)[..], &others].concat();
    check_whole(&inet_with(&both), secure_at("192.0.2.1:56324"));
    let longest = HEADER_BYTES_MAX - 16 - 12 - 3;
    let [high, low] = u16::try_from(longest).unwrap().to_be_bytes();
    let long = [vec![4, high, low], vec![0; longest]].concat();
    check_whole(&inet_with(&long), at("192.0.2.1:56324"));
}

#[test]
fn wrong_binary_headers_are_refused() {
    use Fault::{Address, Family, Form, Length, Version};
    check_wrong(&binary(0x11, 0x11, &INET), 13, Version);
    check_wrong(&binary(0x31, 0x11, &INET), 13, Version);
    check_wrong(&binary(0x22, 0x11, &INET), 16, Family);
    check_wrong(&binary(0x21, 0x41, &INET), 16, Family);
    check_wrong(&binary(0x21, 0x13, &INET), 16, Family);
    let whole = |header: Vec<u8>, fault| check_wrong(&header, header.len(), fault);
    whole(binary(0x21, 0x11, &INET[..11]), Form);
    whole(binary(0x21, 0x21, &INET), Form);
    whole(binary(0x21, 0x31, &[0; 215]), Form);
    whole(binary(0x21, 0x11, &[0; 12]), Address);
    whole(inet_with(&[4]), Form);
    whole(inet_with(&[4, 0, 1]), Form);
    whole(inet_with(&[0x20, 0, 0]), Form);
    // The length alone decides.
    let mut long = binary(0x21, 0x11, &INET);
    long[14..16].copy_from_slice(&[0xff, 0xff]);
    check_wrong(&long, 16, Length);
}

/// Bytes that begin like a header of either kind, then go on as they like.
fn headers() -> impl Strategy<Value = Vec<u8>> {
    let openings: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"PROXY TCP4 1.2.3.4 ".to_vec(),
        b"PROXY TCP6 ::".to_vec(),
        binary::SIGNATURE.to_vec(),
        binary(0x21, 0x11, &INET),
        inet_with(&[0x20, 0, 1, 1]),
    ];
    let tail = proptest::collection::vec(any::<u8>(), 0..64);
    let cut = 0usize..80;
    (proptest::sample::select(openings), cut, tail).prop_map(|(mut bytes, cut, tail)| {
        bytes.truncate(cut);
        bytes.extend(tail);
        bytes
    })
}

proptest! {
    #[test]
    fn random_bytes_are_decided_once_and_within_bounds(input in headers()) {
        let mut verdict = Step::Incomplete;
        for length in 0..=input.len() {
            let now = read(&input[..length]);
            prop_assert!(verdict == Step::Incomplete || verdict == now);
            if let Step::Whole(_, whole) = now {
                prop_assert!(whole <= length && whole <= HEADER_BYTES_MAX);
            }
            verdict = now;
        }
    }
}
