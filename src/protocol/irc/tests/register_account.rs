//! REGISTER and VERIFY: who may, and each refusal.

use super::Stage;
use crate::{
    chat::{Nick, Refusal},
    protocol::{
        account::{AccountError, AccountRules, Registration},
        testing::World,
    },
};

fn stage(before_connect: bool, custom_names: bool) -> Stage {
    let mut stage = Stage::new();
    stage.world.account_rules = Some(AccountRules {
        before_connect,
        custom_names,
        ..World::ACCOUNT_RULES
    });
    stage
}

/// Registers, which is refused at once: the command, the code and what follows it.
#[track_caller]
fn refused(stage: &mut Stage, line: &str) -> String {
    stage.send('a', line);
    let told = stage.received('a');
    assert_eq!(told.len(), 1, "{told:?}");
    let (_, rest) = told[0].split_once(" FAIL ").unwrap();
    rest.to_owned()
}

/// Registers; what is answered.
fn register(stage: &mut Stage, line: &str) -> Vec<String> {
    stage.send('a', line);
    assert!(stage.clients[0].2.is_busy());
    let outcome = stage.world.finish_account();
    stage.finish('a', outcome);
    assert!(!stage.clients[0].2.is_busy());
    stage.received('a')
}

#[test]
fn a_user_registers_its_nick_and_is_logged_in() {
    let mut stage = stage(false, false);
    stage.register('a', "labeled-response batch");
    let told = register(&mut stage, "@label=1 REGISTER * * secret");
    assert!(told[0].starts_with("@label=1 :srv BATCH +"), "{told:?}");
    assert!(told[1].ends_with(":srv REGISTER SUCCESS a :The account is registered"));
    assert!(told[2].ends_with(":srv 900 a a!~a@home a :You are now logged in as a"));
    assert_eq!(
        refused(&mut stage, "REGISTER b * secret"),
        "REGISTER ALREADY_AUTHENTICATED b :You are logged in as a already"
    );
    assert_eq!(
        refused(&mut stage, "VERIFY a 123"),
        "VERIFY ALREADY_AUTHENTICATED a :You are logged in as a already"
    );
}

#[test]
fn a_client_registers_before_it_is_a_user() {
    let mut stage = stage(true, true);
    stage.connect('a');
    stage.send('a', "CAP LS 302");
    let told = stage.received('a').join(" ");
    let cap = " draft/account-registration=before-connect,custom-account-name ";
    assert!(told.contains(cap), "{told}");
    assert_eq!(
        refused(&mut stage, "REGISTER * * secret"),
        "REGISTER NEED_NICK * :First choose a nick, by NICK"
    );
    stage.send('a', "NICK a");
    stage.send('a', "USER u 0 * :R");
    let told = register(&mut stage, "REGISTER * me@example.org secret");
    assert_eq!(
        told[0],
        ":srv REGISTER SUCCESS a :The account is registered"
    );
    assert_eq!(
        told[1],
        ":srv 900 * a!~u@home a :You are now logged in as a"
    );
    stage.send('a', "CAP END");
    assert!(stage.received('a')[0].starts_with(":srv 001 a "));
}

#[test]
fn before_registration_only_where_that_is_allowed() {
    let mut stage = stage(false, true);
    stage.connect('a');
    let told = refused(&mut stage, "REGISTER * * secret");
    let code = "REGISTER COMPLETE_CONNECTION_REQUIRED * :";
    assert!(told.starts_with(code), "{told}");
    assert_eq!(
        refused(&mut stage, "VERIFY a 123"),
        "VERIFY INVALID_CODE a :There is nothing to verify"
    );
    stage.send('a', "CAP LS 302");
    let told = stage.received('a').join(" ");
    let cap = " draft/account-registration=custom-account-name ";
    assert!(told.contains(cap), "{told}");
}

#[test]
fn each_refusal_has_its_code() {
    let mut stage = stage(false, false);
    stage.register('a', "");
    stage.register('b', "");
    stage.world.add_account("taken", "secret");
    let check = |stage: &mut Stage, line: &str, start: &str| {
        let told = refused(stage, line);
        assert!(
            told.starts_with(&format!("REGISTER {start} :")),
            "{line}: {told}"
        );
    };
    for (line, start) in [
        ("REGISTER c * secret", "ACCOUNT_NAME_MUST_BE_NICK c"),
        ("REGISTER * x secret", "UNACCEPTABLE_EMAIL a"),
        ("REGISTER no!name * secret", "BAD_ACCOUNT_NAME no!name"),
    ] {
        check(&mut stage, line, start);
    }
    stage.world.account_rules = Some(World::ACCOUNT_RULES);
    for (line, start) in [
        ("REGISTER taken * secret", "ACCOUNT_EXISTS taken"),
        ("REGISTER b * secret", "BAD_ACCOUNT_NAME b"),
        ("REGISTER NickServ * secret", "BAD_ACCOUNT_NAME NickServ"),
    ] {
        check(&mut stage, line, start);
    }
    for (error, code) in [
        (AccountError::Busy, "TEMPORARILY_UNAVAILABLE"),
        (AccountError::TooMany, "TEMPORARILY_UNAVAILABLE"),
        (AccountError::NotStored, "TEMPORARILY_UNAVAILABLE"),
        (AccountError::PasswordHasControls, "UNACCEPTABLE_PASSWORD"),
        (AccountError::PasswordIsName, "WEAK_PASSWORD"),
        (AccountError::PasswordTooLong, "UNACCEPTABLE_PASSWORD"),
        (
            AccountError::PasswordTooShort { bytes_min: 8 },
            "WEAK_PASSWORD",
        ),
    ] {
        stage.world.accounts.error = Some(error);
        check(&mut stage, "REGISTER c * secret", &format!("{code} c"));
    }
    // Where nobody may register, and where a password could be read on its way.
    let closed = AccountRules {
        registration: Registration::Closed,
        ..World::ACCOUNT_RULES
    };
    let encrypted = AccountRules {
        plain_text_login: false,
        ..World::ACCOUNT_RULES
    };
    for rules in [Some(closed), Some(encrypted), None] {
        stage.world.account_rules = rules;
        check(
            &mut stage,
            "REGISTER c * secret",
            "TEMPORARILY_UNAVAILABLE c",
        );
        stage.play(
            "a> CAP REQ :draft/account-registration
             a< :srv CAP a NAK :draft/account-registration",
        );
    }
}

#[test]
fn a_name_that_is_taken_meanwhile_is_refused_late() {
    let mut stage = stage(false, true);
    stage.register('a', "");
    stage.send('a', "REGISTER c * secret");
    stage.world.account_requests.clear();
    let existing = Nick::parse("C", stage.world.hub.rules()).unwrap();
    stage.finish(
        'a',
        Err(AccountError::Name(Refusal::AccountExists { existing })),
    );
    let told = stage.received('a');
    assert!(
        told[0].contains(" FAIL REGISTER ACCOUNT_EXISTS c :"),
        "{told:?}"
    );
}
