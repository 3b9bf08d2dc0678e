//! What a TLS handshake came to.

use super::fingerprint::Fingerprint;

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// `TLS 1.3` or `TLS 1.2`.
    pub version: &'static str,
    /// The certificate that the peer proved to have, if it has one.
    pub peer: Option<Fingerprint>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
}
