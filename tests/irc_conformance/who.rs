//! WHO and its extended form (IRCv3 WHOX).

use super::common::{Net, ann_and_bob};

#[test]
fn who_of_a_room_lists_its_people() {
    let (net, mut ann, mut bob) = ann_and_bob();
    bob.ask("AWAY :gone");
    ann.ask("MODE #a +v bob");
    let mut eve = net.enter("eve");
    let answer = eve.ask("WHO #a");
    answer.one("352 eve #a ~ann 127.0.0.1 madang.local ann H@ :0 ann the tester");
    answer.one("352 eve #a ~bob 127.0.0.1 madang.local bob G+ :0 bob the tester");
    assert_eq!(answer.len(), 3);
    assert!(answer[2].is("315 eve #a <any>"), "{}", answer.text());
}

#[test]
fn who_of_a_nick_lists_one() {
    let (net, _ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    for asked in ["bob", "BOB"] {
        let answer = eve.ask(&format!("WHO {asked}"));
        answer.are(&[
            "352 eve <any> ~bob 127.0.0.1 madang.local bob H :0 bob the tester",
            &format!("315 eve {asked} <any>"),
        ]);
        assert!(
            ["*", "#a"].contains(&answer[0].param(1)),
            "{}",
            answer.text()
        );
    }
}

#[test]
fn who_without_a_mask_lists_all_whom_the_asker_may_see() {
    let (net, mut ann, mut bob) = ann_and_bob();
    bob.ask("MODE bob +i");
    let mut eve = net.enter("eve");
    for line in ["WHO", "WHO :", "WHO 0"] {
        // Bob is invisible, and shares a room with Ann only.
        assert_eq!(ann.ask(line).column("352", 5), ["ann", "bob", "eve"]);
        assert_eq!(eve.ask(line).column("352", 5), ["ann", "eve"]);
    }
    let answer = eve.ask("WHO");
    assert!(answer.last().unwrap().is("315 eve * <any>"));
}

#[test]
fn who_of_nobody_is_an_end_alone() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("WHO nobody", &["315 ann nobody <any>"]);
    ann.check("WHO #nowhere", &["315 ann #nowhere <any>"]);
    ann.check("WHO no*body", &["315 ann no*body <any>"]);
}

#[test]
fn who_takes_masks_of_nick_user_host_server_and_realname() {
    let (net, _ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    for (mask, nicks) in [
        ("b*", vec!["bob"]),
        ("B?b", vec!["bob"]),
        ("*n*", vec!["ann"]),
        ("~bo*", vec!["bob"]),
        ("127.0.0.*", vec!["ann", "bob", "eve"]),
        ("ann?the?tester", vec!["ann"]),
        ("b*!*@127.*", vec!["bob"]),
        ("*", vec!["ann", "bob", "eve"]),
    ] {
        let answer = eve.ask(&format!("WHO {mask}"));
        let found = answer.column("352", 5);
        assert!(
            nicks.iter().all(|nick| found.iter().any(|f| f == nick)),
            "{mask}: {}",
            answer.text()
        );
        assert!(
            answer.last().unwrap().is(&format!("315 eve {mask} <any>")),
            "{}",
            answer.text()
        );
        if ["b*", "B?b", "~bo*", "b*!*@127.*"].contains(&mask) {
            assert_eq!(found, nicks);
        }
    }
}

#[test]
fn the_invisible_are_listed_to_those_who_share_a_room() {
    let (net, mut ann, mut bob) = ann_and_bob();
    bob.ask("MODE bob +i");
    let mut eve = net.enter("eve");
    assert_eq!(eve.ask("WHO *").column("352", 5), ["ann", "eve"]);
    assert_eq!(ann.ask("WHO *").column("352", 5), ["ann", "bob", "eve"]);
    assert_eq!(eve.ask("WHO #a").column("352", 5), ["ann"]);
    assert_eq!(bob.ask("WHO b*").column("352", 5), ["bob"]);
}

#[test]
fn a_secret_room_is_listed_to_members_alone() {
    let (net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +s");
    bob.drain();
    net.enter("eve").check("WHO #a", &["315 eve #a <any>"]);
    assert_eq!(bob.ask("WHO #a").all("352").len(), 2);
}

#[test]
fn who_with_o_lists_operators_of_the_server() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("WHO * o", &["315 ann * <any>"]);
    ann.check("WHO #a o", &["315 ann #a <any>"]);
}

#[test]
fn whox_gives_the_fields_in_their_own_order() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check(
        "WHO bob %nuh",
        &["354 ann ~bob 127.0.0.1 bob", "315 ann bob <any>"],
    );
    ann.check(
        "WHO bob %hun",
        &["354 ann ~bob 127.0.0.1 bob", "315 ann bob <any>"],
    );
}

#[test]
fn whox_gives_every_field() {
    let (_net, mut ann, _bob) = ann_and_bob();
    let answer = ann.ask("WHO #a %tcuihsnfdlaor,123");
    let line = answer.one(
        "354 ann 123 #a ~bob <any> 127.0.0.1 madang.local bob H 0 <any> 0 <any> :bob the tester",
    );
    assert!(
        line.param(4).parse::<std::net::IpAddr>().is_ok(),
        "{}",
        line.line
    );
    assert!(line.param(10).parse::<u64>().is_ok(), "{}", line.line);
    answer.one("354 ann 123 #a ~ann 127.0.0.1 127.0.0.1 madang.local ann H@ 0 <any> 0 <any> :ann the tester");
    assert_eq!(answer.len(), 3);
}

#[test]
fn each_field_of_whox_can_be_had_alone() {
    let (_net, mut ann, _bob) = ann_and_bob();
    for (field, value) in [
        ("c", "#a"),
        ("u", "~bob"),
        ("h", "127.0.0.1"),
        ("s", "madang.local"),
        ("n", "bob"),
        ("f", "H"),
        ("d", "0"),
        ("a", "0"),
        ("r", ":bob the tester"),
    ] {
        let answer = ann.ask(&format!("WHO #a %{field}"));
        assert!(
            answer
                .iter()
                .any(|line| line.is(&format!("354 ann {value}"))),
            "{field}: {}",
            answer.text()
        );
        assert_eq!(answer.len(), 3, "{}", answer.text());
    }
}

#[test]
fn the_token_of_whox_comes_back() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("WHO bob %tn,42", &["354 ann 42 bob", "315 ann bob <any>"]);
    ann.check("WHO bob %tn", &["354 ann 0 bob", "315 ann bob <any>"]);
    // A token that is not asked for does not come.
    ann.check("WHO bob %n,42", &["354 ann bob", "315 ann bob <any>"]);
}

#[test]
fn whox_of_nobody_is_an_end_alone() {
    let net = Net::start();
    net.enter("ann")
        .check("WHO nobody %tn,1", &["315 ann nobody <any>"]);
}
