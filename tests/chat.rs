//! The chat as people see it: every shape of line, every command, and who sees what.

mod common;

use common::{Client, QUESTION, Server, Setup, WELCOME};

/// Ann and Bob in the lobby; both have read everything.
fn two() -> (Server, Client, Client) {
    let server = Server::start();
    let mut ann = Client::enter(server.address(), "ann");
    let bob = Client::enter(server.address(), "bob");
    ann.expect("* bob joined #lobby");
    (server, ann, bob)
}

#[test]
fn the_greeting_ends_with_the_question_for_a_name() {
    let server = Server::start();
    let mut ann = Client::connect(server.address());
    ann.expect(WELCOME);
    ann.expect("* /help lists the commands, /quit leaves");
    ann.expect(QUESTION);
    ann.send("ann");
    ann.expect("* ann joined #lobby");
    ann.expect("* in #lobby: ann");
    ann.expect_nothing_more();
}

#[test]
fn the_greeting_has_the_hosts_words_and_the_servers_name() {
    let motd = common::TempFile::new("txt", "tea is ready\r\n\nand \x1b[31mcake\n");
    let setup = Setup::new().flag("--name").flag("yard.example");
    let server = setup.flag("--motd").flag(motd.path().to_str().unwrap());
    let server = server.start();
    let mut ann = Client::connect(server.address());
    ann.expect("* welcome to yard.example");
    ann.expect("* tea is ready");
    ann.expect("* ");
    ann.expect("* and cake");
    ann.skip_to(QUESTION);
}

#[test]
fn a_name_that_is_taken_or_unfit_is_refused_and_asked_for_again() {
    let server = Server::start();
    let _ann = Client::enter(server.address(), "ann");
    let mut other = Client::connect(server.address());
    other.skip_to(QUESTION);
    let long = "x".repeat(31);
    let unfit = [
        "ann",
        "ANN",
        "аnn",
        "two words",
        "#lobby",
        "-x",
        "a:b",
        "a\u{7}?",
        &long,
        "/join x",
        "/msg ann hello",
        "/me waves",
        "/who",
        "/away",
    ];
    for name in unfit {
        other.send(name);
        other.expect_prefix("! ");
        other.expect(QUESTION);
    }
    // An empty line is no attempt.
    other.send("");
    other.expect(QUESTION);
    let longest = "x".repeat(30);
    other.send(&longest);
    other.expect(&format!("* {longest} joined #lobby"));
}

#[test]
fn names_of_any_script_are_welcome() {
    let (_server, mut ann, _bob) = two();
    let mut guest = Client::enter(_server.address(), "길동");
    ann.expect("* 길동 joined #lobby");
    guest.send("안녕하세요 👋");
    ann.expect("#lobby <길동> 안녕하세요 👋");
}

#[test]
fn a_line_goes_to_everyone_else_in_the_room_and_not_back() {
    let (server, mut ann, mut bob) = two();
    let mut eve = Client::enter(server.address(), "eve");
    ann.expect("* eve joined #lobby");
    bob.expect("* eve joined #lobby");
    ann.send("hello");
    bob.expect("#lobby <ann> hello");
    eve.expect("#lobby <ann> hello");
    for client in [&mut ann, &mut bob, &mut eve] {
        client.expect_nothing_more();
    }
}

#[test]
fn spaces_inside_a_line_stay_and_a_line_of_spaces_is_nothing() {
    let (_server, mut ann, mut bob) = two();
    ann.send("  two  spaces ");
    bob.expect("#lobby <ann>   two  spaces ");
    for nothing in ["", "   ", "\t", "/me", "/me  "] {
        ann.send(nothing);
    }
    ann.send("end");
    bob.expect("#lobby <ann> end");
}

#[test]
fn an_action_and_two_slashes() {
    let (_server, mut ann, mut bob) = two();
    ann.send("/me waves");
    bob.expect("#lobby * ann waves");
    ann.send("/ME WAVES");
    bob.expect("#lobby * ann WAVES");
    ann.send("//me is a command");
    bob.expect("#lobby <ann> /me is a command");
    ann.send("///");
    bob.expect("#lobby <ann> //");
    ann.expect_nothing_more();
}

#[test]
fn a_private_message_reaches_one_and_shows_how_it_went_out() {
    let (server, mut ann, mut bob) = two();
    let mut eve = Client::enter(server.address(), "eve");
    ann.expect("* eve joined #lobby");
    bob.expect("* eve joined #lobby");
    ann.send("/msg BOB psst  there");
    ann.expect("-> *bob* psst  there");
    bob.expect("*ann* psst  there");
    eve.expect_nothing_more();
    for wrong in ["/msg", "/msg bob", "/msg nobody hello", "/msg #lobby hello"] {
        ann.send(wrong);
        ann.expect_prefix("! ");
    }
    bob.expect_nothing_more();
    ann.send("/msg ann note");
    ann.expect("-> *ann* note");
    ann.expect("*ann* note");
    ann.expect_nothing_more();
}

#[test]
fn a_room_is_joined_talked_in_and_left() {
    let (_server, mut ann, mut bob) = two();
    ann.send("/join garden");
    ann.expect("* ann joined #garden");
    ann.expect("* in #garden: ann");
    bob.send("/join #garden");
    bob.expect("* bob joined #garden");
    bob.expect("* in #garden: ann bob");
    ann.expect("* bob joined #garden");
    ann.send("roses");
    bob.expect("#garden <ann> roses");
    ann.send("/me digs");
    bob.expect("#garden * ann digs");
    bob.send("/leave");
    bob.expect("* you left #garden");
    bob.expect("* you are now talking in #lobby");
    ann.expect("* bob left #garden");
    bob.send("back in the lobby");
    ann.expect("#lobby <bob> back in the lobby");
    // A room already entered is made the current one, and nobody is told.
    ann.send("/join lobby");
    ann.expect("* you are now talking in #lobby");
    bob.expect_nothing_more();
    ann.send("/leave #garden");
    ann.expect("* you left #garden");
    ann.send("/leave #garden");
    ann.expect_prefix("! ");
    ann.send("still here");
    bob.expect("#lobby <ann> still here");
}

#[test]
fn who_stands_in_no_room_is_told_so() {
    let (_server, mut ann, mut bob) = two();
    ann.send("/leave");
    bob.expect("* ann left #lobby");
    ann.expect("* you left #lobby");
    ann.expect("* you are in no room; /join ROOM");
    for line in ["hello", "/me waves", "/topic", "/topic x", "/leave", "/who"] {
        ann.send(line);
        ann.expect("! you are in no room; /join ROOM");
    }
    ann.send("/msg bob still there?");
    bob.expect("*ann* still there?");
    bob.expect_nothing_more();
}

#[test]
fn rooms_and_who_list_what_there_is() {
    let (_server, mut ann, mut bob) = two();
    bob.send("/join garden");
    bob.skip_to("* in #garden: bob");
    bob.send("/topic  roses and thorns");
    bob.expect("* you changed the topic of #garden to: roses and thorns");
    ann.send("/rooms");
    ann.expect("* #lobby (2)");
    ann.expect("* #garden (1): roses and thorns");
    ann.send("/who");
    ann.expect("* in #lobby: ann bob");
    ann.send("/who garden");
    ann.expect("* in #garden: bob");
    ann.send("/who nowhere");
    ann.expect("! there is no room #nowhere");
    bob.send("/away tea");
    bob.expect("* you are away: tea");
    ann.send("/who garden");
    ann.expect("* in #garden: bob (away)");
    bob.send("/leave");
    bob.skip_to("* you are now talking in #lobby");
    ann.send("/rooms");
    ann.expect("* #lobby (2)");
    ann.expect_nothing_more();
}

#[test]
fn a_topic_is_set_shown_told_to_newcomers_and_cleared() {
    let (server, mut ann, mut bob) = two();
    ann.send("/topic");
    ann.expect("* #lobby has no topic");
    ann.send("/topic tea at five");
    ann.expect("* you changed the topic of #lobby to: tea at five");
    bob.expect("* ann changed the topic of #lobby to: tea at five");
    bob.send("/topic");
    bob.expect("* topic of #lobby: tea at five (set by ann)");
    let mut eve = Client::connect(server.address());
    eve.skip_to(QUESTION);
    eve.send("eve");
    eve.expect("* eve joined #lobby");
    eve.expect("* topic of #lobby: tea at five (set by ann)");
    eve.expect("* in #lobby: ann bob eve");
    bob.expect("* eve joined #lobby");
    bob.send("/topic -");
    bob.expect("* you cleared the topic of #lobby");
    eve.expect("* bob cleared the topic of #lobby");
    eve.send(&format!("/topic {}", "x".repeat(391)));
    eve.expect("! a topic may have at most 390 bytes");
    bob.expect_nothing_more();
}

#[test]
fn a_new_name_is_told_to_those_who_see_the_person() {
    let (_server, mut ann, mut bob) = two();
    for room in ["x", "y"] {
        ann.send(&format!("/join {room}"));
        bob.send(&format!("/join {room}"));
        ann.skip_all();
        bob.skip_all();
    }
    ann.skip_all();
    ann.send("/nick alice");
    ann.expect("* you are now known as alice");
    bob.expect("* ann is now known as alice");
    // Once, though they share three rooms.
    bob.expect_nothing_more();
    ann.send("/nick bob");
    ann.expect("! the name bob is taken");
    ann.send("/nick");
    ann.expect_prefix("! ");
    ann.send("/nick a b");
    ann.expect_prefix("! ");
    ann.send("/nick Alice");
    ann.expect("* you are now known as Alice");
    bob.expect("* alice is now known as Alice");
    ann.send("mine");
    bob.expect("#y <Alice> mine");
}

#[test]
fn whoever_writes_to_someone_away_is_told() {
    let (_server, mut ann, mut bob) = two();
    bob.send("/away");
    bob.expect("* you are not away");
    bob.send("/away out for tea");
    bob.expect("* you are away: out for tea");
    ann.send("/msg bob hello");
    ann.expect("-> *bob* hello");
    ann.expect("* bob is away: out for tea");
    bob.expect("*ann* hello");
    bob.send("/away");
    bob.expect("* you are back");
    ann.send("/msg bob hello");
    ann.expect("-> *bob* hello");
    ann.expect_nothing_more();
}

#[test]
fn quitting_is_told_once_with_its_reason() {
    let (server, mut ann, mut bob) = two();
    for client in [&mut ann, &mut bob] {
        client.send("/join x");
        client.skip_all();
    }
    ann.skip_all();
    bob.send("/quit off to bed");
    bob.expect("* goodbye");
    bob.expect_end();
    ann.expect("* bob quit (off to bed)");
    let mut eve = Client::enter(server.address(), "eve");
    ann.expect("* eve joined #lobby");
    eve.send("/quit");
    ann.expect("* eve quit");
    let eve = Client::enter(server.address(), "eve");
    ann.expect("* eve joined #lobby");
    drop(eve);
    ann.expect("* eve quit (connection closed)");
    // The names are free again.
    let _bob = Client::enter(server.address(), "bob");
    let _eve = Client::enter(server.address(), "eve");
}

#[test]
fn a_reset_is_a_quit_too() {
    let (_server, mut ann, bob) = two();
    bob.reset();
    ann.expect("* bob quit (connection lost)");
}

#[test]
fn a_quit_before_a_reset_counts() {
    let (server, mut ann, bob) = two();
    drop(bob);
    ann.expect("* bob quit (connection closed)");
    for round in 0..20 {
        let name = format!("guest{round}");
        let mut guest = Client::enter(server.address(), &name);
        ann.expect(&format!("* {name} joined #lobby"));
        guest.send("last words");
        ann.expect(&format!("#lobby <{name}> last words"));
        // Its answers are never read, so closing makes a reset.
        guest.send("/help");
        guest.send("/quit in order");
        drop(guest);
        ann.expect(&format!("* {name} quit (in order)"));
    }
}

#[test]
fn an_unknown_command_is_refused_and_help_helps() {
    let (_server, mut ann, mut bob) = two();
    for unknown in ["/bogus", "/", "/ hello", "/joinx y"] {
        ann.send(unknown);
        ann.expect_prefix("! ");
    }
    ann.send("/help");
    for command in [
        "join", "leave", "rooms", "who", "msg", "me", "nick", "topic", "history", "search", "away",
        "invite", "kick", "ban", "unban", "op", "deop", "voice", "mode", "register", "login",
        "logout", "account", "room", "help", "quit",
    ] {
        ann.expect_prefix(&format!("* /{command} "));
    }
    ann.expect_prefix("* //text ");
    ann.expect_nothing_more();
    bob.expect_nothing_more();
}

#[test]
fn what_others_write_cannot_steer_a_terminal() {
    let (_server, mut ann, mut bob) = two();
    let mischief = "a\x1b[2Jb\x07c\u{9b}31md\u{202e}e\x1b]0;title\x07f\u{85}g\x7fh\x08i\u{200b}j\u{2066}k\rl\tm";
    let clean = "abcdef ghijk l m";
    ann.send(mischief);
    bob.expect(&format!("#lobby <ann> {clean}"));
    ann.send(&format!("/me {mischief}"));
    bob.expect(&format!("#lobby * ann {clean}"));
    ann.send(&format!("/msg bob {mischief}"));
    ann.expect(&format!("-> *bob* {clean}"));
    bob.expect(&format!("*ann* {clean}"));
    ann.send(&format!("/topic {mischief}"));
    ann.expect(&format!("* you changed the topic of #lobby to: {clean}"));
    bob.expect(&format!("* ann changed the topic of #lobby to: {clean}"));
    ann.send(&format!("/{mischief}"));
    let refusal = ann.expect_prefix("! unknown command /");
    assert!(!refusal.chars().any(char::is_control), "{refusal:?}");
    ann.send(&format!("/quit {mischief}"));
    bob.expect(&format!("* ann quit ({clean})"));
}
