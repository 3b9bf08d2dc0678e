//! What is changed afterwards: redaction and other names for rooms (IRCv3 draft/message-redaction, draft/channel-rename).

use super::common::{Irc, Net};

const REDACT: [&str; 3] = ["message-tags", "echo-message", "draft/message-redaction"];

/// Ann, who is operator, and Bob in #a, both with these capabilities.
fn two(net: &Net, caps: &[&str]) -> [Irc; 2] {
    let mut people = ["ann", "bob"].map(|nick| net.enter_with(nick, caps));
    for irc in &mut people {
        irc.ask("JOIN #a");
    }
    people[0].drain();
    people
}

/// Says something; its id.
fn say(irc: &mut Irc, target: &str) -> String {
    irc.ask(&format!("PRIVMSG {target} :oops"))[0]
        .tagged("msgid")
        .to_owned()
}

#[test]
fn one_takes_back_ones_own_words() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &REDACT);
    let id = say(&mut bob, "#a");
    ann.drain();
    bob.check(
        &format!("REDACT #a {id} :a slip"),
        &[&format!(":bob REDACT #a {id} :a slip")],
    );
    ann.sees(&[&format!(":bob REDACT #a {id} :a slip")]);
}

#[test]
fn a_reason_is_optional() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &REDACT);
    let id = say(&mut bob, "#a");
    ann.drain();
    bob.ask(&format!("REDACT #a {id}"));
    let seen = ann.drain();
    assert!(
        seen[0].is(&format!(":bob REDACT #a {id}"))
            || seen[0].is(&format!(":bob REDACT #a {id} :"))
    );
}

#[test]
fn those_who_do_not_know_redaction_see_nothing() {
    let net = Net::start();
    let [_ann, mut bob] = two(&net, &REDACT);
    let mut eve = net.enter_with("eve", &["message-tags"]);
    eve.ask("JOIN #a");
    bob.drain();
    let id = say(&mut bob, "#a");
    eve.drain();
    bob.ask(&format!("REDACT #a {id}"));
    eve.sees_nothing();
    eve.check(&format!("REDACT #a {id}"), &["421 eve REDACT <any>"]);
}

#[test]
fn an_operator_takes_back_the_words_of_others() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &REDACT);
    let id = say(&mut bob, "#a");
    ann.drain();
    ann.ask(&format!("REDACT #a {id} :rude"))
        .one(&format!(":ann REDACT #a {id} :rude"));
    bob.sees(&[&format!(":ann REDACT #a {id} :rude")]);
}

#[test]
fn nobody_else_takes_back_the_words_of_others() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &REDACT);
    let id = say(&mut ann, "#a");
    bob.drain();
    bob.check(
        &format!("REDACT #a {id}"),
        &[&format!("FAIL REDACT REDACT_FORBIDDEN #a {id} <any>")],
    );
    ann.sees_nothing();
}

#[test]
fn words_that_nobody_said_are_not_taken_back() {
    let net = Net::start();
    let [mut ann, _bob] = two(&net, &REDACT);
    ann.check(
        "REDACT #a nonsense",
        &["FAIL REDACT UNKNOWN_MSGID #a nonsense <any>"],
    );
    ann.check("REDACT #a", &["461 ann REDACT <any>"]);
    let id = say(&mut ann, "#a");
    ann.ask("JOIN #b");
    ann.check(
        &format!("REDACT #b {id}"),
        &[&format!("FAIL REDACT UNKNOWN_MSGID #b {id} <any>")],
    );
}

#[test]
fn words_are_not_taken_back_where_one_is_not() {
    let net = Net::start();
    let [mut ann, _bob] = two(&net, &REDACT);
    let id = say(&mut ann, "#a");
    let mut eve = net.enter_with("eve", &REDACT);
    let answer = eve.ask(&format!("REDACT #a {id}"));
    answer.one("FAIL REDACT <any> #a <...>");
    eve.ask(&format!("REDACT #nowhere {id}"))
        .one("FAIL REDACT INVALID_TARGET #nowhere <any>");
    eve.ask(&format!("REDACT nobody {id}"))
        .one("FAIL REDACT INVALID_TARGET nobody <any>");
}

#[test]
fn private_words_are_taken_back_by_their_author() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &REDACT);
    let id = say(&mut ann, "bob");
    bob.drain();
    ann.ask(&format!("REDACT bob {id}"));
    let seen = bob.drain();
    assert_eq!(
        (seen.commands(), seen[0].param(0), seen[0].param(1)),
        (vec!["REDACT"], "bob", &*id)
    );
    let id = say(&mut ann, "bob");
    bob.drain();
    let answer = bob.ask(&format!("REDACT ann {id}"));
    answer.one(&format!("FAIL REDACT <any> ann {id} <any>"));
    ann.sees_nothing();
}

#[test]
fn a_room_gets_another_name_for_those_who_know_that() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["draft/channel-rename"]);
    ann.check("RENAME #a #b :typo", &[":ann RENAME #a #b :typo"]);
    bob.sees(&[":ann RENAME #a #b :typo"]);
    ann.check("RENAME #b #c", &[":ann RENAME #b #c :"]);
    bob.sees(&[":ann RENAME #b #c :"]);
    ann.check("PRIVMSG #c :x", &[]);
    bob.sees(&[":ann PRIVMSG #c :x"]);
    ann.check("MODE #a", &["403 ann #a <any>"]);
}

#[test]
fn others_see_a_part_and_a_join() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["draft/channel-rename"]);
    ann.ask("TOPIC #a :hello");
    bob.drain();
    let mut eve = net.enter("eve");
    eve.ask("JOIN #a");
    ann.drain();
    bob.drain();
    ann.ask("RENAME #a #b :typo");
    let seen = eve.drain();
    assert_eq!(
        seen.commands(),
        ["PART", "JOIN", "332", "333", "353", "366"],
        "{}",
        seen.text()
    );
    assert!(seen[0].is(":eve PART #a :typo"), "{}", seen.text());
    assert!(seen[1].is(":eve JOIN #b"), "{}", seen.text());
    assert_eq!(seen.words_of("353"), ["@ann", "bob", "eve"]);
    bob.sees(&[":ann RENAME #a #b :typo"]);
}

#[test]
fn whoever_renames_without_knowing_it_sees_the_fallback() {
    let net = Net::start();
    let [mut ann] = net.room("#a", ["ann"]);
    let answer = ann.ask("RENAME #a #b");
    assert_eq!(
        answer.commands(),
        ["PART", "JOIN", "353", "366"],
        "{}",
        answer.text()
    );
    assert_eq!(answer[0].params.len(), 1, "{}", answer.text());
}

#[test]
fn everything_of_the_room_stays() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["draft/channel-rename"]);
    ann.ask("MODE #a +kb secret x!*@*");
    ann.ask("TOPIC #a :hello");
    ann.ask("RENAME #a #b");
    bob.drain();
    ann.ask("MODE #b").one("324 ann #b <any> secret");
    ann.ask("MODE #b b").one("367 ann #b x!*@* <...>");
    ann.ask("TOPIC #b").one("332 ann #b :hello");
    bob.check("MODE #b +i", &["482 bob #b <any>"]);
}

#[test]
fn a_change_of_case_is_a_change_of_name() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["draft/channel-rename"]);
    let mut eve = net.enter("eve");
    eve.ask("JOIN #a");
    ann.drain();
    bob.drain();
    ann.check("RENAME #a #A", &[":ann RENAME #a #A :"]);
    bob.sees(&[":ann RENAME #a #A :"]);
    eve.drain();
    eve.ask("NAMES #a").one("366 eve <any> <any>");
}

#[test]
fn names_that_cannot_be_are_refused() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["draft/channel-rename"]);
    let [_eve] = net.room("#taken", ["eve"]);
    ann.check(
        "RENAME #a #taken",
        &["FAIL RENAME CHANNEL_NAME_IN_USE #a #taken <any>"],
    );
    ann.check(
        "RENAME #a #TAKEN",
        &["FAIL RENAME CHANNEL_NAME_IN_USE #a #TAKEN <any>"],
    );
    ann.check(
        "RENAME #a nonsense",
        &["FAIL RENAME CANNOT_RENAME #a nonsense <any>"],
    );
    ann.check("RENAME #nowhere #b", &["403 ann #nowhere <any>"]);
    ann.check("RENAME #taken #b", &["442 ann #taken <any>"]);
    bob.check("RENAME #a #b", &["482 bob #a <any>"]);
    bob.sees_nothing();
}
