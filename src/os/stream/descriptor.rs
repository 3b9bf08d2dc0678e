//! A descriptor that is written to without ever waiting, whatever it is.
//!
//! `O_NONBLOCK` belongs to the open file description, which an inherited descriptor shares with the shell and with
//! every process that was started beside us: this code never sets it there. Instead it opens a terminal or a pipe
//! again, which makes a description of our own; a socket takes a flag with each call; a regular file takes bytes into
//! the system's cache.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, Mode, OFlags, fstat, open},
    io::Errno,
    net::{SendFlags, send},
    process::getpgrp,
    stdio,
    termios::{LocalModes, isatty, tcgetattr, tcgetpgrp},
};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    time::Duration,
};

/// A pipe that poll(2) reports as writable has room for this many bytes (`PIPE_BUF`, pipe(7)): a write of no more
/// does not block.
const PIPE_BYTES: usize = 4096;

/// The same for a terminal that we may not open again. No document promises it; drivers report a terminal as writable
/// when they have more room than this.
const TERMINAL_BYTES: usize = 256;

/// How to refer to it.
#[derive(Debug)]
enum Name {
    /// An inherited descriptor, open from the start of the process to its end.
    Standard(BorrowedFd<'static>),
    Owned(OwnedFd),
}

/// How to write to it without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// `write` does not wait: the description is our own and non-blocking, or it is a regular file.
    Plain,
    /// One poll(2) before each `write`, and no more bytes than this.
    Polled(usize),
    /// `send` with a flag.
    Socket,
}

#[derive(Debug)]
pub(super) struct Descriptor {
    name: Name,
    manner: Manner,
    is_terminal: bool,
}

impl Descriptor {
    pub(super) fn stdout() -> Self {
        let standard = stdio::stdout();
        Self::standard(standard, |own| stdio::dup2_stdout(own))
    }

    pub(super) fn stderr() -> Self {
        let standard = stdio::stderr();
        Self::standard(standard, |own| stdio::dup2_stderr(own))
    }

    /// Replaces the inherited descriptor by our own description, if there is one: then no code of this process can
    /// block there, and it takes no further descriptor.
    fn standard(
        standard: BorrowedFd<'static>,
        replace: impl FnOnce(&OwnedFd) -> rustix::io::Result<()>,
    ) -> Self {
        let own = open_anew(standard);
        let has_own = own.as_ref().is_some_and(|own| replace(own).is_ok());
        Self::new(Name::Standard(standard), has_own)
    }

    pub(super) fn over(descriptor: OwnedFd) -> Self {
        match open_anew(descriptor.as_fd()) {
            Some(own) => Self::new(Name::Owned(own), true),
            None => Self::new(Name::Owned(descriptor), false),
        }
    }

    /// Behaves as if the host did not let us open it again (for tests).
    #[cfg(test)]
    pub(super) fn polled(descriptor: OwnedFd) -> Self {
        Self::new(Name::Owned(descriptor), false)
    }

    fn new(name: Name, is_own: bool) -> Self {
        let mut descriptor = Self {
            name,
            manner: Manner::Plain,
            is_terminal: false,
        };
        descriptor.is_terminal = isatty(&descriptor);
        descriptor.manner = match kind(descriptor.as_fd()) {
            _ if is_own => Manner::Plain,
            FileType::RegularFile => Manner::Plain,
            FileType::Socket => Manner::Socket,
            _ if descriptor.is_terminal => Manner::Polled(TERMINAL_BYTES),
            _ => Manner::Polled(PIPE_BYTES),
        };
        descriptor
    }

    pub(super) fn raw(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }

    /// Writes as much as is taken at once.
    ///
    /// # Errors
    /// `WouldBlock`: there is no room now. Anything else: the write failed, now or for good.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_terminal && self.would_stop_us() {
            return Err(Errno::IO.into());
        }
        let written = match self.manner {
            Manner::Plain => rustix::io::write(self, bytes),
            Manner::Polled(_) if !self.has_room_within(Duration::ZERO) => Err(Errno::AGAIN),
            Manner::Polled(most) => rustix::io::write(self, &bytes[..bytes.len().min(most)]),
            // In pieces, because a socket of datagrams never takes one that is too long. Every Rust program ignores
            // SIGPIPE, and the flag against it does not exist everywhere.
            Manner::Socket => {
                let piece = &bytes[..bytes.len().min(PIPE_BYTES)];
                send(self, piece, SendFlags::DONTWAIT)
            }
        };
        Ok(written?)
    }

    /// Waits for room, no longer than this; returns whether a write is worth a try.
    pub(super) fn has_room_within(&self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).ok();
        let mut polled = [PollFd::new(self, PollFlags::OUT)];
        matches!(poll(&mut polled, patience.as_ref()), Ok(1))
    }

    /// The system stops a process that writes to its terminal while another one is in the foreground (SIGTTOU), if
    /// the terminal is set so (`stty tostop`): a server in the background would be stopped by its own log.
    fn would_stop_us(&self) -> bool {
        let stops =
            tcgetattr(self).is_ok_and(|modes| modes.local_modes.contains(LocalModes::TOSTOP));
        stops && tcgetpgrp(self).is_ok_and(|foreground| foreground != getpgrp())
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.name {
            Name::Standard(descriptor) => *descriptor,
            Name::Owned(descriptor) => descriptor.as_fd(),
        }
    }
}

fn kind(descriptor: BorrowedFd<'_>) -> FileType {
    fstat(descriptor).map_or(FileType::Unknown, |stat| {
        FileType::from_raw_mode(stat.st_mode)
    })
}

/// The same pipe or terminal by a non-blocking description of our own. `None` for anything else, where the system has
/// no such names, and where the host did not make it ours to open (a pipe that root made for an unprivileged server).
fn open_anew(descriptor: BorrowedFd<'_>) -> Option<OwnedFd> {
    if kind(descriptor) != FileType::Fifo && !isatty(descriptor) {
        return None;
    }
    let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).ok()
}
