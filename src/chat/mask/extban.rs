//! Extended bans: a letter in front of a mask says what it is compared with, or what it forbids (ISUPPORT's EXTBAN; IRCv3
//! account-extban).
//!
//! `~a:NAME` is compared with the account to which a user is logged in, `~a` with any account; `~m:MASK` is a mute, which
//! concerns speaking alone. A mute of an account is `~m:~a:NAME`. `m:MASK`, without the sign, is a mute too: rooms that
//! are stored and clients of servers like Ergo have it so. Owns these spellings. Knows no users.

/// The sign in front of the letter.
pub const EXTBAN_SIGN: char = '~';

/// All letters, as ISUPPORT lists them.
pub const EXTBAN_LETTERS: &str = "am";

/// The letter of a mask that is compared with accounts.
pub const ACCOUNT_LETTER: char = 'a';

const MUTE: &str = "~m:";
const MUTE_WITHOUT_SIGN: &str = "m:";
const ACCOUNT: &str = "~a";

/// With what a mask is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// With the name of the account to which the user is logged in.
    Account,
    /// With `nick!user@host`.
    Names,
}

/// What was typed, taken apart.
#[derive(Debug)]
pub(super) struct Typed<'a> {
    pub(super) is_mute: bool,
    pub(super) compared: Compared,
    /// The pattern that follows.
    pub(super) pattern: &'a str,
}

/// Takes the letters off what was typed; `None` if there is one that means nothing here.
pub(super) fn take_apart(typed: &str) -> Option<Typed<'_>> {
    let rest = typed.strip_prefix(MUTE);
    let rest = rest.or_else(|| typed.strip_prefix(MUTE_WITHOUT_SIGN));
    let (is_mute, rest) = match rest {
        Some(rest) => (true, rest),
        None => (false, typed),
    };
    let (compared, pattern) = match rest.strip_prefix(ACCOUNT) {
        Some("") => (Compared::Account, "*"),
        Some(name) if name.starts_with(':') => (Compared::Account, &name[1..]),
        _ if is_unknown(rest) => return None,
        _ => (Compared::Names, rest),
    };
    Some(Typed {
        is_mute,
        compared,
        pattern,
    })
}

/// Whether a letter is asked for that there is not: taken for a host, it would match nobody, and say nothing of it.
fn is_unknown(rest: &str) -> bool {
    let letters = rest.strip_prefix(EXTBAN_SIGN);
    let letters = letters.and_then(|rest| rest.split_once(':'));
    letters.is_some_and(|(letters, _)| letters.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// What is shown in front of a pattern.
pub(super) fn shown(is_mute: bool, compared: Compared) -> &'static str {
    match (is_mute, compared) {
        (false, Compared::Names) => "",
        (false, Compared::Account) => "~a:",
        (true, Compared::Names) => MUTE,
        (true, Compared::Account) => "~m:~a:",
    }
}

/// The pattern of an account's name, with stars that say nothing taken out; `None` if no account can have such a name.
pub(super) fn account_pattern(typed: &str) -> Option<String> {
    let mut pattern = String::with_capacity(typed.len());
    for c in typed.chars() {
        if matches!(c, '!' | '@' | ':') {
            return None;
        }
        if c != '*' || !pattern.ends_with('*') {
            pattern.push(c);
        }
    }
    Some(pattern)
}
