//! Streams between server and keeper at random: valid, damaged, and cut anywhere.

use super::database::Database;
use super::{
    AccountRecord, Answer, BadFrame, BanRecord, Change, Client, Frames, Key, MaskRecord, Policy,
    RankRecord, Request, RoomRecord, Row, SettingRecord, push_frame,
};
use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

fn accounts() -> impl Strategy<Value = Row> {
    let keys = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 16]>());
    let texts = (
        any::<String>(),
        option::of(any::<String>()),
        vec(".{0,9}", 0..3),
    );
    (keys, texts, any::<(u32, i64, i64)>()).prop_map(|(keys, texts, numbers)| {
        Row::Account(AccountRecord {
            name: texts.0,
            salt: keys.2,
            rounds: numbers.0,
            stored_key: keys.0,
            server_key: keys.1,
            registered_ms: numbers.1,
            last_seen_ms: numbers.2,
            fingerprints: texts.2,
            ..AccountRecord::default()
        })
    })
}

fn rooms() -> impl Strategy<Value = Row> {
    let mask =
        any::<(char, String, String, i64)>().prop_map(|(list, mask, by, set_ms)| MaskRecord {
            list,
            mask,
            by,
            set_ms,
        });
    let rank = any::<(String, char)>().prop_map(|(account, letter)| RankRecord { account, letter });
    let lists = (vec(rank, 0..3), vec(mask, 0..3));
    (any::<[String; 4]>(), lists, option::of(any::<u32>())).prop_map(|(texts, lists, limit)| {
        let [name, founder, topic, modes] = texts;
        Row::Room(RoomRecord {
            key: limit.map(|_| topic.clone()),
            name,
            founder,
            topic,
            modes,
            limit,
            ranks: lists.0,
            masks: lists.1,
            ..RoomRecord::default()
        })
    })
}

fn rows() -> impl Strategy<Value = Row> {
    let ban = (any::<String>(), option::of(any::<i64>())).prop_map(|(mask, ends_ms)| {
        Row::Ban(BanRecord {
            mask,
            ends_ms,
            ..BanRecord::default()
        })
    });
    let setting = (any::<String>(), vec(any::<u8>(), 0..40))
        .prop_map(|(name, value)| Row::Setting(SettingRecord { name, value }));
    prop_oneof![accounts(), rooms(), ban, setting]
}

fn requests() -> impl Strategy<Value = Request> {
    let change = prop_oneof![
        rows().prop_map(Change::Put),
        rows().prop_map(|row| Change::Drop(row.key())),
    ];
    prop_oneof![
        any::<(u32, bool)>().prop_map(|(version, load)| Request::Open { version, load }),
        (any::<u64>(), vec(change, 0..4)).prop_map(|(id, changes)| Request::Write { id, changes }),
    ]
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        rows().prop_map(Answer::Row),
        Just(Answer::Loaded),
        any::<String>().prop_map(Answer::Unusable),
        (0..6_u64).prop_map(|id| Answer::Done { id }),
        (0..6_u64, any::<String>()).prop_map(|(id, why)| Answer::Failed { id, why }),
    ]
}

/// What a stream gives when it comes in pieces of this length: messages, and whether it makes sense to its end.
fn read<T: DeserializeOwned>(stream: &[u8], piece: usize) -> (Vec<T>, bool) {
    let (mut frames, mut messages) = (Frames::default(), Vec::new());
    for bytes in stream.chunks(piece) {
        frames.push(bytes);
        loop {
            match frames.take() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(BadFrame) => return (messages, false),
            }
        }
    }
    (messages, true)
}

fn stream<T: Serialize>(messages: &[T]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        push_frame(message, &mut stream).expect("they are short");
    }
    stream
}

/// However a stream is cut, it is the same; and what was read is written and read again as itself.
fn check<T>(bytes: &[u8], piece: usize) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let (whole, is_sound) = read::<T>(bytes, usize::MAX);
    prop_assert_eq!(&read::<T>(bytes, piece), &(whole, is_sound));
    let (whole, _) = read::<T>(bytes, usize::MAX);
    prop_assert_eq!(read::<T>(&stream(&whole), piece), (whole, true));
    Ok(())
}

proptest! {
    #[test]
    fn messages_arrive_as_they_were_sent_at_random(
        sent in (vec(requests(), 0..4), vec(answers(), 0..4)),
        piece in 1..40_usize,
    ) {
        prop_assert_eq!(read(&stream(&sent.0), piece), (sent.0, true));
        prop_assert_eq!(read(&stream(&sent.1), piece), (sent.1, true));
    }

    #[test]
    fn a_damaged_stream_is_the_same_however_it_is_cut_at_random(
        sent in (vec(requests(), 0..3), vec(answers(), 0..3)),
        damage in vec(any::<(prop::sample::Index, u8)>(), 0..4),
        piece in 1..40_usize,
    ) {
        for mut bytes in [stream(&sent.0), stream(&sent.1)] {
            for (at, byte) in &damage {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            check::<Request>(&bytes, piece)?;
            check::<Answer>(&bytes, piece)?;
        }
    }

    #[test]
    fn no_answers_make_the_client_end_a_write_twice_at_random(
        sent in vec(answers(), 0..12),
        junk in vec(any::<u8>(), 0..20),
    ) {
        let mut client = Client::default();
        for name in ["a", "b", "a", "c"] {
            let key = Key::Ban(name.into());
            client.write(vec![Change::Drop(key.clone())], Policy::Keep);
            client.write(vec![Change::Drop(key)], Policy::Answer);
        }
        client.send(&mut Vec::new());
        for bytes in [stream(&sent), junk] {
            if client.receive(&bytes).is_err() {
                client.lost();
            }
        }
        let mut ends: Vec<_> = std::iter::from_fn(|| client.next_completion()).collect();
        let count = ends.len();
        ends.sort_by_key(|end| end.id);
        ends.dedup_by_key(|end| end.id);
        prop_assert_eq!(ends.len(), count);
        prop_assert_eq!(client.is_idle(), client.bytes() == 0);
    }
}

/// A stream whose other end has sent one request, and reads all answers.
struct Script(std::io::Cursor<Vec<u8>>, Vec<u8>);

impl std::io::Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl std::io::Write for Script {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_row_that_fits_no_message_is_named_and_not_passed_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let row = Row::Setting(SettingRecord {
        name: "by hand".into(),
        value: vec![0; 5 << 20],
    });
    let mut database = Database::open(directory.path()).expect("a database");
    assert_eq!(database.write_all(&[vec![Change::Put(row)]]), [Ok(())]);
    drop(database);
    let open = Request::Open {
        version: super::PROTOCOL_VERSION,
        load: true,
    };
    let mut script = Script(std::io::Cursor::new(stream(&[open])), Vec::new());
    super::run(directory.path(), &mut script).expect("it says why");
    let (answers, _) = read::<Answer>(&script.1, usize::MAX);
    match answers.last() {
        Some(Answer::Unusable(why)) => assert!(why.contains("by hand"), "{why}"),
        other => panic!("{other:?}"),
    }
}
