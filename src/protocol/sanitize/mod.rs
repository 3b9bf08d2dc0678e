//! Makes the text of other users safe for a terminal: text passes, commands to the terminal do not.
//!
//! Removed are control characters (C0, DEL, C1), whole escape sequences (ECMA-48), IRC's formatting
//! codes with their colours, and what hides or reorders text: bidirectional marks, embeddings,
//! overrides and isolates, zero-width and tag characters. So no user's text can change
//! the order of the line around it. White space that moves the cursor becomes one space. The
//! joiners (ZWJ, ZWNJ) and variation selectors that scripts and emoji need stay. (The flags of
//! England, Scotland and Wales are spelled with tag characters, and lose them.)
//!
//! There are two forms: parts of a line that we make ([`push`], [`clean`]), and a stream of bytes
//! that came from somewhere ([`Cleaner`]), which may be cut anywhere and need not be UTF-8.
//!
//! Invariants: any cut of a stream gives the same output; the output is UTF-8 and holds nothing of
//! the above; text without any of it passes unchanged; cleaning twice changes nothing more. A
//! sequence that was begun and not finished takes nothing with it but its introducer. Each byte of
//! a line is looked at twice at most, and a stream keeps at most `SEQUENCE_BYTES_MAX` and some
//! bytes back.
//!
//! Does not know who wrote, nor where it will be shown.

use std::{borrow::Cow, mem};

/// The longest escape sequence that is removed as a whole, in bytes after its introducer. Titles
/// and links that programs send are shorter. What is longer loses its introducer and is shown as
/// the words it then is; without a limit a stream would have to keep all of it.
const SEQUENCE_BYTES_MAX: usize = 1024;

/// Appends a part of a line, cleaned.
pub fn push(out: &mut Vec<u8>, text: &str) {
    let taken = sweep(text.as_bytes(), Form::Line, Rest::None, out);
    debug_assert_eq!(taken, text.len(), "nothing is kept back at the end");
}

/// A part of a line, cleaned; borrowed if it was clean.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| Form::Line.is_suspect(byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    push(&mut out, text);
    Cow::Owned(String::from_utf8(out).expect("whole characters of a str were copied or left out"))
}

/// Cleans a stream of lines, of which LF and TAB pass and CR does not. Bytes that are not UTF-8
/// come out as U+FFFD, but those that UTF-8 never uses are removed: they are telnet's commands.
#[derive(Debug, Default)]
pub struct Cleaner {
    /// The beginning of a character or of a sequence whose end has not come yet.
    held: Vec<u8>,
}

impl Cleaner {
    /// Appends what can be shown of `bytes` by now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() {
            let taken = sweep(bytes, Form::Stream, Rest::MayFollow, out);
            self.held.extend_from_slice(&bytes[taken..]);
        } else {
            self.held.extend_from_slice(bytes);
            let taken = sweep(&self.held, Form::Stream, Rest::MayFollow, out);
            self.held.drain(..taken);
        }
    }

    /// The stream has ended: appends what is left of it.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let held = mem::take(&mut self.held);
        sweep(&held, Form::Stream, Rest::None, out);
    }
}

/// The text that is cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A part of a line. It is UTF-8, and whole.
    Line,
    /// Lines, of any bytes.
    Stream,
}

/// Whether the input goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    MayFollow,
    None,
}

impl Rest {
    /// What is known of a piece that ends with the input: nothing yet, or this.
    fn or_wait<T>(self, known: T) -> Option<T> {
        (self == Self::None).then_some(known)
    }
}

impl Form {
    /// Whether a byte may begin something that does not pass: controls, and the first byte of each
    /// UTF-8 sequence among which such characters are. In a line never a continuation byte, so a
    /// suspect is always the first byte of a character. In a stream everything but ASCII is looked
    /// at, for it may not be UTF-8.
    fn is_suspect(self, byte: u8) -> bool {
        match self {
            // C2: C1 controls, U+00AD. D8: U+061C. E1: U+180E. E2: U+200B to U+206F. EF: U+FEFF,
            // U+FFF9 to U+FFFB. F0: U+1BCA0, U+1D173 and those behind them. F3: tags.
            Self::Line => {
                byte < 0x20 || matches!(byte, 0x7F | 0xC2 | 0xD8 | 0xE1 | 0xE2 | 0xEF | 0xF0 | 0xF3)
            }
            Self::Stream => !matches!(byte, b' '..=b'~'),
        }
    }
}

/// What is kept of the piece judged.
enum Keep {
    All,
    Nothing,
    /// In place of bytes that are no text.
    Replacement,
    Space,
}

/// Appends the input, cleaned, and returns how much of it was taken: all, unless it ends in the middle
/// of a piece and the rest may follow.
fn sweep(input: &[u8], form: Form, rest: Rest, out: &mut Vec<u8>) -> usize {
    let mut taken = 0;
    while let Some(at) = input[taken..]
        .iter()
        .position(|&byte| form.is_suspect(byte))
    {
        out.extend_from_slice(&input[taken..taken + at]);
        taken += at;
        let Some((keep, length)) = judge(&input[taken..], form, rest) else {
            return taken;
        };
        match keep {
            Keep::All => out.extend_from_slice(&input[taken..taken + length]),
            Keep::Nothing => {}
            Keep::Replacement => out.extend_from_slice("\u{FFFD}".as_bytes()),
            Keep::Space => out.push(b' '),
        }
        taken += length;
    }
    out.extend_from_slice(&input[taken..]);
    input.len()
}

/// Judges the first character of `text`, with the sequence it introduces, and says how many bytes
/// that is; `None` if that depends on bytes that are still to come.
fn judge(text: &[u8], form: Form, rest: Rest) -> Option<(Keep, usize)> {
    let first = match first_char(text) {
        First::Char(first) => first,
        First::Incomplete => return rest.or_wait((Keep::Replacement, text.len())),
        // 0xF5 and above begin no character; telnet's commands are among them (RFC 854).
        First::Invalid(_) if text[0] >= 0xF5 => return Some((Keep::Nothing, 1)),
        First::Invalid(length) => return Some((Keep::Replacement, length)),
    };
    let after = &text[first.len_utf8()..];
    let (keep, more) = match first {
        '\t' | '\n' if form == Form::Stream => (Keep::All, 0),
        '\r' if form == Form::Stream => (Keep::Nothing, 0),
        // TAB, LF, VT, FF, CR, NEL, and Unicode's line and paragraph separators.
        '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => (Keep::Space, 0),
        '\x03' => (Keep::Nothing, colour(after, 2, u8::is_ascii_digit, rest)?),
        '\x04' => (
            Keep::Nothing,
            colour(after, 6, u8::is_ascii_hexdigit, rest)?,
        ),
        '\x1B' => (Keep::Nothing, escape(after, rest)?),
        '\u{9B}' => (Keep::Nothing, control_sequence(after, rest)?),
        '\u{90}' | '\u{98}' | '\u{9D}'..='\u{9F}' => (Keep::Nothing, control_string(after, rest)?),
        _ if first.is_control() || is_mischief(first) => (Keep::Nothing, 0),
        _ => (Keep::All, 0),
    };
    Some((keep, first.len_utf8() + more))
}

/// What bytes begin with.
enum First {
    Char(char),
    /// The beginning of a character.
    Incomplete,
    /// So many bytes that can be no part of any.
    Invalid(usize),
}

/// The first character; there is at least one byte.
fn first_char(bytes: &[u8]) -> First {
    // The longest character has four bytes.
    let window = &bytes[..bytes.len().min(4)];
    let (valid, invalid) = match std::str::from_utf8(window) {
        Ok(text) => (text, None),
        Err(error) => {
            let text = std::str::from_utf8(&window[..error.valid_up_to()]);
            (text.unwrap_or_default(), error.error_len())
        }
    };
    match (valid.chars().next(), invalid) {
        (Some(first), _) => First::Char(first),
        (None, None) => First::Incomplete,
        (None, Some(length)) => First::Invalid(length),
    }
}

/// Characters that show nothing and make text look like another, or that turn its direction:
/// Unicode's format characters (Cf) that draw nothing, but for the joiners. The marks of direction
/// (LRM, RLM, ALM) are among them, for they move the punctuation of the line around them.
fn is_mischief(c: char) -> bool {
    matches!(c,
        '\u{AD}'                    // soft hyphen
        | '\u{61C}'                 // Arabic letter mark
        | '\u{180E}'                // Mongolian vowel separator
        | '\u{200B}'                // zero width space; not 200C and 200D, which join scripts and emoji
        | '\u{200E}' | '\u{200F}'   // left-to-right and right-to-left mark
        | '\u{202A}'..='\u{202E}'   // bidirectional embeddings and overrides
        | '\u{2060}'..='\u{206F}'   // word joiner, invisible operators, isolates, deprecated controls
        | '\u{FEFF}'                // byte order mark
        | '\u{FFF9}'..='\u{FFFB}'   // interlinear annotation
        | '\u{1BCA0}'..='\u{1BCA3}' // shorthand format controls
        | '\u{1D173}'..='\u{1D17A}' // musical beams and slurs
        | '\u{E0000}'..='\u{E00FF}' // tags: invisible ASCII; variation selectors follow
    )
}

/// Length of what follows ESC: a sequence of two bytes or more, or one of the longer kinds
/// (ECMA-48, section 5.3).
fn escape(after: &[u8], rest: Rest) -> Option<usize> {
    match after.first() {
        Some(b'[') => Some(1 + control_sequence(&after[1..], rest)?),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => Some(1 + control_string(&after[1..], rest)?),
        _ => {
            let intermediates = count(after, |b| (0x20..=0x2F).contains(b));
            end_of_sequence(after, intermediates, 0x30..=0x7E, rest)
        }
    }
}

/// Length of what follows CSI (ECMA-48, section 5.4): parameters, intermediates, a final byte. Zero
/// if it has no end.
fn control_sequence(after: &[u8], rest: Rest) -> Option<usize> {
    let parameters = count(after, |b| (0x30..=0x3F).contains(b));
    let intermediates = count(&after[parameters..], |b| (0x20..=0x2F).contains(b));
    end_of_sequence(after, parameters + intermediates, 0x40..=0x7E, rest)
}

/// Length of a sequence whose final byte is at `at`; zero if there is none.
fn end_of_sequence(
    after: &[u8],
    at: usize,
    finals: std::ops::RangeInclusive<u8>,
    rest: Rest,
) -> Option<usize> {
    match after.get(at) {
        _ if at >= SEQUENCE_BYTES_MAX => Some(0),
        Some(last) if finals.contains(last) => Some(at + 1),
        Some(_) => Some(0),
        None => rest.or_wait(0),
    }
}

/// Length of what follows OSC, DCS, SOS, PM or APC (ECMA-48, section 5.6): all up to ST, or BEL as
/// xterm allows. Zero if another control comes first, or none: then the words after it are words.
fn control_string(after: &[u8], rest: Rest) -> Option<usize> {
    let window = &after[..after.len().min(SEQUENCE_BYTES_MAX)];
    // A control, or what may turn out to be one: C1 controls are 0xC2 and one byte more.
    let is_control = |at: usize| match window[at] {
        0xC2 => after
            .get(at + 1)
            .is_none_or(|next| (0x80..0xA0).contains(next)),
        byte => byte.is_ascii_control(),
    };
    let Some(end) = (0..window.len()).find(|&at| is_control(at)) else {
        return match window.len() {
            SEQUENCE_BYTES_MAX => Some(0),
            _ => rest.or_wait(0),
        };
    };
    match (after[end], after.get(end + 1)) {
        (0x07, _) => Some(end + 1),
        (0x1B, Some(b'\\')) | (0xC2, Some(0x9C)) => Some(end + 2),
        (0x1B | 0xC2, None) => rest.or_wait(0),
        _ => Some(0),
    }
}

/// Length of the colours that follow IRC's colour code: digits, and a comma with more digits
/// (modern.ircdocs.horse/formatting).
fn colour(after: &[u8], digits_max: usize, is_digit: fn(&u8) -> bool, rest: Rest) -> Option<usize> {
    let digits = |text: &[u8]| count(&text[..text.len().min(digits_max)], is_digit);
    let foreground = digits(after);
    let behind = &after[foreground..];
    let (length, is_open) = match behind.split_first() {
        None => (foreground, true),
        Some((b',', behind)) if foreground > 0 => match digits(behind) {
            0 => (foreground, behind.is_empty()),
            background => {
                let is_open = background == behind.len() && background < digits_max;
                (foreground + 1 + background, is_open)
            }
        },
        Some(_) => (foreground, false),
    };
    if is_open {
        rest.or_wait(length)
    } else {
        Some(length)
    }
}

/// How many bytes at the beginning are of a kind.
fn count(bytes: &[u8], is_kind: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_kind(byte)).count()
}

#[cfg(test)]
mod tests;
