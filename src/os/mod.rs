//! What the operating system gives a program beyond sockets: output streams and the log that goes to one of them, signals,
//! the time of day, limits on descriptors and memory, what a process uses, and what a service manager passes and wants to
//! know.
//!
//! The lowest layer: it names no other room. Does not know the loop either; whoever owns a stream asks it what it waits
//! for, and tells it when that came.

pub mod descriptors;
pub mod log;
pub mod memory;
pub mod passed_sockets;
pub mod process;
pub mod service_manager;
pub mod signals;
pub mod stream;
pub mod wall_clock;
