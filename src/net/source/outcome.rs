//! What a connection's methods return: what only the loop and its handler can do next.

use super::{phase::Phase, transport::Notice};
use std::io;

/// What is to be done for a connection on the ready list.
pub(crate) enum Step {
    /// Hand over the frames that are buffered.
    Offer,
    /// Read once.
    Read,
    /// Report the end of file to the handler.
    ReportEof,
    /// Nothing, until an event or a timer brings it back.
    Wait,
}

/// What came of an attempt to connect.
pub(crate) enum Connect {
    Pending,
    Connected,
    Failed(io::Error),
}

#[derive(Debug, PartialEq, Eq)]
/// What a flush calls for.
pub(crate) enum Flushed {
    Done,
    /// More is left than the limit allows: the handler decides.
    OverLimit,
}

/// What a timer calls for.
pub(crate) enum Due {
    Nothing,
    /// The handler's own deadline.
    Deadline,
    /// The time after a failed write is up.
    WriteFailed,
}

/// What a transport with a life of its own (TLS) has to report after a read.
pub(crate) struct Report {
    pub(crate) notice: Option<Notice>,
    /// Bytes it read for itself.
    pub(crate) overhead: usize,
    /// Whether the handler still hears of this connection.
    pub(crate) is_open: bool,
}

/// One connection, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    /// Where it is in its life.
    pub phase: Phase,
    /// Bytes that wait to be sent. What several peers share counts for each.
    pub queued: usize,
    /// Bytes of memory that hold unfinished input.
    pub input: usize,
    /// Bytes of memory that the transport holds (TLS), as far as it knows.
    pub transport: usize,
}
