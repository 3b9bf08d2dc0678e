//! The settings in force: limits in the loop's terms, and the texts that do not depend on a client.
//!
//! Made from a [`Config`] at start and again on reload.

use super::{
    connections::{close_reason::CloseReason, kind::ProtocolKind},
    limits::rate::Rate,
    shared::{accounts::Rules, gateways::Gateway},
};
use crate::{
    auth::{PasswordHash, Verifier},
    chat::{NameRules, Now, RoomName, WallTime, mode::parse_user_changes},
    config::{self, Config, Host, Network},
    history,
    net::{Limits, SocketOptions},
    protocol::{
        account::{AccountRules, Registration},
        history::HistoryRules,
        irc::{self, DEFAULT_MOTD, ServerInfo},
        telnet::{self, Greeting},
        web::{host::Hosts, http},
    },
    store::Quotas,
};
use std::{net::IpAddr, rc::Rc, time::Duration};

/// A client that leaves one part in so many of its send queue unread is not served further until it reads.
const HIGH_WATER_PART: usize = 4;

/// The settings of a running server.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Limits of a chat connection's queue.
    pub(crate) chat: Limits,
    /// Longest line in bytes.
    pub(super) line: usize,
    /// Flood control.
    pub(super) rate: Rate,
    /// The time for a client to give a name.
    pub(super) registration: Duration,
    /// The silence after which a client is sent a keep-alive ping.
    pub(super) ping: Duration,
    /// The same for a WebSocket, which a proxy may watch; at most `ping`.
    pub(super) web_ping: Duration,
    /// Bytes that may wait in all queues together.
    pub(crate) queued_total: usize,
    /// Connections from one address; 0 is no limit.
    pub(crate) clients_per_address: u32,
    /// Connections a minute from one address; 0 is no limit.
    pub(super) connections_per_minute: u32,
    /// Networks that these two limits do not concern.
    exempt: Vec<Network>,
    /// The first lines for a telnet client.
    pub(super) greeting: Rc<[u8]>,
    /// The last line for a telnet client when the server stops.
    pub(super) telnet_shutdown: Rc<[u8]>,
    /// The last line for an IRC client when the server stops.
    pub(super) irc_shutdown: Rc<[u8]>,
    /// The keep-alive ping for IRC.
    pub(super) irc_ping: Rc<[u8]>,
    /// The rules for accounts, where there are any.
    pub(crate) accounts: Rules,
    /// What is kept of what is said.
    pub(crate) history: history::Rules,
    /// Lines that a client is sent when it joins a room.
    replay: usize,
    kept: config::History,
    /// Whether `/status` is public.
    pub(super) public_status: bool,
    /// Sites beside this one whose pages may open a WebSocket here.
    pub(super) origins: Rc<[Box<str>]>,
    /// The names by which requests may address this server.
    pub(super) hosts: Rc<Hosts>,
    /// Operators, and the hashes of their passwords.
    pub(super) operators: Verifier,
    /// Gateways that may say for whom they connect.
    pub(super) gateways: Rc<[Gateway]>,
    /// The refusals when all places are taken.
    pub(super) full: Refusals,
    /// Those when an address has all the connections it may have.
    too_many: Refusals,
    /// Those when an address connects too often.
    too_soon: Refusals,
}

/// The form of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalForm {
    /// Nothing is sent.
    None,
    /// A line for a user at a terminal, which other clients can log.
    Plain,
    /// ERROR.
    Irc,
    /// A response.
    Http,
}

/// The same refusal in each form.
#[derive(Clone, Debug)]
pub(crate) struct Refusals {
    plain: Rc<[u8]>,
    irc: Rc<[u8]>,
    http: Rc<[u8]>,
}

impl Refusals {
    fn new(reason: CloseReason) -> Self {
        Self {
            plain: text(|out| telnet::refusal(out, reason.peer_text())),
            irc: text(|out| irc::error(reason.quit_message(), out)),
            http: text(http::turn_away),
        }
    }

    pub(super) fn in_form(&self, form: RefusalForm) -> Rc<[u8]> {
        match form {
            RefusalForm::None => [].into(),
            RefusalForm::Plain => self.plain.clone(),
            RefusalForm::Irc => self.irc.clone(),
            RefusalForm::Http => self.http.clone(),
        }
    }
}

/// Requests of one connection: a page and all that belongs to it at once, then a reload every second.
pub(crate) const REQUESTS: Rate = Rate {
    per_second: 20,
    burst: 200,
};

/// A browser is answered further when it has read most of the last page. It is never closed for a long queue: that holds
/// one answer more than this at most, and the ceiling of the process is for all.
const HTTP_LIMITS: Limits = Limits {
    high_water: 16 * 1024,
    limit: u32::MAX,
};

/// An echo client is not read from until its whole queue is sent; that bounds the queue, and no limit.
const ECHO_LIMITS: Limits = Limits {
    high_water: 0,
    limit: u32::MAX,
};

impl Settings {
    pub(super) fn new(config: &Config) -> Self {
        let server = config.server.name.as_str();
        let motd = config.server.motd.as_ref();
        let motd: Vec<&str> = motd.map_or(vec![], |motd| motd.lines().collect());
        let send_queue = u32::try_from(config.limits.send_queue).unwrap_or(u32::MAX);
        Self {
            chat: Limits {
                high_water: send_queue / HIGH_WATER_PART as u32,
                limit: send_queue,
            },
            line: config.limits.line,
            rate: Rate {
                per_second: config.limits.messages_per_second,
                burst: config.limits.burst,
            },
            registration: config.limits.registration,
            ping: config.limits.ping,
            web_ping: config.web.ping.min(config.limits.ping),
            queued_total: config.limits.queued_total,
            clients_per_address: config.limits.clients_per_address,
            connections_per_minute: config.limits.connections_per_minute,
            exempt: config.limits.exempt.clone(),
            greeting: text(|out| {
                let motd = &motd.join("\n");
                let greeting = Greeting { server, motd };
                match config.server.password {
                    Some(_) => greeting.push_with_password(out),
                    None => greeting.push(out),
                }
            }),
            irc_shutdown: text(|out| irc::error(&format!("{server} is shutting down"), out)),
            irc_ping: text(|out| irc::ping(server, out)),
            accounts: account_rules(config),
            history: recording(config),
            replay: config.history.replay as usize,
            kept: config.history.clone(),
            public_status: config.web.status,
            origins: config
                .web
                .origins
                .iter()
                .map(|o| o.as_str().into())
                .collect(),
            hosts: Rc::new(hosts(config)),
            operators: Verifier::new(operators(config)),
            gateways: gateways(config).collect(),
            telnet_shutdown: text(|out| {
                telnet::news(out, &format!("{server} is shutting down, good-bye"))
            }),
            full: Refusals::new(CloseReason::ServerFull),
            too_many: Refusals::new(CloseReason::TooManyFromAddress),
            too_soon: Refusals::new(CloseReason::TooSoon),
        }
    }

    /// The rules of history that protocols know, if there is any.
    pub(crate) fn history_rules(&self) -> Option<HistoryRules> {
        let rules = &self.history;
        (rules.lines > 0).then_some(HistoryRules {
            replay: self.replay,
            events: rules.events,
            private: rules.private,
        })
    }

    /// How much history is stored.
    pub(crate) fn quotas(&self, now: WallTime) -> Quotas {
        const HOUR_MS: i64 = 3_600_000;
        let kept = &self.kept;
        let days_ms = i64::from(kept.days) * 24 * HOUR_MS;
        // By whole hours: each change has the keeper look at all buffers.
        let hour = now.unix_ms() - now.unix_ms().rem_euclid(HOUR_MS);
        Quotas {
            lines: kept.lines.into(),
            bytes: kept.bytes as u64,
            since_ms: if days_ms > 0 { hour - days_ms } else { 0 },
            bytes_total: kept.bytes_total as u64,
        }
    }

    /// Whether the limits for one address do not concern this one. They concern no client without an address: only the
    /// programs of this machine that the mode of a socket's file admits come by a Unix socket.
    pub(crate) fn is_exempt(&self, address: IpAddr) -> bool {
        address.is_unspecified() || self.exempt.iter().any(|network| network.contains(address))
    }

    /// The refusal for a reason, in one form.
    pub(super) fn refusal(&self, reason: CloseReason, form: RefusalForm) -> Rc<[u8]> {
        let refusals = match reason {
            CloseReason::TooManyFromAddress => &self.too_many,
            CloseReason::TooSoon => &self.too_soon,
            _ => &self.full,
        };
        refusals.in_form(form)
    }

    /// How much may be queued for a client of a protocol.
    pub(super) fn queue_limits(&self, kind: ProtocolKind) -> Limits {
        match kind {
            ProtocolKind::Echo => ECHO_LIMITS,
            ProtocolKind::Http | ProtocolKind::Metrics => HTTP_LIMITS,
            _ => self.chat,
        }
    }
}

/// The names of this server: its own, those of its listeners' URLs, those of its certificates, and those in `[web]`. The
/// pages of an origin in `[web]` may open a WebSocket here anyway, so its name is one of them.
fn hosts(config: &Config) -> Hosts {
    let listeners = config.listen.iter().filter_map(|url| match url.host()? {
        Host::Name(name) => Some(name.as_str()),
        Host::Ip(_) | Host::Zoned(..) => None,
    });
    let credentials = config.tls.credentials.iter();
    let certified = credentials.flat_map(|credential| &credential.names);
    let origins = config.web.origins.iter().filter_map(|origin| {
        let (_, authority) = origin.split_once("://")?;
        authority.split(':').next()
    });
    let names = std::iter::once(config.server.name.as_str())
        .chain(listeners)
        .chain(certified.map(String::as_str))
        .chain(config.web.hosts.iter().map(String::as_str))
        .chain(origins);
    Hosts::new(names)
}

fn gateways(config: &Config) -> impl Iterator<Item = Gateway> {
    config.gateways.iter().filter_map(|gateway| {
        Some(Gateway {
            password: gateway.password.clone()?,
            networks: gateway.networks.clone().into(),
        })
    })
}

fn operators(config: &Config) -> Vec<(Box<str>, PasswordHash)> {
    let pairs = config.operators.iter().filter_map(|operator| {
        let password = operator.password.clone()?;
        Some((operator.name.as_str().into(), password))
    });
    pairs.collect()
}

/// What IRC shows of the server itself.
pub(crate) fn server_info(config: &Config, started: Now) -> ServerInfo {
    let server = &config.server;
    let named = ServerInfo::new(server.name.as_str(), &server.network, started);
    let modes = parse_user_changes(&server.default_user_modes).0;
    ServerInfo {
        description: server.description.as_str().into(),
        motd: match &server.motd {
            None => ServerInfo::ready_motd(&named.name, DEFAULT_MOTD.into_iter()),
            Some(motd) if motd.is_none() => named.motd.clone(),
            Some(motd) => ServerInfo::ready_motd(&named.name, motd.lines()),
        },
        join: rooms_at_start(config),
        password: server.password.as_deref().map(Box::from),
        default_user_modes: modes.into_iter().map(|change| change.mode).collect(),
        operators: operators(config)
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        // One piece must not bring a client that reads nothing to the limit of its send queue.
        page_bytes: ServerInfo::PAGE_BYTES.min(config.limits.send_queue / HIGH_WATER_PART),
        ..named.with_history(config.history.lines > 0)
    }
}

/// The rooms of `[server] join`. A name that the chat's rules refuse is left out, with a line in the log.
fn rooms_at_start(config: &Config) -> Rc<[RoomName]> {
    let rules = NameRules {
        unicode: config.server.unicode_names,
    };
    let parse = |name: &String| match RoomName::parse(name, rules) {
        Ok(room) => Some(room),
        Err(error) => {
            tracing::warn!(room = %name, reason = %error, "[server] join names no possible room; it is left out");
            None
        }
    };
    config.server.join.iter().filter_map(parse).collect()
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> Rc<[u8]> {
    let mut out = Vec::new();
    write(&mut out);
    out.into()
}

/// A listener's options in the loop's terms; the kernel's keep-alive begins after the same silence as the server's own.
pub(crate) fn socket_options(
    options: &crate::config::SocketOptions,
    ping: Duration,
) -> SocketOptions {
    // Named one by one, so that an option added there cannot be forgotten here.
    let crate::config::SocketOptions {
        backlog,
        keepalive,
        // Of the file, not of the socket.
        mode: _,
        nodelay,
        // What is believed of a peer is not the socket's either.
        proxy: _,
        proxy_protocol: _,
        rcvbuf,
        reuseaddr,
        reuseport,
        sndbuf,
        v6only,
    } = options;
    SocketOptions {
        backlog: *backlog,
        // The kernel counts in seconds.
        keepalive: keepalive.then_some(ping.max(Duration::from_secs(1))),
        nodelay: *nodelay,
        rcvbuf: *rcvbuf,
        reuseaddr: *reuseaddr,
        reuseport: *reuseport,
        sndbuf: *sndbuf,
        v6only: v6only.unwrap_or(false),
    }
}

/// How many clients fit into so many descriptors. The rest is for the poll, the listeners, the signal pipe, the standard
/// streams and the spare, and for connections that are being refused.
pub(crate) fn clients_for(descriptors: u64) -> usize {
    let kept = (descriptors / 64).clamp(16, 256);
    usize::try_from(descriptors.saturating_sub(kept)).unwrap_or(usize::MAX)
}

fn account_rules(config: &Config) -> Rules {
    let accounts = &config.accounts;
    Rules {
        known: AccountRules {
            registration: match accounts.registration {
                crate::config::Registration::Open => Registration::Open,
                crate::config::Registration::Invite => Registration::Invited,
                crate::config::Registration::Closed => Registration::Closed,
            },
            plain_text_login: accounts.plain_text_login,
            password_bytes_min: accounts.password_min as usize,
            before_connect: accounts.before_connect,
            custom_names: accounts.custom_names,
        },
        always_on: accounts.always_on,
        always_on_expires: accounts.always_on_expires,
        rounds: accounts.scram_rounds,
        accounts_max: accounts.max as usize,
    }
}

/// History takes so many bytes of memory, and one part in so many of the ceiling at most.
const HISTORY_BYTES_MAX: usize = 8 << 20;
const HISTORY_PART: usize = 8;

fn recording(config: &Config) -> history::Rules {
    let kept = &config.history;
    history::Rules {
        lines: kept.lines as usize,
        bytes: HISTORY_BYTES_MAX.min(config.limits.queued_total / HISTORY_PART),
        private: kept.private,
        events: kept.events,
        access: match kept.since_joined {
            true => history::Access::SinceJoined,
            false => history::Access::FromFounding,
        },
        is_stored: config.server.data.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_back() {
        assert_eq!(clients_for(10), 0);
        assert_eq!(clients_for(64), 48);
        assert_eq!(clients_for(1024), 1008);
        assert_eq!(clients_for(20_000), 19_744);
    }
}
