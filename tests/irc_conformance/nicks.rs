//! Names of people: how they change, which are the same, which are refused.

use super::common::{Client, Net, ann_and_bob};

#[test]
fn a_nick_is_free_as_soon_as_it_is_given_up() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.check("NICK other", &[":ann NICK other"]);
    let mut second = net.enter("ann");
    second.send("QUIT");
    second.rest();
    net.enter("ann");
}

#[test]
fn a_change_of_nick_is_seen_once_by_all_who_share_a_room() {
    let (net, mut ann, mut bob) = ann_and_bob();
    let mut eve = net.enter("eve");
    ann.ask("JOIN #b");
    bob.ask("JOIN #b");
    ann.drain();
    ann.check("NICK anna", &[":ann NICK anna"]);
    bob.sees(&[":ann NICK anna"]);
    eve.sees_nothing();
    ann.check("PRIVMSG bob :x", &[]);
    bob.sees(&[":anna PRIVMSG bob :x"]);
}

#[test]
fn the_same_nick_again_is_silent_and_another_case_is_told() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("NICK ann", &[]);
    ann.check("NICK Ann", &[":ann NICK Ann"]);
    bob.sees(&[":ann NICK Ann"]);
    ann.check("ISON ann", &["303 Ann :Ann"]);
}

#[test]
fn bad_changes_of_nick_are_refused() {
    let (_net, mut ann, mut bob) = ann_and_bob();
    ann.check("NICK bob", &["433 ann bob <any>"]);
    ann.check("NICK BOB", &["433 ann BOB <any>"]);
    ann.check("NICK #x", &["432 ann #x <any>"]);
    ann.check("NICK *", &["432 ann * <any>"]);
    ann.check("NICK", &["431 ann <any>"]);
    bob.sees_nothing();
}

#[test]
fn the_case_of_names_is_that_of_ascii() {
    let net = Net::start();
    let _ann = net.enter("ann[]\\");
    let mut other = net.newcomer();
    other.check("NICK ANN[]\\", &["433 * ANN[]\\ <any>"]);
    other.register("ann{}|");
    other.check("ISON ann[]\\", &["303 ann{}| :ann[]\\"]);
}

#[test]
fn a_user_name_is_marked_as_unproven_and_its_bad_characters_go() {
    let net = Net::start();
    let mut ann = net.newcomer();
    ann.send("NICK ann");
    ann.ask("USER a!b@c 0 * :Ann")
        .one("001 ann :<any>ann!~abc@127.0.0.1");
}

#[test]
fn a_nick_may_have_letters_of_any_script() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    let mut 안나 = net.enter("안나");
    안나.check("PRIVMSG ann :안녕", &[]);
    ann.sees(&[":안나 PRIVMSG ann :안녕"]);
    ann.check("PRIVMSG 안나 :hi", &[]);
    안나.sees(&[":ann PRIVMSG 안나 :hi"]);
}

#[test]
fn a_nick_that_looks_like_another_is_taken() {
    let net = Net::start();
    let mut ann = net.enter("copa");
    // All of it is Cyrillic.
    ann.check("NICK сора", &[":copa NICK сора"]);
    let mut other = net.newcomer();
    other.send("NICK copa");
    other.check("USER ann 0 * :Ann", &["433 * copa <any>"]);
}

#[test]
fn a_word_of_two_scripts_is_no_nick() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    // Cyrillic к and а.
    for nick in ["atк", "аnn"] {
        ann.check(&format!("NICK {nick}"), &[&format!("432 ann {nick} <any>")]);
    }
    ann.check("NICK k팝", &[":ann NICK k팝"]);
}

#[test]
fn names_of_services_and_of_the_server_are_reserved() {
    let net = Net::start();
    let mut other = net.newcomer();
    for nick in [
        "NickServ",
        "root",
        "r00t",
        "ns",
        "madang",
        "madang-local",
        "ѕуѕор",
    ] {
        other.check(&format!("NICK {nick}"), &[&format!("432 * {nick} <any>")]);
    }
    other.send("NICK ann");
    other.ask("USER ann 0 * :Ann").one("001 ann <any>");
    let answer = other.ask("NICK ChanServ");
    answer.are(&["432 ann ChanServ <any>"]);
    assert!(answer.text().contains("reserved"), "{}", answer.text());
    let mut terminal = Client::connect(net.server.address_of(1));
    terminal.skip_to("* what is your name?");
    terminal.send("_NickServ_");
    terminal.find("! the name _NickServ_ is reserved, choose another");
}

#[test]
fn names_that_differ_in_case_alone_are_one() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    for (one, other) in [
        ("ΑΣ", "ας"),
        ("ΑΣ", "ασ"),
        ("straße", "STRASSE"),
        ("ılgaz", "ILGAZ"),
    ] {
        ann.ask(&format!("NICK {one}"));
        let mut bob = net.newcomer();
        bob.ask("USER bob 0 * :Bob");
        bob.check(&format!("NICK {other}"), &[&format!("433 * {other} <any>")]);
    }
}

/// A final sigma looks at its neighbours when it is lowered, a mask has none: the ban missed the name in the same case.
#[test]
fn a_ban_of_a_piece_of_a_name_meets_it_in_any_case() {
    let net = Net::start();
    let mut ann = net.enter("ann");
    ann.ask("JOIN #a");
    for mask in ["ΑΣ*", "ας*", "*ΣΒ", "ασβ", "ΑΣΒ", "*Σ*"] {
        ann.ask(&format!("MODE #a +b {mask}"));
        let mut eve = net.enter("ΑΣΒ");
        eve.check("JOIN #a", &["474 ΑΣΒ #a <any>"]);
        eve.check_end("QUIT", &["ERROR <any>"]);
        ann.ask(&format!("MODE #a -b {mask}"));
    }
}

#[test]
fn the_host_may_want_ascii_alone() {
    let net = Net::with("[server]\nunicode_names = false");
    net.newcomer().check("NICK 안나", &["432 * 안나 <any>"]);
    let mut ann = net.enter("ann");
    let answer = ann.ask("JOIN #안나");
    answer.have_no(&["JOIN"]);
}
