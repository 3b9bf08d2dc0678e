//! PRIVMSG, NOTICE, STATUSMSG, AWAY.

use super::common::{Net, ann_and_bob};

#[test]
fn words_reach_whom_they_are_for_and_nobody_else() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    ann.check("PRIVMSG bob :hello there", &[]);
    bob.sees(&[":ann PRIVMSG bob :hello there"]);
    ann.check("NOTICE bob :hello there", &[]);
    bob.sees(&[":ann NOTICE bob :hello there"]);
    eve.sees_nothing();
}

#[test]
fn words_to_a_room_reach_all_but_their_author() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = net.room("#a", ["ann", "bob", "eve"]);
    bob.check("PRIVMSG #a :x", &[]);
    ann.sees(&[":bob PRIVMSG #a :x"]);
    eve.sees(&[":bob PRIVMSG #a :x"]);
    bob.check("NOTICE #a :y", &[]);
    ann.sees(&[":bob NOTICE #a :y"]);
}

#[test]
fn the_source_is_the_whole_mask() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.ask("PRIVMSG bob :x");
    bob.sees(&[":ann!~ann@127.0.0.1 PRIVMSG bob :x"]);
}

#[test]
fn one_may_talk_to_oneself() {
    let net = Net::start();
    net.enter("ann")
        .check("PRIVMSG ann :x", &[":ann PRIVMSG ann :x"]);
}

#[test]
fn the_case_of_a_target_does_not_count() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("PRIVMSG BOB :x", &[]);
    bob.sees(&[":ann PRIVMSG bob :x"]);
    ann.check("PRIVMSG #A :x", &[]);
    bob.sees(&[":ann PRIVMSG #a :x"]);
}

#[test]
fn words_for_nobody_are_refused() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("PRIVMSG nobody :x", &["401 ann nobody <any>"]);
    let answer = ann.ask("PRIVMSG #nowhere :x");
    assert!(
        matches!(answer.commands()[..], ["401" | "403"]),
        "{}",
        answer.text()
    );
    assert_eq!(answer[0].param(1), "#nowhere");
    ann.check("PRIVMSG", &["411 ann <any>"]);
    ann.check("PRIVMSG bob", &["412 ann <any>"]);
    ann.check("PRIVMSG ann :", &["412 ann <any>"]);
}

#[test]
fn a_notice_is_never_answered() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    bob.ask("AWAY :gone");
    for line in [
        "NOTICE",
        "NOTICE bob",
        "NOTICE bob :",
        "NOTICE nobody :x",
        "NOTICE #nowhere :x",
        "NOTICE #a :x",
        "NOTICE bob :x",
        "NOTICE a,b,c,d,e,f :x",
    ] {
        eve.check(line, &[]);
    }
    ann.sees_nothing();
}

#[test]
fn several_targets_are_served_each() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = net.room("#a", ["ann", "bob", "eve"]);
    ann.check("PRIVMSG bob,nobody,#a :x", &["401 ann nobody <any>"]);
    bob.sees(&[":ann PRIVMSG bob :x", ":ann PRIVMSG #a :x"]);
    eve.sees(&[":ann PRIVMSG #a :x"]);
}

#[test]
fn more_targets_than_targmax_are_refused() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let mut others = ["b1", "b2", "b3", "b4", "b5"].map(|nick| net.enter(nick));
    let answer = ann.ask("PRIVMSG b1,b2,b3,b4,b5 :x");
    answer.one("407 ann <...>");
    others[4].sees_nothing();
    ann.check("PRIVMSG b1,b2,b3,b4 :y", &[]);
    others[3].until(":ann PRIVMSG b4 :y");
}

#[test]
fn text_arrives_as_it_was_written() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for text in [
        " a  b ",
        ":",
        "::x",
        "x :y",
        "\u{2}bold\u{2} \u{3}4,5colour\u{f}",
        "\u{1}VERSION\u{1}",
        "\u{1}PING 1 2\u{1}",
        "\u{1}ACTION waves\u{1}",
        "\u{1}ACTION\u{1}",
        "\u{1}ACTION \u{1}",
        "안녕, 마당!",
        "tab\there",
        "@a;b=c :d",
        "\u{1}",
        "\u{1}ACTION no end",
    ] {
        ann.check(&format!("PRIVMSG #a :{text}"), &[]);
        let heard = bob.drain();
        assert_eq!(heard.len(), 1, "{text:?}: {}", heard.text());
        if text == "\u{1}ACTION no end" {
            assert!(heard[0].last().starts_with(text));
        } else {
            assert_eq!(heard[0].last(), text);
        }
    }
}

#[test]
fn a_word_needs_no_colon_and_further_parameters_do_not_count() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("PRIVMSG bob hi", &[]);
    bob.sees(&[":ann PRIVMSG bob :hi"]);
    ann.check("PRIVMSG bob hi there you", &[]);
    bob.sees(&[":ann PRIVMSG bob :hi"]);
}

#[test]
fn a_source_that_a_client_gives_does_not_count() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check(":ann PRIVMSG bob :x", &[]);
    bob.sees(&[":ann PRIVMSG bob :x"]);
    ann.ask(":bob PRIVMSG bob :y");
    let heard = bob.drain();
    assert!(
        heard
            .iter()
            .all(|message| message.is(":ann PRIVMSG bob :y")),
        "{}",
        heard.text()
    );
}

#[test]
fn words_to_ranks_reach_these_and_higher_ones() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = net.room("#a", ["ann", "bob", "eve"]);
    ann.ask("MODE #a +v bob");
    eve.drain();
    bob.drain();
    eve.check("PRIVMSG @#a :ops", &[]);
    ann.sees(&[":eve PRIVMSG @#a :ops"]);
    bob.sees_nothing();
    eve.check("NOTICE +#a :voices", &[]);
    ann.sees(&[":eve NOTICE +#a :voices"]);
    bob.sees(&[":eve NOTICE +#a :voices"]);
    ann.check("PRIVMSG +#A :x", &[]);
    bob.sees(&[":ann PRIVMSG +#a :x"]);
    eve.sees_nothing();
}

#[test]
fn words_to_ranks_obey_the_room() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    let answer = eve.ask("PRIVMSG @#a :x");
    assert_eq!(answer.commands(), ["404"]);
    ann.ask("MODE #a +m");
    bob.drain();
    assert_eq!(bob.ask("PRIVMSG @#a :x").commands(), ["404"]);
    ann.sees_nothing();
}

#[test]
fn away_is_answered_and_so_is_coming_back() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("AWAY :lunch", &["306 ann <any>"]);
    ann.check("AWAY", &["305 ann <any>"]);
    ann.check("AWAY :lunch", &["306 ann <any>"]);
    ann.check("AWAY :", &["305 ann <any>"]);
    ann.check("AWAY", &["305 ann <any>"]);
}

#[test]
fn whoever_writes_to_someone_away_learns_it() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    bob.ask("AWAY :out to lunch");
    ann.check("PRIVMSG bob :x", &["301 ann bob :out to lunch"]);
    bob.sees(&[":ann PRIVMSG bob :x"]);
    ann.check("NOTICE bob :x", &[]);
    ann.check("PRIVMSG #a :x", &[]);
    ann.check("PRIVMSG BOB :x", &["301 ann bob :out to lunch"]);
    bob.ask("AWAY");
    ann.check("PRIVMSG bob :x", &[]);
}

#[test]
fn userhost_says_who_is_away_and_who_rules() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("USERHOST bob", &["302 ann :bob=+~bob@127.0.0.1"]);
    bob.ask("AWAY :x");
    ann.check(
        "USERHOST ann BOB nobody",
        &["302 ann :ann=+~ann@127.0.0.1 bob=-~bob@127.0.0.1"],
    );
    ann.check("USERHOST nobody", &["302 ann :"]);
}

#[test]
fn ison_names_those_who_are_here() {
    let (_net, mut ann, _bob) = ann_and_bob();
    ann.check("ISON bob nobody ann", &["303 ann :bob ann"]);
    ann.check("ISON :bob nobody ann", &["303 ann :bob ann"]);
    ann.check("ISON nobody", &["303 ann :"]);
}
