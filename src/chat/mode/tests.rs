//! Letters and parameters, row by row.

use super::*;

/// Reads letters and writes the changes again, with what else there was.
#[track_caller]
fn check(letters: &str, parameters: &[&str], changes: &str, lists: &str, errors: &[&str]) {
    let request = parse_room_changes(letters, parameters.iter().copied());
    let spelled: Vec<_> = request.changes.iter().map(spell).collect();
    assert_eq!(spelled.join(" "), changes, "{letters}");
    let letters_of: String = request.lists.iter().map(|kind| kind.letter()).collect();
    assert_eq!(letters_of, lists, "{letters}");
    let told: Vec<_> = request.errors.iter().map(|t| format!("{t:?}")).collect();
    assert_eq!(told, errors, "{letters}");
}

fn spell(change: &ModeChange<'_>) -> String {
    match change {
        ModeChange::Flag { sign, flag } => format!("{}{}", sign.symbol(), flag.letter()),
        ModeChange::Key(Some(key)) => format!("+k={key}"),
        ModeChange::Key(None) => "-k".to_owned(),
        ModeChange::Limit(Some(max)) => format!("+l={max}"),
        ModeChange::Limit(None) => "-l".to_owned(),
        ModeChange::List { sign, kind, mask } => {
            format!("{}{}={mask}", sign.symbol(), kind.letter())
        }
        ModeChange::Rank { sign, rank, nick } => {
            format!("{}{}={nick}", sign.symbol(), rank.letter())
        }
    }
}

#[test]
fn letters_take_their_parameters_in_order() {
    check("+nt", &[], "+n +t", "", &[]);
    check("nt-m", &[], "+n +t -m", "", &[]);
    check(
        "+o-v+b",
        &["al", "bo", "c!*@*"],
        "+o=al -v=bo +b=c!*@*",
        "",
        &[],
    );
    check("+l-l+k-k", &["5", "key", "*"], "+l=5 -l +k=key -k", "", &[]);
    check("-ko", &["*", "al"], "-k -o=al", "", &[]);
    check("+-+i", &[], "+i", "", &[]);
    check("", &["x"], "", "", &[]);
}

#[test]
fn lists_without_a_mask_are_asked_for_once() {
    check("b", &[], "", "b", &[]);
    check("+bbeI", &["x"], "+b=x", "beI", &[]);
    check("+b-b+bb", &[], "", "b", &[]);
}

#[test]
fn each_mistake_is_reported_once() {
    check(
        "+zyz",
        &[],
        "",
        "",
        &["UnknownLetter('z')", "UnknownLetter('y')"],
    );
    check(
        "+olk",
        &[],
        "",
        "",
        &[
            "MissingParameter('o')",
            "MissingParameter('l')",
            "MissingParameter('k')",
        ],
    );
    for limit in ["0", "-1", "+5", "x", "", "4294967296", "5 "] {
        check(
            "+l",
            &[limit],
            "",
            "",
            &[&format!("InvalidLimit({limit:?})")],
        );
    }
    let long = "k".repeat(33);
    for key in ["", "two words", "a,b", ":a", "bell\u{7}", &long] {
        check("+k", &[key], "", "", &[&format!("InvalidKey({key:?})")]);
    }
    check("+k", &["a:b"], "+k=a:b", "", &[]);
}

#[test]
fn a_line_has_so_many_parameters_at_most() {
    let nicks = vec!["al"; PARAMETERS_MAX + 3];
    let request = parse_room_changes(&"v".repeat(PARAMETERS_MAX + 3), nicks);
    assert_eq!(request.changes.len(), PARAMETERS_MAX);
    assert_eq!(request.errors, [ModeError::MissingParameter('v')]);
}

#[test]
fn letters_of_each_kind_differ_and_are_found_again() {
    fn check<M: Letter + std::fmt::Debug>() {
        let all: ModeSet<M> = M::ALL.iter().copied().collect();
        assert_eq!(all.iter().count(), M::ALL.len(), "no two share a place");
        for &mode in M::ALL {
            assert_eq!(M::from_letter(mode.letter()), Some(mode));
        }
    }
    check::<Rank>();
    check::<RoomFlag>();
    check::<UserMode>();
    assert_eq!(size_of::<ModeSet<Rank>>(), 2);
    assert!(Rank::ALL.is_sorted_by(|a, b| a > b), "the highest first");
    for &rank in Rank::ALL {
        assert_eq!(Rank::from_prefix(rank.prefix()), Some(rank));
        assert!(rank.set_by() >= Rank::HalfOperator);
    }
}

#[test]
fn ranks_are_compared_by_the_highest() {
    let ranks: Ranks = [Rank::Voice, Rank::Operator].into_iter().collect();
    assert_eq!(ranks.highest(), Some(Rank::Operator));
    assert!(ranks.is_at_least(Rank::HalfOperator) && !ranks.is_at_least(Rank::Admin));
    assert!(!Ranks::EMPTY.is_at_least(Rank::Voice));
    assert_eq!(ranks.to_string(), "ov");
}
