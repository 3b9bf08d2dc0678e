//! The phase of the server's life, and the requests of its operators.

use crate::net::Tick;

/// The phase of the server's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    /// It accepts connections.
    #[default]
    Running,
    /// Every connection was sent its farewell; the peers have until then to read it.
    Stopping { until: Tick },
}

impl Lifecycle {
    pub(crate) fn is_stopping(self) -> bool {
        matches!(self, Self::Stopping { .. })
    }
}

/// A request of an operator of the server. Of two, the later one in this list is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Control {
    /// To read the configuration again (REHASH).
    Reload,
    /// To stop (DIE).
    Stop,
}
