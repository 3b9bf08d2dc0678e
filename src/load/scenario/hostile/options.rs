//! The options of a hostile run.

use super::attack::Attack;
use crate::load::{schedule::Rate, target::Target};
use std::{fmt, time::Duration};

/// An operator of the server.
#[derive(Clone)]
pub struct Operator {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password is never printed.
        f.debug_struct("Operator")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The options.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// The attacks.
    pub attacks: Vec<Attack>,
    /// How many attackers each attack has.
    pub attackers: usize,
    /// Clients that only send PINGs.
    pub victims: usize,
    /// PINGs a second from each of them.
    pub rate: Rate,
    /// How long each attack lasts.
    pub time: Duration,
    /// A pause before each attack, so that the server's allowances are full again.
    pub rest: Duration,
    /// Rooms with full lists.
    pub rooms: usize,
    /// Masks in each list.
    pub masks: usize,
    /// Other URLs of the same server, for attacks by other protocols.
    pub also: Vec<Target>,
    /// The operator for the attack by bans.
    pub operator: Option<Operator>,
    /// The longest that a PING may take.
    pub at_most: Option<Duration>,
}
