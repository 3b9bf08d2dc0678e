//! The proxies before a listener: who they are, and in which way they name the client of a connection.
//!
//! Decided by the configuration alone, never by what comes: any client could claim to be forwarded. Does not know what
//! is done with the client's address.

use crate::{
    config::{ListenUrl, Network, ProxyPeer},
    net::NO_ADDRESS,
};
use std::{net::IpAddr, rc::Rc};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Proxies {
    networks: Box<[Network]>,
    /// All peers of the Unix socket are proxies.
    unix: bool,
    /// They begin each connection with a header of the PROXY protocol; else they name the client in requests of HTTP.
    pub(crate) has_header: bool,
    /// The listener, for the log.
    pub(crate) listener: Box<str>,
}

impl Proxies {
    /// Those of a listener; `None` if it has none.
    pub(super) fn of(url: &ListenUrl) -> Option<Rc<Self>> {
        let peers = &url.options.proxy;
        let networks = peers.iter().filter_map(|peer| match peer {
            ProxyPeer::Network(network) => Some(*network),
            ProxyPeer::Unix => None,
        });
        let proxies = || Self {
            networks: networks.collect(),
            unix: peers.contains(&ProxyPeer::Unix),
            has_header: url.has_proxy_header(),
            listener: url.to_string().into(),
        };
        (!peers.is_empty()).then(|| Rc::new(proxies()))
    }

    /// Whether a peer is one of them.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        match address == NO_ADDRESS.ip() {
            true => self.unix,
            false => self
                .networks
                .iter()
                .any(|network| network.contains(address)),
        }
    }
}
