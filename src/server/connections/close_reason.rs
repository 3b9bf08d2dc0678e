//! Why connections end: one reason for each end, with a code that never changes.
//!
//! The code is in the log and in the metrics; the texts are sent to the client and to other users, where the protocol
//! allows. The first reason counts (`close.rs`): what follows (the peer's own close, a drain that took too long) is a
//! consequence.
//!
//! A new reason is a variant and a row of the table. Invariant: the rows have the order of the variants. Does not know how
//! connections are closed.

use crate::net::Loss;
use std::io::{self, ErrorKind};

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum CloseReason {
    BadPassword,
    Banned,
    ClientQuit,
    HttpDone,
    HttpIdle,
    HttpNotHere,
    HttpRefused,
    InputTooLong,
    IoError,
    KeepaliveTimeout,
    Killed,
    LoggedOut,
    OutOfDescriptors,
    OverCeiling,
    PeerClosed,
    PingTimeout,
    PlainOnTls,
    ProxyHeader,
    RegistrationTimeout,
    RequestTimeout,
    Reset,
    Resumed,
    SecondSignal,
    SendqExceeded,
    ServerFull,
    Shutdown,
    TlsFailed,
    TlsInTls,
    TlsOnPlain,
    TlsTimeout,
    TooManyFromAddress,
    TooMuchBeforeName,
    TooSoon,
    WebsocketFault,
}

/// How much an end concerns an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It happens every day, or a thousand times at once: level debug.
    Ordinary,
    /// The server closed a connection that would have stayed: level info.
    Decided,
}

use Weight::{Decided, Ordinary};

/// The codes and texts of a reason.
struct Row {
    reason: CloseReason,
    /// Its name in the log and in the metrics.
    code: &'static str,
    weight: Weight,
    /// The text for a client that reads lines at a terminal; empty if there is none, or if another part of the server has a
    /// better one.
    peer_text: &'static str,
    /// The text of IRC's ERROR, and the quit message for the other users.
    quit_message: &'static str,
}

const fn row(
    reason: CloseReason,
    code: &'static str,
    weight: Weight,
    peer_text: &'static str,
    quit_message: &'static str,
) -> Row {
    Row {
        reason,
        code,
        weight,
        peer_text,
        quit_message,
    }
}

/// All reasons.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(CloseReason::BadPassword, "bad_password", Decided,
        "that is not the password; good-bye", "Bad password"),
    row(CloseReason::Banned, "banned", Decided, "", "Banned"),
    row(CloseReason::ClientQuit, "client_quit", Ordinary, "", "Quit"),
    row(CloseReason::HttpDone, "http_done", Ordinary, "", "connection closed"),
    row(CloseReason::HttpIdle, "http_idle", Ordinary, "", "connection closed"),
    row(CloseReason::HttpNotHere, "http_not_here", Decided,
        "HTTP is not spoken at this port; good-bye", "HTTP is not spoken at this port"),
    row(CloseReason::HttpRefused, "http_refused", Ordinary, "", "connection closed"),
    row(CloseReason::InputTooLong, "input_too_long", Decided, "", "too much unfinished input"),
    row(CloseReason::IoError, "io_error", Ordinary, "", "connection lost"),
    row(CloseReason::KeepaliveTimeout, "keepalive_timeout", Ordinary, "", "Ping timeout"),
    row(CloseReason::Killed, "killed", Decided, "", "Killed"),
    row(CloseReason::LoggedOut, "logged_out", Ordinary, "", "logged out by another connection"),
    row(CloseReason::OutOfDescriptors, "out_of_descriptors", Ordinary, FULL, "No more connections allowed"),
    row(CloseReason::OverCeiling, "over_ceiling", Decided, "", "SendQ exceeded"),
    row(CloseReason::PeerClosed, "peer_closed", Ordinary, "", "connection closed"),
    row(CloseReason::PingTimeout, "ping_timeout", Ordinary, "no sign of life; good-bye", "Ping timeout"),
    row(CloseReason::PlainOnTls, "plain_on_tls", Decided, "",
        "This port is for TLS (encrypted connections) only"),
    row(CloseReason::ProxyHeader, "proxy_header", Decided, "", "connection closed"),
    row(CloseReason::RegistrationTimeout, "registration_timeout", Ordinary,
        "you gave no name in time; good-bye", "Registration timeout"),
    row(CloseReason::RequestTimeout, "request_timeout", Ordinary, "", "connection closed"),
    row(CloseReason::Reset, "reset", Ordinary, "", "connection lost"),
    row(CloseReason::Resumed, "resumed", Ordinary, "", "resumed by another connection"),
    row(CloseReason::SecondSignal, "second_signal", Ordinary, "", "connection lost"),
    row(CloseReason::SendqExceeded, "sendq_exceeded", Decided,
        "you read too slowly; good-bye (SendQ exceeded)", "SendQ exceeded"),
    row(CloseReason::ServerFull, "server_full", Ordinary, FULL, "No more connections allowed"),
    row(CloseReason::Shutdown, "shutdown", Ordinary, "", "shutting down"),
    row(CloseReason::TlsFailed, "tls_failed", Decided, "", "TLS error"),
    row(CloseReason::TlsInTls, "tls_in_tls", Decided, "", "TLS error"),
    row(CloseReason::TlsOnPlain, "tls_on_plain", Decided, "", "TLS is not spoken at this port"),
    row(CloseReason::TlsTimeout, "tls_timeout", Ordinary, "", "Registration timeout"),
    row(CloseReason::TooManyFromAddress, "too_many_from_address", Ordinary,
        "too many connections from your address ([limits] clients_per_address of this server)",
        "Too many connections from your address ([limits] clients_per_address of this server)"),
    row(CloseReason::TooMuchBeforeName, "too_much_before_name", Decided,
        "you sent too much without giving a name; good-bye", "Too much was sent before a name was given"),
    row(CloseReason::TooSoon, "too_soon", Ordinary,
        "too many connections from your address, try again later ([limits] connections_per_minute of this server)",
        "Too many connections from your address, try again later ([limits] connections_per_minute of this server)"),
    row(CloseReason::WebsocketFault, "websocket_fault", Decided, "", "WebSocket protocol error"),
];

const FULL: &str = "the server is full, try again later";

impl CloseReason {
    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its name in the log and in the metrics. Operators' alerts rely on it: it never changes.
    pub(crate) fn code(self) -> &'static str {
        self.row().code
    }

    /// How much it concerns an operator.
    pub(crate) fn weight(self) -> Weight {
        self.row().weight
    }

    /// The text for a client that reads lines at a terminal.
    pub(crate) fn peer_text(self) -> &'static str {
        self.row().peer_text
    }

    /// The text of IRC's ERROR, and the quit message for the other users, unless there is a better one.
    pub(crate) fn quit_message(self) -> &'static str {
        self.row().quit_message
    }
}

impl From<&Loss> for CloseReason {
    fn from(loss: &Loss) -> Self {
        match loss {
            Loss::Io(error) => error.into(),
            Loss::InputTooLong => Self::InputTooLong,
            Loss::OverCeiling => Self::OverCeiling,
        }
    }
}

impl From<&io::Error> for CloseReason {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut => Self::KeepaliveTimeout,
            // A write to a closed peer gives the latter.
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Reset,
            // Sockets never return these; they come from the TLS layer (no TLS, or a stream cut in the middle).
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::TlsFailed,
            _ => Self::IoError,
        }
    }
}

/// How many connections ended for which reason.
#[derive(Clone, Debug)]
pub(crate) struct CloseCounts([u64; TABLE.len()]);

impl Default for CloseCounts {
    fn default() -> Self {
        Self([0; TABLE.len()])
    }
}

impl CloseCounts {
    pub(crate) fn count(&mut self, reason: CloseReason) {
        self.0[reason as usize] += 1;
    }

    /// How many ended for each reason, in the order of the table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (CloseReason, u64)> {
        let reasons = TABLE.iter().map(|row| row.reason);
        reasons.zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_rows_have_the_order_of_the_variants() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.reason as usize, index, "{:?}", row.reason);
        }
    }

    #[test]
    fn codes_are_labels_and_no_two_are_the_same() {
        let codes: BTreeSet<_> = TABLE.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), TABLE.len());
        for code in codes {
            assert!(
                code.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()),
                "{code}"
            );
        }
    }

    #[test]
    fn errors_of_the_system_have_reasons() {
        let of = |kind: ErrorKind| CloseReason::from(&Loss::Io(kind.into()));
        assert_eq!(of(ErrorKind::TimedOut), CloseReason::KeepaliveTimeout);
        assert_eq!(of(ErrorKind::BrokenPipe), CloseReason::Reset);
        assert_eq!(of(ErrorKind::ConnectionReset), CloseReason::Reset);
        assert_eq!(of(ErrorKind::InvalidData), CloseReason::TlsFailed);
        assert_eq!(of(ErrorKind::HostUnreachable), CloseReason::IoError);
    }
}
