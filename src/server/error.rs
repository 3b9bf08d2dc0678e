//! Why a server could not be started, or could not go on.

use std::io;

/// Why a server could not be started, or could not go on. No peer can cause it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A listener's address cannot be bound.
    #[error("cannot listen on {place}: {reason}")]
    Listen {
        /// Host and port as they were asked for.
        place: String,
        /// The system's text, in plain form.
        reason: String,
    },
    /// The data directory, or what is in it, cannot be used.
    #[error("{0}")]
    Store(String),
    /// A sandbox was asked for that the kernel cannot make.
    #[error("[server] sandbox = \"strict\": {0}; \"on\" does without what is missing")]
    Sandbox(io::Error),
    /// Certificates cannot be used, or one that was made cannot be kept.
    #[error("TLS: {0}")]
    Tls(String),
    /// The system has no poll or no signal pipe, or the poll failed.
    #[error("the readiness loop failed: {0}")]
    Loop(#[from] io::Error),
}
