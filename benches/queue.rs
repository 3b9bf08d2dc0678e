//! The output queue: one shared chunk into a thousand queues and out again, and a long queue gathered and sent in short writes.
//!
//! Run with `cargo bench --bench queue`.

use divan::{Bencher, black_box, counter::ItemsCount};
use madang::net::{Backlog, OutputQueue};
use std::{io::IoSlice, rc::Rc};

const QUEUES: usize = 1000;
const LINE: &[u8] = b"#lobby <alice> a line as people write them, not long\r\n";

/// As many slices as the loop offers to one `writev`.
const SLICES: usize = 64;

fn main() {
    divan::main();
}

/// What fan-out and flush do to the queues, without any system call: so many lines into each of a thousand, then all out.
#[divan::bench(args = [1, 16])]
fn push_gather_consume(bencher: Bencher<'_, '_>, lines: usize) {
    let mut backlog = Backlog::default();
    let mut queues: Vec<OutputQueue> = (0..QUEUES).map(|_| OutputQueue::new()).collect();
    bencher
        .counter(ItemsCount::new(QUEUES * lines))
        .bench_local(|| {
            for _ in 0..lines {
                let chunk: Rc<[u8]> = black_box(LINE).into();
                for queue in &mut queues {
                    queue.push(&mut backlog, chunk.clone());
                }
            }
            for queue in &mut queues {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let filled = queue.gather(&backlog, &mut slices);
                let offered = black_box(&slices[..filled]).iter().map(|s| s.len()).sum();
                queue.consume(&mut backlog, offered);
            }
        });
}

/// A queue of a thousand lines to a peer that takes 97 bytes at a time.
#[divan::bench]
fn short_writes(bencher: Bencher<'_, '_>) {
    let mut backlog = Backlog::default();
    let mut queue = OutputQueue::new();
    let chunk: Rc<[u8]> = LINE.into();
    bencher.counter(ItemsCount::new(QUEUES)).bench_local(|| {
        for _ in 0..QUEUES {
            queue.push(&mut backlog, chunk.clone());
        }
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = queue.gather(&backlog, &mut slices);
            let offered: usize = slices[..filled].iter().map(|s| s.len()).sum();
            queue.consume(&mut backlog, black_box(offered.min(97)));
        }
    });
}
