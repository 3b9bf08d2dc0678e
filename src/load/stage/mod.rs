//! The stage of a run: the loop, the crew on it, the phases, and who watches meanwhile.
//!
//! A scenario is written as straight text, `gather`, `settle`, `step` until done, `teardown`, and the loop turns inside
//! these calls. Owns the signals, the timer and the samples. Invariant: whatever happens on the loop, [`Stage::step`]
//! comes back no later than the moment it was given, or half a second later if none was. Does not know what is measured.

mod house;

use super::{
    Setup,
    clock::Moment,
    crew::{Crew, Ear, Role},
    dial::Dialer,
    measure::Spans,
    phases::{Phase, Phases},
    probe::{Probe, metrics::TurnTimes},
    progress::Progress,
    report::Sample,
    timer::Timer,
};
use crate::{
    net::{ConnId, EventLoop, External, Net},
    os::process::{Holdings, Process, Usage},
};
use house::House;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use std::{io, net::IpAddr, time::Duration};

/// How often one looks around: samples, progress.
const LOOK: Duration = Duration::from_millis(250);

/// Samples are taken this often at first. When there are too many, half of them go and it doubles.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);

/// More samples than this no plot can show.
const SAMPLES_MAX: usize = 1200;

/// Calls placed in one turn at most, so that answers are heard in between.
const CALLS_PER_TURN: usize = 64;

/// Settled: nothing came in for this long.
const QUIET: Duration = Duration::from_millis(500);

/// Nobody waits longer than this for quiet.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// How long a teardown may take.
const TEARDOWN_MAX: Duration = Duration::from_secs(15);

const SIGNALS: External = External(0);
const TIMER: External = External(1);

/// See the module's documentation.
pub(super) struct Stage<E> {
    event_loop: EventLoop,
    house: House<E>,
    signals: Signals,
    timer: Timer,
    stops: u32,
    /// Everyone was called, and nobody is there.
    is_deserted: bool,
    phases: Phases,
    progress: Box<dyn Progress>,
    marks: Vec<(Phase, Mark)>,
    samples: Vec<Sample>,
    sample_every: Duration,
    next_sample: Moment,
    next_look: Moment,
    turns: Spans,
    /// The longest turn of our own since someone asked.
    longest_turn: u64,
    peak: usize,
}

/// What both sides had used at a turn of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) at: Moment,
    pub(super) server: Option<Usage>,
    pub(super) holdings: Holdings,
    pub(super) tool: Usage,
}

impl<E: Ear> Stage<E> {
    /// A stage for this run. Nothing is called yet.
    ///
    /// # Errors
    /// The system has no poll, no timer or no signals for us.
    pub(super) fn set(
        setup: &Setup,
        probe: Probe,
        sources: Vec<IpAddr>,
        progress: Box<dyn Progress>,
        ear: E,
    ) -> io::Result<Self> {
        let mut event_loop = EventLoop::new()?;
        let net = event_loop.net_mut();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        net.register_external(&mut signals, SIGNALS)?;
        let timer = Timer::register(net, TIMER)?;
        let dialer = Dialer::new(&setup.target, sources);
        let crew = Crew::new(
            setup.run,
            setup.target.protocol,
            dialer,
            setup.patience,
            setup.clock,
            ear,
        );
        Ok(Self {
            event_loop,
            house: House {
                crew,
                probe,
                signalled: false,
                rang: false,
                woke: None,
            },
            signals,
            timer,
            stops: 0,
            is_deserted: false,
            phases: Phases::default(),
            progress,
            marks: Vec::new(),
            samples: Vec::new(),
            sample_every: SAMPLE_EVERY,
            next_sample: Moment(0),
            next_look: Moment(0),
            turns: Spans::default(),
            longest_turn: 0,
            peak: 0,
        })
    }

    pub(super) fn crew(&mut self) -> &mut Crew<E> {
        &mut self.house.crew
    }

    /// The crew and the loop it acts on.
    pub(super) fn acting(&mut self) -> (&mut Crew<E>, &mut Net) {
        (&mut self.house.crew, self.event_loop.net_mut())
    }

    pub(super) fn ear(&mut self) -> &mut E {
        &mut self.house.crew.ear
    }

    pub(super) fn now(&self) -> Moment {
        self.house.crew.clock.now()
    }

    /// How often the user has asked for the end.
    pub(super) fn stops(&self) -> u32 {
        self.stops
    }

    /// Whether there is nothing more to do: the user wants it to end, or nobody could come.
    pub(super) fn is_stopped(&self) -> bool {
        self.stops > 0 || self.is_deserted
    }

    /// Begins a phase; `goal` is how much there is to do in it, in whatever [`Self::step`] is told of.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn begin(&mut self, phase: Phase, goal: u64) -> io::Result<()> {
        self.ask_server()?;
        let now = self.now();
        self.phases.begin(phase, now);
        self.take_mark(phase, now);
        self.progress.begin(phase, goal);
        self.next_look = now.after(LOOK);
        Ok(())
    }

    /// If the server is asked over the network, waits for an answer that is new, or for the end of patience.
    fn ask_server(&mut self) -> io::Result<()> {
        let is_under_way =
            |stage: &mut Self| stage.house.probe.scrape().is_some_and(|s| s.is_under_way());
        // One that is under way is of the past.
        for _ in 0..2 {
            while is_under_way(self) {
                self.step(None, 0)?;
            }
            if let Some(scrape) = self.house.probe.scrape() {
                scrape.ask(self.event_loop.net_mut());
            }
        }
        while is_under_way(self) {
            self.step(None, 0)?;
        }
        Ok(())
    }

    fn take_mark(&mut self, phase: Phase, at: Moment) {
        let mark = self.mark(at);
        self.marks.push((phase, mark));
    }

    fn mark(&self, at: Moment) -> Mark {
        Mark {
            at,
            server: self.house.probe.usage(),
            holdings: self.house.probe.holdings(),
            tool: Process::ourselves().usage(),
        }
    }

    /// Asks the server what it has used until now, in the middle of a phase.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn look(&mut self) -> io::Result<(Mark, Option<TurnTimes>)> {
        self.ask_server()?;
        let turns = self.house.probe.scrape().and_then(|s| s.turns().cloned());
        Ok((self.mark(self.now()), turns))
    }

    /// The longest turn of our own since this was asked before, in microseconds.
    pub(super) fn take_longest_turn(&mut self) -> u64 {
        std::mem::take(&mut self.longest_turn)
    }

    /// One turn of the loop, which waits until `due` at most. `done` is how much of the phase's goal is reached.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn step(&mut self, due: Option<Moment>, done: u64) -> io::Result<()> {
        let now = self.now();
        let look = self.next_look.min(self.next_sample);
        let mut timeout = now.until(look);
        match due {
            Some(due) if due <= now => timeout = Duration::ZERO,
            // Rung for at the microsecond; the loop's own time-out is there for what can wait.
            Some(due) if due < look && !self.timer.arm(now, due) => timeout = now.until(due),
            _ => {}
        }
        // The poll counts milliseconds, and cuts: never wait none for what is a little later.
        let timeout = if timeout.is_zero() {
            timeout
        } else {
            timeout.max(Duration::from_millis(1))
        };
        self.house.woke = None;
        self.event_loop.turn(&mut self.house, Some(timeout))?;
        let now = self.now();
        if let Some(woke) = self.house.woke {
            self.turns.note(now.since(woke));
            self.longest_turn = self.longest_turn.max(now.since(woke));
        }
        self.peak = self.peak.max(self.house.crew.counts.ready);
        self.look_around(now, done);
        Ok(())
    }

    fn look_around(&mut self, now: Moment, done: u64) {
        if std::mem::take(&mut self.house.rang) {
            self.timer.note_ring();
        }
        if std::mem::take(&mut self.house.signalled) {
            self.stops += self.signals.pending().count() as u32;
        }
        if now >= self.next_look {
            self.next_look = now.after(LOOK);
            self.progress.show(done, self.house.crew.counts.ready);
        }
        if now >= self.next_sample {
            self.next_sample = now.after(self.sample_every);
            self.sample(now);
        }
    }

    fn sample(&mut self, now: Moment) {
        // Not while it is counted how often the server wakes up by itself.
        if self.phases.current() != Some(Phase::Hold) {
            if let Some(scrape) = self.house.probe.scrape() {
                scrape.ask(self.event_loop.net_mut());
            }
        }
        let server = self.house.probe.usage();
        let crew = &self.house.crew;
        self.samples.push(Sample {
            at: now.seconds(),
            ready: crew.counts.ready as u64,
            pending: crew.counts.pending() as u64,
            delivered: crew.ear.delivered(),
            resident: server.and_then(|usage| usage.resident),
            cpu: server
                .and_then(|usage| usage.cpu_nanos)
                .map(|nanos| nanos as f64 / 1e9),
        });
        if self.samples.len() > SAMPLES_MAX {
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
            self.sample_every *= 2;
        }
    }

    /// Ramp and handshake: calls for everyone, at most `rate` a second and at most `pending` at a time on their way,
    /// until each is there or has failed.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn gather(&mut self, roles: &[Role], rate: f64, pending: usize) -> io::Result<()> {
        let goal = roles.len() as u64;
        self.begin(Phase::Ramp, goal)?;
        let start = self.now();
        let mut roles = roles.iter();
        let mut called = 0;
        while roles.len() > 0 && !self.is_stopped() {
            let now = self.now();
            let allowed = 1 + (now.since(start) as f64 * rate / 1e6) as u64;
            let (crew, net) = self.acting();
            let room = pending
                .saturating_sub(crew.counts.pending())
                .min(CALLS_PER_TURN);
            let batch = room.min(usize::try_from(allowed - called.min(allowed)).unwrap_or(room));
            for role in roles.by_ref().take(batch) {
                crew.call(net, *role);
                called += 1;
            }
            crew.news.clear();
            let due = start.after(Duration::from_secs_f64(called as f64 / rate));
            // If too many are on their way, one of them will wake us up.
            let due = (self.house.crew.counts.pending() < pending).then_some(due);
            self.step(due, called)?;
        }
        self.begin(Phase::Handshake, goal)?;
        while self.house.crew.counts.pending() > 0 && !self.is_stopped() {
            self.house.crew.news.clear();
            let arrived = self.house.crew.tally.arrived;
            self.step(None, arrived)?;
        }
        self.is_deserted = self.house.crew.counts.ready == 0;
        Ok(())
    }

    /// Waits until nothing has come in for a while.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.begin(Phase::Settle, 0)?;
        let start = self.now();
        let (mut heard, mut since) = (self.house.crew.heard, start);
        loop {
            let now = self.now();
            let bytes = self.house.crew.heard;
            if bytes != heard {
                (heard, since) = (bytes, now);
            }
            let over = now.since(since) >= QUIET.as_micros() as u64
                || now.since(start) >= SETTLE_MAX.as_micros() as u64;
            if over || self.is_stopped() {
                return Ok(());
            }
            self.step(Some(since.after(QUIET)), 0)?;
        }
    }

    /// Lets time pass, and only watches.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn hold(&mut self, time: Duration) -> io::Result<()> {
        self.begin(Phase::Hold, time.as_millis() as u64)?;
        let start = self.now();
        let end = start.after(time);
        while self.now() < end && !self.is_stopped() {
            let done = self.now().since(start) / 1000;
            self.step(Some(end), done)?;
        }
        Ok(())
    }

    /// Lets everyone go, in order, and waits until they are gone. A second signal ends the waiting.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn teardown(&mut self) -> io::Result<()> {
        let all = self.house.crew.counts.all() as u64;
        self.begin(Phase::Teardown, all)?;
        let everyone: Vec<ConnId> = self.house.crew.members().map(|member| member.id).collect();
        let end = self.now().after(TEARDOWN_MAX);
        let stops = self.stops;
        for some in everyone.chunks(CALLS_PER_TURN) {
            let (crew, net) = self.acting();
            some.iter().for_each(|id| crew.dismiss(net, *id));
            let left = self.house.crew.counts.all() as u64;
            self.step(Some(Moment(0)), all - left.min(all))?;
        }
        while self.house.crew.counts.all() > 0 && self.now() < end && self.stops == stops {
            let left = self.house.crew.counts.all() as u64;
            self.house.crew.news.clear();
            self.step(None, all - left.min(all))?;
        }
        self.ask_server()?;
        let now = self.now();
        self.phases.end(now);
        self.take_mark(Phase::Teardown, now);
        self.progress.end();
        Ok(())
    }

    /// What the stage itself saw, when all is over.
    pub(super) fn into_account(self) -> Account<E> {
        Account {
            crew: self.house.crew,
            phases: self.phases,
            marks: self.marks,
            samples: self.samples,
            turns: self.turns,
            peak: self.peak,
            interrupted: self.stops > 0,
            probe: self.house.probe,
        }
    }
}

/// What is left when the stage is taken down.
pub(super) struct Account<E> {
    pub(super) crew: Crew<E>,
    pub(super) phases: Phases,
    pub(super) marks: Vec<(Phase, Mark)>,
    pub(super) samples: Vec<Sample>,
    pub(super) turns: Spans,
    pub(super) peak: usize,
    pub(super) interrupted: bool,
    pub(super) probe: Probe,
}
