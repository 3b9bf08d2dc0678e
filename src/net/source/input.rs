//! What is left of an unfinished frame, and how far it was searched for its end.
//!
//! Reads go to the loop's one scratch area; most lines come whole and are handed over from there. Only what remains is kept
//! here, so an idle connection owns no buffer (invariant 7). A remainder is appended to, and searched from where the last
//! search ended, so that a peer which sends byte by byte costs linear time. Knows no line ends and no limits of protocols.

use crate::net::time::clock::Tick;

/// A remainder may own this much memory, however short it is: less is not worth a call to the allocator.
const ROOM_KEPT: usize = 512;

/// Unread input of one connection.
#[derive(Debug, Default)]
pub(crate) struct Input(Option<Box<Remainder>>);

#[derive(Debug, Default)]
struct Remainder {
    bytes: Vec<u8>,
    searched: usize,
    /// Nothing more is handed over before this moment (flood control).
    paused_until: Tick,
}

impl Input {
    /// How many bytes are kept.
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |rest| rest.bytes.len())
    }

    /// Until when input is left unread; in the past if it is not.
    pub(crate) fn paused_until(&self) -> Tick {
        self.0.as_ref().map_or(Tick(0), |rest| rest.paused_until)
    }

    /// Leaves what is kept, and all that follows it, unread until this moment.
    pub(crate) fn pause_until(&mut self, at: Tick) {
        self.0.get_or_insert_default().paused_until = at;
    }

    /// Forgets a pause that is over, and with it all memory if nothing is kept.
    pub(crate) fn end_pause(&mut self, now: Tick) {
        if self
            .0
            .as_ref()
            .is_some_and(|rest| rest.bytes.is_empty() && rest.paused_until <= now)
        {
            self.0 = None;
        }
    }

    /// Bytes of memory held.
    pub(crate) fn memory(&self) -> usize {
        let held = |rest: &Remainder| size_of::<Remainder>() + rest.bytes.capacity();
        self.0.as_deref().map_or(0, held)
    }

    /// Room for input, in bytes.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.0.as_ref().map_or(0, |rest| rest.bytes.capacity())
    }

    /// Lets `take` look at what is kept followed by `fresh`; it returns how many bytes it took from the front and may note in
    /// its second argument how far it searched. What it did not take is kept.
    pub(crate) fn offer(&mut self, fresh: &[u8], take: impl FnOnce(&[u8], &mut usize) -> usize) {
        let Some(rest) = &mut self.0 else {
            let mut searched = 0;
            let taken = take(fresh, &mut searched);
            debug_assert!(taken <= fresh.len(), "more was taken than was there");
            if taken < fresh.len() {
                let bytes = fresh[taken..].to_vec();
                self.0 = Some(Box::new(Remainder {
                    bytes,
                    searched,
                    ..Remainder::default()
                }));
            }
            return;
        };
        if fresh.len() > rest.bytes.capacity() - rest.bytes.len() && fresh.len() >= ROOM_KEPT {
            // Doubling is for a peer that sends byte by byte; what comes in one piece may have to wait as it is.
            rest.bytes.reserve_exact(fresh.len());
        }
        rest.bytes.extend_from_slice(fresh);
        let taken = take(&rest.bytes, &mut rest.searched);
        if taken == rest.bytes.len() {
            self.0 = None;
        } else {
            rest.bytes.drain(..taken);
            if rest.bytes.capacity() > ROOM_KEPT.max(4 * rest.bytes.len()) {
                // Most of a paste was consumed: its tail must not keep its memory.
                rest.bytes.shrink_to_fit();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes whole lines, as a protocol would, and notes what it was shown.
    fn lines(input: &mut Input, fresh: &[u8], lines: &mut Vec<String>, looked_at: &mut usize) {
        input.offer(fresh, |bytes, searched| {
            let mut taken = 0;
            while let Some(end) = bytes[taken + *searched..].iter().position(|b| *b == b'\n') {
                *looked_at += end + 1;
                let end = taken + *searched + end;
                lines.push(String::from_utf8_lossy(&bytes[taken..end]).into_owned());
                taken = end + 1;
                *searched = 0;
            }
            *looked_at += bytes.len() - taken - *searched;
            *searched = bytes.len() - taken;
            taken
        });
    }

    #[test]
    fn any_cut_gives_the_same_lines_and_each_byte_is_searched_once() {
        let text = b"one\n\ntwo three\nfour\nrest";
        for size in 1..=text.len() {
            let (mut input, mut got, mut looked_at) = (Input::default(), Vec::new(), 0);
            for part in text.chunks(size) {
                lines(&mut input, part, &mut got, &mut looked_at);
            }
            assert_eq!(
                got,
                ["one", "", "two three", "four"],
                "cut every {size} bytes"
            );
            assert_eq!(input.len(), 4);
            assert_eq!(looked_at, text.len(), "cut every {size} bytes");
        }
    }

    #[test]
    fn nothing_is_owned_once_all_is_taken() {
        let mut input = Input::default();
        input.offer(b"half", |_, _| 0);
        assert_eq!(input.len(), 4);
        input.offer(b"", |bytes, _| bytes.len());
        assert!(input.0.is_none());
        assert_eq!(size_of::<Input>(), 8);
    }
}
