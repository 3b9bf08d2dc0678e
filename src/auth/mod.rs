//! Passwords: how they are checked, how often a client may guess, and which check is next; for all kinds of passwords.
//!
//! A check passes three stations. [`Limiter::admit`] decides whether this client may try now. A [`Verifier`] turns the name
//! and the password of an operator into a [`Proof`], [`Proof::of_account`] does so for an account; both cost the same
//! whether the name exists or not. [`Queue`] does the [`Work`], a slice at a time, fairly among addresses. The verdict goes
//! back to [`Limiter::settle`].
//!
//! Of an account's password there are [`Credentials`], which a [`Derivation`] makes, and which a client can also prove
//! itself against by [`Scram`], without sending the password.
//!
//! All of it is pure: time comes in, nothing goes out. What it does not know: sockets, clocks, connections, protocols,
//! rules of names.

mod credentials;
mod invitation;
mod limiter;
mod password;
mod prepare;
mod queue;
mod scram;
#[cfg(test)]
pub(crate) mod testing;
mod verifier;

pub use credentials::{Credentials, Derivation, FalseSalts};
pub use invitation::{InvitationHash, InvitationToken};
pub use limiter::{Attempt, Caller, Limiter, PasswordKind};
pub use password::{BadHash, PasswordHash, same};
pub use queue::{Done, Full, Queue, Work};
pub use scram::{Claimed, ClientFirst, Scram, ScramError};
pub use verifier::{Proof, Verifier};
