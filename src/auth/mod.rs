//! Passwords: how they are checked, how often someone may guess, and whose turn it is. One room for every door.
//!
//! A check passes three stations. [`Limiter::admit`] says whether this caller may try now. A [`Verifier`] turns the name
//! and the password into a [`Proof`], which costs the same whether the name exists or not. [`Queue`] works on the
//! proofs, a slice at a time, fairly among addresses. The verdict goes back to [`Limiter::settle`].
//!
//! All of it is pure: time comes in, nothing goes out. What it does not know: sockets, clocks, connections, protocols.

mod limiter;
mod password;
mod queue;
mod verifier;

pub use limiter::{Attempt, Caller, Door, Limiter};
pub use password::{BadHash, PasswordHash, same};
pub use queue::{Full, Queue, Verdict};
pub use verifier::{Proof, Verifier};
