//! Accounts: who may use a name, and what users see of logins.

use super::*;
use crate::chat::AccountId;

fn account(hub: &mut Hub, name: &str) -> AccountId {
    hub.may_register(&nick(name), None).unwrap();
    hub.add_account(nick(name)).unwrap()
}

fn enter_as(hub: &mut Hub, name: &str, account: Option<AccountId>) -> Result<UserId, Refusal> {
    let profile = Profile {
        account,
        ..Profile::default()
    };
    hub.enter(nick(name), profile, Now::default())
}

#[test]
fn the_name_of_an_account_is_for_its_owner() {
    let (mut hub, ids) = hub_with(&[("bob", &[])]);
    let alice = account(&mut hub, "copa");
    let other = account(&mut hub, "carol");
    for name in ["copa", "COPA", "сора"] {
        let owned = Refusal::NickOwned { nick: nick(name) };
        assert_eq!(enter_as(&mut hub, name, None), Err(owned.clone()));
        assert_eq!(enter_as(&mut hub, name, Some(other)), Err(owned.clone()));
        let rename = Command::Rename { nick: nick(name) };
        assert_eq!(refused(&mut hub, ids[0], rename), owned);
    }
    let user = enter_as(&mut hub, "Copa", Some(alice)).unwrap();
    assert_eq!(hub.user(user).unwrap().account(), Some("copa"));
    hub.check_invariants();
}

#[test]
fn a_name_that_another_user_has_is_not_registered() {
    let (mut hub, ids) = hub_with(&[("copa", &[])]);
    let taken = Err(Refusal::NickTaken { nick: nick("copa") });
    assert_eq!(hub.may_register(&nick("COPA"), None), taken);
    assert!(hub.may_register(&nick("сора"), None).is_err());
    assert_eq!(hub.may_register(&nick("copa"), Some(ids[0])), Ok(()));
    let reserved = hub.may_register(&nick("NickServ"), None);
    assert!(matches!(reserved, Err(Refusal::NickReserved { .. })));
    account(&mut hub, "dave");
    let exists = hub.may_register(&nick("DAVE"), None);
    assert!(matches!(exists, Err(Refusal::AccountExists { .. })));
}

#[test]
fn a_login_is_seen_by_those_who_share_a_room_and_a_logout_gives_up_the_nick() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &["#b"])]);
    hub.may_register(&nick("alice"), Some(ids[0])).unwrap();
    let account = hub.add_account(nick("alice")).unwrap();
    let events = told(&mut hub, ids[0], Command::LogIn { account });
    assert!(matches!(
        events[..],
        [Event {
            body: Body::AccountChanged,
            ..
        }]
    ));
    let mut audience = audience(&hub, &events[0]);
    audience.sort_unstable();
    assert_eq!(audience, [ids[0], ids[1]]);
    assert!(told(&mut hub, ids[0], Command::LogIn { account }).is_empty());

    let events = told(&mut hub, ids[0], Command::LogOut);
    assert!(matches!(
        events[..],
        [
            Event {
                body: Body::Renamed { .. },
                ..
            },
            Event {
                body: Body::AccountChanged,
                ..
            }
        ]
    ));
    let user = hub.user(ids[0]).unwrap();
    assert_eq!(user.account(), None);
    assert!(user.nick().as_str().starts_with("guest"), "{}", user.nick());
    hub.check_invariants();
    assert!(hub.remove_account(account));
    let gone = refused(&mut hub, ids[0], Command::LogIn { account });
    assert_eq!(gone, Refusal::NoSuchAccount);
    assert!(told(&mut hub, ids[0], Command::LogOut).is_empty());
}

#[test]
fn rooms_for_accounts_alone_let_users_in_and_speak_once_they_are_logged_in() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    set(&mut hub, ids[0], "#a", "+M", &[]);
    let a = room("#a");
    let to_room = || say(Target::Room(&a), "hello");
    assert!(matches!(
        refused(&mut hub, ids[1], to_room()),
        Refusal::CannotSpeak { .. }
    ));
    let account = account(&mut hub, "bobby");
    told(&mut hub, ids[1], Command::LogIn { account });
    assert_eq!(told(&mut hub, ids[1], to_room()).len(), 1);
}

#[test]
fn a_nick_of_one_account_is_given_up_for_another_login() {
    let mut hub = Hub::new(RULES);
    let (alice, bob) = (account(&mut hub, "alice"), account(&mut hub, "bob"));
    let user = enter_as(&mut hub, "alice", Some(alice)).unwrap();
    told(&mut hub, user, Command::LogIn { account: bob });
    let record = hub.user(user).unwrap();
    assert_eq!(record.account(), Some("bob"));
    assert!(
        record.nick().as_str().starts_with("guest"),
        "{}",
        record.nick()
    );
    assert!(enter_as(&mut hub, "alice", Some(alice)).is_ok());
    hub.check_invariants();
}

#[test]
fn lists_judge_by_the_account_from_the_login_on() {
    let (mut hub, ids) = hub_with(&[("op", &["#a"]), ("bob", &["#a"]), ("eve", &[])]);
    let carol = account(&mut hub, "carol");
    let here = room("#a");
    let hi = say(Target::Room(&here), "hi");
    set(&mut hub, ids[0], "#a", "+b", &["~a:CAROL"]);
    told(&mut hub, ids[1], hi.clone());
    told(&mut hub, ids[1], Command::LogIn { account: carol });
    assert_eq!(
        silence(refused(&mut hub, ids[1], hi.clone())),
        Silence::Banned
    );
    told(&mut hub, ids[1], Command::LogOut);
    told(&mut hub, ids[1], hi.clone());
    told(&mut hub, ids[1], Command::LogIn { account: carol });
    set(&mut hub, ids[0], "#a", "-b+b", &["~a:carol", "~m:~a"]);
    assert_eq!(silence(refused(&mut hub, ids[1], hi)), Silence::Muted);

    // A room for accounts alone: no invitation is needed by those who have one.
    set(&mut hub, ids[0], "#a", "+iI-b", &["~a", "~m:~a:*"]);
    let refusal = refused(&mut hub, ids[2], join("#a"));
    assert!(matches!(refusal, Refusal::InviteOnly { .. }));
    told(&mut hub, ids[2], Command::LogIn { account: carol });
    told(&mut hub, ids[2], join("#a"));

    // And one that bans a whole host but for an account.
    let leave = Command::Leave {
        room: room("#a"),
        reason: "",
    };
    told(&mut hub, ids[2], leave);
    set(
        &mut hub,
        ids[0],
        "#a",
        "-I+be-i",
        &["~a", "*!*@*", "~a:car*"],
    );
    told(&mut hub, ids[2], join("#a"));
    let entered = enter_as(&mut hub, "dave", None).unwrap();
    let refusal = refused(&mut hub, entered, join("#a"));
    assert!(matches!(refusal, Refusal::Banned { .. }));
}
