//! File and flags in, one checked [`Config`] out.
//!
//! Every default is defined once: in [`Config::default`], [`SocketOptions::new`] and [`Scheme::default_port`]; help
//! texts and the printed configuration are made from them. Every setting is one row of a table in `schema`, which
//! reads, checks, explains and prints it.
//!
//! Invariants: a `Config` holds only values that were checked; flags win over the file; an unknown key is an error.
//! Does not know the command line's syntax, sockets, or what the settings are used for.

mod accounts;
mod error;
mod field;
mod file;
mod history;
mod host;
mod listen;
mod listen_options;
mod listen_url;
mod missing_right;
mod motd;
mod network;
mod print;
mod proxy_peer;
#[cfg(test)]
mod reference;
mod regular_file;
mod schema;
mod scheme;
mod settings;
mod sources;
mod tls;
mod units;
mod webirc;
mod whole_file;

pub use self::settings::Registration;
pub use crate::auth::PasswordHash;
pub use error::{Error, Errors, Invalid, Location};
pub use host::{Host, ServerName, is_bare_ipv6, parse_host_port, split_url};
pub use listen::{Endpoint, ListenUrl, SocketOptions};
pub use motd::Motd;
pub use network::Network;
pub use print::{default_listen_text, default_text, listen_options_text, schemes_text};
pub use proxy_peer::ProxyPeer;
pub use scheme::{DEFAULT_PORT, Scheme, Transport};
pub use settings::{
    Accounts, AlwaysOn, Config, Gateway, History, Identity, Limits, Operator, Sandbox, Web,
};
pub use sources::{Flags, Sources};
pub use tls::{Credential, SelfSigned, Tls};
pub use units::{parse_duration, parse_size};
pub use whole_file::{Readers, WholeFile};
