//! The lines of the control socket: a greeting, then requests, each with its answer.
//!
//! ```text
//! < madang control 1 version 0.1.0 rounds 32768 password_min 8
//! > account suspend bob spam
//! < ok bob is suspended
//! > account list
//! < - alice <TAB> ...
//! < ok
//! ```
//!
//! A request is a line of words with one space between them. Its answer is any number of lines that begin with `- `, and
//! one with `ok` or `error`, whose rest is for people. Knows no sockets.

use crate::auth::Credentials;
use std::fmt::{self, Write as _};

/// The name of the socket in the data directory.
pub const CONTROL: &str = "control";

/// Raised when a line changes its meaning. New requests do not raise it: a server that does not know one says so.
const VERSION: u32 = 1;

/// The first line of a connection: what a host's program has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Rounds of the hash of new passwords.
    pub rounds: u32,
    /// Bytes that a new password has at least.
    pub password_bytes_min: usize,
}

impl fmt::Display for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        let (rounds, least) = (self.rounds, self.password_bytes_min);
        write!(
            f,
            "madang control {VERSION} version {version} rounds {rounds} password_min {least}"
        )
    }
}

impl Greeting {
    /// Reads a greeting; words that are not known are left for later versions.
    ///
    /// # Errors
    /// The line as it is for people, if it is none.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split(' ');
        let mut is = |word| words.next() == Some(word);
        if !is("madang") || !is("control") {
            return Err(line.strip_prefix("error ").unwrap_or(line).to_owned());
        }
        if !is(&VERSION.to_string()) {
            return Err(
                "the server is of another version; use the madang that it was started with".into(),
            );
        }
        let (mut rounds, mut password_bytes_min) = (None, None);
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            match name {
                "rounds" => rounds = value.parse().ok(),
                "password_min" => password_bytes_min = value.parse().ok(),
                _ => {}
            }
        }
        match (rounds, password_bytes_min) {
            (Some(rounds), Some(password_bytes_min)) => Ok(Self {
                rounds,
                password_bytes_min,
            }),
            _ => Err("the server's greeting makes no sense".into()),
        }
    }
}

/// A request of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Make an account.
    Add {
        /// Its name.
        name: &'a str,
        /// The keys of its password.
        credentials: Credentials,
    },
    /// End an account.
    Drop {
        /// Its name.
        name: &'a str,
    },
    /// Make an invitation.
    Invite {
        /// The only name that may be registered with it.
        name: Option<&'a str>,
    },
    /// All accounts.
    List,
    /// Give an account another password.
    Passwd {
        /// Its name.
        name: &'a str,
        /// The keys of the password.
        credentials: Credentials,
    },
    /// Let nobody log in to an account.
    Suspend {
        /// Its name.
        name: &'a str,
        /// Why; may be empty.
        reason: &'a str,
    },
    /// Let its owner log in again.
    Unsuspend {
        /// Its name.
        name: &'a str,
    },
}

impl<'a> Request<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// Why it is none, as a sentence.
    pub fn parse(line: &'a str) -> Result<Self, &'static str> {
        const UNKNOWN: &str = "the server does not know this request; it may be of another version";
        let rest = line.strip_prefix("account ").ok_or(UNKNOWN)?;
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (name, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let named = || Some(name).filter(|name| !name.is_empty());
        let needed = || named().ok_or("name an account");
        let keys = || parse_credentials(more).ok_or("the keys of the password make no sense");
        Ok(match verb {
            "add" => Self::Add {
                name: needed()?,
                credentials: keys()?,
            },
            "drop" => Self::Drop { name: needed()? },
            "invite" => Self::Invite { name: named() },
            "list" => Self::List,
            "passwd" => Self::Passwd {
                name: needed()?,
                credentials: keys()?,
            },
            "suspend" => Self::Suspend {
                name: needed()?,
                reason: more.trim(),
            },
            "unsuspend" => Self::Unsuspend { name: needed()? },
            _ => return Err(UNKNOWN),
        })
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { name, credentials } => write_with_keys(f, "add", name, credentials),
            Self::Drop { name } => write!(f, "account drop {name}"),
            Self::Invite { name: None } => f.write_str("account invite"),
            Self::Invite { name: Some(name) } => write!(f, "account invite {name}"),
            Self::List => f.write_str("account list"),
            Self::Passwd { name, credentials } => write_with_keys(f, "passwd", name, credentials),
            Self::Suspend { name, reason } => {
                write!(f, "account suspend {name}")?;
                match reason {
                    &"" => Ok(()),
                    reason => write!(f, " {reason}"),
                }
            }
            Self::Unsuspend { name } => write!(f, "account unsuspend {name}"),
        }
    }
}

fn write_with_keys(
    f: &mut fmt::Formatter<'_>,
    verb: &str,
    name: &str,
    credentials: &Credentials,
) -> fmt::Result {
    write!(f, "account {verb} {name} ")?;
    write_hex(f, credentials.salt())?;
    write!(f, " {} ", credentials.rounds())?;
    write_hex(f, credentials.stored_key())?;
    f.write_char(' ')?;
    write_hex(f, credentials.server_key())
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn parse_credentials(text: &str) -> Option<Credentials> {
    let words: Vec<&str> = text.split(' ').collect();
    let [salt, rounds, stored_key, server_key] = words[..] else {
        return None;
    };
    let rounds = rounds.parse().ok()?;
    Credentials::from_parts(hex(salt)?, rounds, hex(stored_key)?, hex(server_key)?)
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// A line of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// A part of it; more follows.
    Item(&'a str),
    /// It is done.
    Done(&'a str),
    /// It is not done.
    Failed(&'a str),
}

impl<'a> Reply<'a> {
    /// Reads a line; `None`: it is none.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "-" => Some(Self::Item(rest)),
            "ok" => Some(Self::Done(rest)),
            "error" => Some(Self::Failed(rest)),
            _ => None,
        }
    }
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, rest) = match self {
            Self::Item(rest) => ("-", rest),
            Self::Done(rest) => ("ok", rest),
            Self::Failed(rest) => ("error", rest),
        };
        f.write_str(word)?;
        match *rest {
            "" => Ok(()),
            rest => write!(f, " {rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let credentials = || Credentials::from_parts([1; 16], 4096, [0xab; 32], [3; 32]).unwrap();
        let (name, reason) = ("마당", "too much spam");
        for request in [
            Request::Add {
                name,
                credentials: credentials(),
            },
            Request::Drop { name },
            Request::Invite { name: None },
            Request::Invite { name: Some(name) },
            Request::List,
            Request::Passwd {
                name,
                credentials: credentials(),
            },
            Request::Suspend { name, reason },
            Request::Suspend { name, reason: "" },
            Request::Unsuspend { name },
        ] {
            let line = request.to_string();
            assert_eq!(Request::parse(&line), Ok(request), "{line}");
        }
        for wrong in [
            "",
            "account",
            "account ",
            "account dance",
            "upgrade",
            "account add",
            "account add ann",
            "account add ann 00 4096 00 00",
            "account drop",
            "account suspend",
        ] {
            assert!(Request::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_greeting_is_read_with_words_of_later_versions() {
        let greeting = Greeting {
            rounds: 4096,
            password_bytes_min: 8,
        };
        let line = greeting.to_string();
        assert_eq!(Greeting::parse(&line), Ok(greeting));
        assert_eq!(Greeting::parse(&format!("{line} more 7")), Ok(greeting));
        assert_eq!(Greeting::parse("error busy"), Err("busy".to_owned()));
        assert!(Greeting::parse("madang control 2 rounds 1").is_err());
        assert!(Greeting::parse("madang control 1 rounds many").is_err());
    }

    #[test]
    fn an_answer_has_its_word_first() {
        for reply in [Reply::Item("a b"), Reply::Done(""), Reply::Failed("no")] {
            assert_eq!(Reply::parse(&reply.to_string()), Some(reply));
        }
        assert_eq!(Reply::parse("maybe"), None);
    }
}
