//! Standard output and standard error, written so that they can never block the process.
//!
//! The host chooses what reads such a stream: a terminal that was stopped with Ctrl-S, a pipe without a reader or
//! with a slow one, a disk that is full. Each of these makes an ordinary `write` block or fail. A [`HostStream`]
//! writes what is taken at once and keeps a bounded rest; what does not fit is dropped, and counted.
//!
//! Invariants: no call blocks, except [`HostStream::drain`] for the time it is given; at most [`WAITING_BYTES_MAX`]
//! wait; a line is written whole and in order, or not at all (only a reader that goes away in the middle of a line,
//! or the end of the process, cuts one). Our descriptor is switched to non-blocking only where it is a description of
//! our own, because the inherited one is shared with the shell and with other writers.
//!
//! Does not know the loop: it returns what it [waits for](HostStream::waits_for_room).

mod descriptor;

use descriptor::Descriptor;
use std::{
    collections::VecDeque,
    io::ErrorKind,
    os::fd::{OwnedFd, RawFd},
    time::{Duration, Instant},
};

/// Most bytes that wait for a stream that takes none: a thousand lines. That bridges the restart of the log's reader
/// (a kind of line that a stranger can cause comes a few times a second), and is little for the smallest host.
pub const WAITING_BYTES_MAX: usize = 128 * 1024;

/// A stream that failed (a full disk, a reader that has gone) is tried again no sooner than this. The process does
/// not wake up for it: the next turn or line after this time tries.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long the end of a program may wait for a stream that takes nothing. It happens three times at most (for what
/// waits, for the last reports, for the reason of a failure), and then a stop takes half a second longer.
pub const LAST_WORDS: Duration = Duration::from_millis(150);

/// How the stream answered the last write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It took all, or has not been tried again since an event reported room.
    Taking,
    /// It has no room. An event will report when it has.
    Full,
    /// It failed at this moment. No event will report when it works again.
    Failing(Instant),
}

/// One of the two output streams of the process. See the module's documentation.
#[derive(Debug)]
pub struct HostStream {
    descriptor: Descriptor,
    state: State,
    /// What the stream has not taken yet. No memory is held while nothing waits.
    waiting: VecDeque<u8>,
    /// The last byte written was not the end of a line.
    is_within_line: bool,
    /// The reader went away in the middle of a line, and the rest of that line waits.
    is_cut: bool,
    /// Lines dropped since the last [`close_gap`](Self::close_gap). While there are any, all that follow are dropped
    /// too, so that a log has one gap with a note instead of many.
    missing: u64,
    /// All lines dropped so far.
    dropped: u64,
}

impl HostStream {
    /// Standard output. If it is a terminal or a pipe, the process's descriptor is replaced by a non-blocking one of
    /// its own on the same terminal or pipe.
    pub fn stdout() -> Self {
        Self::on(Descriptor::stdout())
    }

    /// Standard error, in the same way. The messages of panics and of the allocator go there too and no longer block
    /// either.
    pub fn stderr() -> Self {
        Self::on(Descriptor::stderr())
    }

    /// Any other descriptor.
    pub fn over(descriptor: OwnedFd) -> Self {
        Self::on(Descriptor::over(descriptor))
    }

    fn on(descriptor: Descriptor) -> Self {
        Self {
            descriptor,
            state: State::Taking,
            waiting: VecDeque::new(),
            is_within_line: false,
            is_cut: false,
            missing: 0,
            dropped: 0,
        }
    }

    /// Writes a text of whole lines, now or later, or drops it if too much waits.
    pub fn push(&mut self, text: &[u8]) {
        let fits = self.waiting.len() + text.len() <= WAITING_BYTES_MAX;
        if self.missing > 0 || !fits {
            self.drop_lines(text);
        } else {
            self.push_urgent(text);
        }
    }

    /// The same for the last lines of a process, which are never dropped.
    pub fn push_urgent(&mut self, text: &[u8]) {
        let mut rest = text;
        while self.state == State::Taking && self.waiting.is_empty() && !rest.is_empty() {
            match self.write(rest) {
                Some(count) => rest = &rest[count..],
                None => break,
            }
        }
        if !rest.is_empty() {
            self.waiting.extend(rest);
            self.drop_cut_line();
        }
    }

    /// Tries again to write what waits, if that may succeed. Cheap if not.
    pub fn tend(&mut self) {
        match self.state {
            State::Taking => self.flush(),
            State::Full => {}
            State::Failing(since) => self.retry(since, Instant::now()),
        }
    }

    fn retry(&mut self, since: Instant, now: Instant) {
        if now >= since + RETRY_AFTER {
            self.state = State::Taking;
            self.flush();
        }
    }

    /// Whether the stream is to be watched for room. It may be registered for writable events only while this is
    /// true.
    pub fn waits_for_room(&self) -> bool {
        self.state == State::Full
    }

    /// There was such an event; call [`tend`](Self::tend) next.
    pub fn note_room(&mut self) {
        if self.state == State::Full {
            self.state = State::Taking;
        }
    }

    /// The stream cannot be watched. It is tried again later, like one that failed.
    pub fn note_unwatchable(&mut self) {
        self.state = State::Failing(Instant::now());
    }

    /// The descriptor to watch.
    pub fn descriptor(&self) -> RawFd {
        self.descriptor.raw()
    }

    /// If lines were dropped and there is room again: how many are missing at this place. Only lines that are pushed
    /// after this call follow the gap.
    pub fn close_gap(&mut self) -> Option<u64> {
        // At half of the room, so that a slow reader finds few gaps instead of one after each line.
        if self.missing == 0 || self.waiting.len() > WAITING_BYTES_MAX / 2 {
            return None;
        }
        Some(std::mem::take(&mut self.missing))
    }

    /// Lines dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Writes all that waits, and waits at most this long for a stream that has no room.
    pub fn drain(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        self.state = State::Taking;
        self.flush();
        while self.state == State::Full {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.descriptor.has_room_within(left) {
                return;
            }
            self.state = State::Taking;
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        while self.state == State::Taking && !waiting.is_empty() {
            let (next, _) = waiting.as_slices();
            let written = self.write(next);
            waiting.drain(..written.unwrap_or(0));
        }
        if !waiting.is_empty() {
            self.waiting = waiting;
            self.drop_cut_line();
        }
    }

    /// Offers bytes to the descriptor; returns how many it took. If none, the state holds the reason.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            self.state = match self.descriptor.write(bytes) {
                Ok(0) => State::Failing(Instant::now()),
                Ok(count) => {
                    self.is_within_line = bytes[count - 1] != b'\n';
                    return Some(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => State::Full,
                Err(error) => {
                    let is_gone = matches!(
                        error.kind(),
                        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                    );
                    self.is_cut = is_gone && self.is_within_line;
                    State::Failing(Instant::now())
                }
            };
            return None;
        }
    }

    /// A reader went away in the middle of a line: the line ends here, so that the next reader does not find half of
    /// it glued to another.
    fn drop_cut_line(&mut self) {
        if std::mem::take(&mut self.is_cut) {
            let end = self.waiting.iter().position(|byte| *byte == b'\n');
            self.waiting.drain(..end.unwrap_or(self.waiting.len()));
            self.is_within_line = false;
            self.note_missing(1);
        }
    }

    fn drop_lines(&mut self, text: &[u8]) {
        self.note_missing(memchr::memchr_iter(b'\n', text).count() as u64);
    }

    fn note_missing(&mut self, lines: u64) {
        self.missing += lines;
        self.dropped += lines;
    }
}

#[cfg(test)]
mod tests;
