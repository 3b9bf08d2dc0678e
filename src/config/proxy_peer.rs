//! A proxy that a listener trusts: a network, or all that connects to a Unix socket.
//!
//! Does not know what proxies say, nor what is believed.

use super::{error::Invalid, network::Network};
use std::{fmt, str::FromStr};

/// The text for all peers of a Unix socket.
const UNIX: &str = "unix";

/// Peers whose word about the address of a client is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyPeer {
    /// Those with an address in this network.
    Network(Network),
    /// Those that connect by the Unix socket.
    Unix,
}

impl FromStr for ProxyPeer {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.eq_ignore_ascii_case(UNIX) {
            true => Ok(Self::Unix),
            false => text.parse().map(Self::Network),
        }
    }
}

impl fmt::Display for ProxyPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Unix => f.write_str(UNIX),
        }
    }
}
