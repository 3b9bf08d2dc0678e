//! Tests of output queues and shared buffers: whatever the schedule of writes, the bytes are the same and none leaks.

use super::{
    chunk::{BufferKey, Chunk},
    queue::{OutputQueue, SLICES_PER_WRITE},
    segments::SEGMENTS_KEPT,
    shared_buffers::{BUFFER_BYTES, SharedBuffers},
};
use std::io::IoSlice;

const KEY: BufferKey = BufferKey(0);

fn chunk(buffers: &mut SharedBuffers, key: BufferKey, text: &str) -> Chunk {
    let composed = buffers.make_chunk(key, |out| {
        out.extend_from_slice(text.as_bytes());
        true
    });
    composed.expect("the text is not empty")
}

fn push(queue: &mut OutputQueue, buffers: &mut SharedBuffers, key: BufferKey, text: &str) {
    let chunk = chunk(buffers, key, text);
    queue.push(buffers, chunk);
}

fn slices(queue: &OutputQueue, buffers: &SharedBuffers) -> Vec<String> {
    let mut slices = [IoSlice::new(&[]); SLICES_PER_WRITE];
    let filled = queue.gather(buffers, &mut slices);
    let text = |slice: &IoSlice<'_>| String::from_utf8(slice.to_vec()).unwrap();
    slices[..filled].iter().map(text).collect()
}

fn send(queue: &mut OutputQueue, buffers: &mut SharedBuffers, at_most: usize) -> String {
    let mut text = slices(queue, buffers).concat();
    text.truncate(at_most);
    queue.consume(buffers, text.len());
    queue.check_invariants(buffers);
    text
}

#[test]
fn every_schedule_of_short_writes_sends_the_same_bytes() {
    let chunks = ["a", "bcd", "efghij", "k", "lmnopqrstuvwxyz"];
    let expected = chunks.concat();
    for first in 1..=expected.len() {
        for second in 1..=expected.len() {
            let (mut queue, mut buffers) = (OutputQueue::new(), SharedBuffers::default());
            let mut got = String::new();
            let mut sizes = [first, second].into_iter().cycle();
            for (index, text) in chunks.into_iter().enumerate() {
                // Two keys, so that there are ranges; a turn's end after each, so that they settle.
                push(&mut queue, &mut buffers, BufferKey(index as u32 % 2), text);
                chunk(
                    &mut buffers,
                    KEY,
                    "for somebody else, and longer than the rest",
                );
                got += &send(&mut queue, &mut buffers, sizes.next().unwrap());
                queue.compact(&mut buffers);
                queue.check_invariants(&buffers);
                buffers.end_turn();
            }
            while !queue.is_empty() {
                got += &send(&mut queue, &mut buffers, sizes.next().unwrap());
            }
            assert_eq!(got, expected, "short writes of {first} and {second}");
            assert_eq!((buffers.bytes(), buffers.held()), (0, 0));
        }
    }
}

#[test]
fn lines_of_one_key_are_one_slice() {
    let (mut queue, mut buffers) = (OutputQueue::new(), SharedBuffers::default());
    for text in ["one ", "two ", "three"] {
        push(&mut queue, &mut buffers, KEY, text);
        chunk(&mut buffers, BufferKey::PRIVATE, "an answer to somebody");
    }
    assert_eq!(slices(&queue, &buffers), ["one two three"]);
    chunk(&mut buffers, KEY, "not for this one");
    push(&mut queue, &mut buffers, KEY, " four");
    assert_eq!(slices(&queue, &buffers), ["one two three", " four"]);
    queue.clear(&mut buffers);
}

#[test]
fn queues_share_bytes_but_not_cursors() {
    let mut buffers = SharedBuffers::default();
    let (mut fast, mut slow) = (OutputQueue::new(), OutputQueue::new());
    let hello = chunk(&mut buffers, KEY, "hello");
    fast.push(&mut buffers, hello);
    slow.push(&mut buffers, hello);
    assert_eq!((buffers.bytes(), buffers.held()), (10, 5));
    assert_eq!(send(&mut fast, &mut buffers, 99), "hello");
    assert_eq!(send(&mut slow, &mut buffers, 2), "he");
    buffers.end_turn();
    assert_eq!(send(&mut slow, &mut buffers, 99), "llo");
    assert_eq!(buffers.held(), 0);
}

#[test]
fn a_slow_reader_holds_no_more_than_twice_its_queue() {
    let (mut queue, mut buffers) = (OutputQueue::new(), SharedBuffers::default());
    for turn in 0..1000 {
        chunk(&mut buffers, KEY, &"for others ".repeat(500));
        push(&mut queue, &mut buffers, KEY, "a line\r\n");
        queue.compact(&mut buffers);
        buffers.end_turn();
        queue.check_invariants(&buffers);
        assert!(buffers.held() <= 2 * queue.bytes(), "in turn {turn}");
    }
    assert_eq!(
        slices(&queue, &buffers).len(),
        1,
        "it is as compact as a buffer"
    );
    assert_eq!(
        send(&mut queue, &mut buffers, usize::MAX),
        "a line\r\n".repeat(1000)
    );
    assert_eq!(buffers.held(), 0);
}

#[test]
fn bytes_queued_after_a_flush_are_compacted_by_the_next() {
    let (mut queue, mut buffers) = (OutputQueue::new(), SharedBuffers::default());
    push(&mut queue, &mut buffers, KEY, "someone quit\r\n");
    chunk(&mut buffers, KEY, &"for others ".repeat(500));
    buffers.end_turn();
    queue.compact(&mut buffers);
    assert_eq!(buffers.held(), queue.bytes());
    queue.clear(&mut buffers);
    assert_eq!(buffers.held(), 0);
}

#[test]
fn what_a_slow_reader_has_read_is_not_kept_for_the_rest() {
    let (mut shared, mut own) = (OutputQueue::new(), OutputQueue::new());
    let mut buffers = SharedBuffers::default();
    let list = "a long answer ".repeat(1000);
    push(&mut shared, &mut buffers, KEY, &list);
    buffers.end_turn();
    for _ in 0..1000 {
        push(&mut own, &mut buffers, KEY, "a long answer ");
        own.compact(&mut buffers);
        buffers.end_turn();
    }
    for queue in [&mut shared, &mut own] {
        let mut left = list.clone();
        let held_for_others = buffers.held() - list.len();
        while !left.is_empty() {
            let sent = send(queue, &mut buffers, 999);
            assert_eq!(left.drain(..sent.len()).as_str(), sent);
            queue.compact(&mut buffers);
            queue.check_invariants(&buffers);
            let held = buffers.held() - held_for_others;
            assert!(held <= 2 * left.len(), "{held} bytes for {}", left.len());
        }
    }
    assert_eq!(buffers.held(), 0);
}

#[test]
fn a_chunk_stays_good_while_its_key_fills_many_buffers() {
    let mut buffers = SharedBuffers::default();
    let first = chunk(&mut buffers, KEY, "hello");
    for _ in 0..4 {
        chunk(&mut buffers, KEY, &"x".repeat(BUFFER_BYTES));
    }
    let mut queue = OutputQueue::new();
    queue.push(&mut buffers, first);
    assert_eq!(send(&mut queue, &mut buffers, 99), "hello");
    buffers.end_turn();
    assert_eq!(buffers.held(), 0);
}

#[test]
fn what_is_not_to_be_sent_is_no_chunk() {
    let mut buffers = SharedBuffers::default();
    assert!(buffers.make_chunk(KEY, |_| true).is_none());
    let refused = buffers.make_chunk(KEY, |out| {
        out.push(b'x');
        false
    });
    assert!(refused.is_none());
    buffers.end_turn();
    assert_eq!(buffers.held(), 0);
}

#[test]
fn no_more_slices_are_offered_than_there_is_room_for() {
    let (mut queue, mut buffers) = (OutputQueue::new(), SharedBuffers::default());
    for index in 0..SLICES_PER_WRITE + 1 {
        push(&mut queue, &mut buffers, BufferKey(index as u32 % 2), "x");
    }
    assert_eq!(
        send(&mut queue, &mut buffers, usize::MAX).len(),
        SLICES_PER_WRITE
    );
    assert_eq!(queue.bytes(), 1);
    queue.clear(&mut buffers);
}

#[test]
fn memory_of_a_burst_is_given_back() {
    let mut buffers = SharedBuffers::default();
    let mut queues: Vec<_> = (0..2 * SEGMENTS_KEPT).map(|_| OutputQueue::new()).collect();
    let x = chunk(&mut buffers, KEY, "x");
    for queue in &mut queues {
        queue.push(&mut buffers, x);
    }
    for queue in &mut queues {
        queue.clear(&mut buffers);
    }
    buffers.end_turn();
    assert_eq!(buffers.segments.capacity(), 0);
    assert_eq!(buffers.bytes_peak(), 2 * SEGMENTS_KEPT);
}

#[test]
fn a_queue_is_twelve_bytes() {
    assert_eq!(size_of::<OutputQueue>(), 12);
}
