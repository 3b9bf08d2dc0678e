//! Lines: finds where one ends in whatever has come in so far, and keeps to a cap.
//!
//! LF, CR LF and CR NUL end a line: what Unix tools, most network protocols and telnet's Return key
//! send (RFC 854, page 11, says CR NUL or CR LF). A CR before anything else belongs to the line.
//!
//! Invariants: however the input is cut, the same lines come out; each byte is looked at once, also
//! for a peer that sends one byte at a time; a line beyond the cap is reported once and skipped to
//! its end, and the caller never has to keep more than `cap + 1` bytes of it.
//!
//! Owns one bit, whether a line is being skipped. Does not know what is in a line, nor where the
//! bytes are kept.

use std::borrow::Cow;

use memchr::memchr2;

use super::{Decoded, Frame};

/// The longest line by default, in bytes without its end: room for the longest IRC message with
/// tags twice over, small enough that a thousand peers in the middle of one cost 4 MiB.
pub const LINE_BYTES_MAX: usize = 4096;

/// The longest end of a line, CR LF or CR NUL. A caller keeps at most the cap and this.
pub const LINE_END_BYTES_MAX: usize = 2;

/// Cuts input into lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    /// The line at hand passed the cap and was reported; what is left of it goes unread.
    skipping: bool,
}

impl Lines {
    /// Takes the first line off the input.
    ///
    /// `searched` says how much of the input earlier calls have looked through, and starts at zero.
    /// After the call it counts from the end of what was consumed; the caller keeps it beside the bytes
    /// it keeps.
    pub fn next<'a>(
        &mut self,
        input: &'a [u8],
        searched: &mut usize,
        cap: usize,
    ) -> Decoded<Frame<'a>> {
        let mut skipped = 0;
        if self.skipping {
            let Some(end) = find_end(input, *searched) else {
                return self.unfinished(input, searched, cap);
            };
            self.skipping = false;
            skipped = end + 1;
            *searched = 0;
        }
        let mut cut = self.first(&input[skipped..], searched, cap);
        cut.consumed += skipped;
        cut
    }

    /// The first line of an input that does not begin in the middle of a long one.
    fn first<'a>(
        &mut self,
        input: &'a [u8],
        searched: &mut usize,
        cap: usize,
    ) -> Decoded<Frame<'a>> {
        let Some(end) = find_end(input, *searched) else {
            return self.unfinished(input, searched, cap);
        };
        *searched = 0;
        let line = without_cr(&input[..end]);
        let frame = if line.len() <= cap {
            Frame::Line(Cow::Borrowed(line))
        } else {
            Frame::TooLong
        };
        Decoded {
            item: frame,
            consumed: end + 1,
        }
    }

    /// No end in sight: wait for more, or, past the cap, begin to skip.
    fn unfinished(
        &mut self,
        input: &[u8],
        searched: &mut usize,
        cap: usize,
    ) -> Decoded<Frame<'static>> {
        // A CR at the end may be half of the line's end, so it neither counts nor is dropped.
        let length = without_cr(input).len();
        if !self.skipping && length <= cap {
            *searched = input.len();
            return Decoded {
                item: Frame::Incomplete,
                consumed: 0,
            };
        }
        *searched = input.len() - length;
        let was_told = std::mem::replace(&mut self.skipping, true);
        let frame = if was_told {
            Frame::Incomplete
        } else {
            Frame::TooLong
        };
        Decoded {
            item: frame,
            consumed: length,
        }
    }
}

/// The place of the byte that ends the first line: an LF, or a NUL after a CR.
fn find_end(input: &[u8], searched: usize) -> Option<usize> {
    let mut from = searched;
    loop {
        let at = from + memchr2(b'\n', 0, input.get(from..)?)?;
        if input[at] == b'\n' || (at > 0 && input[at - 1] == b'\r') {
            return Some(at);
        }
        from = at + 1;
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAP: usize = 5;

    /// Feeds `pieces` one after the other, as a connection would, and returns the lines (`None`:
    /// too long).
    fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::default();
        let (mut kept, mut searched, mut found) = (Vec::new(), 0, Vec::new());
        for piece in pieces {
            kept.extend_from_slice(piece);
            loop {
                let cut = lines.next(&kept, &mut searched, CAP);
                let consumed = cut.consumed;
                match cut.item {
                    Frame::Line(line) => found.push(Some(line.to_vec())),
                    Frame::TooLong => found.push(None),
                    Frame::Incomplete => {
                        kept.drain(..consumed);
                        assert!(kept.len() <= CAP + 1, "kept too much: {kept:?}");
                        assert!(searched <= kept.len());
                        break;
                    }
                }
                kept.drain(..consumed);
            }
        }
        found
    }

    #[track_caller]
    fn check(input: &[u8], expected: &[Option<&str>]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|l| l.map(|l| l.as_bytes().to_vec()))
            .collect();
        for size in 1..=input.len() {
            assert_eq!(
                feed(input.chunks(size)),
                expected,
                "{input:?} in chunks of {size}"
            );
        }
    }

    #[test]
    fn every_line_end_ends_a_line_in_chunks_of_any_size() {
        check(b"a\nb\r\nc\r\0d", &[Some("a"), Some("b"), Some("c")]);
        check(b"\n\r\n\r\0", &[Some(""), Some(""), Some("")]);
        check(b"a\rb\n", &[Some("a\rb")]);
        check(b"a\0b\n", &[Some("a\0b")]);
        check(b"a\r\r\n", &[Some("a\r")]);
        check(b"\0\n", &[Some("\0")]);
    }

    #[test]
    fn a_line_at_the_cap_passes_and_one_beyond_is_refused_once() {
        check(b"12345\r\n12345\n12345\r\0", &[Some("12345"); 3]);
        check(b"123456\r\nok\n", &[None, Some("ok")]);
        check(b"12345\r\r\nok\n", &[None, Some("ok")]);
        check(
            b"1234567890123\rx\0y\r\0ok\n1234567\nok\n",
            &[None, Some("ok"), None, Some("ok")],
        );
        check(b"123456789", &[None]);
        check(b"123456\n123456\n\n", &[None, None, Some("")]);
    }

    #[test]
    fn what_was_searched_is_not_searched_again() {
        // The claim to have searched past the LF is believed: that is what makes a slow sender cost
        // linear time.
        let mut searched = 2;
        let cut = Lines::default().next(b"a\nb", &mut searched, CAP);
        assert_eq!((cut.item, cut.consumed), (Frame::Incomplete, 0));
        assert_eq!(searched, 3);
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(
            input in proptest::collection::vec(proptest::sample::select(&b"\r\n\0x"[..]), 0..60),
            cuts in proptest::collection::vec(any::<bool>(), 60),
        ) {
            let mut pieces = vec![0];
            pieces.extend((1..input.len()).filter(|&i| cuts[i]));
            pieces.push(input.len());
            let pieces = pieces.windows(2).map(|w| &input[w[0]..w[1]]);
            prop_assert_eq!(feed(pieces), feed(std::iter::once(&input[..])));
        }
    }
}
