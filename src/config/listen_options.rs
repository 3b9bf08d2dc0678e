//! The socket options of a listener, one row each: for the query of its URL and for `[[listen]]`.
//!
//! Owns the text about each option and its range; the defaults are those of
//! [`SocketOptions`](super::listen::SocketOptions).

use super::{
    error::{Invalid, Listing, suggest},
    field::{Field, Key, Raw},
    listen::ListenUrl,
    scheme::Transport,
    units::{GIB, KIB},
};
use std::{ops::RangeInclusive, path::Path};

/// The socket options, for the query of a URL and for `[[listen]]`.
pub(super) const LISTEN_OPTIONS: &[Key<ListenUrl>] = &[
    Key {
        name: "backlog",
        about: "Connections that may wait to be accepted; the kernel may have a lower limit of its own.",
        example: "",
        field: Field::Count(|listen| &mut listen.options.backlog, 1..=65_535),
    },
    Key {
        name: "nodelay",
        about: "Send lines at once (TCP_NODELAY).",
        example: "",
        field: Field::Flag(|listen| &mut listen.options.nodelay),
    },
    Key {
        name: "keepalive",
        about: "Notice vanished peers (SO_KEEPALIVE).",
        example: "",
        field: Field::Flag(|listen| &mut listen.options.keepalive),
    },
    Key {
        name: "reuseaddr",
        about: "Bind although old connections still linger (SO_REUSEADDR). For UDP off unless asked for.",
        example: "",
        field: Field::Flag(|listen| &mut listen.options.reuseaddr),
    },
    Key {
        name: "reuseport",
        about: "Share the port with other processes (SO_REUSEPORT).",
        example: "",
        field: Field::Flag(|listen| &mut listen.options.reuseport),
    },
    Key {
        name: "v6only",
        about: "Leave IPv4 at [::] to other listeners (IPV6_V6ONLY); otherwise IPv4 clients connect there too. Default: only if\n\
                another listener is at 0.0.0.0 with the same port.",
        example: "true",
        field: Field::FlagOrNone(|listen| &mut listen.options.v6only),
    },
    Key {
        name: "sndbuf",
        about: "The kernel's send buffer per connection (SO_SNDBUF). Default: the kernel's choice.",
        example: "\"64 KiB\"",
        field: Field::SizeOrNone(|listen| &mut listen.options.sndbuf, BUFFER),
    },
    Key {
        name: "rcvbuf",
        about: "The kernel's receive buffer per connection (SO_RCVBUF). Default: the kernel's choice.",
        example: "\"64 KiB\"",
        field: Field::SizeOrNone(|listen| &mut listen.options.rcvbuf, BUFFER),
    },
];

/// The size that the kernel is asked for; it takes the nearest that it allows.
const BUFFER: RangeInclusive<u64> = KIB..=GIB;

impl ListenUrl {
    /// Refuses an option that this listener's transport does not have.
    pub(super) fn check_option(&self, name: &str) -> Result<(), Invalid> {
        const TCP_ONLY: [&str; 3] = ["backlog", "keepalive", "nodelay"];
        if self.scheme.transport() == Transport::Udp && TCP_ONLY.contains(&name) {
            let known = LISTEN_OPTIONS.iter().map(|key| key.name);
            let known: Vec<_> = known.filter(|name| !TCP_ONLY.contains(name)).collect();
            return Err(Invalid::new(format!(
                "{name} makes no sense for {}, which has no connections; known are {}",
                self.scheme.name(),
                known.join(", ")
            )));
        }
        Ok(())
    }

    /// Reads options as `NAME=VALUE&NAME=VALUE`.
    pub(super) fn read_query(&mut self, query: &str) -> Result<(), Invalid> {
        let mut seen: Vec<&str> = Vec::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(key) = LISTEN_OPTIONS.iter().find(|key| key.name == name) else {
                let known = LISTEN_OPTIONS.iter().map(|key| key.name);
                let remedy = suggest(name, known, Listing::Always);
                return Err(Invalid::new(format!("unknown option {name:?}; {remedy}")));
            };
            if seen.contains(&name) {
                return Err(Invalid::new(format!("option {name} is given twice")));
            }
            seen.push(name);
            self.check_option(name)?;
            key.field
                .read(self, Raw::from_query(value), Path::new(""))
                .map_err(|e| Invalid::new(format!("option {pair}: {e}")))?;
        }
        Ok(())
    }
}
