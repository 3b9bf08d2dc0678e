//! The settings of `[server]` and `[limits]`, one row each, in the order in which they are printed.
//!
//! Owns the words of explanation and the ranges. The values' places, and what they mean, stand on the structs in the parent module;
//! socket options stand in `listen`. Does not know how a file is read.

use std::time::Duration;

use super::{
    Config, Motd,
    field::{Field, Key},
    quantity::{GIB, KIB, MIB},
};

/// A section of the file that exists once.
pub(super) struct Section {
    /// Its name in brackets.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Its settings.
    pub keys: &'static [Key<Config>],
}

/// The section `[server]`.
pub(super) const SERVER: Section = Section {
    name: "server",
    about: "What the server is called, and how it receives people.",
    keys: &[
        Key {
            name: "name",
            about: "The server's name, made like a host name; at most 63 characters.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    config.server.name = text.parse()?;
                    Ok(())
                },
                show: |config| Some(config.server.name.to_string()),
            },
        },
        Key {
            name: "motd",
            about: "A text file that greets newcomers; UTF-8, at most 64 KiB. A relative path starts at this file's directory.\n\
                    Default: no such text.",
            example: "\"motd.txt\"",
            field: Field::Text {
                read: |config, text, base| {
                    config.server.motd = Some(Motd::load(&base.join(text))?);
                    Ok(())
                },
                show: |config| {
                    let motd = config.server.motd.as_ref()?;
                    Some(motd.path().to_string_lossy().into_owned())
                },
            },
        },
        Key {
            name: "unicode_names",
            about: "Letters and digits of any script in the names of people and rooms; false: ASCII alone.",
            example: "",
            field: Field::Flag(|config| &mut config.server.unicode_names),
        },
    ],
};

/// The section `[limits]`.
pub(super) const LIMITS: Section = Section {
    name: "limits",
    about: "Everything that could grow, and how far it may.",
    keys: &[
        Key {
            name: "clients",
            about: "Connections at a time. Default: what the limit on open files allows.",
            example: "1000",
            field: Field::CountOrNone(|config| &mut config.limits.clients, 1..=CLIENTS_MAX),
        },
        Key {
            name: "clients_per_address",
            about: "Connections at a time from one address; 0 is no limit.",
            example: "",
            field: Field::Count(
                |config| &mut config.limits.clients_per_address,
                0..=CLIENTS_MAX,
            ),
        },
        Key {
            name: "line",
            about: "Longest line that a telnet user may send; a longer one is refused.",
            example: "",
            field: Field::Size(|config| &mut config.limits.line, 512..=64 * KIB),
        },
        Key {
            name: "send_queue",
            about: "What may wait for one slow reader before it is let go.",
            example: "",
            field: Field::Size(|config| &mut config.limits.send_queue, 4 * KIB..=GIB),
        },
        Key {
            name: "queued_total",
            about: "What may wait for all readers together; past it, those with most are let go first.",
            example: "",
            field: Field::Size(|config| &mut config.limits.queued_total, MIB..=1024 * GIB),
        },
        Key {
            name: "registration",
            about: "How long a newcomer may take to give a name.",
            example: "",
            field: Field::Span(|config| &mut config.limits.registration, SHORT..=HOUR),
        },
        Key {
            name: "ping",
            about: "Silence after which a peer is asked for a sign of life.",
            example: "",
            field: Field::Span(|config| &mut config.limits.ping, SHORT..=HOUR),
        },
        Key {
            name: "messages_per_second",
            about: "Lines per second that are taken from one connection; what comes faster waits. 0: no flood control.",
            example: "",
            field: Field::Count(
                |config| &mut config.limits.messages_per_second,
                0..=1_000_000,
            ),
        },
        Key {
            name: "burst",
            about: "Lines that one connection may send at once before the rate above counts.",
            example: "",
            field: Field::Count(|config| &mut config.limits.burst, 1..=1_000_000),
        },
    ],
};

/// What Linux grants one process at most unless told otherwise (`fs.nr_open`); more is a typing error rather than a wish.
pub const CLIENTS_MAX: u32 = 1_048_576;

/// Shorter, and a slow line alone would be reason to be let go.
const SHORT: Duration = Duration::from_millis(100);

/// Longer, and the setting would be of no use.
const HOUR: Duration = Duration::from_secs(3_600);

impl Section {
    /// Every section with keys of its own.
    pub(super) const ALL: [Self; 2] = [SERVER, LIMITS];
}
