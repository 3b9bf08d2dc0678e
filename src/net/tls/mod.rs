//! TLS: a transport around another one, for either side of a connection (`stream`), over rustls' unbuffered API
//! (`engine`), with scratch areas that all connections of a side share (`scratch`). What TLS on raw readiness must get right
//! is in `stream`.

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

/// An alert that is sent in the clear: "handshake_failure", fatal (RFC 8446 section 6). For clients that use TLS where
/// there is none: they report that at once instead of guessing.
pub const ALERT_NO_TLS: [u8; 7] = [21, 3, 1, 0, 2, 2, 40];

/// The same for clients that are turned away: "internal_error", which they take for a passing failure.
pub const ALERT_NO_ROOM: [u8; 7] = [21, 3, 1, 0, 2, 2, 80];
