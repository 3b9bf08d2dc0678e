//! From the first byte to the welcome, and how connections end.

use super::common::{Irc, Net, SERVER, ann_and_bob};

/// The end of a welcome where there is no message of the day.
const GREETING: [&str; 4] = ["001", "002", "003", "004"];

#[test]
fn the_welcome_has_its_numerics_in_their_order() {
    let net = Net::start();
    let welcome = net.newcomer().register("ann");
    let commands = welcome.commands();
    assert_eq!(commands[..4], GREETING);
    let mut rest = commands[4..].to_vec();
    rest.dedup();
    assert_eq!(
        rest,
        [
            "005", "251", "252", "253", "254", "255", "265", "266", "422"
        ]
    );
}

#[test]
fn every_numeric_of_the_welcome_is_addressed_to_the_nick_by_the_server() {
    let net = Net::start();
    for message in net.newcomer().register("ann").iter() {
        assert_eq!(
            (message.source.as_deref(), message.param(0)),
            (Some(SERVER), "ann")
        );
    }
}

#[test]
fn the_welcome_names_nick_user_and_host() {
    let welcome = Net::start().newcomer().register("ann");
    welcome.one("001 ann :<any>ann!~ann@127.0.0.1");
    welcome.one(&format!("002 ann :<any>{SERVER}<any>"));
    welcome.one("003 ann <any>");
}

#[test]
fn myinfo_has_server_version_and_three_sets_of_letters() {
    let welcome = Net::start().newcomer().register("ann");
    let info = welcome.one("004 ann madang.local <any> <any> <any> <any>");
    assert!(!info.line.contains(" :"), "{}", info.line);
    for letter in "iowB".chars() {
        assert!(info.param(3).contains(letter), "{}", info.line);
    }
    for letter in "beIklimnstCRMTqaohv".chars() {
        assert!(info.param(4).contains(letter), "{letter} in {}", info.line);
    }
    for letter in "beIklqaohv".chars() {
        assert!(info.param(5).contains(letter), "{letter} in {}", info.line);
    }
}

#[test]
fn a_line_of_isupport_has_at_most_thirteen_tokens_and_then_words() {
    let welcome = Net::start().newcomer().register("ann");
    for line in welcome.all("005") {
        assert!(line.params.len() <= 15, "{}", line.line);
        assert_eq!(line.last(), "are supported by this server");
        assert!(
            line.params[1..line.params.len() - 1]
                .iter()
                .all(|token| !token.contains(' '))
        );
    }
}

#[test]
fn the_message_of_the_day_stands_between_its_start_and_its_end() {
    let motd = super::common::TempFile::new("txt", "hello\n\n  there\n");
    let net = Net::with(&format!("[server]\nmotd = '{}'", motd.path().display()));
    let welcome = net.newcomer().register("ann");
    let at = welcome
        .iter()
        .position(|message| message.command == "375")
        .unwrap();
    super::common::Messages(welcome[at..].to_vec()).are(&[
        "375 ann :- madang.local Message of the day - ",
        "372 ann :<any>hello",
        "372 ann :<any>",
        "372 ann :<any>  there",
        "376 ann <any>",
    ]);
    net.enter("bob").ask("MOTD").one("376 bob <any>");
}

#[test]
fn user_may_come_before_nick() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("USER ann 0 * :Ann", &[]);
    ann.ask("NICK ann").one("001 ann <any>");
}

#[test]
fn a_nick_alone_or_a_user_alone_is_not_enough() {
    let net = Net::start();
    net.newcomer().check("NICK ann", &[]);
    net.newcomer().check("USER ann 0 * :Ann", &[]);
}

#[test]
fn the_last_nick_before_the_welcome_counts() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.send("NICK wrong");
    ann.send("NICK ann");
    ann.ask("USER ann 0 * :Ann").one("001 ann <any>");
    ann.check("ISON wrong", &["303 ann :"]);
}

#[test]
fn a_nick_in_use_is_refused_before_the_welcome() {
    let net = Net::start();
    let _ann = net.enter("ann");
    let mut other = net.newcomer();
    other.check("NICK ann", &["433 * ann <any>"]);
    other.check("NICK ANN", &["433 * ANN <any>"]);
    other.check("USER other 0 * :Other", &[]);
    other.ask("NICK other").one("001 other <any>");
}

#[test]
fn a_nick_that_someone_else_takes_meanwhile_is_refused_at_the_end() {
    let net = Net::start();
    let mut slow = net.newcomer();
    slow.check("NICK ann", &[]);
    let _fast = net.enter("ann");
    slow.check("USER slow 0 * :Slow", &["433 * ann <any>"]);
    slow.ask("NICK slow").one("001 slow <any>");
}

#[test]
fn bad_nicks_are_refused_before_the_welcome() {
    let net = Net::start();
    let mut ann = net.newcomer();
    for nick in [
        "*", "#ann", "a!b", "a@b", "a.b*", "@ann", "+ann", "~ann", "&ann", "%ann", "a,b", "$x",
    ] {
        let answer = ann.ask(&format!("NICK {nick}"));
        answer.are(&[&format!("432 * {nick} <any>")]);
    }
    ann.check("NICK :an n", &["432 * <any> <any>"]);
}

#[test]
fn a_nick_that_is_missing_or_empty_is_asked_for() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("NICK", &["431 * <any>"]);
    let answer = ann.ask("NICK :");
    assert!(
        ["431", "432"].contains(&&*answer.commands().join(" ")),
        "{}",
        answer.text()
    );
}

#[test]
fn user_needs_four_parameters_that_say_something() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("NICK ann", &[]);
    for line in [
        "USER",
        "USER ann",
        "USER ann 0",
        "USER ann 0 *",
        "USER ann 0 * :",
        "USER",
    ] {
        ann.check(line, &["461 * USER <any>"]);
    }
    ann.ask("USER ann 0 * Ann").one("001 ann <any>");
}

#[test]
fn nobody_registers_twice() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("USER other 0 * :Other", &["462 ann <any>"]);
    ann.check("PASS secret", &["462 ann <any>"]);
}

#[test]
fn whoever_lacks_the_password_is_sent_away() {
    let net = Net::with("[server]\npassword = 'sesame'");
    for pass in [
        None,
        Some("PASS wrong"),
        Some("PASS sesam"),
        Some("PASS sesamee"),
    ] {
        let mut ann = net.newcomer();
        pass.into_iter().for_each(|line| ann.send(line));
        ann.send("NICK ann");
        ann.send("USER ann 0 * :Ann");
        ann.rest().are(&["464 <any> <any>", "ERROR <any>"]);
    }
}

#[test]
fn whoever_has_the_password_comes_in_wherever_it_stands() {
    let net = Net::with("[server]\npassword = 'open sesame'");
    for (nick, lines) in [
        ("ann", ["PASS :open sesame", "NICK ann", "USER a 0 * :A"]),
        ("bob", ["NICK bob", "PASS :open sesame", "USER b 0 * :B"]),
        ("eve", ["USER e 0 * :E", "PASS :open sesame", "NICK eve"]),
    ] {
        let mut client = net.newcomer();
        lines.iter().for_each(|line| client.send(line));
        client.drain().one(&format!("001 {nick} <any>"));
    }
}

#[test]
fn a_password_where_none_is_asked_for_does_no_harm() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("PASS", &["461 * PASS <any>"]);
    ann.check("PASS whatever", &[]);
    ann.register("ann");
}

#[test]
fn commands_have_to_wait_for_the_welcome() {
    let net = Net::start();
    let mut ann = net.newcomer();
    for line in [
        "JOIN #a",
        "PRIVMSG ann :x",
        "MODE ann",
        "WHO *",
        "LIST",
        "NAMES #a",
        "TOPIC #a",
        "WHOIS ann",
        "AWAY :x",
        "LUSERS",
        "MOTD",
        "OPER a b",
        "MONITOR L",
        "KICK #a b",
        "USERHOST ann",
        "SETNAME :x",
    ] {
        ann.check(line, &["451 * <any>"]);
    }
    ann.register("ann");
}

#[test]
fn a_notice_before_the_welcome_reaches_nobody() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    net.newcomer().ask("NOTICE ann :x").have_no(&["401"]);
    ann.sees_nothing();
}

#[test]
fn quit_is_answered_with_an_error_and_the_end() {
    let net = Net::start();
    net.newcomer().check_end("QUIT", &["ERROR <any>"]);
    net.newcomer().check_end("QUIT :bye", &["ERROR <any>"]);
    net.enter("ann").check_end("QUIT", &["ERROR <any>"]);
    net.enter("ann")
        .check_end("QUIT :see you", &["ERROR :<any>see you<any>"]);
}

#[test]
fn nothing_is_done_behind_a_quit() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.send("QUIT :one\r\nPRIVMSG #a :two");
    ann.rest().are(&["ERROR <any>"]);
    bob.sees(&[":ann QUIT :Quit: one"]);
}

#[test]
fn others_see_a_quit_once_however_many_rooms_they_share() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    ann.ask("JOIN #b");
    bob.ask("JOIN #b");
    ann.drain();
    ann.check_end("QUIT :that is all", &["ERROR <any>"]);
    bob.sees(&[":ann QUIT :<any>that is all"]);
    eve.sees_nothing();
}

#[test]
fn a_quit_without_a_reason_still_has_one() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.send("QUIT");
    ann.rest();
    bob.sees(&[":ann QUIT <any>"]);
}

#[test]
fn a_connection_that_ends_is_a_quit() {
    let (_net, ann, mut bob) = ann_and_bob();
    drop(ann);
    bob.until(":ann QUIT <any>");
}

#[test]
fn ping_is_answered_with_what_it_said() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    for (ping, token) in [
        ("PING x", "x"),
        ("PING :two words", "two words"),
        ("PING ::x", ":x"),
    ] {
        ann.send(ping);
        let pong = ann.next();
        assert!(
            pong.is(&format!(":{SERVER} PONG {SERVER} :{token}")),
            "{}",
            pong.line
        );
    }
}

#[test]
fn ping_with_nothing_to_say_is_told_so() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("PING", &["461 ann PING <any>"]);
    ann.check("PING :", &["409 ann <any>"]);
    ann.check("PONG x", &[]);
    ann.check("PONG", &[]);
}

#[test]
fn an_unknown_command_is_named() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("FROBNICATE x y", &["421 ann FROBNICATE <any>"]);
    ann.check("privmsgs x", &["421 ann privmsgs <any>"]);
}

#[test]
fn what_misses_parameters_is_named() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    for line in [
        "JOIN",
        "PART",
        "KICK",
        "KICK #a",
        "INVITE ann",
        "MODE",
        "TOPIC",
        "OPER",
        "OPER x",
        "KILL",
        "ISON",
        "USERHOST",
        "MONITOR",
        "SETNAME",
        "WALLOPS",
        "RENAME #a",
        "KNOCK",
        "JOIN :",
        "PART :",
        "TOPIC :",
    ] {
        let command = line.split(' ').next().unwrap();
        ann.check(line, &[&format!("461 ann {command} <any>")]);
    }
}

#[test]
fn the_case_of_a_command_does_not_count() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.send("nick ann");
    ann.send("UsEr ann 0 * :Ann");
    ann.drain().one("001 ann <any>");
    ann.ask("jOiN #a").one(":ann JOIN #a");
}

#[test]
fn whoever_does_not_register_in_time_is_sent_away() {
    let net = Net::with("registration = '150ms'");
    let mut ann = net.newcomer();
    ann.send("NICK ann");
    let rest = ann.rest();
    rest.are(&["ERROR <any>"]);
}

#[test]
fn a_registered_client_has_no_such_deadline() {
    let net = Net::with("registration = '150ms'");
    let mut ann = net.enter("ann");
    let mut slow = net.newcomer();
    slow.send("NICK slow");
    slow.rest();
    ann.sees_nothing();
}

#[test]
fn a_silent_client_is_pinged_and_then_given_up() {
    let net = Net::with("ping = '150ms'");
    let [ann, mut bob] = net.room("#a", ["ann", "bob"]);
    let mut ann = ann;
    let pinger = std::thread::spawn(move || {
        // Bob answers, and so sees how Ann, who does not, goes.
        loop {
            let message = bob.next();
            match &*message.command {
                "PING" => bob.send(&format!("PONG :{}", message.last())),
                _ => return message,
            }
        }
    });
    let rest = ann.rest();
    assert!(rest[0].is("PING <any>"), "{}", rest.text());
    assert!(
        rest.last().unwrap().is("ERROR :<any>Ping timeout<any>"),
        "{}",
        rest.text()
    );
    let quit = pinger.join().unwrap();
    assert!(quit.is(":ann QUIT :Ping timeout<any>"), "{}", quit.line);
}

#[test]
fn a_connection_may_speak_byte_by_byte() {
    let net = Net::start();
    let mut ann = net.newcomer();
    for byte in b"NICK ann\r\nUSER ann 0 * :Ann\n" {
        ann.client.send_bytes(&[*byte]);
    }
    assert_eq!(ann.next().command, "001");
}

#[test]
fn irc_alone_may_be_spoken_on_a_port() {
    let setup = super::common::Setup::new().listen("irc://127.0.0.1:0");
    let server = setup.start();
    let mut ann = Irc::enter(server.address(), "ann");
    ann.sees_nothing();
}

#[test]
fn a_realname_is_cut_to_what_namelen_says() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.send("NICK ann");
    ann.ask(&format!("USER ann 0 * :{}", "r".repeat(200)));
    let answer = ann.ask("WHOIS ann");
    let realname = answer.one("311 ann ann <...>").last();
    assert_eq!(realname, "r".repeat(150));
}
