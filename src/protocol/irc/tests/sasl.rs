//! AUTHENTICATE: each mechanism, each numeric, and what waits for a login.

use super::Stage;
use crate::{
    auth::testing::{client_final, text_of},
    chat::{NameRules, Nick},
    protocol::{
        Context as _, account::AccountError, irc::sasl::message::pieces_of, testing::World,
    },
};
use std::time::Duration;

const LOGGED_IN: &str = ":srv 900 a a!~a@home alice :You are now logged in as alice";
const SUCCESS: &str = ":srv 903 a :SASL authentication successful";
const FAILED: &str = ":srv 904 a :SASL authentication failed";

/// A world with an account, `alice` with the password `secret`, and a registered client `a`.
fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.world.account_rules = Some(World::ACCOUNT_RULES);
    stage.world.accounts.has_certificate = true;
    stage.world.add_account("alice", "secret");
    stage.register('a', "");
    stage
}

fn send_message(stage: &mut Stage, message: &[u8]) {
    for piece in pieces_of(message) {
        stage.send('a', &format!("AUTHENTICATE {piece}"));
    }
}

/// Logs in by PLAIN with this message; what is answered at the end.
fn plain(stage: &mut Stage, message: &str) -> Vec<String> {
    stage.send('a', "AUTHENTICATE PLAIN");
    assert_eq!(stage.received('a'), ["AUTHENTICATE +"]);
    send_message(stage, message.as_bytes());
    if !stage.world.account_requests.is_empty() {
        assert!(stage.clients[0].2.is_busy());
        let outcome = stage.world.finish_account();
        stage.finish('a', outcome);
    }
    assert!(!stage.clients[0].2.is_busy());
    stage.received('a')
}

#[test]
fn plain_logs_in_with_the_password() {
    let mut stage = stage();
    for (message, is_right) in [
        ("\0alice\0secret", true),
        ("alice\0alice\0secret", true),
        ("ALICE\0Alice\0secret", true),
        ("bob\0alice\0secret", false),
        ("\0alice\0Secret", false),
        ("\0nobody\0secret", false),
        ("\0no name\0secret", false),
        ("\0alice\0", false),
        ("alice secret", false),
        ("", false),
    ] {
        let expected = match is_right {
            true => &[LOGGED_IN, SUCCESS][..],
            false => &[FAILED],
        };
        assert_eq!(plain(&mut stage, message), expected, "{message:?}");
    }
    let user = stage.world.at(stage.clients[0].1).user().unwrap();
    let user = stage.world.hub.user(user).unwrap();
    assert_eq!(user.account(), Some("alice"));
}

#[test]
fn a_long_password_comes_in_pieces() {
    let mut stage = stage();
    for length in [592, 293] {
        let (name, password) = (format!("long{length}"), "x".repeat(length));
        stage.world.add_account(&name, &password);
        let told = plain(&mut stage, &format!("\0{name}\0{password}"));
        assert_eq!(told.len(), 2, "{length}");
        let told = plain(&mut stage, &format!("\0{name}\0{password}x"));
        assert_eq!(told, [FAILED]);
    }
}

#[test]
fn scram_proves_the_password_without_sending_it() {
    let mut stage = stage();
    for (name, password, is_right) in [
        ("alice", "secret", true),
        ("ALICE", "secret", true),
        ("alice", "Secret", false),
        ("nobody", "secret", false),
    ] {
        stage.send('a', "AUTHENTICATE scram-sha-256");
        stage.received('a');
        send_message(&mut stage, format!("n,,n={name},r=theirs").as_bytes());
        let told = stage.received('a');
        let challenge = text_of(told[0].strip_prefix("AUTHENTICATE ").unwrap());
        assert!(challenge.starts_with("r=theirsours,s="), "{challenge}");
        let proof = client_final(name, password, "theirs", &challenge);
        send_message(&mut stage, proof.as_bytes());
        let told = stage.received('a');
        if is_right {
            assert!(told[0].starts_with("AUTHENTICATE dj"), "{told:?}");
            stage.play(&format!("a> AUTHENTICATE +\na< {LOGGED_IN}\na< {SUCCESS}"));
        } else {
            assert_eq!(told, [FAILED]);
        }
    }
}

#[test]
fn external_logs_in_by_certificate() {
    let mut stage = stage();
    stage.play(&format!(
        "a> AUTHENTICATE EXTERNAL\na< AUTHENTICATE +\na> AUTHENTICATE +\na< {FAILED}"
    ));
    stage.world.add_account("bob", "x");
    let alice = stage.world.hub.accounts().find(&nick("alice"));
    stage.world.accounts.of_certificate = alice;
    stage.play(&format!(
        "a> AUTHENTICATE EXTERNAL\na< AUTHENTICATE +\na> AUTHENTICATE +\na< {LOGGED_IN}\na< {SUCCESS}
         a> AUTHENTICATE EXTERNAL\na< AUTHENTICATE +\na> AUTHENTICATE YWxpY2U=\na< {LOGGED_IN}\na< {SUCCESS}
         a> AUTHENTICATE EXTERNAL\na< AUTHENTICATE +\na> AUTHENTICATE Ym9i\na< {FAILED}"
    ));
}

fn nick(text: &str) -> Nick {
    Nick::parse(text, NameRules { unicode: true }).unwrap()
}

#[test]
fn what_ends_an_exchange() {
    let mut stage = stage();
    let long = "A".repeat(401);
    let full = "A".repeat(400);
    stage.play(&format!(
        "
        a> AUTHENTICATE *
        a< :srv 906 a :SASL authentication aborted
        a> AUTHENTICATE PLAIN
        a< AUTHENTICATE +
        a> AUTHENTICATE *
        a< :srv 906 a :SASL authentication aborted
        a> AUTHENTICATE PLAIN
        a< AUTHENTICATE +
        a> AUTHENTICATE {long}
        a< :srv 905 a :SASL message too long
        a> AUTHENTICATE PLAIN
        a< AUTHENTICATE +
        a> AUTHENTICATE {full}
        a> AUTHENTICATE {full}
        a> AUTHENTICATE {full}
        a> AUTHENTICATE {full}
        a> AUTHENTICATE {full}
        a> AUTHENTICATE {full}
        a> AUTHENTICATE AAAA
        a< :srv 905 a :SASL message too long
        a> AUTHENTICATE PLAIN
        a< AUTHENTICATE +
        a> AUTHENTICATE ????
        a< {FAILED}
        a> AUTHENTICATE {long}
        a< :srv 905 a :SASL message too long
        a> AUTHENTICATE DIGEST-MD5
        a< :srv 908 a SCRAM-SHA-256,PLAIN,EXTERNAL :are available SASL mechanisms
        a< {FAILED}
        a> AUTHENTICATE
        a< :srv 461 a AUTHENTICATE :Not enough parameters
        "
    ));
    assert_eq!(stage.clients[0].2.memory(), 0, "nothing is kept");
    stage.world.accounts.has_certificate = false;
    let rules = stage.world.account_rules.as_mut().unwrap();
    rules.plain_text_login = false;
    stage.play(&format!(
        "a> AUTHENTICATE PLAIN\na< :srv 908 a SCRAM-SHA-256 :are available SASL mechanisms\na< {FAILED}"
    ));
    stage.world.account_rules = None;
    stage.play(&format!("a> AUTHENTICATE PLAIN\na< {FAILED}"));
}

#[test]
fn a_login_that_may_not_be_tried_now() {
    let mut stage = stage();
    for (error, words) in [
        (
            AccountError::TooSoon(Duration::from_millis(1500)),
            "too many wrong passwords; try again in 2 seconds",
        ),
        (
            AccountError::Busy,
            "too many passwords are being checked; try again in a few seconds",
        ),
    ] {
        stage.world.accounts.error = Some(error);
        let told = plain(&mut stage, "\0alice\0secret");
        assert_eq!(told, [format!("{FAILED}: {words}")]);
        stage.send('a', "AUTHENTICATE SCRAM-SHA-256");
        stage.received('a');
        send_message(&mut stage, b"n,,n=alice,r=theirs");
        assert_eq!(stage.received('a'), [format!("{FAILED}: {words}")]);
    }
    let reason = "spam".into();
    stage.world.accounts.error = Some(AccountError::Suspended { reason });
    let told = plain(&mut stage, "\0alice\0secret");
    assert_eq!(told, [":srv 902 a :the account is suspended: spam"]);
}

#[test]
fn registration_waits_for_a_login() {
    let mut stage = Stage::new();
    stage.world.account_rules = Some(World::ACCOUNT_RULES);
    stage.world.accounts.has_certificate = true;
    stage.world.add_account("alice", "secret");
    stage.connect('a');
    stage.send('a', "CAP LS 302");
    let told = stage.received('a').join(" ");
    assert!(told.contains("sasl=SCRAM-SHA-256,PLAIN,EXTERNAL"), "{told}");
    stage.play("a> CAP REQ sasl\na< :srv CAP * ACK :sasl\na> NICK alice\na> USER u 0 * :R");
    stage.send('a', "AUTHENTICATE SCRAM-SHA-256");
    stage.received('a');
    send_message(&mut stage, b"n,,n=alice,r=theirs");
    assert_eq!(stage.received('a').len(), 1);
    // The exchange goes on.
    stage.play("a> CAP END");
    stage.send('a', "AUTHENTICATE *");
    let told = stage.received('a');
    assert!(told[0].contains(" 906 * "), "{told:?}");
    assert!(
        told[1].contains(" 433 "),
        "the name is that of an account: {told:?}"
    );

    // The same without capabilities, while PLAIN is being checked.
    stage.connect('b');
    stage.play("b> NICK Alice\nb> AUTHENTICATE PLAIN\nb< AUTHENTICATE +\nb> USER u 0 * :R");
    let piece = &pieces_of(b"\0alice\0secret")[0];
    stage.send('b', &format!("AUTHENTICATE {piece}"));
    assert!(stage.received('b').is_empty());
    let outcome = stage.world.finish_account();
    stage.finish('b', outcome);
    let told = stage.received('b');
    assert_eq!(
        told[0],
        ":srv 900 * Alice!~u@home alice :You are now logged in as alice"
    );
    assert_eq!(told[1], ":srv 903 * :SASL authentication successful");
    assert!(told[2].starts_with(":srv 001 Alice "), "{told:?}");
}

#[test]
fn a_second_login_before_registration_is_refused_and_after_it_is_not() {
    let mut stage = Stage::new();
    stage.world.account_rules = Some(World::ACCOUNT_RULES);
    stage.world.accounts.has_certificate = true;
    stage.world.add_account("alice", "secret");
    stage.world.add_account("bob", "hidden");
    stage.connect('a');
    assert_eq!(plain(&mut stage, "\0alice\0secret").len(), 2);
    stage.play("a> AUTHENTICATE PLAIN\na< :srv 907 * :You have already authenticated using SASL");
    stage.send('a', "NICK a");
    stage.send('a', "USER a 0 * :R");
    stage.received('a');
    let told = plain(&mut stage, "\0bob\0hidden");
    assert!(
        told[0].ends_with(" bob :You are now logged in as bob"),
        "{told:?}"
    );
    // Still logged in after a failure.
    assert_eq!(plain(&mut stage, "\0alice\0wrong"), [FAILED]);
}

#[test]
fn the_answer_to_a_labelled_line_comes_later() {
    let mut stage = Stage::new();
    stage.world.account_rules = Some(World::ACCOUNT_RULES);
    stage.world.accounts.has_certificate = true;
    stage.world.add_account("alice", "secret");
    stage.register('a', "labeled-response batch");
    stage.send('a', "@label=x AUTHENTICATE PLAIN");
    assert_eq!(stage.received('a'), ["@label=x AUTHENTICATE +"]);
    let piece = &pieces_of(b"\0alice\0wrong")[0];
    stage.send('a', &format!("@label=y AUTHENTICATE {piece}"));
    let outcome = stage.world.finish_account();
    stage.finish('a', outcome);
    assert_eq!(stage.received('a'), [format!("@label=y {FAILED}")]);
    // A result that nothing waits for.
    stage.finish('a', Err(AccountError::Wrong));
    assert!(stage.received('a').is_empty());
}
