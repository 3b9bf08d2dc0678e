//! What the operating system gives a program beyond sockets: for now the output streams that the host handed us, and the
//! log that goes to one of them.
//!
//! Stands on the ground: it names no other room. Does not know the loop either; whoever owns a stream asks it what it waits
//! for, and tells it when that came.

pub mod log;
pub mod stream;
