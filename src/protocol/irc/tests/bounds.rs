//! Long names and crowded rooms: nothing of a list is lost, and no answer grows without bound.

use super::Stage;
use crate::{
    chat::{Command, Nick, Now, Profile, RoomName, mode::RoomFlags},
    protocol::{
        flavour::Flavour,
        irc::{Irc, caps::CapSet},
        testing::World,
    },
};

#[test]
fn no_name_of_a_list_is_cut_however_long_the_names_are() {
    let mut stage = Stage::new();
    let name = |letter: char| format!("{letter}{}", "가".repeat(29));
    let room = |index: usize| format!("#{index}{}", "나".repeat(60));
    for letter in 'a'..='h' {
        stage.register(letter, "userhost-in-names");
        stage.send(letter, &format!("NICK {}", name(letter)));
        for index in 0..3 {
            stage.send(letter, &format!("JOIN {}", room(index)));
        }
    }
    stage.received('a');
    let column = |lines: &[String], numeric: &str| -> Vec<String> {
        let lines = lines.iter().filter(|line| line.contains(numeric));
        let words = lines.filter_map(|line| Some(line.split_once(" :")?.1.to_owned()));
        let words: Vec<_> = words.collect();
        words
            .iter()
            .flat_map(|words| words.split([' ', ',']))
            .map(str::to_owned)
            .collect()
    };
    stage.send('a', &format!("NAMES {}", room(0)));
    let names = column(&stage.received('a'), " 353 ");
    assert_eq!(names.len(), 8);
    assert!(
        names.iter().all(|name| name.ends_with("@home")),
        "{names:?}"
    );
    stage.send('a', &format!("WHOIS {}", name('b')));
    let rooms = column(&stage.received('a'), " 319 ");
    assert_eq!(rooms, [room(0), room(1), room(2)]);
    for letter in 'b'..='h' {
        stage.send('a', &format!("MONITOR + {}", name(letter)));
    }
    stage.received('a');
    stage.send('a', "MONITOR S");
    let online = column(&stage.received('a'), " 730 ");
    assert_eq!(online.len(), 7);
    assert!(
        online.iter().all(|mask| mask.ends_with("@home")),
        "{online:?}"
    );
}

/// A crowd in `#r`, which has as many bans, each with a room of their own; `a` is among them, keeps order in `#r`, and
/// watches all.
fn crowded(size: usize) -> Stage {
    let mut stage = Stage::new();
    stage.register('a', "");
    stage.send('a', "JOIN #r");
    for index in 0..size {
        stage.send('a', &format!("MODE #r +b *!*@h{index}"));
        stage.send('a', &format!("MONITOR + guest{index}"));
        let hub = &mut stage.world.hub;
        let nick = Nick::parse(&format!("guest{index}"), hub.rules()).unwrap();
        let user = hub.enter(nick, Profile::default(), Now::default()).unwrap();
        for room in ["#r", &format!("#r{index}")] {
            let room = RoomName::parse(room, hub.rules()).unwrap();
            let (key, flags) = (None, RoomFlags::EMPTY);
            hub.apply(user, Command::Join { room, key, flags }, Now::default())
                .unwrap();
            while hub.next_event().is_some() {}
        }
    }
    stage.received('a');
    stage
}

#[test]
fn what_a_list_walks_over_is_charged() {
    let lines = [
        "LIST",
        "LIST *x*",
        "NAMES",
        "NAMES #r",
        "WHO *",
        "WHO *x*",
        "WHO #r",
        "MODE #r b",
        "MONITOR L",
        "MONITOR S",
    ];
    let (mut few, mut many) = (crowded(10), crowded(90));
    for line in lines {
        let effort = |stage: &mut Stage| {
            stage.world.hub.take_effort();
            stage.send('a', line);
            assert!(!stage.received('a').is_empty());
            stage.world.hub.take_effort()
        };
        let (few, many) = (effort(&mut few), effort(&mut many));
        assert!(many >= few + 80, "{line}: {few} for 10 and {many} for 90");
    }
}

#[test]
fn each_of_many_targets_is_charged() {
    let mut stage = Stage::new();
    stage.register('a', "");
    stage.register('b', "");
    let mut effort = |line: &str| {
        stage.world.hub.take_effort();
        stage.send('a', line);
        stage.world.hub.take_effort()
    };
    for (one, four) in [
        ("JOIN #a", "JOIN #b,#c,#d,#e"),
        ("NAMES #a", "NAMES #b,#c,#d,#e"),
        ("NAMES #x", "NAMES #x1,#x2,#x3,#x4"),
        ("ISON b", "ISON b c d e"),
        ("WHOIS b", "WHOIS b,b,b,b"),
        ("PRIVMSG b :x", "PRIVMSG b,b,b,b :x"),
        ("PART #a", "PART #b,#c,#d,#e"),
    ] {
        let (one, four) = (effort(one), effort(four));
        assert!(four >= 3 * one && one > 0, "{one} for one, {four} for four");
    }
}

#[test]
fn the_new_name_of_a_crowded_room_costs_a_bounded_answer_in_all() {
    const CROWD: usize = 5_000;
    let mut stage = Stage::new();
    let hub = &mut stage.world.hub;
    let room = RoomName::parse("#r", hub.rules()).unwrap();
    for index in 0..CROWD {
        let nick = Nick::parse(&format!("guest{index}"), hub.rules()).unwrap();
        let user = hub.enter(nick, Profile::default(), Now::default()).unwrap();
        let (room, key, flags) = (room.clone(), None, RoomFlags::EMPTY);
        let join = Command::Join { room, key, flags };
        hub.apply(user, join, Now::default()).unwrap();
        hub.next_event();
    }
    let id = hub.find_room(&room).unwrap();
    let me = hub.members(id).next().unwrap();
    let (server, client) = ("srv", "guest0");
    let prefix = super::super::codec::reply::ReplyPrefix { server, client };
    let mut out = Vec::new();
    super::super::paged_reply::write_names_to_all(prefix, hub, id, me, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("guest4999"), "some names: {text}");
    assert!(text.ends_with(":End of /NAMES list\r\n"), "{text}");
    assert!(text.len() * CROWD < 8 << 20, "{} bytes each", text.len());
}

#[test]
fn a_room_of_hundreds_takes_in_only_those_who_ask() {
    let mut world = World::new();
    let lobby = RoomName::parse("#lobby", world.hub.rules()).unwrap();
    world.server_info.join = [lobby.clone()].into();
    let mut last = (Irc::default(), 0);
    for n in 0..252 {
        let (mut irc, route) = (Irc::default(), world.connect(Flavour::Irc(CapSet::NONE)));
        for line in [format!("NICK u{n}"), "USER u 0 * :u".to_owned()] {
            irc.handle_line(line.as_bytes(), &mut world.at(route));
        }
        last = (irc, route);
    }
    let members = |world: &World| {
        let room = world
            .hub
            .find_room(&lobby)
            .and_then(|room| world.hub.room(room));
        room.map_or(0, |room| room.member_count())
    };
    assert_eq!(members(&world), 250);
    let (mut irc, route) = last;
    irc.handle_line(b"JOIN #lobby", &mut world.at(route));
    assert_eq!(members(&world), 251);
}
