//! The keeper's pages beside those from memory: a query means the same wherever it is answered.

use super::{records, *};
use crate::{
    chat::{MessageId, RoomSerial, Speech, WallTime, mode::Rank},
    history::{
        Author, Change, Content, Filter, Line, Lines, Query, Readable, Ref, Search, Selector,
        answer, search,
    },
    store::database::{Database, Work},
};
use proptest::prelude::*;
use std::rc::Rc;

/// Lines of a buffer: ids rise, times do not fall.
fn lines(steps: &[(u8, u8, u8)]) -> Lines {
    let (mut id, mut time) = (10, 100);
    let line = |&(more_id, more_time, kind): &(u8, u8, u8)| {
        id += 1 + u64::from(more_id);
        time += i64::from(more_time);
        let reason = "x".into();
        let content = match kind % 3 {
            0 => Content::Left { reason },
            _ => Content::Said {
                speech: Speech::Message,
                text: format!("Text {}", kind % 5).into(),
            },
        };
        let author = Author {
            nick: "n".into(),
            account: (kind % 4 == 0).then(|| "me".into()),
            ..Author::default()
        };
        Rc::new(Line {
            id: MessageId(id),
            time: WallTime::from_unix_ms(time),
            author: Rc::new(author),
            target: "#a".into(),
            rank: (kind % 7 == 0).then_some(Rank::Operator),
            tags: "".into(),
            content,
        })
    };
    steps.iter().map(line).collect()
}

fn refs() -> impl Strategy<Value = Ref> {
    prop_oneof![
        (5_u64..60).prop_map(|id| Ref::Id(MessageId(id))),
        (90_i64..160).prop_map(|ms| Ref::Time(WallTime::from_unix_ms(ms))),
    ]
}

fn filters() -> impl Strategy<Value = Filter> {
    let since = proptest::option::of((90_i64..160).prop_map(WallTime::from_unix_ms));
    let rank = prop_oneof![
        Just(None),
        Just(Some(Rank::Voice)),
        Just(Some(Rank::Founder))
    ];
    (any::<bool>(), since, rank, any::<bool>()).prop_map(|(with_events, since, rank, is_me)| {
        Filter {
            with_events,
            since,
            rank,
            account: is_me.then(|| "me".into()),
        }
    })
}

fn queries() -> impl Strategy<Value = Query> {
    let selector = prop_oneof![
        Just(Selector::Latest(None)),
        refs().prop_map(|it| Selector::Latest(Some(it))),
        refs().prop_map(Selector::Before),
        refs().prop_map(Selector::After),
        refs().prop_map(Selector::Around),
        (refs(), refs()).prop_map(|(one, other)| Selector::Between(one, other)),
    ];
    (selector, 0_usize..12, filters()).prop_map(|(selector, limit, filter)| Query {
        selector,
        limit,
        filter,
    })
}

fn stored(lines: &Lines, buffer: &Buffer) -> (tempfile::TempDir, Database) {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let add = |line: &Rc<Line>| records::change(Change::Add(buffer.clone(), line.clone()));
    let changes: Vec<LineChange> = lines.iter().map(add).collect();
    // Twice: a keeper that ended may have written it already.
    for _ in 0..2 {
        assert_eq!(database.commit(&[Work::Lines(&changes, None)]), [Ok(())]);
    }
    (directory, database)
}

fn read(database: &Database, question: &Question) -> Vec<Rc<Line>> {
    match database.answer(&records::question(question)).unwrap() {
        Reply::Lines(lines) => lines.into_iter().map(records::line).collect(),
        Reply::Targets(_) => panic!("lines were asked for"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_keeper_gives_the_same_pages_as_memory(
        steps in proptest::collection::vec((0_u8..4, 0_u8..4, any::<u8>()), 0..20),
        queries in proptest::collection::vec(queries(), 40),
        words in "[a-z0-4]{0,2}",
        points in (proptest::option::of(refs()), proptest::option::of(refs())),
    ) {
        let lines = lines(&steps);
        let buffer = Buffer::Room(RoomSerial(7));
        let (_directory, database) = stored(&lines, &buffer);
        for query in queries {
            let filter = query.filter.clone();
            let readable = Readable { buffer: buffer.clone(), filter };
            let what = Search { after: points.0, before: points.1, ..Search::new(&words, query.limit) };
            let found = search(&lines, &what, &query.filter).lines;
            let asked = Question::Search(readable.clone(), what);
            if !query.filter.with_events {
                prop_assert_eq!(read(&database, &asked), found, "{:?}", asked);
            }
            let page = answer(&lines, &query).lines;
            prop_assert_eq!(read(&database, &Question::Page(readable, query.clone())), page, "{:?}", query);
        }
    }
}
