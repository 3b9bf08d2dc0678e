//! TLS: a transport around another one, for either side of a connection ([`stream`]), over rustls' unbuffered API
//! ([`engine`]), with scratch areas that all connections of a side share ([`scratch`]).

mod client;
mod engine;
mod fingerprint;
mod incompatible;
mod scratch;
pub(crate) mod secured;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod verify;

pub use client::{Client, unverified_client};
pub use fingerprint::Fingerprint;
pub use incompatible::Incompatible;
pub use secured::Secured;
pub use server::{Certificate, Server};
pub use verify::AcceptAnyCertificate;

/// First byte of a TLS connection: content type `handshake` (RFC 8446 section 5.1).
pub const HANDSHAKE: u8 = 22;

/// An alert that is sent in the clear: "handshake_failure", fatal (RFC 8446 section 6). For callers who speak TLS where it
/// is not spoken: their client says so at once instead of guessing.
pub const ALERT_NO_TLS: [u8; 7] = [21, 3, 1, 0, 2, 2, 40];

/// The same for those who cannot be let in: "internal_error", which clients take for trouble that passes.
pub const ALERT_NO_ROOM: [u8; 7] = [21, 3, 1, 0, 2, 2, 80];
