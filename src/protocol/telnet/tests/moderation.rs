//! Keeping order: what the one who does it, the one it is done to, and the others see.

use super::*;
use crate::chat::{Line, mode::UserModeChange};

const CAROL: usize = 2;

#[test]
fn the_creator_of_a_room_is_its_operator() {
    let mut scene = Scene::of(&["alice", "bob", "carol"]);
    scene.types(BOB, "/kick carol");
    scene.sees(BOB, &["! you may not do that in #lobby"]);
    scene.types(ALICE, "/kick carol no more shouting");
    scene.sees(
        ALICE,
        &["* you kicked carol out of #lobby (no more shouting)"],
    );
    let told = "* alice kicked carol out of #lobby (no more shouting)";
    scene.sees(BOB, &[told]);
    scene.sees(CAROL, &[told]);
    scene.types(CAROL, "hello?");
    scene.sees(CAROL, &["! you are in no room; /join ROOM"]);
    scene.types(ALICE, "/kick carol");
    scene.types(ALICE, "/kick nobody");
    scene.types(ALICE, "/kick bob");
    scene.sees(
        ALICE,
        &[
            "! carol is not in #lobby",
            "! there is no one named nobody",
            "* you kicked bob out of #lobby",
        ],
    );
}

#[test]
fn ranks_are_given_and_taken() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(BOB, "/op bob");
    scene.sees(BOB, &["! you may not do that in #lobby"]);
    scene.types(ALICE, "/op bob");
    scene.types(ALICE, "/op bob");
    scene.types(ALICE, "/voice bob");
    scene.sees(
        ALICE,
        &[
            "* you set +o bob in #lobby",
            "* that is so already",
            "* you set +v bob in #lobby",
        ],
    );
    scene.types(BOB, "/deop alice");
    scene.sees(
        BOB,
        &[
            "* alice set +o bob in #lobby",
            "* alice set +v bob in #lobby",
            "* you set -o alice in #lobby",
        ],
    );
}

#[test]
fn modes_are_shown_and_changed_as_in_irc() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "/mode");
    scene.types(ALICE, "/mode +ml-n 20");
    scene.types(ALICE, "/mode +kx two,words");
    scene.types(ALICE, "/mode +l");
    scene.types(ALICE, "/mode");
    scene.types(ALICE, "/mode b");
    scene.sees(
        ALICE,
        &[
            "* modes of #lobby: +n",
            "* you set +ml-n 20 in #lobby",
            "! a key has 1 to 32 bytes, without spaces and commas, and no colon in front",
            "! there is no mode x",
            "! the mode l needs a parameter",
            "* modes of #lobby: +lm 20",
            "* no bans in #lobby",
        ],
    );
    scene.types(BOB, "may I?");
    scene.types(BOB, "/mode e");
    scene.sees(
        BOB,
        &[
            "* alice set +ml-n 20 in #lobby",
            "! you cannot say that in #lobby: only those with a voice may speak (+m)",
            "! you may not do that in #lobby",
        ],
    );
}

#[test]
fn bans_are_set_by_mask_and_lifted_by_name() {
    let mut scene = Scene::of(&["alice", "bob", "carol"]);
    // All come from one host here: a ban on it would shut out alice too.
    scene.types(ALICE, "/ban bob");
    scene.types(ALICE, "/ban *!*@hom?");
    scene.types(ALICE, "/mode b");
    scene.sees(
        ALICE,
        &[
            "* you set +b bob!*@* in #lobby",
            "* you set +b *!*@hom? in #lobby",
            "* bans in #lobby: bob!*@* (by alice)",
            "* bans in #lobby: *!*@hom? (by alice)",
        ],
    );
    scene.reads(BOB);
    scene.types(BOB, "hi");
    scene.types(BOB, "/nick robert");
    scene.sees(
        BOB,
        &[
            "! you cannot say that in #lobby: you are banned there",
            "! you cannot change your name while you are banned from #lobby",
        ],
    );
    scene.types(ALICE, "/unban bob");
    scene.types(ALICE, "/unban bob");
    scene.sees(
        ALICE,
        &[
            "* you set -bb bob!*@* *!*@hom? in #lobby",
            "! no ban here concerns bob",
        ],
    );
    scene.types(BOB, "hi");
    scene.sees(ALICE, &["#lobby <bob> hi"]);
}

#[test]
fn a_closed_room_opens_to_an_invitation_or_a_key() {
    let mut scene = Scene::of(&["alice", "bob", "carol"]);
    scene.types(ALICE, "/join den");
    scene.types(ALICE, "/mode +i");
    scene.reads(ALICE);
    scene.types(BOB, "/join den");
    scene.sees(BOB, &["! you can enter #den only if you are invited"]);
    scene.types(ALICE, "/invite bob");
    scene.sees(ALICE, &["* you invited bob to #den"]);
    scene.sees(BOB, &["* alice invites you: /join #den"]);
    scene.types(BOB, "/join den");
    scene.sees(BOB, &["* bob joined #den", "* in #den: alice bob"]);
    scene.types(BOB, "/invite carol");
    scene.sees(BOB, &["! you may not do that in #den"]);
    scene.types(ALICE, "/mode -i+k sesame");
    scene.types(BOB, "/invite carol");
    scene.sees(
        ALICE,
        &[
            "* bob joined #den",
            "* you set -i+k sesame in #den",
            "* bob invited carol to #den",
        ],
    );
    scene.types(CAROL, "/join den");
    scene.types(CAROL, "/join den sesame");
    scene.sees(
        CAROL,
        &[
            "* bob invites you: /join #den",
            "! #den needs a key, and you did not say the right one",
            "* carol joined #den",
            "* in #den: alice bob carol",
        ],
    );
}

#[test]
fn a_secret_room_is_secret_to_those_outside() {
    let mut scene = Scene::of(&["alice", "bob"]);
    scene.types(ALICE, "/join den");
    scene.types(ALICE, "/mode +s");
    scene.reads(ALICE);
    scene.types(BOB, "/rooms");
    scene.types(BOB, "/who den");
    scene.sees(BOB, &["* #lobby (2)", "! there is no room #den"]);
    scene.types(ALICE, "/rooms");
    scene.sees(ALICE, &["* #lobby (2)", "* #den (1)"]);
}

#[test]
fn what_other_protocols_do_is_news_here() {
    let mut scene = Scene::of(&["alice", "bob"]);
    let rules = scene.world.hub.rules();
    let room = |name: &str| RoomName::parse(name, rules).unwrap();
    let lobby = room("lobby");
    let line = |text, concat| Line { text, concat };
    for command in [
        Command::SayLines {
            to: Target::Room(&lobby),
            speech: Speech::Message,
            lines: &[
                line("one", false),
                line("", false),
                line("t", false),
                line("wo", true),
            ],
            tags: "+draft/reply=1",
        },
        Command::Say {
            to: Target::Ranked(crate::chat::mode::Rank::Voice, &lobby),
            speech: Speech::Message,
            text: "for those with a voice",
            tags: "",
        },
        Command::Say {
            to: Target::User("bob"),
            speech: Speech::Message,
            text: "\x01VERSION\x01",
            tags: "",
        },
        Command::Tag {
            to: Target::Room(&lobby),
            tags: "+typing=active",
        },
        Command::SetRealname { text: "Alice A." },
        Command::RenameRoom {
            room: lobby.clone(),
            to: room("foyer"),
            reason: "",
        },
        Command::MakeOperator,
        Command::Wallops {
            text: "tea is \x02ready",
        },
        Command::Kill {
            nick: "bob",
            reason: "enough",
        },
    ] {
        scene.world.at(ALICE).apply(command).unwrap();
        let wants_wallops: (Vec<UserModeChange>, _) = crate::chat::mode::parse_user_changes("+w");
        let changes = &wants_wallops.0;
        if scene.world.hub.find_user("bob").is_some() {
            let command = Command::SetUserModes { changes };
            scene.world.at(BOB).apply(command).unwrap();
        }
    }
    scene.sees(
        BOB,
        &[
            "#lobby <alice> one",
            "#lobby <alice> two",
            "* your modes: +w",
            "* alice renamed #lobby to #foyer",
            "* alice to all who listen: tea is ready",
        ],
    );
    scene.sees(
        ALICE,
        &[
            "* you renamed #lobby to #foyer",
            "* your modes: +o",
            "* you to all who listen: tea is ready",
            "* bob quit (Killed (alice (enough)))",
        ],
    );
    scene.types(ALICE, "still here");
    scene.sees(ALICE, &[]);
}

/// All clients here come from 192.0.2.7 and are shown as `home`. A ban that were compared with the address too would
/// reveal a user's networks to an operator of the room, by `/unban` or by who can still join.
#[test]
fn bans_tell_nothing_of_an_address_that_is_not_shown() {
    let mut scene = Scene::of(&["alice", "bob"]);
    for mask in [
        "*!*@192.0.2.0/24",
        "192.0.2.7",
        "*!*@192.*",
        "*!*@::ffff:192.0.2.7",
        "0.0.0.0/0",
    ] {
        scene.types(ALICE, format!("/ban {mask}"));
        let answer = scene.reads(ALICE);
        assert!(
            answer.starts_with("! *!*@") && answer.contains("*!*@*."),
            "{answer}"
        );
        scene.types(ALICE, format!("/mode +e {mask}"));
        assert!(
            scene.reads(ALICE).starts_with("! *!*@"),
            "an exception of {mask}"
        );
        scene.types(ALICE, "/unban bob");
        scene.sees(ALICE, &["! no ban here concerns bob"]);
        scene.types(BOB, "hi");
        scene.sees(ALICE, &["#lobby <bob> hi"]);
    }
}
