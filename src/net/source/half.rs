//! The two halves of a connection: what the peer may still send, and what we may.
//!
//! ```text
//! read half   Open ──> Eof ──> EofReported          the peer's end of file was read; the handler knows of it
//! write half  Open ──> Ending ──> Ended             half-close: our last bytes are queued; our end of file is sent
//!               └──────┴──> Failed                  a write failed
//! ```

/// The peer's half of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadHalf {
    Open,
    /// The end of file was read.
    Eof,
    /// The handler knows of it.
    EofReported,
}

/// Our half of the connection, while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteHalf {
    Open,
    /// What is queued is our last; our end of file follows it.
    Ending,
    /// Our end of file is sent; we only read.
    Ended,
    /// Nothing can be delivered any more, but there may be something left to read.
    Failed,
}
