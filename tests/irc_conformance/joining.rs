//! JOIN, PART, NAMES and TOPIC.

use super::common::{Irc, Net, Setup, ann_and_bob};

#[test]
fn a_join_is_answered_with_itself_and_the_names() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check(
        "JOIN #a",
        &[":ann JOIN #a", "353 ann = #a :@ann", "366 ann #a <any>"],
    );
}

#[test]
fn others_see_a_join_and_nothing_more() {
    let (net, mut ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    let answer = eve.ask("JOIN #a");
    assert_eq!(answer.commands(), ["JOIN", "353", "366"]);
    assert_eq!(answer.words_of("353"), ["@ann", "bob", "eve"]);
    ann.sees(&[":eve JOIN #a"]);
}

#[test]
fn a_second_join_is_silent() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.check("JOIN #a", &[]);
    bob.check("JOIN #A", &[]);
    ann.sees_nothing();
}

#[test]
fn a_join_tells_the_topic_before_the_names() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("TOPIC #a :what we talk about");
    net.enter("eve").check(
        "JOIN #a",
        &[
            ":eve JOIN #a",
            "332 eve #a :what we talk about",
            "333 eve #a <any> <any>",
            "353 eve = #a <any>",
            "366 eve #a <any>",
        ],
    );
}

#[test]
fn several_rooms_are_joined_one_after_the_other() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check(
        "JOIN #a,#b",
        &[
            ":ann JOIN #a",
            "353 ann = #a :@ann",
            "366 ann #a <any>",
            ":ann JOIN #b",
            "353 ann = #b :@ann",
            "366 ann #b <any>",
        ],
    );
}

#[test]
fn keys_belong_to_rooms_by_their_places() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #one,#two,#open");
    ann.ask("MODE #one +k first");
    ann.ask("MODE #two +k second");
    let mut bob = net.enter("bob");
    let answer = bob.ask("JOIN #one,#two,#open first,second");
    assert_eq!(answer.column("JOIN", 0), ["#one", "#open", "#two"]);
    answer.have_no(&["475"]);
}

#[test]
fn one_room_that_cannot_be_joined_does_not_keep_from_the_others() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #one,#two");
    ann.ask("MODE #one +k first");
    let mut bob = net.enter("bob");
    let answer = bob.ask("JOIN #one,nonsense,#two wrong");
    answer.one("475 bob #one <any>");
    assert_eq!(answer.column("JOIN", 0), ["#two"]);
}

#[test]
fn the_name_of_a_room_keeps_the_case_of_who_made_it() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #Room");
    let mut bob = net.enter("bob");
    let answer = bob.ask("JOIN #rOOM");
    answer.one(":bob JOIN #Room");
    answer.one("366 bob #Room <any>");
    ann.sees(&[":bob JOIN #Room"]);
    ann.check("PRIVMSG #ROOM :x", &[]);
    bob.sees(&[":ann PRIVMSG #Room :x"]);
}

#[test]
fn names_that_are_no_rooms_are_refused() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    for name in ["a", "#", "+a", "!a", ":#a b", ":#a\u{7}b", "ann"] {
        let answer = ann.ask(&format!("JOIN {name}"));
        let refused = matches!(answer.commands()[..], ["403" | "476" | "479"]);
        assert!(refused, "{name}: {}", answer.text());
    }
}

#[test]
fn join_zero_leaves_all_rooms() {
    let net = Net::start();
    let [mut ann, mut bob] = net.room("#a", ["ann", "bob"]);
    bob.ask("JOIN #b");
    let answer = bob.ask("JOIN 0");
    assert_eq!(answer.column("PART", 0), ["#a", "#b"]);
    assert_eq!(answer.len(), 2);
    ann.until(":bob PART #a");
    bob.check("JOIN 0", &[]);
}

#[test]
fn the_first_in_a_room_is_its_operator_and_the_second_is_not() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.check("MODE #a +v bob", &["482 bob #a <any>"]);
    ann.check("MODE #a +v bob", &[":ann MODE #a +v bob"]);
}

#[test]
fn a_room_of_any_script_is_a_room() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #마당").one(":ann JOIN #마당");
    let mut bob = net.enter("bob");
    // Cyrillic а looks like the Latin one.
    bob.ask("JOIN #a").one(":bob JOIN #a");
    ann.ask("JOIN #\u{430}").have_no(&["JOIN"]);
}

#[test]
fn part_is_seen_by_all_and_ends_the_stay() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.check("PART #a", &[":bob PART #a"]);
    ann.sees(&[":bob PART #a"]);
    ann.check("PRIVMSG #a :x", &[]);
    bob.sees_nothing();
    bob.check("PART #a", &["442 bob #a <any>"]);
}

#[test]
fn part_says_why() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.check("PART #a :to bed", &[":bob PART #a :to bed"]);
    ann.sees(&[":bob PART #a :to bed"]);
}

#[test]
fn several_rooms_are_left_at_once_and_errors_do_not_stop_it() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #a,#b,#c");
    let _bob = net.room("#d", ["bob"]);
    ann.check(
        "PART #a,#nowhere,#d,#b :bye",
        &[
            ":ann PART #a :bye",
            "403 ann #nowhere <any>",
            "442 ann #d <any>",
            ":ann PART #b :bye",
        ],
    );
}

#[test]
fn a_room_that_does_not_exist_cannot_be_left() {
    let net = Net::start();
    net.enter("ann")
        .check("PART #nowhere", &["403 ann #nowhere <any>"]);
}

#[test]
fn an_empty_room_is_forgotten_with_its_modes_and_topic() {
    let net = Net::start();
    let [mut ann] = net.room("#a", ["ann"]);
    ann.ask("MODE #a +k secret");
    ann.ask("MODE #a +b x!*@*");
    ann.ask("TOPIC #a :old");
    ann.ask("PART #a");
    let mut bob = net.enter("bob");
    bob.check(
        "JOIN #a",
        &[":bob JOIN #a", "353 bob = #a :@bob", "366 bob #a <any>"],
    );
    bob.check("MODE #a b", &["368 bob #a <any>"]);
}

#[test]
fn a_quit_makes_room_too() {
    let net = Net::start();
    let [ann] = net.room("#a", ["ann"]);
    let mut ann = ann;
    ann.check_end("QUIT", &["ERROR <any>"]);
    net.enter("bob").ask("JOIN #a").one("353 bob = #a :@bob");
}

#[test]
fn names_of_a_room() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("MODE #a +v bob");
    let answer = bob.ask("NAMES #a");
    assert_eq!(answer.words_of("353"), ["+bob", "@ann"]);
    answer.one("366 bob #a <any>");
    // By another case of the name, and from another room.
    assert_eq!(bob.ask("NAMES #A").words_of("353"), ["+bob", "@ann"]);
}

#[test]
fn names_of_no_room_are_an_end_alone() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("NAMES #nowhere", &["366 ann #nowhere <any>"]);
    ann.check("NAMES nonsense", &["366 ann nonsense <any>"]);
}

#[test]
fn names_of_several_rooms_have_one_end() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #a,#b");
    let answer = ann.ask("NAMES #a,#b");
    assert_eq!(answer.commands(), ["353", "353", "366"]);
    assert_eq!(answer.column("353", 2), ["#a", "#b"]);
    answer.one("366 ann #a,#b <any>");
}

#[test]
fn names_of_everything() {
    let (net, _ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    let answer = eve.ask("NAMES");
    assert!(answer.words_of("353").contains(&"@ann".to_owned()));
    answer.one("366 eve * <any>");
    assert_eq!(answer.last().unwrap().command, "366");
}

#[test]
fn a_secret_room_shows_its_names_to_members_alone() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +s");
    ann.ask("NAMES #a").one("353 ann @ #a <any>");
    let mut eve = net.enter("eve");
    eve.check("NAMES #a", &["366 eve #a <any>"]);
    eve.ask("NAMES").have_no(&["353"]);
}

#[test]
fn an_invisible_person_is_named_to_those_inside_alone() {
    let (net, mut ann, mut bob) = ann_and_bob();
    bob.ask("MODE bob +i");
    assert_eq!(ann.ask("NAMES #a").words_of("353"), ["@ann", "bob"]);
    let mut eve = net.enter("eve");
    assert_eq!(eve.ask("NAMES #a").words_of("353"), ["@ann"]);
}

#[test]
fn multi_prefix_shows_every_rank_highest_first() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE #a +v ann");
    ann.ask("MODE #a +hv bob bob");
    assert_eq!(ann.ask("NAMES #a").words_of("353"), ["%bob", "@ann"]);
    let mut eve = net.enter_with("eve", &["multi-prefix"]);
    assert_eq!(
        eve.ask("JOIN #a").words_of("353"),
        ["%+bob", "@+ann", "eve"]
    );
    let who = eve.ask("WHO #a");
    assert_eq!(who.column("352", 6), ["H", "H%+", "H@+"]);
}

#[test]
fn userhost_in_names_shows_masks() {
    let (net, _ann, _bob) = ann_and_bob();
    let mut eve = net.enter_with("eve", &["userhost-in-names"]);
    let masks = [
        "@ann!~ann@127.0.0.1",
        "bob!~bob@127.0.0.1",
        "eve!~eve@127.0.0.1",
    ];
    assert_eq!(eve.ask("JOIN #a").words_of("353"), masks);
    assert_eq!(eve.ask("NAMES #a").words_of("353"), masks);
}

#[test]
fn no_implicit_names_leaves_the_names_out() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["no-implicit-names"]);
    ann.check("JOIN #a", &[":ann JOIN #a"]);
    ann.check("NAMES #a", &["353 ann = #a :@ann", "366 ann #a <any>"]);
    ann.ask("TOPIC #a :x");
    let mut bob = net.enter_with("bob", &["no-implicit-names"]);
    bob.check(
        "JOIN #a",
        &[":bob JOIN #a", "332 bob #a :x", "333 bob #a <any> <any>"],
    );
}

#[test]
fn a_room_without_a_topic_says_so() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("TOPIC #a", &["331 ann #a <any>"]);
}

#[test]
fn a_topic_is_seen_by_all_and_remembered() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("TOPIC #a :hello there", &[":ann TOPIC #a :hello there"]);
    bob.sees(&[":ann TOPIC #a :hello there"]);
    let answer = bob.ask("TOPIC #a");
    assert_eq!(answer.commands(), ["332", "333"]);
    answer.one("332 bob #a :hello there");
    let line = answer.one("333 bob #a <any> <any>");
    assert!(
        line.param(2) == "ann" || line.param(2) == "ann!~ann@127.0.0.1",
        "{}",
        line.line
    );
    assert!(
        line.param(3)
            .parse::<u64>()
            .is_ok_and(|at| at > 1_600_000_000),
        "{}",
        line.line
    );
}

#[test]
fn a_topic_can_be_taken_away() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("TOPIC #a :hello");
    ann.check("TOPIC #a :", &[":ann TOPIC #a :"]);
    bob.until(":ann TOPIC #a :");
    bob.check("TOPIC #a", &["331 bob #a <any>"]);
}

#[test]
fn only_operators_set_the_topic_of_a_room_with_t() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.check("TOPIC #a :mine", &["482 bob #a <any>"]);
    ann.sees_nothing();
    ann.ask("MODE #a -t");
    bob.drain();
    bob.check("TOPIC #a :mine", &[":bob TOPIC #a :mine"]);
}

#[test]
fn a_topic_is_set_from_inside() {
    let (net, mut ann, _bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    eve.check("TOPIC #a :x", &["442 eve #a <any>"]);
    ann.ask("MODE #a -t");
    eve.check("TOPIC #a :x", &["442 eve #a <any>"]);
    eve.check("TOPIC #nowhere", &["403 eve #nowhere <any>"]);
    eve.check("TOPIC #nowhere :x", &["403 eve #nowhere <any>"]);
    eve.check("TOPIC nonsense", &["403 eve nonsense <any>"]);
}

#[test]
fn the_topic_of_a_secret_room_is_secret() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("TOPIC #a :hush");
    let mut eve = net.enter("eve");
    ann.ask("MODE #a +s");
    let answer = eve.ask("TOPIC #a");
    assert!(
        matches!(answer.commands()[..], ["442" | "403"]),
        "{}",
        answer.text()
    );
}

#[test]
fn colons_and_spaces_in_a_topic_stay() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("TOPIC #a ::  a :b ", &[":ann TOPIC #a ::  a :b "]);
    ann.ask("TOPIC #a").one("332 ann #a ::  a :b ");
}

#[test]
fn newcomers_begin_in_the_rooms_that_the_host_has_named() {
    let net = Net::with("[server]\njoin = ['#lobby', '#tea']");
    let mut ann = net.enter("ann");
    ann.ask("WHOIS ann").one("319 ann ann <any>");
    let welcome = net.newcomer().register("bob");
    for room in ["#lobby", "#tea"] {
        welcome.one(&format!(":bob JOIN {room}"));
        welcome.one(&format!("366 bob {room} <any>"));
    }
    let end = welcome.iter().position(|line| line.command == "422");
    let join = welcome.iter().position(|line| line.command == "JOIN");
    assert!(end < join, "the welcome comes first: {}", welcome.text());
    ann.drain().one(":bob JOIN #tea");
}

#[test]
fn a_client_that_chooses_its_rooms_begins_in_none() {
    let net = Net::with("[server]\njoin = ['#lobby']");
    let mut ann = net.enter_with("ann", &["madang.chat/own-rooms"]);
    ann.ask("WHOIS ann").have_no(&["319"]);
}

#[test]
fn a_first_room_that_refuses_is_left_out_without_a_text() {
    let net = Net::with("[server]\njoin = ['#lobby', '#tea']");
    let mut ann = net.enter("ann");
    ann.ask("MODE #lobby +i");
    let welcome = net.newcomer().register("bob");
    welcome.have_no(&["473"]);
    welcome.one(":bob JOIN #tea");
    assert_eq!(welcome.all("JOIN").len(), 1, "{}", welcome.text());
}

#[test]
fn by_default_newcomers_are_greeted_and_are_in_the_lobby() {
    let setup = Setup::new().with_defaults().listen("irc://127.0.0.1:0");
    let server = setup.start();
    let welcome = Irc::connect(server.address()).register("ann");
    welcome.have_no(&["422"]);
    welcome.one("372 ann :- Welcome! This is madang, <any>");
    welcome.one(":ann JOIN #lobby");
}
