//! What passes, what does not, and that no cut of a stream makes a difference.

use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(clean(text), expected, "{text:?}");
}

#[test]
fn text_of_every_script_passes_untouched() {
    for text in [
        "",
        "hello",
        "안녕하세요 “quoted” — ¡olé!",
        "שלום (test)",
        "مرحبا بالعالم، ٣٤",
        "می\u{200C}خواهم क्\u{200D}ष",
        "葛\u{E0100}飾",
        "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F} £ ﷼ ｆｕｌｌ",
    ] {
        check(text, text);
    }
    assert!(matches!(clean("hello 안녕"), Cow::Borrowed(_)));
}

#[test]
fn controls_go_and_white_space_becomes_a_space() {
    check("a\tb\rc\nd\x0Be\x0Cf", "a b c d e f");
    check("a\u{85}b\u{2028}c\u{2029}d", "a b c d");
    check("a\0b\x07c\x08d\x7Fe\u{80}f", "abcdef");
}

#[test]
fn escape_sequences_go_as_a_whole() {
    check("\x1B[31mred\x1B[0m", "red");
    check("\x1B[?25l\x1B[2 qx", "x");
    check("\u{9B}31mred", "red");
    check("\x1B]0;title\x07x", "x");
    check("\x1B]8;;http://a.b\x1B\\link\x1B]8;;\x1B\\", "link");
    check("\u{9D}0;title\u{9C}x", "x");
    check("\x1BPdevice\x1B\\x", "x");
    check("\x1Bcx\x1B(By\x1B7z", "xyz");
}

#[test]
fn an_unfinished_sequence_swallows_no_text() {
    check("\x1B", "");
    check("\x1B[", "");
    check("\x1B[31", "31");
    check("\x1B[12é", "12é");
    check("\x1B]0;title and words", "0;title and words");
    check("\x1B]0;title\x02 words\x07", "0;title words");
    check("\x1B\x1B[31mred", "red");
    check("\x1Bé", "é");
}

#[test]
fn irc_formatting_goes_with_its_colours() {
    check("\x02bold\x02 \x1Ditalic\x1F\x1E\x16\x11\x0F", "bold italic");
    check("\x034red\x03 \x0304,12both \x03plain", "red both plain");
    check("\x03123", "3");
    check("\x034,red", ",red");
    check("\x03,4", ",4");
    check("\x04FF0000,00ff00hex\x04 \x04ff", "hex ");
}

#[test]
fn nothing_hides_or_turns_text() {
    check(
        "a\u{202E}b\u{2066}c\u{2069}d\u{200B}e\u{2060}f\u{FEFF}g\u{E0041}h",
        "abcdefgh",
    );
    check(
        "a\u{200E}b\u{200F}c\u{61C}d\u{AD}e\u{1D173}f\u{1BCA0}g",
        "abcdefg",
    );
}

/// What comes out of a stream that was cut into these pieces.
fn stream<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let (mut cleaner, mut out) = (Cleaner::default(), Vec::new());
    for piece in pieces {
        cleaner.push(piece, &mut out);
        assert!(cleaner.held.len() <= SEQUENCE_BYTES_MAX + 8);
    }
    cleaner.finish(&mut out);
    assert!(cleaner.held.is_empty());
    String::from_utf8(out).expect("a terminal is sent UTF-8")
}

#[track_caller]
fn check_stream(bytes: &[u8], expected: &str) {
    for size in 1..=bytes.len() {
        let shown = stream(bytes.chunks(size));
        assert_eq!(shown, expected, "{bytes:?} in pieces of {size}");
    }
}

#[test]
fn a_stream_keeps_its_lines() {
    check_stream(b"* hi\r\n\tyou\rthere\r\n", "* hi\n\tyouthere\n");
    check_stream(
        "안녕 👨\u{200D}👩 مرحبا\n".as_bytes(),
        "안녕 👨\u{200D}👩 مرحبا\n",
    );
}

#[test]
fn a_control_that_is_cut_in_two_does_not_pass() {
    check_stream(b"a\xc2\x9b2Jb", "ab");
    check_stream(b"a\x1b[2Jb\x1b]0;title\x1b\\c", "abc");
    check_stream("x\u{202E}y\u{2067}z".as_bytes(), "xyz");
    check_stream(b"\x0312,3red \x03", "red ");
    check_stream(b"\x1b]0;no end\nand more", "0;no end\nand more");
}

#[test]
fn invalid_utf8_is_replaced_and_telnet_commands_are_removed() {
    check_stream(b"a\x9b2Jb", "a\u{FFFD}2Jb");
    check_stream(b"caf\xe9 \xe2\x80", "caf\u{FFFD} \u{FFFD}");
    check_stream(b"\xff\xfb\x01\xff\xfd\x03ok", "ok");
    // A surrogate, and more bytes than the character needs.
    check_stream(b"\xed\xa0\x80\xc0\x9b", &"\u{FFFD}".repeat(5));
}

#[test]
fn text_is_not_held_back() {
    let (mut cleaner, mut out) = (Cleaner::default(), Vec::new());
    cleaner.push("what is your name? 마".as_bytes(), &mut out);
    assert_eq!(out, "what is your name? 마".as_bytes());
}

#[test]
fn a_sequence_without_an_end_is_held_back_for_a_bounded_length() {
    for introducer in ["\x1B]", "\x1B[", "\x1B", "\x1B[;"] {
        let filler = if introducer == "\x1B" { " " } else { "0" };
        let endless = format!("{introducer}{}m", filler.repeat(3 * SEQUENCE_BYTES_MAX));
        let whole = stream([endless.as_bytes()]);
        assert!(whole.len() >= 3 * SEQUENCE_BYTES_MAX, "{introducer:?}");
        for size in [1, 7, SEQUENCE_BYTES_MAX, SEQUENCE_BYTES_MAX + 3] {
            assert!(stream(endless.as_bytes().chunks(size)) == whole);
        }
    }
}

/// Text with far more mischief in it than chance would give.
fn wild() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<char>().prop_map(String::from),
        "[\\x00-\\x20\\x7f-\\x9f]",
        "[\\[\\]0-9;,mPX^_\\\\(]",
        "[\\u{200b}-\\u{206f}\\u{feff}\\u{61c}\\u{ad}\\u{e0000}-\\u{e0080}]",
    ];
    proptest::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// Bytes of which many begin something.
fn wild_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        4 => wild().prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
        2 => proptest::sample::select(vec![
            &b"\xc2"[..], b"\x9b", b"\x9c", b"\x1b", b"\x1b[", b"\x1b]", b"\xe2\x80",
            b"\xf0\x9f", b"\xff", b"\x03", b"1", b",", b"\x07", b"\\", b"\n", b"m",
        ]).prop_map(<[u8]>::to_vec),
    ];
    proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || is_mischief(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

proptest! {
    #[test]
    fn nothing_dangerous_ever_comes_out(text in wild()) {
        let once = clean(&text);
        prop_assert!(!once.chars().any(is_forbidden));
        prop_assert!(once.len() <= text.len());
        prop_assert_eq!(clean(&once), &*once);
    }

    #[test]
    fn any_cut_of_any_bytes_gives_the_same_safe_output(
        bytes in wild_bytes(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20),
    ) {
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let whole = stream([&bytes[..]]);
        prop_assert_eq!(stream(pieces), &*whole);
        prop_assert_eq!(stream(bytes.chunks(1)), &*whole);
        prop_assert!(!whole.chars().any(|c| is_forbidden(c) && c != '\n' && c != '\t'));
        prop_assert_eq!(stream([whole.as_bytes()]), &*whole);
    }

    #[test]
    fn clean_text_passes_unchanged(text in "\\PC{0,40}", size in 1_usize..8) {
        let text: String = text.chars().filter(|c| !is_forbidden(*c)).collect();
        prop_assert_eq!(clean(&text), &*text);
        prop_assert_eq!(stream(text.as_bytes().chunks(size)), text);
    }
}
