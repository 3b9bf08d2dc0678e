//! CAP: what there is, what is asked for, and when it takes effect (IRCv3 capability-negotiation).

use super::common::{Irc, Messages, Net};

/// What the server must know.
const CAPS: [&str; 23] = [
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    "chghost",
    "draft/channel-rename",
    "draft/extended-isupport",
    "draft/message-redaction",
    "draft/multiline",
    "draft/pre-away",
    "echo-message",
    "extended-join",
    "extended-monitor",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "no-implicit-names",
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
];

/// The names, without values, in the answers to CAP LS or LIST.
fn names(answer: &Messages) -> Vec<String> {
    let words = answer.words_of("CAP");
    let names = words.iter().map(|word| word.split('=').next().unwrap());
    names.map(str::to_owned).collect()
}

fn listed(irc: &mut Irc) -> Vec<String> {
    names(&irc.ask("CAP LIST"))
}

#[test]
fn everything_is_listed() {
    let net = Net::start();
    let names = names(&net.newcomer().ask("CAP LS 302"));
    for cap in CAPS {
        assert!(names.iter().any(|name| name == cap), "{cap} in {names:?}");
    }
}

#[test]
fn an_old_client_gets_names_without_values_and_no_continuation() {
    let net = Net::start();
    for line in ["CAP LS", "CAP LS 301", "cap ls"] {
        let answer = net.newcomer().ask(line);
        assert!(!answer.is_empty());
        for message in answer.iter() {
            assert!(message.is("CAP * LS <any>"), "{}", message.line);
            assert!(!message.last().contains('='), "{}", message.line);
        }
    }
}

#[test]
fn a_new_client_gets_values_and_all_lines_but_the_last_are_continued() {
    let net = Net::start();
    for line in ["CAP LS 302", "CAP LS 307", "CAP ls 302"] {
        let answer = net.newcomer().ask(line);
        let (last, before) = answer.split_last().unwrap();
        assert!(last.is("CAP * LS <any>"), "{}", last.line);
        assert!(before.iter().all(|message| message.is("CAP * LS * <any>")));
        let words = answer.words_of("CAP");
        let multiline = words
            .iter()
            .find(|word| word.starts_with("draft/multiline="));
        let multiline = multiline.expect("its limits");
        assert!(multiline.contains("max-bytes=") && multiline.contains("max-lines="));
    }
}

#[test]
fn a_listing_is_continued_where_it_does_not_fit_into_one_line() {
    let name = format!("{}.example", "n".repeat(50));
    let setup = super::common::Setup::new().listen("irc://127.0.0.1:0");
    let server = setup.flag("--name").flag(&name).start();
    let mut ann = Irc::connect(server.address());
    ann.register(&"가".repeat(30));
    let answer = ann.ask("CAP LS 302");
    let shapes: Vec<_> = answer
        .iter()
        .map(|line| (line.params.len(), line.param(2)))
        .collect();
    assert!(
        matches!(shapes[..], [(4, "*"), (3, _)]),
        "{}",
        answer.text()
    );
}

#[test]
fn no_capability_is_listed_twice() {
    let net = Net::start();
    let names = names(&net.newcomer().ask("CAP LS 302"));
    let mut unique = names.clone();
    unique.dedup();
    assert_eq!(names, unique);
}

#[test]
fn registration_waits_for_the_end_of_negotiation() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.ask("CAP LS 302");
    ann.check("NICK ann", &[]);
    ann.check("USER ann 0 * :Ann", &[]);
    ann.check("CAP REQ :multi-prefix", &["CAP <any> ACK :multi-prefix"]);
    ann.ask("CAP END").one("001 ann <any>");
}

#[test]
fn a_request_alone_makes_registration_wait_too() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("CAP REQ :multi-prefix", &["CAP * ACK :multi-prefix"]);
    ann.check("NICK ann", &[]);
    ann.check("USER ann 0 * :Ann", &[]);
    ann.ask("CAP END").one("001 ann <any>");
}

#[test]
fn negotiation_may_end_before_nick_and_user() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.ask("CAP LS");
    ann.check("CAP END", &[]);
    ann.register("ann");
    let mut bob = net.newcomer();
    bob.check("CAP END", &[]);
    bob.register("bob");
}

#[test]
fn a_collision_at_the_end_of_negotiation_is_told() {
    let net = Net::start();
    let mut slow = net.newcomer();
    slow.ask("CAP LS 302");
    slow.check("NICK ann", &[]);
    slow.check("USER ann 0 * :Ann", &[]);
    let _ann = net.enter("ann");
    slow.check("CAP END", &["433 * ann <any>"]);
    slow.ask("NICK slow").one("001 slow <any>");
}

#[test]
fn a_request_is_granted_word_for_word() {
    let net = Net::start();
    let mut ann = net.newcomer();
    for caps in [
        "multi-prefix",
        "batch echo-message",
        "server-time -server-time",
        "-batch",
    ] {
        ann.check(
            &format!("CAP REQ :{caps}"),
            &[&format!("CAP * ACK :{caps}")],
        );
    }
    assert_eq!(listed(&mut ann), ["echo-message", "multi-prefix"]);
}

#[test]
fn a_request_for_one_needs_no_colon() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("CAP REQ multi-prefix", &["CAP * ACK :multi-prefix"]);
}

#[test]
fn a_request_for_the_unknown_is_refused_word_for_word() {
    let net = Net::start();
    let mut ann = net.newcomer();
    for caps in [
        "nonsense",
        "multi-prefix nonsense",
        "nonsense multi-prefix",
        "-nonsense",
        "Multi-Prefix",
        "multi-prefix=1",
        "--multi-prefix",
    ] {
        ann.check(
            &format!("CAP REQ :{caps}"),
            &[&format!("CAP * NAK :{caps}")],
        );
    }
    assert!(listed(&mut ann).is_empty(), "all or nothing");
}

#[test]
fn a_refused_request_takes_nothing_away() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&["multi-prefix"]);
    ann.check(
        "CAP REQ :-multi-prefix nonsense",
        &["CAP * NAK :-multi-prefix nonsense"],
    );
    assert_eq!(listed(&mut ann), ["multi-prefix"]);
}

#[test]
fn the_same_twice_is_granted() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.check("CAP REQ :batch batch", &["CAP * ACK :batch batch"]);
    ann.check("CAP REQ :batch", &["CAP * ACK :batch"]);
    ann.check("CAP REQ :-cap-notify", &["CAP * ACK :-cap-notify"]);
}

#[test]
fn an_unknown_subcommand_is_named() {
    let net = Net::start();
    net.newcomer().check("CAP FROB", &["410 * FROB <any>"]);
    let mut ann = net.enter("ann");
    ann.check("CAP FROB x", &["410 ann FROB <any>"]);
    ann.check("CAP", &["461 ann CAP <any>"]);
}

#[test]
fn capabilities_may_change_after_registration() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("CAP LIST", &["CAP ann LIST :"]);
    ann.check("CAP REQ :multi-prefix", &["CAP ann ACK :multi-prefix"]);
    ann.check("CAP LIST", &["CAP ann LIST :multi-prefix"]);
    ann.check("CAP REQ :-multi-prefix", &["CAP ann ACK :-multi-prefix"]);
    ann.check("CAP REQ :nonsense", &["CAP ann NAK :nonsense"]);
    ann.check("CAP LIST", &["CAP ann LIST :"]);
    ann.check("CAP END", &[]);
}

#[test]
fn a_listing_after_registration_does_not_hold_anything_up() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    assert!(!ann.ask("CAP LS 302").is_empty());
    ann.ask("JOIN #a").one(":ann JOIN #a");
}

#[test]
fn version_302_brings_cap_notify() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.ask("CAP LS 302");
    assert_eq!(listed(&mut ann), ["cap-notify"]);
    let mut bob = net.newcomer();
    bob.ask("CAP LS");
    assert!(listed(&mut bob).is_empty());
}

#[test]
fn everything_can_be_had_at_once() {
    let net = Net::start();
    let mut ann = net.newcomer();
    let (one, two) = CAPS.split_at(12);
    ann.request(one);
    ann.request(two);
    assert_eq!(listed(&mut ann), CAPS);
    ann.send("CAP END");
    ann.register("ann");
}

#[test]
fn there_are_no_accounts_yet_and_so_no_sasl() {
    let net = Net::start();
    let mut ann = net.newcomer();
    let answer = ann.ask("CAP LS 302");
    assert!(!names(&answer).iter().any(|name| name == "sasl"));
    ann.check("CAP REQ :sasl", &["CAP * NAK :sasl"]);
}

#[test]
fn a_typical_handshake_goes_through_in_one_packet() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.send(
        "CAP LS 302\r\nNICK ann\r\nUSER ann 0 * :Ann\r\nCAP REQ :multi-prefix away-notify\r\nCAP REQ :nope\r\nCAP END",
    );
    let answer = ann.drain();
    let commands = answer.commands();
    let welcome = commands
        .iter()
        .position(|command| *command == "001")
        .unwrap();
    assert!(commands[..welcome].iter().all(|command| *command == "CAP"));
    assert!(!commands[welcome..].contains(&"CAP"));
    assert_eq!(
        listed(&mut ann),
        ["away-notify", "cap-notify", "multi-prefix"]
    );
}

#[test]
fn isupport_can_be_had_before_registration() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.ask("CAP LS 302");
    ann.request(&["batch", "draft/extended-isupport"]);
    ann.drain();
    let answer = ann.ask("ISUPPORT");
    let (first, rest) = answer.split_first().expect("a batch");
    assert!(first.is("BATCH <any> draft/isupport"), "{}", answer.text());
    let (last, lines) = rest.split_last().expect("the end of the batch");
    let reference = first.param(0).strip_prefix('+').unwrap();
    assert!(last.is(&format!("BATCH -{reference}")), "{}", answer.text());
    assert!(!lines.is_empty());
    for line in lines {
        assert!(
            line.is("005 * <...>") && line.tagged("batch") == reference,
            "{}",
            line.line
        );
    }
}

#[test]
fn isupport_can_be_asked_for_after_registration() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let answer = ann.ask("ISUPPORT");
    assert!(!answer.is_empty() && answer.iter().all(|line| line.is("005 ann <...>")));
}

#[test]
fn isupport_in_the_welcome_is_a_batch_for_those_who_know_it() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&["batch", "draft/extended-isupport"]);
    ann.send("CAP END");
    let welcome = ann.register("ann");
    for line in welcome.all("005") {
        line.tagged("batch");
    }
}

#[test]
fn away_can_be_said_before_registration() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&["draft/pre-away"]);
    ann.ask("AWAY :gone");
    ann.send("CAP END");
    let welcome = ann.register("ann");
    assert!(welcome.len() > 5);
    let mut bob = net.enter("bob");
    bob.check("PRIVMSG ann :x", &["301 bob ann :gone"]);
}

#[test]
fn away_without_a_word_is_away_all_the_same() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&["draft/pre-away"]);
    ann.check("AWAY *", &["306 * <any>"]);
    ann.send("CAP END");
    ann.register("ann");
    assert!(net.enter("bob").ask("WHO ann")[0].param(6).starts_with('G'));
}

#[test]
fn away_can_be_taken_back_before_registration() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.request(&["draft/pre-away"]);
    ann.ask("AWAY :gone");
    ann.ask("AWAY");
    ann.send("CAP END");
    ann.register("ann");
    net.enter("bob").check("PRIVMSG ann :x", &[]);
}

#[test]
fn away_before_registration_needs_its_capability() {
    let net = Net::start();
    net.newcomer().check("AWAY :gone", &["451 * <any>"]);
}
