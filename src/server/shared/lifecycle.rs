//! Where the server is in its life, and what its operators ask of it.

use crate::net::Tick;

/// Where the server is in its life.
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

/// What an operator of the server asks for by a command. The later one here wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Control {
    /// To read the configuration again (REHASH).
    Reload,
    /// To stop (DIE).
    Stop,
}
