//! Who sits behind each connection: the protocol spoken there, the person, the flood allowance, the deadlines.
//!
//! Records lie in the order of the loop's slots, so that no map is needed; each belongs to one [`ConnId`] and goes when
//! the loop says that the connection was reaped. Does not know how bytes move.

use super::settings::Settings;
use crate::{
    chat::{UserId, flood::Allowance},
    net::{ConnId, Tick},
    protocol::{detect, irc::Irc, telnet::Telnet},
};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Deadlines that need no precision fall due on whole seconds, so that those of thousands wake the loop once
/// (milliseconds).
const GRID: u64 = 1000;

/// What is spoken on a connection.
#[derive(Debug)]
pub(super) enum Protocol {
    /// `any://`: the first bytes will tell; after some silence the caller has been greeted as telnet.
    Undecided { greeted: bool },
    /// Lines for people.
    Telnet(Telnet),
    /// IRC.
    Irc(Irc),
    /// Every byte comes back.
    Echo,
    /// There was no room: a word, and good-bye.
    TurnedAway,
}

/// How far a connection's encryption is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// There is none; by the first bytes the caller may still begin it, where that is offered.
    Plain,
    /// The caller has to begin it, and has not said anything yet.
    Awaited,
    /// The handshake is going on.
    Handshake,
    /// All is encrypted.
    Secure,
}

/// An address and port in eighteen bytes; IPv4 is mapped into IPv6. The system's type takes thirty-two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    ip: [u8; 16],
    port: u16,
}

impl Peer {
    pub(super) fn ip(self) -> IpAddr {
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
pub(super) struct Session {
    pub(super) protocol: Protocol,
    pub(super) user: Option<UserId>,
    pub(super) allowance: Allowance,
    /// Before there is a person: when the connection was made. Afterwards: when something was last heard.
    pub(super) mark: Tick,
    pub(super) peer: Peer,
    pub(super) security: Security,
    /// Whether it counts among those for whom there is room.
    pub(super) inside: bool,
    /// Whether a sign of life was asked for and none came yet.
    pub(super) probed: bool,
    /// Whether the word that the server asks of everyone was said; in IRC that is the protocol's own affair.
    pub(super) said_password: bool,
    /// Whether the peer's speech has ended while something was still being done for it.
    pub(super) speech_ended: bool,
}

/// What an alarm means for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Silent long enough: greet as telnet.
    Greet,
    /// No handshake was done in time.
    NoHandshake,
    /// Nobody gave a name in time.
    NoName,
    /// Ask for a sign of life.
    Probe,
    /// None came.
    PingTimeout,
}

impl Session {
    pub(super) fn new(protocol: Protocol, peer: SocketAddr, now: Tick) -> Self {
        Self {
            protocol,
            user: None,
            allowance: Allowance::default(),
            mark: now,
            peer: peer.into(),
            security: Security::Plain,
            inside: false,
            probed: false,
            said_password: false,
            speech_ended: false,
        }
    }

    /// Whether a person may read what is sent here.
    pub(super) fn is_chat(&self) -> bool {
        match self.protocol {
            Protocol::Undecided { .. } | Protocol::Irc(_) | Protocol::Telnet(_) => true,
            Protocol::Echo | Protocol::TurnedAway => false,
        }
    }

    /// Whether words reach the peer that are sent now: not before a handshake is done.
    pub(super) fn hears(&self) -> bool {
        matches!(self.security, Security::Plain | Security::Secure)
    }

    /// Whether something is being done for it that takes more than a moment.
    pub(super) fn is_busy(&self) -> bool {
        matches!(&self.protocol, Protocol::Irc(irc) if irc.is_busy())
    }

    /// What comes next if the peer stays silent, and when.
    ///
    /// Nobody is sent away for being idle. A peer that speaks telnet can be asked whether it is there; one that does
    /// not is watched by TCP's own keep-alive, which wakes the kernel and not us.
    pub(super) fn next_due(&self, settings: &Settings) -> Option<(Tick, Due)> {
        match (&self.protocol, self.user) {
            (Protocol::TurnedAway, _) => None,
            _ if !self.hears() => {
                let at = self.mark.after(settings.registration);
                Some((at.on_grid(GRID), Due::NoHandshake))
            }
            (Protocol::Undecided { greeted: false }, _) => {
                Some((self.mark.after(detect::SILENCE), Due::Greet))
            }
            (Protocol::Undecided { .. } | Protocol::Irc(_) | Protocol::Telnet(_), None) => {
                let at = self.mark.after(settings.registration);
                Some((at.on_grid(GRID), Due::NoName))
            }
            (Protocol::Telnet(telnet), Some(_)) if telnet.speaks_telnet() => {
                Some(self.next_sign_of_life(settings))
            }
            (Protocol::Irc(_), Some(_)) => Some(self.next_sign_of_life(settings)),
            _ => None,
        }
    }

    fn next_sign_of_life(&self, settings: &Settings) -> (Tick, Due) {
        let probe_at = self.mark.after(settings.ping).on_grid(GRID);
        if self.probed {
            // From when it was really asked.
            let at = probe_at.after(settings.ping);
            return (at.on_grid(GRID), Due::PingTimeout);
        }
        (probe_at, Due::Probe)
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_slot: Vec<Option<(u32, Session)>>,
}

impl Sessions {
    pub(super) fn insert(&mut self, id: ConnId, session: Session) {
        let slot = id.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize_with(slot + 1, || None);
        }
        debug_assert!(
            self.by_slot[slot].is_none(),
            "a slot is reaped before it is used again"
        );
        self.by_slot[slot] = Some((id.generation, session));
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        match self.by_slot.get_mut(id.slot as usize)? {
            Some((generation, session)) if *generation == id.generation => Some(session),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.get_mut(id)?;
        self.by_slot[id.slot as usize]
            .take()
            .map(|(_, session)| session)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        let slots = self.by_slot.iter().enumerate();
        slots.filter_map(|(slot, record)| {
            let (generation, session) = record.as_ref()?;
            let slot = slot as u32;
            let generation = *generation;
            Some((ConnId { slot, generation }, session))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_small() {
        // An idle client pays for it: the budget for all of one is 400 bytes (benches/README.md).
        let size = size_of::<Option<(u32, Session)>>();
        assert!(size <= 80, "{size}");
    }

    #[test]
    fn addresses_survive_the_mapping() {
        for text in ["127.0.0.1:7", "[::1]:65535", "[2001:db8::1]:80"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Peer::from(address).to_string(), text);
        }
    }
}
