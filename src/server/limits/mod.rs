//! Limits: how fast a client's lines are taken, how much of the processor a network may use, how many connections an
//! address may have, and how much memory the host allows.
//!
//! Each file owns one limit and its counts. None of them knows sessions or sockets: addresses and times come in with each
//! call.

pub(crate) mod admission;
pub(crate) mod bill;
mod connection_rate;
pub(crate) mod cpu_shares;
pub(crate) mod memory;
pub(crate) mod rate;
