//! `[[webirc]]`: gateways that connect for others, and say for whom.
//!
//! Owns the explanations of the keys. Does not know what WEBIRC is.

use super::{
    error::Invalid,
    field::{Field, Key},
    settings::Gateway,
};

/// The settings of one `[[webirc]]`.
pub(super) const WEBIRC: &[Key<Gateway>] = &[
    Key {
        name: "password",
        about: "What `madang passwd` prints for the gateway's password; never the password itself.",
        example: "\"pbkdf2-sha256$600000$00112233445566778899aabbccddeeff$\
                  00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
        field: Field::Text {
            read: |gateway, text, _| {
                gateway.password = Some(text.parse()?);
                Ok(())
            },
            show: |gateway| gateway.password.as_ref().map(ToString::to_string),
        },
    },
    Key {
        name: "networks",
        about: "Where the gateway connects from: networks, or \"unix\" for a Unix socket.",
        example: "[\"192.0.2.7\"]",
        field: Field::TextsOrNone {
            read: |gateway, texts| {
                let peers: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
                gateway.networks = peers?;
                match gateway.networks.is_empty() {
                    true => Err(Invalid::new(
                        "a gateway connects from somewhere; name its address",
                    )),
                    false => Ok(()),
                }
            },
            show: |gateway| {
                let texts = gateway.networks.iter().map(ToString::to_string);
                (!gateway.networks.is_empty()).then(|| texts.collect())
            },
        },
    },
];
