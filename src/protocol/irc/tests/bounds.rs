//! Long names and crowded rooms: nothing of a list is lost, and no answer grows without bound.

use super::Stage;
use crate::chat::{Command, Nick, Now, Profile, RoomName, mode::RoomFlags};

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
    let heading = super::super::call::Heading { server, client };
    let mut out = Vec::new();
    super::super::long::write_names_to_all(heading, hub, id, me, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("guest4999"), "some names: {text}");
    assert!(text.ends_with(":End of /NAMES list\r\n"), "{text}");
    assert!(text.len() * CROWD < 8 << 20, "{} bytes each", text.len());
}
