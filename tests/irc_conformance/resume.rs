//! RESUME: a name is taken back from a connection that died without an end (capability `madang.chat/resume`).

use super::common::{Irc, Net};

/// A client that knows RESUME, and its token.
fn with_token(net: &Net, nick: &str) -> (Irc, String) {
    let mut irc = net.newcomer();
    irc.request(&["madang.chat/resume"]);
    irc.send("CAP END");
    let token = irc.register(nick).one("RESUME <any>").last().to_owned();
    (irc, token)
}

#[test]
fn a_token_takes_the_name_back_from_a_connection_that_is_still_open() {
    let net = Net::start();
    let (mut old, token) = with_token(&net, "ann");
    old.ask("JOIN #a");
    let [mut bob] = net.room("#a", ["bob"]);
    old.drain();
    let mut new = net.newcomer();
    new.ask("NICK ann").one("433 * ann <any>");
    new.check(&format!("RESUME {token}"), &[]);
    new.check("NICK ann", &[]);
    bob.sees_nothing();
    new.ask("USER ann 0 * :Ann").one("001 ann <any>");
    bob.sees(&[":ann QUIT :resumed by another connection"]);
    assert!(old.rest().last().unwrap().is("ERROR <any>"));
    new.check(
        "JOIN #a",
        &[":ann JOIN #a", "353 ann = #a :<any>", "366 ann #a <any>"],
    );
    bob.sees(&[":ann JOIN #a"]);
    bob.send("PRIVMSG ann :hello");
    new.until(":bob PRIVMSG ann :hello");
    // It was for once.
    let mut third = net.newcomer();
    third.check(
        &format!("RESUME {token}"),
        &["FAIL RESUME INVALID_TOKEN <any>"],
    );
}

#[test]
fn no_client_gets_a_token_that_has_not_asked() {
    let net = Net::start();
    net.newcomer().register("ann").have_no(&["RESUME"]);
}

#[test]
fn a_token_of_a_user_who_is_gone_takes_nothing() {
    let net = Net::start();
    let (mut old, token) = with_token(&net, "ann");
    let mut new = net.newcomer();
    new.check(&format!("RESUME {token}"), &[]);
    old.send("QUIT");
    old.rest();
    // Another may have the slot by then.
    let mut bob = net.enter("bob");
    new.send("NICK ann");
    new.ask("USER ann 0 * :Ann").one("001 ann <any>");
    bob.ask("WHOIS ann").one("311 bob ann <...>");
    bob.sees_nothing();
}

#[test]
fn guesses_of_tokens_are_delayed() {
    let net = Net::start();
    let (_old, token) = with_token(&net, "ann");
    let guess = format!("RESUME {}0", &token[..token.len() - 1]);
    let mut eve = net.newcomer();
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(eve.ask(&guess).text());
    }
    assert!(answers[0].contains("INVALID_TOKEN") || answers[0].is_empty());
    assert!(answers.last().unwrap().contains("TRY_AGAIN"), "{answers:?}");
}
