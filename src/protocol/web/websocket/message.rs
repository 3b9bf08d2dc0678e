//! A message that is arriving: its bytes so far, unmasked and checked, and what is still to come of the frame at hand.
//!
//! Invariants: its bytes are only those that came; of a text, all but the last three at most are known to be UTF-8, and none
//! is looked at twice for it.

use super::{fault::Fault, header::Header, mask, opcode::Kind};

/// The message. It exists from its first frame's header to the last byte of its last frame.
#[derive(Debug)]
pub(super) struct Unfinished {
    kind: Kind,
    bytes: Vec<u8>,
    /// Up to here a text is known to be UTF-8; what follows may be the first bytes of a character.
    checked: usize,
    /// The frame that is arriving; none between two frames.
    frame: Option<Arriving>,
    /// Its last frame is in.
    is_whole: bool,
}

#[derive(Debug)]
struct Arriving {
    header: Header,
    /// How much of the payload is in.
    taken: u64,
}

impl Unfinished {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            bytes: Vec::new(),
            checked: 0,
            frame: None,
            is_whole: false,
        }
    }

    /// Begins a frame; the one before must be through.
    pub(super) fn begin_frame(&mut self, header: &Header) {
        debug_assert!(self.frame.is_none(), "two frames at a time");
        self.frame = Some(Arriving {
            header: *header,
            taken: 0,
        });
    }

    /// Takes as much of `input` as belongs to the frame at hand, and returns how much that was.
    ///
    /// # Errors
    /// A text is not UTF-8, whatever may follow.
    pub(super) fn append(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let Some(frame) = &mut self.frame else {
            return Ok(0);
        };
        let left = frame.header.length - frame.taken;
        let count = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        mask::append(
            &input[..count],
            frame.header.key,
            frame.taken,
            &mut self.bytes,
        );
        frame.taken += count as u64;
        if frame.taken == frame.header.length {
            self.is_whole = frame.header.is_final;
            self.frame = None;
        }
        match self.kind {
            Kind::Text => self.check_text()?,
            Kind::Binary => {}
        }
        Ok(count)
    }

    /// Checks the new bytes. The standard library tells a character that is cut off from one that is wrong by its first
    /// wrong byte, as Unicode's table 3-7 has it.
    fn check_text(&mut self) -> Result<(), Fault> {
        match std::str::from_utf8(&self.bytes[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Fault::NotUtf8),
        }
        Ok(())
    }

    /// Whether a frame is arriving.
    pub(super) fn is_in_frame(&self) -> bool {
        self.frame.is_some()
    }

    /// Whether all of it is in. A text may still end in the middle of a character.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// How many bytes came so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Its bytes, to be taken away.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Heap bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}
