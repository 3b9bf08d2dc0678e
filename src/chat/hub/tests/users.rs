//! Users: their own modes, operators of the server, who sees whom, who is remembered.

use super::*;
use crate::chat::{
    Origin,
    mode::{ListKind, SpelledModes, UserMode, parse_user_changes},
};

#[test]
fn only_operators_of_the_server_kill_and_call_all() {
    let (mut hub, ids) = hub_with(&[("alice", &[]), ("bob", &["#a"]), ("carol", &["#a"])]);
    let kill = Command::Kill {
        nick: "BOB",
        reason: "enough",
    };
    let wallops = Command::Wallops { text: "tea" };
    for command in [&kill, &wallops] {
        let refusal = refused(&mut hub, ids[0], command.clone());
        assert_eq!(refusal, Refusal::NotServerOperator);
    }
    make_operator(&mut hub, ids[0]);
    assert!(hub.user(ids[0]).unwrap().is_operator());
    assert_eq!(told(&mut hub, ids[0], Command::MakeOperator).len(), 0);

    let (changes, _) = parse_user_changes("+w");
    let changes = &changes;
    told(&mut hub, ids[2], Command::SetUserModes { changes });
    let events = told(&mut hub, ids[0], wallops);
    assert_eq!(audience(&hub, &events[0]), [ids[0], ids[2]]);

    let events = told(&mut hub, ids[0], kill.clone());
    assert_eq!(events[0].author, ids[1]);
    assert_eq!(audience(&hub, &events[0]), ids[2..]);
    let Body::Quit { reason, by } = &events[0].body else {
        panic!("{events:?}");
    };
    assert_eq!((&**reason, *by), ("Killed (alice (enough))", Some(ids[0])));
    assert_eq!(
        refused(&mut hub, ids[0], kill),
        Refusal::NoSuchUser { nick: "BOB".into() }
    );
}

#[test]
fn one_s_own_modes_are_one_s_own_but_for_the_operator_s() {
    let (mut hub, ids) = hub_with(&[("alice", &[]), ("bob", &[])]);
    let (changes, unknown) = parse_user_changes("+iBo-w?i");
    assert_eq!(unknown, ['?']);
    let changes = &changes;
    let events = told(&mut hub, ids[0], Command::SetUserModes { changes });
    assert_eq!(audience(&hub, &events[0]), ids[..1]);
    let Body::UserModesChanged { changes } = &events[0].body else {
        panic!("{events:?}");
    };
    let spelled = SpelledModes::of_user(changes);
    assert_eq!(
        spelled.letters, "+iB-i",
        "in order, without what is so already"
    );
    assert_eq!(hub.user(ids[0]).unwrap().modes().to_string(), "B");

    make_operator(&mut hub, ids[0]);
    let (changes, _) = parse_user_changes("-o+i");
    let changes = &changes;
    told(&mut hub, ids[0], Command::SetUserModes { changes });
    assert!(!hub.user(ids[0]).unwrap().is_operator());
    assert_eq!(
        told(&mut hub, ids[0], Command::SetUserModes { changes }).len(),
        0
    );
}

#[test]
fn users_are_counted() {
    let mut hub = Hub::new(RULES);
    let modes = [UserMode::Invisible].into_iter().collect();
    let profile = Profile {
        modes,
        ..Profile::default()
    };
    let alice = hub.enter(nick("alice"), profile, Now::at_ms(1)).unwrap();
    let bob = hub
        .enter(nick("bob"), Profile::default(), Now::at_ms(1))
        .unwrap();
    make_operator(&mut hub, bob);
    let counts = hub.counts();
    assert_eq!((counts.invisible, counts.operators, counts.peak), (1, 1, 2));
    told(&mut hub, alice, quit());
    told(&mut hub, bob, quit());
    let counts = hub.counts();
    assert_eq!((counts.invisible, counts.operators, counts.peak), (0, 0, 2));
}

#[test]
fn secret_rooms_and_invisible_users_are_seen_from_within() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let id = hub.find_room(&room("#a")).unwrap();
    let (changes, _) = parse_user_changes("+i");
    let changes = &changes;
    told(&mut hub, ids[0], Command::SetUserModes { changes });
    set(&mut hub, ids[0], "#a", "+s", &[]);
    assert!(hub.is_visible(id, ids[1]) && !hub.is_visible(id, ids[2]));
    assert!(hub.is_listed(ids[0], ids[1]) && !hub.is_listed(ids[0], ids[2]));
    assert!(hub.is_listed(ids[0], ids[0]) && hub.is_listed(ids[1], ids[2]));
    assert!(hub.may_read_list(ids[2], id, ListKind::Ban));
    assert!(!hub.may_read_list(ids[1], id, ListKind::Exception));
    assert!(hub.may_read_list(ids[0], id, ListKind::Invitation));
}

#[test]
fn answers_piece_by_piece_go_on_where_they_stopped() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#b"]), ("carol", &["#a"])]);
    let first = hub.users_from(0).next().unwrap().0;
    told(&mut hub, ids[1], quit());
    let rest: Vec<_> = hub.users_from(first.slot + 1).map(|(id, _)| id).collect();
    assert_eq!(rest, ids[2..]);
    let names: Vec<_> = hub
        .rooms_from(0)
        .map(|(_, room)| room.name().as_str())
        .collect();
    assert_eq!(names, ["#a"]);
    let id = hub.find_room(&room("#a")).unwrap();
    assert_eq!(hub.members_from(id, 1).count(), 1);
    assert_eq!(hub.members_from(id, 9).count(), 0);
    assert_eq!(hub.users_from(u32::MAX).count(), 0);
}

#[test]
fn former_users_are_remembered_the_newest_first() {
    let mut hub = Hub::new(RULES);
    let profile = |realname: &str| Profile {
        username: "~a-user-name-longer-than-allowed".into(),
        realname: realname.into(),
        origin: Origin::new("h", "192.0.2.1"),
        ..Profile::default()
    };
    for (at, realname) in ["one", "two"].into_iter().enumerate() {
        let id = hub
            .enter(nick("Alice"), profile(realname), Now::at_ms(1))
            .unwrap();
        let now = Now::at_ms(at as u64);
        hub.apply(
            id,
            Command::Rename {
                nick: nick("ALICE"),
            },
            now,
        )
        .unwrap();
        while hub.next_event().is_some() {}
        hub.apply(id, Command::Rename { nick: nick("bob") }, now)
            .unwrap();
        while hub.next_event().is_some() {}
        hub.apply(id, quit(), now).unwrap();
        while hub.next_event().is_some() {}
    }
    let was: Vec<_> = hub
        .whowas("alice")
        .map(|was| (was.realname(), was.at))
        .collect();
    assert_eq!(
        was,
        [
            ("two", WallTime::from_unix_ms(1)),
            ("one", WallTime::from_unix_ms(0))
        ]
    );
    let was = hub.whowas("BOB").next().unwrap();
    assert_eq!((was.username(), was.host()), ("~a-user-name-longer-", "h"));
    assert_eq!(hub.whowas("carol").count(), 0);
    assert_eq!(hub.whowas("no name").count(), 0);
}

#[test]
fn real_names_change_and_reasons_are_cut() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let set_realname = |text| Command::SetRealname { text };
    let events = told(&mut hub, ids[0], set_realname("Alice A."));
    assert_eq!(audience(&hub, &events[0]), ids);
    assert_eq!(hub.user(ids[0]).unwrap().realname(), "Alice A.");
    assert_eq!(
        hub.user(ids[0]).unwrap().mask().to_string(),
        "alice!~telnet@"
    );
    let long = "ü".repeat(200);
    assert!(matches!(
        refused(&mut hub, ids[0], set_realname(&long)),
        Refusal::RealnameTooLong { bytes_max: 150 }
    ));
    let events = told(&mut hub, ids[0], Command::Quit { reason: &long });
    let Body::Quit { reason, .. } = &events[0].body else {
        panic!("{events:?}");
    };
    assert_eq!(**reason, "ü".repeat(150));
}
