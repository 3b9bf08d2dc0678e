//! No answer reveals an address that is not shown (docs/PRIVACY.md). All clients here come from 192.0.2.7 and are
//! shown as `home`.

use super::Stage;
use crate::chat::Command;

/// Commands that ask about a user, or act on one.
const QUESTIONS: [&str; 24] = [
    "WHO b",
    "WHO *",
    "WHO home",
    "WHO 192.0.2.7",
    "WHO 192.0.2.*",
    "WHO 192.0.2.0/24",
    "WHO b %tcuihsnfdlaor,1",
    "WHO #r %uhin",
    "WHOIS b",
    "WHOIS b b",
    "WHOWAS b",
    "WHOWAS gone",
    "USERHOST b",
    "ISON b",
    "MONITOR + b",
    "MONITOR S",
    "NAMES #r",
    "MODE #r b",
    "MODE #r e",
    "MODE #r I",
    "STATS k",
    "STATS l",
    "LIST",
    "KNOCK #r",
];

fn stage() -> Stage {
    let mut stage = Stage::new();
    for letter in ['a', 'b', 'c'] {
        stage.register(letter, "userhost-in-names extended-join chghost");
    }
    stage.send('c', "NICK gone");
    stage.send('c', "QUIT");
    stage.send('a', "JOIN #r");
    stage.send('b', "JOIN #r");
    for letter in ['a', 'b'] {
        stage.received(letter);
    }
    stage
}

#[test]
fn no_answer_tells_a_stranger_an_address() {
    let mut stage = stage();
    for question in QUESTIONS {
        stage.send('a', question);
        for line in stage.received('a') {
            // An answer may repeat the question, and give the client its own address.
            let line = question
                .split(' ')
                .fold(line, |line, word| match word.contains("192") {
                    true => line.replace(word, ""),
                    false => line,
                });
            let is_own = line.contains(" ~a 192.0.2.7 ");
            assert!(is_own || !line.contains("192.0.2"), "{question}: {line}");
        }
    }
    for question in ["WHO 192.0.2.7", "WHO 192.0.2.*", "WHO 192.0.2.0/24"] {
        stage.send('a', question);
        let told = stage.received('a');
        assert!(
            told.len() == 1 && told[0].contains(" 315 "),
            "{question}: {told:?}"
        );
    }
}

/// An operator of a room cannot find out a user's address by its lists.
#[test]
fn no_list_of_a_room_is_compared_with_an_address() {
    let mut stage = stage();
    for mask in [
        "*!*@192.0.2.7",
        "*!*@192.0.2.0/24",
        "m:*!*@192.0.*",
        "*!*@::ffff:192.0.2.0/120",
    ] {
        for list in ["b", "e", "I"] {
            stage.send('a', &format!("MODE #r +{list} {mask}"));
            let told = stage.received('a');
            assert!(
                told.len() == 1
                    && told[0].starts_with(":srv 696 a #r ")
                    && told[0].contains("*!*@*."),
                "{told:?}"
            );
        }
        stage.send('b', "PRIVMSG #r :hi");
        assert_eq!(stage.received('a'), [":b!~b@home PRIVMSG #r :hi"], "{mask}");
        assert!(stage.received('b').is_empty());
    }
}

#[test]
fn operators_of_the_server_find_users_by_address() {
    let mut stage = stage();
    let hub = &mut stage.world.hub;
    let operator = hub.find_user("a").expect("is here");
    hub.apply(operator, Command::MakeOperator, stage.world.now)
        .expect("may be made");
    while stage.world.hub.next_event().is_some() {}
    for question in [
        "WHO 192.0.2.7",
        "WHO 192.0.2.*",
        "WHO 192.0.2.0/24",
        "WHO 0::ffff:192.0.2.7",
    ] {
        stage.send('a', question);
        let told = stage.received('a');
        assert!(
            told.iter()
                .any(|line| line.contains(" 352 a * ~b home srv b ")),
            "{told:?}"
        );
    }
    stage.send('a', "WHOIS b");
    assert!(
        stage
            .received('a')
            .iter()
            .any(|line| line.contains(" 338 ") && line.contains("192.0.2.7"))
    );
}
