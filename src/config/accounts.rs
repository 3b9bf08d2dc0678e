//! The rows of `[accounts]`.

use super::{
    error::Invalid,
    field::{Field, Key, Section},
};

/// The section `[accounts]`.
pub(super) const ACCOUNTS: Section = Section {
    name: "accounts",
    about: "Names that belong to someone, with a password. They are kept in [server] data, and need it.",
    keys: &[
        Key {
            name: "registration",
            about: "Who may make an account: \"open\" is anyone, \"closed\" is nobody: the accounts there are stay.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    config.accounts.registration_open = match text {
                        "open" => true,
                        "closed" => false,
                        _ => return Err(Invalid::new("this may be \"open\" or \"closed\"")),
                    };
                    Ok(())
                },
                show: |config| {
                    let text = match config.accounts.registration_open {
                        true => "open",
                        false => "closed",
                    };
                    Some(text.to_owned())
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
