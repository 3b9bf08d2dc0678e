//! What people are told of each other: away-notify, extended-join, setname, invite-notify, account-notify (IRCv3).

use super::common::{Irc, Net};

/// Ann in #a with these capabilities, and Bob there without any.
fn ann_with(net: &Net, caps: &[&str]) -> (Irc, Irc) {
    let mut ann = net.enter_with("ann", caps);
    ann.ask("JOIN #a");
    let mut bob = net.enter("bob");
    bob.ask("JOIN #a");
    ann.drain();
    (ann, bob)
}

#[test]
fn away_notify_tells_neighbours() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["away-notify"]);
    bob.check("AWAY :lunch", &["306 bob <any>"]);
    ann.sees(&[":bob AWAY :lunch"]);
    bob.ask("AWAY :dinner");
    ann.sees(&[":bob AWAY :dinner"]);
    bob.check("AWAY", &["305 bob <any>"]);
    ann.sees(&[":bob AWAY"]);
}

#[test]
fn away_notify_tells_no_strangers_and_nobody_twice() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["away-notify"]);
    ann.ask("JOIN #b");
    bob.ask("JOIN #b");
    ann.drain();
    let mut eve = net.enter_with("eve", &["away-notify"]);
    bob.ask("AWAY :x");
    ann.sees(&[":bob AWAY :x"]);
    eve.sees_nothing();
    bob.ask("AWAY :x");
    ann.drain();
}

#[test]
fn away_notify_is_for_those_who_asked_for_it() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["away-notify"]);
    ann.check("AWAY :x", &["306 ann <any>"]);
    bob.sees_nothing();
}

#[test]
fn away_notify_tells_of_one_who_comes_in_away() {
    let net = Net::start();
    let (mut ann, _bob) = ann_with(&net, &["away-notify"]);
    let mut eve = net.enter("eve");
    eve.ask("AWAY :asleep");
    eve.ask("JOIN #a");
    ann.sees(&[":eve JOIN #a", ":eve AWAY :asleep"]);
}

#[test]
fn extended_join_tells_account_and_realname() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["extended-join"]);
    let mut eve = net.enter_with("eve", &["extended-join"]);
    eve.ask("JOIN #a").one(":eve JOIN #a * :eve the tester");
    ann.sees(&[":eve JOIN #a * :eve the tester"]);
    bob.sees(&[":eve JOIN #a"]);
}

#[test]
fn setname_is_seen_by_those_who_know_it() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["setname"]);
    ann.check("SETNAME :Anna Maria", &[":ann SETNAME :Anna Maria"]);
    bob.sees_nothing();
    let mut eve = net.enter_with("eve", &["setname"]);
    eve.ask("JOIN #a");
    ann.drain();
    eve.check("SETNAME Eva", &[":eve SETNAME :Eva"]);
    ann.sees(&[":eve SETNAME :Eva"]);
    bob.drain();
    bob.ask("WHOIS eve")
        .one("311 bob eve ~eve 127.0.0.1 * :Eva");
    assert!(bob.ask("WHO eve")[0].is("352 bob <any> ~eve 127.0.0.1 madang.local eve H :0 Eva"));
}

#[test]
fn setname_is_an_unknown_command_to_those_who_did_not_ask_for_it() {
    let net = Net::start();
    let (_ann, mut bob) = ann_with(&net, &[]);
    bob.check("SETNAME :Robert", &["421 bob SETNAME <any>"]);
    bob.ask("WHOIS bob")
        .one("311 bob bob <any> <any> * :bob the tester");
    bob.request(&["setname"]);
    bob.check("SETNAME :Robert", &[":bob SETNAME :Robert"]);
}

#[test]
fn a_realname_that_is_too_long_is_refused() {
    let net = Net::start();
    let (mut ann, _bob) = ann_with(&net, &["setname"]);
    ann.check(
        &format!("SETNAME :{}", "x".repeat(400)),
        &["FAIL SETNAME INVALID_REALNAME <any>"],
    );
}

#[test]
fn invite_notify_tells_those_who_could_invite_too() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["invite-notify"]);
    let mut eve = net.enter("eve");
    bob.check("INVITE eve #a", &["341 bob eve #a"]);
    ann.sees(&[":bob INVITE eve #a"]);
    eve.sees(&[":bob INVITE eve #a"]);
    // The inviter is not told twice.
    ann.check("INVITE eve #a", &["341 ann eve #a"]);
    bob.sees_nothing();
}

#[test]
fn what_a_capability_brings_begins_and_ends_with_it() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["away-notify"]);
    bob.check("CAP REQ :away-notify", &["CAP bob ACK :away-notify"]);
    ann.ask("AWAY :x");
    bob.sees(&[":ann AWAY :x"]);
    bob.check("CAP REQ :-away-notify", &["CAP bob ACK :-away-notify"]);
    ann.ask("AWAY");
    bob.sees_nothing();
}

#[test]
fn multi_prefix_may_be_switched_on_later() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["away-notify"]);
    ann.ask("MODE #a +v ann");
    bob.drain();
    assert_eq!(bob.ask("NAMES #a").words_of("353"), ["@ann", "bob"]);
    bob.request(&["multi-prefix"]);
    assert_eq!(bob.ask("NAMES #a").words_of("353"), ["@+ann", "bob"]);
}

#[test]
fn a_prefix_of_a_rank_that_was_taken_gives_way_to_the_next() {
    let net = Net::start();
    let (mut ann, mut bob) = ann_with(&net, &["away-notify"]);
    ann.ask("MODE #a +v ann");
    ann.ask("MODE #a -o ann");
    bob.drain();
    assert_eq!(bob.ask("NAMES #a").words_of("353"), ["+ann", "bob"]);
}
