//! Effort: what a command makes the hub do is counted, each kind of it, and the same in every run.

use super::*;
use crate::chat::effort::{COMMAND, LOOKED_AT, TOLD, of_mask};

/// The effort of a command that is granted.
#[track_caller]
fn effort(hub: &mut Hub, who: UserId, command: Command<'_>) -> u64 {
    hub.take_effort();
    told(hub, who, command);
    hub.take_effort()
}

/// A crowd in one room, the founder first.
fn crowd(size: usize, name: &str) -> (Hub, Vec<UserId>) {
    let names: Vec<String> = (0..size).map(|number| format!("guest{number}")).collect();
    let rooms = [name];
    let people: Vec<_> = names.iter().map(|guest| (&**guest, &rooms[..])).collect();
    hub_with(&people)
}

fn rename(name: &str) -> Command<'static> {
    Command::Rename { nick: nick(name) }
}

/// Fills lists with masks.
fn fill(hub: &mut Hub, who: UserId, name: &str, letter: char, masks: &[String]) {
    for mask in masks {
        set(hub, who, name, &format!("+{letter}"), &[mask]);
    }
}

#[test]
fn each_user_of_an_audience_is_charged() {
    let hello = |size| {
        let (mut hub, ids) = crowd(size, "#a");
        let room = room("#a");
        effort(&mut hub, ids[0], say(Target::Room(&room), "hello"))
    };
    assert_eq!(hello(2), u64::from(COMMAND + 2 * TOLD));
    assert_eq!(hello(200) - hello(2), u64::from(198 * TOLD));
}

#[test]
fn each_line_of_a_long_message_is_charged_for_each_reader() {
    let (mut hub, ids) = crowd(50, "#a");
    let room = room("#a");
    let mut long = |count: usize| {
        let text = "x";
        let lines = vec![
            crate::chat::Line {
                text,
                concat: false
            };
            count
        ];
        let command = Command::SayLines {
            to: Target::Room(&room),
            speech: Speech::Message,
            lines: &lines,
            tags: "",
        };
        effort(&mut hub, ids[0], command)
    };
    assert_eq!(long(10) - long(2), u64::from(8 * 50 * TOLD));
}

#[test]
fn neighbours_are_counted_in_each_room_in_which_they_are_met() {
    let everyone = |rooms: &[&str]| {
        let (mut hub, ids) = hub_with(&[("a", rooms), ("b", rooms), ("c", rooms), ("d", rooms)]);
        effort(&mut hub, ids[0], quit())
    };
    let (one, three) = (everyone(&["#x"]), everyone(&["#x", "#y", "#z"]));
    assert_eq!(three - one, u64::from(2 * 4 * LOOKED_AT));
}

#[test]
fn each_mask_that_is_tried_is_counted_and_none_twice() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let masks: Vec<String> = (0..100).map(|n| format!("*!*@h{n}.example")).collect();
    let tries: u64 = masks
        .iter()
        .map(|mask| u64::from(of_mask(mask.len())))
        .sum();
    fill(&mut hub, ids[0], "#a", 'b', &masks);
    fill(&mut hub, ids[0], "#a", 'e', &masks);
    let name = room("#a");
    let mut hello = |who| effort(&mut hub, who, say(Target::Room(&name), "hello"));
    let ranked = hello(ids[0]);
    let first = hello(ids[1]);
    assert_eq!(
        first - ranked,
        tries,
        "no ban fits, so no exception is tried"
    );
    assert_eq!(hello(ids[1]), ranked, "what was found out is remembered");
    let tried = effort(&mut hub, ids[1], rename("carol"));
    assert!(
        tried < tries,
        "bans of hosts are the same whatever the nick: {tried}"
    );
    let tried = effort(&mut hub, ids[1], rename("dave"));
    assert!(tried < tries, "{tried}");
    set(&mut hub, ids[0], "#a", "-b", &["*!*@h7.example"]);
    let (again, known) = (effort(&mut hub, ids[1], rename("eve")), tried);
    assert!(again - known > tries / 2, "a list has changed: {again}");
}

#[test]
fn masks_of_accounts_cost_what_others_cost() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let account = hub.add_account(nick("bob")).unwrap();
    let masks: Vec<String> = (0..100).map(|n| format!("~a:*x{n}*")).collect();
    let tries: u64 = masks
        .iter()
        .map(|mask| u64::from(of_mask(mask.len())))
        .sum();
    fill(&mut hub, ids[0], "#a", 'b', &masks);
    let name = room("#a");
    let mut hello = |who| effort(&mut hub, who, say(Target::Room(&name), "hello"));
    let (first, known) = (hello(ids[1]), hello(ids[1]));
    assert_eq!(first - known, tries, "they are tried, and remembered");
    effort(&mut hub, ids[1], Command::LogIn { account });
    let again = effort(&mut hub, ids[1], say(Target::Room(&name), "hello"));
    assert_eq!(again - known, tries, "a login is judged anew");
}

#[test]
fn masks_of_nicks_are_tried_against_each_new_nick() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &["#a"])]);
    let masks: Vec<String> = (0..100).map(|n| format!("x{n}*!*@*")).collect();
    let tries: u64 = masks
        .iter()
        .map(|mask| u64::from(of_mask(mask.len())))
        .sum();
    fill(&mut hub, ids[0], "#a", 'b', &masks);
    for name in ["carol", "dave", "eve"] {
        assert!(effort(&mut hub, ids[1], rename(name)) >= tries);
    }
    assert_eq!(
        {
            told(&mut hub, ids[1], rename("x7y"));
            refused(&mut hub, ids[1], rename("frank"))
        },
        Refusal::BannedFromRenaming { room: room("#a") },
        "who takes a banned nick is banned by it"
    );
}

#[test]
fn the_way_in_is_counted() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &[])]);
    let bare = effort(&mut hub, ids[1], join("#a"));
    told(
        &mut hub,
        ids[1],
        Command::Leave {
            room: room("#a"),
            reason: "",
        },
    );
    let masks: Vec<String> = (0..100).map(|n| format!("*!*@h{n}.example")).collect();
    fill(&mut hub, ids[0], "#a", 'b', &masks);
    assert!(effort(&mut hub, ids[1], join("#a")) >= bare + 300);
}

#[test]
fn what_is_refused_costs_what_it_took_to_find_out() {
    let (mut hub, ids) = hub_with(&[("alice", &["#a"]), ("bob", &[])]);
    let masks: Vec<String> = (0..99).map(|n| format!("x{n}!*@*")).collect();
    fill(&mut hub, ids[0], "#a", 'b', &masks);
    set(&mut hub, ids[0], "#a", "+b", &["bob!*@*"]);
    hub.take_effort();
    refused(&mut hub, ids[1], join("#a"));
    assert!(hub.take_effort() > 300);
}

#[test]
fn hidden_users_cost_a_look_at_each_of_their_rooms() {
    let rooms: Vec<String> = (0..20).map(|n| format!("#r{n}")).collect();
    let rooms: Vec<&str> = rooms.iter().map(|name| &**name).collect();
    let (mut hub, ids) = hub_with(&[("alice", &rooms), ("bob", &["#b"])]);
    let (changes, _) = crate::chat::mode::parse_user_changes("+i");
    told(
        &mut hub,
        ids[0],
        Command::SetUserModes { changes: &changes },
    );
    hub.take_effort();
    assert!(!hub.is_listed(ids[0], ids[1]));
    assert_eq!(hub.take_effort(), u64::from(20 * LOOKED_AT));
}
