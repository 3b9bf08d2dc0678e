//! Masks, by the public vectors, by hand, and beside the obvious matching.

use proptest::prelude::*;

use super::*;

const VECTORS: &str = include_str!("../testdata/mask-match.txt");

#[test]
fn the_public_vectors_hold() {
    let mut mask = "";
    let mut compared = 0;
    for line in VECTORS.lines() {
        match line.split_once(' ') {
            Some(("mask", text)) => mask = text,
            Some(("yes", text)) => {
                assert!(glob(mask, text), "{mask} {text}");
                compared += 1;
            }
            Some(("no", text)) => {
                assert!(!glob(mask, text), "{mask} {text}");
                compared += 1;
            }
            _ => {}
        }
    }
    assert_eq!(compared, 26, "all vectors were read");
}

#[track_caller]
fn check_glob(pattern: &str, text: &str, expected: bool) {
    assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
}

#[test]
fn stars_and_question_marks() {
    check_glob("", "", true);
    check_glob("", "a", false);
    check_glob("*", "", true);
    check_glob("**", "ab", true);
    check_glob("?", "", false);
    check_glob("?", "길", true);
    check_glob("??", "길", false);
    check_glob("*?b*", "ab", true);
    check_glob("*?b*", "b", false);
    check_glob("*ab*ab", "ababab", true);
    check_glob("a*b?c*", "aXXbYbZcW", true);
    check_glob("a\\*", "a\\b", true);
}

/// The obvious matching, exponential and right.
fn obvious(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skip| obvious(rest, &text[skip..])),
        [first, rest @ ..] => {
            !text.is_empty() && (*first == '?' || *first == text[0]) && obvious(rest, &text[1..])
        }
    }
}

proptest! {
    #[test]
    fn matching_is_the_obvious_one(pattern in "[ab길*?]{0,8}", text in "[ab길]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob(&pattern, &text), obvious(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn completing_twice_changes_nothing(typed in "[a-c*?!@.:/길]{1,12}") {
        let once = complete(&typed);
        prop_assert_eq!(complete(&once), once);
    }

    #[test]
    fn no_text_makes_a_mask_that_panics(typed in any::<String>(), nick in any::<String>()) {
        if let Some(mask) = Mask::parse(&typed) {
            let subject = Subject::new(&nick, "~u", "host");
            let _ = mask.matches(&subject);
            prop_assert!(Mask::parse(mask.as_str()).is_some_and(|again| again.is_same(&mask)));
        }
    }
}

/// With backtracking into every star this would take longer than anyone lives.
#[test]
fn a_hostile_pattern_costs_at_most_its_length_times_the_text() {
    let pattern = "*a".repeat(100) + "b";
    let text = "a".repeat(10_000);
    assert!(!glob(&pattern, &text));
    assert!(!glob(&("*?a*".repeat(60) + "c"), &text));
    assert!(glob(&"*".repeat(10_000), &text));
}

#[track_caller]
fn check_complete(typed: &str, expected: &str) {
    assert_eq!(complete(typed), expected, "{typed}");
}

#[test]
fn masks_are_completed() {
    check_complete("nick", "nick!*@*");
    check_complete("ni*k", "ni*k!*@*");
    check_complete("nick!user", "nick!user@*");
    check_complete("nick!", "nick!*@*");
    check_complete("user@host", "*!user@host");
    check_complete("@host", "*!*@host");
    check_complete("!user@", "*!user@*");
    check_complete("nick!user@host", "nick!user@host");
    check_complete("nick!@host", "nick!*@host");
    check_complete("example.org", "*!*@example.org");
    check_complete("*.example.org", "*!*@*.example.org");
    check_complete("192.0.2.0/24", "*!*@192.0.2.0/24");
    check_complete("2001:db8::1", "*!*@2001:db8::1");
    check_complete("**!*@***", "*!*@*");
    check_complete("*", "*!*@*");
    check_complete("길동", "길동!*@*");
}

#[test]
fn what_is_no_mask() {
    for typed in [
        "",
        "m:",
        "two words",
        "bell\x07",
        "host@nick!user",
        "a\u{a0}b",
        ":nick!user",
        "::1!*@*",
        "~m:",
        "~a:",
        "~m:~a:",
        "~a:alice!*@*",
        "~a:alice@host",
        "~a:a:b",
        "~a:two words",
        "~x:alice",
        "~m:~m:alice",
        "~account:alice",
    ] {
        assert!(Mask::parse(typed).is_none(), "{typed}");
    }
    assert!(Mask::parse(&"x".repeat(MASK_BYTES_MAX)).is_some());
    assert!(Mask::parse(&"x".repeat(MASK_BYTES_MAX + 1)).is_none());
}

#[track_caller]
fn check_match(typed: &str, expected: bool) {
    let subject = Subject::new("Alice", "~Al", "abc.users.Example");
    let mask = Mask::parse(typed).unwrap();
    assert_eq!(mask.matches(&subject), expected, "{typed}");
}

#[test]
fn users_match_in_any_case() {
    check_match("ALICE", true);
    check_match("bob", false);
    check_match("~al@*", true);
    check_match("*.EXAMPLE", true);
    check_match("m:alice", true);
}

/// A room's lists learn of a user's address no more than its host shows.
#[test]
fn a_mask_of_a_room_is_blind_to_an_address_that_is_not_shown() {
    let shown = |host: &str| Subject::new("alice", "~al", host);
    for typed in [
        "192.0.2.77",
        "192.0.2.0/24",
        "192.0.2.1/0",
        "192.0.2.*",
        "::/0",
    ] {
        let mask = Mask::parse(typed).unwrap();
        assert!(
            !mask.matches(&shown("aaaaaaaa.bbbbbbbb.cccccccc.ip")),
            "{typed}"
        );
        assert_eq!(
            mask.matches(&shown("192.0.2.77")),
            typed != "::/0",
            "{typed}"
        );
    }
}

#[track_caller]
fn check_server(typed: &str, expected: bool) {
    let alice = RealSubject::new("Alice", "~Al", "abc.users.Example", "192.0.2.77");
    let mask = ServerMask::parse(typed).unwrap();
    assert_eq!(mask.matches(&alice), expected, "{typed}");
}

#[test]
fn the_servers_bans_are_compared_with_the_real_address_too() {
    check_server("*.EXAMPLE", true);
    check_server("~al@*", true);
    check_server("192.0.2.77", true);
    check_server("192.0.2.*", true);
    check_server("192.0.2.0/24", true);
    check_server("192.0.2.0/27", false);
    check_server("192.0.2.1/0", true);
    check_server("::ffff:192.0.2.64/122", true);
    check_server("::ffff:192.0.2.77", true);
    check_server("::/0", false);
    check_server("bob@192.0.2.0/24", false);
    check_server("~a*@192.0.2.77/32", true);
    // No block of addresses, so it is a host with a slash in it.
    check_server("192.0.2.0/33", false);
    check_server("192.0.2.0/+24", false);
}

#[test]
fn a_ban_of_everyone_is_known() {
    for typed in [
        "*@*",
        "*",
        "?*@*",
        "*@0.0.0.0/0",
        "::/0",
        "::ffff:0:0/96",
        "@*",
    ] {
        let mask = ServerMask::parse(typed);
        assert!(mask.is_none_or(|mask| mask.is_everyone()), "{typed}");
    }
    for typed in ["~a@*", "*.example", "192.0.2.0/24", "::/1", "::1"] {
        assert!(!ServerMask::parse(typed).unwrap().is_everyone(), "{typed}");
    }
    assert_eq!(ServerMask::parse("home").unwrap().as_str(), "*@home");
    assert!(ServerMask::parse("nick!user@host").is_none());
}

#[test]
fn an_address_is_the_same_in_every_spelling() {
    let local = Subject::new("alice", "~al", "0::1");
    for typed in [
        "*!*@::1",
        "*!*@0::1",
        "0:0:0:0:0:0:0:1",
        "*!*@::1%lo",
        "*!*@0::*",
        "::/64",
    ] {
        assert!(Mask::parse(typed).unwrap().matches(&local), "{typed}");
    }
    let mask = |typed| Mask::parse(typed).unwrap();
    assert!(mask("*!*@::1").is_same(&mask("*!*@0:0::1")));
    assert!(!mask("*!*@::1").is_same(&mask("*!*@::2")));
    let mapped = Subject::new("alice", "~al", "127.0.0.1");
    assert!(mask("::ffff:127.0.0.1").matches(&mapped));
    assert!(!mask("::/0").matches(&mapped));
}

#[test]
fn names_beyond_ascii_are_compared_as_names_are() {
    let subject = Subject::new("JOSÉ", "~u", "h");
    // The last letter and its accent are two characters here.
    for typed in ["josé", "JOS?", "jose\u{301}!*@*"] {
        assert!(Mask::parse(typed).unwrap().matches(&subject), "{typed}");
    }
}

#[test]
fn a_mask_is_the_same_in_any_case_but_not_as_a_mute() {
    let mask = |typed| Mask::parse(typed).unwrap();
    assert!(mask("Alice").is_same(&mask("ALICE!*@*")));
    assert!(mask("10.0.0.0/8").is_same(&mask("*!*@10.9.9.9/8")));
    assert!(!mask("alice").is_same(&mask("m:alice")));
    assert!(!mask("10.0.0.0/8").is_same(&mask("10.0.0.0/9")));
    assert!(mask("~m:alice").is_same(&mask("m:alice")));
    assert_eq!(mask("m:Alice").as_str(), "~m:Alice!*@*");
}

/// Whether a mask matches a user who is logged in to this account.
fn matches_account(typed: &str, account: Option<&str>) -> bool {
    let subject = Subject::new("Alice", "~al", "h").with_account(account.map(fold));
    Mask::parse(typed).expect(typed).matches(&subject)
}

#[test]
fn accounts_match_by_name_in_any_case_and_no_names_match_accounts() {
    for typed in [
        "~a:carol",
        "~a:CAROL",
        "~a:c*L",
        "~a:c?rol",
        "~a",
        "~a:*",
        "~m:~a:carol",
        "m:~a",
    ] {
        assert!(matches_account(typed, Some("Carol")), "{typed}");
        assert!(!matches_account(typed, None), "{typed}");
    }
    assert!(
        !matches_account("~a:alice", Some("carol")),
        "a nick is no account"
    );
    assert!(
        !matches_account("carol", Some("carol")),
        "an account is no nick"
    );
    assert!(matches_account("~a:ΟΔΟΣ", Some("οδος")));
}

#[test]
fn a_mask_of_accounts_has_one_spelling() {
    let shown = |typed| Mask::parse(typed).expect(typed).as_str().to_owned();
    for (typed, expected) in [
        ("~a", "~a:*"),
        ("~a:**", "~a:*"),
        ("~a:Carol", "~a:Carol"),
        ("m:~a:carol", "~m:~a:carol"),
        ("~m:~a", "~m:~a:*"),
        // No letters of ours: a user name that begins so, and a host.
        ("~a@host", "*!~a@host"),
        ("~u@host:1", "*!~u@host:1"),
        ("~b", "~b!*@*"),
    ] {
        assert_eq!(shown(typed), expected, "{typed}");
    }
    let mask = |typed| Mask::parse(typed).expect(typed);
    assert!(!mask("~a:carol").is_same(&mask("~m:~a:carol")));
    assert!(!mask("~a:*").is_about_nicks() && mask("~m:x").is_about_nicks());
    assert!(!mask("~a:192.0.2.1").asks_for_hidden());
}
