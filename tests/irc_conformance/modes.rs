//! MODE of rooms: what is shown, what changes, and what the modes do. Ranks have a file of their own.

use super::common::{Net, ann_and_bob};

#[test]
fn modes_are_shown_with_the_time_of_creation() {
    let (_net, mut ann, _bob) = ann_and_bob();
    let answer = ann.ask("MODE #a");
    answer.are(&["324 ann #a +nt", "329 ann #a <any>"]);
    assert!(
        answer[1]
            .param(2)
            .parse::<u64>()
            .is_ok_and(|at| at > 1_600_000_000)
    );
}

#[test]
fn modes_of_no_room_are_not_shown() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("MODE #nowhere", &["403 ann #nowhere <any>"]);
    ann.check("MODE #nowhere +i", &["403 ann #nowhere <any>"]);
}

#[test]
fn a_key_and_a_limit_are_shown_behind_the_letters() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +kl secret 12");
    let answer = ann.ask("MODE #a");
    let line = answer.one("324 ann #a <any> <any> <any>");
    let (k, l) = (
        line.param(2).find('k').unwrap(),
        line.param(2).find('l').unwrap(),
    );
    let shown = if k < l {
        ["secret", "12"]
    } else {
        ["12", "secret"]
    };
    assert_eq!([line.param(3), line.param(4)], shown);
}

#[test]
fn a_key_is_not_shown_outside() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +k secret");
    let answer = net.enter("eve").ask("MODE #a");
    assert!(!answer.text().contains("secret"), "{}", answer.text());
}

#[test]
fn changes_are_seen_by_all_in_the_room() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    ann.check("MODE #a +i", &[":ann MODE #a +i"]);
    bob.sees(&[":ann MODE #a +i"]);
    eve.sees_nothing();
    ann.check("MODE #a -i", &[":ann MODE #a -i"]);
}

#[test]
fn what_changes_nothing_is_silent() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE #a +n", &[]);
    ann.check("MODE #a -i", &[]);
    ann.check("MODE #a +", &[]);
    bob.sees_nothing();
}

#[test]
fn several_changes_are_one_line_in_their_order() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check(
        "MODE #a +m-t+kl-n secret 5",
        &[":ann MODE #a +m-t+kl-n secret 5"],
    );
    bob.sees(&[":ann MODE #a +m-t+kl-n secret 5"]);
    ann.check("MODE #a i", &[":ann MODE #a +i"]);
}

#[test]
fn only_operators_change_modes() {
    let (net, mut ann, mut bob) = ann_and_bob();
    bob.check("MODE #a +i", &["482 bob #a <any>"]);
    bob.check("MODE #a +b x", &["482 bob #a <any>"]);
    bob.check("MODE #a -k x", &["482 bob #a <any>"]);
    let answer = net.enter("eve").ask("MODE #a +i");
    assert!(
        matches!(answer.commands()[..], ["442" | "482"]),
        "{}",
        answer.text()
    );
    ann.sees_nothing();
}

#[test]
fn an_unknown_letter_is_named_and_the_others_count() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("MODE #a +y", &["472 ann y <any>"]);
    let answer = ann.ask("MODE #a +yi");
    assert_eq!(answer.len(), 2, "{}", answer.text());
    answer.one("472 ann y <any>");
    answer.one(":ann MODE #a +i");
}

#[test]
fn a_ban_is_completed_listed_and_lifted() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE #a b", &["368 ann #a <any>"]);
    ann.check("MODE #a +b eve", &[":ann MODE #a +b eve!*@*"]);
    bob.sees(&[":ann MODE #a +b eve!*@*"]);
    ann.check("MODE #a +b eve!*@*", &[]);
    let answer = bob.ask("MODE #a +b");
    assert_eq!(answer.commands(), ["367", "368"]);
    let line = answer.one("367 bob #a eve!*@* <any> <any>");
    assert!(line.param(3).starts_with("ann"), "{}", line.line);
    assert!(
        line.param(4)
            .parse::<u64>()
            .is_ok_and(|at| at > 1_600_000_000),
        "{}",
        line.line
    );
    ann.check("MODE #a -b eve", &[":ann MODE #a -b eve!*@*"]);
    ann.check("MODE #a -b eve!*@*", &[]);
    ann.check("MODE #a b", &["368 ann #a <any>"]);
}

#[test]
fn masks_are_completed_as_usual() {
    let (_net, mut ann, _bob) = ann_and_bob();
    for (typed, whole) in [
        ("eve", "eve!*@*"),
        ("*@host", "*!*@host"),
        ("user@host", "*!user@host"),
        ("nick!user", "nick!user@*"),
        ("n!u@h", "n!u@h"),
        ("*.example", "*.example!*@*"),
    ] {
        let answer = ann.ask(&format!("MODE #a +b {typed}"));
        if typed == "*.example" {
            assert_eq!(answer.commands(), ["MODE"]);
        } else {
            answer.are(&[&format!(":ann MODE #a +b {whole}")]);
        }
    }
}

#[test]
fn exceptions_and_invitations_are_lists_too() {
    let (_net, mut ann, _bob) = ann_and_bob();
    for (letter, entry, end) in [("e", "348", "349"), ("I", "346", "347")] {
        ann.check(
            &format!("MODE #a {letter}"),
            &[&format!("{end} ann #a <any>")],
        );
        ann.check(
            &format!("MODE #a +{letter} x!*@*"),
            &[&format!(":ann MODE #a +{letter} x!*@*")],
        );
        let (entry, end) = (
            format!("{entry} ann #a x!*@* <any> <any>"),
            format!("{end} ann #a <any>"),
        );
        ann.check(&format!("MODE #a +{letter}"), &[&entry, &end]);
    }
}

#[test]
fn the_banned_do_not_come_in() {
    let (net, mut ann, _bob) = ann_and_bob();
    for mask in [
        "eve!*@*",
        "*!~eve@*",
        "*!*@127.0.0.1",
        "EVE!*@*",
        "e?e!*@*",
        "*!*@127.0.0.0/8",
    ] {
        ann.ask(&format!("MODE #a +b {mask}"));
        let mut eve = net.enter("eve");
        eve.check("JOIN #a", &["474 eve #a <any>"]);
        eve.check_end("QUIT", &["ERROR <any>"]);
        ann.ask(&format!("MODE #a -b {mask}"));
    }
    net.enter("eve").ask("JOIN #a").one(":eve JOIN #a");
}

#[test]
fn an_exception_outweighs_a_ban() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +be *!*@127.0.0.1 eve!*@*");
    net.enter("mallory")
        .check("JOIN #a", &["474 mallory #a <any>"]);
    net.enter("eve").ask("JOIN #a").one(":eve JOIN #a");
}

#[test]
fn the_banned_inside_do_not_speak_unless_they_have_a_voice() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +b bob!*@*");
    bob.drain();
    bob.check("PRIVMSG #a :x", &["404 bob #a <any>"]);
    ann.ask("MODE #a +v bob");
    bob.drain();
    bob.check("PRIVMSG #a :x", &[]);
    ann.sees(&[":bob PRIVMSG #a :x"]);
}

#[test]
fn the_muted_stay_and_are_silent() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let answer = ann.ask("MODE #a +b m:bob!*@*");
    answer.are(&[":ann MODE #a +b ~m:bob!*@*"]);
    bob.drain();
    bob.check("PRIVMSG #a :x", &["404 bob #a <any>"]);
    ann.sees_nothing();
    ann.ask("MODE #a +b ~m:eve!*@*");
    net.enter("eve").ask("JOIN #a").one(":eve JOIN #a");
}

#[test]
fn an_exception_from_being_muted_is_none_from_a_ban() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +be m:*!*@127.0.0.1 m:bob!*@*");
    bob.drain();
    bob.check("PRIVMSG #a :x", &[]);
    ann.until(":bob PRIVMSG #a :x");
    ann.ask("MODE #a +b bob!*@*");
    bob.drain();
    bob.check("PRIVMSG #a :x", &["404 bob #a <any>"]);
}

#[test]
fn the_muted_speak_with_a_voice() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +bv m:bob!*@* bob");
    bob.drain();
    bob.check("PRIVMSG #a :x", &[]);
}

#[test]
fn a_key_locks_a_room() {
    let (net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE #a +k secret", &[":ann MODE #a +k secret"]);
    bob.sees(&[":ann MODE #a +k secret"]);
    let mut eve = net.enter("eve");
    eve.check("JOIN #a", &["475 eve #a <any>"]);
    eve.check("JOIN #a wrong", &["475 eve #a <any>"]);
    eve.check("JOIN #a SECRET", &["475 eve #a <any>"]);
    eve.ask("JOIN #a secret").one(":eve JOIN #a");
}

#[test]
fn a_key_is_taken_away_with_or_without_a_word() {
    let (net, mut ann, _bob) = ann_and_bob();
    for (at, word) in ["secret", "*", "wrong", ""].into_iter().enumerate() {
        ann.ask("MODE #a +k secret");
        let answer = ann.ask(&format!("MODE #a -k {word}"));
        assert_eq!(answer.commands(), ["MODE"], "{word}: {}", answer.text());
        assert_eq!(answer[0].param(1), "-k");
        let mut eve = net.enter(&format!("eve{at}"));
        assert_eq!(eve.ask("JOIN #a").commands()[0], "JOIN");
        ann.drain();
    }
}

#[test]
fn bad_keys_are_refused() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for key in [":", ":a b", "a,b", "::a"] {
        let answer = ann.ask(&format!("MODE #a +k {key}"));
        assert!(
            matches!(answer.commands()[..], ["525" | "696"]),
            "{key}: {}",
            answer.text()
        );
    }
    let answer = ann.ask("MODE #a +k");
    assert!(
        matches!(answer.commands()[..], ["461" | "525" | "696"]),
        "{}",
        answer.text()
    );
    bob.sees_nothing();
}

#[test]
fn a_limit_closes_a_room_when_it_is_full() {
    let (net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE #a +l 2", &[":ann MODE #a +l 2"]);
    let mut eve = net.enter("eve");
    eve.check("JOIN #a", &["471 eve #a <any>"]);
    bob.ask("PART #a");
    eve.ask("JOIN #a").one(":eve JOIN #a");
    ann.drain();
    ann.check("MODE #a -l", &[":ann MODE #a -l"]);
    bob.ask("JOIN #a").one(":bob JOIN #a");
}

#[test]
fn bad_limits_are_refused() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for limit in ["abc", "-1", "0", "1.5", "99999999999999999999"] {
        ann.check(
            &format!("MODE #a +l {limit}"),
            &[&format!("696 ann #a l {limit} <any>")],
        );
    }
    bob.sees_nothing();
}

#[test]
fn what_is_no_mask_is_refused_with_the_name_of_the_room() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for letter in ["b", "e", "I"] {
        let answer = ann.ask(&format!("MODE #a +{letter} :"));
        answer.are(&[&format!("696 ann #a {letter} * <any>")]);
        let answer = ann.ask(&format!("MODE #a -{letter} :"));
        answer.are(&[&format!("696 ann #a {letter} * <any>")]);
    }
    bob.sees_nothing();
}

#[test]
fn each_fault_of_a_mode_names_the_room_and_the_letter() {
    let (_net, mut ann, _bob) = ann_and_bob();
    for letter in ["o", "v", "k", "l"] {
        ann.check(
            &format!("MODE #a +{letter}"),
            &[&format!("696 ann #a {letter} * <any>")],
        );
    }
    ann.check("MODE #a +l :", &["696 ann #a l * <any>"]);
    ann.check("MODE #a +k :", &["525 ann #a <any>"]);
    ann.check("MODE #a +%", &["472 ann % <any>"]);
    ann.check("MODE #a +o nobody", &["401 ann nobody <any>"]);
}

#[test]
fn a_moderated_room_lets_voices_and_ranks_speak() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +m");
    bob.drain();
    bob.check("PRIVMSG #a :x", &["404 bob #a <any>"]);
    bob.check("NOTICE #a :x", &[]);
    ann.sees_nothing();
    ann.check("PRIVMSG #a :y", &[]);
    ann.ask("MODE #a +v bob");
    bob.drain();
    bob.check("PRIVMSG #a :z", &[]);
    ann.sees(&[":bob PRIVMSG #a :z"]);
}

#[test]
fn words_from_outside_are_kept_out_by_n() {
    let (net, mut ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    eve.check("PRIVMSG #a :x", &["404 eve #a <any>"]);
    ann.sees_nothing();
    ann.ask("MODE #a -n");
    eve.check("PRIVMSG #a :x", &[]);
    ann.sees(&[":eve PRIVMSG #a :x"]);
}

#[test]
fn ctcp_is_kept_out_but_for_actions() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +C");
    bob.drain();
    bob.check("PRIVMSG #a :\u{1}VERSION\u{1}", &["404 bob #a <any>"]);
    bob.check("PRIVMSG #a :\u{1}ACTION waves\u{1}", &[]);
    ann.sees(&[":bob PRIVMSG #a :\u{1}ACTION waves\u{1}"]);
}

#[test]
fn notices_are_kept_out_in_silence() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +T");
    bob.drain();
    bob.check("NOTICE #a :x", &[]);
    ann.sees_nothing();
    bob.check("PRIVMSG #a :x", &[]);
    ann.sees(&[":bob PRIVMSG #a :x"]);
}

#[test]
fn a_room_for_accounts_lets_nobody_in_yet() {
    let (net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +R");
    net.enter("eve").check("JOIN #a", &["477 eve #a <any>"]);
    ann.ask("MODE #a -R");
    ann.ask("MODE #a +M");
    bob.drain();
    let answer = bob.ask("PRIVMSG #a :x");
    assert!(
        matches!(answer.commands()[..], ["404" | "477"]),
        "{}",
        answer.text()
    );
}

#[test]
fn a_mode_without_its_parameter_changes_nothing() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for letters in ["+l", "+o", "-o", "+v"] {
        let answer = ann.ask(&format!("MODE #a {letters}"));
        answer.have_no(&["MODE"]);
        assert!(answer.len() <= 1, "{}", answer.text());
    }
    bob.sees_nothing();
}
