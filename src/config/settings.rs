//! The settings in the form in which the server gets them, and every default, once.
//!
//! Invariant: the values were checked before. Does not know how they are written, or what they are used for.

use super::{
    error::Invalid,
    host::{Host, ServerName},
    listen::ListenUrl,
    motd::Motd,
    network::Network,
    proxy_peer::ProxyPeer,
    scheme::{DEFAULT_PORT, Scheme},
    tls::Tls,
};
use crate::auth::PasswordHash;
use std::{path::PathBuf, str::FromStr, time::Duration};

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[server]`.
    pub server: Identity,
    /// `[[listen]]`; never empty.
    pub listen: Vec<ListenUrl>,
    /// `[accounts]`.
    pub accounts: Accounts,
    /// `[history]`.
    pub history: History,
    /// `[tls]`.
    pub tls: Tls,
    /// `[web]`.
    pub web: Web,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[operator]]`.
    pub operators: Vec<Operator>,
    /// `[[webirc]]`.
    pub gateways: Vec<Gateway>,
}

/// `[[operator]]`: a user who may become an operator of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// The name in the command `OPER NAME PASSWORD`.
    pub name: String,
    /// The hash of the password. Absent only while the file is being read.
    pub password: Option<PasswordHash>,
}

/// `[[webirc]]`: one gateway, or several with the same password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateway {
    /// The hash of its password. Absent only while the file is being read.
    pub password: Option<PasswordHash>,
    /// Where it connects from; never empty once the file is read.
    pub networks: Vec<ProxyPeer>,
}

/// `[server]`: the server's name and what new users get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The server's name in every protocol that has one.
    pub name: ServerName,
    /// What the server is, in a few words.
    pub description: String,
    /// The name of its network, one word.
    pub network: String,
    /// The password that every client must give.
    pub password: Option<String>,
    /// Letters of the user modes that every user has from the start.
    pub default_user_modes: String,
    /// Whether the process gives up what it does not need.
    pub sandbox: Sandbox,
    /// The directory of what outlives the process; `None`: nothing outlives it.
    pub data: Option<PathBuf>,
    /// The text that greets new users; `None`: the program's own text greets IRC clients.
    pub motd: Option<Motd>,
    /// Rooms that a new user of IRC is in from the start, with their `#`.
    pub join: Vec<String>,
    /// Names of users and rooms may use letters of any script; otherwise ASCII alone.
    pub unicode_names: bool,
}

/// Whether the process gives up what it does not need, once it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// It does, as far as the kernel can.
    On,
    /// It does not.
    Off,
    /// It does, or does not start; and it ends if it asks for anything else.
    Strict,
}

impl Sandbox {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Strict => "strict",
        }
    }
}

impl FromStr for Sandbox {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            "strict" => Ok(Self::Strict),
            _ => Err(Invalid::new("this may be \"on\", \"off\" or \"strict\"")),
        }
    }
}

/// `[web]`: browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Origins whose pages may connect, in lower case, beside the server's own; `*` is any.
    pub origins: Vec<String>,
    /// Host names that browsers may use for the server, in lower case, beside those that it knows itself; `*` is any.
    pub hosts: Vec<String>,
    /// Silence after which a WebSocket is sent a ping, so that proxies on the way keep the connection open.
    pub ping: Duration,
    /// Whether anyone may read at `/status` how many users and rooms there are, and how busy the loop is.
    pub status: bool,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Any client.
    Open,
    /// Clients with an invitation, which operators of the server and the host make.
    Invite,
    /// Operators of the server and the host alone.
    Closed,
}

impl Registration {
    /// All, with their names in the file.
    pub(super) const ALL: [(Self, &str); 3] = [
        (Self::Open, "open"),
        (Self::Invite, "invite"),
        (Self::Closed, "closed"),
    ];
}

/// `[accounts]`: names that belong to someone. They need `[server] data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Who may make an account.
    pub registration: Registration,
    /// Passwords are taken over connections that are not encrypted.
    pub plain_text_login: bool,
    /// Clients may make an account before they are users.
    pub before_connect: bool,
    /// An account may have another name than the nick of the user who makes it.
    pub custom_names: bool,
    /// How many accounts there may be.
    pub max: u32,
    /// Bytes that a new password has at least.
    pub password_min: u32,
    /// Rounds of the hash of new passwords.
    pub scram_rounds: u32,
    /// Whose users stay without a connection.
    pub always_on: AlwaysOn,
    /// For how long.
    pub always_on_expires: Duration,
}

/// Whether users stay in their rooms when their last connection goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlwaysOn {
    /// None does.
    Off,
    /// Those whose account has asked for it.
    #[default]
    OptIn,
    /// Those with an account that has not declined.
    OptOut,
}

/// `[history]`: what is kept of what is said. Without `[server] data` it is in memory alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Lines of one room, or of one pair of accounts; 0: no history.
    pub lines: u32,
    /// Bytes of the same; 0: no limit.
    pub bytes: usize,
    /// Lines that are older than so many days are removed; 0: no limit.
    pub days: u32,
    /// Bytes of all lines.
    pub bytes_total: usize,
    /// What is said between two accounts too.
    pub private: bool,
    /// Who joined, left, quit or took another nick too.
    pub events: bool,
    /// Members read from their own joining on, not from the room's founding.
    pub since_joined: bool,
    /// Lines that a client is sent when it joins a room, if it does not ask itself.
    pub replay: u32,
}

/// `[limits]`: the limits on everything that could grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; `None` derives it from the descriptor limit.
    pub clients: Option<u32>,
    /// Connections at a time from one address; 0 is no limit.
    pub clients_per_address: u32,
    /// Connections a minute from one address in the long run, and at once after a quiet time; 0 is no limit.
    pub connections_per_minute: u32,
    /// Networks that are exempt from these two limits.
    pub exempt: Vec<Network>,
    /// Longest telnet line in bytes, without its end.
    pub line: usize,
    /// Bytes queued for one connection before the server closes it; at least `line`.
    pub send_queue: usize,
    /// Bytes queued for all connections together; at least `send_queue`.
    pub queued_total: usize,
    /// How long a new client may take to register.
    pub registration: Duration,
    /// Silence after which a client is sent a ping.
    pub ping: Duration,
    /// Lines per second that one connection may send in the long run; 0 is no flood control.
    pub messages_per_second: u32,
    /// Lines that one connection may send at once before `messages_per_second` counts.
    pub burst: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: Identity {
                name: "madang.local".parse().expect("a host name"),
                description: "a courtyard".into(),
                network: "madang".into(),
                password: None,
                sandbox: Sandbox::On,
                data: None,
                default_user_modes: String::new(),
                motd: None,
                // Where users of telnet and of the page are, so that a newcomer does not sit before an empty window.
                join: vec!["#lobby".into()],
                unicode_names: true,
            },
            // Loopback alone: a first try does not open the server to the network by accident.
            listen: vec![ListenUrl::new(
                Scheme::Any,
                Host::Ip([127, 0, 0, 1].into()),
                DEFAULT_PORT,
            )],
            accounts: Accounts::default(),
            history: History::default(),
            tls: Tls::default(),
            web: Web {
                origins: Vec::new(),
                hosts: Vec::new(),
                // Half of the sixty seconds after which nginx and several load balancers close a silent connection.
                ping: Duration::from_secs(30),
                status: true,
            },
            limits: Limits {
                clients: None,
                // A household or an office behind one router: 128 people with a client each, or 18 who load the page
                // (seven connections, most of them short) in the same moment. One address takes at most this part of
                // all connections, and the operator of a school or a provider behind one address raises it.
                clients_per_address: 128,
                // All 128 come back at once when the server restarts, and may fail and retry a few times. A script
                // that connects and quits in a loop is held to ten a second.
                connections_per_minute: 600,
                exempt: Network::LOOPBACK.to_vec(),
                line: 4096,
                send_queue: 1 << 20,
                queued_total: 256 << 20,
                registration: Duration::from_secs(30),
                ping: Duration::from_secs(120),
                messages_per_second: 20,
                burst: 60,
            },
            operators: Vec::new(),
            gateways: Vec::new(),
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            plain_text_login: false,
            before_connect: true,
            custom_names: false,
            // Some 40 MiB of memory.
            max: 100_000,
            // What NIST SP 800-63B asks for where the server slows guesses down.
            password_min: 8,
            // Some 10 ms of one core for each login by PLAIN; RFC 7677 asks for 4,096 at least.
            scram_rounds: 32_768,
            always_on: AlwaysOn::OptIn,
            always_on_expires: Duration::from_secs(30 * 86_400),
        }
    }
}

impl Default for History {
    fn default() -> Self {
        Self {
            lines: 2048,
            bytes: 0,
            days: 0,
            bytes_total: 1 << 30,
            private: true,
            events: false,
            since_joined: false,
            replay: 20,
        }
    }
}

impl Limits {
    /// A new client's queue must take the whole greeting, and leave room for what happens meanwhile.
    pub(super) fn admit(&self, motd: &Motd) -> Result<(), Invalid> {
        if motd.size() > self.send_queue / 2 {
            let message = "longer than half of [limits] send_queue; shorten it or raise that limit";
            return Err(Invalid::new(message));
        }
        Ok(())
    }
}
