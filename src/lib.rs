//! madang: a multi-user chat server in one process, one thread and one readiness loop.

pub mod chat;
pub mod cli;
pub mod config;
pub mod net;
pub mod protocol;
pub mod server;
