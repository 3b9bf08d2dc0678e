//! Order in a room: modes, ranks, lists, invitations, knocks; what the model beside the hub leaves out of them.

use super::*;
use crate::chat::{
    Fullness,
    mode::{AppliedMode, ListKind, ModeChange, Rank, RoomFlag, Sign, parse_room_changes},
};

#[test]
fn lists_remember_setter_and_time_and_have_a_limit() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"])]);
    let id = hub.find_room(&room("#a")).unwrap();
    for number in 0..100 {
        set(&mut hub, ids[0], "#a", "+b", &[&format!("n{number}")]);
    }
    assert!(
        set(&mut hub, ids[0], "#a", "+b", &["N7!*@*"]).is_empty(),
        "is there"
    );
    let refusals = try_set(&mut hub, ids[0], "#a", "+bb", &["x", "y"]);
    assert_eq!(
        refusals,
        [Refusal::ListFull {
            room: room("#a"),
            kind: ListKind::Ban,
            mask: "x!*@*".into(),
            of: Fullness::List,
        }]
    );
    let entry = &hub.room(id).unwrap().list(ListKind::Ban)[7];
    assert_eq!(
        (entry.mask.as_str(), &*entry.by.name, entry.at),
        ("n7!*@*", "alice!~telnet@", WallTime::from_unix_ms(2))
    );
    set(&mut hub, ids[0], "#a", "+e", &["x"]);
}

#[test]
fn each_change_is_tried_by_itself() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let request = parse_room_changes("+vovms", ["bob", "carol", "dave"]);
    let command = Command::SetRoomModes {
        room: room("#a"),
        changes: &request.changes,
    };
    let events = told(&mut hub, ids[0], command);
    assert_eq!(audience(&hub, &events[0]), ids[..2]);
    assert_eq!(audience(&hub, &events[1]), ids[..1]);
    let Body::ModesChanged { changes, .. } = &events[0].body else {
        panic!("{events:?}");
    };
    let sign = Sign::Plus;
    let flag = |flag| AppliedMode::Flag { sign, flag };
    let rank = Rank::Voice;
    let user = ids[1];
    assert_eq!(
        changes[..],
        [
            AppliedMode::Rank { sign, rank, user },
            flag(RoomFlag::Moderated),
            flag(RoomFlag::Secret)
        ]
    );
    let Body::Refused(refusals) = &events[1].body else {
        panic!("{events:?}");
    };
    let expected = [
        Refusal::TargetNotInRoom {
            nick: nick("carol"),
            room: room("#a"),
        },
        Refusal::NoSuchUser {
            nick: "dave".into(),
        },
    ];
    assert_eq!(refusals[..], expected);
    let refusals = try_set(&mut hub, ids[1], "#a", "+mi-l+b", &["x"]);
    assert_eq!(refusals.len(), 1, "who may do nothing is told so once");
}

#[test]
fn no_member_touches_those_above() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &["#a"])]);
    let needed = |refusals: Vec<Refusal>| match &refusals[..] {
        [] => None,
        [Refusal::NotOperator { needed, .. }] => Some(*needed),
        other => panic!("{other:?}"),
    };
    let mut try_as = |who: usize, letters, parameters: &[&str]| {
        needed(try_set(&mut hub, ids[who], "#a", letters, parameters))
    };
    const ALICE: usize = 0;
    const BOB: usize = 1;
    assert_eq!(try_as(ALICE, "+q", &["alice"]), Some(Rank::Founder));
    assert_eq!(try_as(ALICE, "+a", &["bob"]), Some(Rank::Admin));
    assert_eq!(try_as(ALICE, "+h", &["bob"]), None);
    assert_eq!(try_as(BOB, "+v", &["carol"]), None);
    assert_eq!(try_as(BOB, "+h", &["carol"]), Some(Rank::Operator));
    assert_eq!(try_as(BOB, "-o", &["alice"]), Some(Rank::Operator));
    assert_eq!(try_as(BOB, "+m", &[]), Some(Rank::Operator));
    assert_eq!(try_as(ALICE, "+h", &["carol"]), None);
    assert_eq!(try_as(BOB, "-v", &["carol"]), Some(Rank::Operator));
    assert_eq!(try_as(BOB, "-h", &["bob"]), None);
    assert_eq!(try_as(BOB, "-h", &["bob"]), Some(Rank::Operator));
}

#[test]
fn an_invitation_of_an_operator_opens_the_room_once() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let invite = || Command::Invite {
        room: room("#a"),
        nick: "carol",
    };
    set(&mut hub, ids[0], "#a", "+bklR", &["carol", "sesame", "1"]);
    let events = told(&mut hub, ids[1], invite());
    assert_eq!(audience(&hub, &events[0]), ids[1..]);
    assert_eq!(audience(&hub, &events[1]), ids[..1]);
    refused(&mut hub, ids[2], join("#a"));
    told(&mut hub, ids[0], invite());
    let id = hub.find_room(&room("#a")).unwrap();
    assert_eq!(hub.invitations(ids[2]).collect::<Vec<_>>(), [id]);
    told(&mut hub, ids[2], join("#a"));
    assert_eq!(hub.invitations(ids[2]).count(), 0);
    let kick = Command::Kick {
        room: room("#a"),
        nick: "carol",
        reason: "",
    };
    told(&mut hub, ids[0], kick);
    refused(&mut hub, ids[2], join("#a"));
}

#[test]
fn a_room_takes_one_knock_a_minute() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let knock = Command::Knock {
        room: room("#a"),
        text: "let me in",
    };
    assert!(matches!(
        refused(&mut hub, ids[2], knock.clone()),
        Refusal::RoomOpen { .. }
    ));
    set(&mut hub, ids[0], "#a", "+i", &[]);
    let events = told(&mut hub, ids[2], knock.clone());
    assert_eq!(audience(&hub, &events[0]), [ids[0], ids[2]]);
    let refusal = refused(&mut hub, ids[2], knock.clone());
    assert!(matches!(refusal, Refusal::TooManyKnocks { .. }));
    // Setting the clock neither opens the door nor keeps it shut.
    let at = |wall, ms| Now {
        wall: WallTime::from_unix_ms(wall),
        moment: Moment::from_ms(ms),
    };
    let refusal = hub.apply(ids[2], knock.clone(), at(86_400_000, 2 + 59_999));
    assert!(matches!(refusal, Err(Refusal::TooManyKnocks { .. })));
    hub.apply(ids[2], knock.clone(), at(-86_400_000, 2 + 60_000))
        .unwrap();
    while hub.next_event().is_some() {}
    set(&mut hub, ids[0], "#a", "+b", &["carol"]);
    assert!(matches!(
        refused(&mut hub, ids[2], knock.clone()),
        Refusal::Banned { .. }
    ));
    assert!(matches!(
        refused(&mut hub, ids[1], knock),
        Refusal::AlreadyInRoom { .. }
    ));
}

#[test]
fn a_key_and_a_limit_come_and_go() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &[])]);
    let id = hub.find_room(&room("#a")).unwrap();
    let join_with = |key| Command::Join {
        room: room("#a"),
        key,
        flags: RoomFlags::usual(),
    };
    set(&mut hub, ids[0], "#a", "+kls", &["sesame", "1"]);
    assert_eq!(hub.room(id).unwrap().spelled_modes(true), "+klnst sesame 1");
    assert_eq!(hub.room(id).unwrap().spelled_modes(false), "+klnst * 1");
    let refusal = refused(&mut hub, ids[1], join_with(Some("sesame")));
    assert_eq!(refusal, Refusal::RoomFull { room: room("#a") });
    set(&mut hub, ids[0], "#a", "+l", &["2"]);
    let bad_key = Refusal::BadKey { room: room("#a") };
    assert_eq!(refused(&mut hub, ids[1], join_with(None)), bad_key);
    assert_eq!(
        refused(&mut hub, ids[1], join_with(Some("Sesame"))),
        bad_key
    );
    told(&mut hub, ids[1], join_with(Some("sesame")));
    let events = set(&mut hub, ids[0], "#a", "-k-l", &["whatever"]);
    let Body::ModesChanged { changes, .. } = &events[0].body else {
        panic!("{events:?}");
    };
    let key = AppliedMode::Key {
        sign: Sign::Minus,
        key: "sesame".into(),
    };
    assert_eq!(changes[..], [key, AppliedMode::Limit(None)]);
    assert!(set(&mut hub, ids[0], "#a", "-kl", &["whatever"]).is_empty());
    assert_eq!(
        parse_room_changes("-k", []).changes,
        [ModeChange::Key(None)],
        "clients send it without a parameter too"
    );
}
