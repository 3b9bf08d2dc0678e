//! Message tags: `@key=value;key` in front of a message, with escapes in the values (IRCv3 message-tags).
//!
//! Invariant: tags are read in place; only a value with an escape in it is copied. Of several tags with one
//! key, the last counts. Does not know what any tag means.

use std::{borrow::Cow, collections::HashSet};

/// The tags of one message, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tags<'a> {
    data: &'a str,
}

impl<'a> Tags<'a> {
    /// The text between `@` and the space.
    pub fn new(data: &'a str) -> Self {
        Self { data }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Keys and values, still escaped, in order. An absent value is an empty one.
    pub fn raw(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.data
            .split(';')
            .filter(|tag| !tag.is_empty())
            .map(|tag| tag.split_once('=').unwrap_or((tag, "")))
            .filter(|(key, _)| !key.is_empty())
    }

    /// The value of a tag, unescaped.
    pub fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        if self.data.is_empty() {
            return None;
        }
        let found = self.raw().filter(|(k, _)| *k == key).last();
        found.map(|(_, value)| unescape(value))
    }

    /// Whether a tag is there, with or without a value.
    pub fn has(&self, key: &str) -> bool {
        self.raw().any(|(k, _)| k == key)
    }

    /// The client-only tags (`+key`), as they came, joined by semicolons: what is passed on to others. Borrowed if
    /// there is only one.
    pub fn client_only(&self) -> Cow<'a, str> {
        if !self.data.contains('+') {
            return Cow::Borrowed("");
        }
        let mut parts = self.data.split(';').filter(|tag| is_client_only(tag));
        let first = parts.next().unwrap_or_default();
        if parts.next().is_none() {
            return Cow::Borrowed(first);
        }
        // Peers choose the keys: the standard set's keyed hash keeps them from choosing collisions.
        let mut seen = HashSet::new();
        let parts = self.data.rsplit(';').filter(|tag| is_client_only(tag));
        let mut kept: Vec<_> = parts.filter(|tag| seen.insert(key_of(tag))).collect();
        kept.reverse();
        Cow::Owned(kept.join(";"))
    }
}

fn key_of(tag: &str) -> &str {
    tag.split_once('=').map_or(tag, |(key, _)| key)
}

fn is_client_only(tag: &str) -> bool {
    tag.len() > 1 && tag.starts_with('+')
}

/// The text of an escaped value. A backslash before anything else, or at the end, is dropped.
pub fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next().map(meaning_of)),
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

fn meaning_of(escaped: char) -> char {
    match escaped {
        ':' => ';',
        'n' => '\n',
        'r' => '\r',
        's' => ' ',
        other => other,
    }
}

/// Appends a value, escaped for a tag.
pub fn push_escaped(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        let escape = match byte {
            b';' => b':',
            b' ' => b's',
            b'\\' => b'\\',
            b'\r' => b'r',
            b'\n' => b'n',
            other => {
                out.push(other);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escape]);
    }
}
