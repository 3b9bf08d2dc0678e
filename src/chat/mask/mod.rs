//! Masks: patterns for `nick!user@host` (Modern IRC, "Wildcard Expressions"), and the bans made of them.
//!
//! [`glob`] is the bare pattern matching, [`Mask`] a completed and checked mask on a list of a room, [`Subject`] the
//! user it is compared with. The host part may be an address or a block of addresses
//! (`*!*@192.0.2.0/24`, `*!*@2001:db8::/32`).
//!
//! What strangers write is compared with what strangers see: a [`Subject`] has the shown host and nothing else, so no
//! list of a room can reveal anything of a hidden address. Operators of the server ban by a [`ServerMask`], which is
//! compared with a [`RealSubject`] alone; neither type can replace the other.
//!
//! `\` is an ordinary character, for names may hold it; so there is no way to mean a bare `*`, which is in no name,
//! user name or host.
//!
//! A mask of a room may be for accounts instead, and may be a mute: `extban.rs` has these.
//!
//! Invariant: whatever the pattern, matching takes at most its length times that of the text. Knows no rooms.

use super::same::{Block, parse_address};

mod extban;
mod glob;
mod hidden;
#[cfg(test)]
mod tests;

use extban::Compared;

pub use super::same::fold;
pub use extban::{ACCOUNT_LETTER, EXTBAN_LETTERS, EXTBAN_SIGN};
pub use glob::glob;
pub use hidden::{CLOAK_END, is_shown_as_it_is, networks_of_cloak};

/// Longest mask, in bytes: a nick of 30 characters in any script, a user name and a host.
pub const MASK_BYTES_MAX: usize = 220;

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

/// The same, if it is a mask.
fn complete_checked(typed: &str) -> Option<String> {
    let host = typed.rsplit_once('@').map(|(_, host)| host);
    // A host with an exclamation mark: the order is mixed up.
    if host.is_some_and(|host| host.contains('!')) {
        return None;
    }
    let completed = complete(typed);
    // With a colon in front it could not be in the middle of a line of IRC.
    (!completed.starts_with(':')).then_some(completed)
}

/// A mask on a list: completed, and ready to be compared.
#[derive(Clone, Debug)]
pub struct Mask {
    shown: Box<str>,
    /// [`fold`]ed, without the letters of an extended ban; where it has a block of addresses, only the part before the
    /// `@`.
    pattern: Box<str>,
    block: Option<Block>,
    is_mute: bool,
    compared: Compared,
}

impl Mask {
    /// Completes and checks what was typed. Letters in front make it a mute, or one for accounts: see the folder's
    /// `extban.rs`.
    ///
    /// `None` if it is no mask: nothing there, too long, with a space or a control character, with `!` after `@`, or with a
    /// colon in front of the nick, which has none; with a letter that means nothing, or an account that can have no such
    /// name.
    pub fn parse(typed: &str) -> Option<Self> {
        let is_bad = |c: char| c.is_control() || c.is_whitespace();
        let parts = extban::take_apart(typed)?;
        let (is_mute, compared) = (parts.is_mute, parts.compared);
        let typed = parts.pattern;
        if typed.is_empty() || typed.len() > MASK_BYTES_MAX || typed.contains(is_bad) {
            return None;
        }
        let completed = match compared {
            Compared::Account => extban::account_pattern(typed)?,
            Compared::Names => complete_checked(typed)?,
        };
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
            shown: [extban::shown(is_mute, compared), &completed]
                .concat()
                .into(),
            pattern: pattern.into(),
            block,
            is_mute,
            compared,
        })
    }

    /// As it is shown, with the letters of an extended ban.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Whether it concerns speaking alone.
    pub fn is_mute(&self) -> bool {
        self.is_mute
    }

    /// Whether it is the same mask, in whatever case.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.is_mute, self.compared) == (other.is_mute, other.compared)
            && self.pattern == other.pattern
            && self.block == other.block
    }

    /// Whether it matches a user, as all users see it.
    pub fn matches(&self, subject: &Subject) -> bool {
        match &self.block {
            None if self.compared == Compared::Account => subject
                .account
                .as_deref()
                .is_some_and(|account| glob(&self.pattern, account)),
            Some(block) => {
                subject
                    .address
                    .is_some_and(|address| block.contains(address))
                    && glob(&self.pattern, subject.names())
            }
            None => glob(&self.pattern, &subject.text),
        }
    }

    /// Whether it may match one nick and not another: its nick is not `*`.
    pub fn is_about_nicks(&self) -> bool {
        self.compared == Compared::Names && !self.pattern.starts_with("*!")
    }

    /// Whether it can match no user, because it asks for an address of a kind that is never shown.
    pub fn asks_for_hidden(&self) -> bool {
        match &self.block {
            Some(block) => hidden::is_hidden_block(block),
            None if self.compared == Compared::Account => false,
            None => {
                let host = self.pattern.rsplit_once('@').map_or("", |(_, host)| host);
                hidden::is_hidden_pattern(host)
            }
        }
    }
}

/// A mask of a ban from the whole server: `user@host`, where the host may be the real address.
#[derive(Clone, Debug)]
pub struct ServerMask(Mask);

impl ServerMask {
    /// Completes and checks what was typed: `user@host`, or a host alone. `None` if it is no mask.
    pub fn parse(typed: &str) -> Option<Self> {
        let (user, host) = typed.rsplit_once('@').unwrap_or(("*", typed));
        if host.is_empty() || typed.contains('!') {
            return None;
        }
        let user = if user.is_empty() { "*" } else { user };
        Mask::parse(&format!("*!{user}@{host}")).map(Self)
    }

    /// `user@host`, as it is shown.
    pub fn as_str(&self) -> &str {
        self.0.shown.strip_prefix("*!").unwrap_or(&self.0.shown)
    }

    /// Whether it would ban every client, or every one of IPv4 or of IPv6.
    pub fn is_everyone(&self) -> bool {
        let is_wild = |text: &str| text.chars().all(|c| matches!(c, '*' | '?' | '.' | ':'));
        let (names, host) = match &self.0.block {
            Some(_) => (&*self.0.pattern, None),
            None => match self.0.pattern.rsplit_once('@') {
                Some((names, host)) => (names, Some(host)),
                None => (&*self.0.pattern, Some("*")),
            },
        };
        let is_everywhere = match (&self.0.block, host) {
            (Some(block), _) => block.is_everyone(),
            (None, host) => host.is_none_or(is_wild),
        };
        is_everywhere && is_wild(names.strip_prefix("*!").unwrap_or(names))
    }

    /// Whether it is the same mask, in whatever case and spelling.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }

    /// Whether it matches a client, by the host that is shown or by the address that is not.
    pub fn matches(&self, subject: &RealSubject) -> bool {
        self.0.matches(&subject.shown) || self.0.matches(&subject.real)
    }
}

/// A user as all users see it, ready to be compared with many masks.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `nick!user@host`, folded.
    text: String,
    /// Bytes of it before the `@host`.
    names_len: usize,
    /// The host, where it is an address.
    address: Option<core::net::IpAddr>,
    /// The name of the account to which the user is logged in, folded.
    account: Option<String>,
}

impl Subject {
    /// From a user's parts; `host` is the one that is shown.
    pub fn new(nick: &str, user: &str, host: &str) -> Self {
        Self::of_folded(fold(nick), user, host)
    }

    /// The same, where the nick is [`fold`]ed already.
    pub(super) fn of_folded(nick: String, user: &str, host: &str) -> Self {
        let mut text = nick;
        text.push('!');
        text += &fold(user);
        let names_len = text.len();
        text.push('@');
        text += &fold(host);
        Self {
            text,
            names_len,
            address: parse_address(host),
            account: None,
        }
    }

    /// The same, logged in to an account of this [`fold`]ed name.
    pub(super) fn with_account(mut self, folded_name: Option<String>) -> Self {
        self.account = folded_name;
        self
    }

    /// `nick!user`.
    fn names(&self) -> &str {
        &self.text[..self.names_len]
    }
}

/// A client as the server alone knows it: with the real address too. For bans from the server.
#[derive(Clone, Debug)]
pub struct RealSubject {
    shown: Subject,
    real: Subject,
}

impl RealSubject {
    /// From a client's parts; `host` as it is shown, `address` as it is.
    pub fn new(nick: &str, user: &str, host: &str, address: &str) -> Self {
        Self::of_folded(&fold(nick), user, host, address)
    }

    /// The same, where the nick is [`fold`]ed already.
    pub(super) fn of_folded(nick: &str, user: &str, host: &str, address: &str) -> Self {
        let subject = |host| Subject::of_folded(nick.to_owned(), user, host);
        Self {
            shown: subject(host),
            real: subject(address),
        }
    }
}
