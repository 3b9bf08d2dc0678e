//! The kinds of protocols: the properties of a connection's protocol that need no state.
//!
//! Knows no state and no bytes; those are in the file of each protocol.

use crate::protocol::web::websocket::Kind;

/// The protocol of a connection, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Most names need no explanation.
pub(crate) enum ProtocolKind {
    /// An `any://` connection whose first bytes have not decided yet.
    Any,
    Telnet,
    Irc,
    Http,
    /// IRC over WebSocket, in messages of one kind.
    WebSocket(Kind),
    /// Requests at a metrics listener.
    Metrics,
    /// The connection is a proxy's, whose header has not come yet.
    ProxyHeader,
    Echo,
    /// The connection was refused when it came; nothing is read from it.
    Refused,
}

impl ProtocolKind {
    /// Its name in the log and in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "undecided",
            Self::Telnet => "telnet",
            Self::Irc => "irc",
            Self::Http => "http",
            Self::WebSocket(_) => "websocket",
            Self::Metrics => "metrics",
            Self::ProxyHeader => "proxy",
            Self::Echo => "echo",
            Self::Refused => "none",
        }
    }

    /// Whether a user may come in on such a connection.
    pub(crate) fn is_chat(self) -> bool {
        match self {
            Self::Any | Self::Telnet | Self::Irc | Self::WebSocket(_) => true,
            Self::Http | Self::Metrics | Self::ProxyHeader | Self::Echo | Self::Refused => false,
        }
    }

    /// Whether the connection carries HTTP requests.
    pub(crate) fn is_requests(self) -> bool {
        matches!(self, Self::Http | Self::Metrics)
    }

    /// Whether its input is lines, messages or requests, of which each is charged; else it is mere bytes.
    pub(crate) fn has_units(self) -> bool {
        !matches!(self, Self::Echo | Self::ProxyHeader | Self::Refused)
    }

    /// Whether its clients pay for the work that they cause. Echo causes none beside its bytes, metrics must stay in reach
    /// when the server is short of time, and a proxy does not pay for its clients.
    pub(crate) fn is_charged(self) -> bool {
        !matches!(self, Self::Echo | Self::Metrics | Self::ProxyHeader)
    }
}
