//! Chance from a seed: numbers, and how badly a network behaves.

/// Numbers from a seed (splitmix64): the same everywhere and in every version, unlike those of a library.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True in so many cases of a hundred.
    pub(crate) fn percent(&mut self, odds: usize) -> bool {
        self.below(100) < odds
    }
}

/// How badly the network behaves, in percent of the calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds {
    /// A call is interrupted by a signal.
    pub(crate) interrupted: usize,
    /// A call would block although it would not need to; an edge follows.
    pub(crate) blocked: usize,
    /// A read or write moves fewer bytes than it could.
    pub(crate) short: usize,
    /// Readiness is reported where there is none.
    pub(crate) spurious: usize,
    /// `accept` fails because the peer is gone.
    pub(crate) aborted: usize,
    /// There is no descriptor for a connection.
    pub(crate) no_descriptor: usize,
    /// Room of each direction of a wire, in bytes.
    pub(crate) room: usize,
}

impl Odds {
    /// Draws them: each kind of fault is absent, rare or frequent.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut odds = || [0, 0, 3, 30][random.below(4)];
        Self {
            interrupted: odds(),
            blocked: odds(),
            short: odds(),
            spurious: odds(),
            aborted: odds(),
            no_descriptor: odds() / 3,
            room: [1, 7, 100, 5000][random.below(4)],
        }
    }
}
