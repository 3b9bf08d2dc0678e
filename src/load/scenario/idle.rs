//! `idle`: many connections that say nothing. What does each of them cost, and what does the silence cost?

use super::super::{
    Error, Setup, account,
    crew::{NoEar, Role},
    plan::Plan,
    probe::Probe,
    progress::Progress,
    report::Report,
    stage::Stage,
};
use std::time::Duration;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Idle {
    /// How many connections.
    pub connections: usize,
    /// How long they are held.
    pub hold: Duration,
    /// Only connections: no registration.
    pub raw: bool,
    /// People in a room; `None`: they stand in none.
    pub per_room: Option<usize>,
}

impl Idle {
    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let mut stage = Stage::set(setup, probe, plan.sources, progress, NoEar)?;
        let roles: Vec<Role> = (0..self.connections as u32).map(|n| self.role(n)).collect();
        stage.gather(&roles, setup.connects_per_second, setup.pending)?;
        stage.settle()?;
        stage.hold(self.hold)?;
        stage.teardown()?;
        Ok(account::report(setup, "idle", &stage.into_account()))
    }

    fn role(&self, number: u32) -> Role {
        let room = |people: usize| number / people.max(1) as u32;
        Role {
            raw: self.raw,
            room: self.per_room.map(room),
            ..Role::loner(number)
        }
    }
}
