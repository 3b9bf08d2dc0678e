//! Messages of several lines (IRCv3 draft/multiline).

use super::common::{Irc, Messages, Net};

const CAPS: [&str; 3] = ["batch", "draft/multiline", "message-tags"];

/// Ann and Bob who know several lines, and Eve who does not, in #a.
fn three(net: &Net) -> [Irc; 3] {
    let [mut ann, mut bob] = ["ann", "bob"].map(|nick| net.enter_with(nick, &CAPS));
    let mut eve = net.enter("eve");
    for irc in [&mut ann, &mut bob, &mut eve] {
        irc.ask("JOIN #a");
    }
    ann.drain();
    bob.drain();
    [ann, bob, eve]
}

/// Sends a message of several lines to #a; `+` before a line joins it to the last. What comes of it.
fn say(irc: &mut Irc, lines: &[&str]) -> Messages {
    irc.send("BATCH +1 draft/multiline #a");
    for line in lines {
        match line.strip_prefix('+') {
            Some(line) => irc.send(&format!(
                "@batch=1;draft/multiline-concat PRIVMSG #a :{line}"
            )),
            None => irc.send(&format!("@batch=1 PRIVMSG #a :{line}")),
        }
    }
    irc.ask("BATCH -1")
}

#[test]
fn several_lines_arrive_as_one_message() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    say(&mut ann, &["hello", "", "how is ", "+everyone?"]).are(&[]);
    let heard = bob.drain();
    let reference = heard[0].param(0).strip_prefix('+').expect("a +").to_owned();
    heard.are(&[
        "@msgid=<any> :ann BATCH <any> draft/multiline #a",
        &format!("@batch={reference} :ann PRIVMSG #a :hello"),
        &format!("@batch={reference} :ann PRIVMSG #a :"),
        &format!("@batch={reference} :ann PRIVMSG #a :how is "),
        &format!("@batch={reference};draft/multiline-concat :ann PRIVMSG #a :everyone?"),
        &format!(":<any> BATCH -{reference}"),
    ]);
}

#[test]
fn others_get_the_lines_without_the_blank_ones() {
    let net = Net::start();
    let [mut ann, _bob, mut eve] = three(&net);
    say(&mut ann, &["hello", "", "how is ", "+everyone?"]);
    eve.sees(&[
        ":ann PRIVMSG #a :hello",
        ":ann PRIVMSG #a :how is ",
        ":ann PRIVMSG #a :everyone?",
    ]);
}

#[test]
fn in_the_fallback_the_first_line_alone_has_the_id() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    let mut joe = net.enter_with("joe", &["message-tags"]);
    joe.ask("JOIN #a");
    ann.drain();
    bob.drain();
    say(&mut ann, &["one", "two"]);
    let heard = joe.drain();
    let id = bob.drain()[0].tagged("msgid").to_owned();
    assert_eq!(
        (heard[0].tag("msgid"), heard[1].tag("msgid")),
        (Some(&*id), None)
    );
}

#[test]
fn it_works_in_private_too() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = three(&net);
    for nick in ["bob", "eve"] {
        ann.send(&format!("BATCH +x draft/multiline {nick}"));
        ann.send(&format!("@batch=x PRIVMSG {nick} :one"));
        ann.send(&format!("@batch=x PRIVMSG {nick} :two"));
        ann.check("BATCH -x", &[]);
    }
    let heard = bob.drain();
    assert_eq!(heard.commands(), ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]);
    assert_eq!(heard[0].param(2), "bob");
    eve.sees(&[":ann PRIVMSG eve :one", ":ann PRIVMSG eve :two"]);
}

#[test]
fn nothing_is_delivered_before_the_end() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = three(&net);
    ann.send("BATCH +1 draft/multiline #a");
    ann.check("@batch=1 PRIVMSG #a :x", &[]);
    bob.sees_nothing();
    eve.sees_nothing();
    ann.check("BATCH -1", &[]);
    assert_eq!(bob.drain().all("PRIVMSG").len(), 1);
}

#[test]
fn what_is_attached_to_the_batch_arrives_with_it() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    ann.send("@+draft/reply=7 BATCH +1 draft/multiline #a");
    ann.send("@batch=1 PRIVMSG #a :x");
    ann.send("@batch=1 PRIVMSG #a :y");
    ann.check("BATCH -1", &[]);
    let heard = bob.drain();
    assert_eq!(heard[0].tagged("+draft/reply"), "7");
    assert_eq!(heard[1].tag("+draft/reply"), None);
}

#[test]
fn an_echo_is_a_batch_with_the_label_on_its_first_line() {
    let net = Net::start();
    let mut ann = net.enter_with(
        "ann",
        &[
            "batch",
            "draft/multiline",
            "echo-message",
            "labeled-response",
        ],
    );
    ann.ask("JOIN #a");
    ann.send("@label=l BATCH +1 draft/multiline #a");
    ann.send("@batch=1 PRIVMSG #a :x");
    ann.send("@batch=1 PRIVMSG #a :y");
    let echo = ann.ask("BATCH -1");
    assert_eq!(
        echo.commands(),
        ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"],
        "{}",
        echo.text()
    );
    assert_eq!(echo[0].tag("label"), Some("l"));
    assert!(
        echo[1..].iter().all(|line| line.tag("label").is_none()),
        "{}",
        echo.text()
    );
}

#[test]
fn notices_may_have_several_lines() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    ann.send("BATCH +1 draft/multiline #a");
    ann.send("@batch=1 NOTICE #a :x");
    ann.send("@batch=1 NOTICE #a :y");
    ann.check("BATCH -1", &[]);
    assert_eq!(bob.drain().all("NOTICE").len(), 2);
}

#[test]
fn too_many_lines_are_refused_with_the_limit() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    let lines: Vec<_> = (0..33).map(|_| "x").collect();
    let answer = say(&mut ann, &lines);
    assert_eq!(
        answer
            .one("FAIL BATCH MULTILINE_MAX_LINES 32 <any>")
            .params
            .len(),
        4
    );
    assert!(
        answer.iter().all(|line| line.command == "FAIL"),
        "{}",
        answer.text()
    );
    bob.sees_nothing();
    say(&mut ann, &lines[..32]).are(&[]);
    assert_eq!(bob.drain().all("PRIVMSG").len(), 32);
}

#[test]
fn too_many_bytes_are_refused_with_the_limit() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    let line = "x".repeat(400);
    // 10 lines of 400 and the nine line feeds between them are 4009; one of 87 more and its line feed make 4097.
    let mut lines = vec![&*line; 10];
    lines.push(&line[..87]);
    say(&mut ann, &lines).one("FAIL BATCH MULTILINE_MAX_BYTES 4096 <any>");
    bob.sees_nothing();
    *lines.last_mut().unwrap() = &line[..86];
    say(&mut ann, &lines).are(&[]);
    assert_eq!(bob.drain().all("PRIVMSG").len(), 11);
}

#[test]
fn another_target_inside_is_refused_by_name() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    ann.send("BATCH +1 draft/multiline #a");
    ann.send("@batch=1 PRIVMSG #b :x");
    let answer = ann.ask("BATCH -1");
    answer.one("FAIL BATCH MULTILINE_INVALID_TARGET #a #b <any>");
    bob.sees_nothing();
}

#[test]
fn what_makes_no_message_is_refused() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    say(&mut ann, &["", ""]).one("FAIL BATCH MULTILINE_INVALID <any>");
    say(&mut ann, &[]).one("FAIL BATCH MULTILINE_INVALID <any>");
    say(&mut ann, &["x", "+"]).one("FAIL BATCH MULTILINE_INVALID <any>");
    bob.sees_nothing();
    // And then things are as before.
    say(&mut ann, &["x", "y"]).are(&[]);
    assert_eq!(bob.drain().all("PRIVMSG").len(), 2);
}

#[test]
fn a_batch_that_nobody_opened_is_refused() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    ann.ask("BATCH -9")
        .one("FAIL BATCH MULTILINE_INVALID <any>");
    ann.ask("@batch=9 PRIVMSG #a :x")
        .one("FAIL BATCH MULTILINE_INVALID <any>");
    bob.sees_nothing();
}

#[test]
fn a_batch_is_refused_like_a_message() {
    let net = Net::start();
    let [mut ann, mut bob, _eve] = three(&net);
    ann.ask("MODE #a +m");
    bob.drain();
    assert_eq!(say(&mut bob, &["x", "y"]).commands(), ["404"]);
    ann.sees_nothing();
}

#[test]
fn lines_may_come_between_those_of_a_batch_from_others() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = three(&net);
    ann.send("BATCH +1 draft/multiline #a");
    ann.send("@batch=1 PRIVMSG #a :x");
    ann.drain();
    eve.ask("PRIVMSG #a :between");
    ann.send("@batch=1 PRIVMSG #a :y");
    ann.send("BATCH -1");
    ann.drain();
    assert_eq!(
        bob.drain().commands(),
        ["PRIVMSG", "BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    );
}

#[test]
fn without_the_capability_there_is_no_such_command() {
    let net = Net::start();
    net.enter("ann")
        .check("BATCH +1 draft/multiline #a", &["421 ann BATCH <any>"]);
}

#[test]
fn a_line_that_others_would_get_cut_is_refused_as_it_is_alone() {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = three(&net);
    let long = "x".repeat(490);
    ann.ask(&format!("PRIVMSG #a :{long}")).one("417 ann <any>");
    say(&mut ann, &["hello", &long]).one("FAIL BATCH MULTILINE_INVALID <any>");
    bob.sees_nothing();
    eve.sees_nothing();
}
