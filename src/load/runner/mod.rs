//! Runs a scenario: the loop, its clients, the phases, and the samples meanwhile.
//!
//! A scenario is written as straight text, `connect_all`, `wait_for_quiet`, `step` until done, `teardown`, and the
//! loop turns inside these calls. Owns the signals, the timer and the samples. Invariant: whatever happens on the
//! loop, [`Runner::step`] returns no later than the moment it was given, or half a second later if none was. Does not
//! know what is measured.

mod driver;

use super::{
    clients::{Clients, Observer, Role},
    clock::Moment,
    dial::Dialer,
    measure::Spans,
    phases::{Phase, Phases},
    probe::metrics::TurnTimes,
    progress::Progress,
    report::Sample,
    settings::Settings,
    setup::Setup,
    summary::{RunSummary, UsageMark},
    target::Target,
    timer::Timer,
};
use crate::{
    net::{ConnId, EventLoop, Net},
    os::process::Process,
};
use driver::{Driver, SIGNALS, TIMER};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use std::{io, time::Duration};

/// How often samples are considered and progress is shown.
const LOOK: Duration = Duration::from_millis(250);

/// How often samples are taken at first. When there are too many, half of them are dropped and the interval doubles.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);

/// A plot cannot show more samples than this.
const SAMPLES_MAX: usize = 1200;

/// Calls placed in one turn at most, so that answers are handled in between.
const CALLS_PER_TURN: usize = 64;

/// It is quiet when nothing was received for this long.
const QUIET: Duration = Duration::from_millis(500);

/// The longest time to wait for quiet.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// How long a teardown may take.
const TEARDOWN_MAX: Duration = Duration::from_secs(15);

/// The loop with its clients. See the module's documentation.
pub(super) struct Runner<E> {
    event_loop: EventLoop,
    driver: Driver<E>,
    signals: Signals,
    timer: Timer,
    stops: u32,
    /// All calls are placed, and no client is ready.
    nobody_arrived: bool,
    phases: Phases,
    progress: Box<dyn Progress>,
    target: Target,
    settings: Settings,
    connects_per_second: f64,
    /// Calls and registrations under way at a time, at most.
    pending_max: usize,
    marks: Vec<(Phase, UsageMark)>,
    samples: Vec<Sample>,
    sample_every: Duration,
    next_sample: Moment,
    next_look: Moment,
    turns: Spans,
    /// The longest turn of our own since it was last taken, in microseconds.
    longest_turn: u64,
    peak: usize,
}

impl<E: Observer> Runner<E> {
    /// Makes a runner. Nothing is connected yet.
    ///
    /// # Errors
    /// The system has no poll, no timer or no signals for us.
    pub(super) fn new(setup: Setup, observer: E) -> io::Result<Self> {
        let mut event_loop = EventLoop::new()?;
        let net = event_loop.net_mut();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        net.register_external(&mut signals, SIGNALS)?;
        let timer = Timer::register(net, TIMER)?;
        let dialer = Dialer::new(&setup.target, setup.sources);
        let clients = Clients::new(
            setup.run,
            setup.target.protocol,
            dialer,
            setup.timeout,
            setup.clock,
            observer,
        );
        Ok(Self {
            event_loop,
            driver: Driver {
                clients,
                probe: setup.probe,
                signalled: false,
                rang: false,
                woke: None,
            },
            signals,
            timer,
            stops: 0,
            nobody_arrived: false,
            phases: Phases::default(),
            progress: setup.progress,
            target: setup.target,
            settings: setup.settings,
            connects_per_second: setup.connects_per_second,
            pending_max: setup.pending,
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

    pub(super) fn clients(&mut self) -> &mut Clients<E> {
        &mut self.driver.clients
    }

    /// The clients and the loop it acts on.
    pub(super) fn parts(&mut self) -> (&mut Clients<E>, &mut Net) {
        (&mut self.driver.clients, self.event_loop.net_mut())
    }

    pub(super) fn observer(&mut self) -> &mut E {
        &mut self.driver.clients.observer
    }

    pub(super) fn now(&self) -> Moment {
        self.driver.clients.clock.now()
    }

    /// How often the user has asked for the end (Ctrl-C).
    pub(super) fn stops(&self) -> u32 {
        self.stops
    }

    /// Whether there is nothing more to do: the user has asked for the end, or no client became ready.
    pub(super) fn is_stopped(&self) -> bool {
        self.stops > 0 || self.nobody_arrived
    }

    /// Begins a phase; `goal` is how much there is to do in it, in the unit that [`Self::step`] gets.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn begin_phase(&mut self, phase: Phase, goal: u64) -> io::Result<()> {
        self.ask_server()?;
        let now = self.now();
        self.phases.begin(phase, now);
        self.take_mark(phase, now);
        self.progress.begin(phase, goal);
        self.next_look = now.after(LOOK);
        Ok(())
    }

    /// If the server's metrics are read over the network, waits for a new answer, or for the timeout.
    fn ask_server(&mut self) -> io::Result<()> {
        let is_under_way = |runner: &mut Self| {
            runner
                .driver
                .probe
                .scrape()
                .is_some_and(|s| s.is_under_way())
        };
        // An answer that is under way is of the past.
        for _ in 0..2 {
            while is_under_way(self) {
                self.step(None, 0)?;
            }
            if let Some(scrape) = self.driver.probe.scrape() {
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

    fn mark(&self, at: Moment) -> UsageMark {
        UsageMark {
            at,
            server: self.driver.probe.usage(),
            holdings: self.driver.probe.holdings(),
            tool: Process::ourselves().usage(),
        }
    }

    /// Reads what the server has used until now, in the middle of a phase.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn look(&mut self) -> io::Result<(UsageMark, Option<TurnTimes>)> {
        self.ask_server()?;
        let turns = self.driver.probe.scrape().and_then(|s| s.turns().cloned());
        Ok((self.mark(self.now()), turns))
    }

    /// The longest turn of our own since the last call of this, in microseconds.
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
            // The timer rings at the microsecond; the loop's own timeout is for less urgent moments.
            Some(due) if due < look && !self.timer.arm(now, due) => timeout = now.until(due),
            _ => {}
        }
        // The poll counts milliseconds and rounds down: never wait zero for a moment in the near future.
        let timeout = if timeout.is_zero() {
            timeout
        } else {
            timeout.max(Duration::from_millis(1))
        };
        self.driver.woke = None;
        self.event_loop.turn(&mut self.driver, Some(timeout))?;
        let now = self.now();
        if let Some(woke) = self.driver.woke {
            self.turns.note(now.since(woke));
            self.longest_turn = self.longest_turn.max(now.since(woke));
        }
        self.peak = self.peak.max(self.driver.clients.counts.ready);
        self.look_around(now, done);
        Ok(())
    }

    fn look_around(&mut self, now: Moment, done: u64) {
        if std::mem::take(&mut self.driver.rang) {
            self.timer.note_ring();
        }
        if std::mem::take(&mut self.driver.signalled) {
            self.stops += self.signals.pending().count() as u32;
        }
        if now >= self.next_look {
            self.next_look = now.after(LOOK);
            self.progress.show(done, self.driver.clients.counts.ready);
        }
        if now >= self.next_sample {
            self.next_sample = now.after(self.sample_every);
            self.sample(now);
        }
    }

    fn sample(&mut self, now: Moment) {
        // Not in the hold, because it would wake the server up while its own wake-ups are counted.
        if self.phases.current() != Some(Phase::Hold) {
            if let Some(scrape) = self.driver.probe.scrape() {
                scrape.ask(self.event_loop.net_mut());
            }
        }
        let server = self.driver.probe.usage();
        let recent = self.driver.clients.observer.take_recent();
        let clients = &self.driver.clients;
        self.samples.push(Sample {
            at: now.seconds(),
            ready: clients.counts.ready as u64,
            pending: clients.counts.pending() as u64,
            delivered: clients.observer.delivered(),
            latency_p50: recent.map(|recent| recent.p50),
            latency_p99: recent.map(|recent| recent.p99),
            resident: server.and_then(|usage| usage.resident),
            cpu: server
                .and_then(|usage| usage.cpu_nanos)
                .map(|nanos| nanos as f64 / 1e9),
        });
        if self.samples.len() > SAMPLES_MAX {
            // The worst of two stays visible.
            for pair in self.samples.chunks_mut(2) {
                if let [kept, dropped] = pair {
                    kept.latency_p50 = kept.latency_p50.max(dropped.latency_p50);
                    kept.latency_p99 = kept.latency_p99.max(dropped.latency_p99);
                }
            }
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
            self.sample_every *= 2;
        }
    }

    /// Ramp and handshake: connects all clients, within the rate and the number of pending calls, until each of them
    /// is ready or has failed.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn connect_all(&mut self, roles: &[Role]) -> io::Result<()> {
        let (rate, pending) = (self.connects_per_second, self.pending_max);
        let goal = roles.len() as u64;
        self.begin_phase(Phase::Ramp, goal)?;
        let start = self.now();
        let mut roles = roles.iter();
        let mut called = 0;
        while roles.len() > 0 && !self.is_stopped() {
            let now = self.now();
            let allowed = 1 + (now.since(start) as f64 * rate / 1e6) as u64;
            let (clients, net) = self.parts();
            let room = pending
                .saturating_sub(clients.counts.pending())
                .min(CALLS_PER_TURN);
            let batch = room.min(usize::try_from(allowed - called.min(allowed)).unwrap_or(room));
            for role in roles.by_ref().take(batch) {
                clients.connect(net, *role);
                called += 1;
            }
            clients.events.clear();
            let due = start.after(Duration::from_secs_f64(called as f64 / rate));
            // If too many calls are pending, the answer to one of them wakes us up.
            let due = (self.driver.clients.counts.pending() < pending).then_some(due);
            self.step(due, called)?;
        }
        self.begin_phase(Phase::Handshake, goal)?;
        while self.driver.clients.counts.pending() > 0 && !self.is_stopped() {
            self.driver.clients.events.clear();
            let arrived = self.driver.clients.tally.arrived;
            self.step(None, arrived)?;
        }
        self.nobody_arrived = self.driver.clients.counts.ready == 0;
        Ok(())
    }

    /// Waits until nothing is received for a while.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn wait_for_quiet(&mut self) -> io::Result<()> {
        self.begin_phase(Phase::Settle, 0)?;
        let start = self.now();
        let (mut received, mut since) = (self.driver.clients.bytes_received, start);
        loop {
            let now = self.now();
            let bytes = self.driver.clients.bytes_received;
            if bytes != received {
                (received, since) = (bytes, now);
            }
            let over = now.since(since) >= QUIET.as_micros() as u64
                || now.since(start) >= SETTLE_MAX.as_micros() as u64;
            if over || self.is_stopped() {
                return Ok(());
            }
            self.step(Some(since.after(QUIET)), 0)?;
        }
    }

    /// Only watches, for this long.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn hold(&mut self, time: Duration) -> io::Result<()> {
        self.begin_phase(Phase::Hold, time.as_millis() as u64)?;
        let start = self.now();
        let end = start.after(time);
        while self.now() < end && !self.is_stopped() {
            let done = self.now().since(start) / 1000;
            self.step(Some(end), done)?;
        }
        Ok(())
    }

    /// Ends all sessions as planned and waits until the connections are gone. A second signal ends the wait.
    ///
    /// # Errors
    /// Only when the poll itself fails.
    pub(super) fn teardown(&mut self) -> io::Result<()> {
        let all = self.driver.clients.counts.all() as u64;
        self.begin_phase(Phase::Teardown, all)?;
        let everyone: Vec<ConnId> = self.driver.clients.iter().map(|client| client.id).collect();
        let end = self.now().after(TEARDOWN_MAX);
        let stops = self.stops;
        for some in everyone.chunks(CALLS_PER_TURN) {
            let (clients, net) = self.parts();
            some.iter().for_each(|id| clients.leave(net, *id));
            let left = self.driver.clients.counts.all() as u64;
            self.step(Some(Moment(0)), all - left.min(all))?;
        }
        while self.driver.clients.counts.all() > 0 && self.now() < end && self.stops == stops {
            let left = self.driver.clients.counts.all() as u64;
            self.driver.clients.events.clear();
            self.step(None, all - left.min(all))?;
        }
        self.ask_server()?;
        let now = self.now();
        self.phases.end(now);
        self.take_mark(Phase::Teardown, now);
        self.progress.end();
        Ok(())
    }

    /// Returns what the runner has seen, when all is over.
    pub(super) fn into_summary(self) -> RunSummary<E> {
        RunSummary {
            target: self.target,
            settings: self.settings,
            clients: self.driver.clients,
            phases: self.phases,
            marks: self.marks,
            samples: self.samples,
            turns: self.turns,
            peak: self.peak,
            interrupted: self.stops > 0,
            probe: self.driver.probe,
        }
    }
}
