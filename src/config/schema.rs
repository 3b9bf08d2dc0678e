//! Every setting, one row each, in the order in which they are printed.
//!
//! Owns the explanations and the ranges. What the values mean to the program is written on the structs that hold
//! them. Does not know how a file is read.

use super::{
    accounts::ACCOUNTS,
    error::Invalid,
    field::{Field, Key, Raw, Section},
    history::HISTORY,
    host::split_url,
    listen::ListenUrl,
    motd::Motd,
    settings::{Limits, Operator},
    tls::TLS,
    units::{GIB, KIB, MIB},
};
use std::{ops::RangeInclusive, time::Duration};

/// The section `[server]`.
pub(super) const SERVER: Section = Section {
    name: "server",
    about: "The server's name, and what it offers new users.",
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
            name: "description",
            about: "What the server is, in a few words; IRC clients show it.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    config.server.description = short_text(text)?;
                    Ok(())
                },
                show: |config| Some(config.server.description.clone()),
            },
        },
        Key {
            name: "network",
            about: "The network's name, one word; IRC clients show it in place of the server's.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    config.server.network = one_word(text)?;
                    Ok(())
                },
                show: |config| Some(config.server.network.clone()),
            },
        },
        Key {
            name: "motd",
            about: "A text file that greets new users; UTF-8, at most 64 KiB. \"\" is no text. Default: a few lines about the\n\
                    first commands, for IRC clients. A relative path starts at this file's directory.",
            example: "\"motd.txt\"",
            field: Field::Text {
                read: |config, text, base| {
                    config.server.motd = Some(match text {
                        "" => Motd::none(),
                        path => Motd::load(&base.join(path))?,
                    });
                    Ok(())
                },
                show: |config| {
                    let motd = config.server.motd.as_ref()?;
                    Some(motd.path().to_string_lossy().into_owned())
                },
            },
        },
        Key {
            name: "join",
            about: "Rooms in which new users of IRC are from the start, at most 8; [] is none. Users of telnet and of the\n\
                    page choose their rooms themselves, and so do IRC clients with the capability madang.chat/own-rooms. A room\n\
                    of 250 members or more takes in only those who ask for it.",
            example: "",
            field: Field::Texts {
                read: |config, texts| {
                    let rooms: Result<_, _> = texts.iter().map(|text| room(text)).collect();
                    config.server.join = rooms?;
                    if config.server.join.len() > JOIN_MAX {
                        return Err(Invalid::new(format!("more than {JOIN_MAX} rooms")));
                    }
                    Ok(())
                },
                show: |config| config.server.join.clone(),
            },
        },
        Key {
            name: "password",
            about: "The password that every client must give, in whatever protocol. Default: none.",
            example: "\"open sesame\"",
            field: Field::Text {
                read: |config, text, _| {
                    config.server.password = Some(short_text(text)?);
                    Ok(())
                },
                show: |config| config.server.password.clone(),
            },
        },
        Key {
            name: "data",
            about: "A directory for what outlives the process; it is created if it does not exist. Default: none.\n\
                    A relative path starts at this file's directory.",
            example: "\"/var/lib/madang\"",
            field: Field::Text {
                read: |config, text, base| {
                    config.server.data = Some(base.join(text));
                    Ok(())
                },
                show: |config| {
                    let data = config.server.data.as_ref()?;
                    Some(data.to_string_lossy().into_owned())
                },
            },
        },
        Key {
            name: "sandbox",
            about: "Give up all rights to files, TCP and system calls that the server does not need, once it listens (Linux:\n\
                    Landlock and seccomp): \"on\" as far as the kernel can, \"off\", or \"strict\": without them it does not\n\
                    start, and a system call that it does not need ends it.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    config.server.sandbox = text.parse()?;
                    Ok(())
                },
                show: |config| Some(config.server.sandbox.name().to_owned()),
            },
        },
        Key {
            name: "default_user_modes",
            about: "User modes that every user has from the start, as letters: i (invisible), w (wallops).",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    if !text.chars().all(|mode| "iw".contains(mode)) {
                        return Err(Invalid::new("these may be i and w"));
                    }
                    config.server.default_user_modes = text.to_owned();
                    Ok(())
                },
                show: |config| Some(config.server.default_user_modes.clone()),
            },
        },
        Key {
            name: "unicode_names",
            about: "Letters and digits of any script in the names of users and rooms; false: ASCII alone.",
            example: "",
            field: Field::Flag(|config| &mut config.server.unicode_names),
        },
    ],
};

/// The section `[web]`.
pub(super) const WEB: Section = Section {
    name: "web",
    about: "Browsers.",
    keys: &[
        Key {
            name: "status",
            about: "Show anyone at /status how many users and rooms there are, and how busy the server is.",
            example: "",
            field: Field::Flag(|config| &mut config.web.status),
        },
        Key {
            name: "origins",
            about: "Pages of which other sites may connect by WebSocket: a list of origins, or \"*\" for any.\n\
                The server's own page always may, and so may programs other than browsers.",
            example: "",
            field: Field::Texts {
                read: |config, texts| {
                    let origins: Result<_, _> = texts.iter().map(|text| origin(text)).collect();
                    config.web.origins = origins?;
                    Ok(())
                },
                show: |config| config.web.origins.clone(),
            },
        },
        Key {
            name: "hosts",
            about: "Names that browsers and programs may use for this server: [\"chat.example\"], or [\"*\"] for any.\n\
                A request for another name is refused (421), because a stranger's name may point here. Always allowed are\n\
                addresses, localhost, [server] name, and the names in [[listen]], in certificates and in origins.",
            example: "",
            field: Field::Texts {
                read: |config, texts| {
                    let hosts: Result<_, _> = texts.iter().map(|text| web_host(text)).collect();
                    config.web.hosts = hosts?;
                    Ok(())
                },
                show: |config| config.web.hosts.clone(),
            },
        },
        Key {
            name: "ping",
            about: "Silence after which a WebSocket is sent a ping; browsers answer it by themselves. Proxies close a\n\
                connection on which nothing moves, nginx after 60 seconds: keep this at half of that or less.\n\
                [limits] ping counts if it is shorter, and is the time in which the answer must come.",
            example: "",
            field: Field::Span(|config| &mut config.web.ping, SHORT..=HOUR),
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
            field: Field::CountOrNone(|config| &mut config.limits.clients, CLIENTS),
        },
        Key {
            name: "clients_per_address",
            about: "Connections at a time from one address (or IPv6 network of 64 bits); 0 is no limit.\n\
                    The default fits a household or an office behind one router.",
            example: "",
            field: Field::Count(
                |config| &mut config.limits.clients_per_address,
                0..=CLIENTS_MAX,
            ),
        },
        Key {
            name: "connections_per_minute",
            about: "Connections a minute from one address, so many at once after a silence; 0 is no limit.\n\
                    An IPv6 network of 64 bits counts as one address, for one customer has at least that.",
            example: "",
            field: Field::Count(
                |config| &mut config.limits.connections_per_minute,
                0..=1_000_000,
            ),
        },
        Key {
            name: "exempt",
            about: "Networks that are exempt from the two limits above. Default: this machine itself, because proxies\n\
                    and load tools connect from there.",
            example: "",
            field: Field::Texts {
                read: |config, texts| {
                    let networks: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
                    config.limits.exempt = networks?;
                    Ok(())
                },
                show: |config| {
                    config
                        .limits
                        .exempt
                        .iter()
                        .map(ToString::to_string)
                        .collect()
                },
            },
        },
        Key {
            name: "line",
            about: "Longest line that a telnet user may send; a longer one is refused.",
            example: "",
            field: Field::Size(|config| &mut config.limits.line, 512..=64 * KIB),
        },
        Key {
            name: "send_queue",
            about: "What may wait for one slow client before the server disconnects it.",
            example: "",
            field: Field::Size(|config| &mut config.limits.send_queue, 4 * KIB..=GIB),
        },
        Key {
            name: "queued_total",
            about: "What all peers together may make the server hold: output that waits, unfinished input, TLS,\n\
                    rooms and their lists. Past it, the server disconnects those that it holds most for, unregistered first.\n\
                    A limit of the host on memory (ulimit -v, a control group) lowers it.",
            example: "",
            field: Field::Size(|config| &mut config.limits.queued_total, MIB..=1024 * GIB),
        },
        Key {
            name: "registration",
            about: "How long a new client may take to register.",
            example: "",
            field: Field::Span(|config| &mut config.limits.registration, SHORT..=HOUR),
        },
        Key {
            name: "ping",
            about: "Silence after which a client is sent a ping.",
            example: "",
            field: Field::Span(|config| &mut config.limits.ping, SHORT..=HOUR),
        },
        Key {
            name: "messages_per_second",
            about: "Lines per second that the server takes from one connection; what comes faster waits.\n\
                    0 is no flood control.",
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

/// The key `url` of `[[listen]]`. It is read before the options, so that they win over those in its query.
pub(super) const LISTEN_URL: Key<ListenUrl> = Key {
    name: "url",
    about: "What to listen for, and where: SCHEME://HOST[:PORT][?OPTION=VALUE&...]. Port 0 asks the system for one,\n\
            [::] is IPv6 and IPv4, localhost is 127.0.0.1 and [::1], [fe80::1%eth0] names its interface. Schemes: any\n\
            (the first bytes choose), telnet, irc, ircs, http, https, echo, echo+udp, metrics. Each but echo+udp also at a\n\
            Unix socket: unix:///PATH (the first bytes choose), irc+unix:///PATH, http+unix:///PATH.",
    example: "\"any://127.0.0.1:7777\"",
    field: Field::Text {
        read: |listen, text, _| {
            *listen = text.parse()?;
            Ok(())
        },
        show: |listen| Some(listen.to_string()),
    },
};

/// The settings of one `[[operator]]`.
pub(super) const OPERATOR: &[Key<Operator>] = &[
    Key {
        name: "name",
        about: "The name in the command OPER NAME PASSWORD.",
        example: "\"alice\"",
        field: Field::Text {
            read: |operator, text, _| {
                operator.name = one_word(text)?;
                Ok(())
            },
            show: |operator| Some(operator.name.clone()).filter(|name| !name.is_empty()),
        },
    },
    Key {
        name: "password",
        about: "What `madang passwd` prints for the password; never the password itself.",
        example: "\"pbkdf2-sha256$600000$00112233445566778899aabbccddeeff$\
                  00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
        field: Field::Text {
            read: |operator, text, _| {
                operator.password = Some(text.parse()?);
                Ok(())
            },
            show: |operator| operator.password.as_ref().map(ToString::to_string),
        },
    },
];

/// Reads an origin: scheme, host and port of a page, as browsers send them (RFC 6454 section 6.2).
fn origin(text: &str) -> Result<String, Invalid> {
    let plain = text.strip_suffix('/').unwrap_or(text);
    let fit = |c: char| c.is_ascii_graphic() && !"/?#@\\,\"".contains(c);
    let is_origin = split_url(plain).is_some_and(|(scheme, host)| {
        !scheme.is_empty() && !host.is_empty() && host.chars().all(fit)
    });
    if text == "*" || is_origin {
        return Ok(plain.to_ascii_lowercase());
    }
    let message = format!("{text:?} is no origin; write it like \"https://chat.example\" or \"*\"");
    Err(Invalid::new(message))
}

/// Reads a name that browsers may use for the server, in the form in which they send it.
fn web_host(text: &str) -> Result<String, Invalid> {
    let plain = text.strip_suffix('.').unwrap_or(text);
    let name = plain.strip_prefix("*.").unwrap_or(plain);
    let fit = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_name = name
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(fit));
    if text == "*" || is_name {
        return Ok(plain.to_ascii_lowercase());
    }
    let why = match text.is_ascii() {
        true => {
            "write the name alone, like \"chat.example\", \"*.chat.example\" or \"*\"; ports do not count"
        }
        false => "write it as browsers send it, in ASCII (\"xn--...\")",
    };
    Err(Invalid::new(format!("{text:?} is no host; {why}")))
}

/// Each newcomer enters all of them, and all members of them are informed.
const JOIN_MAX: usize = 8;

/// Reads a room's name. The rules for letters are the chat's; the server checks them when it starts.
fn room(text: &str) -> Result<String, Invalid> {
    const CHARACTERS_MAX: usize = 64;
    let fit = |c: char| !c.is_control() && !c.is_whitespace() && c != ',';
    let is_room = text.strip_prefix('#').is_some_and(|name| !name.is_empty());
    if !is_room || text.chars().count() > CHARACTERS_MAX || !text.chars().all(fit) {
        let message = format!("{text:?} is no room; write it like \"#lobby\"");
        return Err(Invalid::new(message));
    }
    Ok(text.to_owned())
}

/// Reads a text for one line of a protocol.
fn short_text(text: &str) -> Result<String, Invalid> {
    /// Room for a sentence; a line of IRC must hold it beside names.
    const BYTES_MAX: usize = 200;
    if text.is_empty() || text.len() > BYTES_MAX || text.chars().any(char::is_control) {
        let message = "not one line of 1 to 200 bytes without control characters";
        return Err(Invalid::new(message));
    }
    Ok(text.to_owned())
}

/// Reads a text that is one parameter of a line of IRC.
fn one_word(text: &str) -> Result<String, Invalid> {
    const BYTES_MAX: usize = 63;
    let fit = |c: char| !c.is_control() && !c.is_whitespace() && c != '=';
    if text.is_empty() || text.len() > BYTES_MAX || text.starts_with(':') || !text.chars().all(fit)
    {
        return Err(Invalid::new("not one word of at most 63 bytes"));
    }
    Ok(text.to_owned())
}

/// The most that Linux grants one process by default (`fs.nr_open`); a larger number is probably a typing error.
const CLIENTS_MAX: u32 = 1_048_576;

/// How many connections may be allowed at a time.
const CLIENTS: RangeInclusive<u32> = 1..=CLIENTS_MAX;

/// With less, one slow line would already exceed the limit.
const SHORT: Duration = Duration::from_millis(100);

/// With more, the setting would have no effect.
const HOUR: Duration = Duration::from_secs(3_600);

/// Every section with keys of its own.
pub(super) const SECTIONS: [Section; 6] = [SERVER, ACCOUNTS, HISTORY, TLS, WEB, LIMITS];

impl Limits {
    /// Reads a value for `clients` from the command line.
    ///
    /// # Errors
    /// The text is not a whole number, or out of range.
    pub fn parse_clients(text: &str) -> Result<u32, Invalid> {
        Raw::from_query(text).count(&CLIENTS)
    }
}
