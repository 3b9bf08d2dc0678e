//! NickServ's commands against a fake server.

use super::{Reply, finish, run, run_room};
use crate::{
    chat::{Command, Nick, Profile, RoomName, mode::RoomFlags},
    protocol::{
        Context as _,
        account::{AccountError, AccountOutcome, AccountRules, Registration},
        flavour::Flavour,
        testing::World,
    },
};

const RULES: AccountRules = AccountRules {
    registration: Registration::Open,
    plain_text_login: false,
    password_bytes_min: 8,
    before_connect: false,
    custom_names: false,
};

/// A world with accounts and alice, who comes by an encrypted connection.
fn world() -> (World, usize) {
    let mut world = World::new();
    (world.account_rules, world.secure) = (Some(RULES), true);
    let route = world.connect(Flavour::Telnet);
    let nick = Nick::parse("alice", world.hub.rules()).unwrap();
    world.at(route).enter(nick, Profile::default()).unwrap();
    world.received(route);
    (world, route)
}

#[track_caller]
fn check(world: &mut World, route: usize, text: &str, expected: &str) {
    match run(text, &mut world.at(route)) {
        Reply::Lines(lines) => assert_eq!(lines[0], expected, "{text}"),
        Reply::Refused(why) => assert_eq!(why, expected, "{text}"),
        Reply::Later => {
            let request = world.account_requests.last();
            assert_eq!(request.map(String::as_str), Some(expected), "{text}");
        }
    }
}

#[test]
fn each_command_asks_for_what_it_says() {
    let (mut world, route) = world();
    for (text, expected) in [
        ("REGISTER open-sesame", "register alice open-sesame"),
        (
            "register open-sesame a@example",
            "usage: REGISTER PASSWORD [INVITATION]",
        ),
        ("register", "usage: REGISTER PASSWORD [INVITATION]"),
        ("IDENTIFY bob secret phrase", "log in bob secret phrase"),
        ("id secret", "log in alice secret"),
        ("logout", "you are not logged in to an account"),
        ("DROP open-sesame", "you are not logged in to an account"),
        ("info nobody", "there is no such account"),
        (
            "dance",
            "there is no such command; HELP lists those that there are",
        ),
        (
            "",
            "there is no such command; HELP lists those that there are",
        ),
    ] {
        check(&mut world, route, text, expected);
    }
}

#[test]
fn an_owner_can_change_the_password_end_a_ghost_and_log_out() {
    let (mut world, route) = world();
    let alice = Nick::parse("alice", world.hub.rules()).unwrap();
    let account = world.hub.add_account(alice).unwrap();
    let registered = finish(
        Ok(AccountOutcome::Registered(account)),
        &mut world.at(route),
    );
    assert!(registered.unwrap().contains("logged in"));
    check(
        &mut world,
        route,
        "set password new-sesame",
        "set password new-sesame",
    );
    check(
        &mut world,
        route,
        "register again-sesame",
        "you are logged in to an account already",
    );
    check(&mut world, route, "drop open-sesame", "drop open-sesame");
    check(&mut world, route, "info", "the account is alice");
    check(&mut world, route, "cert add", "add certificate");
    let removed = "remove certificate 00";
    check(&mut world, route, "cert del 00", removed);
    check(&mut world, route, "cert list", &"ab".repeat(32));
    for wrong in ["cert x", "cert del", "cert add 00"] {
        let usage = "usage: CERT ADD | DEL FINGERPRINT | LIST";
        check(&mut world, route, wrong, usage);
    }

    let other = world.connect(Flavour::Telnet);
    let bob = Nick::parse("bob", world.hub.rules()).unwrap();
    world.at(other).enter(bob, Profile::default()).unwrap();
    let stranger = "that is no other connection of your account";
    check(&mut world, route, "ghost bob", stranger);
    check(&mut world, route, "ghost alice", stranger);
    world.at(other).apply(Command::LogIn { account }).unwrap();
    check(
        &mut world,
        route,
        "ghost bob",
        "that connection is closed, and its name is free",
    );
    assert!(world.hub.find_user("bob").is_none());
    check(&mut world, route, "logout", "you are logged out");
    world.hub.check_invariants();
}

#[test]
fn operators_of_the_server_suspend_accounts_and_make_them_for_others() {
    let (mut world, route) = world();
    let bob = Nick::parse("bob", world.hub.rules()).unwrap();
    let account = world.hub.add_account(bob).unwrap();
    let denied = "permission denied: that is for operators of the server";
    let listed = |world: &mut World, word: &str| match run("help", &mut world.at(route)) {
        Reply::Lines(lines) => lines.iter().any(|line| line.starts_with(word)),
        other => panic!("{other:?}"),
    };
    for command in ["SUSPEND", "UNSUSPEND", "SAREGISTER"] {
        check(
            &mut world,
            route,
            &format!("{command} bob open-sesame"),
            denied,
        );
        check(&mut world, route, command, denied);
        assert!(!listed(&mut world, command), "{command}");
    }
    assert!(world.account_requests.is_empty() && world.operator_notes.is_empty());
    world.make_operator(route);
    assert!(listed(&mut world, "SUSPEND "));
    for (text, expected) in [
        ("suspend bob  too much spam", "suspend too much spam"),
        ("suspend bob", "suspend ask an operator of this server"),
        ("suspend", "usage: SUSPEND ACCOUNT [REASON]"),
        ("suspend nobody", "there is no such account"),
        ("unsuspend bob", "unsuspend"),
        (
            "saregister carol open-sesame",
            "register for carol open-sesame",
        ),
        (
            "saregister #c open-sesame",
            "that is no name for an account",
        ),
        ("saregister carol", "usage: SAREGISTER ACCOUNT PASSWORD"),
        ("saregister carol a b", "usage: SAREGISTER ACCOUNT PASSWORD"),
    ] {
        check(&mut world, route, text, expected);
    }
    let made = finish(
        Ok(AccountOutcome::RegisteredFor(account)),
        &mut world.at(route),
    );
    assert_eq!(made.unwrap(), "the account bob is made");
    // No password is in a note.
    let notes = [
        "SUSPEND bob too much spam",
        "SUSPEND bob ask an operator of this server",
        "UNSUSPEND bob",
        "SAREGISTER bob",
    ];
    assert_eq!(world.operator_notes, notes);
    world.accounts.is_suspended = true;
    let info = match run("info bob", &mut world.at(route)) {
        Reply::Lines(lines) => lines,
        other => panic!("{other:?}"),
    };
    assert!(
        info.last()
            .unwrap()
            .starts_with("suspended by root since 2023-11-14")
            && info.last().unwrap().ends_with(": spam"),
        "{info:?}"
    );
    let stranger = world.connect(Flavour::Telnet);
    match run("info bob", &mut world.at(stranger)) {
        Reply::Lines(lines) => assert_eq!(lines.len(), 2, "{lines:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_accounts_need_an_invitation_it_follows_the_password() {
    let (mut world, route) = world();
    let invite = "permission denied: that is for operators of the server";
    check(&mut world, route, "invite", invite);
    let usage = "usage: REGISTER PASSWORD [INVITATION]";
    check(&mut world, route, "register open-sesame token", usage);
    let registration = Registration::Invited;
    let rules = RULES;
    world.account_rules = Some(AccountRules {
        registration,
        ..rules
    });
    let with_token = "register alice open-sesame token";
    check(&mut world, route, "register open-sesame  token", with_token);
    check(&mut world, route, "register open-sesame a b", usage);
    world.make_operator(route);
    check(&mut world, route, "invite", "invite");
    check(&mut world, route, "invite bob", "invite bob");
    check(
        &mut world,
        route,
        "invite #b",
        "that is no name for an account",
    );
    assert_eq!(world.operator_notes, ["INVITE", "INVITE bob"]);
}

#[test]
fn no_password_is_taken_where_others_can_read_it() {
    let (mut world, route) = world();
    world.secure = false;
    let expected = AccountError::NotEncrypted.to_string();
    check(&mut world, route, "register open-sesame", &expected);
    check(&mut world, route, "identify open-sesame", &expected);
    world.account_rules = None;
    let expected = AccountError::NoAccounts.to_string();
    check(&mut world, route, "identify open-sesame", &expected);
}

#[test]
fn a_room_is_registered_given_ranks_and_dropped_by_its_founder() {
    let (mut world, route) = world();
    let say = |world: &mut World, text: &str, expected: &str| {
        let answer = match run_room(text, &mut world.at(route)) {
            Reply::Lines(lines) => lines[0].clone(),
            Reply::Refused(why) => why,
            Reply::Later => world.account_requests.last().cloned().unwrap_or_default(),
        };
        assert!(answer.starts_with(expected), "{text}: {answer}");
    };
    let room = RoomName::parse("#den", world.hub.rules()).unwrap();
    let (key, flags) = (None, RoomFlags::usual());
    let join = Command::Join { room, key, flags };
    world.at(route).apply(join).unwrap();
    say(&mut world, "REGISTER #den", "log in to your account first");
    for name in ["alice", "bob"] {
        let nick = Nick::parse(name, world.hub.rules()).unwrap();
        world.hub.add_account(nick).unwrap();
    }
    let alice = Nick::parse("alice", world.hub.rules()).unwrap();
    let account = world.hub.accounts().find(&alice).unwrap();
    world.at(route).apply(Command::LogIn { account }).unwrap();
    for (text, expected) in [
        ("REGISTER", "usage: REGISTER #ROOM"),
        ("DROP #den", "#den is not registered"),
        ("REGISTER #den", "register room"),
        ("INFO #den", "#den belongs to alice, since "),
        ("INFO #lair", "there is no such room"),
        ("AMODE #den bob +o", "bob has +o in #den from now on"),
        ("AMODE #den bob +oo", "a rank is one of"),
        ("AMODE #den nobody +o", "there is no such account"),
        ("OP #den", "done"),
        ("DROP #den", "drop room"),
        ("TRANSFER #den bob", "#den belongs to bob now"),
        ("DROP #den", "#den is not yours"),
    ] {
        say(&mut world, text, expected);
    }
    world.hub.check_invariants();
}
