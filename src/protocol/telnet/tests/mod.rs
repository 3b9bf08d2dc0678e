//! A few users, each with a telnet session, and the lines that they see.

use proptest::prelude::*;

use super::*;
use crate::chat::{Command, RoomName, Speech, Target};
use crate::protocol::{Frame, flavour::Flavour, lines::LINE_BYTES_MAX, testing::World};

mod accounts;
mod history;
mod moderation;

/// People at their sessions.
struct Scene {
    world: World,
    sessions: Vec<Telnet>,
}

impl Scene {
    /// Users with these nicks, who have read all lines until now.
    fn of(names: &[&str]) -> Self {
        let mut scene = Self {
            world: World::new(),
            sessions: Vec::new(),
        };
        for name in names {
            let who = scene.connect();
            scene.types(who, name);
        }
        for who in 0..names.len() {
            scene.world.received(who);
        }
        scene
    }

    fn connect(&mut self) -> usize {
        self.sessions.push(Telnet::default());
        self.world.connect(Flavour::Telnet)
    }

    /// One types a line.
    fn types(&mut self, who: usize, line: impl AsRef<[u8]>) {
        self.sessions[who].handle_line(line.as_ref(), &mut self.world.at(who));
        while self.world.is_history_due() {
            let done = self.world.finish_history();
            self.sessions[who].history_done(done, &mut self.world.at(who));
        }
    }

    /// What one was sent since the last look.
    fn reads(&mut self, who: usize) -> String {
        String::from_utf8(self.world.received(who)).expect("telnet sends UTF-8")
    }

    /// What one was sent since the last look is just these lines.
    #[track_caller]
    fn sees(&mut self, who: usize, lines: &[&str]) {
        let expected: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        assert_eq!(self.reads(who), expected);
    }
}

const ALICE: usize = 0;
const BOB: usize = 1;

#[test]
fn the_greeting_ends_with_the_question_for_a_name() {
    let mut out = Vec::new();
    let greeting = Greeting {
        server: "madang.local",
        motd: "Be kind.\nStay \x1B[31mcalm.",
    };
    greeting.push(&mut out);
    let expected = "* welcome to madang.local\r\n* Be kind.\r\n* Stay calm.\r\n\
                    * /help lists the commands, /quit leaves\r\n* what is your name?\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn the_first_line_is_the_name_and_leads_to_the_lobby() {
    let mut scene = Scene::of(&["alice"]);
    let bob = scene.connect();
    scene.types(bob, "bob");
    scene.sees(bob, &["* bob joined #lobby", "* in #lobby: alice bob"]);
    scene.sees(ALICE, &["* bob joined #lobby"]);
}

#[test]
fn a_name_is_asked_for_until_it_is_fit() {
    let mut scene = Scene::of(&["alice"]);
    let bob = scene.connect();
    for unfit in ["Alice", "two words", "#room", "hello!,"] {
        scene.types(bob, unfit);
        let reply = scene.reads(bob);
        assert!(reply.starts_with("! "), "{unfit}: {reply}");
        assert!(
            reply.ends_with("\r\n* what is your name?\r\n"),
            "{unfit}: {reply}"
        );
    }
    scene.types(bob, b"\xFF");
    scene.sees(
        bob,
        &[
            "! that line is not UTF-8; nothing was sent",
            "* what is your name?",
        ],
    );
    scene.types(bob, "/join #lobby");
    scene.sees(bob, &["! say your name first", "* what is your name?"]);
    scene.types(bob, "");
    scene.sees(bob, &["* what is your name?"]);
    scene.types(bob, "/nick bob");
    assert!(scene.reads(bob).starts_with("* bob joined #lobby\r\n"));
}

#[test]
fn one_may_leave_without_a_name() {
    let mut scene = Scene::of(&[]);
    let who = scene.connect();
    scene.types(who, "/quit");
    scene.sees(who, &["* goodbye"]);
    assert_eq!(scene.world.farewell(who), Some(""));
}

#[test]
fn messages_go_to_the_room_and_not_back() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "hello");
    scene.types(ALICE, "/me waves");
    scene.types(ALICE, "//quit is a command");
    scene.types(ALICE, "  \t ");
    scene.types(ALICE, "");
    scene.sees(ALICE, &[]);
    scene.sees(
        BOB,
        &[
            "#lobby <alice> hello",
            "#lobby * alice waves",
            "#lobby <alice> /quit is a command",
        ],
    );
}

#[test]
fn a_private_message_reaches_one_user() {
    let mut scene = Scene::of(&["alice", "bob", "carol"]);
    scene.types(ALICE, "/msg BOB  psst, you");
    scene.sees(ALICE, &["-> *bob* psst, you"]);
    scene.sees(BOB, &["*alice* psst, you"]);
    scene.sees(2, &[]);
    scene.types(ALICE, "/msg alice note");
    scene.sees(ALICE, &["-> *alice* note", "*alice* note"]);
    scene.types(BOB, "/away at lunch");
    scene.sees(BOB, &["* you are away: at lunch"]);
    scene.types(ALICE, "/msg bob hey");
    scene.sees(ALICE, &["-> *bob* hey", "* bob is away: at lunch"]);
    scene.types(BOB, "/away");
    scene.types(BOB, "/away");
    scene.sees(
        BOB,
        &["*alice* hey", "* you are back", "* you are not away"],
    );
    scene.types(ALICE, "/msg nobody hey");
    assert!(scene.reads(ALICE).starts_with("! "));
}

#[test]
fn rooms_are_entered_left_and_returned_to() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "/join rust");
    scene.sees(ALICE, &["* alice joined #rust", "* in #rust: alice"]);
    scene.types(BOB, "/JOIN #Rust");
    scene.sees(BOB, &["* bob joined #rust", "* in #rust: alice bob"]);
    scene.sees(ALICE, &["* bob joined #rust"]);
    scene.types(ALICE, "here");
    scene.sees(BOB, &["#rust <alice> here"]);
    scene.types(ALICE, "/join lobby");
    scene.sees(ALICE, &["* you are now talking in #lobby"]);
    scene.types(ALICE, "/leave rust");
    scene.sees(ALICE, &["* you left #rust"]);
    scene.sees(BOB, &["* alice left #rust"]);
    scene.types(BOB, "/part");
    scene.sees(
        BOB,
        &["* you left #rust", "* you are now talking in #lobby"],
    );
    scene.types(ALICE, "/leave");
    scene.sees(
        ALICE,
        &["* you left #lobby", "* you are in no room; /join ROOM"],
    );
    for lost in ["words", "/me waves", "/topic", "/leave", "/who"] {
        scene.types(ALICE, lost);
        scene.sees(ALICE, &["! you are in no room; /join ROOM"]);
    }
    scene.sees(BOB, &["* alice left #lobby"]);
}

#[test]
fn names_change_in_sight_of_all() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "/nick carol");
    scene.sees(ALICE, &["* you are now known as carol"]);
    scene.sees(BOB, &["* alice is now known as carol"]);
    scene.types(ALICE, "/nick carol");
    scene.sees(ALICE, &["* you are already known as carol"]);
    scene.types(ALICE, "/nick bob");
    assert!(scene.reads(ALICE).starts_with("! "));
    scene.sees(BOB, &[]);
}

#[test]
fn a_topic_is_shown_set_and_cleared() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "/topic");
    scene.sees(ALICE, &["* #lobby has no topic"]);
    scene.types(ALICE, "/topic be kind");
    scene.sees(ALICE, &["* you changed the topic of #lobby to: be kind"]);
    scene.sees(BOB, &["* alice changed the topic of #lobby to: be kind"]);
    scene.types(BOB, "/topic");
    scene.sees(BOB, &["* topic of #lobby: be kind (set by alice)"]);
    let carol = scene.connect();
    scene.types(carol, "carol");
    scene.sees(
        carol,
        &[
            "* carol joined #lobby",
            "* topic of #lobby: be kind (set by alice)",
            "* in #lobby: alice bob carol",
        ],
    );
    scene.types(BOB, "/topic -");
    scene.sees(
        BOB,
        &["* carol joined #lobby", "* you cleared the topic of #lobby"],
    );
    scene.sees(
        ALICE,
        &["* carol joined #lobby", "* bob cleared the topic of #lobby"],
    );
}

#[test]
fn lists_show_users_and_rooms() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(BOB, "/away");
    scene.types(BOB, "/away lunch");
    scene.types(ALICE, "/join rust");
    scene.types(ALICE, "/topic 2024");
    scene.reads(ALICE);
    scene.types(ALICE, "/who lobby");
    scene.types(ALICE, "/who");
    scene.types(ALICE, "/who nowhere");
    scene.types(ALICE, "/rooms");
    scene.sees(
        ALICE,
        &[
            "* in #lobby: alice bob (away)",
            "* in #rust: alice",
            "! there is no room #nowhere",
            "* #lobby (2)",
            "* #rust (1): 2024",
        ],
    );
}

#[test]
fn lists_are_wrapped_and_bounded() {
    let names: Vec<String> = (0..600).map(|i| format!("person{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut scene = Scene::of(&names);
    scene.types(ALICE, "/who");
    let reply = scene.reads(ALICE);
    assert!(reply.ends_with(" and 100 more\r\n"));
    assert!(
        reply
            .lines()
            .all(|line| line.len() <= 78 + " and 100 more".len())
    );
    assert!(
        reply
            .lines()
            .all(|line| line.starts_with("* in #lobby: person"))
    );
    for i in 0..300 {
        scene.types(ALICE, format!("/join room{i}"));
        scene.types(ALICE, format!("/topic {}", "long ".repeat(60)));
    }
    scene.reads(ALICE);
    scene.types(BOB, "/rooms");
    let reply = scene.reads(BOB);
    let rooms = reply.lines().filter(|line| line.starts_with("* #")).count();
    let more: usize = reply
        .lines()
        .filter_map(|line| {
            line.strip_prefix("* and ")?
                .strip_suffix(" more")?
                .parse::<usize>()
                .ok()
        })
        .sum();
    assert!((1..=200).contains(&rooms));
    assert_eq!(rooms + more, scene.world.hub.rooms().count());
    assert!(reply.len() < 40_000);
}

/// What other protocols can say, and telnet can only read.
#[test]
fn what_comes_from_elsewhere_has_its_shape_here() {
    let mut scene = Scene::of(&["alice", "bob"]);
    let lobby = RoomName::parse("lobby", scene.world.hub.rules()).unwrap();
    let to = Target::Room(&lobby);
    let text = "beep\x07 \x0304,01red\x03 \u{202E}evil\x1B]0;title\x07";
    for command in [
        Command::Say {
            to,
            speech: Speech::Notice,
            text,
            tags: "",
        },
        Command::Say {
            to: Target::User("bob"),
            speech: Speech::Notice,
            text: "boop",
            tags: "",
        },
        Command::Say {
            to: Target::User("bob"),
            speech: Speech::Action,
            text: "winks",
            tags: "",
        },
        Command::SetTopic {
            room: lobby.clone(),
            text: "\x02bold\x02 words",
        },
        Command::Leave {
            room: lobby.clone(),
            reason: "\x1B[2Jdinner",
        },
    ] {
        scene.world.at(ALICE).apply(command).unwrap();
    }
    scene.sees(
        BOB,
        &[
            "#lobby <alice> beep red evil",
            "*alice* boop",
            "*alice* * alice winks",
            "* alice changed the topic of #lobby to: bold words",
            "* alice left #lobby (dinner)",
        ],
    );
    scene.sees(
        ALICE,
        &[
            "-> *bob* boop",
            "-> *bob* * alice winks",
            "* you changed the topic of #lobby to: bold words",
            "* you left #lobby (dinner)",
        ],
    );
    // Their session was not asked, and still nothing goes where it was not meant to.
    scene.types(ALICE, "hello?");
    scene.sees(ALICE, &["! you are in no room; /join ROOM"]);
}

#[test]
fn a_quit_is_shown_to_others() {
    let mut scene = Scene::of(&["alice", "bob", "carol"]);
    scene.types(ALICE, "/quit gone \x1B[31mfishing");
    scene.sees(ALICE, &["* goodbye"]);
    assert_eq!(scene.world.farewell(ALICE), Some("gone fishing"));
    scene.types(BOB, "/bye");
    scene.sees(2, &["* alice quit (gone fishing)", "* bob quit"]);
}

#[test]
fn help_names_every_command_in_columns() {
    let mut scene = Scene::of(&["alice"]);
    scene.types(ALICE, "/help");
    let help = scene.reads(ALICE);
    assert!(
        help.starts_with("* /join ROOM [KEY]      enter a room"),
        "{help}"
    );
    assert!(
        help.contains("\r\n* //text                say /text\r\n"),
        "{help}"
    );
    assert_eq!(help.lines().count(), 27);
    assert!(help.lines().all(|line| line.len() <= 80), "{help}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "/foo\x1B[31m bar");
    scene.types(ALICE, "/");
    scene.types(ALICE, "/msg bob");
    scene.types(ALICE, "/join");
    scene.types(ALICE, b"caf\xE9");
    scene.sees(
        ALICE,
        &[
            "! unknown command /foo; try /help",
            "! unknown command /; try /help",
            "! usage: /msg NICK TEXT",
            "! usage: /join ROOM [KEY]",
            "! that line is not UTF-8; nothing was sent",
        ],
    );
    let Scene { world, sessions } = &mut scene;
    sessions[ALICE].handle_too_long(LINE_BYTES_MAX, &mut world.at(ALICE));
    scene.sees(
        ALICE,
        &["! that line is longer than 4096 bytes; nothing was sent"],
    );
    scene.sees(BOB, &[]);
}

#[test]
fn frames_come_out_of_a_session_and_commands_are_answered() {
    let mut telnet = Telnet::default();
    let mut replies = Vec::new();
    let cut = telnet.next_frame(b"\xFF\xFD\x03bob\r\n", &mut 0, LINE_BYTES_MAX, &mut replies);
    assert_eq!((cut.item, cut.consumed), (Frame::Line(b"bob".into()), 8));
    assert_eq!(replies, b"\xFF\xFC\x03");
    assert!(telnet.speaks_telnet());
}

proptest! {
    /// Whatever is typed, each line that anyone reads is whole and carries no control character,
    /// and nothing panics.
    #[test]
    fn no_control_character_reaches_a_terminal(
        typed in proptest::collection::vec(
            (
                0usize..2,
                proptest::sample::select(vec![
                    "", "/", "//", "/account ", "/away ", "/ban ", "/invite ", "/join ", "/kick bob ",
                    "/kick ", "/leave ", "/login ", "/me ", "/mode ", "/mode +b ", "/msg alice ",
                    "/msg bob ", "/nick ", "/op ", "/quit ", "/rooms ", "/topic ", "/unban ",
                    "/who ",
                ]),
                any::<String>(),
            ),
            1..20,
        ),
    ) {
        let mut scene = Scene::of(&["alice", "bob", "carol"]);
        for (who, command, text) in typed {
            if scene.world.farewell(who).is_none() {
                scene.types(who, format!("{command}{text}"));
            }
        }
        scene.world.hub.check_invariants();
        for who in 0..3 {
            let read = scene.reads(who);
            prop_assert!(read.is_empty() || read.ends_with("\r\n"));
            for line in read.split_terminator("\r\n") {
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
                prop_assert!(line.starts_with(['*', '!', '#', '-']), "{:?}", line);
            }
        }
    }
}
