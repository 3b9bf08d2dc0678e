//! Tags: time, msgid, what clients attach, and echo (IRCv3 message-tags, server-time, message-ids, echo-message).

use super::common::{Irc, Net};

const BOTH: [&str; 2] = ["message-tags", "server-time"];

/// Ann and Bob with these capabilities in #a.
fn two(net: &Net, caps: &[&str]) -> [Irc; 2] {
    let mut people = ["ann", "bob"].map(|nick| net.enter_with(nick, caps));
    for irc in &mut people {
        irc.ask("JOIN #a");
    }
    people[0].drain();
    people
}

#[test]
fn the_time_is_that_of_now_to_the_millisecond_in_utc() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["server-time"]);
    ann.ask("PRIVMSG #a :x");
    let heard = bob.drain();
    let time = heard[0].tagged("time");
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
    assert_eq!(heard[0].tags.len(), 1, "{}", heard.text());
}

#[test]
fn without_capabilities_there_are_no_tags() {
    let net = Net::start();
    let [mut ann, _bob] = two(&net, &BOTH);
    let mut eve = net.enter("eve");
    eve.ask("JOIN #a");
    ann.ask("@+typing=active;+x=y PRIVMSG #a :x");
    let heard = eve.drain();
    assert_eq!(heard[0].line, ":ann!~ann@127.0.0.1 PRIVMSG #a :x");
}

#[test]
fn what_happens_has_a_time() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["server-time"]);
    for line in [
        "TOPIC #a :x",
        "MODE #a +i",
        "MODE #a +v bob",
        "NICK anna",
        "KICK #a bob :x",
    ] {
        ann.ask(line)
            .iter()
            .for_each(|message| drop(message.tagged("time").to_owned()));
        let seen = bob.drain();
        assert!(!seen.is_empty());
        seen.iter()
            .for_each(|message| drop(message.tagged("time").to_owned()));
    }
}

#[test]
fn a_message_has_an_id_the_same_for_all() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags", "echo-message"]);
    let mut eve = net.enter_with("eve", &["message-tags"]);
    eve.ask("JOIN #a");
    ann.drain();
    let echo = ann.ask("PRIVMSG #a :x");
    let id = echo[0].tagged("msgid").to_owned();
    assert!(!id.is_empty() && !id.contains(' ') && !id.starts_with(':'));
    bob.until(":ann PRIVMSG #a :x")
        .tagged("msgid")
        .eq(&id)
        .then_some(())
        .expect("the same");
    assert_eq!(eve.drain()[0].tagged("msgid"), id);
    let again = ann.ask("PRIVMSG #a :x");
    assert_ne!(again[0].tagged("msgid"), id);
}

#[test]
fn private_words_have_ids_too_and_each_target_its_own() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags", "echo-message"]);
    let echo = ann.ask("PRIVMSG bob,#a :x");
    assert_eq!(echo.len(), 2);
    let heard = bob.drain();
    assert_eq!(heard[0].tagged("msgid"), echo[0].tagged("msgid"));
    assert_eq!(heard[1].tagged("msgid"), echo[1].tagged("msgid"));
    assert_ne!(echo[0].tagged("msgid"), echo[1].tagged("msgid"));
}

#[test]
fn a_notice_and_a_tagmsg_have_ids() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    ann.ask("NOTICE #a :x");
    ann.ask("@+x=1 TAGMSG #a");
    for message in bob.drain().iter() {
        message.tagged("msgid");
    }
}

#[test]
fn there_is_no_account_tag_while_there_are_no_accounts() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags", "account-tag"]);
    ann.ask("PRIVMSG #a :x");
    assert_eq!(bob.drain()[0].tag("account"), None);
}

#[test]
fn what_clients_attach_reaches_those_who_know_tags() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    ann.check(
        "@+draft/reply=123;+example.com/x=a\\sb\\:c\\\\ PRIVMSG #a :x",
        &[],
    );
    let heard = bob.drain();
    assert_eq!(heard[0].tagged("+draft/reply"), "123");
    assert_eq!(heard[0].tagged("+example.com/x"), "a b;c\\");
    ann.check("@+draft/reply=123 NOTICE bob :x", &[]);
    assert_eq!(bob.drain()[0].tagged("+draft/reply"), "123");
}

#[test]
fn only_tags_with_a_plus_are_passed_on() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &BOTH);
    ann.check(
        "@msgid=mine;time=never;account=root;bot;x=y;+x=z PRIVMSG #a :x",
        &[],
    );
    let heard = bob.drain();
    assert_ne!(heard[0].tagged("msgid"), "mine");
    assert_ne!(heard[0].tagged("time"), "never");
    let mut keys: Vec<_> = heard[0].tags.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["+x", "msgid", "time"]);
}

#[test]
fn tags_of_one_who_did_not_ask_for_them_are_still_not_words() {
    let net = Net::start();
    let [_ann, mut bob] = two(&net, &["message-tags"]);
    let mut eve = net.enter("eve");
    eve.ask("JOIN #a");
    bob.drain();
    eve.check("@+x=y PRIVMSG #a :hello", &[]);
    let heard = bob.drain();
    assert!(heard[0].is(":eve PRIVMSG #a :hello"), "{}", heard.text());
}

#[test]
fn a_tag_without_a_value_and_one_with_an_empty_one_are_the_same() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    ann.check("@+a;+b= PRIVMSG #a :x", &[]);
    let heard = bob.drain();
    assert_eq!(
        (heard[0].tag("+a"), heard[0].tag("+b")),
        (Some(""), Some(""))
    );
}

#[test]
fn the_last_of_two_tags_with_one_key_counts() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    ann.check("@+a=1;+a=2 PRIVMSG #a :x", &[]);
    assert_eq!(bob.drain()[0].tagged("+a"), "2");
}

#[test]
fn tagmsg_reaches_those_who_know_tags_and_nobody_else() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    let mut eve = net.enter_with("eve", &["server-time"]);
    eve.ask("JOIN #a");
    ann.drain();
    bob.drain();
    ann.check("@+typing=active TAGMSG #a", &[]);
    bob.sees(&["@+typing=active;msgid=<any> :ann TAGMSG #a"]);
    eve.sees_nothing();
    ann.check("@+typing=done TAGMSG bob", &[]);
    bob.sees(&["@+typing=done;msgid=<any> :ann TAGMSG bob"]);
    ann.check("@+typing=done TAGMSG eve", &[]);
    eve.sees_nothing();
}

#[test]
fn tagmsg_obeys_the_rules_of_messages() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    let mut eve = net.enter_with("eve", &["message-tags"]);
    eve.check("@+x=y TAGMSG #a", &["404 eve #a <any>"]);
    eve.check("@+x=y TAGMSG nobody", &["401 eve nobody <any>"]);
    ann.ask("MODE #a +m");
    bob.drain();
    bob.check("@+x=y TAGMSG #a", &["404 bob #a <any>"]);
    ann.sees_nothing();
    bob.check("TAGMSG", &["461 bob TAGMSG <any>"]);
}

#[test]
fn tagmsg_needs_its_capability() {
    let net = Net::start();
    net.enter("ann")
        .check("@+x=y TAGMSG ann", &["421 ann TAGMSG <any>"]);
}

#[test]
fn tagmsg_reaches_ranks() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    bob.check("@+x=y TAGMSG @#a", &[]);
    ann.sees(&["@+x=y;msgid=<any> :bob TAGMSG @#a"]);
}

#[test]
fn one_hears_oneself_with_echo_message() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["echo-message"]);
    let mut bob = net.enter("bob");
    ann.ask("JOIN #a");
    ann.check("PRIVMSG #a :x", &[":ann PRIVMSG #a :x"]);
    ann.check("PRIVMSG bob :x", &[":ann PRIVMSG bob :x"]);
    ann.check("NOTICE bob :x", &[":ann NOTICE bob :x"]);
    ann.check("PRIVMSG @#a :x", &[":ann PRIVMSG @#a :x"]);
    bob.drain();
    bob.check("PRIVMSG ann :x", &[]);
}

#[test]
fn words_that_were_refused_have_no_echo() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["echo-message"]);
    ann.check("PRIVMSG nobody :x", &["401 ann nobody <any>"]);
    ann.check("NOTICE nobody :x", &[]);
}

#[test]
fn words_to_oneself_come_as_echo_and_as_message() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["echo-message"]);
    ann.check(
        "PRIVMSG ann :x",
        &[":ann PRIVMSG ann :x", ":ann PRIVMSG ann :x"],
    );
}

#[test]
fn an_echo_carries_what_was_attached() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["echo-message", "message-tags"]);
    ann.ask("JOIN #a");
    ann.check(
        "@+x=y PRIVMSG #a :x",
        &["@+x=y;msgid=<any> :ann PRIVMSG #a :x"],
    );
    ann.check("@+x=y TAGMSG #a", &["@+x=y;msgid=<any> :ann TAGMSG #a"]);
}

#[test]
fn an_echo_shows_the_target_as_it_is_called() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["echo-message"]);
    let _bob = net.enter("Bob");
    ann.check("PRIVMSG bOB :x", &[":ann PRIVMSG Bob :x"]);
}

#[test]
fn what_a_bot_says_and_does_is_tagged() {
    let net = Net::start();
    let [mut ann, mut bob] = two(&net, &["message-tags"]);
    ann.ask("MODE ann +B");
    ann.ask("PRIVMSG #a :x");
    let heard = bob.drain();
    assert_eq!(heard[0].tagged("bot"), "");
    assert!(!heard[0].line.contains("bot="), "{}", heard.text());
    ann.ask("TOPIC #a :x");
    bob.drain()[0].tagged("bot");
    ann.ask("PART #a");
    bob.drain()[0].tagged("bot");
    ann.ask("JOIN #a");
    bob.drain()[0].tagged("bot");
    bob.ask("PRIVMSG #a :x");
    assert_eq!(ann.until(":bob PRIVMSG <...>").tag("bot"), None);
}

#[test]
fn a_bot_is_not_tagged_for_those_who_know_no_tags() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let mut bob = net.enter_with("bob", &["server-time"]);
    ann.ask("MODE ann +B");
    ann.ask("PRIVMSG bob :x");
    assert_eq!(bob.drain()[0].tag("bot"), None);
}
