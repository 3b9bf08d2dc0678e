//! The store's client beside a keeper that misbehaves by a seed: it dies at any byte, answers late or not at all, answers
//! out of order, has a full disk, cannot be started, is gone for good.
//!
//! ```text
//! owner.rs    the server's part: it changes rows, waits for answers, and knows what must be in the database
//! process.rs  the keeper's part: a map for a database, and a wire that cuts frames anywhere
//! ```
//!
//! What must hold, in every step: what was acknowledged is in the database, or a later change of that row; each write that
//! someone waits for ends once, and soon. And when the keeper works again: the database is as the memory.
//!
//! Two variants: against a model in small steps, with the link's own timetable; and against the keeper itself
//! ([`store::run`]) with its database in a directory, one life after the other.
//!
//! `MADANG_SEED=n cargo test simulation::keeper` plays one run again.

mod owner;
mod process;

use crate::{
    net::Tick,
    server::keeper_link::Timetable,
    simulation::network::Random,
    store::{self, Answer, PROTOCOL_VERSION, Request, push_frame},
};
use owner::Owner;
use process::{Keeper, Manners};
use std::{
    io::{self, ErrorKind, Read, Write},
    time::Duration,
};

/// Runs against the model.
const RUNS: u64 = 400;

/// Runs against the real keeper, each of whose commits goes to the disk.
const REAL_RUNS: u64 = 6;

/// Steps in which things go wrong.
const STEPS: usize = 400;

/// No run needs so many steps until all is well again; one that waits for ever does.
const STEPS_TO_REST: usize = 5_000;

fn play(runs: u64, run: impl Fn(u64)) {
    let given = std::env::var("MADANG_SEED").ok();
    let given = given.map(|seed| seed.parse().expect("MADANG_SEED is a number"));
    for seed in given.map_or(0..runs, |seed: u64| seed..seed + 1) {
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed)));
        assert!(played.is_ok(), "play it again with MADANG_SEED={seed}");
    }
}

#[test]
fn what_a_keeper_acknowledged_is_kept_whatever_becomes_of_it_swarm() {
    play(RUNS, |seed| {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.come_to_rest();
    });
}

#[test]
fn nobody_waits_for_ever_for_a_keeper_that_is_gone_or_hangs_swarm() {
    play(RUNS / 4, |seed| {
        let mut world = World::new(seed);
        for _ in 0..STEPS / 4 {
            world.step();
        }
        if seed % 2 == 0 {
            world.keeper.leave_for_good();
        } else {
            world.keeper.hang_for_good();
        }
        // A change more, for which nobody was there at any time.
        world.owner.act(&mut world.random, world.now);
        let mut steps = 0;
        while world.owner.waits() {
            world.jump();
            world.tend();
            steps += 1;
            assert!(steps < 100, "{:?}", world.owner);
        }
        world.owner.check(world.keeper.rows());
    });
}

/// Everything of one run.
struct World {
    random: Random,
    now: Tick,
    owner: Owner,
    keeper: Keeper,
    timetable: Timetable,
    /// Bytes that the link has taken from the client, and not yet passed on.
    out: Vec<u8>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let owner = Owner::new(&mut random);
        let keeper = Keeper::new(Manners::draw(&mut random));
        Self {
            random,
            now: Tick(1000),
            owner,
            keeper,
            timetable: Timetable::new(),
            out: Vec::new(),
        }
    }

    fn step(&mut self) {
        if self.random.percent(10) {
            self.jump();
        } else if self.random.percent(30) {
            self.now = Tick(self.now.0 + 1);
        }
        if self.random.percent(40) {
            self.owner.act(&mut self.random, self.now);
        }
        self.tend();
        self.keeper.act(&mut self.random);
        self.owner.check(self.keeper.rows());
    }

    /// Time goes on to the next deadline.
    fn jump(&mut self) {
        let due = self.timetable.due_in(self.now);
        self.now = self.now.after(due.unwrap_or(Duration::ZERO));
    }

    /// What the link does in a turn, over a wire instead of a socket.
    fn tend(&mut self) {
        let now = self.now;
        self.owner.write_overdue(now);
        if self.timetable.take_start(now) {
            if self.keeper.start(&mut self.random) {
                let (version, load) = (PROTOCOL_VERSION, false);
                let open = Request::Open { version, load };
                push_frame(&open, &mut self.out).expect("it is short");
            } else {
                self.lose();
            }
        }
        self.timetable.try_again(&mut self.owner.client, now);
        let waited = self.owner.client.bytes();
        let received = match self.keeper.read(&mut self.random) {
            Ok(bytes) => self.owner.client.receive(&bytes).is_ok(),
            Err(process::Gone) => false,
        };
        if self.owner.client.bytes() < waited {
            self.timetable.note_progress();
        }
        if !received {
            self.lose();
        } else if self.keeper.is_running() {
            self.owner.client.send(&mut self.out);
            let count = self.random.below(self.out.len() + 1);
            self.keeper.take(&self.out[..count]);
            self.out.drain(..count);
        }
        self.timetable.note_sent(&mut self.owner.client, now);
        self.owner.note_ends(now);
    }

    fn lose(&mut self) {
        self.keeper.end();
        self.out.clear();
        self.owner.client.lost();
        self.timetable.note_lost(self.now);
    }

    /// From now on nothing goes wrong: all that was changed gets to the database.
    fn come_to_rest(&mut self) {
        self.keeper.behave();
        let mut steps = 0;
        while !self.owner.is_idle() {
            if self.random.percent(20) {
                self.jump();
            }
            self.tend();
            self.keeper.act(&mut self.random);
            self.owner.check(self.keeper.rows());
            steps += 1;
            assert!(steps < STEPS_TO_REST, "{:?}", self.owner);
        }
        self.owner.check_at_rest(self.keeper.rows());
    }
}

/// The stream of one life of the real keeper: requests that end somewhere, and so many bytes of answers that get through.
struct Life {
    requests: Vec<u8>,
    read: usize,
    answers: Vec<u8>,
    answers_max: usize,
    random: Random,
}

impl Read for Life {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = &self.requests[self.read..];
        let most = left.len().min(buffer.len());
        let count = if most == 0 {
            0
        } else {
            1 + self.random.below(most)
        };
        buffer[..count].copy_from_slice(&left[..count]);
        self.read += count;
        Ok(count)
    }
}

impl Write for Life {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.answers_max - self.answers.len());
        self.answers.extend(&bytes[..count]);
        if count == 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_the_real_keeper_acknowledged_is_in_its_database_after_any_life_swarm() {
    play(REAL_RUNS, |seed| {
        let directory = tempfile::tempdir().expect("a directory");
        let mut random = Random::new(seed);
        let mut owner = Owner::new(&mut random);
        let now = Tick(1000);
        for _ in 0..25 {
            for _ in 0..random.below(8) {
                owner.act(&mut random, now);
            }
            live(directory.path(), &mut owner, Death::Somewhere, &mut random);
        }
        for _ in 0..20 {
            live(directory.path(), &mut owner, Death::AtTheEnd, &mut random);
        }
        assert!(owner.is_idle(), "{owner:?}");
        owner.check_at_rest(&load(directory.path(), &mut random));
    });
}

/// How a life of the real keeper ends.
#[derive(Clone, Copy, PartialEq)]
enum Death {
    /// After all that it was to do.
    AtTheEnd,
    /// In the middle of a request, or of an answer.
    Somewhere,
}

/// One life of the real keeper, and what the server makes of it.
fn live(directory: &std::path::Path, owner: &mut Owner, death: Death, random: &mut Random) {
    owner.client.try_again();
    owner.write_overdue(Tick(1000));
    let mut requests = Vec::new();
    let (version, load_rows) = (PROTOCOL_VERSION, false);
    let open = Request::Open {
        version,
        load: load_rows,
    };
    push_frame(&open, &mut requests).expect("it is short");
    owner.client.send(&mut requests);
    let mut answers_max = usize::MAX;
    if death == Death::Somewhere {
        requests.truncate(random.below(requests.len() + 1));
        answers_max = [usize::MAX, random.below(200)][random.below(2)];
    }
    let mut life = Life {
        requests,
        read: 0,
        answers: Vec::new(),
        answers_max,
        random: Random::new(random.next()),
    };
    // How it ends is no matter: the server sees the end of the stream.
    let _ = store::run(directory, &mut life);
    owner.client.receive(&life.answers).expect("frames");
    owner.client.lost();
    owner.note_ends(Tick(1000));
    owner.check(&load(directory, random));
}

/// What is in the database, as the next server gets it.
fn load(directory: &std::path::Path, random: &mut Random) -> process::Rows {
    let mut requests = Vec::new();
    let (version, load) = (PROTOCOL_VERSION, true);
    push_frame(&Request::Open { version, load }, &mut requests).expect("it is short");
    let mut life = Life {
        requests,
        read: 0,
        answers: Vec::new(),
        answers_max: usize::MAX,
        random: Random::new(random.next()),
    };
    store::run(directory, &mut life).expect("a database");
    let mut frames = store::Frames::default();
    frames.push(&life.answers);
    let mut rows = process::Rows::new();
    while let Some(answer) = frames.take().expect("answers") {
        match answer {
            Answer::Row(row) => {
                rows.insert(row.key(), row);
            }
            Answer::Loaded => return rows,
            other => panic!("{other:?}"),
        }
    }
    panic!("the rows have no end");
}
