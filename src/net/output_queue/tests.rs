//! Tests of output queues and the backlog behind them: whatever the schedule of writes, the bytes are the same and none leaks.

use super::{
    super::{backlog::Lane, places::PLACES_KEPT},
    *,
};

const LANE: Lane = Lane(0);

fn chunk(backlog: &mut Backlog, lane: Lane, text: &str) -> Chunk {
    let composed = backlog.compose(lane, |out| {
        out.extend_from_slice(text.as_bytes());
        true
    });
    composed.expect("the text is not empty")
}

fn push(queue: &mut OutputQueue, backlog: &mut Backlog, lane: Lane, text: &str) {
    let chunk = chunk(backlog, lane, text);
    queue.push(backlog, chunk);
}

fn slices(queue: &OutputQueue, backlog: &Backlog) -> Vec<String> {
    let mut slices = [IoSlice::new(&[]); SLICES_PER_WRITE];
    let filled = queue.gather(backlog, &mut slices);
    let text = |slice: &IoSlice<'_>| String::from_utf8(slice.to_vec()).unwrap();
    slices[..filled].iter().map(text).collect()
}

fn send(queue: &mut OutputQueue, backlog: &mut Backlog, at_most: usize) -> String {
    let mut text = slices(queue, backlog).concat();
    text.truncate(at_most);
    queue.consume(backlog, text.len());
    queue.check_invariants(backlog);
    text
}

#[test]
fn every_schedule_of_short_writes_sends_the_same_bytes() {
    let chunks = ["a", "bcd", "efghij", "k", "lmnopqrstuvwxyz"];
    let expected = chunks.concat();
    for first in 1..=expected.len() {
        for second in 1..=expected.len() {
            let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
            let mut got = String::new();
            let mut sizes = [first, second].into_iter().cycle();
            for (index, text) in chunks.into_iter().enumerate() {
                // Two lanes, so that there are ranges; a turn's end after each, so that they settle.
                push(&mut queue, &mut backlog, Lane(index as u32 % 2), text);
                chunk(
                    &mut backlog,
                    LANE,
                    "for somebody else, and longer than the rest",
                );
                got += &send(&mut queue, &mut backlog, sizes.next().unwrap());
                queue.settle(&mut backlog);
                queue.check_invariants(&backlog);
                backlog.end_turn();
            }
            while !queue.is_empty() {
                got += &send(&mut queue, &mut backlog, sizes.next().unwrap());
            }
            assert_eq!(got, expected, "short writes of {first} and {second}");
            assert_eq!((backlog.bytes(), backlog.held()), (0, 0));
        }
    }
}

#[test]
fn lines_of_one_lane_are_one_slice() {
    let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
    for text in ["one ", "two ", "three"] {
        push(&mut queue, &mut backlog, LANE, text);
        chunk(&mut backlog, Lane::PRIVATE, "an answer to somebody");
    }
    assert_eq!(slices(&queue, &backlog), ["one two three"]);
    chunk(&mut backlog, LANE, "not for this one");
    push(&mut queue, &mut backlog, LANE, " four");
    assert_eq!(slices(&queue, &backlog), ["one two three", " four"]);
    queue.clear(&mut backlog);
}

#[test]
fn queues_share_bytes_but_not_cursors() {
    let mut backlog = Backlog::default();
    let (mut fast, mut slow) = (OutputQueue::new(), OutputQueue::new());
    let hello = chunk(&mut backlog, LANE, "hello");
    fast.push(&mut backlog, hello);
    slow.push(&mut backlog, hello);
    assert_eq!((backlog.bytes(), backlog.held()), (10, 5));
    assert_eq!(send(&mut fast, &mut backlog, 99), "hello");
    assert_eq!(send(&mut slow, &mut backlog, 2), "he");
    backlog.end_turn();
    assert_eq!(send(&mut slow, &mut backlog, 99), "llo");
    assert_eq!(backlog.held(), 0);
}

#[test]
fn a_slow_reader_holds_no_more_than_twice_its_queue() {
    let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
    for turn in 0..1000 {
        chunk(&mut backlog, LANE, &"for others ".repeat(500));
        push(&mut queue, &mut backlog, LANE, "a line\r\n");
        queue.settle(&mut backlog);
        backlog.end_turn();
        queue.check_invariants(&backlog);
        assert!(backlog.held() <= 2 * queue.bytes(), "in turn {turn}");
    }
    assert_eq!(
        slices(&queue, &backlog).len(),
        1,
        "it is as compact as a buffer"
    );
    assert_eq!(
        send(&mut queue, &mut backlog, usize::MAX),
        "a line\r\n".repeat(1000)
    );
    assert_eq!(backlog.held(), 0);
}

#[test]
fn what_was_said_after_the_flush_of_a_turn_is_moved_by_the_next() {
    let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
    push(&mut queue, &mut backlog, LANE, "someone quit\r\n");
    chunk(&mut backlog, LANE, &"for others ".repeat(500));
    backlog.end_turn();
    queue.settle(&mut backlog);
    assert_eq!(backlog.held(), queue.bytes());
    queue.clear(&mut backlog);
    assert_eq!(backlog.held(), 0);
}

#[test]
fn what_a_slow_reader_has_read_is_not_kept_for_the_rest() {
    let (mut shared, mut own) = (OutputQueue::new(), OutputQueue::new());
    let mut backlog = Backlog::default();
    let list = "a long answer ".repeat(1000);
    push(&mut shared, &mut backlog, LANE, &list);
    backlog.end_turn();
    for _ in 0..1000 {
        push(&mut own, &mut backlog, LANE, "a long answer ");
        own.settle(&mut backlog);
        backlog.end_turn();
    }
    for queue in [&mut shared, &mut own] {
        let mut left = list.clone();
        let held_for_others = backlog.held() - list.len();
        while !left.is_empty() {
            let sent = send(queue, &mut backlog, 999);
            assert_eq!(left.drain(..sent.len()).as_str(), sent);
            queue.settle(&mut backlog);
            queue.check_invariants(&backlog);
            let held = backlog.held() - held_for_others;
            assert!(held <= 2 * left.len(), "{held} bytes for {}", left.len());
        }
    }
    assert_eq!(backlog.held(), 0);
}

#[test]
fn a_chunk_stays_good_while_its_lane_fills_log_after_log() {
    let mut backlog = Backlog::default();
    let first = chunk(&mut backlog, LANE, "hello");
    for _ in 0..4 {
        chunk(&mut backlog, LANE, &"x".repeat(LOG_BYTES));
    }
    let mut queue = OutputQueue::new();
    queue.push(&mut backlog, first);
    assert_eq!(send(&mut queue, &mut backlog, 99), "hello");
    backlog.end_turn();
    assert_eq!(backlog.held(), 0);
}

#[test]
fn what_is_not_to_be_sent_is_no_chunk() {
    let mut backlog = Backlog::default();
    assert!(backlog.compose(LANE, |_| true).is_none());
    let refused = backlog.compose(LANE, |out| {
        out.push(b'x');
        false
    });
    assert!(refused.is_none());
    backlog.end_turn();
    assert_eq!(backlog.held(), 0);
}

#[test]
fn no_more_slices_are_offered_than_there_is_room_for() {
    let (mut queue, mut backlog) = (OutputQueue::new(), Backlog::default());
    for index in 0..SLICES_PER_WRITE + 1 {
        push(&mut queue, &mut backlog, Lane(index as u32 % 2), "x");
    }
    assert_eq!(
        send(&mut queue, &mut backlog, usize::MAX).len(),
        SLICES_PER_WRITE
    );
    assert_eq!(queue.bytes(), 1);
    queue.clear(&mut backlog);
}

#[test]
fn memory_of_a_burst_is_given_back() {
    let mut backlog = Backlog::default();
    let mut queues: Vec<_> = (0..2 * PLACES_KEPT).map(|_| OutputQueue::new()).collect();
    let x = chunk(&mut backlog, LANE, "x");
    for queue in &mut queues {
        queue.push(&mut backlog, x);
    }
    for queue in &mut queues {
        queue.clear(&mut backlog);
    }
    backlog.end_turn();
    assert_eq!(backlog.places.capacity(), 0);
    assert_eq!(backlog.bytes_peak(), 2 * PLACES_KEPT);
}

#[test]
fn a_queue_is_twenty_bytes() {
    assert_eq!(size_of::<OutputQueue>(), 20);
}
