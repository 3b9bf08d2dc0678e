//! Entry: the server's password, bans from the server, and their order.

use super::*;
use crate::chat::{Origin, ServerBan, ServerPassword};
use std::time::Duration;

fn profile(username: &str, password: ServerPassword) -> Profile {
    Profile {
        username: username.into(),
        origin: Origin::new("shown.example", "192.0.2.1"),
        password,
        ..Profile::default()
    }
}

fn ban(mask: &str, until_ms: Option<u64>) -> ServerBan {
    ServerBan {
        mask: mask.into(),
        reason: "spam".into(),
        by: "root".into(),
        until: until_ms.map(Moment::from_ms),
    }
}

/// Compares what the hub answers to a new client with what it answered before.
#[track_caller]
fn check(hub: &mut Hub, profile: Profile, now_ms: u64, expected: Result<(), Refusal>) {
    let now = Now::at_ms(now_ms);
    let may = hub.may_enter(&profile.entrant(), now);
    assert_eq!(may, expected, "before a nick is chosen");
    let entered = hub.enter(nick("newcomer"), profile, now);
    assert_eq!(entered.clone().map(|_| ()), expected, "with a nick");
    if let Ok(id) = entered {
        told(hub, id, Command::Quit { reason: "" });
    }
}

#[test]
fn no_client_enters_without_the_password() {
    let mut hub = Hub::new(RULES);
    check(&mut hub, profile("~u", ServerPassword::Missing), 1, Ok(()));
    hub.require_password(true);
    let refused = Err(Refusal::PasswordRequired);
    check(&mut hub, Profile::default(), 1, refused.clone());
    check(&mut hub, profile("~u", ServerPassword::Missing), 1, refused);
    check(&mut hub, profile("~u", ServerPassword::Correct), 1, Ok(()));
}

#[test]
fn a_ban_from_the_server_keeps_clients_out() {
    let banned = || {
        Err(Refusal::BannedFromServer {
            reason: "spam".into(),
        })
    };
    for (mask, username, expected) in [
        ("*@192.0.2.0/24", "~u", banned()),
        ("*@*.example", "~u", banned()),
        ("~U@*", "~u", banned()),
        ("~telnet@*", "", banned()),
        ("~telnet@*", "~u", Ok(())),
        ("*@198.51.100.0/24", "~u", Ok(())),
        (
            "~abcdefghijklmnopqrs@*",
            "~abcdefghijklmnopqrstuvw",
            banned(),
        ),
    ] {
        let mut hub = Hub::new(RULES);
        assert!(hub.add_server_ban(ban(mask, None), Now::at_ms(1)));
        let newcomer = profile(username, ServerPassword::Missing);
        check(&mut hub, newcomer.clone(), 1, expected);
        assert!(hub.remove_server_ban(mask));
        check(&mut hub, newcomer, 1, Ok(()));
    }
}

#[test]
fn a_ban_from_the_server_ends() {
    let mut hub = Hub::new(RULES);
    hub.add_server_ban(ban("*@192.0.2.1", Some(1_000)), Now::at_ms(1));
    let newcomer = || profile("~u", ServerPassword::Missing);
    let reason = "spam".into();
    let banned = Err(Refusal::BannedFromServer { reason });
    check(&mut hub, newcomer(), 999, banned);
    check(&mut hub, newcomer(), 1_000, Ok(()));
}

#[test]
fn the_password_is_asked_before_bans() {
    let mut hub = Hub::new(RULES);
    hub.require_password(true);
    hub.add_server_ban(ban("*@192.0.2.1", None), Now::at_ms(1));
    let newcomer = profile("~u", ServerPassword::Missing);
    check(&mut hub, newcomer, 1, Err(Refusal::PasswordRequired));
}

#[test]
fn a_new_ban_lists_the_users_concerned_but_for_operators() {
    let mut hub = Hub::new(RULES);
    let ids = ["alice", "bob", "carol"].map(|name| {
        let username = if name == "carol" { "~c" } else { "~u" };
        let profile = profile(username, ServerPassword::Missing);
        let entered = hub.enter(nick(name), profile, Now::at_ms(1));
        entered.expect("the names differ")
    });
    hub.add_server_ban(ban("~u@*", Some(Duration::MAX.as_secs())), Now::at_ms(1));
    assert_eq!(hub.banned_users(Now::at_ms(2)), ids[..2]);
    make_operator(&mut hub, ids[0]);
    assert_eq!(hub.banned_users(Now::at_ms(2)), [ids[1]]);
}
