//! `storm`: all clients lose their connections at the same moment and reconnect at once. How long until all are
//! ready?

use super::{
    super::{
        clients::{ClientEvent, NoObserver, Role},
        dial::Manner,
        measure::Spans,
        phases::Phase,
        report::{self, Report},
        runner::Runner,
        settings::Settings,
        setup::Setup,
        summary,
        target::{ClientMode, Protocol},
    },
    Scenario, check_chat, per_room_text,
};
use crate::net::ConnId;
use std::io;

/// The options.
#[derive(Clone, Debug)]
pub struct Storm {
    /// How many connections.
    pub connections: usize,
    /// How much of the protocol the clients speak.
    pub mode: ClientMode,
    /// Clients in a room; `None`: they join none.
    pub per_room: Option<usize>,
}

/// Calls placed in one turn.
const CALLS_PER_TURN: usize = 256;

impl Scenario for Storm {
    fn connections(&self) -> usize {
        // The server may not have noticed the lost connections when the new ones are made.
        self.connections * 2
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        check_chat(protocol, self.mode)
    }

    fn settings(&self) -> Settings {
        Settings::default()
            .with("connections", self.connections)
            .with("raw", self.mode == ClientMode::ConnectOnly)
            .with("per-room", per_room_text(self.per_room))
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let mut runner = Runner::new(setup, NoObserver)?;
        let roles = |from: usize| (from..from + self.connections).map(|n| self.role(n as u32));
        let first: Vec<Role> = roles(0).collect();
        runner.connect_all(&first)?;
        runner.wait_for_quiet()?;

        runner.begin_phase(Phase::Traffic, self.connections as u64)?;
        let lost_at = runner.now();
        let everyone: Vec<ConnId> = runner.clients().ready().collect();
        let vanished = everyone.len();
        let (clients, net) = runner.parts();
        everyone.iter().for_each(|id| clients.abort(net, *id));
        clients.events.clear();
        // Clients reconnect under other names: the server may not know yet that the old ones are gone.
        let mut back: Vec<Role> = roles(self.connections).take(vanished).collect();
        let mut away = Spans::default();
        let mut last = lost_at;
        while !runner.is_stopped() {
            let (clients, net) = runner.parts();
            let batch = back.len().min(CALLS_PER_TURN);
            back.drain(..batch)
                .for_each(|role| clients.connect(net, role));
            let is_done = back.is_empty() && clients.counts.pending() == 0;
            let due = (!back.is_empty()).then_some(lost_at);
            for events in std::mem::take(&mut clients.events) {
                if matches!(events, ClientEvent::Ready(_)) {
                    last = runner.now();
                    away.note(last.since(lost_at));
                }
            }
            if is_done {
                break;
            }
            runner.step(due, away.count())?;
        }
        runner.teardown()?;
        let mut report = summary::report("storm", &runner.into_summary());
        report.keep("away", &away, &[Phase::Traffic]);
        report.curve = away.curve();
        report.storm = Some(report::Storm {
            vanished: vanished as u64,
            back: away.count(),
            seconds: last.since(lost_at) as f64 / 1e6,
            away: away.summary(),
        });
        Ok(report)
    }
}

impl Storm {
    fn role(&self, number: u32) -> Role {
        let room = |clients: usize| number % self.connections as u32 / clients.max(1) as u32;
        Role {
            mode: self.mode,
            room: self.per_room.map(room),
            manner: Manner::Abrupt,
            ..Role::without_room(number)
        }
    }
}
