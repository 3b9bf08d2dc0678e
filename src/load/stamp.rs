//! The stamp in every message: its sender, its sequence number, its planned moment, and a checksum of all of it.
//!
//! ```text
//! mb1.RRRR.SSSS.QQQQQQQQ.PPPPPPPPPPPP.CCCCCCCC abcdefgh...
//!     run  sender sequence planned (us) sum     padding up to the wanted size
//! ```
//!
//! All numbers are hexadecimal with a fixed width, so that a stamp survives every protocol that carries printable
//! text and parsing needs no search. Invariant: a text that was changed in any byte, cut or extended is not accepted,
//! except by a chance of one in 2^32. Knows no protocol and no clock.

use rustc_hash::FxHasher;
use std::hash::Hasher;

/// The shortest text that holds a stamp, in bytes.
pub const TEXT_BYTES_MIN: usize = 44;

/// The beginning of a stamp: the name of its format.
const FORM: &[u8] = b"mb1.";

/// Where the checksum is; it covers everything else.
const SUM: std::ops::Range<usize> = 36..44;

/// The contents of a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The run of the tool: messages of another run are not ours.
    pub(super) run: u16,
    /// The number of the sender.
    pub(super) sender: u16,
    /// The sequence number of this message among the sender's, from zero.
    pub(super) sequence: u32,
    /// When it was to be sent, in microseconds of the run; 48 bits last nine years.
    pub(super) planned: u64,
}

impl Stamp {
    /// Appends the text of a message of `size` bytes, at least [`TEXT_BYTES_MIN`].
    pub(super) fn write(&self, size: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(FORM);
        hex(u64::from(self.run), 4, out);
        out.push(b'.');
        hex(u64::from(self.sender), 4, out);
        out.push(b'.');
        hex(u64::from(self.sequence), 8, out);
        out.push(b'.');
        hex(self.planned, 12, out);
        out.push(b'.');
        out.extend_from_slice(b"........");
        let padding = size.saturating_sub(out.len() - start);
        out.extend(PADDING.iter().cycle().take(padding));
        let sum = sum_of(&out[start..]);
        let mut digits = Vec::with_capacity(8);
        hex(u64::from(sum), 8, &mut digits);
        out[start..][SUM].copy_from_slice(&digits);
    }

    /// Reads the text of a message back; `None` if it is not what [`write`](Self::write) wrote.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        if text.len() < TEXT_BYTES_MIN || !text.starts_with(FORM) {
            return None;
        }
        let sum = number(&text[SUM])? as u32;
        if sum != sum_of(text) {
            return None;
        }
        Some(Self {
            run: number(&text[4..8])? as u16,
            sender: number(&text[9..13])? as u16,
            sequence: number(&text[14..22])? as u32,
            planned: number(&text[23..35])?,
        })
    }
}

/// A space first, then letters: characters that a chat carries.
const PADDING: &[u8] = b" abcdefghijklmnopqrstuvwxyz0123456789";

/// The checksum of a text, without the bytes of the checksum itself.
fn sum_of(text: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(&text[..SUM.start]);
    hasher.write(&text[SUM.end..]);
    let wide = hasher.finish();
    (wide ^ (wide >> 32)) as u32
}

fn hex(number: u64, digits: u32, out: &mut Vec<u8>) {
    for digit in (0..digits).rev() {
        let digit = (number >> (4 * digit)) as usize & 0xf;
        out.push(b"0123456789abcdef"[digit]);
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(stamp: Stamp, size: usize) -> Vec<u8> {
        let mut out = b"before".to_vec();
        stamp.write(size, &mut out);
        out.split_off(6)
    }

    const STAMP: Stamp = Stamp {
        run: 0xbeef,
        sender: 7,
        sequence: 1_000_000,
        planned: 123_456_789_012,
    };

    #[test]
    fn a_stamp_has_the_documented_format() {
        let text = text(STAMP, 50);
        let text = std::str::from_utf8(&text).unwrap();
        assert!(
            text.starts_with("mb1.beef.0007.000f4240.001cbe991a14."),
            "{text}"
        );
        assert!(text.ends_with(" abcde"), "{text}");
        assert_eq!(text.len(), 50);
    }

    #[test]
    fn texts_without_a_stamp_are_refused() {
        let whole = text(STAMP, 64);
        assert_eq!(Stamp::read(b""), None);
        assert_eq!(Stamp::read(b"hello"), None);
        assert_eq!(Stamp::read(&whole[1..]), None);
        assert_eq!(Stamp::read(&[&whole[..], b" "].concat()), None);
        for cut in 0..whole.len() {
            assert_eq!(Stamp::read(&whole[..cut]), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            run: u16, sender: u16, sequence: u32, planned in 0..1_u64 << 48, size in 0_usize..600,
        ) {
            let stamp = Stamp { run, sender, sequence, planned };
            let text = text(stamp, size);
            prop_assert_eq!(text.len(), size.max(TEXT_BYTES_MIN));
            prop_assert_eq!(Stamp::read(&text), Some(stamp));
        }

        #[test]
        fn a_changed_byte_is_noticed(at in 0_usize..100, to: u8) {
            let mut text = text(STAMP, 100);
            prop_assume!(text[at] != to);
            text[at] = to;
            prop_assert_eq!(Stamp::read(&text), None);
        }

        #[test]
        fn junk_is_not_read(junk: Vec<u8>) {
            prop_assert_eq!(Stamp::read(&junk), None);
        }
    }
}
