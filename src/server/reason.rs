//! Why connections end: one reason for each end, with a code that stays what it is.
//!
//! The code stands in the log and in the metrics; the words are told to the peer, and to those who knew them, where
//! the protocol allows. Whoever ends a connection says why through [`Court::note_end`], and the first reason counts:
//! what comes after it (the peer's own close, a drain that took too long) is a consequence.
//!
//! A new reason is a variant and a row of the table. Invariant: the rows stand in the order of the variants. Does not
//! know how connections are ended.

use super::{court::Court, session::Session};
use crate::net::{ConnId, Loss, Poller};
use std::{
    fmt::Display,
    io::{self, ErrorKind},
};
use tracing::field::display;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Reason {
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
    OutOfDescriptors,
    OverCeiling,
    PeerClosed,
    PingTimeout,
    PlainOnTls,
    RegistrationTimeout,
    RequestTimeout,
    Reset,
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

/// How much an operator wants to hear of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// It is everyday life, or comes by the thousand: level debug.
    Ordinary,
    /// We sent someone away who would have stayed: level info.
    Decided,
}

use Weight::{Decided, Ordinary};

/// What is known of a reason.
struct Row {
    reason: Reason,
    /// Its name in the log and in the metrics.
    code: &'static str,
    weight: Weight,
    /// What the peer is told where lines are for people; nothing if there is nothing to say, or others have the words.
    told: &'static str,
    /// What IRC's ERROR says, and what those who knew the person are told.
    quit: &'static str,
}

const fn row(
    reason: Reason,
    code: &'static str,
    weight: Weight,
    told: &'static str,
    quit: &'static str,
) -> Row {
    Row {
        reason,
        code,
        weight,
        told,
        quit,
    }
}

/// All reasons.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(Reason::BadPassword, "bad_password", Decided,
        "that is not the password; good-bye", "Bad password"),
    row(Reason::Banned, "banned", Decided, "", "Banned"),
    row(Reason::ClientQuit, "client_quit", Ordinary, "", "Quit"),
    row(Reason::HttpDone, "http_done", Ordinary, "", "connection closed"),
    row(Reason::HttpIdle, "http_idle", Ordinary, "", "connection closed"),
    row(Reason::HttpNotHere, "http_not_here", Decided,
        "HTTP is not spoken at this port; good-bye", "HTTP is not spoken at this port"),
    row(Reason::HttpRefused, "http_refused", Ordinary, "", "connection closed"),
    row(Reason::InputTooLong, "input_too_long", Decided, "", "too much unfinished input"),
    row(Reason::IoError, "io_error", Ordinary, "", "connection lost"),
    row(Reason::KeepaliveTimeout, "keepalive_timeout", Ordinary, "", "Ping timeout"),
    row(Reason::Killed, "killed", Decided, "", "Killed"),
    row(Reason::OutOfDescriptors, "out_of_descriptors", Ordinary, FULL, "No more connections allowed"),
    row(Reason::OverCeiling, "over_ceiling", Decided, "", "SendQ exceeded"),
    row(Reason::PeerClosed, "peer_closed", Ordinary, "", "connection closed"),
    row(Reason::PingTimeout, "ping_timeout", Ordinary, "no sign of life; good-bye", "Ping timeout"),
    row(Reason::PlainOnTls, "plain_on_tls", Decided, "",
        "This port is for TLS (encrypted connections) only"),
    row(Reason::RegistrationTimeout, "registration_timeout", Ordinary,
        "you gave no name in time; good-bye", "Registration timeout"),
    row(Reason::RequestTimeout, "request_timeout", Ordinary, "", "connection closed"),
    row(Reason::Reset, "reset", Ordinary, "", "connection lost"),
    row(Reason::SecondSignal, "second_signal", Ordinary, "", "connection lost"),
    row(Reason::SendqExceeded, "sendq_exceeded", Decided,
        "you read too slowly; good-bye (SendQ exceeded)", "SendQ exceeded"),
    row(Reason::ServerFull, "server_full", Ordinary, FULL, "No more connections allowed"),
    row(Reason::Shutdown, "shutdown", Ordinary, "", "shutting down"),
    row(Reason::TlsFailed, "tls_failed", Decided, "", "TLS error"),
    row(Reason::TlsInTls, "tls_in_tls", Decided, "", "TLS error"),
    row(Reason::TlsOnPlain, "tls_on_plain", Decided, "", "TLS is not spoken at this port"),
    row(Reason::TlsTimeout, "tls_timeout", Ordinary, "", "Registration timeout"),
    row(Reason::TooManyFromAddress, "too_many_from_address", Ordinary,
        "too many connections from your address ([limits] clients_per_address of this server)",
        "Too many connections from your address ([limits] clients_per_address of this server)"),
    row(Reason::TooMuchBeforeName, "too_much_before_name", Decided,
        "you sent too much without giving a name; good-bye", "Too much was sent before a name was given"),
    row(Reason::TooSoon, "too_soon", Ordinary,
        "too many connections from your address, try again later ([limits] connections_per_minute of this server)",
        "Too many connections from your address, try again later ([limits] connections_per_minute of this server)"),
    row(Reason::WebsocketFault, "websocket_fault", Decided, "", "WebSocket protocol error"),
];

const FULL: &str = "the server is full, try again later";

impl Reason {
    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its name in the log and in the metrics. Operators' alarms rest on it: it never changes.
    pub(super) fn code(self) -> &'static str {
        self.row().code
    }

    /// What the peer is told where lines are for people.
    pub(super) fn told(self) -> &'static str {
        self.row().told
    }

    /// What IRC's ERROR says, and what those who knew the person are told, unless there is something better to say.
    pub(super) fn quit(self) -> &'static str {
        self.row().quit
    }
}

impl From<&Loss> for Reason {
    fn from(loss: &Loss) -> Self {
        match loss {
            Loss::Io(error) => error.into(),
            Loss::InputTooLong => Self::InputTooLong,
            Loss::OverCeiling => Self::OverCeiling,
        }
    }
}

impl From<&io::Error> for Reason {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut => Self::KeepaliveTimeout,
            // To write to someone who has gone says the latter.
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Reset,
            // No socket says these: what came was no TLS, or was cut in the middle.
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::TlsFailed,
            _ => Self::IoError,
        }
    }
}

/// How many connections ended for which reason.
#[derive(Clone, Debug)]
pub(super) struct Closes([u64; TABLE.len()]);

impl Default for Closes {
    fn default() -> Self {
        Self([0; TABLE.len()])
    }
}

impl Closes {
    fn count(&mut self, reason: Reason) {
        self.0[reason as usize] += 1;
    }

    /// How many ended for each reason, in the order of the table.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        let reasons = TABLE.iter().map(|row| row.reason);
        reasons.zip(self.0)
    }
}

impl Court {
    /// Notes that a connection ends, and why: counts and logs it once, however many things end it. To be called
    /// before the last words are queued, for the log tells how much waited for the peer. `detail` is what the system
    /// or a library said.
    pub(super) fn note_end(
        &mut self,
        net: &Poller,
        id: ConnId,
        reason: Reason,
        detail: Option<&dyn Display>,
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.ended_for.is_some() {
            return;
        }
        session.ended_for = Some(reason);
        self.closes.count(reason);
        log(net, id, session, reason, detail);
    }
}

fn log(net: &Poller, id: ConnId, session: &Session, reason: Reason, detail: Option<&dyn Display>) {
    let (peer, protocol) = (session.peer, session.protocol.name());
    let (queued, age_s) = (net.queued(id), session.age_s(net.now()));
    let (code, detail) = (reason.code(), detail.map(display));
    match reason.row().weight {
        Ordinary => {
            tracing::debug!(%peer, %protocol, reason = %code, queued, age_s, detail, "closed");
        }
        Decided => {
            tracing::info!(%peer, %protocol, reason = %code, queued, age_s, detail, "closed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_rows_stand_in_the_order_of_the_variants() {
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
    fn what_the_system_says_has_a_reason() {
        let of = |kind: ErrorKind| Reason::from(&Loss::Io(kind.into()));
        assert_eq!(of(ErrorKind::TimedOut), Reason::KeepaliveTimeout);
        assert_eq!(of(ErrorKind::BrokenPipe), Reason::Reset);
        assert_eq!(of(ErrorKind::ConnectionReset), Reason::Reset);
        assert_eq!(of(ErrorKind::InvalidData), Reason::TlsFailed);
        assert_eq!(of(ErrorKind::HostUnreachable), Reason::IoError);
    }
}
