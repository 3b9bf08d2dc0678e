//! The client beside a keeper that is written out by hand, answer by answer.

use super::*;
use crate::store::{
    lines::{BufferKey, Question, Range, Reply, View},
    records::{Row, SettingRecord},
};

fn put(name: &str, value: u8) -> Vec<Change> {
    vec![Change::Put(Row::Setting(SettingRecord {
        name: name.into(),
        value: vec![value],
    }))]
}

/// The ids of the writes that are sent now.
fn sent(client: &mut Client) -> Vec<u64> {
    let (mut out, mut frames, mut ids) = (Vec::new(), Frames::default(), Vec::new());
    client.send(&mut out);
    frames.push(&out);
    while let Some(Request::Write { id, .. }) = frames.take().unwrap() {
        ids.push(id);
    }
    ids
}

fn answer(client: &mut Client, answer: &Answer) {
    let mut bytes = Vec::new();
    push_frame(answer, &mut bytes).unwrap();
    client.receive(&bytes).unwrap();
}

fn failed(id: u64) -> Answer {
    let why = "disk full".into();
    Answer::Failed { id, why }
}

#[test]
fn what_was_not_acknowledged_is_sent_to_the_next_keeper_in_order() {
    let mut client = Client::default();
    for name in ["a", "b", "c", "d"] {
        client.write(put(name, 1), Policy::Answer);
    }
    assert_eq!(sent(&mut client), [1, 2, 3, 4]);
    assert_eq!(sent(&mut client), [0; 0]);
    answer(&mut client, &Answer::Done { id: 2 });
    client.lost();
    assert_eq!(sent(&mut client), [1, 3, 4]);
    for id in [4, 1, 1, 99, 3] {
        answer(&mut client, &Answer::Done { id });
    }
    let done = std::iter::from_fn(|| client.next_completion());
    let done: Vec<_> = done.map(|it| (it.id.0, it.result.is_ok())).collect();
    assert_eq!(done, [(2, true), (4, true), (1, true), (3, true)]);
    assert!(client.is_idle() && client.bytes() == 0);
}

#[test]
fn a_failure_is_an_answer_or_is_tried_again_by_policy() {
    let mut client = Client::default();
    client.write(put("a", 1), Policy::Answer);
    client.write(put("ban", 1), Policy::Keep);
    sent(&mut client);
    answer(&mut client, &failed(1));
    answer(&mut client, &failed(2));
    let failure = client.next_completion().unwrap();
    assert_eq!((failure.id.0, failure.result.is_err()), (1, true));
    assert!(client.next_completion().is_none() && client.has_postponed());
    assert_eq!(client.trouble.as_deref(), Some("disk full"));
    assert_eq!(sent(&mut client), [0; 0]);
    client.try_again();
    assert_eq!(sent(&mut client), [2]);
    answer(&mut client, &Answer::Done { id: 2 });
    assert_eq!(client.trouble, None);
}

#[test]
fn a_later_change_of_a_row_replaces_one_that_failed() {
    let mut client = Client::default();
    client.write(put("ban", 1), Policy::Keep);
    client.write(put("ban", 2), Policy::Keep);
    sent(&mut client);
    // The first fails when the second is on its way: to try it again would undo the second.
    answer(&mut client, &failed(1));
    answer(&mut client, &failed(2));
    client.try_again();
    assert_eq!(sent(&mut client), [2]);
    answer(&mut client, &failed(2));
    client.write(put("ban", 3), Policy::Keep);
    client.try_again();
    assert_eq!(sent(&mut client), [3]);
    answer(&mut client, &Answer::Done { id: 3 });
    assert!(client.is_idle() && client.bytes() == 0);
}

#[test]
fn what_no_keeper_survives_fails_or_is_postponed() {
    let mut client = Client::default();
    client.write(put("a", 1), Policy::Answer);
    client.write(put("ban", 1), Policy::Keep);
    for _ in 1..LOSSES_MAX {
        assert_eq!(sent(&mut client), [1, 2]);
        client.lost();
    }
    client.lost();
    assert!(
        client
            .next_completion()
            .is_some_and(|it| it.result.is_err())
    );
    assert_eq!(sent(&mut client), [0; 0]);
    client.try_again();
    assert_eq!(sent(&mut client), [2]);
}

#[test]
fn what_waits_is_bounded() {
    let mut client = Client::default();
    let big = || {
        vec![Change::Put(Row::Setting(SettingRecord {
            name: "big".into(),
            value: vec![0; 1 << 20],
        }))]
    };
    for _ in 0..3 {
        client.write(big(), Policy::Answer);
    }
    assert!(client.next_completion().is_none());
    let id = client.write(big(), Policy::Keep);
    let refused = client.next_completion().unwrap();
    assert_eq!((refused.id, refused.result), (id, Err(WriteError::Full)));
    assert!(client.bytes() <= BYTES_MAX);
}

/// The ends of writes so far: which, and whether it is written.
fn ends(client: &mut Client) -> Vec<(u64, bool)> {
    let ends = std::iter::from_fn(|| client.next_completion());
    ends.map(|it| (it.id.0, it.result.is_ok())).collect()
}

#[test]
fn what_is_older_than_an_acknowledged_change_of_its_row_is_not_sent_again() {
    let mut client = Client::default();
    client.write(put("a", 1), Policy::Answer);
    client.write(put("a", 2), Policy::Keep);
    client.write(put("b", 1), Policy::Keep);
    assert_eq!(sent(&mut client), [1, 2, 3]);
    client.write(put("a", 3), Policy::Keep);
    assert_eq!(sent(&mut client), [4]);
    answer(&mut client, &Answer::Done { id: 4 });
    client.lost();
    assert_eq!(sent(&mut client), [3]);
    // The asker of the first does not know whether it was written, and has to say what holds.
    assert_eq!(ends(&mut client), [(4, true), (1, false)]);
}

#[test]
fn what_is_put_off_is_not_written_after_a_later_change_of_its_row() {
    let mut client = Client::default();
    client.write(put("a", 1), Policy::Keep);
    for _ in 1..LOSSES_MAX {
        sent(&mut client);
        client.lost();
    }
    sent(&mut client);
    client.write(put("a", 2), Policy::Answer);
    // The first has met too many keepers, the second not.
    client.lost();
    client.try_again();
    assert_eq!(sent(&mut client), [2]);
    answer(&mut client, &Answer::Done { id: 2 });
    client.try_again();
    assert!(client.is_idle() && client.bytes() == 0);
    assert_eq!(ends(&mut client), [(2, true)]);
}

#[test]
fn a_kept_row_that_no_keeper_has_yet_is_replaced_by_the_next() {
    let mut client = Client::default();
    for value in 0..100 {
        client.write(put("topic", value), Policy::Keep);
    }
    assert_eq!(sent(&mut client), [100]);
}

#[test]
fn a_kept_row_that_finds_no_room_is_asked_for_when_there_is_some() {
    let mut client = Client::default();
    let big = |name: &str| {
        vec![Change::Put(Row::Setting(SettingRecord {
            name: name.into(),
            value: vec![0; 1 << 20],
        }))]
    };
    for name in ["a", "b", "c"] {
        client.write(big(name), Policy::Keep);
    }
    client.write(big("d"), Policy::Keep);
    assert_eq!(ends(&mut client), [(4, false)]);
    sent(&mut client);
    answer(&mut client, &Answer::Done { id: 1 });
    assert_eq!(client.next_overdue(), None, "half of it is in use");
    answer(&mut client, &Answer::Done { id: 2 });
    assert_eq!(client.next_overdue(), Some(Key::Setting("d".into())));
    assert_eq!(client.next_overdue(), None);
    // What is never going to fit is no reason to ask again and again.
    let longer = vec![Change::Put(Row::Setting(SettingRecord {
        name: "e".into(),
        value: vec![0; 3 << 20],
    }))];
    client.write(longer, Policy::Keep);
    let end = std::iter::from_fn(|| client.next_completion()).last();
    assert_eq!(end.unwrap().result, Err(WriteError::TooLong));
    answer(&mut client, &Answer::Done { id: 3 });
    assert_eq!(client.next_overdue(), None);
}

#[test]
fn trouble_ends_with_a_keeper_that_opens_the_database_or_writes() {
    let mut client = Client::default();
    answer(&mut client, &Answer::Unusable("read-only".into()));
    assert_eq!(client.trouble.as_deref(), Some("read-only"));
    client.lost();
    answer(&mut client, &Answer::Loaded);
    assert_eq!(client.trouble, None);
    // A row that could not be written is replaced by one that someone waits for.
    client.write(put("a", 1), Policy::Keep);
    sent(&mut client);
    answer(&mut client, &failed(1));
    answer(&mut client, &Answer::Loaded);
    assert_eq!(client.trouble.as_deref(), Some("disk full"));
    client.write(put("a", 2), Policy::Answer);
    sent(&mut client);
    answer(&mut client, &Answer::Done { id: 2 });
    assert_eq!(client.trouble, None);
}

/// The ids of the questions that are sent now.
fn asked(client: &mut Client) -> Vec<u64> {
    let (mut out, mut frames, mut ids) = (Vec::new(), Frames::default(), Vec::new());
    client.send(&mut out);
    frames.push(&out);
    while let Some(Request::Ask { id, .. }) = frames.take().unwrap() {
        ids.push(id);
    }
    ids
}

#[test]
fn the_keeper_has_a_few_questions_at_a_time_and_the_next_when_one_is_answered() {
    let mut client = Client::default();
    for _ in 0..6 {
        client.ask(Question::Page {
            buffer: BufferKey::Room(1),
            range: Range::Latest(None),
            limit: 1,
            view: View::default(),
        });
    }
    assert_eq!(asked(&mut client), [1, 2, 3, 4]);
    assert_eq!(asked(&mut client), [0; 0]);
    let reply = Reply::Lines(Vec::new());
    answer(&mut client, &Answer::Reply { id: 2, reply });
    assert_eq!(asked(&mut client), [5]);
    // The next keeper is not asked all at once either.
    client.lost();
    assert_eq!(asked(&mut client), [1, 3, 4, 5]);
}
