//! `churn`: people come, register and go, so many at a time, one session after the other. What does a session cost?

use super::super::{
    Error, Setup, account,
    clock::Moment,
    crew::{News, NoEar, Role},
    dial::Manner,
    measure::Spans,
    phases::Phase,
    plan::Plan,
    probe::Probe,
    progress::Progress,
    report::{Report, Sessions},
    stage::Stage,
};
use std::time::Duration;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Churn {
    /// Sessions at a time.
    pub concurrency: usize,
    /// For how long.
    pub time: Duration,
    /// Only connect and hang up: no registration.
    pub raw: bool,
}

/// After so many failures in a row there is nothing to measure.
const FAILURES_MAX: u64 = 1000;

impl Churn {
    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let mut stage = Stage::set(setup, probe, plan.sources, progress, NoEar)?;
        stage.begin(Phase::Traffic, self.time.as_millis() as u64)?;
        let start = stage.now();
        let end = start.after(self.time);
        let mut ring = Ring::new(self.concurrency, self.raw);
        for place in 0..self.concurrency {
            ring.call(&mut stage, place);
        }
        while stage.now() < end && !stage.is_stopped() && ring.fruitless < FAILURES_MAX {
            let done = stage.now().since(start) / 1000;
            stage.step(Some(end), done)?;
            ring.go_round(&mut stage);
        }
        let seconds = stage.now().since(start) as f64 / 1e6;
        let sessions = Sessions {
            done: ring.whole.count(),
            seconds,
            whole: ring.whole.summary(),
        };
        // Those under way come to their end, and are not counted.
        stage.teardown()?;
        let mut report = account::report(setup, "churn", &stage.into_account());
        report.mode = Some(format!(
            "closed loop, {} sessions at a time",
            self.concurrency
        ));
        account::add_sessions(&mut report, sessions, &ring.whole);
        Ok(report)
    }
}

/// The places of those who are there at a time; each is taken again as soon as it is free.
struct Ring {
    /// When the session in each place began. Names are numbered by place and session.
    began: Vec<Moment>,
    sessions: u32,
    raw: bool,
    whole: Spans,
    /// Sessions in a row that came to nothing.
    fruitless: u64,
}

impl Ring {
    fn new(places: usize, raw: bool) -> Self {
        Self {
            began: vec![Moment(0); places],
            sessions: 0,
            raw,
            whole: Spans::default(),
            fruitless: 0,
        }
    }

    fn call(&mut self, stage: &mut Stage<NoEar>, place: usize) {
        self.began[place] = stage.now();
        let places = self.began.len() as u32;
        // A name that was just left may still be in use for a moment: each session has its own, for the first millions.
        let number = self.sessions % (10_000_000 / places) * places + place as u32;
        self.sessions = self.sessions.wrapping_add(1);
        let role = Role {
            raw: self.raw,
            manner: if self.raw {
                Manner::Abrupt
            } else {
                Manner::Usual
            },
            ..Role::loner(number)
        };
        let (crew, net) = stage.acting();
        crew.call(net, role);
    }

    /// Lets those go who have arrived, and calls again where someone is gone.
    fn go_round(&mut self, stage: &mut Stage<NoEar>) {
        for news in std::mem::take(&mut stage.crew().news) {
            let (crew, net) = stage.acting();
            match news {
                // Whoever speaks no protocol hangs up with a reset, so that no port has to wait.
                News::Ready(id) if self.raw => crew.drop_member(net, id),
                News::Ready(id) => crew.dismiss(net, id),
                News::Gone { number, in_order } => {
                    let place = number as usize % self.began.len();
                    if in_order {
                        self.whole.note(stage.now().since(self.began[place]));
                        self.fruitless = 0;
                    } else {
                        self.fruitless += 1;
                    }
                    self.call(stage, place);
                }
            }
        }
    }
}
