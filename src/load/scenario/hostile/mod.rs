//! `hostile`: one attack after the other, while a few victims only send PINGs. Do clients that do no harm have to
//! wait?
//!
//! ```text
//! victims come ─> what the server offers ─> for each attack:
//!     attackers come ─> set-up ─> silence ─> attack, PINGs on schedule ─> attackers vanish ─> recovery
//! ```
//!
//! The attackers connect from other addresses than the victims, so that limits per address are visible in the
//! results. Invariant: every step of an attack ends, whatever the server does: see the constants.

mod attack;
mod attack_run;
mod attackers;
mod context;
mod features;
mod observer;
mod options;
mod script;

pub use attack::Attack;
pub use options::{Hostile, Operator};

use super::{
    super::{
        clients::{Endpoint, Role},
        clock::Moment,
        dial::Dialer,
        measure::Spans,
        phases::Phase,
        probe::metrics::{Exactness, TurnTimes},
        report::{self, AttackReport, Report},
        runner::Runner,
        settings::Settings,
        setup::Setup,
        summary::{self, UsageMark},
        target::{Protocol, Target},
    },
    Scenario,
};
use attack_run::AttackRun;
use attackers::{CALLS_PER_TURN, present_attackers, role, wait};
use context::AttackContext;
use observer::AttackObserver;
use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// How long the attackers may take to connect, and how long each step of their set-up may take.
const COMING_MAX: Duration = Duration::from_secs(20);

/// How long the server may take to announce its features, and to accept an operator.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The addresses that victims and attackers connect to.
struct Endpoints {
    victims: Endpoint,
    attackers: Vec<(Protocol, Endpoint)>,
}

/// What the server and the tool had used when an attack began.
type Before = (UsageMark, Option<TurnTimes>);

impl Scenario for Hostile {
    fn connections(&self) -> usize {
        let attackers = u32::try_from(self.attackers).unwrap_or(u32::MAX);
        let most = self
            .attacks
            .iter()
            .map(|attack| attack.attackers(attackers));
        self.victims + 1 + most.max().unwrap_or_default() as usize
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        if protocol.is_irc() {
            return Ok(());
        }
        Err(format!(
            "the victims speak IRC: name an irc:// or ws:// target, and {protocol}:// with --also"
        ))
    }

    fn settings(&self) -> Settings {
        let names: Vec<&str> = self.attacks.iter().map(|attack| attack.name()).collect();
        Settings::default()
            .with("attack", names.join(","))
            .with("clients", self.attackers)
            .with("victims", self.victims)
            .with("rate", self.rate)
            .with("for", format_args!("{:?}", self.time))
            .with("rest", format_args!("{:?}", self.rest))
            .with("rooms", self.rooms)
            .with("masks", self.masks)
    }

    fn attacks(&self) -> Option<&[Target]> {
        Some(&self.also)
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let observer = AttackObserver::new(self.victims as u32);
        let (run, target, sources) = (setup.run, setup.target.clone(), setup.sources.clone());
        let mut runner = Runner::new(setup, observer)?;
        let endpoints = self.add_endpoints(&mut runner, &target, &sources);
        let role = |number: u32| Role {
            endpoint: endpoints.victims,
            ..Role::without_room(number)
        };
        // The operator connects like the victims, from their address.
        let present = self.victims as u32 + u32::from(self.operator.is_some());
        let first: Vec<Role> = (0..present).map(role).collect();
        runner.connect_all(&first)?;
        self.ask(&mut runner)?;

        let all = (self.time + self.rest) * self.attacks.len() as u32;
        runner.begin_phase(Phase::Traffic, all.as_millis() as u64)?;
        let mut found = report::Hostile {
            victims: self.victims as u64,
            pings_per_second: self.rate.per_second() * self.victims as f64,
            at_most: self.at_most.map(|most| most.as_micros() as u64),
            attacks: Vec::new(),
        };
        let mut latencies: Vec<(Attack, Spans)> = Vec::new();
        for (turn, attack) in (0..).zip(&self.attacks) {
            if runner.is_stopped() {
                break;
            }
            let context = AttackContext {
                run,
                turn,
                attackers: attack.attackers(self.attackers as u32),
                rooms: self.rooms_for(&mut runner),
                masks: self.masks as u32,
                features: runner.observer().features.clone(),
                sources: sources.iter().map(IpAddr::to_string).collect(),
            };
            let row = self.make(&mut runner, &endpoints, *attack, context)?;
            latencies.push((*attack, runner.observer().latency.clone()));
            found.attacks.push(row);
        }
        runner.teardown()?;
        let mut report = summary::report("hostile", &runner.into_summary());
        report.mode = Some(format!(
            "{} victims with {} PINGs each, {} attackers",
            self.victims, self.rate, self.attackers
        ));
        for (attack, spans) in &latencies {
            report.keep(attack.name(), spans, &[Phase::Traffic]);
        }
        report.hostile = Some(found);
        report.judge();
        Ok(report)
    }
}

impl Hostile {
    fn add_endpoints(
        &self,
        runner: &mut Runner<AttackObserver>,
        target: &Target,
        sources: &[IpAddr],
    ) -> Endpoints {
        // The first address of the loopback network is not among the attackers' addresses. In other networks only the
        // user knows which addresses there are: of several, the last is the victims'.
        let own = match target.address.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => vec![Ipv4Addr::LOCALHOST.into()],
            _ => sources
                .iter()
                .skip(1)
                .next_back()
                .copied()
                .into_iter()
                .collect(),
        };
        let clients = runner.clients();
        let victims = clients.add_endpoint(target.protocol, Dialer::new(target, own));
        let mut attackers = vec![(target.protocol, Endpoint::default())];
        for other in &self.also {
            let dialer = Dialer::new(other, sources.to_vec());
            attackers.push((other.protocol, clients.add_endpoint(other.protocol, dialer)));
        }
        Endpoints { victims, attackers }
    }

    /// As many rooms as asked for, if one client may be in so many.
    fn rooms_for(&self, runner: &mut Runner<AttackObserver>) -> u32 {
        let features = &runner.observer().features;
        let most = features
            .part("CHANLIMIT", "#")
            .or(features.number("MAXCHANNELS"));
        (self.rooms as u32).min(most.unwrap_or(u32::MAX))
    }

    /// Asks the server for its features, and makes the operator an operator.
    fn ask(&self, runner: &mut Runner<AttackObserver>) -> io::Result<()> {
        runner.begin_phase(Phase::Settle, 0)?;
        let end = runner.now().after(ANSWER_MAX);
        let operator = runner.observer().operator();
        let mut asked = Vec::new();
        for client in runner.clients().iter() {
            asked.push((client.id, client.index));
        }
        for (id, index) in asked {
            let (clients, net) = runner.parts();
            clients.send_with(net, id, |_, out| match &self.operator {
                _ if index == 0 => out.extend_from_slice(b"CAP LS 302\r\n"),
                Some(Operator { name, password }) if index == operator => {
                    let _ = write!(out, "OPER {name} {password}\r\n");
                }
                _ => {}
            });
        }
        let is_answered = |observer: &AttackObserver| {
            observer.features.is_whole && (observer.is_operator || self.operator.is_none())
        };
        while !is_answered(runner.observer()) && runner.now() < end && !runner.is_stopped() {
            runner.clients().events.clear();
            runner.step(Some(end), 0)?;
        }
        Ok(())
    }

    /// Makes one attack, from the connections of the attackers to the recovery of the victims.
    fn make(
        &self,
        runner: &mut Runner<AttackObserver>,
        endpoints: &Endpoints,
        attack: Attack,
        context: AttackContext,
    ) -> io::Result<AttackReport> {
        let mut row = AttackReport {
            name: attack.name().into(),
            about: attack.about().into(),
            ..AttackReport::default()
        };
        let attackers = context.attackers;
        let done = (self.rest + self.time) * context.turn + self.rest;
        let possible = attack.is_possible(&context);
        runner.observer().begin(attack, context);
        runner.observer().done = done.as_millis() as u64;
        let endpoint = endpoints
            .attackers
            .iter()
            .find(|(protocol, _)| attack.suits(*protocol));
        let endpoint = match (possible, endpoint) {
            (Err(why), _) => Err(why),
            (Ok(()), None) => Err(match attack {
                Attack::Telnet => "no telnet:// target: add --also telnet://HOST:PORT".into(),
                _ => "no WebSocket target: add --also ws://HOST:PORT".to_owned(),
            }),
            (Ok(()), Some((_, endpoint))) => {
                self.may_ban(attack, runner.observer()).map(|()| *endpoint)
            }
        };
        let endpoint = match endpoint {
            Ok(endpoint) => endpoint,
            Err(why) => {
                row.skipped = Some(why);
                return Ok(row);
            }
        };
        let let_go = runner.clients().tally.let_go;
        self.come(runner, attack, attackers, endpoint)?;
        if !self.set_up(runner)? {
            row.notes.push("the set-up was not done in time".into());
        }
        row.attackers = present_attackers(runner).len() as u64;
        wait(runner, self.rest, |_| false)?;
        let before = runner.look()?;
        runner.take_longest_turn();
        let start = runner.now();
        let mut attack_run = AttackRun::new(start, self, attack, attackers, endpoint);
        attack_run.run(runner, start.after(self.time))?;
        row.seconds = runner.now().since(start) as f64 / 1e6;
        row.recovery = attack_run.recover(runner)?;
        self.summary(runner, &mut row, before)?;
        row.let_go = runner.clients().tally.let_go - let_go;
        if row.attackers == 0 && attack != Attack::Quiet {
            row.notes.push("no attacker was let in".into());
        }
        Ok(row)
    }

    /// Checks that there is an operator, if the attack needs one.
    fn may_ban(&self, attack: Attack, observer: &AttackObserver) -> Result<(), String> {
        match (attack, &self.operator) {
            (Attack::Kline, None) => {
                Err("no operator: name one with --oper or MADANG_BENCH_OPER".into())
            }
            (Attack::Kline, Some(operator)) if !observer.is_operator => Err(format!(
                "the server did not make {} an operator",
                operator.name
            )),
            _ => Ok(()),
        }
    }

    /// Connects all attackers, and waits until each of them is ready or was refused.
    fn come(
        &self,
        runner: &mut Runner<AttackObserver>,
        attack: Attack,
        attackers: u32,
        endpoint: Endpoint,
    ) -> io::Result<()> {
        let end = runner.now().after(COMING_MAX);
        let roles: Vec<Role> = (0..attackers)
            .map(|n| role(runner.observer(), attack, n, n, endpoint))
            .collect();
        let mut roles = roles.into_iter();
        while runner.now() < end && !runner.is_stopped() {
            let (clients, net) = runner.parts();
            roles
                .by_ref()
                .take(CALLS_PER_TURN)
                .for_each(|role| clients.connect(net, role));
            clients.events.clear();
            if roles.len() == 0 && clients.counts.pending() == 0 {
                return Ok(());
            }
            let due = if roles.len() > 0 { Moment(0) } else { end };
            runner.step(Some(due), 0)?;
        }
        Ok(())
    }

    /// Lets the attackers do all steps of their set-up; returns whether all were done in time.
    fn set_up(&self, runner: &mut Runner<AttackObserver>) -> io::Result<bool> {
        for step in 0.. {
            let mut is_more = false;
            for (id, index) in present_attackers(runner) {
                let (clients, net) = runner.parts();
                clients.send_with(net, id, |observer, out| {
                    is_more |= observer.set_up(step, index, out)
                });
            }
            if !is_more {
                break;
            }
            let is_done = wait(runner, COMING_MAX, |runner| {
                let all = present_attackers(runner);
                all.iter()
                    .all(|(_, index)| runner.observer().has_done(*index, step + 1))
            })?;
            if !is_done {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds the numbers of an attack that is over.
    fn summary(
        &self,
        runner: &mut Runner<AttackObserver>,
        row: &mut AttackReport,
        before: Before,
    ) -> io::Result<()> {
        row.tool_turn = runner.take_longest_turn();
        let (mark, turns) = runner.look()?;
        let observer = runner.observer();
        let is_nameless = observer
            .attack
            .as_ref()
            .is_some_and(|(of, _)| of.is_nameless());
        (row.sent, row.taken) = (observer.sent, (!is_nameless).then_some(observer.taken));
        (row.ping, row.unanswered) = (observer.latency.summary(), observer.unanswered);
        if observer.unknown > 0 {
            row.notes.push(format!(
                "{} commands were unknown to the server",
                observer.unknown
            ));
        }
        let longest = turns
            .zip(before.1)
            .and_then(|(after, before)| after.longest_since(&before));
        row.server_turn = longest.map(|(micros, _)| micros);
        row.server_turn_is_bound = longest.is_some_and(|(_, how)| how == Exactness::AtMost);
        let nanos = |mark: &UsageMark| mark.server.and_then(|usage| usage.cpu_nanos);
        let used = nanos(&mark)
            .zip(nanos(&before.0))
            .map(|(after, before)| after.saturating_sub(before));
        row.server_cpu = used.map(|nanos| nanos as f64 / 1e9);
        let micros = mark.at.since(before.0.at) as f64;
        row.server_cpu_percent = used
            .filter(|_| micros > 0.0)
            .map(|nanos| nanos as f64 / micros / 10.0);
        Ok(())
    }
}
