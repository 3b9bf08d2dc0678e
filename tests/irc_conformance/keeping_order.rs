//! KICK, INVITE and KNOCK.

use super::common::{Net, ann_and_bob};

#[test]
fn a_kick_is_seen_by_all_and_ends_the_stay() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    eve.ask("JOIN #a");
    ann.drain();
    bob.drain();
    ann.check("KICK #a bob :enough", &[":ann KICK #a bob :enough"]);
    bob.sees(&[":ann KICK #a bob :enough"]);
    eve.sees(&[":ann KICK #a bob :enough"]);
    ann.check("PRIVMSG #a :x", &[]);
    bob.sees_nothing();
    bob.check("PART #a", &["442 bob #a <any>"]);
}

#[test]
fn a_kick_without_a_reason_has_one() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("KICK #a bob", &[":ann KICK #a bob <any>"]);
}

#[test]
fn several_are_kicked_at_once() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = net.room("#a", ["ann", "bob", "eve"]);
    ann.check(
        "KICK #a bob,nobody,eve :out",
        &[
            ":ann KICK #a bob :out",
            "401 ann nobody <any>",
            ":ann KICK #a eve :out",
        ],
    );
    bob.sees(&[":ann KICK #a bob :out"]);
}

#[test]
fn only_operators_kick() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.check("KICK #a ann :x", &["482 bob #a <any>"]);
    bob.check("KICK #a bob :x", &["482 bob #a <any>"]);
    ann.sees_nothing();
}

#[test]
fn a_kick_that_meets_nobody_says_what_is_wrong() {
    let (net, mut ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    ann.check("KICK #a eve :x", &["441 ann eve #a <any>"]);
    ann.check("KICK #nowhere bob :x", &["403 ann #nowhere <any>"]);
    ann.check("KICK nonsense bob :x", &["403 ann nonsense <any>"]);
    ann.check("KICK #a", &["461 ann KICK <any>"]);
    eve.check("KICK #a bob :x", &["442 eve #a <any>"]);
    let answer = ann.ask("KICK #a nobody :x");
    assert!(
        matches!(answer.commands()[..], ["401" | "441"]),
        "{}",
        answer.text()
    );
}

#[test]
fn one_may_kick_oneself() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("KICK #a ann :x", &[":ann KICK #a ann :x"]);
    bob.sees(&[":ann KICK #a ann :x"]);
}

#[test]
fn the_kicked_may_come_back() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("KICK #a bob :x");
    bob.drain();
    bob.ask("JOIN #a").one(":bob JOIN #a");
}

#[test]
fn an_invitation_reaches_its_guest_alone() {
    let net = Net::start();
    let [mut ann, mut bob] = net.room("#a", ["ann", "bob"]);
    let mut eve = net.enter("eve");
    ann.check("INVITE eve #a", &["341 ann eve #a"]);
    eve.sees(&[":ann INVITE eve #a"]);
    bob.sees_nothing();
}

#[test]
fn an_invitation_opens_an_invite_only_room_once() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +i");
    let mut eve = net.enter("eve");
    eve.check("JOIN #a", &["473 eve #a <any>"]);
    ann.ask("INVITE eve #a");
    eve.drain();
    eve.ask("JOIN #a").one(":eve JOIN #a");
    eve.ask("PART #a");
    eve.check("JOIN #a", &["473 eve #a <any>"]);
}

#[test]
fn any_member_invites_to_an_open_room_and_operators_to_a_closed_one() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    bob.check("INVITE eve #a", &["341 bob eve #a"]);
    eve.sees(&[":bob INVITE eve #a"]);
    ann.ask("MODE #a +i");
    bob.drain();
    bob.check("INVITE eve #a", &["482 bob #a <any>"]);
    eve.sees_nothing();
}

#[test]
fn an_invitation_that_cannot_be_says_why() {
    let (net, mut ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    ann.check("INVITE nobody #a", &["401 ann nobody <any>"]);
    ann.check("INVITE bob #a", &["443 ann bob #a <any>"]);
    ann.check("INVITE bob", &["461 ann INVITE <any>"]);
    eve.check("INVITE bob #a", &["442 eve #a <any>"]);
    let answer = ann.ask("INVITE eve #nowhere");
    assert!(
        matches!(answer.commands()[..], ["403" | "442"]),
        "{}",
        answer.text()
    );
    eve.sees_nothing();
}

#[test]
fn ones_own_invitations_can_be_listed() {
    let net = Net::start();
    let [mut ann] = net.room("#a", ["ann"]);
    ann.ask("JOIN #b");
    let mut bob = net.enter("bob");
    bob.check("INVITE", &["337 bob <any>"]);
    ann.ask("INVITE bob #a");
    ann.ask("INVITE bob #b");
    bob.drain();
    let answer = bob.ask("INVITE");
    assert_eq!(answer.column("336", 1), ["#a", "#b"]);
    assert_eq!(answer.last().unwrap().command, "337");
    bob.ask("JOIN #a");
    assert_eq!(bob.ask("INVITE").column("336", 1), ["#b"]);
}

#[test]
fn an_invitation_to_someone_away_says_that_they_are() {
    let (net, mut ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    eve.ask("AWAY :lunch");
    let answer = ann.ask("INVITE eve #a");
    answer.one("341 ann eve #a");
    answer.one("301 ann eve :lunch");
}

#[test]
fn an_invitation_exception_opens_the_room_to_a_mask() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +iI eve!*@*");
    net.enter("mallory")
        .check("JOIN #a", &["473 mallory #a <any>"]);
    net.enter("eve").ask("JOIN #a").one(":eve JOIN #a");
}

#[test]
fn a_knock_is_heard_by_operators() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    eve.check("KNOCK #a", &["713 eve #a <any>"]);
    ann.ask("MODE #a +i");
    bob.drain();
    eve.check("KNOCK #a :let me in", &["711 eve #a <any>"]);
    let knock = ann.drain();
    assert_eq!(knock.commands(), ["710"]);
    assert_eq!(
        (knock[0].param(0), knock[0].param(1)),
        ("#a", "#a"),
        "{}",
        knock.text()
    );
    bob.sees_nothing();
    ann.check("KNOCK #a", &["714 ann #a <any>"]);
    eve.check("KNOCK #nowhere", &["403 eve #nowhere <any>"]);
}
