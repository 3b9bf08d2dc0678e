//! The life of a connection as one enum, and the only moves it may make.
//!
//! ```text
//! Connecting ──> Open ──> Draining ──> Lingering ──> Closed
//!      │           │          │                        ▲
//!      └───────────┴──────────┴────────────────────────┘   lost, reset, out of time, or nothing left to wait for
//! ```
//!
//! Knows no socket and no time: the deadline of each phase is in [`life`](super::life).

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Our attempt to connect is not answered yet. Reads and writes nothing.
    Connecting,
    /// Both sides may send, though the peer may have sent its end of file already.
    Open,
    /// All is queued that we send; it is still being delivered. Input is discarded.
    Draining,
    /// All is delivered to the kernel and our end of file sent. Input is read and discarded until the peer's end of file:
    /// closing with unread input would make the kernel reset the connection and destroy what is still in flight.
    Lingering,
    /// It is over. The slot is freed at the end of the turn.
    Closed,
}

impl Phase {
    /// Moves to the next phase.
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
