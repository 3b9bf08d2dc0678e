//! LIST, LUSERS and what the server tells of itself.

use super::common::{Irc, Net, SERVER, ann_and_bob};

/// Rooms in an answer to LIST.
fn rooms(irc: &mut Irc, line: &str) -> Vec<String> {
    let answer = irc.ask(line);
    let (first, last) = (&answer[0], answer.last().unwrap());
    assert!(first.is("321 <any> <...>") || first.command == "322" || first.command == "323");
    assert!(last.is("323 <any> <any>"), "{}", answer.text());
    answer.column("322", 1)
}

/// Three rooms of one, two and three people; #three has a topic.
fn three_rooms() -> (Net, Irc, [Irc; 2]) {
    let net = Net::start();
    let [mut ann, mut bob, mut eve] = ["ann", "bob", "eve"].map(|nick| net.enter(nick));
    ann.ask("JOIN #one,#two,#three");
    bob.ask("JOIN #two,#three");
    eve.ask("JOIN #three");
    ann.ask("TOPIC #three :three of us");
    ann.drain();
    (net, ann, [bob, eve])
}

#[test]
fn list_tells_members_and_topics() {
    let (net, _ann, _others) = three_rooms();
    let mut joe = net.enter("joe");
    let answer = joe.ask("LIST");
    answer.one("322 joe #one 1 :");
    answer.one("322 joe #two 2 :");
    answer.one("322 joe #three 3 :three of us");
    assert_eq!(answer.all("322").len(), 3);
    assert!(answer.last().unwrap().is("323 joe <any>"));
}

#[test]
fn list_of_nothing_is_empty() {
    let net = Net::start();
    assert!(rooms(&mut net.enter("ann"), "LIST").is_empty());
}

#[test]
fn list_of_some_rooms() {
    let (_net, mut ann, _others) = three_rooms();
    assert_eq!(rooms(&mut ann, "LIST #one,#TWO"), ["#one", "#two"]);
    assert!(rooms(&mut ann, "LIST #nowhere").is_empty());
}

#[test]
fn list_by_number_of_members() {
    let (_net, mut ann, _others) = three_rooms();
    assert_eq!(rooms(&mut ann, "LIST >1"), ["#three", "#two"]);
    assert_eq!(rooms(&mut ann, "LIST <2"), ["#one"]);
    assert_eq!(rooms(&mut ann, "LIST >0"), ["#one", "#three", "#two"]);
    assert!(rooms(&mut ann, "LIST >3").is_empty());
    assert_eq!(rooms(&mut ann, "LIST >1,<3"), ["#two"]);
}

#[test]
fn list_by_mask_and_by_what_a_mask_leaves() {
    let (_net, mut ann, _others) = three_rooms();
    assert_eq!(rooms(&mut ann, "LIST #t*"), ["#three", "#two"]);
    assert_eq!(rooms(&mut ann, "LIST *o*"), ["#one", "#two"]);
    assert_eq!(rooms(&mut ann, "LIST !#t*"), ["#one"]);
}

#[test]
fn list_by_time_of_creation_and_of_topic() {
    let (_net, mut ann, _others) = three_rooms();
    assert_eq!(
        rooms(&mut ann, "LIST C<1").len(),
        3,
        "made less than a minute ago"
    );
    assert!(
        rooms(&mut ann, "LIST C>1").is_empty(),
        "made more than a minute ago"
    );
    assert_eq!(rooms(&mut ann, "LIST T<1"), ["#three"]);
    assert!(rooms(&mut ann, "LIST T>1").is_empty());
}

#[test]
fn list_hides_secret_rooms_from_strangers() {
    let (net, mut ann, _others) = three_rooms();
    ann.ask("MODE #three +s");
    let mut joe = net.enter("joe");
    assert_eq!(rooms(&mut joe, "LIST"), ["#one", "#two"]);
    assert!(rooms(&mut joe, "LIST #three").is_empty());
    assert_eq!(rooms(&mut ann, "LIST"), ["#one", "#three", "#two"]);
}

#[test]
fn lusers_counts_exactly() {
    let (net, mut ann, _bob) = ann_and_bob();
    ann.ask("MODE ann +i");
    ann.ask("JOIN #b");
    let mut half = net.newcomer();
    half.ask("NICK half");
    let answer = ann.ask("LUSERS");
    answer.one("251 ann :There are 1 users and 1 invisible on 1 servers");
    answer.one("252 ann 0 <any>");
    answer.one("253 ann 1 <any>");
    answer.one("254 ann 2 <any>");
    answer.one("255 ann :I have 2 clients and 0 servers");
    answer.one("265 ann 2 2 <any>");
    answer.one("266 ann 2 2 <any>");
    assert_eq!(answer.len(), 7);
}

#[test]
fn lusers_forgets_who_left_and_remembers_the_peak() {
    let (net, mut ann, mut bob) = ann_and_bob();
    bob.check_end("QUIT", &["ERROR <any>"]);
    let mut half = net.newcomer();
    half.ask("NICK half");
    half.check_end("QUIT", &["ERROR <any>"]);
    ann.drain();
    let answer = ann.ask("LUSERS");
    answer.one("251 ann :There are 1 users and 0 invisible on 1 servers");
    answer.one("253 ann 0 <any>");
    answer.one("255 ann :I have 1 clients and 0 servers");
    answer.one("265 ann 1 2 <any>");
    answer.one("266 ann 1 2 <any>");
}

#[test]
fn version_tells_version_and_server() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let answer = ann.ask("VERSION");
    answer.one(&format!("351 ann <any>madang<any> {SERVER} <any>"));
    assert_eq!(
        answer.all("351").len() + answer.all("005").len(),
        answer.len()
    );
    ann.check(
        "VERSION nowhere.example",
        &["402 ann nowhere.example <any>"],
    );
}

#[test]
fn time_tells_the_time() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let answer = ann.ask("TIME");
    answer.are(&[&format!("391 ann {SERVER} <...>")]);
    assert!(answer[0].params.len() >= 3);
    ann.ask(&format!("TIME {SERVER}")).one("391 ann <...>");
    ann.check("TIME nowhere.example", &["402 ann nowhere.example <any>"]);
}

#[test]
fn info_ends() {
    let net = Net::start();
    let answer = net.enter("ann").ask("INFO");
    assert!(answer.len() >= 2);
    let (last, lines) = answer.split_last().unwrap();
    assert!(last.is("374 ann <any>") && lines.iter().all(|line| line.is("371 ann <any>")));
}

#[test]
fn admin_tells_who_to_ask() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let answer = ann.ask("ADMIN");
    assert!(
        matches!(
            answer.commands()[..],
            ["256", "257", "258", "259"] | ["423"]
        ),
        "{}",
        answer.text()
    );
    assert!(answer[0].params.len() >= 2);
}

#[test]
fn links_names_one_server() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check(
        "LINKS",
        &[
            &format!("364 ann {SERVER} {SERVER} :0 <any>"),
            "365 ann * <any>",
        ],
    );
}

#[test]
fn stats_tells_how_long_it_runs() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let answer = ann.ask("STATS u");
    answer.are(&["242 ann :Server Up <any>", "219 ann u <any>"]);
    for letter in ["l", "m", "o"] {
        let answer = ann.ask(&format!("STATS {letter}"));
        answer.have_no(&["211", "212", "243"]);
    }
}

#[test]
fn motd_is_missing_where_there_is_none() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("MOTD", &["422 ann <any>"]);
    ann.check("MOTD nowhere.example", &["402 ann nowhere.example <any>"]);
}

#[test]
fn help_explains_each_command() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    for subject in ["PRIVMSG", "join", "MODE", "WHO"] {
        let answer = ann.ask(&format!("HELP {subject}"));
        assert!(answer.len() >= 2, "{}", answer.text());
        assert!(answer[0].is("704 ann <any> <any>"), "{}", answer.text());
        assert!(
            answer.last().unwrap().is("706 ann <any> <any>"),
            "{}",
            answer.text()
        );
        let middle = &answer[1..answer.len() - 1];
        assert!(
            middle.iter().all(|line| line.is("705 ann <any> <any>")),
            "{}",
            answer.text()
        );
    }
    ann.ask("HELPOP PRIVMSG").one("706 ann <any> <any>");
    ann.ask("HELP").one("706 ann <any> <any>");
    let answer = ann.ask("HELP nonsense");
    answer.are(&["524 ann nonsense <any>"]);
}
