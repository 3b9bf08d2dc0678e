//! The life of a connection as one enum, and the only moves it may make.
//!
//! ```text
//! Connecting ──> Open ──> Draining ──> Lingering ──> Closed
//!      │           │          │                        ▲
//!      └───────────┴──────────┴────────────────────────┘   lost, reset, out of time, or nothing left to wait for
//! ```
//!
//! Knows no socket and no time: the limits of each phase are deadlines in the connection's record.

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// We called and wait for the answer. Reads and writes nothing.
    Connecting,
    /// Both sides may speak, though the peer may have ended its speech already.
    Open,
    /// We have said our last word; queued bytes are still being delivered. Input is discarded.
    Draining,
    /// Everything is delivered to the kernel and our end of stream sent. Input is read and discarded until the peer's end of
    /// stream: closing with unread input would make the kernel reset the connection and destroy what is still in flight.
    Lingering,
    /// Over. The slot is freed at the end of the turn.
    Closed,
}

impl Phase {
    /// Moves on.
    ///
    /// # Panics
    /// When the move is not in the diagram: that is a mistake in this layer, no peer can cause it.
    pub(crate) fn advance(&mut self, next: Self) {
        let legal = match (*self, next) {
            (Self::Closed, _) => false,
            (_, Self::Closed) => true,
            (Self::Connecting, Self::Open) => true,
            (Self::Open, Self::Draining) => true,
            (Self::Draining, Self::Lingering) => true,
            _ => false,
        };
        assert!(legal, "a connection cannot move from {self:?} to {next:?}");
        *self = next;
    }
}

#[cfg(test)]
mod tests {
    use super::Phase::*;

    #[test]
    fn only_the_moves_of_the_diagram_are_legal() {
        let all = [Connecting, Open, Draining, Lingering, Closed];
        let legal = [
            (Connecting, Open),
            (Open, Draining),
            (Draining, Lingering),
            (Connecting, Closed),
            (Open, Closed),
            (Draining, Closed),
            (Lingering, Closed),
        ];
        for from in all {
            for to in all {
                let moved = std::panic::catch_unwind(|| {
                    let mut phase = from;
                    phase.advance(to);
                });
                assert_eq!(
                    moved.is_ok(),
                    legal.contains(&(from, to)),
                    "{from:?} -> {to:?}"
                );
            }
        }
    }
}
