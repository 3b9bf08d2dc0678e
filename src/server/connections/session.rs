//! Who sits behind each connection: the protocol spoken there, the person, the flood allowance, the deadlines.
//!
//! Each record belongs to one connection; the table of all is in `sessions`. Does not know how bytes move.

use crate::server::limits::rate::{Allowance, Rate};
use crate::server::{
    connections::close_reason::CloseReason,
    connections::web::{HttpConnection, REQUESTS, Socket},
    settings::Settings,
};
use crate::{
    chat::UserId,
    net::Tick,
    protocol::{detect, flavour::Flavour, irc::Irc, telnet::Telnet},
};
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// Deadlines of those who are in fall due on whole seconds, so that those of thousands wake the loop once
/// (milliseconds).
const GRID: u64 = 1000;

/// Deadlines of those who are not in yet fall due on this finer grid, and the short ones of others: a second more would be
/// half as long again for a `registration` of two (milliseconds).
const FINE_GRID: u64 = 250;

/// What is spoken on a connection.
#[derive(Debug)]
pub(crate) enum Protocol {
    /// `any://`: the first bytes will tell; after some silence the caller has been greeted as telnet. Who has begun to
    /// speak is not silent.
    Undecided { greeted: bool, begun: bool },
    /// Lines for people.
    Telnet(Telnet),
    /// IRC.
    Irc(Irc),
    /// Every byte comes back.
    Echo,
    /// Requests, one after the other.
    Http(HttpConnection),
    /// IRC over WebSocket. In a box: it is larger than the others.
    Web(Box<Socket>),
    /// There was no room: a word, and good-bye.
    TurnedAway,
}

/// How far a connection's encryption is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// There is none; by the first bytes the caller may still begin it, where that is offered.
    Plain,
    /// The caller has to begin it, and has not said anything yet.
    Awaited,
    /// The handshake is going on.
    Handshake,
    /// All is encrypted.
    Secure,
}

impl Protocol {
    /// Its name in the log and in the metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Undecided { .. } => "undecided",
            Self::Telnet(_) => "telnet",
            Self::Irc(_) => "irc",
            Self::Echo => "echo",
            Self::Http(visit) if visit.is_scraper() => "metrics",
            Self::Http(_) => "http",
            Self::Web(_) => "websocket",
            Self::TurnedAway => "none",
        }
    }

    /// Bytes of memory outside of the record.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Telnet(telnet) => telnet.memory(),
            Self::Irc(irc) => irc.memory(),
            Self::Web(socket) => size_of::<Socket>() + socket.memory(),
            Self::Undecided { .. } | Self::Echo | Self::Http(_) | Self::TurnedAway => 0,
        }
    }
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

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        SocketAddr::new(self.ip(), self.port).fmt(f)
    }
}

/// One connection as the server sees it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) protocol: Protocol,
    pub(crate) user: Option<UserId>,
    pub(crate) allowance: Allowance,
    /// Before there is a person: when the connection was made. Afterwards: when something was last heard, or, if it was
    /// asked for a sign of life since, when that was: nobody is let go before they had the full time to answer.
    pub(crate) last_activity: Tick,
    /// Of the connection's id. It stands here, and not beside the record, because here is a gap for it.
    pub(crate) generation: u32,
    /// When the connection was made, in whole seconds of the loop's time: half the size of a tick.
    made_s: u32,
    pub(crate) peer: Peer,
    pub(crate) security: Security,
    /// Why the connection ends, once that is so.
    pub(crate) ended_for: Option<CloseReason>,
    /// Whether it counts among those for whom there is room.
    pub(crate) inside: bool,
    /// Whether a sign of life was asked for and none came yet.
    pub(crate) ping_outstanding: bool,
    /// Whether the peer's speech has ended while something was still being done for it.
    pub(crate) speech_ended: bool,
}

/// What an alarm means for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Silent long enough: greet as telnet.
    Greet,
    /// No handshake was done in time.
    NoHandshake,
    /// Nobody gave a name in time.
    NoName,
    /// Nothing was asked for, or nothing more.
    NoRequest,
    /// Ask for a sign of life.
    Probe,
    /// None came.
    PingTimeout,
    /// The rest of a request did not come in time.
    SlowRequest,
}

impl Due {
    /// Whether it is the end of the connection.
    pub(crate) fn ends(self) -> bool {
        !matches!(self, Self::Greet | Self::Probe)
    }
}

impl Session {
    pub(crate) fn new(protocol: Protocol, peer: SocketAddr, now: Tick) -> Self {
        Self {
            protocol,
            user: None,
            allowance: Allowance::default(),
            last_activity: now,
            generation: 0,
            made_s: seconds(now),
            peer: peer.into(),
            security: Security::Plain,
            ended_for: None,
            inside: false,
            ping_outstanding: false,
            speech_ended: false,
        }
    }

    /// Whether it has sent telnet's commands, for which each byte is looked at.
    pub(crate) fn negotiates(&self) -> bool {
        matches!(&self.protocol, Protocol::Telnet(telnet) if telnet.speaks_telnet())
    }

    /// Whether it came by a metrics listener.
    pub(crate) fn is_scraper(&self) -> bool {
        matches!(&self.protocol, Protocol::Http(visit) if visit.is_scraper())
    }

    /// How fast what it says is taken.
    pub(crate) fn rate(&self, settings: &Settings) -> Rate {
        match self.protocol {
            Protocol::Http(_) => REQUESTS,
            _ => settings.rate,
        }
    }

    /// How old the connection is, in seconds.
    pub(crate) fn age_s(&self, now: Tick) -> u32 {
        seconds(now).saturating_sub(self.made_s)
    }

    /// Whether a person may read what is sent here.
    pub(crate) fn is_chat(&self) -> bool {
        self.flavour().is_some()
    }

    /// In which form a person gets to read what is sent here, if there may be one.
    pub(crate) fn flavour(&self) -> Option<Flavour> {
        match &self.protocol {
            Protocol::Undecided { .. } | Protocol::Telnet(_) => Some(Flavour::Telnet),
            Protocol::Irc(irc) => Some(irc.flavour()),
            Protocol::Web(socket) => Some(socket.irc.flavour().in_messages(Some(socket.kind))),
            Protocol::Echo | Protocol::Http(_) | Protocol::TurnedAway => None,
        }
    }

    /// The IRC of this connection, whatever carries it.
    pub(crate) fn irc_mut(&mut self) -> Option<&mut Irc> {
        match &mut self.protocol {
            Protocol::Irc(irc) => Some(irc),
            Protocol::Web(socket) => Some(&mut socket.irc),
            _ => None,
        }
    }

    /// Whether words reach the peer that are sent now: not before a handshake is done.
    pub(crate) fn hears(&self) -> bool {
        matches!(self.security, Security::Plain | Security::Secure)
    }

    /// Whether something is being done for it that takes more than a moment.
    pub(crate) fn is_busy(&self) -> bool {
        match &self.protocol {
            Protocol::Irc(irc) => irc.is_busy(),
            Protocol::Web(socket) => socket.irc.is_busy(),
            _ => false,
        }
    }

    /// What comes next if the peer stays silent, and when.
    ///
    /// Nobody is sent away for being idle. A peer that speaks telnet can be asked whether it is there; one that does
    /// not is watched by TCP's own keep-alive, which wakes the kernel and not us.
    pub(crate) fn next_due(&self, settings: &Settings) -> Option<(Tick, Due)> {
        match (&self.protocol, self.user) {
            (Protocol::TurnedAway, _) => None,
            _ if !self.hears() => {
                let at = self.last_activity.after(settings.registration);
                Some((at.on_grid(FINE_GRID), Due::NoHandshake))
            }
            (
                Protocol::Undecided {
                    greeted: false,
                    begun: false,
                },
                _,
            ) => Some((self.last_activity.after(detect::SILENCE), Due::Greet)),
            (Protocol::Http(visit), _) => {
                let (patience, begun) = visit.patience(settings.registration);
                let due = if begun {
                    Due::SlowRequest
                } else {
                    Due::NoRequest
                };
                Some((self.last_activity.after(patience).on_grid(FINE_GRID), due))
            }
            (_, None) if self.is_chat() => {
                let at = self.last_activity.after(settings.registration);
                Some((at.on_grid(FINE_GRID), Due::NoName))
            }
            (Protocol::Telnet(telnet), Some(_)) if telnet.speaks_telnet() => {
                Some(self.next_sign_of_life(settings))
            }
            (Protocol::Irc(_) | Protocol::Web(_), Some(_)) => {
                Some(self.next_sign_of_life(settings))
            }
            _ => None,
        }
    }

    /// When a WebSocket that was pinged and has not answered is pinged again; `Tick::NEVER` for all others. The peer may
    /// be out of reach for a while, and until it is given up the proxy before it must keep the connection open.
    pub(crate) fn next_ping(&self, settings: &Settings, now: Tick) -> Tick {
        match self.protocol {
            Protocol::Web(_) if self.ping_outstanding => {
                now.after(settings.web_ping).on_grid(web_grid(settings))
            }
            _ => Tick::NEVER,
        }
    }

    fn next_sign_of_life(&self, settings: &Settings) -> (Tick, Due) {
        if self.ping_outstanding {
            let at = self.last_activity.after(settings.ping);
            return (at.on_grid(grid(settings.ping)), Due::PingTimeout);
        }
        let probe_at = match self.protocol {
            Protocol::Web(_) => self
                .last_activity
                .after(settings.web_ping)
                .on_grid(web_grid(settings)),
            _ => self
                .last_activity
                .after(settings.ping)
                .on_grid(grid(settings.ping)),
        };
        (probe_at, Due::Probe)
    }
}

/// The grid for a span, in milliseconds: an eighth of it, and no more than a second.
fn grid(span: Duration) -> u64 {
    let eighth = u64::try_from(span.as_millis() / 8).unwrap_or(GRID);
    eighth.clamp(FINE_GRID, GRID)
}

/// The grid of pings to WebSockets, in milliseconds: a sixth of the silence, 5 s for the default of 30 s. These pings
/// come four times as often as others. Ten thousand idle connections then cost at most one wake-up in 5 s to send
/// them, and nobody is silent for more than 35 s, which a proxy that waits for 60 s does not mind. A host who sets a
/// short silence has a proxy that waits no longer, so the grid has no lower limit of its own.
fn web_grid(settings: &Settings) -> u64 {
    let sixth = settings.web_ping.as_millis() / 6;
    u64::try_from(sixth).unwrap_or(GRID).max(1)
}

/// Whole seconds of the loop's time. They last for 136 years.
fn seconds(at: Tick) -> u32 {
    u32::try_from(at.0 / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_record_stays_small() {
        // An idle client pays for it: the budget for all of one is 400 bytes (benches/README.md).
        let size = size_of::<Option<Session>>();
        assert!(size <= 80, "{size}");
    }

    #[test]
    fn the_time_to_answer_counts_from_the_question() {
        let settings = Settings::new(&crate::config::Config::default());
        let peer: SocketAddr = "192.0.2.1:7".parse().unwrap();
        let mut session = Session::new(Protocol::Irc(Irc::default()), peer, Tick(0));
        session.user = Some(UserId {
            slot: 0,
            generation: std::num::NonZeroU32::MIN,
        });
        let (at, due) = session.next_due(&settings).unwrap();
        assert_eq!((at, due), (Tick(0).after(settings.ping), Due::Probe));
        // However late the question is.
        let asked = at.after(settings.ping * 3);
        (session.ping_outstanding, session.last_activity) = (true, asked);
        let ends = (asked.after(settings.ping), Due::PingTimeout);
        assert_eq!(session.next_due(&settings), Some(ends));
    }

    #[test]
    fn deadlines_of_those_who_are_not_in_are_kept_to_a_quarter_of_a_second() {
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
                let peer = "127.0.0.1:7".parse().unwrap();
                let session = Session::new(Protocol::Irc(Irc::default()), peer, began);
                let (at, due) = session.next_due(&settings).unwrap();
                assert_eq!(due, Due::NoName);
                let late = began.after(span).until(at);
                assert!(at >= began.after(span), "{began:?}: {at:?}");
                assert!(late < Duration::from_millis(FINE_GRID), "{began:?}: {at:?}");
            }
        }
    }

    #[test]
    fn the_grid_is_a_small_part_of_the_span() {
        let milliseconds = |span| grid(Duration::from_millis(span));
        assert_eq!(
            [100, 2000, 4000, 120_000].map(milliseconds),
            [250, 250, 500, 1000]
        );
        assert_eq!(grid(Duration::MAX), 1000);
    }

    #[test]
    fn addresses_survive_the_mapping() {
        for text in ["127.0.0.1:7", "[::1]:65535", "[2001:db8::1]:80"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Peer::from(address).to_string(), text);
        }
    }
}
