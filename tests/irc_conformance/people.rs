//! WHOIS and WHOWAS.

use super::common::{Net, ann_and_bob};

#[test]
fn whois_tells_user_server_idle_time_and_an_end() {
    let (net, _ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    let answer = eve.ask("WHOIS bob");
    answer.one("311 eve bob ~bob 127.0.0.1 * :bob the tester");
    answer.one("312 eve bob madang.local <any>");
    answer.one("319 eve bob <any>");
    let idle = answer.one("317 eve bob <any> <any> <any>");
    assert!(
        idle.param(2)
            .parse::<u64>()
            .is_ok_and(|seconds| seconds < 60),
        "{}",
        idle.line
    );
    assert!(
        idle.param(3)
            .parse::<u64>()
            .is_ok_and(|at| at > 1_600_000_000),
        "{}",
        idle.line
    );
    assert!(
        answer[0].command == "311" && answer.last().unwrap().is("318 eve bob <any>"),
        "{}",
        answer.text()
    );
    answer.have_no(&["301", "313", "330", "335", "671", "401"]);
}

#[test]
fn whois_finds_a_nick_in_any_case_and_names_it_as_it_is() {
    let (_net, mut ann, _bob) = ann_and_bob();
    let answer = ann.ask("WHOIS BOB");
    answer.one("311 ann bob <...>");
    answer.one("318 ann BOB <any>");
}

#[test]
fn whois_shows_ranks_in_rooms() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.ask("JOIN #b");
    ann.ask("MODE #a +v bob");
    assert_eq!(ann.ask("WHOIS bob").words_of("319"), ["+#a", "@#b"]);
}

#[test]
fn whois_hides_secret_rooms_from_strangers() {
    let (net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +s");
    bob.drain();
    bob.ask("JOIN #b");
    let mut eve = net.enter("eve");
    assert_eq!(eve.ask("WHOIS bob").words_of("319"), ["@#b"]);
    assert_eq!(ann.ask("WHOIS bob").words_of("319"), ["#a", "@#b"]);
    assert_eq!(bob.ask("WHOIS bob").words_of("319"), ["#a", "@#b"]);
}

#[test]
fn whois_of_someone_in_no_room_has_no_line_of_rooms() {
    let net = Net::start();
    let _bob = net.enter("bob");
    net.enter("ann").ask("WHOIS bob").have_no(&["319"]);
}

#[test]
fn whois_tells_who_is_away() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.ask("AWAY :to lunch");
    ann.ask("WHOIS bob").one("301 ann bob :to lunch");
}

#[test]
fn whois_of_nobody_is_a_refusal_and_an_end() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check(
        "WHOIS nobody",
        &["401 ann nobody <any>", "318 ann nobody <any>"],
    );
    let answer = ann.ask("WHOIS");
    assert!(
        matches!(answer.commands()[..], ["431" | "461"]),
        "{}",
        answer.text()
    );
}

#[test]
fn whois_of_several() {
    let (_net, mut ann, _bob) = ann_and_bob();
    let answer = ann.ask("WHOIS ann,bob");
    assert_eq!(answer.column("311", 1), ["ann", "bob"]);
    assert_eq!(answer.last().unwrap().command, "318");
}

#[test]
fn whois_may_name_a_server_or_the_person_again() {
    let (_net, mut ann, _bob) = ann_and_bob();
    for server in ["madang.local", "bob", "*.local"] {
        ann.ask(&format!("WHOIS {server} bob"))
            .one("311 ann bob <...>");
    }
    ann.check(
        "WHOIS nowhere.example bob",
        &["402 ann nowhere.example <any>"],
    );
}

#[test]
fn whois_of_oneself_tells_the_real_address() {
    let (_net, mut ann, _bob) = ann_and_bob();
    let answer = ann.ask("WHOIS ann");
    answer.one("338 ann ann <any>127.0.0.1<any> <...>");
    answer.one("378 ann ann :<any>127.0.0.1<any>");
    answer.one("379 ann ann :<any>+");
    ann.ask("WHOIS bob").have_no(&["338", "378", "379"]);
}

#[test]
fn idle_time_ends_with_words_and_not_with_questions() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.ask("PRIVMSG #a :x");
    let answer = ann.ask("WHOIS bob");
    assert_eq!(answer.one("317 ann bob <any> <any> <any>").param(2), "0");
}

#[test]
fn whowas_remembers_who_left() {
    let net = Net::start();
    let mut bob = net.enter("bob");
    bob.check_end("QUIT", &["ERROR <any>"]);
    let mut ann = net.enter("ann");
    let answer = ann.ask("WHOWAS BOB");
    answer.are(&[
        "314 ann bob ~bob 127.0.0.1 * :bob the tester",
        "312 ann bob madang.local <any>",
        "369 ann BOB <any>",
    ]);
}

#[test]
fn whowas_remembers_who_is_called_otherwise_now() {
    let net = Net::start();
    let mut bob = net.enter("bob");
    bob.ask("NICK robert");
    let answer = net.enter("ann").ask("WHOWAS bob");
    answer.one("314 ann bob ~bob 127.0.0.1 * :bob the tester");
}

#[test]
fn whowas_of_nobody_is_a_refusal_and_an_end() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check(
        "WHOWAS nobody",
        &["406 ann nobody <any>", "369 ann nobody <any>"],
    );
    ann.check("WHOWAS ann", &["406 ann ann <any>", "369 ann ann <any>"]);
    let answer = ann.ask("WHOWAS");
    assert!(
        matches!(answer.commands()[..], ["431" | "461"]),
        "{}",
        answer.text()
    );
}

#[test]
fn whowas_tells_the_newest_first_and_no_more_than_asked_for() {
    let net = Net::start();
    for user in ["one", "two", "three"] {
        let mut bob = net.newcomer();
        bob.send("NICK bob");
        bob.ask(&format!("USER {user} 0 * :Bob"));
        bob.check_end("QUIT", &["ERROR <any>"]);
    }
    let mut ann = net.enter("ann");
    for (count, users) in [
        ("", vec!["~three", "~two", "~one"]),
        (" 1", vec!["~three"]),
        (" 2", vec!["~three", "~two"]),
        (" 9", vec!["~three", "~two", "~one"]),
        (" 0", vec!["~three", "~two", "~one"]),
        (" -1", vec!["~three", "~two", "~one"]),
    ] {
        let answer = ann.ask(&format!("WHOWAS bob{count}"));
        let found: Vec<_> = answer.all("314").iter().map(|line| line.param(2)).collect();
        assert_eq!(found, users, "{count}");
        assert_eq!(answer.last().unwrap().command, "369");
    }
}

#[test]
fn a_nick_that_was_and_is_can_be_asked_for_both_ways() {
    let net = Net::start();
    net.enter("bob").check_end("QUIT", &["ERROR <any>"]);
    let _bob = net.enter("bob");
    let mut ann = net.enter("ann");
    ann.ask("WHOWAS bob").one("314 ann bob <...>");
    ann.ask("WHOIS bob").one("311 ann bob <...>");
}
