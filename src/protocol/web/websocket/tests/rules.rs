//! RFC 6455 rule by rule, in the groups in which conformance suites go through them.

use super::*;

#[test]
fn messages_of_any_length_in_one_frame() {
    for length in [0, 1, 65, 125, 126, 127, 128, 999, 1000] {
        let words = "*".repeat(length);
        check(&frame(0x81, &words), &[text(&words)], &[]);
        let bytes = vec![0xfe; length];
        check(&frame(0x82, &bytes), &[Told::Binary(bytes)], &[]);
    }
    // Two in one read, and the first bytes of a third.
    let three = [frame(0x81, "a"), frame(0x82, "b"), vec![0x81]].concat();
    check(&three, &[text("a"), Told::Binary(b"b".to_vec())], &[]);
}

#[test]
fn a_length_may_be_spelled_longer_than_need_be() {
    check(
        b"\x81\xfe\0\x02\0\0\0\0hi\x81\xff\0\0\0\0\0\0\0\x02\0\0\0\0ho",
        &[text("hi"), text("ho")],
        &[],
    );
}

#[test]
fn a_ping_is_answered_with_its_own_payload() {
    for payload in [
        &b""[..],
        b"hello",
        b"\0\xff\xfe\xfd\xfc\xfb\0\xff",
        &[0xfe; 125],
    ] {
        let input = frame(0x89, payload);
        check(&input, &[Told::Ping], &[Told::Pong]);
        let mut server = End::server();
        server.feed(&input);
        let mut pong = Vec::new();
        push_frame(Opcode::Pong, payload, &mut pong);
        assert_eq!(server.replies, pong);
    }
    // Ten at once get ten answers; an unasked Pong gets none.
    let ten: Vec<u8> = (0..10).flat_map(|i| frame(0x89, [i])).collect();
    check(&ten, &vec![Told::Ping; 10], &vec![Told::Pong; 10]);
    let input = [frame(0x8a, "unasked"), frame(0x89, "")].concat();
    check(&input, &[Told::Pong, Told::Ping], &[Told::Pong]);
}

#[test]
fn a_control_frame_is_short_and_whole() {
    refused(&[&frame(0x89, [0xfe; 126])], Fault::ControlLength);
    refused(&[&frame(0x8a, [0xfe; 126])], Fault::ControlLength);
    refused(&[&frame(0x88, [0xfe; 126])], Fault::ControlLength);
    refused(&[&frame(0x09, "half")], Fault::ControlFragmented);
    refused(&[&frame(0x0a, "half")], Fault::ControlFragmented);
    refused(&[&frame(0x08, "")], Fault::ControlFragmented);
}

#[test]
fn reserved_bits_and_opcodes_are_faults() {
    for bits in 1..8 {
        for first in [0x81, 0x82, 0x88, 0x89, 0x8a] {
            refused(&[&frame(first | bits << 4, "x")], Fault::ReservedBits);
        }
    }
    for opcode in (3..8).chain(11..16) {
        refused(&[&frame(0x80 | opcode, "")], Fault::Opcode);
        refused(&[&frame(0x80 | opcode, "x")], Fault::Opcode);
    }
}

#[test]
fn messages_before_a_fault_still_arrive() {
    let input = [frame(0x81, "fine"), frame(0xc1, "not fine")].concat();
    let said = Fault::ReservedBits.to_string();
    check(
        &input,
        &[text("fine"), Told::Failed(Fault::ReservedBits)],
        &[closed(1002, &said)],
    );
}

#[test]
fn a_client_must_mask() {
    refused(&[b"\x81\x05hello"], Fault::Mask);
    refused(&[b"\x89\x00"], Fault::Mask);
    refused(&[&frame(0x01, "masked"), b"\x80\x05hello"], Fault::Mask);
}

#[test]
fn a_length_has_63_bits() {
    refused(
        &[b"\x82\xff\x80\0\0\0\0\0\0\0\x01\x02\x03\x04"],
        Fault::Length,
    );
}

#[test]
fn fragments_make_a_message() {
    let hello = [frame(0x01, "frag"), frame(0x80, "ment")].concat();
    check(&hello, &[text("fragment")], &[]);
    let bytes = [frame(0x02, [0]), frame(0x00, [1]), frame(0x80, [2])].concat();
    check(&bytes, &[Told::Binary(vec![0, 1, 2])], &[]);
    let empty = [frame(0x01, ""), frame(0x00, ""), frame(0x80, "")].concat();
    check(&empty, &[text("")], &[]);
    let middle = [frame(0x01, ""), frame(0x00, "middle"), frame(0x80, "")].concat();
    check(&middle, &[text("middle")], &[]);
}

#[test]
fn control_frames_come_between_fragments() {
    let input = [
        frame(0x01, "frag"),
        frame(0x89, "ping"),
        frame(0x8a, "pong"),
        frame(0x80, "ment"),
        frame(0x81, "next"),
    ]
    .concat();
    let told = [Told::Ping, Told::Pong, text("fragment"), text("next")];
    check(&input, &told, &[Told::Pong]);
    let ended = [frame(0x01, "frag"), frame(0x88, "\x03\u{68}")].concat();
    check(
        &ended,
        &[Told::Failed(Fault::CloseCode)],
        &[closed(1002, "this close code may not be sent")],
    );
    let ended = [
        &frame(0x01, "frag")[..],
        &frame(0x88, b"\x03\xe8"),
        &frame(0x80, "x"),
    ]
    .concat();
    check(&ended, &[closed(1000, "")], &[closed(1000, "")]);
}

#[test]
fn fragments_out_of_order_are_faults() {
    refused(&[&frame(0x80, "whole")], Fault::NothingToContinue);
    refused(&[&frame(0x00, "half")], Fault::NothingToContinue);
    refused(&[&frame(0x00, "")], Fault::NothingToContinue);
    refused(
        &[&frame(0x01, "half"), &frame(0x81, "new")],
        Fault::Interleaved,
    );
    refused(
        &[&frame(0x01, "half"), &frame(0x01, "new")],
        Fault::Interleaved,
    );
    refused(
        &[&frame(0x02, "half"), &frame(0x82, "new")],
        Fault::Interleaved,
    );
    let input = [frame(0x01, "a"), frame(0x80, "b"), frame(0x80, "c")].concat();
    let said = Fault::NothingToContinue.to_string();
    check(
        &input,
        &[text("ab"), Told::Failed(Fault::NothingToContinue)],
        &[closed(1002, &said)],
    );
}

#[test]
fn a_text_is_utf8_in_one_frame_and_in_many() {
    for good in [
        "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}",
        "\0\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "\u{d7ff}\u{e000}\u{fffd}\u{fffe}\u{fdd0}\u{1fffe}",
    ] {
        check(&frame(0x81, good), &[text(good)], &[]);
        let mut fragments = frame(0x01, "");
        for byte in good.bytes() {
            fragments.extend(frame(0x00, [byte]));
        }
        fragments.extend(frame(0x80, ""));
        check(&fragments, &[text(good)], &[]);
    }
}

#[test]
fn what_is_not_utf8_is_refused_at_its_first_wrong_byte() {
    for (good, bad) in [
        // A lonely continuation; bytes that never occur.
        (&b"ok"[..], &b"\x80"[..]),
        (b"", b"\xbf"),
        (b"", b"\xc0"),
        (b"", b"\xc1"),
        (b"ok", b"\xf5"),
        (b"", b"\xff"),
        // A character that is cut off by another.
        (b"\xc3", b" "),
        (b"\xe2\x82", b"\xe2"),
        (b"\xf0\x9f\x99", b"x"),
        // Spelled too long.
        (b"\xe0", b"\x9f"),
        (b"\xf0", b"\x8f"),
        // Surrogates, and beyond the last code point.
        (b"\xce\xba\xed", b"\xa0"),
        (b"\xed", b"\xbf"),
        (b"\xce\xba\xf4", b"\x90"),
    ] {
        let all = [good, bad, b"never looked at"].concat();
        refused(&[&frame(0x81, &all)], Fault::NotUtf8);
        refused(&[&frame(0x01, good), &frame(0x80, bad)], Fault::NotUtf8);
        // In the middle of a frame that goes on: not a byte later, and not a byte earlier.
        let mut server = End::server();
        let whole = frame(0x81, &all);
        let first_bad = 6 + good.len();
        server.feed(&whole[..first_bad]);
        assert_eq!(server.told, [], "{good:?} {bad:?}");
        server.feed(&whole[first_bad..=first_bad]);
        let expected = [Told::Failed(Fault::NotUtf8)];
        assert_eq!(server.told, expected, "{good:?} {bad:?}");
    }
}

#[test]
fn a_text_may_not_end_inside_a_character() {
    for cut in [&b"\xc3"[..], b"\xe2\x82", b"ok\xf0\x9f\x99"] {
        refused(&[&frame(0x81, cut)], Fault::NotUtf8);
        refused(&[&frame(0x01, cut), &frame(0x80, "")], Fault::NotUtf8);
        // Bytes may be anything.
        check(&frame(0x82, cut), &[Told::Binary(cut.to_vec())], &[]);
    }
}

#[test]
fn a_close_is_answered_with_its_code() {
    check(
        &frame(0x88, ""),
        &[Told::Closed(None, String::new())],
        &[Told::Closed(None, String::new())],
    );
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999u16,
    ] {
        let input = frame(0x88, code.to_be_bytes());
        check(&input, &[closed(code, "")], &[closed(code, "")]);
    }
    let reason = "*".repeat(123);
    let input = frame(0x88, [b"\x03\xe8", reason.as_bytes()].concat());
    check(&input, &[closed(1000, &reason)], &[closed(1000, "")]);
}

#[test]
fn nothing_is_read_after_a_close() {
    let close = frame(0x88, b"\x03\xe8");
    for after in [
        frame(0x81, "late"),
        frame(0x89, "late"),
        close.clone(),
        b"junk".to_vec(),
    ] {
        let input = [&close[..], &after].concat();
        check(&input, &[closed(1000, "")], &[closed(1000, "")]);
    }
}

#[test]
fn a_close_that_is_not_in_order_is_refused() {
    refused(&[&frame(0x88, [3])], Fault::CloseLength);
    refused(
        &[&frame(0x88, b"\x03\xe8\xce\xba\xed\xa0\x80")],
        Fault::NotUtf8,
    );
    for code in [
        0u16, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        refused(&[&frame(0x88, code.to_be_bytes())], Fault::CloseCode);
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_by_its_header() {
    let over = "*".repeat(LIMIT as usize + 1);
    refused(&[&frame(0x81, &over)], Fault::TooLong);
    let half = "*".repeat(LIMIT as usize / 2);
    refused(
        &[&frame(0x01, &half), &frame(0x00, &half), &frame(0x80, "*")],
        Fault::TooLong,
    );
    // Eight bytes of length and the key: nothing of the payload.
    let mut server = End::server();
    server.feed(&b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"[..]);
    assert_eq!(server.told, [Told::Failed(Fault::TooLong)]);
    // The limit is the message's, not the frame's: a second one has it anew.
    let twice = [frame(0x81, &over[1..]), frame(0x81, &over[1..])].concat();
    check(&twice, &[text(&over[1..]), text(&over[1..])], &[]);
}
