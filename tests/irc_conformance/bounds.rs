//! Lengths, junk, encodings and floods.

use super::common::{Client, Dice, Irc, Net, Setup, ann_and_bob};

/// Bytes of a line, its end counted.
const LINE_MAX: usize = 512;

/// Bytes of the tags that a client may send, without the `@` and the space.
const TAGS_MAX: usize = 4094;

#[test]
fn a_line_of_the_greatest_length_is_heard_and_a_longer_one_is_not() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let longest = "x".repeat(LINE_MAX - 2 - "PING ".len());
    ann.send(&format!("PING {longest}"));
    let answer = ann.next();
    assert!(
        matches!(&*answer.command, "PONG" | "417"),
        "{}",
        answer.line
    );
    ann.check(&format!("PONG {longest}"), &[]);
    ann.check(&format!("PONG {longest}x"), &["417 ann <any>"]);
    ann.check(&format!("PONG {}", "x".repeat(9_000)), &["417 ann <any>"]);
}

#[test]
fn words_that_just_fit_arrive_whole_and_longer_ones_are_refused() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    let head = ":ann!~ann@127.0.0.1 PRIVMSG bob :";
    let text = "y".repeat(LINE_MAX - 2 - head.len());
    ann.check(&format!("PRIVMSG bob :{text}"), &[]);
    bob.sees(&[&format!(":ann PRIVMSG bob :{text}")]);
    ann.check(&format!("PRIVMSG bob :{text}y"), &["417 ann <any>"]);
    bob.sees_nothing();
}

#[test]
fn a_line_that_is_too_long_only_when_relayed_is_told_so() {
    let (_net, mut ann, _bob) = ann_and_bob();
    let short_enough = "y".repeat(LINE_MAX - 2 - "PRIVMSG bob :".len());
    let relayed = ann.ask(&format!("PRIVMSG bob :{short_enough}"));
    relayed.one("417 ann <any>");
    assert!(
        relayed.text().contains("your name in front"),
        "{}",
        relayed.text()
    );
    let sent = ann.ask(&format!("PRIVMSG bob :{short_enough}z"));
    sent.are(&["417 ann :Input line was too long"]);
}

#[test]
fn a_character_is_never_cut_in_two() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for line in ["TOPIC #a", "PART #b", "AWAY", "KICK #a bob"] {
        // Whatever is cut of these is cut between characters: the client would not read it otherwise.
        ann.ask(&format!("{line} :{}", "가".repeat(160)));
        ann.ask(&format!("{line} :x{}", "가".repeat(160)));
    }
    bob.drain();
}

#[test]
fn an_empty_line_is_nothing() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.client.send_bytes(b"\r\n\n\r\n   \r\n\n");
    ann.sees_nothing();
}

#[test]
fn spaces_between_parameters_may_be_many() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("PRIVMSG   bob   :a  b", &[]);
    bob.sees(&[":ann PRIVMSG bob :a  b"]);
    ann.check("@+x=y   PRIVMSG bob c", &[]);
    bob.sees(&[":ann PRIVMSG bob :c"]);
    ann.check("MODE  #a  +m ", &[":ann MODE #a +m"]);
}

#[test]
fn parameters_beyond_the_fifteenth_do_no_harm() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check(
        "ISON a b c d e f g h i j k l m n o p q r s t u v w x y z",
        &["303 ann :"],
    );
    ann.check("PONG 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", &[]);
}

#[test]
fn lines_may_end_with_line_feed_alone() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.client
        .send_bytes(b"PRIVMSG bob :one\nPRIVMSG bob :two\r\nPRIVMSG bob :three\n");
    ann.drain();
    bob.sees(&[
        ":ann PRIVMSG bob :one",
        ":ann PRIVMSG bob :two",
        ":ann PRIVMSG bob :three",
    ]);
}

#[test]
fn nul_reaches_nobody() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.client
        .send_bytes(b"PRIVMSG bob :a\0b\r\nTOPIC #a :a\0b\r\nNICK a\0b\r\n");
    ann.drain();
    assert!(!bob.drain().text().contains('\0'));
    ann.check("ISON ann", &["303 ann :ann"]);
}

#[test]
fn a_carriage_return_inside_a_line_reaches_nobody() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.client.send_bytes(b"PRIVMSG bob :a\rQUIT\r\n");
    ann.drain();
    for message in bob.drain().iter() {
        assert!(!message.line.contains('\r'), "{:?}", message.line);
        assert!(message.command == "PRIVMSG", "{:?}", message.line);
    }
}

#[test]
fn what_is_not_utf_8_is_refused_and_reaches_nobody() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    for (bytes, command) in [
        (&b"PRIVMSG bob :\xff\xfe\r\n"[..], "PRIVMSG"),
        (b"NOTICE bob :\xc3\x28\r\n", "NOTICE"),
        (b"TOPIC #a :\xed\xa0\x80\r\n", "TOPIC"),
        (b"NICK \xe9\r\n", "NICK"),
        (b"JOIN #\xe9\r\n", "JOIN"),
        (b"AWAY :\xf0\x28\x8c\x28\r\n", "AWAY"),
    ] {
        ann.client.send_bytes(bytes);
        let answer = ann.drain();
        assert_eq!(answer.len(), 1, "{command}: {}", answer.text());
        let named = [command, "*"].map(|name| format!("FAIL {name} INVALID_UTF8 <any>"));
        assert!(
            named.iter().any(|pattern| answer[0].is(pattern)),
            "{}",
            answer.text()
        );
    }
    bob.sees_nothing();
}

#[test]
fn what_is_not_utf_8_is_refused_before_registration_too() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.client.send_bytes(b"NICK \xff\r\n");
    let answer = ann.drain();
    assert!(
        answer.len() == 1 && answer[0].command == "FAIL",
        "{}",
        answer.text()
    );
    ann.register("ann");
}

#[test]
fn tags_of_the_greatest_length_are_heard_and_longer_ones_are_not() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["message-tags"]);
    let mut bob = net.enter_with("bob", &["message-tags", "server-time"]);
    let value = "v".repeat(TAGS_MAX - "+x=".len());
    ann.check(&format!("@+x={value} PRIVMSG bob :x"), &[]);
    assert_eq!(bob.drain()[0].tagged("+x"), value);
    ann.check(&format!("@+x={value}v PRIVMSG bob :x"), &["417 ann <any>"]);
    ann.check(
        &format!("@+x={} PRIVMSG bob :x", "v".repeat(9_000)),
        &["417 ann <any>"],
    );
    bob.sees_nothing();
}

#[test]
fn the_greatest_tags_and_the_greatest_words_go_together() {
    let net = Net::start();
    let mut ann = net.enter_with(
        "ann",
        &["message-tags", "echo-message", "labeled-response", "batch"],
    );
    let tags = format!("@label=l;+x={}", "v".repeat(TAGS_MAX - "label=l;+x=".len()));
    let words = "w".repeat(LINE_MAX - 2 - ":ann!~ann@127.0.0.1 PRIVMSG ann :".len());
    let heard = ann.ask(&format!("{tags} PRIVMSG ann :{words}"));
    assert_eq!(heard.all("PRIVMSG").len(), 2, "{}", heard.len());
    assert!(heard.iter().all(|message| message.last() == words));
}

#[test]
fn tags_without_anything_behind_them_do_no_harm() {
    let net = Net::start();
    let mut ann = net.enter_with("ann", &["message-tags"]);
    for line in [
        "@",
        "@ ",
        "@a",
        "@a=b",
        "@a=b ",
        "@;;; ",
        "@=x PONG x",
        "@+ PONG x",
        ":",
        ": ",
        ":x",
        ":x ",
    ] {
        ann.ask(line);
    }
    ann.sees_nothing();
}

#[test]
fn a_paste_is_delivered_whole_and_in_order() {
    let config = "[limits]\nmessages_per_second = 500\nburst = 5\n";
    let setup = Setup::new().listen("irc://127.0.0.1:0").config(config);
    let server = setup.start();
    let mut ann = Irc::enter(server.address(), "ann");
    let mut bob = Irc::enter(server.address(), "bob");
    let lines: String = (0..200)
        .map(|number| format!("PRIVMSG bob :{number}\r\n"))
        .collect();
    ann.client.send_bytes(lines.as_bytes());
    for number in 0..200 {
        assert_eq!(bob.next().last(), number.to_string());
    }
    ann.sees_nothing();
}

#[test]
fn whoever_floods_does_not_keep_others_waiting() {
    let config = "[limits]\nmessages_per_second = 20\nburst = 5\n";
    let setup = Setup::new().listen("irc://127.0.0.1:0").config(config);
    let server = setup.start();
    let mut ann = Irc::enter(server.address(), "ann");
    let mut bob = Irc::enter(server.address(), "bob");
    ann.client
        .send_bytes("PRIVMSG ann :x\r\n".repeat(500).as_bytes());
    let start = std::time::Instant::now();
    bob.sees_nothing();
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn one_address_has_so_many_connections_and_no_more() {
    let net = Net::with("clients_per_address = 2\nexempt = []\n");
    let ann = net.enter("ann");
    let _bob = net.enter("bob");
    let mut eve = net.newcomer();
    let rest = eve.client.try_rest();
    assert!(
        rest.as_ref().is_ok_and(|text| text.starts_with("ERROR :")),
        "{rest:?}"
    );
    let mut ann = ann;
    ann.check_end("QUIT", &["ERROR <any>"]);
    net.enter("eve");
}

#[test]
fn a_room_of_many_is_named_whole() {
    let net = Net::start();
    let mut people: Vec<_> = (0..150)
        .map(|number| {
            let mut irc = net.enter_with(
                &format!("somebody-number-{number:03}"),
                &["no-implicit-names"],
            );
            irc.send("JOIN #crowd");
            irc
        })
        .collect();
    for irc in &mut people {
        irc.drain();
    }
    let mut ann = net.enter_with("ann", &["userhost-in-names"]);
    for line in ["JOIN #crowd", "NAMES #crowd"] {
        let answer = ann.ask(line);
        assert_eq!(answer.words_of("353").len(), 151);
        assert_eq!(answer.all("366").len(), 1);
        assert_eq!(answer.last().unwrap().command, "366");
    }
    let who = ann.ask("WHO #crowd");
    assert_eq!((who.all("352").len(), who.all("315").len()), (151, 1));
}

#[test]
fn a_mask_full_of_stars_costs_nothing() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #a");
    let mask = format!("{}b!*@*", "*a".repeat(100));
    let start = std::time::Instant::now();
    ann.ask(&format!("MODE #a +b {mask}"));
    ann.ask(&format!("WHO {mask}"));
    ann.ask(&format!("LIST {mask}"));
    let mut eve = Irc::enter(net.server.address(), &"a".repeat(30));
    eve.ask("JOIN #a");
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn long_strings_of_modes_do_no_harm() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    let letters: String = "+-bqwertyuiopasdfghjklzxcvnmIeXYZ0123가".repeat(8);
    ann.ask(&format!("MODE #a {letters}"));
    ann.ask(&format!("MODE #a {letters} bob x 5 ann y z"));
    ann.ask(&format!("MODE ann {letters}"));
    bob.drain();
    ann.ask("MODE #a").one("324 ann #a <...>");
}

#[test]
fn junk_harms_nobody() {
    let (mut net, mut ann, _bob) = ann_and_bob();
    let mut dice = Dice(7);
    for _ in 0..20 {
        let mut client = Client::connect(net.server.address());
        let bytes: Vec<u8> = (0..2_000).map(|_| dice.next() as u8).collect();
        client.send_bytes(&bytes);
    }
    let words = [
        "PRIVMSG",
        "JOIN",
        "MODE",
        "#a",
        "ann",
        "+b",
        ":",
        ",",
        "@x=y",
        "KICK",
        "*",
        "NICK",
        "WHO",
        "%tn",
        "BATCH",
        "+1",
        "draft/multiline",
        "CAP",
        "REQ",
        "LIST",
        ">",
        "가",
        "-o",
        "TOPIC",
        "0",
        "\u{1}ACTION",
    ];
    let mut eve = net.enter("eve");
    for _ in 0..300 {
        let count = 1 + dice.below(6);
        let line: Vec<_> = (0..count).map(|_| words[dice.below(words.len())]).collect();
        eve.send(&line.join(" "));
    }
    eve.drain();
    assert!(net.server.is_running());
    ann.drain();
    ann.sees_nothing();
}
