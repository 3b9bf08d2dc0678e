//! labeled-response (IRCv3): one logical answer to each labelled line.

use super::common::{Irc, Messages, Net};

const CAPS: [&str; 3] = ["labeled-response", "batch", "message-tags"];

fn ann(net: &Net) -> Irc {
    net.enter_with("ann", &CAPS)
}

/// Sees that an answer is one batch with this label; the messages in it.
#[track_caller]
fn in_batch(answer: &Messages, label: &str) -> Messages {
    let text = answer.text();
    let (first, rest) = answer.split_first().expect("a batch");
    assert!(first.is("BATCH <any> labeled-response"), "{text}");
    assert_eq!(first.tag("label"), Some(label), "{text}");
    let reference = first.param(0).strip_prefix('+').expect("a +");
    let (last, lines) = rest.split_last().expect("its end");
    assert!(
        last.is(&format!("BATCH -{reference}")) && last.tags.is_empty(),
        "{text}"
    );
    for line in lines {
        assert_eq!(line.tag("batch"), Some(reference), "{text}");
        assert_eq!(line.tag("label"), None, "{text}");
    }
    Messages(lines.to_vec())
}

#[test]
fn no_line_in_answer_is_an_ack() {
    let net = Net::start();
    let mut ann = ann(&net);
    let _bob = net.enter("bob");
    for line in [
        "PONG x",
        "PRIVMSG bob :x",
        "NOTICE nobody :x",
        "CAP END",
        "MONITOR C",
        "NICK ann",
        "MODE ann -i",
        "JOIN 0",
    ] {
        ann.check(
            &format!("@label=l1 {line}"),
            &["@label=l1 :madang.local ACK"],
        );
    }
}

#[test]
fn one_line_in_answer_has_the_label() {
    let net = Net::start();
    let mut ann = ann(&net);
    for (line, answer) in [
        ("PRIVMSG nobody :x", "401 ann nobody <any>"),
        ("PRIVMSG", "411 ann <any>"),
        ("FROB", "421 ann FROB <any>"),
        ("JOIN", "461 ann JOIN <any>"),
        ("USER a b c d", "462 ann <any>"),
        ("AWAY :x", "306 ann <any>"),
        ("NICK", "431 ann <any>"),
        ("MODE ann", "221 ann +"),
        ("WHO nobody", "315 ann nobody <any>"),
        ("MOTD", "422 ann <any>"),
        ("CAP LIST", "CAP ann LIST <any>"),
        ("CAP REQ :nonsense", "CAP ann NAK :nonsense"),
        ("CAP REQ :setname", "CAP ann ACK :setname"),
        ("PING x", "PONG madang.local :x"),
        ("TIME", "391 ann <...>"),
        ("ISON ann", "303 ann :ann"),
        ("NAMES #nowhere", "366 ann #nowhere <any>"),
        ("MODE ann +w", ":ann MODE ann +w"),
        ("SETNAME :Anna", ":ann SETNAME :Anna"),
        ("NICK anna", ":ann NICK anna"),
    ] {
        // What history keeps has an id.
        let id = match line {
            "NICK anna" => ";msgid=<any>",
            _ => "",
        };
        ann.check(
            &format!("@label=l2 {line}"),
            &[&format!("@label=l2{id} {answer}")],
        );
    }
}

#[test]
fn several_lines_in_answer_are_a_batch() {
    let net = Net::start();
    let mut ann = ann(&net);
    let answer = ann.ask("@label=l3 JOIN #a");
    in_batch(&answer, "l3").are(&[":ann JOIN #a", "353 ann = #a :@ann", "366 ann #a <any>"]);
    for (line, numerics) in [
        ("MODE #a", vec!["324", "329"]),
        ("WHO #a", vec!["352", "315"]),
        ("NAMES #a", vec!["353", "366"]),
        ("LIST", vec!["321", "322", "323"]),
        ("WHOIS nobody", vec!["401", "318"]),
        (
            "LUSERS",
            vec!["251", "252", "253", "254", "255", "265", "266"],
        ),
        ("LINKS", vec!["364", "365"]),
    ] {
        let answer = ann.ask(&format!("@label=l4 {line}"));
        assert_eq!(in_batch(&answer, "l4").commands(), numerics, "{line}");
    }
    let whois = ann.ask("@label=l5 WHOIS ann");
    in_batch(&whois, "l5").one("311 ann ann <...>");
    let help = ann.ask("@label=l6 HELP JOIN");
    in_batch(&help, "l6").one("706 ann <...>");
}

#[test]
fn a_join_of_several_rooms_is_one_batch() {
    let net = Net::start();
    let mut ann = ann(&net);
    let answer = ann.ask("@label=l JOIN #a,#b,nonsense");
    let lines = in_batch(&answer, "l");
    assert_eq!(lines.column("JOIN", 0), ["#a", "#b"]);
    assert_eq!(lines.column("366", 1), ["#a", "#b"]);
    assert_eq!(lines.len(), 7, "{}", lines.text());
}

#[test]
fn an_echo_carries_the_label_and_the_message_does_not() {
    let net = Net::start();
    let mut ann = net.enter_with(
        "ann",
        &["labeled-response", "batch", "echo-message", "message-tags"],
    );
    let mut bob = net.enter_with("bob", &CAPS);
    ann.check(
        "@label=l PRIVMSG bob :x",
        &["@label=l;msgid=<any> :ann PRIVMSG bob :x"],
    );
    bob.sees(&["@msgid=<any> :ann PRIVMSG bob :x"]);
    ann.check(
        "@label=l NOTICE bob :x",
        &["@label=l;msgid=<any> :ann NOTICE bob :x"],
    );
    ann.check(
        "@label=l;+x=y TAGMSG bob",
        &["@label=l;+x=y;msgid=<any> :ann TAGMSG bob"],
    );
}

#[test]
fn words_to_oneself_are_labelled_once() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["labeled-response", "batch", "echo-message"]);
    let heard = ann.ask("@label=l PRIVMSG ann :x");
    assert_eq!(heard.all("PRIVMSG").len(), 2, "{}", heard.text());
    let labelled = heard
        .iter()
        .filter(|message| message.tag("label").is_some())
        .count();
    assert_eq!((labelled, heard.len()), (1, 2), "{}", heard.text());
    // Without an echo there is an ACK, and the message carries no label.
    let mut bob = net.enter_with("bob", &CAPS);
    let heard = bob.ask("@label=l PRIVMSG bob :x");
    assert_eq!(heard.one(":bob PRIVMSG bob :x").tag("label"), None);
    heard.one("@label=l ACK");
}

#[test]
fn an_echo_to_several_targets_is_a_batch() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["labeled-response", "batch", "echo-message"]);
    let _bob = net.enter("bob");
    let answer = ann.ask("@label=l PRIVMSG bob,nobody :x");
    let lines = in_batch(&answer, "l");
    lines.are(&[":ann PRIVMSG bob :x", "401 ann nobody <any>"]);
}

#[test]
fn changes_one_makes_are_ones_own_answer() {
    let net = Net::start();
    let mut ann = ann(&net);
    let mut bob = net.enter_with("bob", &CAPS);
    ann.ask("JOIN #a");
    bob.ask("JOIN #a");
    ann.drain();
    for (line, seen) in [
        ("TOPIC #a :x", ":ann TOPIC #a :x"),
        ("MODE #a +m", ":ann MODE #a +m"),
        ("KICK #a bob :x", ":ann KICK #a bob :x"),
        ("PART #a", ":ann PART #a"),
    ] {
        let seen = format!("@label=l;msgid=<any> {seen}");
        ann.check(&format!("@label=l {line}"), &[&seen]);
    }
    assert!(
        bob.drain()
            .iter()
            .all(|message| message.tag("label").is_none())
    );
}

#[test]
fn a_quit_is_labelled_as_far_as_it_can_be() {
    let net = Net::start();
    let mut ann = ann(&net);
    ann.send("@label=l QUIT");
    let rest = ann.rest();
    assert_eq!(rest.all("ERROR").len(), 1, "{}", rest.text());
}

#[test]
fn labels_work_before_registration() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&CAPS);
    ann.check("@label=a JOIN #a", &["@label=a 451 * <any>"]);
    ann.check("@label=b NICK ann", &["@label=b ACK"]);
    ann.check("@label=c CAP LIST", &["@label=c CAP * LIST <any>"]);
}

#[test]
fn a_label_comes_back_as_it_was() {
    let net = Net::start();
    let mut ann = ann(&net);
    let long = "x".repeat(64);
    for (escaped, label) in [
        ("a\\sb\\:c", "a b;c"),
        ("안녕", "안녕"),
        (&*long, &*long),
        ("0", "0"),
    ] {
        let answer = ann.ask(&format!("@label={escaped} PONG x"));
        assert_eq!(answer[0].tag("label"), Some(label), "{}", answer.text());
    }
}

#[test]
fn a_label_means_nothing_without_its_capability() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["batch", "message-tags"]);
    ann.check("@label=l PONG x", &[]);
    let answer = ann.ask("@label=l AWAY :x");
    assert_eq!(answer[0].tags.len(), 0, "{}", answer.text());
}

#[test]
fn a_label_means_nothing_to_one_who_knows_no_batches() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["labeled-response"]);
    let answer = ann.ask("@label=l WHOIS ann");
    answer.have_no(&["BATCH"]);
    assert!(answer.iter().all(|line| line.tag("batch").is_none()));
    ann.request(&["batch"]);
    assert_eq!(ann.ask("@label=l WHOIS ann")[0].command, "BATCH");
}

#[test]
fn the_welcome_may_be_the_answer_to_a_label() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&CAPS);
    ann.send("NICK ann");
    ann.check("USER ann 0 * :Ann", &[]);
    let answer = ann.ask("@label=l CAP END");
    in_batch(&answer, "l").one("001 ann <any>");
}

#[test]
fn a_label_without_a_value_is_none() {
    let net = Net::start();
    let mut ann = ann(&net);
    ann.check("@label= PONG x", &[]);
    ann.check("@label PONG x", &[]);
}

#[test]
fn answers_to_lines_without_labels_have_none() {
    let net = Net::start();
    let mut ann = ann(&net);
    let answer = ann.ask("@label=l AWAY :x\r\nAWAY");
    assert_eq!(answer[0].tag("label"), Some("l"));
    assert_eq!(answer[1].tag("label"), None);
    let answer = ann.ask("JOIN #a");
    assert_eq!(answer.commands(), ["JOIN", "353", "366"]);
}

#[test]
fn a_large_answer_is_one_batch_too() {
    let net = Net::start();
    let mut ann = ann(&net);
    let rooms: Vec<_> = (0..90).map(|number| format!("#room-{number}")).collect();
    for some in rooms.chunks(30) {
        ann.ask(&format!("JOIN {}", some.join(",")));
    }
    let answer = ann.ask("@label=big LIST");
    assert_eq!(in_batch(&answer, "big").all("322").len(), 90);
    let answer = ann.ask("@label=big WHOIS ann");
    assert_eq!(in_batch(&answer, "big").words_of("319").len(), 90);
}

#[test]
fn two_large_answers_do_not_mix() {
    let net = Net::start();
    let mut ann = ann(&net);
    for number in 0..40 {
        ann.send(&format!("JOIN #r{number}"));
    }
    ann.drain();
    let answer = ann.ask("@label=one LIST\r\n@label=two NAMES\r\n@label=three AWAY");
    let ends: Vec<_> = answer
        .iter()
        .filter(|m| m.command == "BATCH" && m.param(0).starts_with('-'))
        .collect();
    assert_eq!(ends.len(), 2, "{}", answer.text());
    assert_eq!(answer.last().unwrap().tag("label"), Some("three"));
}
