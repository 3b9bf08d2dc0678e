//! Names for sources: [`ConnId`] and its two-way conversion to `mio::Token`.
//!
//! Invariant (3): an id names one source for good. It is a slot of the table plus a generation; a slot is used again, a
//! generation is not, so an event that comes late finds nothing instead of a newer source. Does not know what a source is.

use mio::Token;

/// Name of one connection, listener or datagram socket: its slot in the table, and which of the slot's sources it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// Index into the table; used again after the source is reaped.
    pub slot: u32,
    /// Serial number of the source in the table; never used again (but after 2^32 sources).
    pub generation: u32,
}

/// Slots of the table. Sixteen million sockets would take the kernel a hundred gigabytes.
pub(crate) const SLOTS_MAX: u32 = 1 << 24;

/// Slots from here up are never given out by the table: they name [`External`] sources.
const FIRST_EXTERNAL_SLOT: u32 = u32::MAX - 15;

/// A source that its owner only registers with the loop: the signal pipe, a terminal. Numbers 0 to 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External(pub u8);

/// What a token that comes with an event names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A source of the table. On 32-bit hosts the token has no room for the generation, so `None` means
    /// "the source that has the slot now"; there the reap at the end of the turn keeps late events from a newer source.
    Table { slot: u32, generation: Option<u32> },
    /// A source that is not in the table.
    External(External),
}

impl ConnId {
    /// The token to register this source with.
    pub(crate) fn token(self) -> Token {
        debug_assert!(
            self.slot < FIRST_EXTERNAL_SLOT,
            "the table gave out an external slot"
        );
        #[cfg(target_pointer_width = "64")]
        let value = (self.generation as usize) << 32 | self.slot as usize;
        #[cfg(not(target_pointer_width = "64"))]
        let value = self.slot as usize;
        Token(value)
    }
}

impl External {
    /// The token to register such a source with.
    pub fn token(self) -> Token {
        assert!(self.0 < 16, "external sources are numbered 0 to 15");
        Token((FIRST_EXTERNAL_SLOT + u32::from(self.0)) as usize)
    }
}

/// Reads a token back.
pub(crate) fn named(token: Token) -> Named {
    let slot = token.0 as u32;
    if slot >= FIRST_EXTERNAL_SLOT {
        return Named::External(External((slot - FIRST_EXTERNAL_SLOT) as u8));
    }
    #[cfg(target_pointer_width = "64")]
    let generation = Some((token.0 >> 32) as u32);
    #[cfg(not(target_pointer_width = "64"))]
    let generation = None;
    Named::Table { slot, generation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_the_id_it_was_made_from() {
        for id in [(0, 0), (1, 0), (0, 1), (70_000, u32::MAX)] {
            let id = ConnId {
                slot: id.0,
                generation: id.1,
            };
            let Named::Table { slot, generation } = named(id.token()) else {
                panic!("{id:?} was read as external")
            };
            assert_eq!(slot, id.slot);
            assert!(generation.is_none_or(|g| g == id.generation));
        }
    }

    #[test]
    fn external_tokens_are_no_table_tokens() {
        for n in 0..16 {
            assert_eq!(named(External(n).token()), Named::External(External(n)));
        }
    }
}
