//! Makes what others wrote safe for a terminal: words pass, orders to the terminal do not.
//!
//! Gone are control characters (C0, DEL, C1), whole escape sequences (ECMA-48), IRC's formatting
//! codes with their colours, and what hides or reorders text: bidirectional overrides and isolates,
//! zero-width and tag characters. White space that moves the cursor becomes one space. Marks that
//! scripts and emoji need (joiners, LRM and RLM) stay.
//!
//! Invariants: no output is longer than its input; cleaning twice changes nothing more; each byte
//! is looked at twice at most; a sequence that was begun and not finished takes nothing with it but
//! its introducer.
//!
//! Owns nothing. Does not know who wrote, nor where it will be shown.

use std::borrow::Cow;

/// Appends `text`, cleaned.
pub(super) fn push(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_suspect) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        let (keep, length) = judge(rest);
        match keep {
            Keep::Nothing => {}
            Keep::Space => out.push(b' '),
            Keep::All => out.extend_from_slice(&rest.as_bytes()[..length]),
        }
        rest = &rest[length..];
    }
    out.extend_from_slice(rest.as_bytes());
}

/// `text`, cleaned; borrowed if it was clean.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(is_suspect) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    push(&mut out, text);
    Cow::Owned(String::from_utf8(out).expect("whole characters of a str were copied or left out"))
}

/// Whether a byte may begin something that does not pass: controls, and the first byte of each
/// UTF-8 sequence among which such characters are. Never a continuation byte, so a suspect is
/// always the first byte of a character.
fn is_suspect(byte: u8) -> bool {
    // C2: C1 controls. E1: U+180E. E2: U+200B to U+206F. EF: U+FEFF, U+FFF9 to U+FFFB. F3: tags.
    byte < 0x20 || matches!(byte, 0x7F | 0xC2 | 0xE1 | 0xE2 | 0xEF | 0xF3)
}

/// What is kept of the piece judged.
enum Keep {
    All,
    Nothing,
    Space,
}

/// Judges the first character of `text`, with the sequence it introduces, and says how many bytes
/// that is.
fn judge(text: &str) -> (Keep, usize) {
    let Some(first) = text.chars().next() else {
        return (Keep::All, 0);
    };
    let after = &text[first.len_utf8()..];
    let (keep, more) = match first {
        // TAB, LF, VT, FF, CR, NEL, and Unicode's line and paragraph separators.
        '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => (Keep::Space, 0),
        '\x03' => (Keep::Nothing, colour(after, 2, |b| b.is_ascii_digit())),
        '\x04' => (Keep::Nothing, colour(after, 6, |b| b.is_ascii_hexdigit())),
        '\x1B' => (Keep::Nothing, escape(after)),
        '\u{9B}' => (Keep::Nothing, control_sequence(after)),
        '\u{90}' | '\u{98}' | '\u{9D}'..='\u{9F}' => (Keep::Nothing, control_string(after)),
        _ if first.is_control() || is_mischief(first) => (Keep::Nothing, 0),
        _ => (Keep::All, 0),
    };
    (keep, first.len_utf8() + more)
}

/// Characters that show nothing and make text look like another, or that turn its direction.
fn is_mischief(c: char) -> bool {
    matches!(c,
        '\u{180E}'                  // Mongolian vowel separator, invisible
        | '\u{200B}'                // zero width space; not 200C and 200D, which join scripts and emoji
        | '\u{202A}'..='\u{202E}'   // bidirectional embeddings and overrides
        | '\u{2060}'..='\u{206F}'   // word joiner, invisible operators, isolates, deprecated controls
        | '\u{FEFF}'                // byte order mark
        | '\u{FFF9}'..='\u{FFFB}'   // interlinear annotation
        | '\u{E0000}'..='\u{E007F}' // tags: invisible ASCII
    )
}

/// Length of what follows ESC: a sequence of two bytes or more, or one of the longer kinds
/// (ECMA-48, section 5.3).
fn escape(after: &str) -> usize {
    match after.as_bytes().first() {
        Some(b'[') => match control_sequence(&after[1..]) {
            0 => 1,
            length => 1 + length,
        },
        Some(b']' | b'P' | b'X' | b'^' | b'_') => 1 + control_string(&after[1..]),
        _ => {
            let intermediates = count(after, |b| (0x20..=0x2F).contains(&b));
            let last = after.as_bytes().get(intermediates);
            let is_whole = last.is_some_and(|b| (0x30..=0x7E).contains(b));
            if is_whole { intermediates + 1 } else { 0 }
        }
    }
}

/// Length of what follows CSI (ECMA-48, section 5.4): parameters, intermediates, a final byte. Zero
/// if it has no end.
fn control_sequence(after: &str) -> usize {
    let parameters = count(after, |b| (0x30..=0x3F).contains(&b));
    let intermediates = count(&after[parameters..], |b| (0x20..=0x2F).contains(&b));
    let length = parameters + intermediates;
    let last = after.as_bytes().get(length);
    let is_whole = last.is_some_and(|b| (0x40..=0x7E).contains(b));
    if is_whole { length + 1 } else { 0 }
}

/// Length of what follows OSC, DCS, SOS, PM or APC (ECMA-48, section 5.6): all up to ST, or BEL as
/// xterm allows. Zero if another control comes first, or none: then the words after it are words.
fn control_string(after: &str) -> usize {
    let Some(end) = after.find(char::is_control) else {
        return 0;
    };
    let terminator = ["\x07", "\x1B\\", "\u{9C}"]
        .into_iter()
        .find(|terminator| after[end..].starts_with(terminator));
    terminator.map_or(0, |terminator| end + terminator.len())
}

/// Length of the colours that follow IRC's colour code: digits, and a comma with more digits
/// (modern.ircdocs.horse/formatting).
fn colour(after: &str, digits_max: usize, is_digit: fn(u8) -> bool) -> usize {
    let digits = |text: &str| count(text, is_digit).min(digits_max);
    let foreground = digits(after);
    if foreground == 0 || after.as_bytes().get(foreground) != Some(&b',') {
        return foreground;
    }
    match digits(&after[foreground + 1..]) {
        0 => foreground,
        background => foreground + 1 + background,
    }
}

/// How many bytes at the beginning are of a kind (a kind of ASCII, so the count ends between
/// characters).
fn count(text: &str, is_kind: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|&b| is_kind(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "{text:?}");
    }

    #[test]
    fn words_of_every_script_pass_untouched() {
        for text in [
            "",
            "hello",
            "안녕하세요 “quoted” — ¡olé!",
            "שלום \u{200F}(test)\u{200E}",
            "می\u{200C}خواهم",
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
    fn an_unfinished_sequence_swallows_no_words() {
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
    }

    /// Text with far more mischief in it than chance would give.
    fn wild() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            any::<char>().prop_map(String::from),
            "[\\x00-\\x20\\x7f-\\x9f]",
            "[\\[\\]0-9;,mPX^_\\\\(]",
            "[\\u{200b}-\\u{206f}\\u{feff}\\u{e0000}-\\u{e0080}]",
        ];
        proptest::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_dangerous_ever_comes_out(text in wild()) {
            let once = clean(&text);
            let is_separator = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
            let is_bad = |c: char| c.is_control() || is_mischief(c) || is_separator(c);
            prop_assert!(!once.chars().any(is_bad));
            prop_assert!(once.len() <= text.len());
            prop_assert_eq!(clean(&once), &*once);
        }
    }
}
