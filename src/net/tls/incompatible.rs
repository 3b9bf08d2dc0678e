//! Handshakes that fail because the two sides have nothing in common, with a text for the log.
//!
//! rustls names such a failure by an identifier (`NoSignatureSchemesInCommon`). An operator who reads the log needs to know
//! what the peer could not do. Every other failure keeps rustls' own text. Knows no certificates.

use rustls::{Error, PeerIncompatible};
use std::io::{self, ErrorKind};

/// What the two sides of a handshake do not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incompatible {
    /// In TLS 1.2 a cipher suite is for one kind of key, so the kinds of our certificates' keys may be the reason.
    #[error("the peer has no cipher suite in common with us, or knows no signature for it")]
    CipherSuites,
    /// Every key exchange of ours is by an elliptic curve.
    #[error("the peer has no key exchange group in common with us")]
    Groups,
    /// The peer offers no algorithm by which the key of any certificate here signs.
    #[error("the peer has no signature algorithm in common with us")]
    Signatures,
    /// Neither TLS 1.2, as far as we support it, nor 1.3.
    #[error("the peer speaks neither TLS 1.3 nor TLS 1.2 with signature algorithms")]
    Versions,
}

impl Incompatible {
    /// Why a handshake failed, if it was one of these.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// Whether a certificate with another kind of key might have helped.
    pub fn is_about_keys(self) -> bool {
        matches!(self, Self::CipherSuites | Self::Signatures)
    }
}

/// What broke a connection, as an error of its transport: always `InvalidData`.
pub(super) fn failure(error: Error) -> io::Error {
    let nothing_in_common = match &error {
        Error::PeerIncompatible(what) => match what {
            PeerIncompatible::NoCipherSuitesInCommon => Some(Incompatible::CipherSuites),
            PeerIncompatible::NamedGroupsExtensionRequired
            | PeerIncompatible::NoKxGroupsInCommon => Some(Incompatible::Groups),
            PeerIncompatible::NoSignatureSchemesInCommon => Some(Incompatible::Signatures),
            // Before TLS 1.2 there was no such extension.
            PeerIncompatible::SignatureAlgorithmsExtensionRequired
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled => Some(Incompatible::Versions),
            _ => None,
        },
        _ => None,
    };
    match nothing_in_common {
        Some(what) => io::Error::new(ErrorKind::InvalidData, what),
        None => io::Error::new(ErrorKind::InvalidData, error),
    }
}
