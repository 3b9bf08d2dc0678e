//! A look at everything the loop holds: where connections are in their lives, what waits for them, what memory that takes.
//!
//! Made when someone asks, by a walk over all connections: counting along would cost every read and write. A walk over
//! ten thousand takes a fraction of a millisecond. Changes nothing.

use super::{core::Net, phase::Phase, token::ConnId};

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

impl Net {
    /// All connections, in no particular order.
    pub fn connections(&self) -> impl Iterator<Item = (ConnId, Footprint)> {
        self.table.connections().map(|(id, connection)| {
            let footprint = Footprint {
                phase: connection.phase,
                queued: connection.output.bytes(),
                input: connection.input.memory(),
                transport: connection.stream.memory(),
            };
            (id, footprint)
        })
    }

    /// Bytes of memory for the records of connections.
    pub fn table_memory(&self) -> usize {
        self.table.memory()
    }
}
