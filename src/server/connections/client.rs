//! The part of a session that is the same for every protocol: the address, the user, the allowance, the times.
//!
//! Invariants: a client is a user or has sent so many bytes without a name, never both; the first close reason stays.
//! Its size counts: an idle client pays for it. Does not know protocols' state, nor how bytes move.

use super::{close_reason::CloseReason, kind::ProtocolKind};
use crate::{
    chat::UserId,
    net::{NO_ADDRESS, Tick},
    server::{
        limits::{
            admission::Place,
            rate::{Allowance, Rate},
        },
        settings::{REQUESTS, Settings},
    },
};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// How far a connection's encryption is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// There is none; the first bytes may still begin it, where that is offered.
    Plain,
    /// The listener is for TLS, and no byte has come yet.
    Awaited,
    /// The handshake is going on.
    Handshake,
    /// All is encrypted.
    Secure,
}

/// Whether a keep-alive ping is unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ping {
    /// None was sent since the client's last input.
    Idle,
    /// One was sent at `last_activity`.
    Outstanding,
}

/// The client's direction of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// More may come.
    Open,
    /// It has ended while a reply was still being made; the connection is closed when that is done.
    Ended,
}

/// The text for the address of a client that has none, because it connected by a Unix socket.
pub(crate) const NO_ADDRESS_TEXT: &str = "unix";

/// Whether what is sent between us and this address stays on this machine.
pub(crate) fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || address == NO_ADDRESS.ip()
}

/// An address and port in eighteen bytes; IPv4 is mapped into IPv6. The system's type takes thirty-two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    ip: [u8; 16],
    port: u16,
}

impl Peer {
    pub(crate) fn ip(self) -> IpAddr {
        Ipv6Addr::from(self.ip).to_canonical()
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self {
            ip: ip.octets(),
            port: address.port(),
        }
    }
}

impl From<Peer> for SocketAddr {
    fn from(peer: Peer) -> Self {
        Self::new(peer.ip(), peer.port)
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match SocketAddr::from(*self) {
            NO_ADDRESS => f.write_str(NO_ADDRESS_TEXT),
            address => address.fmt(f),
        }
    }
}

/// A client without a name, or the user that it is. In eight bytes, for every client has one.
#[derive(Clone, Copy, Debug)]
enum Identity {
    Nameless {
        /// Bytes that came so far, encryption included.
        bytes: u32,
    },
    User(UserId),
}

/// One client as the server sees it, of any protocol.
#[derive(Debug)]
pub(crate) struct Client {
    identity: Identity,
    pub(crate) allowance: Allowance,
    /// Before there is a user: when the connection was made. Afterwards: when something was last received, or when the
    /// ping was sent that is outstanding: the client has the full time to answer.
    pub(crate) last_activity: Tick,
    /// Of the connection's id. It is in this record, and not beside it, because there is a gap for it here.
    pub(crate) generation: u32,
    /// When the connection was made, in whole seconds of the loop's time: half the size of a tick.
    made_s: u32,
    pub(crate) peer: Peer,
    pub(crate) kind: ProtocolKind,
    pub(crate) security: Security,
    /// The place that it holds.
    pub(crate) place: Place,
    pub(crate) ping: Ping,
    pub(crate) input: Input,
    /// Why the connection ends, once that is so.
    pub(crate) closing: Option<CloseReason>,
}

impl Client {
    pub(crate) fn new(kind: ProtocolKind, security: Security, peer: SocketAddr, now: Tick) -> Self {
        Self {
            identity: Identity::Nameless { bytes: 0 },
            allowance: Allowance::default(),
            last_activity: now,
            generation: 0,
            made_s: seconds(now),
            peer: peer.into(),
            kind,
            security,
            place: Place::None,
            ping: Ping::Idle,
            input: Input::Open,
            closing: None,
        }
    }

    /// The client has become this user.
    pub(crate) fn set_user(&mut self, user: UserId) {
        self.identity = Identity::User(user);
    }

    /// The user leaves; the client is nameless again.
    pub(crate) fn take_user(&mut self) -> Option<UserId> {
        let user = self.user();
        self.identity = Identity::Nameless { bytes: 0 };
        user
    }

    /// Adds to the bytes that came before a name; the sum.
    pub(crate) fn note_bytes_before_name(&mut self, more: usize) -> u32 {
        match &mut self.identity {
            Identity::Nameless { bytes } => {
                *bytes = bytes.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
                *bytes
            }
            Identity::User(_) => 0,
        }
    }

    /// Input was received from the client.
    pub(crate) fn note_activity(&mut self, now: Tick) {
        if self.user().is_some() {
            self.last_activity = now;
            self.ping = Ping::Idle;
        }
    }

    /// The user that this client is, once it has a name.
    pub(crate) fn user(&self) -> Option<UserId> {
        match self.identity {
            Identity::User(user) => Some(user),
            Identity::Nameless { .. } => None,
        }
    }

    /// Whether it may become a user and has not yet.
    pub(crate) fn is_nameless(&self) -> bool {
        self.kind.is_chat() && self.user().is_none()
    }

    /// How fast its lines or requests are taken.
    pub(crate) fn rate(&self, settings: &Settings) -> Rate {
        match self.kind.is_requests() {
            true => REQUESTS,
            false => settings.rate,
        }
    }

    /// Seconds since the connection was made.
    pub(crate) fn age_s(&self, now: Tick) -> u32 {
        seconds(now).saturating_sub(self.made_s)
    }

    /// Whether text that is sent now reaches the client: not before a handshake is done.
    pub(crate) fn can_read(&self) -> bool {
        matches!(self.security, Security::Plain | Security::Secure)
    }
}

/// Whole seconds of the loop's time. They last for 136 years.
fn seconds(at: Tick) -> u32 {
    u32::try_from(at.0 / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_record_stays_small() {
        // The rest of a session is its protocol's state: see `a_session_stays_small`.
        let size = size_of::<Client>();
        assert!(size <= 56, "{size}");
    }

    #[test]
    fn addresses_survive_the_mapping() {
        for text in ["127.0.0.1:7", "[::1]:65535", "[2001:db8::1]:80"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Peer::from(address).to_string(), text);
        }
        assert_eq!(Peer::from(NO_ADDRESS).to_string(), "unix");
    }
}
