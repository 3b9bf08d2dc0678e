//! A session: all that the server keeps for one connection, and the one `match` that decides by its protocol.
//!
//! Each protocol is one file with a type that implements [`Protocol`]. To add one: its file, its name in `kind.rs`, and
//! here a variant and a line in each of the two lists below, which the compiler asks for (CONTRIBUTING.md, "How to add a
//! protocol"). Nothing else in the server matches on protocols.
//!
//! Invariant: the client's kind is that of the protocol. Its size counts: each idle client pays for one.

use super::{
    client::Client,
    current::Current,
    detect::Detecting,
    echo::Echo,
    http::HttpConnection,
    irc::IrcConnection,
    kind::ProtocolKind,
    metrics::Scraper,
    protocol::Protocol,
    proxied::ProxyHeader,
    refused::Refused,
    telnet::TelnetConnection,
    timers::{self, Due},
    websocket::WebSocketConnection,
};
use crate::{net::Tick, server::settings::Settings};

/// The protocol of a connection with its state.
#[derive(Debug)]
#[allow(missing_docs)] // The types say it.
pub(crate) enum ProtocolState {
    Detecting(Detecting),
    Telnet(TelnetConnection),
    Irc(IrcConnection),
    Http(HttpConnection),
    WebSocket(WebSocketConnection),
    Metrics(Scraper),
    Echo(Echo),
    ProxyHeader(ProxyHeader),
    Refused(Refused),
}

/// The one `match`: uses the state of any protocol.
macro_rules! with_state {
    ($protocol:expr, $state:ident => $action:expr) => {
        match $protocol {
            ProtocolState::Detecting($state) => $action,
            ProtocolState::Telnet($state) => $action,
            ProtocolState::Irc($state) => $action,
            ProtocolState::Http($state) => $action,
            ProtocolState::WebSocket($state) => $action,
            ProtocolState::Metrics($state) => $action,
            ProtocolState::Echo($state) => $action,
            ProtocolState::ProxyHeader($state) => $action,
            ProtocolState::Refused($state) => $action,
        }
    };
}

impl ProtocolState {
    /// The state with which a protocol begins.
    pub(crate) fn new(kind: ProtocolKind) -> Self {
        match kind {
            ProtocolKind::Any => Self::Detecting(Detecting::default()),
            ProtocolKind::Telnet => Self::Telnet(TelnetConnection::default()),
            ProtocolKind::Irc => Self::Irc(IrcConnection::default()),
            ProtocolKind::Http => Self::Http(HttpConnection::default()),
            ProtocolKind::WebSocket(kind) => Self::WebSocket(WebSocketConnection::new(kind)),
            ProtocolKind::Metrics => Self::Metrics(Scraper::default()),
            ProtocolKind::Echo => Self::Echo(Echo),
            ProtocolKind::ProxyHeader => Self::ProxyHeader(ProxyHeader),
            ProtocolKind::Refused => Self::Refused(Refused),
        }
    }

    /// The protocol, to be used.
    pub(crate) fn as_mut(&mut self) -> &mut dyn Protocol {
        with_state!(self, state => state)
    }

    /// The protocol, to be read.
    pub(crate) fn as_ref(&self) -> &dyn Protocol {
        with_state!(self, state => state)
    }

    /// Bytes of memory outside of the record. Asked after each read and flush, so without a detour.
    pub(crate) fn memory(&self) -> usize {
        with_state!(self, state => state.memory())
    }
}

/// One connection as the server sees it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) protocol: ProtocolState,
    pub(crate) client: Client,
}

impl Session {
    /// The session of a new client, with the protocol of its kind.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            protocol: ProtocolState::new(client.kind),
            client,
        }
    }
}

/// The next deadline of a session if its client stays silent.
pub(crate) fn next_due(
    protocol: &ProtocolState,
    client: &Client,
    settings: &Settings,
) -> Option<(Tick, Due)> {
    // A proxy's header comes before the handshake.
    let before_tls = [ProtocolKind::Refused, ProtocolKind::ProxyHeader];
    if !client.can_read() && !before_tls.contains(&client.kind) {
        return Some(timers::registration(client, settings, Due::NoHandshake));
    }
    protocol.as_ref().next_due(client, settings)
}

/// Sets the loop's timer for the next deadline of a session.
pub(crate) fn arm(protocol: &ProtocolState, at: &mut Current<'_>) {
    let settings = &at.shared.settings;
    let due = next_due(protocol, at.client, settings).map_or(Tick::NEVER, |(due, _)| due);
    let early = protocol
        .as_ref()
        .next_early(at.client, settings, at.net.now());
    at.net.set_deadline(at.id, due.min(early));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::UserId,
        config::Config,
        server::connections::client::{Ping, Security},
    };
    use std::{net::SocketAddr, time::Duration};

    fn irc(now: Tick) -> Session {
        let peer: SocketAddr = "192.0.2.1:7".parse().unwrap();
        Session::new(Client::new(ProtocolKind::Irc, Security::Plain, peer, now))
    }

    fn due(session: &Session, settings: &Settings) -> Option<(Tick, Due)> {
        next_due(&session.protocol, &session.client, settings)
    }

    #[test]
    fn a_session_stays_small() {
        // An idle client pays for it: the budget for all of one is 400 bytes (benches/README.md).
        let size = size_of::<Option<Session>>();
        assert!(size <= 72, "{size}");
    }

    #[test]
    fn the_time_to_answer_counts_from_the_ping() {
        let settings = Settings::new(&Config::default());
        let mut session = irc(Tick(0));
        session.client.set_user(UserId {
            slot: 0,
            generation: std::num::NonZeroU32::MIN,
        });
        let (at, what) = due(&session, &settings).unwrap();
        assert_eq!((at, what), (Tick(0).after(settings.ping), Due::Ping));
        // However late the ping is.
        let asked = at.after(settings.ping * 3);
        (session.client.ping, session.client.last_activity) = (Ping::Outstanding, asked);
        let ends = (asked.after(settings.ping), Due::PingTimeout);
        assert_eq!(due(&session, &settings), Some(ends));
    }

    #[test]
    fn deadlines_before_a_name_are_kept_to_a_quarter_second() {
        let config = |span| {
            let mut config = Config::default();
            config.limits.registration = span;
            config.limits.ping = span;
            config
        };
        for seconds in [2, 30] {
            let span = Duration::from_secs(seconds);
            let settings = Settings::new(&config(span));
            for began in [0, 1, 249, 250, 251, 999, 1000, 1001] {
                let began = Tick(began);
                let (at, what) = due(&irc(began), &settings).unwrap();
                assert_eq!(what, Due::NoName);
                let late = began.after(span).until(at);
                assert!(at >= began.after(span), "{began:?}: {at:?}");
                assert!(
                    late < Duration::from_millis(timers::FINE_GRID),
                    "{began:?}: {at:?}"
                );
            }
        }
    }
}
