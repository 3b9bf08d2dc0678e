//! The rows of `[accounts]`.

use super::{
    error::Invalid,
    field::{Field, Key, Section},
    settings::{AlwaysOn, Registration},
};
use std::time::Duration;

/// The values of `always_on`.
const ALWAYS_ON: [(&str, AlwaysOn); 3] = [
    ("off", AlwaysOn::Off),
    ("opt-in", AlwaysOn::OptIn),
    ("opt-out", AlwaysOn::OptOut),
];

/// The section `[accounts]`.
pub(super) const ACCOUNTS: Section = Section {
    name: "accounts",
    about: "Names that belong to someone, with a password. They are kept in [server] data, and need it.",
    keys: &[
        Key {
            name: "registration",
            about: "Who may make an account: \"open\" is anyone, \"invite\" who has an invitation (NickServ INVITE, or\n\
                    madang account invite), \"closed\" is operators of the server alone (NickServ SAREGISTER).",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    let mut all = Registration::ALL.into_iter();
                    let found = all.find(|(_, name)| *name == text);
                    let wrong = "this may be \"open\", \"invite\" or \"closed\"";
                    let (value, _) = found.ok_or_else(|| Invalid::new(wrong))?;
                    config.accounts.registration = value;
                    Ok(())
                },
                show: |config| {
                    let mut all = Registration::ALL.into_iter();
                    let found = all.find(|(value, _)| *value == config.accounts.registration);
                    found.map(|(_, name)| name.to_owned())
                },
            },
        },
        Key {
            name: "plain_text_login",
            about: "Take passwords over connections that are not encrypted, where anyone on the way can read them.\n\
                    From this machine itself they are always taken.",
            example: "",
            field: Field::Flag(|config| &mut config.accounts.plain_text_login),
        },
        Key {
            name: "before_connect",
            about: "IRC clients may make an account before they are in (draft/account-registration's before-connect).",
            example: "",
            field: Field::Flag(|config| &mut config.accounts.before_connect),
        },
        Key {
            name: "custom_names",
            about: "An account may have another name than the nick of the user who makes it (custom-account-name).",
            example: "",
            field: Field::Flag(|config| &mut config.accounts.custom_names),
        },
        Key {
            name: "always_on",
            about: "Who stays in the rooms, shown as away, when the last connection goes: \"off\" is nobody, \"opt-in\" those\n\
                    who said NS SET ALWAYS-ON ON, \"opt-out\" all with an account but those who said OFF.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    let found = ALWAYS_ON.iter().find(|(name, _)| *name == text);
                    let wanted = "this may be \"off\", \"opt-in\" or \"opt-out\"";
                    config.accounts.always_on = found.ok_or(Invalid::new(wanted))?.1;
                    Ok(())
                },
                show: |config| {
                    let wanted = config.accounts.always_on;
                    let found = ALWAYS_ON.iter().find(|(_, value)| *value == wanted);
                    found.map(|(name, _)| (*name).to_owned())
                },
            },
        },
        Key {
            name: "always_on_expires",
            about: "How long they stay without a connection.",
            example: "",
            field: Field::Span(
                |config| &mut config.accounts.always_on_expires,
                Duration::from_secs(3600)..=Duration::from_secs(10 * 366 * 86_400),
            ),
        },
        Key {
            name: "max",
            about: "How many accounts there may be; each takes some 400 bytes of memory.",
            example: "",
            field: Field::Count(|config| &mut config.accounts.max, 1..=10_000_000),
        },
        Key {
            name: "password_min",
            about: "Bytes that a new password has at least.",
            example: "",
            field: Field::Count(|config| &mut config.accounts.password_min, 1..=128),
        },
        Key {
            name: "scram_rounds",
            about: "Rounds of the hash of new passwords (SCRAM-SHA-256). More makes a stolen database worth less, and\n\
                    each login dearer: 32768 are some 10 ms of one core.",
            example: "",
            field: Field::Count(|config| &mut config.accounts.scram_rounds, 4096..=1_000_000),
        },
    ],
};
