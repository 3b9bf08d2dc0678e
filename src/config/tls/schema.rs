//! The rows of `[tls]`.

use crate::config::field::{Field, Key, Section};
use std::{ops::RangeInclusive, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);

/// With more than a year, a mistake would affect clients for too long.
const STS: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(366 * 24 * 3_600);

/// The section `[tls]`.
pub(in crate::config) const TLS: Section = Section {
    name: "tls",
    about: "Encryption, for listeners of the schemes ircs and https, and for clients of any that begin with it.",
    keys: &[
        Key {
            name: "certificate",
            about: "PEM file with the certificate and its chain. Several, [\"a.pem\", \"b.pem\"]: clients get the one\n\
                    for the name they ask for, else the first. Read again on SIGHUP. Default: no TLS.\n\
                    A relative path starts at this file's directory.",
            example: "\"chat.example.pem\"",
            field: Field::Paths(|config| &mut config.tls.certificate),
        },
        Key {
            name: "key",
            about: "PEM file with the private key; as many as certificates, in the same order. EC, RSA or Ed25519.\n\
                    Default: it is in the certificate's file.",
            example: "\"chat.example.key\"",
            field: Field::Paths(|config| &mut config.tls.key),
        },
        Key {
            name: "self_signed",
            about: "Make a certificate for the first hour, which clients will warn about; instead of those above.\n\
                    With [server] data it is kept there, else it lasts as long as the process.",
            example: "",
            field: Field::Flag(|config| &mut config.tls.self_signed),
        },
        Key {
            name: "sts",
            about: "IRC clients that connect without TLS must use TLS from then on for this long (IRCv3 sts). Once sent, it\n\
                    cannot be taken back before that time is over. Default: not sent. It needs an ircs listener.",
            example: "\"720h\"",
            field: Field::SpanOrNone(|config| &mut config.tls.sts, STS),
        },
    ],
};
