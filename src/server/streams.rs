//! The host's two output streams in the loop: where the log goes, and where the server says that it listens.
//!
//! A stream that has no room is watched for writable events, and only then; an event marks it, and the end of the turn
//! writes. A server without a host (tests, benches) has none of them. What a stream does with bytes is [`HostStream`]'s.

use crate::{
    net::{External, Net},
    os::{
        log::{Log, Missing},
        stream::HostStream,
    },
};
use mio::unix::SourceFd;
use std::time::Duration;

/// The names under which the signal pipe and the streams are registered with the loop.
pub(super) const SIGNALS: External = External(0);
pub(super) const LOG: External = External(1);
pub(super) const STDOUT: External = External(2);

#[derive(Debug, Default)]
pub(super) struct Streams {
    log: Option<Log>,
    stdout: Option<HostStream>,
    /// Which are registered.
    is_log_watched: bool,
    is_stdout_watched: bool,
}

impl Streams {
    /// Takes care of the log from now on.
    pub(super) fn take_log(&mut self, log: Log) {
        self.log = Some(log);
    }

    /// Says something on a standard output that is nobody else's from now on.
    pub(super) fn say(&mut self, mut stdout: HostStream, words: &str) {
        stdout.push(words.as_bytes());
        self.stdout = Some(stdout);
    }

    /// One of them has room.
    pub(super) fn note_room(&mut self, stream: External) {
        match (stream, &self.log, &mut self.stdout) {
            (LOG, Some(log), _) => log.with_stream(HostStream::note_room),
            (STDOUT, _, Some(stdout)) => stdout.note_room(),
            _ => {}
        }
    }

    /// How soon a turn is wanted, whatever happens.
    pub(super) fn due_in(&self) -> Option<Duration> {
        self.log.as_ref().and_then(Log::due_in)
    }

    /// The end of a turn: writes what waits, as far as there is room, and watches what has none.
    pub(super) fn tend(&mut self, net: &mut Net) {
        if let Some(log) = &self.log {
            log.tend();
            log.with_stream(|stream| watch(net, stream, LOG, &mut self.is_log_watched));
        }
        if let Some(stdout) = &mut self.stdout {
            stdout.tend();
            watch(net, stdout, STDOUT, &mut self.is_stdout_watched);
        }
    }

    /// What is not in the log.
    pub(super) fn missing(&self) -> Missing {
        self.log.as_ref().map(Log::missing).unwrap_or_default()
    }
}

/// Registers a stream that waits for room, and no other.
fn watch(net: &mut Net, stream: &mut HostStream, name: External, is_watched: &mut bool) {
    let descriptor = stream.descriptor();
    let mut source = SourceFd(&descriptor);
    match (stream.waits_for_room(), *is_watched) {
        (true, false) => match net.register_external_writable(&mut source, name) {
            Ok(()) => *is_watched = true,
            Err(_) => stream.note_unwatchable(),
        },
        (false, true) => {
            let _ = net.deregister_external(&mut source);
            *is_watched = false;
        }
        _ => {}
    }
}
