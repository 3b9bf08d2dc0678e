//! A chunk: bytes for any number of peers, as a range of a shared buffer; and the key that says which chunks may share one.
//! Knows no buffer and no queue.

/// For which peers a chunk is: chunks with the same key lie side by side in one buffer, so a peer that gets several of them in
/// a row has one range. The numbers are the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferKey(pub u32);

impl BufferKey {
    /// For chunks that go to one connection alone.
    pub const PRIVATE: Self = Self(u32::MAX);
}

/// Bytes to be sent to any number of peers: a range of a shared buffer. Good until the end of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub(crate) buffer: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Chunk {
    /// How many bytes it has.
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Both as one, if they lie side by side.
    pub(crate) fn followed_by(self, next: Self) -> Option<Self> {
        let together = self.buffer == next.buffer && self.end == next.start;
        together.then_some(Self {
            end: next.end,
            ..self
        })
    }

    /// What is left of it when its first bytes are sent; `None` if that was all.
    pub(crate) fn without(self, sent: usize) -> Option<Self> {
        debug_assert!(sent <= self.len(), "a transport took more than was offered");
        let start = self.start + sent as u32;
        (start < self.end).then_some(Self { start, ..self })
    }
}
