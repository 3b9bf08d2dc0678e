//! Passwords: how they are checked, how often a client may guess, and which check is next; for all kinds of passwords.
//!
//! A check passes three stations. [`Limiter::admit`] decides whether this client may try now. A [`Verifier`] turns the name
//! and the password into a [`Proof`], which costs the same whether the name exists or not. [`Queue`] works on the
//! proofs, a slice at a time, fairly among addresses. The verdict goes back to [`Limiter::settle`].
//!
//! All of it is pure: time comes in, nothing goes out. What it does not know: sockets, clocks, connections, protocols.

mod limiter;
mod password;
mod queue;
mod verifier;

pub use limiter::{Attempt, Caller, Limiter, PasswordKind};
pub use password::{BadHash, PasswordHash, same};
pub use queue::{Full, Queue, Verdict};
pub use verifier::{Proof, Verifier};
