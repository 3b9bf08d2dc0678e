//! What the operating system gives a program besides sockets: output streams and the log that goes to one of them,
//! signals, the time of day, limits on descriptors and memory, what a process uses, what a service manager passes
//! to us and is sent by us, and the sandbox.
//!
//! The lowest layer: it names no other room. It does not know the loop either: the owner of a stream asks which event
//! the stream waits for, and reports that event.

pub mod descriptors;
pub mod hidden_input;
pub mod io_error;
pub mod log;
pub mod memory;
pub mod passed_sockets;
pub mod process;
pub mod sandbox;
pub mod service_manager;
pub mod signals;
pub mod stream;
pub mod wall_clock;
