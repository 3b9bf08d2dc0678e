//! Tests of the loop, one file for each group of rules (the table in `net/mod.rs` has them), and what they need.

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
pub(crate) mod test_loop;
mod tls;
mod tls_scratch;
mod writing;
