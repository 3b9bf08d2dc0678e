//! One connection of the control socket: lines in, text out.
//!
//! Invariants: at most [`LINE_MAX`] bytes of a line and [`OUT_MAX`] of an answer are held; one request is being answered at
//! a time, and what comes meanwhile stays in the kernel. Generic over the stream, so that it needs no socket in tests.

use super::request::Reply;
use crate::{net::Tick, server::shared::accounts::HostRequest};
use std::{
    fmt::Write as _,
    io::{self, ErrorKind, Read, Write},
    time::Duration,
};

/// Bytes of a request. The longest has a reason in it, or keys.
const LINE_MAX: usize = 4096;

/// When so much of an answer waits to be read, no more is made.
pub(super) const OUT_MAX: usize = 16 * 1024;

/// For the host's program to ask, and to read what it asked for. A person who types has no connection open.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for a request.
    Idle,
    /// A request waits for the store.
    Waiting(HostRequest),
    /// It is sent a list, from this slot of the accounts on.
    Listing(u32),
    /// Nothing more comes: it is closed when all is sent.
    Ending,
}

/// What became of a request at once.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is done, in a sentence.
    Done(String),
    /// It is refused, in a sentence.
    Failed(String),
    /// A list of all accounts follows.
    List,
    /// The store has it.
    Later,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Link<S> {
    pub(super) stream: S,
    pub(super) state: State,
    /// The stream may have something to read, or room.
    pub(super) is_ready: bool,
    pub(super) deadline: Tick,
    input: Vec<u8>,
    out: String,
    written: usize,
}

impl<S: Read + Write> Link<S> {
    pub(super) fn new(stream: S, now: Tick, first: &str) -> Self {
        Self {
            stream,
            state: State::Idle,
            is_ready: true,
            deadline: now.after(PATIENCE),
            input: Vec::new(),
            out: format!("{first}\n"),
            written: 0,
        }
    }

    /// The next request, if it is there as a whole and the last one is answered.
    ///
    /// # Errors
    /// The connection is of no use any more.
    pub(super) fn next_line(&mut self, now: Tick) -> io::Result<Option<String>> {
        if self.state != State::Idle || !self.is_ready && self.input.is_empty() {
            return Ok(None);
        }
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                self.deadline = now.after(PATIENCE);
                let line = String::from_utf8(line).map_err(|_| ErrorKind::InvalidData)?;
                return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()));
            }
            if self.input.len() >= LINE_MAX {
                return Err(ErrorKind::InvalidData.into());
            }
            if !self.is_ready {
                return Ok(None);
            }
            let mut buffer = [0; 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.is_ready = false;
                    self.state = State::Ending;
                    return Ok(None);
                }
                Ok(count) => self.input.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_ready = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether there may be a request to take.
    pub(super) fn may_have_line(&self) -> bool {
        self.state == State::Idle && (self.is_ready || self.input.contains(&b'\n'))
    }

    /// Adds a line to the answer.
    pub(super) fn push(&mut self, reply: &Reply<'_>) {
        // Writing to a text does not fail.
        let _ = writeln!(self.out, "{reply}");
    }

    /// Whether there is room for more of a long answer.
    pub(super) fn has_room(&self) -> bool {
        self.out.len() - self.written < OUT_MAX
    }

    /// Writes what there is, as far as there is room; whether the connection is at its end.
    ///
    /// # Errors
    /// The other end is gone.
    pub(super) fn flush(&mut self, now: Tick) -> io::Result<bool> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out.as_bytes()[self.written..]) {
                Ok(count) => {
                    self.written += count;
                    self.deadline = now.after(PATIENCE);
                }
                // The next event goes on here.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(self.state == State::Ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A stream that gives these pieces, and takes so many bytes.
    struct Pieces {
        given: VecDeque<&'static [u8]>,
        room: usize,
        taken: Vec<u8>,
    }

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.given.pop_front().ok_or(ErrorKind::WouldBlock)?;
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let count = bytes.len().min(self.room);
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn link(given: &[&'static [u8]]) -> Link<Pieces> {
        let given = given.iter().copied().collect();
        let pieces = Pieces {
            given,
            room: usize::MAX,
            taken: Vec::new(),
        };
        Link::new(pieces, Tick(0), "hello")
    }

    #[test]
    fn requests_are_lines_however_they_are_cut_and_one_at_a_time() {
        let mut link = link(&[b"account li", b"st\r\naccount", b" drop a\n", b"rest", b""]);
        assert_eq!(link.next_line(Tick(1)).unwrap().unwrap(), "account list");
        link.state = State::Waiting(HostRequest(1));
        assert_eq!(link.next_line(Tick(1)).unwrap(), None);
        link.state = State::Idle;
        assert_eq!(link.next_line(Tick(1)).unwrap().unwrap(), "account drop a");
        assert_eq!(link.next_line(Tick(1)).unwrap(), None);
        assert_eq!(link.state, State::Ending, "what is not whole is no request");
    }

    #[test]
    fn a_line_without_end_and_bytes_that_are_no_text_end_the_connection() {
        let piece: &'static [u8] = &[b'x'; 1024];
        let mut long = link(&[piece; 8]);
        assert!(long.next_line(Tick(0)).is_err());
        assert!(long.stream.given.len() >= 4, "it is not read to its end");
        assert!(link(&[b"\xff\n"]).next_line(Tick(0)).is_err());
    }

    #[test]
    fn an_answer_waits_for_room_and_has_a_bound() {
        let mut link = link(&[]);
        link.stream.room = 10;
        let mut lines = 0;
        while link.has_room() {
            link.push(&Reply::Item("0123456789"));
            lines += 1;
        }
        assert!(lines < OUT_MAX);
        assert!(!link.flush(Tick(0)).unwrap());
        link.stream.room = usize::MAX;
        assert!(!link.flush(Tick(0)).unwrap());
        assert_eq!(link.stream.taken.len(), "hello\n".len() + lines * 13);
        link.state = State::Ending;
        assert!(link.flush(Tick(0)).unwrap());
    }
}
