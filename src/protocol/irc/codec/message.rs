//! One message, taken apart: tags, source, command, parameters ("Modern IRC", section Message Format; IRCv3
//! message-tags).
//!
//! Everything is borrowed from the line, and nothing is allocated: this runs for every line that comes in.
//! Invariants: a [`Message`] has a command; it has at most [`PARAMS_MAX`] parameters, and only the last of them may
//! be empty, hold a space or begin with a colon.
//!
//! Owns nothing. Does not know commands, nor how long a line may be.

use super::tags::Tags;

/// Parameters of one message (RFC 2812 section 2.3: fourteen and a trailing one). Further text belongs to the
/// last.
pub const PARAMS_MAX: usize = 15;

/// A message, borrowed from its line.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The text after the `@`.
    pub tags: Tags<'a>,
    /// The claimed source. Servers ignore it from clients.
    pub source: Option<&'a str>,
    /// The command, as it was written.
    pub command: &'a str,
    /// Its parameters.
    pub params: Params<'a>,
}

/// The parameters of a message.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    list: [&'a str; PARAMS_MAX],
    count: u8,
}

impl<'a> Message<'a> {
    /// Takes a line apart, given without its end. `None`: there is no command in it.
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut rest = line.trim_start_matches(' ');
        let mut tags = Tags::default();
        if let Some(tagged) = rest.strip_prefix('@') {
            let (data, behind) = split_word(tagged);
            tags = Tags::new(data);
            rest = behind;
        }
        let mut source = None;
        if let Some(sourced) = rest.strip_prefix(':') {
            let (name, behind) = split_word(sourced);
            source = Some(name);
            rest = behind;
        }
        let (command, rest) = split_word(rest);
        if command.is_empty() {
            return None;
        }
        Some(Self {
            tags,
            source,
            command,
            params: Params::parse(rest),
        })
    }
}

impl<'a> Params<'a> {
    fn parse(mut rest: &'a str) -> Self {
        let mut params = Self {
            list: [""; PARAMS_MAX],
            count: 0,
        };
        while !rest.is_empty() {
            let count = usize::from(params.count);
            params.count += 1;
            if let Some(trailing) = rest.strip_prefix(':') {
                params.list[count] = trailing;
                break;
            }
            if count == PARAMS_MAX - 1 {
                params.list[count] = rest;
                break;
            }
            (params.list[count], rest) = split_word(rest);
        }
        params
    }

    /// All of them.
    pub fn as_slice(&self) -> &[&'a str] {
        &self.list[..usize::from(self.count)]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One of them; a missing one is like an empty one.
    pub fn at(&self, index: usize) -> &'a str {
        self.as_slice().get(index).copied().unwrap_or_default()
    }

    /// One of them, unless it is missing or empty.
    pub fn get(&self, index: usize) -> Option<&'a str> {
        Some(self.at(index)).filter(|param| !param.is_empty())
    }
}

/// The first word, and the text after the spaces that follow it (RFC 1459 section 2.3.1: one or more).
fn split_word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

/// The source of a message: `nick`, `nick!user@host`, or a server's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// Up to the `!` or `@`.
    pub nick: &'a str,
    /// Between `!` and `@`; may be empty.
    pub user: &'a str,
    /// Behind the `@`; may be empty.
    pub host: &'a str,
}

impl<'a> Source<'a> {
    /// Takes it apart. Any text is a source.
    pub fn parse(text: &'a str) -> Self {
        let (rest, host) = text.split_once('@').unwrap_or((text, ""));
        let (nick, user) = rest.split_once('!').unwrap_or((rest, ""));
        Self { nick, user, host }
    }
}
