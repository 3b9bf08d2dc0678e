//! The hub's rules, one by one.

use crate::chat::{
    Body, Command, Event, Hub, Limits, MessageId, Moment, NameRules, Nick, Now, Profile, Refusal,
    RoomName, Silence, Speech, Target, Topic, UserId, WallTime,
    mode::{RoomFlags, parse_room_changes},
};

mod accounts;
mod effort;
mod entry;
mod messages;
mod moderation;
mod registered;
mod users;

const RULES: NameRules = NameRules { unicode: true };

fn nick(text: &str) -> Nick {
    Nick::parse(text, RULES).unwrap()
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text, RULES).unwrap()
}

/// A hub with users of these nicks in these rooms; drained.
fn hub_with(people: &[(&str, &[&str])]) -> (Hub, Vec<UserId>) {
    let mut hub = Hub::new(RULES);
    let mut ids = Vec::new();
    for (name, rooms) in people {
        let id = hub
            .enter(nick(name), Profile::default(), Now::at_ms(1))
            .unwrap();
        for name in *rooms {
            told(&mut hub, id, join(name));
        }
        ids.push(id);
    }
    (hub, ids)
}

/// Applies a command that must be granted, checks the hub, and takes the events.
#[track_caller]
fn told(hub: &mut Hub, who: UserId, command: Command<'_>) -> Vec<Event> {
    hub.apply(who, command, Now::at_ms(2)).unwrap();
    hub.check_invariants();
    std::iter::from_fn(|| hub.next_event()).collect()
}

/// Applies a command that must be refused, and checks that nothing has changed.
#[track_caller]
fn refused(hub: &mut Hub, who: UserId, command: Command<'_>) -> Refusal {
    let refusal = hub.apply(who, command, Now::at_ms(2)).unwrap_err();
    hub.check_invariants();
    assert!(hub.next_event().is_none(), "a refusal tells no one");
    refusal
}

/// The users of an audience, in a fixed order.
fn audience(hub: &Hub, event: &Event) -> Vec<UserId> {
    let mut people = Vec::new();
    hub.for_each_in(&event.audience, |id| people.push(id));
    people.sort_unstable();
    people
}

fn join(name: &str) -> Command<'static> {
    Command::Join {
        room: room(name),
        key: None,
        flags: RoomFlags::usual(),
    }
}

fn quit() -> Command<'static> {
    Command::Quit { reason: "bye" }
}

/// Sets modes, of which none must be refused.
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
fn a_join_is_one_event_to_the_room() {
    let (mut hub, ids) = hub_with(&[("alice", &["#lobby"]), ("bob", &[])]);
    let events = told(&mut hub, ids[1], join("LOBBY"));
    assert_eq!(events.len(), 1);
    assert_eq!(audience(&hub, &events[0]), ids);
    assert!(matches!(events[0].body, Body::Joined { .. }));
    assert_eq!(events[0].time, WallTime::from_unix_ms(2));
    assert!(told(&mut hub, ids[1], join("#lobby")).is_empty());
    assert_eq!(hub.room_count(), 1);
}

#[test]
fn a_leave_goes_to_the_room_and_to_the_one_who_left() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let leave = Command::Leave {
        room: room("#a"),
        reason: "tea",
    };
    let events = told(&mut hub, ids[0], leave.clone());
    assert_eq!(audience(&hub, &events[0]), ids);
    assert_eq!(
        refused(&mut hub, ids[0], leave),
        Refusal::NotInRoom { room: room("#a") }
    );
}

#[test]
fn a_vanished_room_can_be_read_until_the_next_mutation() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"])]);
    let id = hub.find_room(&room("#a")).unwrap();
    let leave = Command::Leave {
        room: room("#a"),
        reason: "",
    };
    let events = told(&mut hub, ids[0], leave.clone());
    assert_eq!(audience(&hub, &events[0]), ids);
    assert_eq!(hub.room(id).unwrap().name().as_str(), "#a");
    assert_eq!(hub.find_room(&room("#a")), None);
    assert_eq!((hub.room_count(), hub.rooms().count()), (0, 0));

    refused(&mut hub, ids[0], leave);
    assert!(hub.room(id).is_none());
    told(&mut hub, ids[0], join("#a"));
    assert!(hub.room(id).is_none(), "the new room is another one");
    assert!(!hub.is_member(ids[0], id));
}

#[test]
fn a_quit_goes_once_to_each_neighbour() {
    let (mut hub, ids) = hub_with(&[
        ("alice", &["#a", "#b", "#c"]),
        ("bob", &["#a", "#b"]),
        ("carol", &["#b"]),
        ("dave", &["#d"]),
    ]);
    let events = told(&mut hub, ids[0], quit());
    assert_eq!(audience(&hub, &events[0]), ids[1..3]);

    let record = hub.user(ids[0]).expect("readable until the next mutation");
    assert_eq!(record.nick().as_str(), "alice");
    assert_eq!(hub.user_count(), 3);
    assert_eq!(hub.users().count(), 3);
    assert_eq!(hub.find_user("alice"), None);

    let newcomer = hub
        .enter(nick("Alice"), Profile::default(), Now::at_ms(3))
        .unwrap();
    assert!(hub.user(ids[0]).is_none());
    assert_ne!(newcomer, ids[0]);
    assert_eq!(hub.apply(ids[0], quit(), Now::at_ms(3)), Err(Refusal::Gone));
}

#[test]
fn neighbours_of_a_user_in_one_room_are_its_members() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("carol", &[])]);
    let events = told(&mut hub, ids[0], Command::Rename { nick: nick("al") });
    assert_eq!(audience(&hub, &events[0]), ids[..2]);
    assert!(matches!(&events[0].body, Body::Renamed { old } if old.as_str() == "alice"));
    assert_eq!(hub.find_user("AL"), Some(ids[0]));
    assert_eq!(hub.find_user("alice"), None);
}

#[test]
fn taken_names_and_names_that_look_like_them() {
    let (mut hub, ids) = hub_with(&[("copa", &[]), ("poc", &[])]);
    let now = Now::at_ms(2);
    assert_eq!(
        hub.enter(nick("COPA"), Profile::default(), now),
        Err(Refusal::NickTaken { nick: nick("copa") })
    );
    // All of it is Cyrillic.
    let refusal = hub
        .enter(nick("сора"), Profile::default(), now)
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the name сора looks like copa, who is here already"
    );
    for text in ["lan", "Ian"] {
        let entered = hub.enter(nick(text), Profile::default(), now);
        assert!(entered.is_ok(), "ASCII by case alone");
    }
    let rename = |text| Command::Rename { nick: nick(text) };
    refused(&mut hub, ids[1], rename("сора"));
    assert_eq!(told(&mut hub, ids[0], rename("COPA")).len(), 1);
    assert!(told(&mut hub, ids[0], rename("COPA")).is_empty());
    told(&mut hub, ids[1], rename("carol"));
    assert!(
        hub.enter(nick("рос"), Profile::default(), now).is_ok(),
        "free again"
    );
    hub.check_invariants();
    assert_eq!(
        hub.enter(nick("poc"), Profile::default(), now)
            .unwrap_err()
            .to_string(),
        "the name poc looks like рос, who is here already"
    );
}

#[test]
fn a_name_never_collides_with_oneself() {
    let (mut hub, ids) = hub_with(&[("copa", &[])]);
    for text in ["сора", "COPA", "СОРА", "copa"] {
        told(&mut hub, ids[0], Command::Rename { nick: nick(text) });
        assert_eq!(hub.find_user(text), Some(ids[0]));
    }
}

#[test]
fn a_name_is_refused_if_it_imitates_in_another_case() {
    // As it is, this Greek name looks like no one; in capitals it would look like HAT, and case is free to change.
    let (mut hub, ids) = hub_with(&[("hat", &[]), ("alice", &[])]);
    let rename = Command::Rename {
        nick: nick("ηατ")
    };
    assert!(matches!(
        refused(&mut hub, ids[1], rename),
        Refusal::LooksLike { .. }
    ));
}

#[test]
fn reserved_names_are_refused_at_every_door() {
    let (mut hub, ids) = hub_with(&[("alice", &[])]);
    hub.reserve(&["irc.example", "Examplenet"]);
    for text in ["NickServ", "root", "ѕуѕор", "examplenet", "r00t"] {
        let entered = hub.enter(nick(text), Profile::default(), Now::at_ms(2));
        assert_eq!(entered, Err(Refusal::NickReserved { nick: nick(text) }));
        let rename = Command::Rename { nick: nick(text) };
        let refusal = refused(&mut hub, ids[0], rename);
        let words = format!("the name {text} is reserved, choose another");
        assert_eq!(refusal.to_string(), words);
    }
}

#[test]
fn rooms_that_look_like_others_do_not_come_into_being() {
    let (mut hub, ids) = hub_with(&[("alice", &["#lobby", "#copa"])]);
    assert_eq!(
        refused(&mut hub, ids[0], join("#сора")),
        Refusal::RoomLooksLike {
            room: room("#сора"),
            existing: room("#copa"),
        }
    );
    told(&mut hub, ids[0], join("#Iobby"));
}

#[test]
fn a_message_to_a_room_needs_membership() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"]), ("eve", &[])]);
    let (here, nowhere) = (room("#a"), room("#nowhere"));
    let say = |to| Command::Say {
        to: Target::Room(to),
        speech: Speech::Message,
        text: "hi",
        tags: "",
    };
    let events = told(&mut hub, ids[0], say(&here));
    assert_eq!(audience(&hub, &events[0]), ids[..2]);
    assert_eq!(hub.user(ids[0]).unwrap().last_spoke(), Moment::from_ms(2));
    assert_eq!(
        hub.user(ids[0]).unwrap().entered(),
        WallTime::from_unix_ms(1)
    );
    assert_eq!(
        refused(&mut hub, ids[2], say(&here)),
        Refusal::CannotSpeak {
            room: room("#a"),
            why: Silence::Outside
        }
    );
    assert_eq!(hub.user(ids[2]).unwrap().last_spoke(), Moment::from_ms(1));
    assert_eq!(
        refused(&mut hub, ids[2], say(&nowhere)),
        Refusal::NoSuchRoom {
            room: room("#nowhere")
        }
    );
}

#[test]
fn a_private_message_goes_to_both_and_once_to_oneself() {
    let (mut hub, ids) = hub_with(&[("alice", &[]), ("bob", &[])]);
    let say = |to| Command::Say {
        to: Target::User(to),
        speech: Speech::Notice,
        text: "psst",
        tags: "",
    };
    let events = told(&mut hub, ids[0], say("BOB"));
    assert_eq!(audience(&hub, &events[0]), ids);
    let events = told(&mut hub, ids[0], say("Alice"));
    assert_eq!(audience(&hub, &events[0]), ids[..1]);
    for nobody in ["carol", "", "no name", "№", "\u{301}"] {
        let nick = nobody.into();
        let refusal = refused(&mut hub, ids[0], say(nobody));
        assert_eq!(refusal, Refusal::NoSuchUser { nick });
    }
}

#[test]
fn a_topic_is_set_cleared_and_limited() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &[])]);
    let set = |text| Command::SetTopic {
        room: room("#a"),
        text,
    };
    let id = hub.find_room(&room("#a")).unwrap();
    assert_eq!(told(&mut hub, ids[0], set("tea at 4")).len(), 1);
    let topic = Topic {
        text: "tea at 4".into(),
        by: nick("alice"),
        at: Now::at_ms(2),
    };
    assert_eq!(hub.room(id).unwrap().topic(), Some(&topic));
    assert!(told(&mut hub, ids[0], set("tea at 4")).is_empty());
    let long = "x".repeat(391);
    assert_eq!(
        refused(&mut hub, ids[0], set(&long)),
        Refusal::TopicTooLong { bytes_max: 390 }
    );
    refused(&mut hub, ids[1], set("no"));
    assert_eq!(told(&mut hub, ids[0], set("")).len(), 1);
    assert_eq!(hub.room(id).unwrap().topic(), None);
}

#[test]
fn away_goes_to_neighbours_on_change_and_to_oneself_always() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let away = |text| Command::SetAway { text };
    let events = told(&mut hub, ids[0], away(Some("lunch")));
    assert_eq!(audience(&hub, &events[0]), ids);
    assert_eq!(hub.user(ids[0]).unwrap().away(), Some("lunch"));
    let events = told(&mut hub, ids[0], away(Some("lunch")));
    assert_eq!(audience(&hub, &events[0]), ids[..1]);
    assert_eq!(told(&mut hub, ids[0], away(None)).len(), 1);
    let events = told(&mut hub, ids[0], away(None));
    assert_eq!(audience(&hub, &events[0]), ids[..1]);
    assert_eq!(hub.user(ids[0]).unwrap().away(), None);
    let long = "x".repeat(201);
    assert_eq!(
        refused(&mut hub, ids[0], away(Some(&long))),
        Refusal::AwayTooLong { bytes_max: 200 }
    );
}

#[test]
fn each_limit_holds() {
    let limits = Limits {
        users: 2,
        rooms: 2,
        rooms_per_user: 2,
        ..Limits::default()
    };
    let mut hub = Hub::with_limits(RULES, limits);
    let alice = hub
        .enter(nick("alice"), Profile::default(), Now::at_ms(1))
        .unwrap();
    let bob = hub
        .enter(nick("bob"), Profile::default(), Now::at_ms(1))
        .unwrap();
    assert_eq!(
        hub.enter(nick("carol"), Profile::default(), Now::at_ms(1)),
        Err(Refusal::Full)
    );
    told(&mut hub, alice, join("#a"));
    told(&mut hub, alice, join("#b"));
    assert_eq!(
        refused(&mut hub, alice, join("#c")),
        Refusal::TooManyRooms {
            room: room("#c"),
            max: 2
        }
    );
    assert_eq!(refused(&mut hub, bob, join("#c")), Refusal::NoMoreRooms);
    told(&mut hub, bob, join("#b"));
    told(&mut hub, alice, quit());
    assert!(
        hub.enter(nick("carol"), Profile::default(), Now::at_ms(1))
            .is_ok(),
        "a place is free"
    );
    told(&mut hub, bob, join("#c"));
}

#[test]
fn rooms_of_keeps_the_order_of_entering() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a", "#b", "#c", "#d"])]);
    let leave = Command::Leave {
        room: room("#b"),
        reason: "",
    };
    told(&mut hub, ids[0], leave);
    let names: Vec<_> = hub
        .rooms_of(ids[0])
        .map(|id| hub.room(id).unwrap().name().as_str())
        .collect();
    assert_eq!(names, ["#a", "#c", "#d"]);
}

#[test]
#[should_panic(expected = "one mutation, then drain")]
#[cfg(debug_assertions)]
fn a_caller_that_does_not_drain_panics() {
    let (mut hub, ids) = hub_with(&[("alice", &[])]);
    for _ in 0..2 {
        hub.apply(ids[0], Command::SetAway { text: None }, Now::at_ms(2))
            .unwrap();
    }
}

#[test]
fn names_with_two_looks_come_and_go() {
    // Each of these has one key for its fold and another for its shown form. Often enough that the tables' keyed hashes
    // put some pair side by side.
    let mut hub = Hub::new(RULES);
    for round in 0..2_000 {
        let name = format!("Ην{round}");
        let id = hub
            .enter(nick(&name), Profile::default(), Now::at_ms(1))
            .unwrap();
        if round % 100 == 0 {
            hub.check_invariants();
        }
        hub.apply(id, quit(), Now::at_ms(1)).unwrap();
        while hub.next_event().is_some() {}
    }
    assert_eq!(hub.user_count(), 0);
    hub.check_invariants();
}
