//! Lines as IRC cuts them: LF or CR LF ends one, a message may be 512 bytes long and its tags 4096 more.
//!
//! Invariants: however the input is cut, the same frames come out; each byte is looked at once; a line that is too
//! long is reported once and skipped to its end; a caller never keeps more than [`LINE_BYTES_MAX`] + 1 bytes of an
//! unfinished one. Nothing is ever cut short: a line is taken whole or refused whole.
//!
//! Owns one bit, whether a line is being skipped. Does not know what is in a line.

use super::line::BODY_BYTES_MAX;
use crate::protocol::{Decoded, Frame};
use memchr::memchr;
use std::borrow::Cow;

/// Tags that a client may send, from `@` to the space (IRCv3 message-tags: 4094 bytes of data and those two).
pub const CLIENT_TAG_BYTES_MAX: usize = 4096;

/// The longest line, without its end.
pub const LINE_BYTES_MAX: usize = CLIENT_TAG_BYTES_MAX + BODY_BYTES_MAX - 2;

/// Cuts input into lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames {
    skipping: bool,
}

impl Frames {
    /// Takes the first line off the input. `searched` is kept by the caller between calls: how far the input was
    /// looked through in vain, counted from its first byte that is not consumed.
    pub fn next<'a>(&mut self, input: &'a [u8], searched: &mut usize) -> Decoded<Frame<'a>> {
        let from = (*searched).min(input.len());
        let Some(at) = memchr(b'\n', &input[from..]) else {
            return self.unfinished(input, searched);
        };
        let end = from + at;
        *searched = 0;
        let consumed = end + 1;
        if std::mem::take(&mut self.skipping) {
            // The end of a line that was reported already: the next one begins after it.
            let mut cut = self.next(&input[consumed..], searched);
            cut.consumed += consumed;
            return cut;
        }
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        let frame = if is_too_long(line) {
            Frame::TooLong
        } else {
            Frame::Line(Cow::Borrowed(line))
        };
        Decoded {
            item: frame,
            consumed,
        }
    }

    fn unfinished(&mut self, input: &[u8], searched: &mut usize) -> Decoded<Frame<'static>> {
        // One more than the longest line: its CR.
        if !self.skipping && input.len() <= LINE_BYTES_MAX + 1 {
            *searched = input.len();
            return Decoded {
                item: Frame::Incomplete,
                consumed: 0,
            };
        }
        *searched = 0;
        let was_told = std::mem::replace(&mut self.skipping, true);
        Decoded {
            item: if was_told {
                Frame::Incomplete
            } else {
                Frame::TooLong
            },
            consumed: input.len(),
        }
    }
}

/// Whether the tags, or the rest, are longer than they may be.
pub(crate) fn is_too_long(line: &[u8]) -> bool {
    if line.first() != Some(&b'@') {
        return line.len() > BODY_BYTES_MAX - 2;
    }
    let tags = memchr(b' ', line).map_or(line.len(), |space| space + 1);
    tags > CLIENT_TAG_BYTES_MAX || line.len() - tags > BODY_BYTES_MAX - 2
}
