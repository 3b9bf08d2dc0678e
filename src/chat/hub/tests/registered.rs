//! Registered rooms: what stays of them, whose they are, and what is to be stored.

use super::*;
use crate::chat::{
    AccountId,
    mode::{Rank, RoomFlag, Sign},
    registered::RoomChanges,
};

/// A hub with accounts of these names, whose users are logged in and in `#copa`, the first as its operator.
fn den(names: &[&str]) -> (Hub, Vec<(UserId, AccountId)>) {
    let (mut hub, mut all) = (Hub::new(RULES), Vec::new());
    for name in names {
        let account = hub.add_account(nick(name)).unwrap();
        let user = enter(&mut hub, name, account);
        told(&mut hub, user, join("#copa"));
        all.push((user, account));
    }
    (hub, all)
}

fn enter(hub: &mut Hub, name: &str, account: AccountId) -> UserId {
    let profile = Profile {
        account: Some(account),
        ..Profile::default()
    };
    hub.enter(nick(name), profile, Now::at_ms(1)).unwrap()
}

fn register() -> Command<'static> {
    let room = room("#copa");
    Command::RegisterRoom { room }
}

fn leave() -> Command<'static> {
    let (room, reason) = (room("#copa"), "");
    Command::Leave { room, reason }
}

fn rank<'a>(account: &'a str, sign: Sign, rank: Rank) -> Command<'a> {
    let room = room("#copa");
    Command::SetRoomRank {
        room,
        account,
        sign,
        rank,
    }
}

#[track_caller]
fn check_highest(hub: &Hub, user: UserId, expected: Option<Rank>) {
    let id = hub.find_room(&room("#copa")).unwrap();
    assert_eq!(hub.ranks(user, id).highest(), expected);
}

#[test]
fn a_registered_room_outlives_its_last_member() {
    let (mut hub, all) = den(&["alice", "bob"]);
    let ((alice, _), (bob, _)) = (all[0], all[1]);
    assert_eq!(told(&mut hub, alice, register()).len(), 1, "its rank");
    set(&mut hub, alice, "#copa", "+mkb", &["sesame", "*!*@bad"]);
    let text = "keep this";
    let topic = Command::SetTopic {
        room: room("#copa"),
        text,
    };
    told(&mut hub, alice, topic);
    told(&mut hub, bob, leave());
    told(&mut hub, alice, leave());
    assert_eq!(
        (hub.room_count(), hub.rooms().count()),
        (0, 0),
        "in no list"
    );
    let refusal = refused(&mut hub, bob, join("#copa"));
    assert_eq!(
        refusal,
        Refusal::BadKey {
            room: room("#copa")
        }
    );
    assert!(hub.find_room(&room("#COPA")).is_some());
    let alike = refused(&mut hub, bob, join("#сора"));
    assert!(matches!(alike, Refusal::RoomLooksLike { .. }), "{alike:?}");

    // The founder needs no key, has the rank before others see the arrival, and finds everything.
    let events = told(&mut hub, alice, join("#copa"));
    assert!(matches!(events[1].body, Body::ModesChanged { .. }));
    check_highest(&hub, alice, Some(Rank::Founder));
    let id = hub.find_room(&room("#copa")).unwrap();
    let record = hub.room(id).unwrap();
    assert!(record.has(RoomFlag::Moderated) && record.key() == Some("sesame"));
    assert_eq!(&*record.topic().unwrap().text, "keep this");
    assert_eq!((hub.room_count(), hub.mask_count()), (1, 1));
}

#[test]
fn a_room_that_ended_leaves_nothing() {
    let (mut hub, all) = den(&["alice", "bob"]);
    let ((alice, _), (bob, _)) = (all[0], all[1]);
    told(&mut hub, alice, register());
    set(&mut hub, alice, "#copa", "+kb", &["sesame", "*!*@bad"]);
    let id = hub.may_unregister(alice, &room("#copa")).unwrap();
    let other = hub.may_unregister(bob, &room("#copa"));
    assert_eq!(
        other,
        Err(Refusal::NotFounder {
            room: room("#copa")
        })
    );
    told(&mut hub, bob, leave());
    told(&mut hub, alice, leave());
    assert!(hub.unregister_room(id) && !hub.unregister_room(id));
    hub.check_invariants();
    let events = told(&mut hub, bob, join("#copa"));
    assert_eq!(events.len(), 1);
    check_highest(&hub, bob, Some(Rank::Operator));
    assert_eq!(hub.mask_count(), 0);
    let changes = hub.take_room_changes();
    assert_eq!(changes.gone, [room("#copa")]);
    assert_eq!(changes.changed, []);
}

#[test]
fn ranks_of_accounts_are_the_founder_s_to_give() {
    let (mut hub, all) = den(&["alice", "bob", "carol"]);
    let ((alice, _), (bob, _), (carol, _)) = (all[0], all[1], all[2]);
    assert_eq!(
        refused(&mut hub, bob, register()),
        Refusal::NotOperator {
            room: room("#copa"),
            needed: Rank::Operator
        }
    );
    told(&mut hub, alice, register());
    let again = Refusal::RoomRegistered {
        room: room("#copa"),
    };
    assert_eq!(refused(&mut hub, alice, register()), again);
    told(&mut hub, alice, rank("BOB", Sign::Plus, Rank::Operator));
    check_highest(&hub, bob, Some(Rank::Operator));
    let not_his = refused(&mut hub, bob, rank("carol", Sign::Plus, Rank::Voice));
    assert_eq!(
        not_his,
        Refusal::NotFounder {
            room: room("#copa")
        }
    );
    let second = refused(&mut hub, alice, rank("bob", Sign::Plus, Rank::Founder));
    assert_eq!(second, Refusal::FounderIsGiven);
    // An operator cannot take the name away from the founder.
    let away = Command::RenameRoom {
        room: room("#copa"),
        to: room("#lair"),
        reason: "",
    };
    assert!(matches!(
        refused(&mut hub, bob, away),
        Refusal::NotOperator { .. }
    ));

    told(&mut hub, bob, leave());
    set(&mut hub, alice, "#copa", "+i", &[]);
    told(&mut hub, bob, join("#copa"));
    check_highest(&hub, bob, Some(Rank::Operator));
    let (name, nick) = (room("#copa"), Some("carol"));
    told(&mut hub, bob, Command::ClaimRank { room: name, nick });
    check_highest(&hub, carol, Some(Rank::Operator));
    told(&mut hub, alice, rank("bob", Sign::Minus, Rank::Operator));
    check_highest(&hub, bob, None);

    let to_bob = Command::GiveRoom {
        room: room("#copa"),
        account: "bob",
    };
    told(&mut hub, alice, to_bob);
    check_highest(&hub, bob, Some(Rank::Founder));
    check_highest(&hub, alice, Some(Rank::Operator));
}

#[test]
fn a_login_brings_the_rank() {
    let (mut hub, all) = den(&["alice"]);
    let (alice, account) = all[0];
    told(&mut hub, alice, register());
    let other = hub.enter(nick("zoe"), Profile::default(), Now::at_ms(1));
    let other = other.unwrap();
    told(&mut hub, other, join("#copa"));
    check_highest(&hub, other, None);
    told(&mut hub, other, Command::LogIn { account });
    check_highest(&hub, other, Some(Rank::Founder));
}

#[test]
fn rooms_end_with_their_account() {
    let (mut hub, all) = den(&["alice", "bob"]);
    let ((alice, account), (bob, of_bob)) = (all[0], all[1]);
    told(&mut hub, alice, register());
    told(&mut hub, alice, rank("bob", Sign::Plus, Rank::Voice));
    hub.take_room_changes();
    let id = hub.find_room(&room("#copa")).unwrap();
    assert_eq!(hub.rooms_with_rank_of(of_bob), [id]);
    told(&mut hub, bob, quit());
    assert!(hub.remove_account(of_bob));
    hub.check_invariants();
    assert_eq!(hub.take_room_changes().changed, [id]);
    assert_eq!(hub.registration(id).unwrap().ranks, []);
    told(&mut hub, alice, quit());
    assert!(hub.remove_account(account));
    hub.check_invariants();
    assert_eq!(hub.find_room(&room("#copa")), None);
    assert_eq!(hub.take_room_changes().gone, [room("#copa")]);
}

#[test]
fn changes_are_noted_once_until_they_are_taken() {
    let (mut hub, all) = den(&["alice", "bob"]);
    let alice = all[0].0;
    set(&mut hub, alice, "#copa", "+m", &[]);
    assert_eq!(hub.take_room_changes(), RoomChanges::default());
    told(&mut hub, alice, register());
    for letters in ["-m", "+m"] {
        set(&mut hub, alice, "#copa", letters, &[]);
    }
    let id = hub.find_room(&room("#copa")).unwrap();
    assert_eq!(hub.take_room_changes().changed, [id]);
    told(&mut hub, all[1].0, leave());
    assert_eq!(hub.take_room_changes(), RoomChanges::default());
    let renamed = Command::RenameRoom {
        room: room("#copa"),
        to: room("#lair"),
        reason: "",
    };
    told(&mut hub, alice, renamed);
    let changes = hub.take_room_changes();
    assert_eq!(
        (changes.gone, changes.changed),
        (vec![room("#copa")], vec![id])
    );
}

#[test]
fn an_account_has_so_many_rooms_and_a_room_so_many_ranks() {
    let limits = Limits {
        registered_rooms_per_account: 1,
        registered_rooms: 2,
        room_ranks: 1,
        ..Limits::default()
    };
    let mut hub = Hub::with_limits(RULES, limits);
    let mut users = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let account = hub.add_account(nick(name)).unwrap();
        users.push(enter(&mut hub, name, account));
    }
    let mut of = |user, name: &str| {
        told(&mut hub, user, join(name));
        let room = room(name);
        hub.apply(user, Command::RegisterRoom { room }, Now::at_ms(2))
            .inspect(|()| while hub.next_event().is_some() {})
    };
    assert_eq!(of(users[0], "#copa"), Ok(()));
    assert_eq!(
        of(users[0], "#two"),
        Err(Refusal::TooManyRegistered { max: 1 })
    );
    assert_eq!(of(users[1], "#three"), Ok(()));
    assert_eq!(of(users[2], "#four"), Err(Refusal::NoMoreRooms));
    told(&mut hub, users[0], rank("bob", Sign::Plus, Rank::Voice));
    let refusal = refused(&mut hub, users[0], rank("carol", Sign::Plus, Rank::Voice));
    assert_eq!(
        refusal,
        Refusal::TooManyRanks {
            room: room("#copa"),
            max: 1
        }
    );
}

#[test]
fn a_former_founder_keeps_what_it_has_as_a_member_until_it_leaves() {
    let (mut hub, all) = den(&["alice", "bob"]);
    let ((alice, _), (bob, _)) = (all[0], all[1]);
    told(&mut hub, alice, register());
    let give = Command::GiveRoom {
        room: room("#copa"),
        account: "bob",
    };
    told(&mut hub, alice, give);
    check_highest(&hub, alice, Some(Rank::Operator));
    check_highest(&hub, bob, Some(Rank::Founder));
    told(&mut hub, alice, leave());
    told(&mut hub, alice, join("#copa"));
    check_highest(&hub, alice, None);
}

#[test]
fn the_name_of_a_stored_room_that_cannot_be_used_is_not_registered() {
    let (mut hub, all) = den(&["alice"]);
    let alice = all[0].0;
    hub.withhold_room(&room("#COPA"));
    let refusal = refused(&mut hub, alice, register());
    assert!(matches!(refusal, Refusal::RoomRegistered { .. }));
    told(&mut hub, alice, join("#other"));
    let other = room("#other");
    told(&mut hub, alice, Command::RegisterRoom { room: other });
    told(&mut hub, alice, leave());
    let rename = Command::RenameRoom {
        room: room("#other"),
        to: room("#copa"),
        reason: "",
    };
    let refusal = refused(&mut hub, alice, rename);
    assert!(matches!(refusal, Refusal::RoomRegistered { .. }));
}

#[test]
fn registrations_count_in_what_users_make_the_hub_keep() {
    let (mut hub, all) = den(&["alice"]);
    let before = hub.kept_bytes();
    told(&mut hub, all[0].0, register());
    let after = hub.kept_bytes();
    assert!(after > before, "{before} {after}");
    hub.set_kept_bytes_max(before + 1);
    assert!(!hub.has_room_to_keep());
}
