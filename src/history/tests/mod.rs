//! A real hub whose events are recorded. Pages are checked against a plain list in `pages.rs`.

mod pages;

use super::*;
use crate::chat::{
    Command, Event, Hub, MessageId, NameRules, Nick, Now, Origin, Profile, RoomName, SaidLine,
    Speech, Target as To, UserId, WallTime,
    mode::{Rank, RoomFlags},
};
use std::rc::Rc;

const NAMES: NameRules = NameRules { unicode: true };

const RULES: Rules = Rules {
    lines: 1000,
    bytes: 1 << 20,
    private: true,
    events: false,
    access: Access::FromFounding,
    is_stored: false,
};

struct Stage {
    hub: Hub,
    recorder: Recorder,
    now: Now,
    last: Option<Event>,
}

impl Stage {
    fn new(rules: Rules) -> Self {
        Self {
            hub: Hub::new(NAMES),
            recorder: Recorder::new(rules),
            now: Now::at_ms(1000),
            last: None,
        }
    }

    fn enter(&mut self, name: &str, account: Option<&str>) -> UserId {
        let account = account.map(|name| {
            let name = Nick::parse(name, NAMES).unwrap();
            let known = self.hub.accounts().find(&name);
            known.unwrap_or_else(|| self.hub.add_account(name).unwrap())
        });
        let profile = Profile {
            origin: Origin::new("h", "192.0.2.1"),
            account,
            ..Profile::default()
        };
        let nick = Nick::parse(name, NAMES).unwrap();
        self.hub.enter(nick, profile, self.now).unwrap()
    }

    fn apply(&mut self, user: UserId, command: Command<'_>) {
        self.hub.apply(user, command, self.now).unwrap();
        while let Some(event) = self.hub.next_event() {
            self.recorder.record(&event, &self.hub);
            self.last = Some(event);
        }
        self.recorder.forget_ended(&mut self.hub);
    }

    fn join(&mut self, user: UserId, name: &str) {
        let (key, flags) = (None, RoomFlags::usual());
        let room = room(name);
        self.apply(user, Command::Join { room, key, flags });
    }

    fn say(&mut self, user: UserId, to: &str, text: &str) -> MessageId {
        self.say_tagged(user, to, text, "")
    }

    fn say_tagged(&mut self, user: UserId, to: &str, text: &str, tags: &str) -> MessageId {
        let name = to.starts_with('#').then(|| room(to));
        let to = name.as_ref().map_or(To::User(to), To::Room);
        let speech = Speech::Message;
        self.apply(
            user,
            Command::Say {
                to,
                speech,
                text,
                tags,
            },
        );
        self.last.as_ref().unwrap().id
    }

    fn ask(
        &self,
        user: UserId,
        target: Target<'_>,
        selector: Selector,
        with_events: bool,
    ) -> Result<Vec<Rc<Line>>, HistoryError> {
        let request = HistoryRequest::Page {
            target,
            selector,
            limit: 50,
            with_events,
        };
        match self.recorder.ask(&self.hub, user, request)? {
            Asked::Answered(HistoryAnswer::Lines(lines)) => Ok(lines),
            other => panic!("{other:?}"),
        }
    }

    /// What a user reads of a target, as texts.
    fn read(&self, user: UserId, target: &str) -> Result<Vec<String>, HistoryError> {
        let name = target.starts_with('#').then(|| room(target));
        let target = name.as_ref().map_or(Target::User(target), Target::Room);
        let lines = self.ask(user, target, Selector::Latest(None), true)?;
        Ok(lines.iter().map(|line| text_of(line)).collect())
    }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name, NAMES).unwrap()
}

fn text_of(line: &Line) -> String {
    let text = match &line.content {
        Content::Said { text, .. } => text.to_string(),
        other => format!("{other:?}"),
    };
    format!("{}: {text}", line.author.nick)
}

#[test]
fn members_read_their_room_and_others_do_not() {
    let mut stage = Stage::new(RULES);
    let (alice, bob) = (stage.enter("alice", None), stage.enter("bob", None));
    stage.join(alice, "#a");
    stage.say(alice, "#a", "one");
    assert_eq!(stage.read(bob, "#a"), Err(HistoryError::NotInRoom));
    assert_eq!(stage.read(bob, "#none"), Err(HistoryError::NoSuchTarget));
    stage.join(bob, "#a");
    stage.say(bob, "#a", "two");
    assert_eq!(stage.read(bob, "#a").unwrap(), ["alice: one", "bob: two"]);
    let reason = "";
    let leave = Command::Kick {
        room: room("#a"),
        nick: "bob",
        reason,
    };
    stage.apply(alice, leave);
    assert_eq!(stage.read(bob, "#a"), Err(HistoryError::NotInRoom));
}

#[test]
fn a_room_that_ended_shows_nothing_to_the_next_of_its_name_and_a_new_name_keeps_all() {
    let mut stage = Stage::new(RULES);
    let alice = stage.enter("alice", None);
    stage.join(alice, "#a");
    stage.say(alice, "#a", "one");
    let (room_a, to, reason) = (room("#a"), room("#b"), "");
    stage.apply(
        alice,
        Command::RenameRoom {
            room: room_a,
            to,
            reason,
        },
    );
    assert_eq!(stage.read(alice, "#b").unwrap()[0], "alice: one");
    stage.apply(
        alice,
        Command::Leave {
            room: room("#b"),
            reason,
        },
    );
    stage.join(alice, "#b");
    assert_eq!(stage.read(alice, "#b").unwrap(), [""; 0]);
    assert_eq!(stage.recorder.lines_in_memory(), 0);
}

#[test]
fn two_accounts_share_one_order_whatever_their_nicks_and_nobody_else_reads_it() {
    let mut stage = Stage::new(RULES);
    let alice = stage.enter("alice", Some("alice"));
    let bob = stage.enter("robert", Some("bob"));
    let eve = stage.enter("eve", None);
    stage.say(alice, "robert", "one");
    stage.say(bob, "alice", "two");
    stage.say(eve, "alice", "three");
    let nick = Nick::parse("bobby", NAMES).unwrap();
    stage.apply(bob, Command::Rename { nick });
    for target in ["bobby", "BOB", "bob"] {
        assert_eq!(
            stage.read(alice, target).unwrap(),
            ["alice: one", "robert: two"],
            "{target}"
        );
    }
    assert_eq!(stage.read(bob, "alice").unwrap().len(), 2);
    assert_eq!(stage.read(eve, "alice"), Err(HistoryError::NotKept));
    assert_eq!(stage.read(alice, "eve"), Err(HistoryError::NotKept));
    assert_eq!(stage.read(alice, "robert"), Err(HistoryError::NoSuchTarget));
    // To oneself, and the times rise within one millisecond.
    stage.say(alice, "alice", "note");
    assert_eq!(stage.read(alice, "alice").unwrap(), ["alice: note"]);
    let span = TargetsQuery {
        from: WallTime::from_unix_ms(0),
        to: WallTime::from_unix_ms(i64::MAX),
        limit: 10,
    };
    let asked = stage
        .recorder
        .ask(&stage.hub, alice, HistoryRequest::Targets(span));
    let Ok(Asked::Answered(HistoryAnswer::Targets(targets))) = asked else {
        panic!("{asked:?}");
    };
    let names: Vec<&str> = targets.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["alice", "bob"]);
    let account = stage
        .hub
        .accounts()
        .find(&Nick::parse("bob", NAMES).unwrap());
    stage.recorder.forget_account(account.unwrap(), &stage.hub);
    assert_eq!(stage.read(alice, "bob").unwrap(), [""; 0]);
}

#[test]
fn what_is_kept_is_what_was_said_with_the_tags_that_are_for_later_too() {
    let mut stage = Stage::new(RULES);
    let alice = stage.enter("alice", None);
    stage.join(alice, "#a");
    let tags = "+typing=active;+draft/reply=1f;+draft/react=:-)";
    stage.say_tagged(alice, "#a", "hi", tags);
    stage.say(alice, "#a", "\u{1}VERSION\u{1}");
    let a = room("#a");
    for tags in ["+typing=active", "+draft/react=x"] {
        let to = To::Room(&a);
        stage.apply(alice, Command::Tag { to, tags });
    }
    let lines =
        [("one", false), ("two", true)].map(|(text, concat)| crate::chat::Line { text, concat });
    let (to, speech) = (To::Room(&a), Speech::Notice);
    stage.apply(
        alice,
        Command::SayLines {
            to,
            speech,
            lines: &lines,
            tags: "",
        },
    );
    let latest = Selector::Latest(None);
    let all = stage.ask(alice, Target::Room(&a), latest, true).unwrap();
    let kept: Vec<_> = all
        .iter()
        .map(|line| (&*line.tags, &line.content))
        .collect();
    let said = |text: &str, concat| SaidLine {
        text: text.into(),
        concat,
    };
    let text = "hi".into();
    assert_eq!(
        kept,
        [
            (
                "+draft/reply=1f;+draft/react=:-)",
                &Content::Said {
                    speech: Speech::Message,
                    text
                }
            ),
            ("+draft/react=x", &Content::Tagged),
            (
                "",
                &Content::SaidLines {
                    speech,
                    lines: [said("one", false), said("two", true)].into(),
                }
            ),
        ]
    );
    let messages = stage.ask(alice, Target::Room(&a), latest, false).unwrap();
    assert_eq!(messages.len(), 2);
}

#[test]
fn a_message_that_was_taken_back_is_gone_and_leaves_a_mark() {
    let mut stage = Stage::new(RULES);
    let alice = stage.enter("alice", None);
    stage.join(alice, "#a");
    let message = stage.say(alice, "#a", "secret");
    stage.say(alice, "#a", "other");
    let (a, reason) = (room("#a"), "oops");
    let from = To::Room(&a);
    stage.apply(
        alice,
        Command::Redact {
            from,
            message,
            reason,
        },
    );
    let all = stage
        .ask(alice, Target::Room(&a), Selector::Latest(None), true)
        .unwrap();
    assert_eq!(all.len(), 2, "{all:?}");
    let reason = "oops".into();
    assert_eq!(all[1].content, Content::Redacted { message, reason });
}

#[test]
fn ranked_messages_are_for_their_ranks_and_their_authors() {
    let mut stage = Stage::new(RULES);
    let (op, carol) = (stage.enter("op", None), stage.enter("carol", Some("carol")));
    let dave = stage.enter("dave", None);
    for user in [op, carol, dave] {
        stage.join(user, "#a");
    }
    let a = room("#a");
    let (to, speech, text, tags) = (To::Ranked(Rank::Operator, &a), Speech::Message, "help", "");
    stage.apply(
        carol,
        Command::Say {
            to,
            speech,
            text,
            tags,
        },
    );
    assert_eq!(stage.read(op, "#a").unwrap(), ["carol: help"]);
    assert_eq!(stage.read(carol, "#a").unwrap(), ["carol: help"]);
    assert_eq!(stage.read(dave, "#a").unwrap(), [""; 0]);
}

#[test]
fn who_came_and_went_is_kept_on_request_and_may_bound_what_is_read() {
    let rules = Rules {
        events: true,
        access: Access::SinceJoined,
        ..RULES
    };
    let mut stage = Stage::new(rules);
    let (alice, bob) = (stage.enter("alice", None), stage.enter("bob", None));
    stage.join(alice, "#a");
    stage.say(alice, "#a", "before");
    stage.now = Now::at_ms(2000);
    stage.join(bob, "#a");
    let nick = Nick::parse("bobby", NAMES).unwrap();
    stage.apply(bob, Command::Rename { nick });
    stage.say(alice, "#a", "after");
    let seen = stage.read(bob, "#a").unwrap();
    let expected = [
        "bob: Joined { realname: \"bob\" }",
        "bob: Renamed { nick: \"bobby\" }",
        "alice: after",
    ];
    assert_eq!(seen, expected);
    stage.apply(bob, Command::Quit { reason: "bye" });
    let seen = stage.read(alice, "#a").unwrap();
    assert_eq!(seen.last().unwrap(), "bobby: Quit { reason: \"bye\" }");
    // Switched off, and on again: as if all had come now.
    stage.recorder.set_rules(RULES, &stage.hub, stage.now.wall);
    assert_eq!(stage.read(alice, "#a").unwrap().len(), seen.len());
    stage.now = Now::at_ms(3000);
    stage.recorder.set_rules(rules, &stage.hub, stage.now.wall);
    assert_eq!(stage.read(alice, "#a").unwrap(), [""; 0]);
}
