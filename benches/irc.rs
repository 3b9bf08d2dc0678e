//! IRC: parsing a message, and encoding one for a room of 1,000 with mixed capabilities. No sockets.
//!
//! Run with `cargo bench --bench irc`.

use divan::{Bencher, black_box, counter::ItemsCount};
use madang::{
    chat::{
        Command, Hub, NameRules, Nick, Now, Profile, RoomName, Speech, Target, UserId,
        mode::RoomFlags,
    },
    protocol::{
        encode::encode,
        flavour::{Distinction, Flavour, View},
        irc::{
            caps::{Cap, CapSet},
            codec::message::Message,
        },
    },
};

const ROOM: usize = 1000;
const RULES: NameRules = NameRules { unicode: true };

fn main() {
    divan::main();
}

/// The lines of most clients, of modern ones, and the longest tags.
#[divan::bench(args = [
    "PRIVMSG #lobby :hello, everyone",
    "@label=a1;+draft/reply=1a2b3c;+typing=active PRIVMSG #lobby :hello, everyone",
    ":alice!~alice@host MODE #lobby +ovb bob carol *!*@192.0.2.0/24",
])]
fn parse(bencher: Bencher<'_, '_>, line: &str) {
    bencher.bench_local(|| {
        let message = Message::parse(black_box(line)).expect("a command");
        black_box((message.tags.get("label"), message.params.len()))
    });
}

fn full_room() -> (Hub, RoomName, Vec<UserId>) {
    let mut hub = Hub::new(RULES);
    let room = RoomName::parse("lobby", RULES).expect("a room's name");
    let mut all = Vec::new();
    for n in 0..ROOM {
        let nick = Nick::parse(&format!("user{n}"), RULES).expect("a nick");
        let user = hub.enter(nick, Profile::default(), Now::default());
        let user = user.expect("the name is free");
        let (room, key, flags) = (room.clone(), None, RoomFlags::usual());
        hub.apply(user, Command::Join { room, key, flags }, Now::default())
            .expect("room for one more");
        while hub.next_event().is_some() {}
        all.push(user);
    }
    (hub, room, all)
}

/// Four kinds of clients, by their capabilities.
const FLAVOURS: [Flavour; 4] = [
    Flavour::Telnet,
    Flavour::Irc(CapSet::NONE),
    Flavour::Irc(CapSet::of(&[Cap::ServerTime, Cap::AwayNotify])),
    Flavour::Irc(CapSet::of(&[
        Cap::ServerTime,
        Cap::MessageTags,
        Cap::EchoMessage,
        Cap::ExtendedJoin,
    ])),
];

/// One message: applied, and encoded once for each of the flavours among a thousand.
#[divan::bench]
fn privmsg_to_a_thousand(bencher: Bencher<'_, '_>) {
    let (mut hub, room, all) = full_room();
    let mut log = Vec::new();
    bencher.counter(ItemsCount::new(ROOM)).bench_local(|| {
        let say = Command::Say {
            to: Target::Room(&room),
            speech: Speech::Message,
            text: black_box("hello, everyone"),
            tags: "",
        };
        hub.apply(all[0], say, Now::default())
            .expect("a member may speak");
        log.clear();
        while let Some(event) = hub.next_event() {
            let distinction = Distinction::of(&event, &hub);
            let mut known: Vec<Flavour> = Vec::with_capacity(FLAVOURS.len());
            hub.for_each_in(&event.audience, |user| {
                let flavour = FLAVOURS[user.slot as usize % FLAVOURS.len()];
                let flavour = flavour.for_event(distinction);
                if !known.contains(&flavour) {
                    known.push(flavour);
                    encode(flavour, View::Other, &event, &hub, "irc.example", &mut log);
                }
            });
        }
        black_box(log.len())
    });
}
