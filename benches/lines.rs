//! Line splitting: bytes per second for lines of several lengths, read in one piece and byte by byte.
//!
//! The second is the case of a slow sender: with a search that remembers how far it looked, it costs linear time. Run
//! with `cargo bench --bench lines`.

use divan::{Bencher, black_box, counter::BytesCount};
use madang::protocol::{
    Frame,
    lines::{LINE_BYTES_MAX, Lines},
};

/// The most that one read takes for chat.
const INPUT: usize = 16 * 1024;

const LENGTHS: [usize; 4] = [8, 64, 512, 4000];

fn main() {
    divan::main();
}

fn input(line: usize) -> Vec<u8> {
    let mut line = vec![b'x'; line];
    line.extend(b"\r\n");
    line.into_iter().cycle().take(INPUT).collect()
}

/// A read full of lines.
#[divan::bench(args = LENGTHS)]
fn one_read(bencher: Bencher<'_, '_>, line: usize) {
    let input = input(line);
    bencher.counter(BytesCount::new(INPUT)).bench_local(|| {
        let (mut lines, mut searched, mut at) = (Lines::default(), 0, 0);
        loop {
            let cut = lines.next(black_box(&input[at..]), &mut searched, LINE_BYTES_MAX);
            at += cut.consumed;
            if black_box(cut.item) == Frame::Incomplete {
                return at;
            }
        }
    });
}

/// The same bytes, one call for each.
#[divan::bench(args = LENGTHS)]
fn byte_by_byte(bencher: Bencher<'_, '_>, line: usize) {
    let input = input(line);
    bencher.counter(BytesCount::new(INPUT)).bench_local(|| {
        let (mut lines, mut searched, mut at) = (Lines::default(), 0, 0);
        for end in 1..=INPUT {
            let cut = lines.next(black_box(&input[at..end]), &mut searched, LINE_BYTES_MAX);
            at += cut.consumed;
            black_box(cut.item);
        }
        at
    });
}
