//! The hub: a line said to a room of 1,000 and its audience; and a user who joins and quits there. No sockets, no
//! bytes.
//!
//! Run with `cargo bench --bench hub`.

use divan::{Bencher, black_box, counter::ItemsCount};
use madang::chat::{
    Command, Hub, Limits, NameRules, Nick, Now, Profile, RoomName, Speech, Target, UserId,
    mode::RoomFlags,
};

const ROOM: usize = 1000;
const RULES: NameRules = NameRules { unicode: true };

fn main() {
    divan::main();
}

/// All users in one room; the last to join is the one who speaks.
fn full_room() -> (Hub, RoomName, UserId) {
    let mut hub = Hub::with_limits(RULES, Limits::default());
    let room = RoomName::parse("lobby", RULES).expect("a room's name");
    let mut last = None;
    for n in 0..ROOM {
        let nick = Nick::parse(&format!("user{n}"), RULES).expect("a nick");
        let user = hub
            .enter(nick, Profile::default(), Now::default())
            .expect("the name is free");
        hub.apply(user, join(&room), Now::default())
            .expect("room for one more");
        drain(&mut hub);
        last = Some(user);
    }
    (hub, room, last.expect("the room is full"))
}

fn join(room: &RoomName) -> Command<'static> {
    Command::Join {
        room: room.clone(),
        key: None,
        flags: RoomFlags::usual(),
    }
}

/// Takes all events, and iterates over their audiences as the server does.
fn drain(hub: &mut Hub) -> usize {
    let mut told = 0;
    while let Some(event) = hub.next_event() {
        hub.for_each_in(&event.audience, |user| {
            black_box(user);
            told += 1;
        });
    }
    told
}

/// One line to a thousand members.
#[divan::bench]
fn say_to_a_thousand(bencher: Bencher<'_, '_>) {
    let (mut hub, room, speaker) = full_room();
    bencher.counter(ItemsCount::new(ROOM)).bench_local(|| {
        let say = Command::Say {
            to: Target::Room(&room),
            speech: Speech::Message,
            text: black_box("hello, everyone"),
            tags: "",
        };
        hub.apply(speaker, say, Now::default())
            .expect("a member may speak");
        drain(&mut hub)
    });
}

/// A whole visit: enter, join, quit. The name's rules and its look-alikes are checked each time.
#[divan::bench]
fn come_and_go(bencher: Bencher<'_, '_>) {
    let (mut hub, room, _) = full_room();
    bencher.bench_local(|| {
        let nick = Nick::parse(black_box("visitor"), RULES).expect("a nick");
        let user = hub
            .enter(nick, Profile::default(), Now::default())
            .expect("the name is free");
        hub.apply(user, join(&room), Now::default())
            .expect("room for one more");
        drain(&mut hub);
        hub.apply(user, Command::Quit { reason: "" }, Now::default())
            .expect("one may always go");
        drain(&mut hub)
    });
}
