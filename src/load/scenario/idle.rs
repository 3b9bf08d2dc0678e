//! `idle`: many connections that send nothing. What does each of them cost, and how often does the server wake up?

use super::{
    super::{
        clients::{NoObserver, Role},
        report::Report,
        runner::Runner,
        settings::Settings,
        setup::Setup,
        summary,
        target::{ClientMode, Protocol},
    },
    Scenario, check_chat, per_room_text,
};
use std::{io, time::Duration};

/// The options.
#[derive(Clone, Debug)]
pub struct Idle {
    /// How many connections.
    pub connections: usize,
    /// How long they are held.
    pub hold: Duration,
    /// How much of the protocol the clients speak.
    pub mode: ClientMode,
    /// Clients in a room; `None`: they join none.
    pub per_room: Option<usize>,
}

impl Scenario for Idle {
    fn connections(&self) -> usize {
        self.connections
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        check_chat(protocol, self.mode)
    }

    fn settings(&self) -> Settings {
        Settings::default()
            .with("connections", self.connections)
            .with("hold", format_args!("{:?}", self.hold))
            .with("raw", self.mode == ClientMode::ConnectOnly)
            .with("per-room", per_room_text(self.per_room))
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let mut runner = Runner::new(setup, NoObserver)?;
        let roles: Vec<Role> = (0..self.connections as u32).map(|n| self.role(n)).collect();
        runner.connect_all(&roles)?;
        runner.wait_for_quiet()?;
        runner.hold(self.hold)?;
        runner.teardown()?;
        Ok(summary::report("idle", &runner.into_summary()))
    }
}

impl Idle {
    fn role(&self, number: u32) -> Role {
        let room = |clients: usize| number / clients.max(1) as u32;
        Role {
            mode: self.mode,
            room: self.per_room.map(room),
            ..Role::without_room(number)
        }
    }
}
