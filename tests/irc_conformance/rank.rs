//! Ranks in rooms, and modes of people.

use super::common::{Net, ann_and_bob};

#[test]
fn ranks_are_given_and_taken() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for letter in ["o", "h", "v"] {
        ann.check(
            &format!("MODE #a +{letter} bob"),
            &[&format!(":ann MODE #a +{letter} bob")],
        );
        bob.sees(&[&format!(":ann MODE #a +{letter} bob")]);
        ann.check(&format!("MODE #a +{letter} BOB"), &[]);
        ann.check(
            &format!("MODE #a -{letter} bob"),
            &[&format!(":ann MODE #a -{letter} bob")],
        );
        bob.drain();
    }
}

#[test]
fn the_line_names_people_as_they_are_called() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("MODE #A +ov BOB Bob", &[":ann MODE #a +ov bob bob"]);
}

#[test]
fn a_rank_is_for_members() {
    let (net, mut ann, _bob) = ann_and_bob();
    let _eve = net.enter("eve");
    ann.check("MODE #a +o eve", &["441 ann eve #a <any>"]);
    let answer = ann.ask("MODE #a +o nobody");
    assert!(
        matches!(answer.commands()[..], ["401" | "441"]),
        "{}",
        answer.text()
    );
}

#[test]
fn whoever_gives_up_a_rank_has_lost_it() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE #a -o ann", &[":ann MODE #a -o ann"]);
    bob.sees(&[":ann MODE #a -o ann"]);
    ann.check("MODE #a +o ann", &["482 ann #a <any>"]);
}

#[test]
fn a_half_operator_does_the_small_things() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = net.room("#a", ["ann", "bob", "eve"]);
    ann.ask("MODE #a +h bob");
    bob.drain();
    bob.check("MODE #a +v eve", &[":bob MODE #a +v eve"]);
    bob.check("MODE #a +b x!*@*", &[":bob MODE #a +b x!*@*"]);
    bob.check("TOPIC #a :x", &[":bob TOPIC #a :x"]);
    bob.check("KICK #a eve :x", &[":bob KICK #a eve :x"]);
    eve.drain();
    bob.check("INVITE eve #a", &["341 bob eve #a"]);
}

#[test]
fn a_half_operator_does_not_do_the_big_things() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = net.room("#a", ["ann", "bob", "eve"]);
    ann.ask("MODE #a +h bob");
    bob.drain();
    for line in [
        "MODE #a +o eve",
        "MODE #a +h eve",
        "MODE #a -o ann",
        "KICK #a ann :x",
        "MODE #a +o bob",
    ] {
        bob.check(line, &["482 bob #a <any>"]);
    }
    ann.sees_nothing();
    bob.check("MODE #a -h bob", &[":bob MODE #a -h bob"]);
}

#[test]
fn an_operator_does_not_make_founders_or_admins() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE #a +q bob", &["482 ann #a <any>"]);
    ann.check("MODE #a +a bob", &["482 ann #a <any>"]);
    bob.sees_nothing();
}

#[test]
fn a_voice_is_no_rank_to_command_with() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +v bob");
    bob.drain();
    bob.check("MODE #a +i", &["482 bob #a <any>"]);
    bob.check("KICK #a ann :x", &["482 bob #a <any>"]);
    bob.check("TOPIC #a :x", &["482 bob #a <any>"]);
}

#[test]
fn an_operator_may_take_the_rank_of_another() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +o bob");
    bob.drain();
    bob.check("MODE #a -o ann", &[":bob MODE #a -o ann"]);
    ann.check("MODE #a +i", &[":bob MODE #a -o ann", "482 ann #a <any>"]);
}

#[test]
fn a_rank_goes_with_its_bearer_through_a_change_of_nick() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("NICK anna");
    bob.drain();
    assert_eq!(bob.ask("NAMES #a").words_of("353"), ["@anna", "bob"]);
    ann.check("MODE #a +v bob", &[":anna MODE #a +v bob"]);
}

#[test]
fn a_rank_is_lost_with_the_room() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("PART #a");
    ann.ask("JOIN #a");
    bob.drain();
    assert_eq!(bob.ask("NAMES #a").words_of("353"), ["ann", "bob"]);
}

#[test]
fn ones_own_modes_are_shown_and_changed() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("MODE ann", &["221 ann +"]);
    ann.check("MODE ann +i", &[":ann MODE ann +i"]);
    ann.check("MODE ann", &["221 ann +i"]);
    ann.check("MODE ANN +i", &[]);
    ann.check("MODE ann -i+w", &[":ann MODE ann -i+w"]);
    ann.check("MODE ann", &["221 ann +w"]);
}

#[test]
fn the_modes_of_others_are_their_own_affair() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("MODE bob +i", &["502 ann <any>"]);
    ann.check("MODE bob", &["502 ann <any>"]);
    ann.check("MODE nobody +i", &["401 ann nobody <any>"]);
    bob.sees_nothing();
}

#[test]
fn an_unknown_mode_of_a_person_is_told_and_the_others_count() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("MODE ann +y", &["501 ann <...>"]);
    let answer = ann.ask("MODE ann +iy");
    assert_eq!(answer.len(), 2, "{}", answer.text());
    answer.one(":ann MODE ann +i");
    answer.one("501 ann <...>");
}

#[test]
fn nobody_makes_themselves_an_operator_of_the_server() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MODE ann +o").have_no(&["MODE"]);
    ann.check("MODE ann", &["221 ann +"]);
    ann.ask("MODE ann -o").have_no(&["MODE"]);
}

#[test]
fn modes_that_everyone_has_from_the_start_are_told() {
    let net = Net::with("[server]\ndefault_user_modes = 'iw'");
    let mut ann = net.enter("ann");
    ann.check("MODE ann", &["221 ann +iw"]);
    ann.ask("LUSERS")
        .one("251 ann :There are 0 users and 1 invisible on 1 servers");
}

#[test]
fn the_mode_of_a_bot_shows() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let mut bob = net.enter("bob");
    ann.check("MODE ann +B", &[":ann MODE ann +B"]);
    bob.ask("WHOIS ann").one("335 bob ann <any>");
    let who = bob.ask("WHO ann");
    assert!(who[0].param(6).contains('B'), "{}", who.text());
    ann.check("MODE ann -B", &[":ann MODE ann -B"]);
    bob.ask("WHOIS ann").have_no(&["335"]);
    assert!(!bob.ask("WHO ann")[0].param(6).contains('B'));
}
