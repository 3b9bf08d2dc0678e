//! What is kept of what is said, and who may read it: the host's decisions.

/// From when on members may read their room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// From the room's founding.
    #[default]
    FromFounding,
    /// From their own joining.
    SinceJoined,
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Lines of one buffer; 0: no history.
    pub lines: usize,
    /// Bytes in memory.
    pub bytes: usize,
    /// What is said between two accounts too.
    pub private: bool,
    /// Who came and went too.
    pub events: bool,
    /// From when on members may read.
    pub access: Access,
    /// Lines are stored, too.
    pub is_stored: bool,
}

impl Rules {
    /// Whether it is to be known since when users are in their rooms.
    pub(super) fn needs_presence(&self) -> bool {
        self.lines > 0 && (self.events || self.access == Access::SinceJoined)
    }
}
