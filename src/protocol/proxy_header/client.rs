//! What a header of either version says, and why one is refused.
//!
//! Invariant: a named client has a real address. Knows no bytes.

use core::net::SocketAddr;

/// The longest header. Version 1 has at most 107 bytes by its specification; version 2 allows 64 KiB, of which addresses
/// take 216 at most, and what else proxies put in (host name, TLS version, names in a certificate) a few hundred. A header
/// that is not whole is kept in memory.
pub const HEADER_BYTES_MAX: usize = 4096;

/// The client that a proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// None: it is the proxy's own connection, a health check for example, or one whose address has no meaning here.
    Unnamed,
    /// The client has this address.
    At {
        /// Where it connected from.
        address: SocketAddr,
        /// Whether it spoke TLS with the proxy.
        secure: bool,
    },
}

/// Why a header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An address is not spelled as it has to be, or is no address of a client.
    #[error("its address is wrong")]
    Address,
    /// The command or the family of addresses does not exist.
    #[error("it names an unknown command or family")]
    Family,
    /// The parts do not fit into its length, or the line has other parts.
    #[error("its parts are wrong")]
    Form,
    /// It is longer than its kind may be.
    #[error("it is too long")]
    Length,
    /// The first bytes begin no header.
    #[error("the connection begins without one")]
    Missing,
    /// It has another version than 1 and 2.
    #[error("its version is unknown")]
    Version,
}

/// The client at an address. The unspecified address is that of no client; here it would stand for one without an
/// address.
pub(super) fn client_at(address: SocketAddr, secure: bool) -> Result<Client, Fault> {
    match address.ip().to_canonical().is_unspecified() {
        true => Err(Fault::Address),
        false => Ok(Client::At { address, secure }),
    }
}
