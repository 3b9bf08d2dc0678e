//! What can be spoken at a listener.
//!
//! A new scheme is a variant, its place in `Scheme::ALL`, and an arm of each method; help texts and messages follow. Does not
//! know how a protocol works.

use std::str::FromStr;

use super::{
    Invalid,
    error::{Listing, suggest},
};

/// The port of the courtyard.
pub const DEFAULT_PORT: u16 = 7777;

/// What is spoken at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `any`: the first bytes choose the protocol.
    Any,
    /// `echo`: RFC 862 over TCP.
    Echo,
    /// `echo+udp`: RFC 862 over UDP.
    EchoUdp,
    /// `http`: the page, and IRC over WebSocket.
    Http,
    /// `irc`: IRC as today's clients speak it.
    Irc,
    /// `telnet`: lines for people.
    Telnet,
}

/// What carries a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Scheme {
    /// Every scheme, in the order in which help and messages list them.
    const ALL: [Self; 6] = [
        Self::Any,
        Self::Telnet,
        Self::Irc,
        Self::Http,
        Self::Echo,
        Self::EchoUdp,
    ];

    /// As written before `://`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Echo => "echo",
            Self::EchoUdp => "echo+udp",
            Self::Http => "http",
            Self::Irc => "irc",
            Self::Telnet => "telnet",
        }
    }

    /// What carries it.
    pub fn transport(self) -> Transport {
        match self {
            Self::Any | Self::Echo | Self::Http | Self::Irc | Self::Telnet => Transport::Tcp,
            Self::EchoUdp => Transport::Udp,
        }
    }

    /// The port if a URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Any | Self::Telnet => DEFAULT_PORT,
            // Assigned by RFC 862.
            Self::Echo | Self::EchoUdp => 7,
            // RFC 9110 section 4.2.1.
            Self::Http => 80,
            // RFC 7194 section 2.1: what everyone uses for IRC in plain text.
            Self::Irc => 6667,
        }
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|scheme| scheme.name())
    }
}

impl FromStr for Scheme {
    type Err = Invalid;

    /// Reads a name; its case does not count (RFC 3986 section 3.1).
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL
            .into_iter()
            .find(|scheme| scheme.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let remedy = suggest(text, Self::names(), Listing::Always);
            Invalid::new(format!("unknown scheme {text:?}; {remedy}"))
        })
    }
}
