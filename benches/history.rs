//! History: what the loop pays for a line that is recorded, and what the keeper pays for it and for a page.
//!
//! Run with `cargo bench --bench history`. The keeper's part writes to a directory for temporary files.

use divan::{Bencher, black_box, counter::ItemsCount};
use madang::{
    chat::{
        Command, Hub, NameRules, Nick, Now, Profile, RoomName, Speech, Target, UserId,
        mode::RoomFlags,
    },
    history::{Access, Recorder, Rules},
    store::{
        BufferKey, LineChange, LineRecord, Point, Question, Range, View,
        database::{Database, Work},
    },
};

const RULES: NameRules = NameRules { unicode: true };

/// Lines of one request to the keeper.
const BATCH: u64 = 256;

/// Lines of the room that is read.
const STORED: u64 = 200_000;

fn main() {
    divan::main();
}

fn recorder(is_stored: bool) -> Recorder {
    Recorder::new(Rules {
        lines: 2048,
        bytes: 8 << 20,
        private: true,
        events: false,
        access: Access::FromFounding,
        is_stored,
    })
}

fn speaker() -> (Hub, RoomName, UserId) {
    let mut hub = Hub::new(RULES);
    let room = RoomName::parse("lobby", RULES).expect("a room's name");
    let nick = Nick::parse("alice", RULES).expect("a nick");
    let user = hub.enter(nick, Profile::default(), Now::default());
    let user = user.expect("the name is free");
    let join = Command::Join {
        room: room.clone(),
        key: None,
        flags: RoomFlags::usual(),
    };
    hub.apply(user, join, Now::default()).expect("it is let in");
    while hub.next_event().is_some() {}
    (hub, room, user)
}

/// A line of a room: said and recorded; `is_stored`: and taken to be stored.
#[divan::bench(args = [false, true])]
fn say_and_record(bencher: Bencher<'_, '_>, is_stored: bool) {
    let ((mut hub, room, user), mut recorder) = (speaker(), recorder(is_stored));
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let say = Command::Say {
            to: Target::Room(&room),
            speech: Speech::Message,
            text: "the quick brown fox jumps over the lazy dog",
            tags: "",
        };
        hub.apply(user, say, Now::default()).expect("it may speak");
        while let Some(event) = hub.next_event() {
            recorder.record(&event, &hub);
        }
        black_box(recorder.take_changes());
    });
}

/// The same without a recorder, to be subtracted.
#[divan::bench]
fn say_alone(bencher: Bencher<'_, '_>) {
    let (mut hub, room, user) = speaker();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let say = Command::Say {
            to: Target::Room(&room),
            speech: Speech::Message,
            text: "the quick brown fox jumps over the lazy dog",
            tags: "",
        };
        hub.apply(user, say, Now::default()).expect("it may speak");
        while let Some(event) = hub.next_event() {
            black_box(event);
        }
    });
}

fn batch(first: u64) -> Vec<LineChange> {
    let line = |id: u64| LineRecord {
        id,
        time_ms: id as i64,
        nick: "alice".into(),
        username: "~alice".into(),
        host: "a1b2c3d4.e5f6a7b8.c9d0e1f2.ip".into(),
        target: "#lobby".into(),
        text: "the quick brown fox jumps over the lazy dog".into(),
        ..LineRecord::default()
    };
    let add = |id| LineChange::Add(BufferKey::Room(1), Box::new(line(id)));
    (first..first + BATCH).map(add).collect()
}

/// What the keeper pays for a request of 256 lines.
#[divan::bench]
fn store_a_batch(bencher: Bencher<'_, '_>) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut database = Database::open(directory.path()).expect("a database");
    let mut next = 1;
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let changes = batch(next);
        next += BATCH;
        black_box(database.commit(&[Work::Lines(&changes, None)]))
    });
}

/// Pages of 100 lines out of a room of 200,000: the latest, and before a number in the middle.
#[divan::bench(args = [Range::Latest(None), Range::Before(Point::Id(STORED / 2))])]
fn read_a_page(bencher: Bencher<'_, '_>, range: &Range) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut database = Database::open(directory.path()).expect("a database");
    for first in (1..STORED).step_by(BATCH as usize) {
        database.commit(&[Work::Lines(&batch(first), None)]);
    }
    let question = Question::Page {
        buffer: BufferKey::Room(1),
        range: *range,
        limit: 100,
        view: View::default(),
    };
    bencher.bench_local(|| black_box(database.answer(&question)));
}
