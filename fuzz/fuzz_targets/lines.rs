//! Lines of both cutters: any cut of the input gives the same frames, and little is kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use madang::protocol::{
    Decoded, Frame,
    irc::codec::frames::{Frames, LINE_BYTES_MAX},
    lines::Lines,
};

/// Short, so that the fuzzer finds long lines.
const CAP: usize = 16;

fuzz_target!(|input: &[u8]| {
    let Some((&piece, input)) = input.split_first() else {
        return;
    };
    let pieces = || input.chunks(usize::from(piece).max(1));
    let whole = || std::iter::once(input);
    let lines = || {
        let mut lines = Lines::default();
        move |input: &[u8], searched: &mut usize| owned(lines.next(input, searched, CAP))
    };
    assert_eq!(
        feed(pieces(), CAP + 1, lines()),
        feed(whole(), CAP + 1, lines())
    );
    let frames = || {
        let mut frames = Frames::default();
        move |input: &[u8], searched: &mut usize| owned(frames.next(input, searched))
    };
    let kept_max = LINE_BYTES_MAX + 1;
    assert_eq!(
        feed(pieces(), kept_max, frames()),
        feed(whole(), kept_max, frames())
    );
});

/// A decoded item, without its borrow: the line, or why there is none.
type Told = (Result<Vec<u8>, Frame<'static>>, usize);

fn owned(cut: Decoded<Frame<'_>>) -> Told {
    let told = match cut.item {
        Frame::Line(line) => Ok(line.into_owned()),
        Frame::TooLong => Err(Frame::TooLong),
        Frame::Incomplete => Err(Frame::Incomplete),
    };
    (told, cut.consumed)
}

/// Hands in pieces as a connection would, keeping what was not consumed.
fn feed<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    kept_max: usize,
    mut next: impl FnMut(&[u8], &mut usize) -> Told,
) -> Vec<Option<Vec<u8>>> {
    let (mut kept, mut searched, mut found) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        kept.extend_from_slice(piece);
        loop {
            let (told, consumed) = next(&kept, &mut searched);
            kept.drain(..consumed);
            match told {
                Ok(line) => found.push(Some(line)),
                Err(Frame::TooLong) => found.push(None),
                Err(_) => break,
            }
        }
        assert!(searched <= kept.len());
        assert!(kept.len() <= kept_max, "kept {}", kept.len());
    }
    found
}
