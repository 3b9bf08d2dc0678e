//! The server to measure: a protocol and an address. The command line parses and resolves it; here it is a plain
//! value.

use std::{fmt, net::SocketAddr, str::FromStr};

/// The protocol that is spoken with the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// IRC over TCP.
    Irc,
    /// IRC over TLS.
    Ircs,
    /// madang's `telnet://`: lines over TCP.
    Telnet,
    /// RFC 862 over TCP: every byte comes back.
    Echo,
    /// RFC 862 over UDP: every datagram comes back.
    EchoUdp,
    /// IRC over WebSocket (IRCv3 `websocket`).
    Ws,
    /// The same over TLS.
    Wss,
}

/// All protocols, by the scheme of their URLs.
const SCHEMES: &[(&str, Protocol)] = &[
    ("irc", Protocol::Irc),
    ("ircs", Protocol::Ircs),
    ("telnet", Protocol::Telnet),
    ("ws", Protocol::Ws),
    ("wss", Protocol::Wss),
    ("echo", Protocol::Echo),
    ("echo+udp", Protocol::EchoUdp),
];

impl Protocol {
    /// Whether it has users and rooms.
    pub fn is_chat(self) -> bool {
        !matches!(self, Self::Echo | Self::EchoUdp)
    }

    /// Whether it is IRC, however it is transported.
    pub(super) fn is_irc(self) -> bool {
        self.is_chat() && self != Self::Telnet
    }

    /// Whether it uses datagrams and has no connections.
    pub(super) fn is_datagrams(self) -> bool {
        self == Self::EchoUdp
    }

    /// Whether lines are transported in frames of a WebSocket.
    pub(super) fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// Whether it runs over TLS.
    pub(super) fn is_tls(self) -> bool {
        matches!(self, Self::Ircs | Self::Wss)
    }

    /// The default port of its servers.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Irc => 6667,
            Self::Telnet => 7777,
            Self::Echo | Self::EchoUdp => 7,
            Self::Ircs => 6697,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// All schemes, for errors and help texts: `irc://, telnet://`.
    pub fn list() -> String {
        let schemes: Vec<String> = SCHEMES.iter().map(|(s, _)| format!("{s}://")).collect();
        schemes.join(", ")
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = SCHEMES.iter().find(|(_, protocol)| protocol == self);
        f.write_str(named.map_or("", |(scheme, _)| scheme))
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(scheme: &str) -> Result<Self, String> {
        let mut schemes = SCHEMES.iter();
        let found = schemes.find(|(name, _)| name.eq_ignore_ascii_case(scheme));
        found.map(|(_, protocol)| *protocol).ok_or_else(|| {
            format!(
                "{scheme:?} is no scheme of a target; there are {}",
                Self::list()
            )
        })
    }
}

/// How much of a protocol clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMode {
    /// They only hold their connection.
    ConnectOnly,
    /// They register, and join a room if they have one.
    Register,
}

/// The server to measure.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its protocol.
    pub protocol: Protocol,
    /// Host and port as they were given.
    pub authority: String,
    /// Its address.
    pub address: SocketAddr,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.protocol, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_that_are_shown_can_be_parsed() {
        for (scheme, protocol) in SCHEMES {
            assert_eq!(scheme.parse(), Ok(*protocol));
            assert_eq!(scheme.to_uppercase().parse(), Ok(*protocol));
            assert_eq!(protocol.to_string(), *scheme);
        }
        let complaint = "gopher".parse::<Protocol>().unwrap_err();
        assert!(complaint.contains("irc://"), "{complaint}");
    }
}
