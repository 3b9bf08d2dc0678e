//! The sources of the loop, each with its own record: connections, listeners, datagram sockets, and the table that holds them.
//!
//! A record has all that belongs to one source, and its methods do all that concerns this source alone. What they need of
//! the loop they get as [`LoopState`](super::state::LoopState); what they cannot decide alone they return.

pub(crate) mod connection;
pub(crate) mod datagrams;
pub(crate) mod half;
pub(crate) mod input;
pub(crate) mod life;
pub(crate) mod listener;
pub(crate) mod marks;
pub(crate) mod outcome;
pub(crate) mod phase;
pub(crate) mod plain_socket;
pub(crate) mod socket;
pub(crate) mod stream;
pub(crate) mod stream_io;
pub(crate) mod table;
pub(crate) mod token;
pub(crate) mod transport;
