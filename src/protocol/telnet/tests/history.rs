//! What was said before, as it is shown at a terminal.

use super::*;
use crate::{chat::Now, protocol::history::HistoryRules};

/// 2023-11-14 22:13:20 UTC.
const START_MS: u64 = 1_700_000_000_000;

#[test]
fn who_joins_sees_the_last_lines_between_two_marks() {
    let mut scene = Scene::of(&["alice"]);
    scene.world.history_rules = Some(HistoryRules {
        replay: 2,
        events: false,
        private: true,
    });
    for text in ["one", "two", "/me waves"] {
        scene.types(ALICE, text);
    }
    scene.world.now = Now::at_ms(START_MS + 60_000);
    let bob = scene.connect();
    scene.types(bob, "bob");
    scene.sees(
        bob,
        &[
            "* bob joined #lobby",
            "* in #lobby: alice bob",
            "* earlier:",
            "* 22:13 <alice> two",
            "* 22:13 * alice waves",
            "* now",
        ],
    );
    // A room in which nothing was said has no marks.
    scene.types(bob, "/join #new");
    scene.sees(bob, &["* bob joined #new", "* in #new: bob"]);
    // Without replay it is as before.
    scene.world.history_rules = None;
    scene.types(bob, "/leave #lobby");
    scene.types(bob, "/join #lobby");
    assert!(!scene.reads(bob).contains("earlier"));
}

#[test]
fn history_shows_as_much_as_is_asked_for() {
    let mut scene = Scene::of(&["alice"]);
    for minute in 0..4 {
        scene.world.now = Now::at_ms(START_MS + minute * 60_000);
        scene.types(ALICE, format!("line {minute}"));
    }
    scene.reads(ALICE);
    let line = |minute: u64| format!("* 22:{} <alice> line {minute}", 13 + minute);
    for (command, expected) in [
        ("/history", 0..4),
        ("/HISTORY 2", 2..4),
        ("/earlier 1", 3..4),
        ("/history 0", 3..4),
        ("/history 1000", 0..4),
        ("/history before 22:15", 0..2),
        ("/history BEFORE 2023-11-14 22:14", 0..1),
        ("/search line", 0..4),
        ("/search LINE 2", 2..3),
    ] {
        scene.types(ALICE, command);
        let mark = match command.starts_with("/search") {
            true => "* found:",
            false => "* earlier:",
        };
        let lines: Vec<String> = expected.map(line).collect();
        let lines = lines.iter().map(String::as_str);
        let expected: Vec<&str> = [mark].into_iter().chain(lines).chain(["* now"]).collect();
        scene.sees(ALICE, &expected);
    }
    for (command, expected) in [
        ("/history before 22:13", "* nothing was said before that"),
        ("/search nothing", "* nothing found"),
        ("/history x", "! usage: /history [NUMBER | before TIME]"),
        (
            "/history before noon",
            "! usage: /history [NUMBER | before TIME]",
        ),
        ("/search", "! usage: /search WORDS"),
    ] {
        scene.types(ALICE, command);
        scene.sees(ALICE, &[expected]);
    }
    // Another day has its date.
    scene.world.now = Now::at_ms(START_MS + 86_400_000);
    scene.types(ALICE, "/history 1");
    scene.sees(
        ALICE,
        &["* earlier:", "* 2023-11-14 22:16 <alice> line 3", "* now"],
    );
}

#[test]
fn history_is_for_those_in_a_room_and_bounded() {
    let mut scene = Scene::of(&["alice"]);
    let long = "x".repeat(LINE_BYTES_MAX - 1);
    for _ in 0..100 {
        scene.types(ALICE, &long);
    }
    scene.reads(ALICE);
    scene.types(ALICE, "/history 100");
    let shown = scene.reads(ALICE);
    assert!(shown.len() < 20_000, "{}", shown.len());
    assert!(shown.starts_with("* earlier:\r\n") && shown.ends_with("* now\r\n"));
    scene.types(ALICE, "/leave");
    scene.reads(ALICE);
    for command in ["/history", "/search x"] {
        scene.types(ALICE, command);
        scene.sees(ALICE, &["! you are in no room; /join ROOM"]);
    }
}
