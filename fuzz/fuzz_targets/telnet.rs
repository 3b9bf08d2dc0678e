//! Telnet's own commands: any cut of the input gives the same lines and the same answers, and none of the commands
//! shows up in a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::{Frame, telnet::Telnet};

/// Short, so that the fuzzer finds long lines.
const CAP: usize = 32;
const IAC: u8 = 255;

fuzz_target!(|input: &[u8]| {
    let Some((&piece, input)) = input.split_first() else {
        return;
    };
    let (lines, options) = feed(input.chunks(usize::from(piece).max(1)));
    let (whole, whole_options) = feed(std::iter::once(input));
    assert_eq!(lines, whole);
    assert_eq!(options, whole_options);
    // Text without IAC means what it means without telnet, and with commands strewn in, the same.
    if !input.contains(&IAC) {
        let strewn: Vec<u8> = input.iter().flat_map(|&byte| [IAC, 241, byte]).collect();
        assert_eq!(feed(std::iter::once(&strewn[..])).0, whole);
        let strewn: Vec<u8> = input
            .iter()
            .flat_map(|&byte| {
                [
                    byte, IAC, 250, 24, 0, b'\n', IAC, IAC, IAC, 240, IAC, 251, byte,
                ]
            })
            .collect();
        assert_eq!(feed(strewn.chunks(usize::from(piece).max(1))).0, whole);
    }
});

/// The lines (`None`: too long), and what was answered to offers and requests. Answers to "are you there" are told
/// once a piece, so they are left out.
fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Option<Vec<u8>>>, Vec<u8>) {
    let mut telnet = Telnet::default();
    let (mut kept, mut searched, mut found) = (Vec::new(), 0, Vec::new());
    let (mut replies, mut received) = (Vec::new(), 0);
    for piece in pieces {
        kept.extend_from_slice(piece);
        received += piece.len();
        loop {
            let cut = telnet.next_frame(&kept, &mut searched, CAP, &mut replies);
            let consumed = cut.consumed;
            let is_incomplete = cut.item == Frame::Incomplete;
            match cut.item {
                Frame::Line(line) => {
                    assert!(line.len() <= CAP && !line.contains(&b'\n'));
                    found.push(Some(line.into_owned()));
                }
                Frame::TooLong => found.push(None),
                Frame::Incomplete => {}
            }
            kept.drain(..consumed);
            if is_incomplete {
                break;
            }
        }
        assert!(kept.len() <= CAP + 1 && searched <= kept.len());
    }
    let words = b"* madang is here\r\n";
    let given_up =
        b"! your program began a telnet subnegotiation and did not end it; what it held is lost\r\n";
    let mut rest = &replies[..];
    let mut options_only = Vec::new();
    while !rest.is_empty() {
        let said = [&words[..], given_up];
        if let Some(behind) = said.iter().find_map(|said| rest.strip_prefix(*said)) {
            rest = behind;
        } else {
            assert_eq!(rest[0], IAC, "nothing but commands is answered here");
            options_only.extend_from_slice(&rest[..3]);
            rest = &rest[3..];
        }
    }
    // A peer cannot be made to send more than it received (an IAC and a verb each, three bytes for three).
    assert!(options_only.len() <= received);
    (found, options_only)
}
