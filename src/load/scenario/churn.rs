//! `churn`: clients connect, register and quit, one session after the other, so many at a time. What does a session
//! cost?

use super::{
    super::{
        clients::{ClientEvent, NoObserver, Role},
        clock::Moment,
        dial::Manner,
        measure::Spans,
        phases::Phase,
        report::{Report, Sessions},
        runner::Runner,
        settings::Settings,
        setup::Setup,
        summary,
        target::{ClientMode, Protocol},
    },
    Scenario, check_chat,
};
use std::{io, time::Duration};

/// The options.
#[derive(Clone, Debug)]
pub struct Churn {
    /// Sessions at a time.
    pub concurrency: usize,
    /// How long sessions are begun.
    pub time: Duration,
    /// How much of the protocol the clients speak.
    pub mode: ClientMode,
}

/// After so many failures in a row there is nothing to measure.
const FAILURES_MAX: u64 = 1000;

impl Scenario for Churn {
    fn connections(&self) -> usize {
        self.concurrency
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        check_chat(protocol, self.mode)
    }

    fn settings(&self) -> Settings {
        Settings::default()
            .with("concurrency", self.concurrency)
            .with("for", format_args!("{:?}", self.time))
            .with("raw", self.mode == ClientMode::ConnectOnly)
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let mut runner = Runner::new(setup, NoObserver)?;
        runner.begin_phase(Phase::Traffic, self.time.as_millis() as u64)?;
        let start = runner.now();
        let end = start.after(self.time);
        let mut slots = SessionSlots::new(self.concurrency, self.mode);
        for slot in 0..self.concurrency {
            slots.call(&mut runner, slot);
        }
        while runner.now() < end && !runner.is_stopped() && slots.failures_in_a_row < FAILURES_MAX {
            let done = runner.now().since(start) / 1000;
            runner.step(Some(end), done)?;
            slots.handle_events(&mut runner);
        }
        let seconds = runner.now().since(start) as f64 / 1e6;
        let sessions = Sessions {
            done: slots.whole.count(),
            seconds,
            whole: slots.whole.summary(),
        };
        // Sessions under way are ended, and not counted.
        runner.teardown()?;
        let mut report = summary::report("churn", &runner.into_summary());
        report.mode = Some(format!(
            "closed loop, {} sessions at a time",
            self.concurrency
        ));
        summary::add_sessions(&mut report, sessions, &slots.whole);
        Ok(report)
    }
}

/// The slots for sessions at a time; each is used again as soon as it is free.
struct SessionSlots {
    /// When the session in each slot began. Names are numbered by slot and session.
    began: Vec<Moment>,
    sessions: u32,
    mode: ClientMode,
    whole: Spans,
    /// Failed sessions in a row.
    failures_in_a_row: u64,
}

impl SessionSlots {
    fn new(slots: usize, mode: ClientMode) -> Self {
        Self {
            began: vec![Moment(0); slots],
            sessions: 0,
            mode,
            whole: Spans::default(),
            failures_in_a_row: 0,
        }
    }

    fn call(&mut self, runner: &mut Runner<NoObserver>, slot: usize) {
        self.began[slot] = runner.now();
        let slots = self.began.len() as u32;
        // A name that was just released may still be in use for a moment: each session has its own, for the first
        // millions.
        let number = self.sessions % (10_000_000 / slots) * slots + slot as u32;
        self.sessions = self.sessions.wrapping_add(1);
        let role = Role {
            mode: self.mode,
            manner: if self.mode == ClientMode::ConnectOnly {
                Manner::Abrupt
            } else {
                Manner::Usual
            },
            ..Role::without_room(number)
        };
        let (clients, net) = runner.parts();
        clients.connect(net, role);
    }

    /// Ends the sessions of clients that are ready, and begins a new one where a client is gone.
    fn handle_events(&mut self, runner: &mut Runner<NoObserver>) {
        for events in std::mem::take(&mut runner.clients().events) {
            let (clients, net) = runner.parts();
            match events {
                // A client that only connects hangs up with a reset, so that no port has to wait.
                ClientEvent::Ready(id) if self.mode == ClientMode::ConnectOnly => {
                    clients.abort(net, id)
                }
                ClientEvent::Ready(id) => clients.leave(net, id),
                ClientEvent::Gone { number, in_order } => {
                    let slot = number as usize % self.began.len();
                    if in_order {
                        self.whole.note(runner.now().since(self.began[slot]));
                        self.failures_in_a_row = 0;
                    } else {
                        self.failures_in_a_row += 1;
                    }
                    self.call(runner, slot);
                }
            }
        }
    }
}
