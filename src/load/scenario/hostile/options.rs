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
        // A password has no business in anything that is printed.
        f.debug_struct("Operator")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// Which attacks.
    pub attacks: Vec<Attack>,
    /// Attackers of each.
    pub attackers: usize,
    /// Those who have done nothing.
    pub victims: usize,
    /// PINGs a second from each of them.
    pub rate: Rate,
    /// How long each attack lasts.
    pub time: Duration,
    /// Silence before each, so that allowances are whole again.
    pub rest: Duration,
    /// Rooms with full lists.
    pub rooms: usize,
    /// Masks in each list.
    pub masks: usize,
    /// Other places where the same server is called, for attacks by other protocols.
    pub also: Vec<Target>,
    /// Who may ban.
    pub operator: Option<Operator>,
    /// The longest a PING may take.
    pub at_most: Option<Duration>,
}
