//! Messages: where they go, who may send them, and their redaction.

use super::*;
use crate::chat::{Destination, Line, mode::Rank};

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
fn lines_and_tags_go_where_messages_go() {
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
    assert!(
        matches!(events[0].body, Body::Tagged { destination: Destination::User(to) } if to == ids[2])
    );
    let events = told(&mut hub, ids[0], say(Target::Room(&here), "plain"));
    assert_eq!(events[0].tags, None);
}

#[test]
fn a_sender_from_outside_gets_the_message_too() {
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
    // Of operators too: these rules are about the message, not about its author.
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
