//! Telnet and IRC in the same rooms: one floor, two ways to see it.

use super::common::{Client, Irc, Net};

/// Tom at a terminal and Ann with a client, both in the lobby; both have read everything.
fn two() -> (Net, Client, Irc) {
    let net = Net::start();
    let mut tom = net.telnet("tom");
    let mut ann = net.enter("ann");
    let joined = ann.ask("JOIN #lobby");
    assert!(
        joined
            .words_of("353")
            .iter()
            .any(|name| name.ends_with("tom")),
        "{}",
        joined.text()
    );
    tom.expect("* ann joined #lobby");
    (net, tom, ann)
}

#[test]
fn words_go_both_ways() {
    let (_net, mut tom, mut ann) = two();
    tom.send("hello from the terminal");
    tom.skip_all();
    ann.sees(&[":tom PRIVMSG #lobby :hello from the terminal"]);
    ann.check("PRIVMSG #lobby :hello from afar", &[]);
    tom.expect("#lobby <ann> hello from afar");
}

#[test]
fn actions_go_both_ways() {
    let (_net, mut tom, mut ann) = two();
    tom.send("/me waves");
    tom.skip_all();
    ann.sees(&[":tom PRIVMSG #lobby :\u{1}ACTION waves\u{1}"]);
    ann.check("PRIVMSG #lobby :\u{1}ACTION waves back\u{1}", &[]);
    tom.expect("#lobby * ann waves back");
}

#[test]
fn private_words_go_both_ways() {
    let (_net, mut tom, mut ann) = two();
    tom.send("/msg ann psst");
    tom.expect("-> *ann* psst");
    ann.sees(&[":tom PRIVMSG ann :psst"]);
    ann.check("PRIVMSG tom :psst yourself", &[]);
    tom.expect("*ann* psst yourself");
    ann.check("NOTICE tom :note", &[]);
    tom.expect("*ann* note");
}

#[test]
fn names_are_taken_everywhere() {
    let (net, mut tom, mut ann) = two();
    ann.check("NICK tom", &["433 ann tom <any>"]);
    tom.send("/nick ann");
    assert!(tom.line().starts_with("! "));
    net.newcomer().check("NICK TOM", &["433 * TOM <any>"]);
    tom.send("/nick thomas");
    tom.expect("* you are now known as thomas");
    ann.sees(&[":tom NICK thomas"]);
    ann.check("NICK tom", &[":ann NICK tom"]);
    tom.expect("* ann is now known as tom");
}

#[test]
fn leaving_is_seen_both_ways() {
    let (_net, mut tom, mut ann) = two();
    ann.check("PART #lobby :see you", &[":ann PART #lobby :see you"]);
    tom.expect("* ann left #lobby (see you)");
    ann.ask("JOIN #lobby");
    tom.expect("* ann joined #lobby");
    tom.send("/quit to bed");
    ann.until(":tom QUIT :<any>to bed<any>");
    tom.rest();
}

#[test]
fn a_quit_of_a_client_is_seen_at_the_terminal() {
    let (_net, mut tom, mut ann) = two();
    ann.check_end("QUIT :that is all", &["ERROR <any>"]);
    let line = tom.expect_prefix("* ann quit (");
    assert!(line.contains("that is all"), "{line}");
}

#[test]
fn topics_go_both_ways() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #garden");
    let mut tom = net.telnet("tom");
    tom.send("/join garden");
    tom.find("tom joined #garden");
    tom.skip_all();
    ann.drain();
    ann.ask("TOPIC #garden :flowers");
    let line = tom.line();
    assert!(line.starts_with("* ") && line.contains("flowers"), "{line}");
    ann.ask("MODE #garden -t");
    tom.line();
    tom.send("/topic weeds");
    tom.skip_all();
    ann.sees(&[":tom TOPIC #garden :weeds"]);
}

#[test]
fn kicks_and_modes_are_seen_at_the_terminal() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #garden");
    let mut tom = net.telnet("tom");
    tom.send("/join garden");
    tom.find("tom joined #garden");
    tom.skip_all();
    ann.ask("MODE #garden +v tom");
    tom.expect("* ann set +v tom in #garden");
    ann.ask("KICK #garden tom :mud");
    let line = tom.line();
    assert!(
        line.starts_with("* ann kicked ") && line.contains("(mud)"),
        "{line}"
    );
}

#[test]
fn a_terminal_may_keep_order_too() {
    let net = Net::start();
    let mut tom = net.telnet("tom");
    tom.send("/join garden");
    tom.find("tom joined #garden");
    tom.skip_all();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #garden");
    tom.line();
    tom.send("/mode +m");
    tom.skip_all();
    ann.sees(&[":tom MODE #garden +m"]);
    tom.send("/op ann");
    tom.skip_all();
    ann.sees(&[":tom MODE #garden +o ann"]);
    tom.send("/kick ann mud");
    tom.skip_all();
    ann.sees(&[":tom KICK #garden ann :mud"]);
    tom.send("/ban ann");
    tom.skip_all();
    ann.check("JOIN #garden", &["474 ann #garden <any>"]);
    tom.send("/invite ann");
    tom.skip_all();
    ann.sees(&[":tom INVITE ann #garden"]);
}

#[test]
fn formatting_of_irc_does_not_reach_the_terminal() {
    let (_net, mut tom, mut ann) = two();
    ann.ask("PRIVMSG #lobby :\u{2}bold\u{2} \u{3}4,5red\u{f} \u{1d}it\u{1f}un\u{16}rev \u{4}ff0000hex \u{1b}[31m");
    let line = tom.line();
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(line.contains("bold red"), "{line:?}");
}

#[test]
fn questions_between_programs_do_not_reach_the_terminal() {
    let (_net, mut tom, mut ann) = two();
    ann.ask("PRIVMSG tom :\u{1}VERSION\u{1}");
    ann.ask("PRIVMSG #lobby :\u{1}PING 1\u{1}");
    tom.expect_nothing_more();
}

#[test]
fn someone_at_a_terminal_can_be_looked_up() {
    let (_net, mut tom, mut ann) = two();
    let whois = ann.ask("WHOIS tom");
    whois.one("311 ann tom ~telnet 127.0.0.1 * <any>");
    assert!(
        whois
            .words_of("319")
            .iter()
            .any(|room| room.ends_with("#lobby"))
    );
    whois.one("318 ann tom <any>");
    let who = ann.ask("WHO #lobby");
    assert!(who.column("352", 5).contains(&"tom".to_owned()));
    tom.send("/away lunch");
    tom.skip_all();
    ann.check("PRIVMSG tom :x", &["301 ann tom :lunch"]);
    ann.ask("WHOIS tom").one("301 ann tom :lunch");
    assert!(
        ann.ask("USERHOST tom")[0]
            .last()
            .starts_with("tom=-~telnet@")
    );
    ann.check("ISON tom", &["303 ann :tom"]);
}

#[test]
fn someone_at_a_terminal_is_watched_and_counted() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("MONITOR + tom", &["731 ann :tom"]);
    let mut tom = net.telnet("tom");
    ann.sees(&["730 ann :tom!~telnet@127.0.0.1"]);
    ann.ask("LUSERS")
        .one("255 ann :I have 2 clients and 0 servers");
    tom.send("/quit");
    ann.until("731 ann :tom");
    ann.ask("WHOWAS tom").one("314 ann tom ~telnet <...>");
}

#[test]
fn several_lines_arrive_at_the_terminal_as_lines() {
    let net = Net::start();
    let mut tom = net.telnet("tom");
    let mut ann = net.enter_with("ann", &["batch", "draft/multiline"]);
    ann.ask("JOIN #lobby");
    tom.expect("* ann joined #lobby");
    for line in [
        "BATCH +1 draft/multiline #lobby",
        "@batch=1 PRIVMSG #lobby :one",
        "@batch=1 PRIVMSG #lobby :",
        "@batch=1 PRIVMSG #lobby :two ",
        "@batch=1;draft/multiline-concat PRIVMSG #lobby :and more",
        "BATCH -1",
    ] {
        ann.send(line);
    }
    ann.drain();
    tom.expect("#lobby <ann> one");
    tom.expect("#lobby <ann> two and more");
}

#[test]
fn tags_and_redactions_leave_the_terminal_in_peace() {
    let net = Net::start();
    let mut tom = net.telnet("tom");
    let mut ann = net.enter_with(
        "ann",
        &["message-tags", "echo-message", "draft/message-redaction"],
    );
    ann.ask("JOIN #lobby");
    tom.expect("* ann joined #lobby");
    ann.ask("@+typing=active TAGMSG #lobby");
    let said = ann.ask("@+draft/reply=x PRIVMSG #lobby :hi");
    tom.expect("#lobby <ann> hi");
    ann.ask(&format!("REDACT #lobby {}", said[0].tagged("msgid")));
    ann.ask("AWAY :x");
    tom.expect_nothing_more();
}

#[test]
fn a_message_from_a_terminal_has_an_id_and_a_time() {
    let net = Net::start();
    let mut tom = net.telnet("tom");
    let mut ann = net.enter_with("ann", &["message-tags", "server-time"]);
    ann.ask("JOIN #lobby");
    tom.send("hello");
    tom.skip_all();
    let heard = ann.drain();
    assert!(!heard[0].tagged("msgid").is_empty() && !heard[0].tagged("time").is_empty());
}

#[test]
fn a_secret_room_is_secret_at_the_terminal_too() {
    let net = Net::start();
    let [mut ann] = net.room("#cellar", ["ann"]);
    ann.ask("MODE #cellar +s");
    let mut tom = net.telnet("tom");
    tom.send("/rooms");
    let marker = "/who nowhere-at-all";
    tom.send(marker);
    let mut lines = Vec::new();
    loop {
        let line = tom.line();
        if line.contains("nowhere-at-all") {
            break;
        }
        lines.push(line);
    }
    assert!(
        !lines.iter().any(|line| line.contains("cellar")),
        "{lines:?}"
    );
}

#[test]
fn rules_of_a_room_hold_for_a_terminal() {
    let net = Net::start();
    let [mut ann] = net.room("#garden", ["ann"]);
    ann.ask("MODE #garden +k rose");
    let mut tom = net.telnet("tom");
    tom.send("/join garden");
    assert!(tom.line().starts_with("! "));
    ann.ask("MODE #garden -k x");
    ann.ask("MODE #garden +m");
    tom.send("/join garden");
    tom.find("tom joined #garden");
    tom.skip_all();
    ann.drain();
    tom.send("hello?");
    assert!(tom.line().starts_with("! "));
    ann.sees_nothing();
}

#[test]
fn one_port_tells_the_two_apart() {
    let setup = super::common::Setup::new().listen("any://127.0.0.1:0");
    let server = setup.start();
    let mut tom = Client::enter(server.address(), "tom");
    let openings = [
        "CAP LS 302",
        "cap ls",
        "PASS x",
        "NICK someone",
        "USER x 0 * :X",
    ];
    for (n, first) in openings.into_iter().enumerate() {
        let mut irc = Irc::connect(server.address());
        irc.send(first);
        irc.send("CAP END");
        // Each its own: the one before may not be gone yet.
        let nick = format!("n{n}");
        irc.send(&format!("NICK {nick}"));
        irc.send(&format!("USER {nick} 0 * :X"));
        irc.until(&format!("001 {nick} <any>"));
    }
    tom.send("still here");
    tom.skip_all();
}
