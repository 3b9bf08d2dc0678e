//! MONITOR and extended-monitor (IRCv3).

use super::common::{Net, ann_and_bob};

#[test]
fn a_watch_begins_with_who_is_here_and_who_is_not() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check(
        "MONITOR + bob,nobody,other",
        &["730 ann :bob!~bob@127.0.0.1", "731 ann :nobody,other"],
    );
}

#[test]
fn coming_and_going_are_told() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("MONITOR + bob", &["731 ann :bob"]);
    let mut bob = net.enter("bob");
    ann.sees(&["730 ann :bob!~bob@127.0.0.1"]);
    bob.check_end("QUIT", &["ERROR <any>"]);
    ann.sees(&["731 ann :bob"]);
}

#[test]
fn a_change_of_nick_is_a_going_and_a_coming() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MONITOR + bob,robert");
    let mut bob = net.enter("bob");
    ann.drain();
    bob.ask("NICK robert");
    let seen = ann.drain();
    assert_eq!(seen.len(), 2, "{}", seen.text());
    seen.one("731 ann :bob");
    seen.one("730 ann :robert!~bob@127.0.0.1");
    bob.ask("NICK Robert");
    ann.drain().have_no(&["731"]);
}

#[test]
fn names_are_watched_in_any_case() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MONITOR + BOB");
    let mut bob = net.enter("bob");
    ann.sees(&["730 ann :bob!~bob@127.0.0.1"]);
    bob.check_end("QUIT", &["ERROR <any>"]);
    assert_eq!(ann.drain()[0].last().to_lowercase(), "bob");
}

#[test]
fn a_watch_ends() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MONITOR + bob,eve");
    ann.check("MONITOR - BOB", &[]);
    let _bob = net.enter("bob");
    ann.sees_nothing();
    ann.check("MONITOR L", &["732 ann :eve", "733 ann <any>"]);
}

#[test]
fn all_watches_end() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MONITOR + bob,eve");
    ann.check("MONITOR C", &[]);
    ann.check("MONITOR L", &["733 ann <any>"]);
    let _bob = net.enter("bob");
    ann.sees_nothing();
}

#[test]
fn the_watched_are_listed_and_their_status_told() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.ask("MONITOR + bob,nobody");
    ann.check("MONITOR L", &["732 ann :bob,nobody", "733 ann <any>"]);
    ann.check(
        "MONITOR S",
        &["730 ann :bob!~bob@127.0.0.1", "731 ann :nobody"],
    );
}

#[test]
fn the_same_name_twice_is_watched_once() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MONITOR + bob");
    ann.ask("MONITOR + Bob,bob");
    let listed = ann.ask("MONITOR L");
    assert_eq!(listed[0].last().to_lowercase(), "bob", "{}", listed.text());
    let _bob = net.enter("bob");
    ann.sees(&["730 ann <any>"]);
}

#[test]
fn a_full_list_says_which_names_did_not_fit() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let names: Vec<_> = (0..100).map(|number| format!("n{number}")).collect();
    for some in names.chunks(50) {
        ann.ask(&format!("MONITOR + {}", some.join(",")))
            .have_no(&["734"]);
    }
    let answer = ann.ask("MONITOR + x,y");
    answer.are(&["734 ann 100 x,y <any>"]);
    ann.check("MONITOR - n0", &[]);
    ann.check("MONITOR + x", &["731 ann :x"]);
}

#[test]
fn who_stops_watching_by_leaving_is_forgotten() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("MONITOR + bob");
    ann.check_end("QUIT", &["ERROR <any>"]);
    let mut second = net.enter("ann");
    let _bob = net.enter("bob");
    second.sees_nothing();
    second.check("MONITOR L", &["733 ann <any>"]);
}

#[test]
fn extended_monitor_tells_of_away_and_realname() {
    let net = Net::start();
    let caps = ["extended-monitor", "away-notify", "setname"];
    let mut ann = net.enter_with("ann", &caps);
    let mut eve = net.enter_with("eve", &caps[1..]);
    let mut bob = net.enter_with("bob", &["setname"]);
    ann.ask("MONITOR + bob");
    eve.ask("MONITOR + bob");
    bob.ask("AWAY :gone");
    ann.sees(&[":bob AWAY :gone"]);
    bob.ask("AWAY");
    ann.sees(&[":bob AWAY"]);
    bob.ask("SETNAME :Robert");
    ann.sees(&[":bob SETNAME :Robert"]);
    eve.sees_nothing();
}

#[test]
fn extended_monitor_says_nothing_twice() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["extended-monitor", "away-notify"]);
    let mut bob = net.enter("bob");
    ann.ask("JOIN #a");
    bob.ask("JOIN #a");
    ann.ask("MONITOR + bob");
    bob.ask("AWAY :gone");
    ann.sees(&[":bob AWAY :gone"]);
}
