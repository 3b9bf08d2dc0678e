//! A message, put together: tags, source, command, parameters, and its end.
//!
//! Invariants: what a [`Line`] appends is one line with CR LF; no parameter can break it, for those that would (a CR,
//! LF or NUL, or a space where none may be) are cut off there, and a colon in front of a word is left out; without its
//! tags it has at most [`BODY_BYTES_MAX`] bytes and is cut between characters.
//!
//! Owns nothing but the place where the line began. Does not know what the line means.

use super::tags::push_escaped;
use memchr::memchr3;
use std::fmt::{self, Display, Write as _};

/// A message without its tags, CR LF included (RFC 1459 section 2.3).
pub const BODY_BYTES_MAX: usize = 512;

/// The end of a line.
const END: &[u8] = b"\r\n";

/// A line that is being appended to `out`; it ends when [`end`](Self::end) is called.
#[must_use = "a line must be ended"]
pub struct Line<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    /// Where the tags end, once they have.
    body: Option<usize>,
}

impl<'o> Line<'o> {
    /// Begins a line.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Self {
            out,
            start,
            body: None,
        }
    }

    /// A tag with a value, which is escaped. Tags come before anything else.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.begin_tag();
        self.out.extend_from_slice(key.as_bytes());
        if !value.is_empty() {
            self.out.push(b'=');
            push_escaped(value, self.out);
        }
        self
    }

    /// A tag whose value holds nothing that would have to be escaped.
    pub fn plain_tag(mut self, key: &str, value: impl Display) -> Self {
        self.begin_tag();
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
        self.write(value, Kind::Word);
        self
    }

    /// Tags as they came from another client: escaped already, joined by semicolons.
    pub fn raw_tags(mut self, tags: &str) -> Self {
        if !tags.is_empty() {
            self.begin_tag();
            self.out.extend_from_slice(tags.as_bytes());
        }
        self
    }

    fn begin_tag(&mut self) {
        let first = self.out.len() == self.start;
        self.out.push(if first { b'@' } else { b';' });
    }

    /// A part of a line that was encoded before.
    pub(super) fn ready(self, part: &str) -> Self {
        self.out.extend_from_slice(part.as_bytes());
        self
    }

    /// The server is who it is from. Its name is known to be one word.
    pub fn server(mut self, name: &str) -> Self {
        self.begin_body();
        self.out.push(b':');
        self.out.extend_from_slice(name.as_bytes());
        self
    }

    /// The source. Comes right after the tags.
    pub fn source(mut self, source: impl Display) -> Self {
        self.begin_body();
        self.out.push(b':');
        self.write(source, Kind::Word);
        self
    }

    /// The command. Comes after the source, if there is one.
    pub fn command(mut self, command: &str) -> Self {
        match self.body {
            Some(_) => self.out.push(b' '),
            None => self.begin_body(),
        }
        self.out.extend_from_slice(command.as_bytes());
        self
    }

    fn begin_body(&mut self) {
        if self.out.len() > self.start {
            self.out.push(b' ');
        }
        self.body = Some(self.out.len());
    }

    /// A parameter that is one word. An empty one becomes `*`, the usual word for nothing. Colons in front of it are left
    /// out, for they would make the rest of the line one parameter.
    pub fn param(mut self, param: impl Display) -> Self {
        self.out.push(b' ');
        let before = self.out.len();
        self.write(param, Kind::Word);
        if self.out.len() == before {
            self.out.push(b'*');
        }
        self
    }

    /// The same for a word that is at hand, in a fifth of the time: the machinery that formats values stays out of it.
    pub fn word(self, word: &str) -> Self {
        self.out.push(b' ');
        let word = Kind::Word.passable(word.trim_start_matches(':'));
        let word = if word.is_empty() { "*" } else { word };
        self.out.extend_from_slice(word.as_bytes());
        self
    }

    /// Several parameters of our own making, joined by spaces: each is known to be one word.
    pub fn params(self, params: &str) -> Self {
        self.out.push(b' ');
        self.out.extend_from_slice(params.as_bytes());
        self
    }

    /// The last parameter, which may hold anything; it always gets its colon.
    pub fn text(mut self, text: impl Display) -> Self {
        self.out.extend_from_slice(b" :");
        self.write(text, Kind::Text);
        self
    }

    /// The same for a text that needs no formatting.
    pub fn words(self, words: &str) -> Self {
        self.out.extend_from_slice(b" :");
        let words = Kind::Text.passable(words);
        self.out.extend_from_slice(words.as_bytes());
        self
    }

    /// The last parameter; it gets a colon only if it needs one.
    pub fn last(self, text: &str) -> Self {
        if text.is_empty() || text.starts_with(':') || text.contains(' ') {
            self.words(text)
        } else {
            self.word(text)
        }
    }

    /// How many bytes of text there is room for as the last parameter. Appends nothing.
    pub fn text_room(self) -> usize {
        let body = self.body.unwrap_or(self.start);
        let used = self.out.len() - body + " :".len();
        self.out.truncate(self.start);
        (BODY_BYTES_MAX - END.len()).saturating_sub(used)
    }

    /// Ends the line.
    pub fn end(self) {
        let room = BODY_BYTES_MAX - END.len();
        let body = self.body.unwrap_or(self.start);
        if self.out.len() - body > room {
            let mut end = body + room;
            while is_inside_character(self.out[end]) {
                end -= 1;
            }
            self.out.truncate(end);
        }
        self.out.extend_from_slice(END);
    }

    fn write(&mut self, value: impl Display, kind: Kind) {
        let mut filter = Filter {
            out: self.out,
            kind,
            begun: false,
            ended: false,
        };
        let written = write!(filter, "{value}");
        debug_assert!(written.is_ok(), "writing into a Vec does not fail");
    }
}

/// The characters that a parameter may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anything but the end of a line.
    Text,
    /// No space either, and no colon in front.
    Word,
}

impl Kind {
    /// A text up to the first byte that it may not hold.
    fn passable(self, text: &str) -> &str {
        let bytes = text.as_bytes();
        // Most are a few bytes, and a request of memchr costs as much as fifty of them.
        let end = match self {
            Self::Word => bytes
                .iter()
                .position(|b| matches!(b, b'\r' | b'\n' | 0 | b' ')),
            Self::Text if bytes.len() < 64 => {
                bytes.iter().position(|b| matches!(b, b'\r' | b'\n' | 0))
            }
            Self::Text => memchr3(b'\r', b'\n', 0, bytes),
        };
        end.map_or(text, |end| &text[..end])
    }
}

/// Lets pass what a parameter of its kind may hold, up to the first byte that it may not.
struct Filter<'a> {
    out: &'a mut Vec<u8>,
    kind: Kind,
    begun: bool,
    ended: bool,
}

impl fmt::Write for Filter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.ended {
            return Ok(());
        }
        let text = match self.kind {
            Kind::Word if !self.begun => text.trim_start_matches(':'),
            _ => text,
        };
        self.begun |= !text.is_empty();
        let passable = self.kind.passable(text);
        self.ended = passable.len() < text.len();
        self.out.extend_from_slice(passable.as_bytes());
        Ok(())
    }
}

/// Whether a byte goes on with a character of UTF-8.
fn is_inside_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
