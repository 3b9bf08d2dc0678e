//! Operators of the server, and whom they send away.

use super::common::{Client, Irc, Net, SERVER};

/// `madang passwd` makes such a line; this one has few rounds, for the sake of the test's time. The password is `secret`.
const HASH: &str = "pbkdf2-sha256$1000$00000000000000000000000000000000$\
                    02462c40b8355955b6b10f26fad4a0eaf32729d98a44bc4ff3f5f7d072bf20f5";

fn net() -> Net {
    Net::with(&format!(
        "[[operator]]\nname = 'root'\npassword = '{HASH}'\n"
    ))
}

/// Someone who has become an operator and read everything.
fn operator(net: &Net, nick: &str) -> Irc {
    let mut irc = net.enter(nick);
    irc.send("OPER root secret");
    irc.until(&format!("381 {nick} <any>"));
    irc.drain();
    irc
}

#[test]
fn an_operator_is_made_by_name_and_password() {
    let net = net();
    let mut ann = net.enter("ann");
    ann.send("OPER root secret");
    let first = ann.next();
    let second = ann.next();
    let both = super::common::Messages(vec![first, second]);
    both.one("381 ann <any>");
    both.one(":ann MODE ann +o");
    ann.check("MODE ann", &["221 ann +o"]);
}

#[test]
fn wrong_names_and_passwords_are_refused() {
    let net = net();
    let mut ann = net.enter("ann");
    for line in ["OPER root wrong", "OPER root SECRET", "OPER nobody secret"] {
        ann.send(line);
        let answer = ann.next();
        assert!(
            answer.is("464 ann <any>") || answer.is("491 ann <any>"),
            "{}",
            answer.line
        );
    }
    ann.check("OPER root", &["461 ann OPER <any>"]);
    ann.check("MODE ann", &["221 ann +"]);
}

#[test]
fn what_is_said_behind_oper_is_done_behind_it() {
    let net = net();
    let mut ann = net.enter("ann");
    ann.client
        .send_bytes(b"OPER root secret\r\nMODE ann\r\nPING after\r\n");
    ann.until("381 ann <any>");
    ann.until("221 ann +o");
    ann.until("PONG <any> after");
}

#[test]
fn the_answer_to_oper_has_its_label() {
    let net = net();
    let mut ann = net.enter_with("ann", &["labeled-response", "batch"]);
    ann.send("@label=l OPER root wrong");
    let answer = ann.next();
    assert!(answer.is("@label=l 464 ann <any>"), "{}", answer.line);
    ann.send("@label=m OPER root secret");
    let start = ann.next();
    assert!(
        start.is("@label=m BATCH <any> labeled-response"),
        "{}",
        start.line
    );
    ann.until("381 ann <any>").tagged("batch");
    ann.until("BATCH <any>");
}

#[test]
fn an_operator_shows_as_one() {
    let net = net();
    let _ann = operator(&net, "ann");
    let mut bob = net.enter("bob");
    bob.ask("WHOIS ann").one("313 bob ann <any>");
    assert!(bob.ask("WHO ann")[0].param(6).contains('*'));
    assert!(bob.ask("USERHOST ann")[0].last().starts_with("ann*="));
    bob.ask("LUSERS").one("252 bob 1 <any>");
    assert_eq!(bob.ask("WHO * o").column("352", 5), ["ann"]);
}

#[test]
fn an_operator_may_become_an_ordinary_person_again() {
    let net = net();
    let mut ann = operator(&net, "ann");
    ann.check("MODE ann -o", &[":ann MODE ann -o"]);
    ann.ask("LUSERS").one("252 ann 0 <any>");
    ann.check("KILL ann :x", &["481 ann <any>"]);
    ann.ask("MODE ann +o").have_no(&["MODE"]);
}

#[test]
fn only_operators_rule() {
    let net = net();
    let mut ann = net.enter("ann");
    for line in [
        "KILL ann :x",
        "WALLOPS :x",
        "REHASH",
        "DIE",
        "KLINE *@x.example :x",
        "UNKLINE *@x.example",
    ] {
        ann.check(line, &["481 ann <any>"]);
    }
}

#[test]
fn a_kill_ends_a_connection_and_the_others_see_it() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let [mut bob, mut eve] = net.room("#a", ["bob", "eve"]);
    ann.ask("KILL bob :enough of this").have_no(&["401", "481"]);
    let rest = bob.rest();
    assert!(rest.last().unwrap().is("ERROR :<any>"), "{}", rest.text());
    assert!(rest.text().contains("enough of this"), "{}", rest.text());
    eve.sees(&[":bob QUIT :<any>enough of this<any>"]);
    net.enter("bob");
}

#[test]
fn a_kill_of_nobody_is_refused() {
    let net = net();
    let mut ann = operator(&net, "ann");
    ann.check("KILL nobody :x", &["401 ann nobody <any>"]);
    ann.check("KILL", &["461 ann KILL <any>"]);
    ann.ask(&format!("KILL {SERVER} :x")).one("483 ann <...>");
}

#[test]
fn wallops_reach_those_who_listen() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let mut bob = net.enter("bob");
    let mut eve = net.enter("eve");
    bob.ask("MODE bob +w");
    ann.ask("WALLOPS :the building is on fire");
    bob.sees(&[":ann WALLOPS :the building is on fire"]);
    eve.sees_nothing();
    ann.check("WALLOPS", &["461 ann WALLOPS <any>"]);
}

#[test]
fn rehash_reads_the_configuration_again() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let answer = ann.ask("REHASH");
    answer.one("382 ann <any> <any>");
}

#[test]
fn die_ends_the_server_in_order() {
    let mut net = net();
    let mut ann = operator(&net, "ann");
    let mut bob = net.enter("bob");
    ann.send("DIE");
    assert!(bob.rest().last().is_some_and(|last| last.is("ERROR <any>")));
    ann.rest();
    assert_eq!(net.server.wait(), Some(0));
}

#[test]
fn a_ban_from_the_server_ends_connections_and_keeps_new_ones_out() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let mut bob = net.newcomer();
    bob.send("NICK bob");
    bob.ask("USER bad 0 * :Bob");
    ann.ask("KLINE ~bad@* :be off");
    let rest = bob.rest();
    assert!(
        rest.last().unwrap().is("ERROR :<any>be off<any>"),
        "{}",
        rest.text()
    );
    let mut again = net.newcomer();
    again.send("NICK bob");
    again.send("USER bad 0 * :Bob");
    let rest = again.rest();
    rest.one("465 <any> <any>");
    assert!(rest.last().unwrap().is("ERROR <any>"), "{}", rest.text());
    ann.drain();
    ann.ask("UNKLINE ~bad@*");
    let mut again = net.newcomer();
    again.send("NICK bob");
    again.ask("USER bad 0 * :Bob").one("001 bob <any>");
}

#[test]
fn a_ban_from_the_server_is_one_from_all_its_protocols() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let mut bob = net.telnet("bob");
    ann.ask("KLINE ~telnet@127.0.0.1 :be off");
    assert!(bob.rest().contains("be off"));
    let mut again = Client::connect(net.server.address_of(1));
    again.skip_to("* what is your name?");
    again.send("bob");
    again.expect("! you are banned from this server: be off");
    again.expect_end();
    ann.ask("UNKLINE ~telnet@127.0.0.1");
    net.telnet("bob");
}

#[test]
fn a_longer_user_name_is_no_way_around_a_ban() {
    let net = net();
    let mut ann = operator(&net, "ann");
    ann.ask("KLINE ~aaaaaaaaaaaaaaaaaaa@* :be off");
    let mut bob = net.newcomer();
    bob.send("NICK bob");
    bob.send("USER aaaaaaaaaaaaaaaaaaabbb 0 * :Bob");
    bob.rest().one("465 <any> <any>");
}

#[test]
fn a_mask_that_cannot_be_one_is_not_said_to_be_added() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let mask = format!("KLINE {}@x.example :be off", "x".repeat(250));
    ann.check(&mask, &["461 ann KLINE <any>"]);
}

#[test]
fn the_ban_of_everyone_is_refused() {
    let net = net();
    let mut ann = operator(&net, "ann");
    for mask in ["*@*", "*", "?*@*", "*@0.0.0.0/0", "::/0"] {
        ann.ask(&format!("KLINE {mask} :x"));
        ann.sees_nothing();
    }
    net.enter("bob");
}

#[test]
fn an_operator_who_bans_loopback_is_told_whom_that_meets() {
    let net = net();
    let mut ann = operator(&net, "ann");
    for host in ["127.0.0.1", "127.0.0.0/8", "::1", "localhost"] {
        let answer = ann.ask(&format!("KLINE nobody@{host} :x"));
        assert!(answer.text().contains("proxy"), "{host}: {}", answer.text());
    }
    for host in ["192.0.2.1", "2001:db8::/32", "x.example"] {
        let answer = ann.ask(&format!("KLINE nobody@{host} :x"));
        assert!(
            !answer.text().contains("proxy"),
            "{host}: {}",
            answer.text()
        );
    }
}

#[test]
fn what_an_operator_does_is_logged_and_sent_to_the_other_operators() {
    let mut net = net();
    let mut eve = operator(&net, "eve");
    let mut ann = operator(&net, "ann");
    eve.sees(&[&format!(":{SERVER} NOTICE eve :*** OPER by ann")]);
    let mut bob = net.enter("bob");
    for (line, told) in [
        (
            "KILL bob :enough \u{1b}[31m",
            "*** KILL by ann: bob!<any> (enough \u{1b}[31m)",
        ),
        (
            "KLINE 5 *@192.0.2.1 :be off",
            "*** KLINE by ann: *@192.0.2.1 (5 minutes: be off)",
        ),
        ("UNKLINE *@192.0.2.1", "*** UNKLINE by ann: *@192.0.2.1"),
        ("REHASH", "*** REHASH by ann"),
        ("DIE", "*** DIE by ann"),
    ] {
        ann.send(line);
        eve.until(&format!(":{SERVER} NOTICE eve :{told}"));
    }
    ann.rest().have_no(&["NOTICE eve"]);
    bob.rest();
    assert_eq!(net.server.wait(), Some(0));
    let log = net.server.log.text();
    for command in ["OPER", "KILL", "KLINE", "UNKLINE", "REHASH", "DIE"] {
        let line =
            format!("INFO an operator acted command=\"{command}\" nick=\"ann\" account=\"none\"");
        assert_eq!(log.matches(&line).count(), 1, "{line}\n{log}");
    }
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[test]
fn no_action_of_an_operator_is_left_out_of_the_log() {
    let net = net();
    let mut ann = operator(&net, "ann");
    for number in 0..200 {
        ann.send(&format!("KLINE *@{number}.example :x"));
    }
    ann.drain();
    let lines = || net.server.log.text().matches("command=\"KLINE\"").count();
    super::common::wait_for("the lines", || (lines() == 200).then_some(()));
}

#[test]
fn what_others_may_not_do_leaves_no_trace_of_an_action() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let mut bob = net.enter("bob");
    bob.ask("KILL ann :x");
    bob.ask("REHASH");
    ann.ask("KILL nobody :x").one("401 ann nobody <any>");
    ann.ask("UNKLINE *@192.0.2.1");
    ann.sees_nothing();
    let log = net.server.log.text();
    assert_eq!(log.matches("an operator acted").count(), 1, "{log}");
}

#[test]
fn operators_see_where_people_come_from() {
    let net = net();
    let mut ann = operator(&net, "ann");
    let _bob = net.enter("bob");
    let answer = ann.ask("WHOIS bob");
    answer.one("338 ann bob <...>");
    answer.one("378 ann bob <any>");
    answer.one("379 ann bob <any>");
}

#[test]
fn operators_may_ask_for_statistics() {
    let net = net();
    let mut ann = operator(&net, "ann");
    for (letter, numeric) in [("o", "243"), ("m", "212"), ("l", "219")] {
        let answer = ann.ask(&format!("STATS {letter}"));
        assert!(
            !answer.all(numeric).is_empty(),
            "{letter}: {}",
            answer.text()
        );
        assert!(
            answer
                .last()
                .unwrap()
                .is(&format!("219 ann {letter} <any>")),
            "{}",
            answer.text()
        );
    }
}
