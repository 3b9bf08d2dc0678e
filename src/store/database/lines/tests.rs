//! Lines in real files: sums, quotas, what is forgotten and what was taken back.

use crate::store::{
    database::{Database, Work},
    lines::{BufferKey, LineChange, LineKind, LineRecord, Question, Quotas, Range, Reply, View},
    records::{Change, Key},
};

const ROOM: BufferKey = BufferKey::Room(1);

fn line(id: u64, text: &str) -> LineRecord {
    LineRecord {
        id,
        time_ms: id as i64 * 10,
        text: text.into(),
        ..LineRecord::default()
    }
}

fn add(key: &BufferKey, id: u64, text: &str) -> LineChange {
    LineChange::Add(key.clone(), Box::new(line(id, text)))
}

fn pair(one: &str, other: &str) -> BufferKey {
    BufferKey::Pair(one.into(), other.into())
}

fn commit(database: &mut Database, changes: &[LineChange]) {
    assert_eq!(database.commit(&[Work::Lines(changes, None)]), [Ok(())]);
}

fn sweep(database: &mut Database, quotas: Quotas) {
    for _ in 0..10_000 {
        if !database.sweep(quotas) {
            return check_sums(database);
        }
    }
    panic!("it does not come to an end");
}

/// The sums of each buffer are those of its lines.
fn check_sums(database: &Database) {
    let sql = "SELECT count(*) FROM buffers b WHERE lines <> (SELECT count(*) FROM messages WHERE buffer = b.buffer)
        OR bytes <> (SELECT coalesce(sum(bytes), 0) FROM messages WHERE buffer = b.buffer)";
    let wrong: i64 = database
        .connection
        .query_row(sql, [], |row| row.get(0))
        .unwrap();
    assert_eq!(wrong, 0);
}

fn count(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    database
        .connection
        .query_row(&sql, [], |row| row.get(0))
        .unwrap()
}

fn numbers(database: &Database, buffer: &BufferKey) -> Vec<u64> {
    let question = Question::Page {
        buffer: buffer.clone(),
        range: Range::Latest(None),
        limit: 1000,
        view: View {
            with_events: true,
            ..View::default()
        },
    };
    match database.answer(&question).unwrap() {
        Reply::Lines(lines) => lines.iter().map(|line| line.id).collect(),
        Reply::Targets(_) => Vec::new(),
    }
}

fn open() -> (tempfile::TempDir, Database) {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).unwrap();
    (directory, database)
}

#[test]
fn each_quota_removes_the_oldest_and_no_more() {
    let (_directory, mut database) = open();
    let of_room: Vec<_> = (1..=600).map(|id| add(&ROOM, id, "x")).collect();
    commit(&mut database, &of_room);
    let none = Quotas::default();
    sweep(&mut database, none);
    assert_eq!(numbers(&database, &ROOM).len(), 600);
    sweep(&mut database, Quotas { lines: 100, ..none });
    assert_eq!(numbers(&database, &ROOM), (501..=600).collect::<Vec<_>>());
    let each = line(1, "x").bytes() as u64;
    sweep(
        &mut database,
        Quotas {
            bytes: 50 * each,
            ..none
        },
    );
    assert_eq!(numbers(&database, &ROOM), (551..=600).collect::<Vec<_>>());
    sweep(
        &mut database,
        Quotas {
            since_ms: 5_810,
            ..none
        },
    );
    assert_eq!(numbers(&database, &ROOM), (581..=600).collect::<Vec<_>>());
    // New lines are looked at without a change of the quotas.
    let quotas = Quotas { lines: 20, ..none };
    sweep(&mut database, quotas);
    commit(&mut database, &[add(&ROOM, 700, "y")]);
    sweep(&mut database, quotas);
    assert_eq!(numbers(&database, &ROOM).len(), 20);
}

#[test]
fn of_all_buffers_the_oldest_lines_go_first() {
    let (_directory, mut database) = open();
    let keys: Vec<_> = (1..=40).map(BufferKey::Room).collect();
    let mut changes = Vec::new();
    for id in 1..=4000 {
        changes.push(add(&keys[(id % 40) as usize], id, "x"));
    }
    commit(&mut database, &changes);
    let each = line(1, "x").bytes() as u64;
    let quotas = Quotas {
        bytes_total: 1000 * each,
        ..Quotas::default()
    };
    sweep(&mut database, quotas);
    let kept = count(&database, "messages");
    assert!((900..=1000).contains(&kept), "{kept}");
    let oldest = "SELECT min(id) FROM messages";
    let oldest: i64 = database
        .connection
        .query_row(oldest, [], |row| row.get(0))
        .unwrap();
    assert!(oldest > 2500, "{oldest}");
    commit(&mut database, &[add(&ROOM, 5000, "x")]);
    sweep(&mut database, quotas);
    assert!(count(&database, "messages") <= 1000);
}

#[test]
fn the_end_of_an_account_takes_what_was_said_with_it_in_one_transaction() {
    let (_directory, mut database) = open();
    let (ab, bc) = (pair("a", "b"), pair("b", "c"));
    commit(&mut database, &[add(&ab, 1, "secret"), add(&bc, 2, "kept")]);
    let drops = [
        Change::Drop(Key::PairsOf("a".into())),
        Change::Drop(Key::Account("a".into())),
    ];
    let results = database.commit(&[Work::Rows(&drops)]);
    assert_eq!(results, [Ok(())]);
    assert_eq!(numbers(&database, &ab), [0; 0]);
    assert_eq!(numbers(&database, &bc), [2]);
}

#[test]
fn what_is_forgotten_is_gone_at_once_for_readers_and_soon_from_the_file() {
    let (directory, mut database) = open();
    let (ab, bc) = (pair("a", "b"), pair("b", "c"));
    let secret = "sesame-in-the-file";
    let mut changes: Vec<_> = (1..=600).map(|id| add(&ROOM, id, secret)).collect();
    changes.extend([
        add(&ab, 601, secret),
        add(&bc, 602, "kept"),
        add(&pair("a", "a"), 603, secret),
    ]);
    commit(&mut database, &changes);
    // The room is founded again in the same transaction: its lines are its own.
    let again = BufferKey::Room(2);
    let changes = [
        LineChange::Forget(ROOM),
        LineChange::ForgetAccount("a".into()),
        add(&again, 700, "new"),
    ];
    commit(&mut database, &changes);
    for key in [&ROOM, &ab, &pair("a", "a")] {
        assert_eq!(numbers(&database, key), [0; 0]);
    }
    assert_eq!(numbers(&database, &bc), [602]);
    sweep(&mut database, Quotas::default());
    assert_eq!(
        (count(&database, "messages"), count(&database, "forgotten")),
        (2, 0)
    );
    assert_eq!(numbers(&database, &again), [700]);
    let flush = "PRAGMA wal_checkpoint(TRUNCATE)";
    database
        .connection
        .query_row(flush, [], |_| Ok(()))
        .unwrap();
    let file = std::fs::read(directory.path().join(crate::store::DATABASE)).unwrap();
    let is_there = file
        .windows(secret.len())
        .any(|window| window == secret.as_bytes());
    assert!(!is_there, "what was removed is still in the file");
}

#[test]
fn a_message_that_was_taken_back_goes_with_the_redaction_and_does_not_come_again() {
    let (_directory, mut database) = open();
    let redaction = LineRecord {
        kind: LineKind::Redaction,
        message: Some(1),
        ..line(3, "oops")
    };
    let changes = [
        add(&ROOM, 1, "secret"),
        add(&ROOM, 2, "other"),
        LineChange::Add(ROOM, Box::new(redaction)),
    ];
    for _ in 0..2 {
        commit(&mut database, &changes);
        assert_eq!(numbers(&database, &ROOM), [2, 3]);
        check_sums(&database);
    }
}

#[test]
fn rooms_that_are_not_registered_are_forgotten_when_the_server_starts() {
    let (_directory, mut database) = open();
    let sql = "INSERT INTO rooms VALUES ('#r', 'a', 0, 0, '', '', 0, '', NULL, NULL, 2)";
    database.connection.execute(sql, []).unwrap();
    let registered = BufferKey::Room(2);
    let changes = [
        add(&ROOM, 1, "x"),
        add(&registered, 5, "x"),
        add(&pair("a", "b"), 7, "x"),
    ];
    commit(&mut database, &changes);
    let mut ends = Vec::new();
    database
        .load_ends(&mut |key, id, time| ends.push((key, id, time)))
        .unwrap();
    ends.sort_by_key(|end| end.1);
    assert_eq!(ends, [(registered, 5, 50), (pair("a", "b"), 7, 70)]);
    assert_eq!(numbers(&database, &ROOM), [0; 0]);
}
