//! The header of a frame (RFC 6455 section 5.2), both ways. Keeps nothing.
//!
//! What can be judged by the first bytes is judged by them: a peer that sends a wrong one gets an answer at once, and not when
//! the rest of the header is in.

use super::{fault::Fault, opcode::Opcode};

/// The longest payload of a control frame.
pub(super) const CONTROL_BYTES_MAX: usize = 125;

/// The longest payload whose length is in the second byte of a header.
const SHORT_MAX: usize = 125;

/// Second byte: the length follows in two bytes.
const LENGTH_IN_TWO: u8 = 126;

/// Second byte: the length follows in eight bytes.
const LENGTH_IN_EIGHT: u8 = 127;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// Whether payloads are masked: those of clients are, those of servers are not (RFC 6455 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Masking {
    Masked,
    Unmasked,
}

/// All bytes before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Nothing of its message follows.
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    /// What the payload is masked with.
    pub(super) key: Option<[u8; 4]>,
    /// Bytes of payload, below 2^63. So many the peer promises; none of them need ever come.
    pub(super) length: u64,
}

impl Header {
    /// Reads the header at the front of `input`, and returns how many bytes it has. `None` if more must come first.
    ///
    /// # Errors
    /// What no further byte could put right. A length need not be spelled as short as can be: section 5.2 asks that of
    /// senders, and to refuse it would protect no one.
    pub(super) fn parse(input: &[u8], expected: Masking) -> Result<Option<(Self, usize)>, Fault> {
        let Some(&first) = input.first() else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Fault::ReservedBits);
        }
        let opcode = Opcode::parse(first & 0x0f)?;
        let is_final = first & FINAL != 0;
        if opcode.is_control() && !is_final {
            return Err(Fault::ControlFragmented);
        }
        let Some(&second) = input.get(1) else {
            return Ok(None);
        };
        if (second & MASKED != 0) != (expected == Masking::Masked) {
            return Err(Fault::Mask);
        }
        let short = second & !MASKED;
        if opcode.is_control() && usize::from(short) > CONTROL_BYTES_MAX {
            return Err(Fault::ControlLength);
        }
        let Some((length, mut size)) = length(short, &input[2..])? else {
            return Ok(None);
        };
        let mut key = None;
        if expected == Masking::Masked {
            let Some(bytes) = input[size..].first_chunk() else {
                return Ok(None);
            };
            key = Some(*bytes);
            size += bytes.len();
        }
        let header = Self {
            is_final,
            opcode,
            key,
            length,
        };
        Ok(Some((header, size)))
    }

    /// Appends the header, its length as short as can be.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let first = self.opcode as u8 | if self.is_final { FINAL } else { 0 };
        let masked = if self.key.is_some() { MASKED } else { 0 };
        if self.length <= SHORT_MAX as u64 {
            out.extend([first, masked | self.length as u8]);
        } else if let Ok(length) = u16::try_from(self.length) {
            out.extend([first, masked | LENGTH_IN_TWO]);
            out.extend(length.to_be_bytes());
        } else {
            out.extend([first, masked | LENGTH_IN_EIGHT]);
            out.extend(self.length.to_be_bytes());
        }
        if let Some(key) = self.key {
            out.extend(key);
        }
    }
}

/// The length of the payload, and how many bytes of the header were read when it is known.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, usize)>, Fault> {
    Ok(match short {
        LENGTH_IN_TWO => {
            let bytes = rest.first_chunk();
            bytes.map(|bytes| (u16::from_be_bytes(*bytes).into(), 2 + bytes.len()))
        }
        LENGTH_IN_EIGHT => {
            if rest.first().is_some_and(|first| first & 0x80 != 0) {
                return Err(Fault::Length);
            }
            let bytes = rest.first_chunk();
            bytes.map(|bytes| (u64::from_be_bytes(*bytes), 2 + bytes.len()))
        }
        _ => Some((short.into(), 2)),
    })
}
