//! `churn`: people come, register and go, so many at a time, one session after the other. What does a session cost?

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

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Churn {
    /// Sessions at a time.
    pub concurrency: usize,
    /// For how long.
    pub time: Duration,
    /// How much of the protocol they speak.
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
        for place in 0..self.concurrency {
            slots.call(&mut runner, place);
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
        // Those under way come to their end, and are not counted.
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

/// The places of those who are there at a time; each is taken again as soon as it is free.
struct SessionSlots {
    /// When the session in each place began. Names are numbered by place and session.
    began: Vec<Moment>,
    sessions: u32,
    mode: ClientMode,
    whole: Spans,
    /// Sessions in a row that came to nothing.
    failures_in_a_row: u64,
}

impl SessionSlots {
    fn new(places: usize, mode: ClientMode) -> Self {
        Self {
            began: vec![Moment(0); places],
            sessions: 0,
            mode,
            whole: Spans::default(),
            failures_in_a_row: 0,
        }
    }

    fn call(&mut self, runner: &mut Runner<NoObserver>, place: usize) {
        self.began[place] = runner.now();
        let places = self.began.len() as u32;
        // A name that was just left may still be in use for a moment: each session has its own, for the first millions.
        let number = self.sessions % (10_000_000 / places) * places + place as u32;
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

    /// Lets those go who have arrived, and calls again where someone is gone.
    fn handle_events(&mut self, runner: &mut Runner<NoObserver>) {
        for events in std::mem::take(&mut runner.clients().events) {
            let (clients, net) = runner.parts();
            match events {
                // Whoever speaks no protocol hangs up with a reset, so that no port has to wait.
                ClientEvent::Ready(id) if self.mode == ClientMode::ConnectOnly => {
                    clients.abort(net, id)
                }
                ClientEvent::Ready(id) => clients.leave(net, id),
                ClientEvent::Gone { number, in_order } => {
                    let place = number as usize % self.began.len();
                    if in_order {
                        self.whole.note(runner.now().since(self.began[place]));
                        self.failures_in_a_row = 0;
                    } else {
                        self.failures_in_a_row += 1;
                    }
                    self.call(runner, place);
                }
            }
        }
    }
}
