//! Tests of the loop, one file for each group of rules (the table in `net/mod.rs` says which), and what they play on.

mod accepting;
mod broadcast;
mod budget;
pub(crate) mod check;
mod closing;
mod connecting;
mod datagrams;
mod idle;
mod lifetime;
mod pressure;
mod reading;
pub(crate) mod script;
pub(crate) mod stage;
mod tls;
mod tls_scratch;
mod writing;
