//! Pages beside a slow, obvious answer, from whole buffers and from tails; and the bounds of what is in memory.

use crate::{
    chat::{MessageId, RoomSerial, Speech, WallTime},
    history::{
        Beginning, Bounds, Buffer, Content, Filter, Line, Lines, Memory, Query, Ref, Selector,
        answer,
    },
};
use proptest::prelude::*;
use std::rc::Rc;

/// Lines of a buffer: ids rise, times do not fall.
fn lines(steps: &[(u8, u8, bool)]) -> Lines {
    let (mut id, mut time) = (10, 100);
    let line = |&(more_id, more_time, is_event): &(u8, u8, bool)| {
        id += 1 + u64::from(more_id);
        time += i64::from(more_time);
        let text = "x".into();
        let content = match is_event {
            true => Content::Left { reason: text },
            false => Content::Said {
                speech: Speech::Message,
                text,
            },
        };
        Rc::new(Line {
            id: MessageId(id),
            time: WallTime::from_unix_ms(time),
            author: Rc::default(),
            target: "#a".into(),
            rank: None,
            tags: "".into(),
            content,
        })
    };
    steps.iter().map(line).collect()
}

/// The slow, obvious answer: numbers of the lines that are in the page.
fn obvious(lines: &Lines, query: &Query) -> Vec<u64> {
    let seen: Vec<&Rc<Line>> = lines
        .iter()
        .filter(|line| query.filter.admits(line))
        .filter(|line| query.filter.since.is_none_or(|since| line.time >= since))
        .collect();
    let last = |all: Vec<u64>, limit: usize| all[all.len().saturating_sub(limit)..].to_vec();
    let ids = |keep: &dyn Fn(&Line) -> bool| -> Vec<u64> {
        seen.iter()
            .filter(|line| keep(line))
            .map(|line| line.id.0)
            .collect()
    };
    let limit = query.limit;
    match query.selector {
        Selector::Latest(None) => last(ids(&|_| true), limit),
        Selector::Latest(Some(point)) => last(ids(&|line| line.is_after(point)), limit),
        Selector::Before(point) => last(ids(&|line| line.is_before(point)), limit),
        Selector::After(point) => {
            let all = ids(&|line| line.is_after(point));
            all[..limit.min(all.len())].to_vec()
        }
        Selector::Around(point) => {
            let before = ids(&|line| line.is_before(point));
            let from = ids(&|line| !line.is_before(point));
            let half = before.len().min(limit / 2);
            let after = from.len().min(limit - half);
            let mut all = last(before, limit - after);
            all.extend(&from[..after]);
            all
        }
        Selector::Between(one, other) => {
            // What is between does not depend on the order, only from where it is counted.
            let forward = ids(&|line| line.is_after(one) && line.is_before(other));
            let backward = ids(&|line| line.is_after(other) && line.is_before(one));
            match forward.is_empty() {
                false => forward[..limit.min(forward.len())].to_vec(),
                true => last(backward, limit),
            }
        }
    }
}

fn refs() -> impl Strategy<Value = Ref> {
    prop_oneof![
        (5_u64..60).prop_map(|id| Ref::Id(MessageId(id))),
        (90_i64..160).prop_map(|ms| Ref::Time(WallTime::from_unix_ms(ms))),
    ]
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
    let since = proptest::option::of((90_i64..160).prop_map(WallTime::from_unix_ms));
    (selector, 0_usize..12, any::<bool>(), since).prop_map(
        |(selector, limit, with_events, since)| Query {
            selector,
            limit,
            filter: Filter {
                with_events,
                since,
                ..Filter::default()
            },
        },
    )
}

fn numbers(found: &[Rc<Line>]) -> Vec<u64> {
    found.iter().map(|line| line.id.0).collect()
}

proptest! {
    #[test]
    fn a_page_is_what_a_plain_list_gives(
        steps in proptest::collection::vec((0_u8..4, 0_u8..4, any::<bool>()), 0..20),
        query in queries(),
    ) {
        let lines = lines(&steps);
        let found = answer(&lines, &query);
        prop_assert_eq!(numbers(&found.lines), obvious(&lines, &query), "{:?}", query);
    }

    #[test]
    fn a_tail_gives_the_same_page_or_says_that_it_may_not(
        steps in proptest::collection::vec((0_u8..4, 0_u8..4, any::<bool>()), 0..20),
        cut in 0_usize..20,
        query in queries(),
    ) {
        let all = lines(&steps);
        let tail: Lines = all.iter().skip(cut).cloned().collect();
        let (whole, found) = (answer(&all, &query), answer(&tail, &query));
        if !found.is_cut {
            prop_assert_eq!(numbers(&found.lines), numbers(&whole.lines), "{:?}", query);
        }
    }

    #[test]
    fn memory_stays_bounded_and_the_oldest_go_first(
        pushes in proptest::collection::vec((0_u64..4, 0_usize..300), 1..80),
        bounds in (1_usize..10, 2000_usize..6000),
    ) {
        let bounds = Bounds { lines: bounds.0, bytes: bounds.1 };
        let (mut memory, mut all) = (Memory::default(), Vec::new());
        for (id, (room, length)) in (1..).zip(pushes) {
            let mut line = (*lines(&[(0, 0, false)])[0]).clone();
            line.id = MessageId(id);
            line.content = Content::Tagged;
            line.target = "x".repeat(length).into();
            let buffer = Buffer::Room(RoomSerial(room));
            memory.push(&buffer, Rc::new(line), Beginning::Here, bounds);
            all.push((buffer, id));
            prop_assert!(memory.bytes() <= bounds.bytes.max(3000), "{}", memory.bytes());
        }
        // Of each buffer there is a tail, and all that is later than the oldest one of all is there, but for its own bound.
        let mut count = 0;
        let mut oldest = u64::MAX;
        for room in 0..4 {
            let buffer = Buffer::Room(RoomSerial(room));
            let Some((kept, is_whole)) = memory.lines(&buffer) else { continue };
            let said: Vec<u64> = all.iter().filter(|it| it.0 == buffer).map(|it| it.1).collect();
            let kept: Vec<u64> = kept.iter().map(|line| line.id.0).collect();
            prop_assert!(said.ends_with(&kept));
            prop_assert_eq!(is_whole, said.len() == kept.len());
            prop_assert!(kept.len() <= bounds.lines);
            oldest = oldest.min(kept.first().copied().unwrap_or(u64::MAX));
            count += kept.len();
        }
        prop_assert_eq!(count, memory.len());
        for room in 0..4 {
            let buffer = Buffer::Room(RoomSerial(room));
            let Some((kept, _)) = memory.lines(&buffer) else { continue };
            let said = all.iter().filter(|it| it.0 == buffer && it.1 >= oldest).count();
            prop_assert_eq!(kept.len(), said.min(bounds.lines));
        }
    }
}
