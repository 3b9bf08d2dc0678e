//! Masks: patterns for `nick!user@host` (Modern IRC, "Wildcard Expressions"), and the bans made of them.
//!
//! [`glob`] is the bare pattern matching, [`Mask`] a completed and checked mask as it stands on a list, [`Subject`] the
//! person it is compared with. The host part may be a block of addresses (`*!*@192.0.2.0/24`, `*!*@2001:db8::/32`),
//! and is compared with the host that is shown and with the real address.
//!
//! `\` is an ordinary character, for names may hold it; so there is no way to mean a bare `*`, which stands in no name,
//! user name or host.
//!
//! Invariant: whatever the pattern, matching takes at most its length times that of the text. Knows no rooms.

use unicode_normalization::UnicodeNormalization;

mod address;
#[cfg(test)]
mod tests;

use address::Block;

/// Longest mask, in bytes: a nick of 30 characters in any script, a user name and a host.
pub const MASK_BYTES_MAX: usize = 220;

/// Whether `text` matches `pattern`, in which `*` stands for any number of characters and `?` for one. Case matters:
/// [`fold`] both for IRC's masks.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Behind the last star, and the text that it has not swallowed. An earlier star need never swallow more: what
    // stands between two stars is found at its first place, and that leaves the most for the rest.
    let mut retry = None;
    loop {
        let mut pattern_after = pattern.clone();
        let mut text_after = text.clone();
        match (pattern_after.next(), text_after.next()) {
            (Some('*'), _) => {
                retry = Some((pattern_after.clone(), text.clone()));
                pattern = pattern_after;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (pattern, text) = (pattern_after, text_after);
            }
            (Some(_), None) => return false,
            (_, Some(_)) => {
                let Some((behind_star, rest)) = &mut retry else {
                    return false;
                };
                rest.next();
                (pattern, text) = (behind_star.clone(), rest.clone());
            }
        }
    }
}

/// The form in which masks and what they are compared with are matched: lower case, NFC, as names are compared.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.to_lowercase().nfc().collect()
    }
}

/// Completes what was typed to `nick!user@host`: `nick`, `user@host`, `nick!user`, `@host`, and, if it has a dot, a colon
/// or a slash, which no nick has, `host` (as solanum does).
pub fn complete(typed: &str) -> String {
    let (rest, host) = match typed.rsplit_once('@') {
        Some((rest, host)) => (rest, host),
        None if !typed.contains('!') && typed.contains(['.', ':', '/']) => ("", typed),
        None => (typed, ""),
    };
    let (nick, user) = match rest.split_once('!') {
        Some((nick, user)) => (nick, user),
        None if typed.contains('@') => ("", rest),
        None => (rest, ""),
    };
    let mut mask = String::with_capacity(typed.len() + "*!*@*".len());
    for (part, end) in [(nick, "!"), (user, "@"), (host, "")] {
        let start = mask.len();
        for c in if part.is_empty() { "*" } else { part }.chars() {
            // Two stars are as good as one.
            if c != '*' || mask.len() == start || !mask.ends_with('*') {
                mask.push(c);
            }
        }
        mask.push_str(end);
    }
    mask
}

/// A mask on a list: completed, and ready to be compared.
#[derive(Clone, Debug)]
pub struct Mask {
    shown: Box<str>,
    /// [`fold`]ed, without the `m:` of a mute; where it has a block of addresses, only what stands before the `@`.
    pattern: Box<str>,
    block: Option<Block>,
    is_mute: bool,
}

impl Mask {
    /// Completes and checks what was typed. `m:` in front makes it a mute (ISUPPORT's EXTBAN, as Ergo has it): it
    /// concerns speaking alone.
    ///
    /// `None` if it is no mask: nothing there, too long, with a space or a control character, with `!` behind `@`, or with a
    /// colon in front of the nick, which has none.
    pub fn parse(typed: &str) -> Option<Self> {
        let is_bad = |c: char| c.is_control() || c.is_whitespace();
        let (prefix, typed) = match typed.strip_prefix("m:") {
            Some(rest) => ("m:", rest),
            None => ("", typed),
        };
        if typed.is_empty() || typed.len() > MASK_BYTES_MAX || typed.contains(is_bad) {
            return None;
        }
        // A host with an exclamation mark: someone mixed up the order.
        if typed
            .rsplit_once('@')
            .is_some_and(|(_, host)| host.contains('!'))
        {
            return None;
        }
        let completed = complete(typed);
        // It could not stand in the middle of a line of IRC.
        if completed.starts_with(':') {
            return None;
        }
        let mut pattern = fold(&completed);
        let mut block = None;
        if let Some((names, host)) = pattern.rsplit_once('@') {
            block = Block::parse(host);
            if block.is_some() {
                let end = names.len();
                pattern.truncate(end);
            }
        }
        Some(Self {
            shown: [prefix, &completed].concat().into(),
            pattern: pattern.into(),
            block,
            is_mute: !prefix.is_empty(),
        })
    }

    /// As it is shown, with the `m:` of a mute.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Whether it concerns speaking alone.
    pub fn is_mute(&self) -> bool {
        self.is_mute
    }

    /// Whether it is the same mask, in whatever case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_mute == other.is_mute && self.pattern == other.pattern && self.block == other.block
    }

    /// Whether it fits a person.
    pub fn matches(&self, subject: &Subject) -> bool {
        match &self.block {
            Some(block) => {
                subject
                    .address
                    .is_some_and(|address| block.contains(address))
                    && glob(&self.pattern, subject.names())
            }
            None => {
                glob(&self.pattern, &subject.shown)
                    || subject
                        .real
                        .as_ref()
                        .is_some_and(|real| glob(&self.pattern, real))
            }
        }
    }
}

/// A person, ready to be compared with many masks.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `nick!user@host`, folded.
    shown: String,
    /// Bytes of it before the `@host`.
    names_len: usize,
    /// The same with the real address for a host, where that is not the one shown.
    real: Option<String>,
    address: Option<core::net::IpAddr>,
}

impl Subject {
    /// Of a person's parts; `host` as it is shown, `address` as it is.
    pub fn new(nick: &str, user: &str, host: &str, address: &str) -> Self {
        let names = fold(&[nick, "!", user].concat());
        let with = |host: &str| [&names, "@", &fold(host)].concat();
        Self {
            shown: with(host),
            real: (address != host && !address.is_empty()).then(|| with(address)),
            address: address.parse().ok(),
            names_len: names.len(),
        }
    }

    /// `nick!user`.
    fn names(&self) -> &str {
        &self.shown[..self.names_len]
    }
}
