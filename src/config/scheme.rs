//! The protocols of listeners.
//!
//! A new scheme is a variant, an entry in `Scheme::ALL`, and an arm of each method; help texts and messages follow.
//! Does not know how a protocol works.

use std::str::FromStr;

use super::error::{Invalid, Listing, suggest};

/// The port of `any://` and `telnet://`.
pub const DEFAULT_PORT: u16 = 7777;

/// The protocol of a listener.
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
    /// `https`: the same over TLS.
    Https,
    /// `irc`: IRC.
    Irc,
    /// `ircs`: the same over TLS.
    Ircs,
    /// `metrics`: OpenMetrics by HTTP, for Prometheus and similar tools.
    Metrics,
    /// `telnet`: lines that people type and read.
    Telnet,
}

/// The transport of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Streams of bytes.
    Tcp,
    /// Datagrams.
    Udp,
    /// Streams of bytes within this machine.
    Unix,
}

impl Scheme {
    /// Every scheme, in the order in which help and messages list them.
    const ALL: [Self; 9] = [
        Self::Any,
        Self::Telnet,
        Self::Irc,
        Self::Ircs,
        Self::Http,
        Self::Https,
        Self::Echo,
        Self::EchoUdp,
        Self::Metrics,
    ];

    /// The text before `://`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Echo => "echo",
            Self::EchoUdp => "echo+udp",
            Self::Http => "http",
            Self::Https => "https",
            Self::Irc => "irc",
            Self::Ircs => "ircs",
            Self::Metrics => "metrics",
            Self::Telnet => "telnet",
        }
    }

    /// The transport at an address with a port.
    pub fn transport(self) -> Transport {
        match self {
            Self::EchoUdp => Transport::Udp,
            _ => Transport::Tcp,
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
            // Section 4.2.2.
            Self::Https => 443,
            // RFC 7194 section 2.1: the port in common use for IRC in plain text.
            Self::Irc => 6667,
            // RFC 7194 section 2.2: the port assigned for IRC over TLS.
            Self::Ircs => 6697,
            // The port of OpenTelemetry's exporter for Prometheus, from Prometheus' list of exporters' ports.
            Self::Metrics => 9464,
        }
    }

    /// Whether connections must begin with TLS.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Ircs)
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
