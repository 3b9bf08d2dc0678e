//! What the model beside the hub leaves out: operators of the server, messages taken back, lines and tags, what is seen
//! by whom, what is remembered.

use super::*;
use crate::chat::{
    Line, Place,
    mode::{
        AppliedMode, ListKind, ModeChange, Rank, RoomFlag, Sign, UserMode, parse_room_changes,
        parse_user_changes,
    },
};

/// Sets modes, which must tell no one of any refusal.
#[track_caller]
fn set(hub: &mut Hub, who: UserId, name: &str, letters: &str, parameters: &[&str]) -> Vec<Event> {
    let request = parse_room_changes(letters, parameters.iter().copied());
    let events = told(
        hub,
        who,
        Command::SetRoomModes {
            room: room(name),
            changes: &request.changes,
        },
    );
    let is_refusal = |event: &Event| matches!(event.body, Body::Refused(_));
    assert!(!events.iter().any(is_refusal), "{events:?}");
    events
}

/// Tries modes, and gives what could not be done.
#[track_caller]
fn try_set(
    hub: &mut Hub,
    who: UserId,
    name: &str,
    letters: &str,
    parameters: &[&str],
) -> Vec<Refusal> {
    let request = parse_room_changes(letters, parameters.iter().copied());
    let command = Command::SetRoomModes {
        room: room(name),
        changes: &request.changes,
    };
    match told(hub, who, command).pop().map(|event| event.body) {
        Some(Body::Refused(refusals)) => refusals,
        _ => Vec::new(),
    }
}

fn say<'a>(to: Target<'a>, text: &'a str) -> Command<'a> {
    Command::Say {
        to,
        speech: Speech::Message,
        text,
        tags: "",
    }
}

fn silence(refusal: Refusal) -> Silence {
    match refusal {
        Refusal::CannotSpeak { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

fn make_operator(hub: &mut Hub, who: UserId) {
    assert_eq!(told(hub, who, Command::MakeOperator).len(), 1);
}

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
    let spelled = crate::chat::mode::SpelledModes::of_user(changes);
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
fn people_are_counted() {
    let mut hub = Hub::new(RULES);
    let modes = [UserMode::Invisible].into_iter().collect();
    let profile = Profile {
        modes,
        ..Profile::default()
    };
    let alice = hub.enter(nick("alice"), profile, Time(1)).unwrap();
    let bob = hub.enter(nick("bob"), Profile::default(), Time(1)).unwrap();
    make_operator(&mut hub, bob);
    let counts = hub.counts();
    assert_eq!((counts.invisible, counts.operators, counts.peak), (1, 1, 2));
    told(&mut hub, alice, quit());
    told(&mut hub, bob, quit());
    let counts = hub.counts();
    assert_eq!((counts.invisible, counts.operators, counts.peak), (0, 0, 2));
}

#[test]
fn a_message_is_taken_back_by_its_author_or_an_operator() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &["#a"])]);
    let (here, there) = (room("#a"), room("#b"));
    told(&mut hub, ids[0], join("#b"));
    let redact = |from, message| Command::Redact {
        from,
        message,
        reason: "typo",
    };
    let message = told(&mut hub, ids[1], say(Target::Room(&here), "helo"))[0].id;
    let refusal = refused(&mut hub, ids[2], redact(Target::Room(&here), message));
    assert_eq!(refusal, Refusal::NotYourMessage { message });
    let elsewhere = [
        redact(Target::Room(&there), message),
        redact(Target::User("bob"), message),
        redact(Target::Room(&here), MessageId(message.0 - 1)),
        redact(Target::Room(&here), MessageId(0)),
        redact(Target::Room(&here), MessageId(u64::MAX)),
    ];
    for command in elsewhere {
        let refusal = refused(&mut hub, ids[0], command);
        assert!(
            matches!(refusal, Refusal::NoSuchMessage { .. }),
            "{refusal:?}"
        );
    }
    let events = told(&mut hub, ids[0], redact(Target::Room(&here), message));
    assert_eq!(audience(&hub, &events[0]), ids);
    let refusal = refused(&mut hub, ids[1], redact(Target::Room(&here), message));
    assert_eq!(
        refusal,
        Refusal::NoSuchMessage { message },
        "once is enough"
    );

    let message = told(&mut hub, ids[1], say(Target::User("carol"), "psst"))[0].id;
    let refusal = refused(&mut hub, ids[2], redact(Target::User("carol"), message));
    assert_eq!(refusal, Refusal::NoSuchMessage { message });
    let events = told(&mut hub, ids[1], redact(Target::User("carol"), message));
    assert_eq!(audience(&hub, &events[0]), ids[1..]);
}

#[test]
fn an_old_message_cannot_be_taken_back() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"])]);
    let here = room("#a");
    let message = told(&mut hub, ids[0], say(Target::Room(&here), "first"))[0].id;
    for _ in 0..1024 {
        told(&mut hub, ids[0], say(Target::Room(&here), "more"));
    }
    let command = Command::Redact {
        from: Target::Room(&here),
        message,
        reason: "",
    };
    refused(&mut hub, ids[0], command);
}

#[test]
fn lines_and_tags_go_where_words_go() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let here = room("#a");
    let lines = [
        Line {
            text: "one",
            concat: false,
        },
        Line {
            text: "two",
            concat: true,
        },
    ];
    let lines = Command::SayLines {
        to: Target::Room(&here),
        speech: Speech::Message,
        lines: &lines,
        tags: "+reply=1",
    };
    let events = told(&mut hub, ids[0], lines.clone());
    assert_eq!(events[0].tags.as_deref(), Some("+reply=1"));
    assert!(matches!(&events[0].body, Body::SaidLines { lines, .. } if lines[1].concat));
    assert_eq!(silence(refused(&mut hub, ids[2], lines)), Silence::Outside);

    let tag = Command::Tag {
        to: Target::User("carol"),
        tags: "+typing=active",
    };
    let events = told(&mut hub, ids[0], tag);
    assert_eq!(audience(&hub, &events[0]), [ids[0], ids[2]]);
    assert!(matches!(events[0].body, Body::Tagged { place: Place::User(to) } if to == ids[2]));
    let events = told(&mut hub, ids[0], say(Target::Room(&here), "plain"));
    assert_eq!(events[0].tags, None);
}

#[test]
fn one_who_speaks_from_outside_hears_it_too() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let here = room("#a");
    set(&mut hub, ids[0], "#a", "-n", &[]);
    let events = told(&mut hub, ids[2], say(Target::Room(&here), "hi"));
    assert_eq!(audience(&hub, &events[0]), ids);
    let to = Target::Ranked(Rank::HalfOperator, &here);
    let events = told(&mut hub, ids[1], say(to, "psst"));
    assert_eq!(audience(&hub, &events[0]), ids[..2]);
    set(&mut hub, ids[0], "#a", "+b", &["carol"]);
    let refusal = refused(&mut hub, ids[2], say(Target::Room(&here), "hi"));
    assert_eq!(silence(refusal), Silence::Banned);
}

#[test]
fn what_may_be_said_depends_on_the_room() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let here = room("#a");
    let to = Target::Room(&here);
    let ctcp = say(to, "\x01VERSION\x01");
    let action = Command::Say {
        to,
        speech: Speech::Action,
        text: "waves",
        tags: "",
    };
    let notice = Command::Say {
        to,
        speech: Speech::Notice,
        text: "beep",
        tags: "",
    };
    set(&mut hub, ids[0], "#a", "+CT", &[]);
    // Of operators too: these rules are about what is said, not about who says it.
    for who in [ids[0], ids[1]] {
        assert_eq!(
            silence(refused(&mut hub, who, ctcp.clone())),
            Silence::NoCtcp
        );
        assert_eq!(
            silence(refused(&mut hub, who, notice.clone())),
            Silence::NoNotices
        );
        told(&mut hub, who, action.clone());
    }
    set(&mut hub, ids[0], "#a", "-CT+M", &[]);
    told(&mut hub, ids[0], notice);
    let refusal = refused(&mut hub, ids[1], say(to, "hi"));
    assert_eq!(silence(refusal), Silence::Unregistered);
    set(&mut hub, ids[0], "#a", "+v", &["bob"]);
    told(&mut hub, ids[1], say(to, "hi"));
}

#[test]
fn a_ban_is_felt_at_once_and_lifted_at_once() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let here = room("#a");
    let hi = say(Target::Room(&here), "hi");
    told(&mut hub, ids[1], hi.clone());
    set(&mut hub, ids[0], "#a", "+b", &["bob"]);
    assert_eq!(
        silence(refused(&mut hub, ids[1], hi.clone())),
        Silence::Banned
    );
    set(&mut hub, ids[0], "#a", "+e", &["bob"]);
    told(&mut hub, ids[1], hi.clone());
    set(&mut hub, ids[0], "#a", "-e-b+b", &["bob", "bob", "m:bob"]);
    assert_eq!(
        silence(refused(&mut hub, ids[1], hi.clone())),
        Silence::Muted
    );
    set(&mut hub, ids[0], "#a", "+e", &["m:bob"]);
    told(&mut hub, ids[1], hi.clone());
    set(&mut hub, ids[0], "#a", "-e+b", &["m:bob", "b?b!*@*"]);
    let leave = Command::Leave {
        room: room("#a"),
        reason: "",
    };
    told(&mut hub, ids[1], leave);
    assert!(matches!(
        refused(&mut hub, ids[1], join("#a")),
        Refusal::Banned { .. }
    ));
}

#[test]
fn lists_know_who_set_what_when_and_are_full_at_some_point() {
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
            mask: "x!*@*".into()
        }]
    );
    let entry = &hub.room(id).unwrap().list(ListKind::Ban)[7];
    assert_eq!(
        (entry.mask.as_str(), &*entry.by, entry.at),
        ("n7!*@*", "alice!@", Time(2))
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
fn nobody_touches_those_above() {
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
fn a_room_hears_one_knock_a_minute() {
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
    hub.apply(ids[2], knock.clone(), Time(2 + 60_000)).unwrap();
    while hub.next_event().is_some() {}
    set(&mut hub, ids[0], "#a", "+b", &["carol"]);
    assert!(matches!(
        refused(&mut hub, ids[1], knock),
        Refusal::AlreadyInRoom { .. }
    ));
}

#[test]
fn secret_rooms_and_invisible_people_are_seen_from_within() {
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
fn who_was_here_is_remembered_the_newest_first() {
    let mut hub = Hub::new(RULES);
    let profile = |realname: &str| Profile {
        username: "~a-user-name-longer-than-allowed".into(),
        realname: realname.into(),
        host: "h".into(),
        address: "192.0.2.1".into(),
        ..Profile::default()
    };
    for (at, realname) in ["one", "two"].into_iter().enumerate() {
        let id = hub
            .enter(nick("Alice"), profile(realname), Time(1))
            .unwrap();
        let now = Time(at as i64);
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
    assert_eq!(was, [("two", Time(1)), ("one", Time(0))]);
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
    assert_eq!(hub.user(ids[0]).unwrap().mask().to_string(), "alice!@");
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
