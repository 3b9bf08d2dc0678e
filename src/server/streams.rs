//! The host's two output streams in the loop: standard error with the log, and standard output.
//!
//! A stream that has no room is watched for writable events, and only then; an event marks it, and the end of the turn
//! writes. A server without a host (tests, benches) has neither. The bytes are [`HostStream`]'s.

use crate::{
    net::{External, Net},
    os::{
        log::{Log, Missing},
        stream::HostStream,
    },
};
use mio::unix::SourceFd;
use std::time::Duration;

/// The names under which the signal pipe, the streams, the keeper and the control socket are registered with the loop.
pub(crate) const SIGNALS: External = External(0);
pub(crate) const LOG: External = External(1);
pub(crate) const STDOUT: External = External(2);
pub(crate) const KEEPER: External = External(3);
pub(crate) const CONTROL_SOCKET: External = External(4);
pub(crate) const CONTROL_LINKS: [External; 4] =
    [External(5), External(6), External(7), External(8)];

#[derive(Debug, Default)]
pub(crate) struct Streams {
    log: Option<Log>,
    stdout: Option<HostStream>,
    /// Whether they are registered with the loop.
    is_log_watched: bool,
    is_stdout_watched: bool,
}

impl Streams {
    /// Takes over the log.
    pub(super) fn take_log(&mut self, log: Log) {
        self.log = Some(log);
    }

    /// Takes over standard output, and writes a text to it.
    pub(super) fn say(&mut self, mut stdout: HostStream, text: &str) {
        stdout.push(text.as_bytes());
        self.stdout = Some(stdout);
    }

    /// A stream has room.
    pub(super) fn note_room(&mut self, stream: External) {
        match (stream, &self.log, &mut self.stdout) {
            (LOG, Some(log), _) => log.with_stream(HostStream::note_room),
            (STDOUT, _, Some(stdout)) => stdout.note_room(),
            _ => {}
        }
    }

    /// The time until the log needs a turn.
    pub(super) fn due_in(&self) -> Option<Duration> {
        self.log.as_ref().and_then(Log::due_in)
    }

    /// At the end of a turn: writes waiting bytes as far as there is room, and watches a stream that has none.
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

    /// The lines that are not in the log.
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
