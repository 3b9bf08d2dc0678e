//! The limits of queues, each distinct pair once: a connection's record has two bytes that name its pair.

/// How many bytes may wait for one peer (invariant 5). Owners use few distinct pairs, for each is kept for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Past this many queued bytes the peer's own input waits until they are sent. Zero: nothing is read while
    /// anything is unsent.
    pub high_water: u32,
    /// More queued bytes than this after a flush, and [`Handler::handle_overflow`](crate::net::Handler::handle_overflow) is
    /// called.
    pub limit: u32,
}

/// Names one pair of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitsId(u16);

impl LimitsId {
    /// What a new connection has.
    pub(crate) const DEFAULT: Self = Self(0);
}

/// All pairs that were ever set.
#[derive(Debug)]
pub(crate) struct LimitsTable(Vec<Limits>);

impl Default for LimitsTable {
    fn default() -> Self {
        Self(vec![Limits {
            high_water: 64 * 1024,
            limit: 1024 * 1024,
        }])
    }
}

impl LimitsTable {
    pub(crate) fn get(&self, id: LimitsId) -> Limits {
        self.0[usize::from(id.0)]
    }

    /// Names a pair.
    ///
    /// # Panics
    /// At 65,536 distinct pairs: the owner of the loop would have to make them up, no peer can.
    pub(crate) fn id_of(&mut self, limits: Limits) -> LimitsId {
        let known = self.0.iter().position(|known| *known == limits);
        let index = known.unwrap_or_else(|| {
            self.0.push(limits);
            self.0.len() - 1
        });
        LimitsId(u16::try_from(index).expect("owners use few distinct limits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_limits_have_one_name() {
        let mut table = LimitsTable::default();
        let limits = |limit| Limits {
            high_water: 1,
            limit,
        };
        let one = table.id_of(limits(1));
        assert_ne!(one, table.id_of(limits(2)));
        assert_eq!(one, table.id_of(limits(1)));
        assert_eq!(table.get(one), limits(1));
        assert_ne!(table.get(LimitsId::DEFAULT), limits(1));
    }
}
