//! The rows of `[history]`.

use super::{
    error::Invalid,
    field::{Field, Key, Section},
    units::{GIB, MIB},
};

/// The section `[history]`.
pub(super) const HISTORY: Section = Section {
    name: "history",
    about: "What was said, to be read again. Without [server] data it is in memory alone: the last 100 lines of a room.",
    keys: &[
        Key {
            name: "lines",
            about: "Lines that are kept of one room, or of what two accounts say to each other; the oldest go first.\n\
                    0 is no history.",
            example: "",
            field: Field::Count(|config| &mut config.history.lines, 0..=1_000_000_000),
        },
        Key {
            name: "bytes",
            about: "Bytes of the same; 0 is no limit beside that of lines. Needs [server] data, as the next two do.",
            example: "",
            field: Field::Size(|config| &mut config.history.bytes, 0..=1024 * GIB),
        },
        Key {
            name: "days",
            about: "Remove lines that are older than so many days; 0 is no limit.",
            example: "",
            field: Field::Count(|config| &mut config.history.days, 0..=36_500),
        },
        Key {
            name: "bytes_total",
            about: "Bytes of all lines; past it the oldest lines go first, whichever room they are in. The database takes some\n\
                    two times as much on the disk.",
            example: "",
            field: Field::Size(|config| &mut config.history.bytes_total, MIB..=1024 * GIB),
        },
        Key {
            name: "private",
            about: "Keep what is said in private too, if both have an account.",
            example: "",
            field: Field::Flag(|config| &mut config.history.private),
        },
        Key {
            name: "events",
            about: "Keep who joined, left, quit or took another nick, too (for draft/event-playback).",
            example: "",
            field: Field::Flag(|config| &mut config.history.events),
        },
        Key {
            name: "access",
            about: "What members of a room may read: \"from-founding\" is all of it, \"since-joined\" is what was said since\n\
                    they joined. Others read nothing in any case.",
            example: "",
            field: Field::Text {
                read: |config, text, _| {
                    config.history.since_joined = match text {
                        "from-founding" => false,
                        "since-joined" => true,
                        _ => {
                            let message = "this may be \"from-founding\" or \"since-joined\"";
                            return Err(Invalid::new(message));
                        }
                    };
                    Ok(())
                },
                show: |config| {
                    let text = match config.history.since_joined {
                        false => "from-founding",
                        true => "since-joined",
                    };
                    Some(text.to_owned())
                },
            },
        },
        Key {
            name: "replay",
            about: "Lines that a client is sent when it joins a room, if it is none that asks by itself; 0 is none.",
            example: "",
            field: Field::Count(|config| &mut config.history.replay, 0..=1000),
        },
    ],
};
