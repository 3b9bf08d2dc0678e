//! The output queue: shared lines into a thousand queues and out again, and a long queue sent in short writes.
//!
//! Run with `cargo bench --bench queue`.

use divan::{Bencher, black_box, counter::ItemsCount};
use madang::net::{BufferKey, Chunk, OutputQueue, SharedBuffers};
use std::io::IoSlice;

const QUEUES: usize = 1000;
const LINE: &[u8] = b"#lobby <alice> a line as people write them, not long\r\n";

/// As many slices as the loop passes to one `writev`.
const SLICES: usize = 64;

fn main() {
    divan::main();
}

fn line(buffers: &mut SharedBuffers) -> Chunk {
    let chunk = buffers.make_chunk(BufferKey(0), |out| {
        out.extend_from_slice(black_box(LINE));
        true
    });
    chunk.expect("it is not empty")
}

/// What fan-out and flush do to the queues in one turn, without system calls: so many lines into each of a thousand
/// queues, then all out.
#[divan::bench(args = [1, 16])]
fn compose_push_gather_consume(bencher: Bencher<'_, '_>, lines: usize) {
    let mut buffers = SharedBuffers::default();
    let mut queues: Vec<OutputQueue> = (0..QUEUES).map(|_| OutputQueue::new()).collect();
    let items = ItemsCount::new(QUEUES * lines);
    bencher.counter(items).bench_local(|| {
        for _ in 0..lines {
            let chunk = line(&mut buffers);
            for queue in &mut queues {
                queue.push(&mut buffers, chunk);
            }
        }
        for queue in &mut queues {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = queue.gather(&buffers, &mut slices);
            let offered = black_box(&slices[..filled]).iter().map(|s| s.len()).sum();
            queue.consume(&mut buffers, offered);
        }
        buffers.end_turn();
    });
}

/// A queue of a thousand lines to a peer that takes 97 bytes at a time.
#[divan::bench]
fn short_writes(bencher: Bencher<'_, '_>) {
    let mut buffers = SharedBuffers::default();
    let mut queue = OutputQueue::new();
    bencher.counter(ItemsCount::new(QUEUES)).bench_local(|| {
        for _ in 0..QUEUES {
            let chunk = line(&mut buffers);
            queue.push(&mut buffers, chunk);
        }
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = queue.gather(&buffers, &mut slices);
            let offered: usize = slices[..filled].iter().map(|s| s.len()).sum();
            queue.consume(&mut buffers, black_box(offered.min(97)));
        }
        buffers.end_turn();
    });
}
