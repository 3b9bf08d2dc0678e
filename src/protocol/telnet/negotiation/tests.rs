//! Telnet commands in all the places where they can be, and what known programs send.

use super::*;
use proptest::prelude::*;

const CAP: usize = 12;

/// The results of one connection: its lines (`None`: too long), and the answers to its commands.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    lines: Vec<Option<Vec<u8>>>,
    replies: Vec<u8>,
}

/// The state of one connection.
#[derive(Default)]
struct Wire {
    lines: Lines,
    negotiation: Option<Box<Negotiation>>,
}

impl Wire {
    fn next<'a>(
        &mut self,
        input: &'a [u8],
        searched: &mut usize,
        replies: &mut Vec<u8>,
    ) -> Decoded<Frame<'a>> {
        let Self { lines, negotiation } = self;
        next_frame(lines, negotiation, false, input, searched, CAP, replies)
    }
}

/// Feeds `pieces` one after the other, as a connection would.
fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Heard {
    let mut wire = Wire::default();
    let (mut kept, mut searched, mut heard) = (Vec::new(), 0, Heard::default());
    for piece in pieces {
        kept.extend_from_slice(piece);
        loop {
            let cut = wire.next(&kept, &mut searched, &mut heard.replies);
            let consumed = cut.consumed;
            let is_done = match cut.item {
                Frame::Line(line) => {
                    heard.lines.push(Some(line.into_owned()));
                    false
                }
                Frame::TooLong => {
                    heard.lines.push(None);
                    false
                }
                Frame::Incomplete => true,
            };
            kept.drain(..consumed);
            if let Some(negotiation) = &wire.negotiation {
                assert!(negotiation.data.len() <= CAP + LINE_END_BYTES_MAX);
            }
            if is_done {
                assert!(kept.len() <= CAP + 1, "kept too much: {kept:?}");
                break;
            }
        }
    }
    heard
}

/// However the input is cut, these lines come out of it and these replies go back.
#[track_caller]
fn check(input: &[u8], lines: &[&str], replies: &[u8]) {
    for size in 1..=input.len() {
        let heard = feed(input.chunks(size));
        let told: Vec<_> = heard
            .lines
            .iter()
            .map(|line| {
                line.as_ref()
                    .map_or("(too long)".into(), |l| String::from_utf8_lossy(l))
            })
            .collect();
        assert_eq!(told, lines, "in chunks of {size}");
        assert_eq!(
            heard.replies.escape_ascii().to_string(),
            replies.escape_ascii().to_string(),
            "in chunks of {size}"
        );
    }
}

#[test]
fn without_commands_lines_pass_and_nothing_is_boxed() {
    check(b"hi\r\nyou\r\0", &["hi", "you"], b"");
    let mut wire = Wire::default();
    wire.next(b"hi\r\n", &mut 0, &mut Vec::new());
    assert!(wire.negotiation.is_none());
}

#[test]
fn inetutils_telnet_on_port_23() {
    // Captured from inetutils 2.4: DO and WILL ENCRYPT, DO SGA, WILL TERMINAL-TYPE, NAWS,
    // TERMINAL-SPEED, REMOTE-FLOW-CONTROL, LINEMODE, NEW-ENVIRON, DO STATUS.
    let sent = b"\xff\xfd\x26\xff\xfb\x26\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\
        \xff\xfb\x20\xff\xfb\x21\xff\xfb\x22\xff\xfb\x27\xff\xfd\x05hi\r\0";
    let answered = b"\xff\xfc\x26\xff\xfe\x26\xff\xfc\x03\xff\xfe\x18\xff\xfe\x1f\
        \xff\xfe\x20\xff\xfe\x21\xff\xfe\x22\xff\xfe\x27\xff\xfc\x05";
    check(sent, &["hi"], answered);
}

#[test]
fn inetutils_telnet_sending_what_its_user_asked_for() {
    // `send ayt` in the middle of a line.
    check(b"he\xff\xf6llo\r\n", &["hello"], b"* madang is here\r\n");
    // `send synch`, its data mark in the stream, and taken out of it as urgent data.
    check(b"he\xff\xf2llo\r\n", &["hello"], b"");
    check(b"he\xffllo\r\n", &["hello"], b"");
    // `send ec`, `el`, `ip`, `brk`, `nop`, `ao`, `ga`.
    check(
        b"\xff\xf7\xff\xf8\xff\xf4\xff\xf3\xff\xf1\xff\xf5\xff\xf9x\r\n",
        &["x"],
        b"",
    );
    // `mode character`, then a line.
    check(
        b"\xff\xfd\x03\xff\xfd\x01x\r\0",
        &["x"],
        b"\xff\xfc\x03\xff\xfc\x01",
    );
    // `toggle binary`.
    check(b"\xff\xfd\0\xff\xfb\0x\n", &["x"], b"\xff\xfc\0\xff\xfe\0");
}

#[test]
fn putty_opens_with_offers() {
    // WILL NAWS, TERMINAL-SPEED, TERMINAL-TYPE, NEW-ENVIRON, DO ECHO, WILL SGA, DO SGA.
    check(
        b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03bo\r\n",
        &["bo"],
        b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03",
    );
}

#[test]
fn an_option_is_refused_once_in_each_direction() {
    check(
        b"\xff\xfd\x01\xff\xfd\x01\xff\xfb\x01\xff\xfb\x01\n",
        &[""],
        b"\xff\xfc\x01\xff\xfe\x01",
    );
    check(b"\xff\xfd\xff\xff\xfd\xff\n", &[""], b"\xff\xfc\xff");
    check(b"\xff\xfc\x01\xff\xfe\x01ok\n", &["ok"], b"");
}

#[test]
fn timing_marks_are_given_and_answers_to_ours_swallowed() {
    check(
        b"\xff\xfd\x06\xff\xfd\x06\n",
        &[""],
        b"\xff\xfb\x06\xff\xfb\x06",
    );
    check(b"a\xff\xfb\x06b\xff\xfc\x06c\n", &["abc"], b"");
}

#[test]
fn subnegotiations_are_skipped_whatever_is_in_them() {
    check(
        b"a\xff\xfa\x18\0x\n\r\nterm\xff\xff\xf0\xff\xf0b\n",
        &["ab"],
        b"",
    );
}

/// IAC SB and so many bytes more.
fn subnegotiation(bytes: usize) -> Vec<u8> {
    let mut begun = vec![IAC, SB];
    begun.resize(2 + bytes, b'x');
    begun
}

#[test]
fn an_endless_subnegotiation_is_given_up_with_a_message() {
    let max = usize::from(SUBNEGOTIATION_BYTES_MAX);
    let told = format!("! {UNENDED}\r\n");
    let behind = |bytes: usize, rest: &[u8]| [&subnegotiation(bytes), rest].concat();
    // The longest that is skipped, and its end.
    check(&behind(max, b"\xff\xf0ok\n"), &["ok"], b"");
    // One byte more, which is text, and so is all that follows.
    check(&behind(max, b"ok\nyes\n"), &["ok", "yes"], told.as_bytes());
    check(
        &behind(max - 1, b"\nok\nyes\n"),
        &["ok", "yes"],
        told.as_bytes(),
    );
    // A command in that place is one, and so is what an IAC at the limit begins.
    check(
        &behind(max, b"\xff\xfd\x01ok\n"),
        &["ok"],
        &[told.as_bytes(), b"\xff\xfc\x01"].concat(),
    );
    check(
        &behind(max - 1, b"\xff\xfd\x01ok\n"),
        &["ok"],
        &[told.as_bytes(), b"\xff\xfc\x01"].concat(),
    );
    // Each is reported once, and one that comes to its end is not.
    check(
        &[
            &behind(max, b"a\n")[..],
            &behind(max, b"b\n"),
            b"\xff\xfa\x18\xff\xf0c\n",
        ]
        .concat(),
        &["a", "b", "c"],
        told.repeat(2).as_bytes(),
    );
}

#[test]
fn a_doubled_iac_is_data() {
    let heard = feed(std::iter::once(&b"a\xff\xffb\n"[..]));
    assert_eq!(heard.lines, [Some(b"a\xffb".to_vec())]);
}

#[test]
fn a_commands_place_can_be_a_lines_end() {
    check(b"a\r\xff\xf1\nb\r\xff\xf1\0c\n", &["a", "b", "c"], b"");
    check(b"a\xff", &[], b"");
    check(b"a\xff\xfd", &[], b"");
}

#[test]
fn erasing_takes_back_a_character_or_the_line() {
    check(b"helo\xff\xf7lo\n", &["hello"], b"");
    check(
        "né\u{10348}"
            .as_bytes()
            .iter()
            .chain(b"\xff\xf7\xff\xf7!\n")
            .copied()
            .collect::<Vec<_>>()
            .as_slice(),
        &["n!"],
        b"",
    );
    check(b"kept\nlost\xff\xf8new\n", &["kept", "new"], b"");
    check(b"a\xff\xf7\xff\xf7\xff\xf7\n", &[""], b"");
}

#[test]
fn a_long_line_is_skipped_with_commands_in_it() {
    check(
        b"123456789012\xff\xf1\r\nok\n",
        &["123456789012", "ok"],
        b"",
    );
    check(b"1234567890123\xff\xf71\nok\n", &["(too long)", "ok"], b"");
    check(
        b"123456\xff\xf17890123456789\xff\xfa\n\xff\xf0 123 \xff\xfd\x01\r\nok\xff\xf1\n",
        &["(too long)", "ok"],
        b"\xff\xfc\x01",
    );
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_lines_and_answers(
        bytes in proptest::collection::vec(
            prop_oneof![
                3 => prop_oneof![Just(b'\r'), Just(b'\n'), Just(0), Just(b'x'), Just(TIMING_MARK)],
                2 => Just(IAC),
                // AYT is answered once a read, so it is left out.
                2 => (EOF..IAC).prop_filter("AYT", |&b| b != AYT),
            ],
            0..80,
        ),
        cuts in proptest::collection::vec(any::<bool>(), 80),
    ) {
        let mut pieces = vec![0];
        pieces.extend((1..bytes.len()).filter(|&i| cuts[i]));
        pieces.push(bytes.len());
        let pieces = pieces.windows(2).map(|w| &bytes[w[0]..w[1]]);
        prop_assert_eq!(feed(pieces), feed(std::iter::once(&bytes[..])));
    }

    #[test]
    fn text_after_any_subnegotiation_is_read_under_any_cut(
        inside in proptest::collection::vec(
            prop_oneof![4 => Just(b'x'), 1 => Just(b'\n'), 1 => Just(IAC), 1 => (EOF..IAC)
                .prop_filter("an answer once a read, or an end", |b| ![AYT, SE].contains(b))],
            0..2 * usize::from(SUBNEGOTIATION_BYTES_MAX),
        ),
        at in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = vec![IAC, SB];
        bytes.extend_from_slice(&inside);
        bytes.extend_from_slice(&vec![b'y'; 3 + usize::from(SUBNEGOTIATION_BYTES_MAX)]);
        bytes.extend_from_slice(b"\nlast\n");
        let (before, behind) = bytes.split_at(at.index(bytes.len()));
        let heard = feed([before, behind].into_iter());
        prop_assert_eq!(&heard, &feed(std::iter::once(&bytes[..])));
        prop_assert_eq!(heard.lines.last(), Some(&Some(b"last".to_vec())));
    }
}
