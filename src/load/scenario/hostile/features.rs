//! The features that a server announces: ISUPPORT tokens (numeric 005) and capabilities (`CAP LS`).
//!
//! The attacks are adapted to them, so that each server is attacked within its own limits. Invariant: bounded,
//! whatever a server sends. Knows no connections.

use std::collections::BTreeMap;

/// Tokens and capabilities that are kept. Servers have some forty of each.
const KEPT_MAX: usize = 400;

/// The features of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerFeatures {
    tokens: BTreeMap<String, String>,
    capabilities: BTreeMap<String, String>,
    /// The list of capabilities is complete.
    pub(super) is_whole: bool,
}

impl ServerFeatures {
    /// Reads the parameters of a 005: the client's name, tokens, a text after a colon.
    pub(super) fn note_isupport(&mut self, parameters: &[u8]) {
        let text = String::from_utf8_lossy(parameters);
        let tokens = text.split(" :").next().unwrap_or_default();
        note(&mut self.tokens, tokens.split(' ').skip(1));
    }

    /// Reads the parameters of a `CAP`: the client's name, `LS`, `*` if more lines follow, capabilities.
    pub(super) fn note_capabilities(&mut self, parameters: &[u8]) {
        let text = String::from_utf8_lossy(parameters);
        let mut words = text.split_whitespace().skip(1);
        if words.next() != Some("LS") {
            return;
        }
        let rest: Vec<_> = words.collect();
        self.is_whole |= rest.first() != Some(&"*");
        let names = rest.iter().filter(|word| **word != "*");
        note(
            &mut self.capabilities,
            names.map(|word| word.trim_start_matches(':')),
        );
    }

    /// The value of a token of ISUPPORT; an empty text if it has none.
    pub(super) fn token(&self, name: &str) -> Option<&str> {
        self.tokens.get(name).map(String::as_str)
    }

    /// A number that is the whole value of a token.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.token(name)?.parse().ok()
    }

    /// The number for one key of a token such as `CHANLIMIT=#:100` or `TARGMAX=PRIVMSG:4,WHOIS:1`.
    pub(super) fn part(&self, name: &str, key: &str) -> Option<u32> {
        let mut parts = self.token(name)?.split(',');
        let found = parts.find_map(|part| {
            let (keys, number) = part.split_once(':')?;
            // One number may be for several letters: `CHANLIMIT=#&:50`, `MAXLIST=be:100`.
            let is_sign = key.len() == 1 && keys.contains(key);
            (keys == key || is_sign).then_some(number)
        });
        found?.parse().ok()
    }

    /// The value of a capability.
    pub(super) fn capability(&self, name: &str) -> Option<&str> {
        self.capabilities.get(name).map(String::as_str)
    }
}

fn note<'a>(into: &mut BTreeMap<String, String>, words: impl Iterator<Item = &'a str>) {
    for word in words.filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if into.len() < KEPT_MAX {
            into.insert(name.to_owned(), value.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_their_parts_are_read() {
        let mut features = ServerFeatures::default();
        features.note_isupport(
            b"nick MODES=4 CHANLIMIT=#&:50,+:10 EXCEPTS MAXLIST=be:60 :are supported",
        );
        features.note_isupport(b"nick TARGMAX=PRIVMSG:3,JOIN: MONITOR=100 :are supported");
        assert_eq!(features.number("MODES"), Some(4));
        assert_eq!(features.token("EXCEPTS"), Some(""));
        assert_eq!(features.part("CHANLIMIT", "#"), Some(50));
        assert_eq!(features.part("MAXLIST", "e"), Some(60));
        assert_eq!(features.part("TARGMAX", "PRIVMSG"), Some(3));
        assert_eq!(features.part("TARGMAX", "JOIN"), None);
        assert_eq!(
            (features.token("supported"), features.number("nick")),
            (None, None)
        );
    }

    #[test]
    fn capabilities_may_come_in_several_lines() {
        let mut features = ServerFeatures::default();
        features.note_capabilities(b"nick LS * :batch draft/multiline=max-bytes=4096,max-lines=32");
        assert!(!features.is_whole);
        features.note_capabilities(b"nick LS :message-tags");
        assert!(features.is_whole);
        assert_eq!(
            features.capability("draft/multiline"),
            Some("max-bytes=4096,max-lines=32")
        );
        assert_eq!(features.capability("message-tags"), Some(""));
        assert_eq!(features.capability("batch"), Some(""));
        features.note_capabilities(b"nick ACK :sasl");
        assert_eq!(features.capability("sasl"), None);
    }

    #[test]
    fn a_server_cannot_fill_our_memory() {
        let mut features = ServerFeatures::default();
        for n in 0..10_000 {
            features.note_isupport(format!("nick A{n}=1 :words").as_bytes());
        }
        assert_eq!(features.tokens.len(), KEPT_MAX);
    }
}
