//! The control socket: how the host looks after a server that runs (`madang account`).
//!
//! A Unix socket in the data directory, for the server's own user and root. Its connections are sources of the loop like
//! any other; few at a time, with a bounded input and output, and a deadline each.
//!
//! ```text
//! request.rs   lines as they are asked and answered: the protocol (docs/OPERATIONS.md describes it)
//! secrets.rs   the host's program makes the keys of a password, so that the password does not cross the socket
//! link.rs      one connection: lines in, text out
//! socket.rs    the socket, and its connections
//! offline.rs   the same requests where no server runs: one without listeners, for as long as it takes
//! ```
//!
//! What a request does is in `connections`, beside what clients' requests do.

mod link;
mod offline;
mod request;
mod secrets;
mod socket;

pub(crate) use link::Answer;
pub use offline::Offline;
pub use request::{CONTROL, Greeting, Reply, Request};
pub use secrets::{BadPassword, check, keys_of};
pub(crate) use socket::ControlSocket;
