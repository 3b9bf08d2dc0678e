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
];

/// The size that the kernel is asked for; it takes the nearest that it allows.
const BUFFER: RangeInclusive<u64> = KIB..=GIB;

/// The options that listeners with this transport do not have.
fn missing(transport: Transport) -> &'static [&'static str] {
    match transport {
        Transport::Tcp => &["mode"],
        Transport::Udp => &["backlog", "keepalive", "mode", "nodelay"],
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
            let raw = match key.field {
                Field::Text { .. } => Raw::Text(value),
                _ => Raw::from_query(value),
            };
            key.field
                .read(self, raw, Path::new(""))
                .map_err(|e| Invalid::new(format!("option {pair}: {e}")))?;
        }
        Ok(())
    }
}
