//! Names that no user may have: those of services and of the server, and names that look like them.
//!
//! Owns the one table. A name is compared by its look-alike keys and without signs (`[NickServ]`, `_root_`), so neither
//! a digit in place of a letter (`r00t`) nor another script is a way around it; unlike elsewhere, that goes for pure ASCII too.
//!
//! Does not know who asks.

use super::{Nick, lookalike::keys_without};

/// Why these: users give their passwords to services; the name of an office claims authority; `you` is how telnet's
/// lines address their reader. Offices within a room, and words that are personal names somewhere, are free.
const NAMES: [&str; 26] = [
    "BotServ",
    "ChanServ",
    "Global",
    "GroupServ",
    "HelpServ",
    "HostServ",
    "InfoServ",
    "MemoServ",
    "NickServ",
    "OperServ",
    "SaslServ",
    "Services",
    "StatServ",
    "admin",
    "administrator",
    "hostmaster",
    "ircop",
    "moderator",
    "operator",
    "postmaster",
    "root",
    "server",
    "sysadmin",
    "sysop",
    "system",
    "you",
];

/// Short names of services. Too many honest names are these once their signs are taken away, so here signs count.
const SHORT: [&str; 2] = ["CS", "NS"];

/// Characters of a name that can look like one of [`SHORT`].
const SHORT_CHARS_MAX: usize = 2;

/// The reserved names.
#[derive(Debug)]
pub(in crate::chat) struct Reserved {
    /// Look-alike keys of names without their signs, sorted.
    bare: Vec<Box<str>>,
    /// Look-alike keys, sorted.
    whole: Vec<Box<str>>,
}

impl Reserved {
    /// The table, and names of the server's own.
    pub(in crate::chat) fn with(own: &[&str]) -> Self {
        let sorted = |names: &mut dyn Iterator<Item = &&str>, but: fn(char) -> bool| {
            let keys = names.flat_map(|name| keys_without(name, but));
            let mut keys: Vec<Box<str>> =
                keys.filter(|key| !key.is_empty()).map(Into::into).collect();
            keys.sort_unstable();
            keys.dedup();
            keys
        };
        Self {
            bare: sorted(&mut NAMES.iter().chain(own), is_sign),
            whole: sorted(&mut SHORT.iter(), |_| false),
        }
    }

    /// Whether a name is one of them or looks like one.
    pub(in crate::chat) fn holds(&self, nick: &Nick) -> bool {
        let has = |keys: &[Box<str>], key: &String| {
            keys.binary_search_by(|known| (**known).cmp(key.as_str()))
                .is_ok()
        };
        let text = nick.as_str();
        // The short ones are looked for only where one could be: everyone who comes in passes here.
        let is_short = text.chars().nth(SHORT_CHARS_MAX).is_none();
        keys_without(text, is_sign)
            .iter()
            .any(|key| has(&self.bare, key))
            || is_short
                && keys_without(text, |_| false)
                    .iter()
                    .any(|key| has(&self.whole, key))
    }
}

/// Whether a character is neither letter nor digit nor a mark on one: decoration, in a name.
fn is_sign(c: char) -> bool {
    c.is_ascii_punctuation()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::NameRules;

    #[track_caller]
    fn check(names: &[&str], expected: bool) {
        let reserved = Reserved::with(&["chat.example", "Examplenet"]);
        for name in names {
            let nick = Nick::parse(name, NameRules { unicode: true }).unwrap();
            assert_eq!(reserved.holds(&nick), expected, "{name}");
        }
    }

    #[test]
    fn names_of_services_and_of_the_server_are_reserved() {
        check(
            &[
                "NickServ", "nickserv", "CHANSERV", "root", "Admin", "you", "server",
            ],
            true,
        );
        check(&["NS", "ns", "cs", "Сѕ"], true);
        check(&["chat_example", "examplenet", "ExampleNet"], true);
    }

    #[test]
    fn names_that_look_like_them_are_reserved_in_any_script() {
        check(
            &[
                "NickServ-",
                "_root_",
                "N1ckServ",
                "r00t",
                "adm1n",
                "[server]",
                "chan_serv",
            ],
            true,
        );
        check(&["ѕуѕор"], true);
        check(&["ＮｉｃｋＳｅｒｖ", "Ｒｏｏｔ"], true);
    }

    #[test]
    fn honest_names_are_free() {
        check(
            &[
                "alice",
                "nick",
                "serverin",
                "rooted",
                "admin2",
                "young",
                "n_s",
                "csaba",
                "ns_",
                "홍길동",
            ],
            false,
        );
        check(
            &["host", "madang", "bot", "guest", "мария", "_", "a"],
            false,
        );
    }
}
