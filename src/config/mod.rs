//! File and flags in, one checked [`Config`] out.
//!
//! Every default stands here, once: in [`Config::default`], [`SocketOptions::new`] and [`Scheme::default_port`]; help
//! texts and the printed configuration are made from them. Every setting is one row of a table in `keys`, which
//! reads, checks, explains and prints it.
//!
//! Invariants: a `Config` holds only values that were checked; flags win over the file; an unknown key is an error. What this
//! module does not know: the command line's syntax, sockets, and what the settings are used for.

mod error;
mod field;
mod file;
mod host;
mod keys;
mod listen;
mod motd;
mod network;
mod print;
mod quantity;
#[cfg(test)]
mod reference;
mod scheme;
mod tls;
mod whole_file;

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

pub use crate::auth::PasswordHash;
pub use error::{Error, Errors, Invalid, Place};
pub use host::{Host, ServerName, is_bare_ipv6, parse_host_port};
pub use listen::{ListenUrl, SocketOptions};
pub use motd::Motd;
pub use network::Network;
pub use print::{default_listen_text, default_text, listen_options_text, schemes_text};
pub use quantity::{parse_duration, parse_size};
pub use scheme::{DEFAULT_PORT, Scheme, Transport};
pub use tls::{Credential, Minted, Tls};
pub use whole_file::{Readers, WholeFile};

use field::Raw;
use rustix::fs::OFlags;

/// Everything the server is told before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[server]`.
    pub server: Identity,
    /// `[[listen]]`; never empty.
    pub listen: Vec<ListenUrl>,
    /// `[tls]`.
    pub tls: Tls,
    /// `[web]`.
    pub web: Web,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[operator]]`.
    pub operators: Vec<Operator>,
}

/// `[[operator]]`: someone who may become an operator of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// What they say first.
    pub name: String,
    /// Their password's hash. Absent only while the file is being read.
    pub password: Option<PasswordHash>,
}

/// `[server]`: what the server is called and how it receives people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The server's name in every protocol that has one.
    pub name: ServerName,
    /// What it is, in a few words.
    pub description: String,
    /// The name of its network, one word.
    pub network: String,
    /// What everyone must say to come in.
    pub password: Option<String>,
    /// Letters of the user modes that everyone has from the start.
    pub default_user_modes: String,
    /// The directory of what outlives the process; `None`: nothing does.
    pub data: Option<PathBuf>,
    /// The text that greets newcomers.
    pub motd: Option<Motd>,
    /// Names of people and rooms may use letters of any script; otherwise ASCII alone.
    pub unicode_names: bool,
}

/// `[web]`: browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Origins whose pages may speak here, in lower case, beside the server's own; `*` is any.
    pub origins: Vec<String>,
    /// Names by which browsers may call the server, in lower case, beside those that it knows of itself; `*` is any.
    pub hosts: Vec<String>,
    /// Silence after which a WebSocket is sent a ping, so that proxies on the way keep it open.
    pub ping: Duration,
    /// Whether `/status` tells anyone how many people and rooms there are, and how busy the loop is.
    pub status: bool,
}

/// `[limits]`: everything that could grow, and how far it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; `None` lets it follow from the descriptor limit.
    pub clients: Option<u32>,
    /// Connections at a time from one address; 0 is no limit.
    pub clients_per_address: u32,
    /// Connections a minute from one address in the long run, and at once after a silence; 0 is no limit.
    pub connections_per_minute: u32,
    /// Networks that these two limits do not concern.
    pub exempt: Vec<Network>,
    /// Longest telnet line in bytes, without its end.
    pub line: usize,
    /// Bytes queued for one connection before it is let go; at least `line`.
    pub send_queue: usize,
    /// Bytes queued for all connections together; at least `send_queue`.
    pub queued_total: usize,
    /// How long a newcomer may take to give a name.
    pub registration: Duration,
    /// Silence after which a peer is asked for a sign of life.
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
                data: None,
                default_user_modes: String::new(),
                motd: None,
                unicode_names: true,
            },
            // Loopback alone: whoever only tries it out invites nobody by accident.
            listen: vec![ListenUrl::new(
                Scheme::Any,
                Host::Ip([127, 0, 0, 1].into()),
                DEFAULT_PORT,
            )],
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
                // (seven connections, most of them short) in the same moment. One caller takes at most this part of
                // the places, and a school or a provider behind one address raises it.
                clients_per_address: 128,
                // All 128 come back at once when the server starts anew, and may fail and retry a few times. A script
                // that connects and leaves in a loop is held to ten a second.
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
        }
    }
}

/// Where a configuration comes from. Kept by the server, which reads it again when it is told to.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; without one, the defaults.
    pub file: Option<PathBuf>,
    /// What wins over it.
    pub flags: Flags,
    /// The certificate of our own making, if one was asked for. Reading again brings the same.
    pub minted: Minted,
}

/// What was said on the command line; it wins over the file.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--data`, relative to the working directory.
    pub data: Option<PathBuf>,
    /// `--listen`: if not empty, it replaces the file's listeners.
    pub listen: Vec<ListenUrl>,
    /// `--max-clients`, for `[limits] clients`; at least 1.
    pub max_clients: Option<u32>,
    /// `--motd`, relative to the working directory.
    pub motd: Option<PathBuf>,
    /// `--name`.
    pub name: Option<ServerName>,
    /// `--tls-self-signed`, which wins over certificates of the file.
    pub tls_self_signed: bool,
}

impl Sources {
    /// Reads the file and the texts it names, and puts the flags on top.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn load(&self) -> Result<Config, Errors> {
        let mut config = match &self.file {
            Some(file) => file::load(file)?,
            None => Config::default(),
        };
        self.flags.apply(&mut config)?;
        self.complete(&mut config)?;
        Ok(config)
    }

    /// What is known only when file and flags are put together.
    fn complete(&self, config: &mut Config) -> Result<(), Error> {
        let place = || match &self.file {
            Some(path) => Place::File {
                path: path.clone(),
                line: None,
                column: None,
            },
            None => Place::Flag("--tls-self-signed"),
        };
        if config.tls.self_signed {
            let data = config.server.data.as_deref();
            let minted = self.minted.credential(&config.server.name, data);
            let minted = minted.map_err(|e| Error {
                place: place(),
                message: e.to_string(),
            })?;
            config.tls.credentials = vec![minted];
        }
        let secret = config.listen.iter().find(|url| url.scheme.is_secure());
        if let Some(url) = secret.filter(|_| config.tls.credentials.is_empty()) {
            return Err(Error {
                place: match &self.file {
                    Some(_) if self.flags.listen.is_empty() => place(),
                    _ => Place::Flag("--listen"),
                },
                message: format!(
                    "{url} needs a certificate; name one in [tls], or try it with --tls-self-signed"
                ),
            });
        }
        Ok(())
    }
}

impl Flags {
    fn apply(&self, config: &mut Config) -> Result<(), Error> {
        if !self.listen.is_empty() {
            config.listen.clone_from(&self.listen);
        }
        if self.data.is_some() {
            config.server.data.clone_from(&self.data);
        }
        config.tls.self_signed |= self.tls_self_signed;
        if self.max_clients.is_some() {
            config.limits.clients = self.max_clients;
        }
        if let Some(name) = &self.name {
            config.server.name = name.clone();
        }
        if let Some(path) = &self.motd {
            let refuse = |e: Invalid| Error {
                place: Place::Flag("--motd"),
                message: e.to_string(),
            };
            let motd = Motd::load(path).map_err(refuse)?;
            config.limits.admit(&motd).map_err(refuse)?;
            config.server.motd = Some(motd);
        }
        Ok(())
    }
}

impl Config {
    /// Reads the text of a file. `path` is for messages, and paths in the text are relative to its directory.
    ///
    /// # Errors
    /// All that is wrong, each with its line.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, Errors> {
        file::parse(text, path)
    }
}

impl Limits {
    /// Reads a value for `clients` from the command line.
    ///
    /// # Errors
    /// It is not a whole number, or out of range.
    pub fn parse_clients(text: &str) -> Result<u32, Invalid> {
        Raw::from_query(text).count(&keys::CLIENTS)
    }

    /// A newcomer's queue must take the whole greeting, and leave room for what happens meanwhile.
    fn admit(&self, motd: &Motd) -> Result<(), Invalid> {
        if motd.size() > self.send_queue / 2 {
            let message = "longer than half of [limits] send_queue; shorten it or raise that limit";
            return Err(Invalid::new(message));
        }
        Ok(())
    }
}

/// The bytes of a regular file, unless there are more than `bytes_max`. Errors are predicates: the caller puts the path
/// before them.
fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Invalid> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    open_regular(path)?
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| cannot_read(&e))?;
    if bytes.len() > bytes_max {
        let most = quantity::show_size(bytes_max as u64);
        return Err(Invalid::new(format!("is longer than {most}")));
    }
    Ok(bytes)
}

/// Opens a regular file for reading and refuses everything else: a FIFO or a terminal would be waited for, and the loop
/// that reads its configuration again must not wait; a device or a directory holds no configuration.
fn open_regular(path: &Path) -> Result<File, Invalid> {
    let check = |metadata: io::Result<Metadata>| match metadata {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(Invalid::new("is not a regular file")),
        Err(error) => Err(cannot_read(&error)),
    };
    // Before it is opened, because opening a device can already change it (a tape is rewound)...
    check(path.metadata())?;
    let mut options = File::options();
    // ...and once it is open, because the path may name something else by then. Without these flags the opening of a
    // FIFO waits for a writer, and that of a terminal can make it ours.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    options.read(true).custom_flags(flags as i32);
    let file = options.open(path).map_err(|e| cannot_read(&e))?;
    check(file.metadata())?;
    Ok(file)
}

/// `cannot be read: No such file or directory`, without the "(os error 2)" that tells nobody anything.
fn cannot_read(error: &io::Error) -> Invalid {
    let text = error.to_string();
    let cause = text.split(" (os error").next().unwrap_or_default();
    Invalid::new(format!("cannot be read: {cause}"))
}
