//! Accounts: what is registered beside the names, and the requests that are under way.
//!
//! A request goes through stations: a password is hashed, a slice a turn ([`password_checks`](super::password_checks));
//! a change is written by the store; then it is granted. A client that is gone by then is not answered, but what it asked
//! for is done all the same once it is being written.
//!
//! Owns a record for each account, in the slots of the hub's table. Invariants: an account that can be logged in to is
//! stored; no password is kept, but hashes. Does not know connections' protocols.

mod certificates;
mod choices;
mod host;
mod invitations;
mod logins;
mod making;
mod record;
mod requests;
mod state;
mod stored;
mod suspension;
#[cfg(test)]
mod tests;

pub(crate) use host::HostAsker;
pub(crate) use requests::{Asker, Rules, Step};
pub(crate) use state::{Accounts, By, HostRequest};
pub(crate) use stored::{Concerned, Stored};
