//! The socket options of a listener, one row each: for the query of its URL and for `[[listen]]`.
//!
//! Owns the text about each option and its range; the defaults are those of
//! [`SocketOptions`](super::listen::SocketOptions).

use super::{
    error::{Invalid, Listing, suggest},
    field::{Field, Key, Raw},
    listen::ListenUrl,
    proxy_peer::ProxyPeer,
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
    Key {
        name: "mode",
        about: "Of a Unix socket: the mode of its file, which says who may connect. Default: \"0660\", the server's user and\n\
                group.",
        example: "\"0666\"",
        field: Field::Text {
            read: |listen, text, _| {
                listen.options.mode = Some(file_mode(text)?);
                Ok(())
            },
            show: |listen| listen.options.mode.map(|mode| format!("{mode:04o}")),
        },
    },
    Key {
        name: "proxy",
        about: "Proxies before this listener, as networks; \"unix\" is all that connects to a Unix socket. What they say of a\n\
                client's address counts, and that of nobody else. They have to begin each connection with a header of the\n\
                PROXY protocol (1 or 2); at http and https they name the client in X-Forwarded-For or Forwarded.",
        example: "",
        field: Field::Texts {
            read: |listen, texts| {
                let peers: Result<Vec<_>, _> = texts.iter().map(|text| text.parse()).collect();
                listen.options.proxy = listen.check_proxies(peers?)?;
                Ok(())
            },
            show: |listen| {
                listen
                    .options
                    .proxy
                    .iter()
                    .map(ToString::to_string)
                    .collect()
            },
        },
    },
    Key {
        name: "proxy_protocol",
        about: "Whether these proxies speak the PROXY protocol; else they name the client in a header field of HTTP.\n\
                Default: true, and false at http and https.",
        example: "true",
        field: Field::FlagOrNone(|listen| &mut listen.options.proxy_protocol),
    },
];

/// The size that the kernel is asked for; it takes the nearest that it allows.
const BUFFER: RangeInclusive<u64> = KIB..=GIB;

/// The options that listeners with this transport do not have.
fn missing(transport: Transport) -> &'static [&'static str] {
    match transport {
        Transport::Tcp => &["mode"],
        Transport::Udp => &[
            "backlog",
            "keepalive",
            "mode",
            "nodelay",
            "proxy",
            "proxy_protocol",
        ],
        Transport::Unix => &["keepalive", "nodelay", "reuseaddr", "reuseport", "v6only"],
    }
}

/// Reads the mode of a file, in octal digits as `chmod` takes them.
fn file_mode(text: &str) -> Result<u32, Invalid> {
    let is_octal =
        (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = u32::from_str_radix(text, 8).ok().filter(|_| is_octal);
    let fit = mode.filter(|mode| mode & !0o777 == 0);
    fit.ok_or_else(|| Invalid::new("not a mode of a file; write it like \"0660\" or \"0666\""))
}

impl ListenUrl {
    /// Refuses proxies that cannot connect here.
    fn check_proxies(&self, peers: Vec<ProxyPeer>) -> Result<Vec<ProxyPeer>, Invalid> {
        let is_unix = self.transport() == Transport::Unix;
        let names_unix = peers.contains(&ProxyPeer::Unix);
        match (is_unix, names_unix) {
            (false, true) => Err(Invalid::new(
                "nobody connects to an address by a Unix socket; \"unix\" is for unix:///PATH",
            )),
            (true, false) if !peers.is_empty() => Err(Invalid::new(
                "whoever connects to a Unix socket has no address; write [\"unix\"], and networks only beside it",
            )),
            _ => Ok(peers),
        }
    }

    /// Refuses an option that this listener's transport does not have.
    pub(super) fn check_option(&self, name: &str) -> Result<(), Invalid> {
        let transport = self.transport();
        let missing = missing(transport);
        if !missing.contains(&name) {
            return Ok(());
        }
        let known = LISTEN_OPTIONS.iter().map(|key| key.name);
        let known: Vec<_> = known.filter(|name| !missing.contains(name)).collect();
        let what = match transport {
            Transport::Tcp => "an address, which is no file",
            Transport::Udp => "echo+udp, which has no connections",
            Transport::Unix => "a Unix socket",
        };
        let known = known.join(", ");
        Err(Invalid::new(format!(
            "{name} makes no sense for {what}; known are {known}"
        )))
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
            let texts: Vec<&str> = value.split(',').collect();
            let raw = match key.field {
                Field::Text { .. } => Raw::Text(value),
                Field::Texts { .. } => Raw::Texts(&texts),
                _ => Raw::from_query(value),
            };
            key.field
                .read(self, raw, Path::new(""))
                .map_err(|e| Invalid::new(format!("option {pair}: {e}")))?;
        }
        Ok(())
    }
}
