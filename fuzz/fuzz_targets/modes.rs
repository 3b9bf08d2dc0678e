//! Mode strings: whatever the letters and parameters, the parsed changes are valid and few errors are reported.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::chat::mode::{
    Letter, ModeChange, ModeError, PARAMETERS_MAX, SpelledModes, UserMode, is_valid_key,
    parse_room_changes, parse_user_changes,
};
use std::collections::BTreeSet;

fuzz_target!(|text: &str| {
    let mut words = text.split(' ');
    let letters = words.next().unwrap_or_default();
    room(letters, &words.collect::<Vec<_>>());
    user(letters);
});

fn room(letters: &str, parameters: &[&str]) {
    let request = parse_room_changes(letters, parameters.iter().copied());
    let understood = letters.chars().filter(|c| !matches!(c, '+' | '-')).count();
    assert!(request.changes.len() + request.lists.len() <= understood);
    let mut used = Vec::new();
    for change in &request.changes {
        match *change {
            ModeChange::Key(Some(key)) => {
                assert!(is_valid_key(key));
                used.push(key);
            }
            ModeChange::Limit(max) => assert_ne!(max, Some(0)),
            ModeChange::List { mask, .. } => used.push(mask),
            ModeChange::Rank { nick, .. } => used.push(nick),
            ModeChange::Flag { .. } | ModeChange::Key(None) => {}
        }
    }
    assert!(used.len() <= PARAMETERS_MAX);
    // In their order: a parameter never goes to an earlier letter than the one before it.
    let mut left = parameters.iter();
    for word in used {
        assert!(left.any(|parameter| *parameter == word));
    }
    let mut seen = BTreeSet::new();
    for error in &request.errors {
        assert!(
            seen.insert(error.to_string() + &format!("{error:?}")),
            "told twice"
        );
        if let ModeError::InvalidKey(key) = error {
            assert!(!is_valid_key(key));
        }
    }
}

fn user(letters: &str) {
    let (changes, unknown) = parse_user_changes(letters);
    let distinct: BTreeSet<_> = unknown.iter().collect();
    assert_eq!(distinct.len(), unknown.len(), "told twice");
    assert!(
        unknown
            .iter()
            .all(|&letter| UserMode::from_letter(letter).is_none())
    );
    // Written and read again, they are the same.
    let spelled = SpelledModes::of_user(&changes);
    assert!(spelled.parameters.is_empty());
    assert_eq!(parse_user_changes(&spelled.letters), (changes, Vec::new()));
}
