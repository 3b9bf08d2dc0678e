//! ISUPPORT: every token is true in behaviour.

use super::common::{Irc, Messages, Net, ann_and_bob};

/// The value of a token, if it is there.
fn find<'m>(welcome: &'m Messages, key: &str) -> Option<&'m str> {
    let lines = welcome.all("005");
    let mut tokens = lines
        .iter()
        .flat_map(|line| &line.params[1..line.params.len() - 1]);
    tokens.find_map(|token| {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        (name == key).then_some(value)
    })
}

/// A registered client and the number behind a token.
fn number(net: &Net, key: &str) -> (Irc, usize) {
    let mut ann = net.newcomer();
    let welcome = ann.register("ann");
    let value = find(&welcome, key).unwrap_or_else(|| panic!("no {key}"));
    (
        ann,
        value.parse().unwrap_or_else(|_| panic!("{key}={value}")),
    )
}

#[test]
fn all_tokens_are_there_once() {
    let welcome = Net::start().newcomer().register("ann");
    let lines = welcome.all("005");
    let tokens = lines
        .iter()
        .flat_map(|line| &line.params[1..line.params.len() - 1]);
    let mut names: Vec<_> = tokens
        .map(|token| token.split('=').next().unwrap())
        .collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for name in [
        "ACCOUNTEXTBAN",
        "AWAYLEN",
        "BOT",
        "CASEMAPPING",
        "CHANLIMIT",
        "CHANMODES",
        "CHANNELLEN",
        "CHANTYPES",
        "ELIST",
        "EXCEPTS",
        "EXTBAN",
        "HOSTLEN",
        "INVEX",
        "KICKLEN",
        "MAXLIST",
        "MODES",
        "MONITOR",
        "NETWORK",
        "NICKLEN",
        "PREFIX",
        "SAFELIST",
        "STATUSMSG",
        "TARGMAX",
        "TOPICLEN",
        "USERLEN",
        "UTF8MAPPING",
        "UTF8ONLY",
        "WHOX",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[test]
fn tokens_say_what_they_have_to() {
    let welcome = Net::start().newcomer().register("ann");
    for (key, value) in [
        ("CASEMAPPING", "ascii"),
        ("UTF8MAPPING", "rfc8265"),
        ("CHANTYPES", "#"),
        ("PREFIX", "(qaohv)~&@%+"),
        ("STATUSMSG", "~&@%+"),
        ("BOT", "B"),
        ("UTF8ONLY", ""),
        ("WHOX", ""),
        ("SAFELIST", ""),
    ] {
        assert_eq!(find(&welcome, key), Some(value), "{key}");
    }
    assert!(["", "e"].contains(&find(&welcome, "EXCEPTS").unwrap()));
    assert!(["", "I"].contains(&find(&welcome, "INVEX").unwrap()));
    assert_eq!(find(&welcome, "EXTBAN"), Some("~,am"));
    assert_eq!(find(&welcome, "ACCOUNTEXTBAN"), Some("a"));
    let mut elist: Vec<_> = find(&welcome, "ELIST").unwrap().chars().collect();
    elist.sort_unstable();
    assert_eq!(elist, ['C', 'M', 'N', 'T', 'U']);
}

#[test]
fn chanmodes_has_four_kinds_that_do_not_overlap() {
    let welcome = Net::start().newcomer().register("ann");
    let value = find(&welcome, "CHANMODES").unwrap();
    let kinds: Vec<_> = value.split(',').collect();
    assert_eq!(
        (kinds.len(), kinds[0], kinds[1], kinds[2]),
        (4, "beI", "k", "l")
    );
    for letter in "imnstCRMT".chars() {
        assert!(kinds[3].contains(letter), "{letter} in {value}");
    }
    let mut letters: Vec<_> = value.replace(',', "").chars().collect();
    letters.sort_unstable();
    let count = letters.len();
    letters.dedup();
    assert_eq!(letters.len(), count);
}

#[test]
fn every_flag_of_chanmodes_can_be_switched() {
    let (_net, mut ann, _bob) = ann_and_bob();
    for letter in "imsCRMT".chars() {
        ann.check(
            &format!("MODE #a +{letter}"),
            &[&format!(":ann MODE #a +{letter}")],
        );
        ann.check(
            &format!("MODE #a -{letter}"),
            &[&format!(":ann MODE #a -{letter}")],
        );
    }
}

#[test]
fn the_name_of_the_network_can_be_set() {
    let net = Net::with("[server]\nnetwork = 'Courtyard'");
    let welcome = net.newcomer().register("ann");
    assert_eq!(find(&welcome, "NETWORK"), Some("Courtyard"));
    assert!(welcome[0].last().contains("Courtyard"));
}

#[test]
fn a_nick_of_nicklen_fits_and_a_longer_one_does_not() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "NICKLEN");
    let longest = "n".repeat(max);
    ann.check(
        &format!("NICK {longest}"),
        &[&format!(":ann NICK {longest}")],
    );
    let answer = ann.ask(&format!("NICK {}", "m".repeat(max + 1)));
    assert_eq!(answer.commands(), ["432"]);
}

#[test]
fn a_nick_of_nicklen_wide_characters_fits() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "NICKLEN");
    let longest = "가".repeat(max);
    ann.check(
        &format!("NICK {longest}"),
        &[&format!(":ann NICK {longest}")],
    );
    let answer = ann.ask("JOIN #a");
    assert_eq!(answer.commands(), ["JOIN", "353", "366"]);
}

#[test]
fn a_room_of_channellen_fits_and_a_longer_one_does_not() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "CHANNELLEN");
    let longest = format!("#{}", "r".repeat(max - 1));
    ann.ask(&format!("JOIN {longest}"))
        .one(&format!(":ann JOIN {longest}"));
    let answer = ann.ask(&format!("JOIN {longest}rr"));
    assert!(
        matches!(answer.commands()[..], ["403" | "476" | "479"]),
        "{}",
        answer.text()
    );
}

#[test]
fn a_topic_is_kept_up_to_topiclen() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "TOPICLEN");
    ann.ask("JOIN #a");
    let topic = "t".repeat(max);
    ann.check(
        &format!("TOPIC #a :{topic}"),
        &[&format!(":ann TOPIC #a :{topic}")],
    );
    ann.ask("TOPIC #a").one(&format!("332 ann #a :{topic}"));
    let answer = ann.ask(&format!("TOPIC #a :{}", "u".repeat(max + 5)));
    assert_eq!(answer[0].last(), "u".repeat(max));
}

#[test]
fn the_reason_of_a_kick_is_kept_up_to_kicklen() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "KICKLEN");
    let _bob = net.room("#a", ["bob"]);
    ann.ask("JOIN #b");
    let mut eve = net.enter("eve");
    for (length, kept) in [(max, max), (max + 9, max)] {
        eve.ask("JOIN #b");
        ann.drain();
        let reason = "k".repeat(length);
        ann.check(
            &format!("KICK #b eve :{reason}"),
            &[&format!(":ann KICK #b eve :{}", &reason[..kept])],
        );
        eve.drain();
    }
}

#[test]
fn a_word_of_absence_is_kept_up_to_awaylen() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "AWAYLEN");
    let mut bob = net.enter("bob");
    for (length, kept) in [(max, max), (max + 9, max)] {
        let text = "a".repeat(length);
        ann.check(&format!("AWAY :{text}"), &["306 ann <any>"]);
        bob.check(
            "PRIVMSG ann :x",
            &[&format!("301 bob ann :{}", &text[..kept])],
        );
        ann.drain();
    }
}

#[test]
fn a_user_name_is_cut_to_userlen() {
    let net = Net::start();
    let (_ann, max) = number(&net, "USERLEN");
    let mut bob = net.newcomer();
    bob.send("NICK bob");
    bob.ask(&format!("USER {} 0 * :Bob", "u".repeat(60)));
    let answer = bob.ask("WHOIS bob");
    assert_eq!(answer.one("311 bob bob <...>").param(2).len(), max);
}

#[test]
fn a_realname_is_kept_up_to_namelen() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "NAMELEN");
    ann.request(&["setname"]);
    let name = "r".repeat(max);
    ann.check(
        &format!("SETNAME :{name}"),
        &[&format!(":ann SETNAME :{name}")],
    );
    ann.ask("WHOIS ann")
        .one(&format!("311 ann ann ~ann 127.0.0.1 * :{name}"));
    ann.ask(&format!("SETNAME :{name}r"))
        .one("FAIL SETNAME INVALID_REALNAME <any>");
}

#[test]
fn no_more_modes_with_parameters_are_taken_than_modes_says() {
    let net = Net::start();
    let (mut ann, max) = number(&net, "MODES");
    ann.ask("JOIN #a");
    let masks: Vec<_> = (0..max + 1)
        .map(|number| format!("m{number}!*@*"))
        .collect();
    let answer = ann.ask(&format!(
        "MODE #a +{} {}",
        "b".repeat(max),
        masks[..max].join(" ")
    ));
    assert_eq!(answer.all("MODE")[0].params.len(), 2 + max);
    ann.ask(&format!(
        "MODE #a -{} {}",
        "b".repeat(max),
        masks[..max].join(" ")
    ));
    ann.ask(&format!(
        "MODE #a +{} {}",
        "b".repeat(max + 1),
        masks.join(" ")
    ));
    assert_eq!(ann.ask("MODE #a b").all("367").len(), max);
}

#[test]
fn no_more_masks_are_kept_than_maxlist_says() {
    let net = Net::start();
    let mut ann = net.newcomer();
    let welcome = ann.register("ann");
    let value = find(&welcome, "MAXLIST").unwrap().to_owned();
    ann.ask("JOIN #a");
    let (letters, max) = value.split(',').next().unwrap().split_once(':').unwrap();
    let max: usize = max.parse().unwrap();
    let mut number = 0;
    let mut kept = 0;
    // As many as may be, spread over all lists the number is for.
    for letter in letters.chars() {
        for _ in 0..max {
            number += 1;
            let answer = ann.ask(&format!("MODE #a +{letter} m{number}!*@*"));
            match answer.commands()[..] {
                ["MODE"] => kept += 1,
                _ => {
                    answer.are(&["478 ann #a <any> <any>"]);
                    break;
                }
            }
        }
    }
    assert_eq!(kept, max, "MAXLIST={value} counts these lists together");
}

#[test]
fn no_more_rooms_are_entered_than_chanlimit_says() {
    let net = Net::start();
    let mut ann = net.newcomer();
    let welcome = ann.register("ann");
    let max: usize = find(&welcome, "CHANLIMIT")
        .unwrap()
        .strip_prefix("#:")
        .unwrap()
        .parse()
        .unwrap();
    let rooms: Vec<_> = (0..max).map(|number| format!("#r{number}")).collect();
    for some in rooms.chunks(40) {
        ann.ask(&format!("JOIN {}", some.join(",")))
            .have_no(&["405"]);
    }
    ann.check("JOIN #more", &["405 ann #more <any>"]);
    ann.ask("PART #r0");
    ann.ask("JOIN #more").one(":ann JOIN #more");
}

#[test]
fn targmax_is_true_for_those_it_limits() {
    let net = Net::start();
    let mut ann = net.newcomer();
    let welcome = ann.register("ann");
    let targmax = find(&welcome, "TARGMAX").unwrap();
    for limit in targmax.split(',') {
        let (command, max) = limit.split_once(':').expect("a colon");
        assert!(command.chars().all(|c| c.is_ascii_uppercase()), "{targmax}");
        assert!(max.is_empty() || max.parse::<usize>().is_ok(), "{targmax}");
    }
    let max: usize = targmax
        .split(',')
        .find_map(|limit| limit.strip_prefix("PRIVMSG:"))
        .unwrap()
        .parse()
        .unwrap();
    let targets = vec!["ann"; max].join(",");
    ann.ask(&format!("PRIVMSG {targets} :x")).have_no(&["407"]);
    ann.ask(&format!("PRIVMSG {targets},ann :x"))
        .one("407 ann <...>");
}
