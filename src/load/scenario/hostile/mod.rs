//! `hostile`: attacks, one after the other, while a few victims want nothing but an answer to their PINGs. Does anyone
//! who has done nothing have to wait?
//!
//! ```text
//! victims come ─> what the server offers ─> for each attack:
//!     attackers come ─> set-up ─> silence ─> attack, PINGs on schedule ─> attackers vanish ─> recovery
//! ```
//!
//! The attackers call from other addresses than the victims, so that what a server does to an address is seen too.
//! Invariant: every step of an attack has an end, whatever the server does: see the constants.

mod attack;
mod fight;
mod ground;
mod offer;
mod script;
mod siege;

pub use attack::Attack;

use super::super::{
    Error, Setup, account,
    clock::Moment,
    crew::{Door, Role},
    dial::{Dialer, Manner},
    measure::Spans,
    pace::Rate,
    phases::Phase,
    plan::Plan,
    probe::{
        Probe,
        metrics::{Exactness, TurnTimes},
    },
    progress::Progress,
    report::{self, Assault, Report},
    stage::{Mark, Stage},
    target::{Protocol, Target},
};
use crate::net::ConnId;

use fight::Fight;
use ground::Ground;
use siege::Siege;
use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// How long the attackers may take to come, and each step of their set-up.
const COMING_MAX: Duration = Duration::from_secs(20);

/// Calls placed in one turn at most.
const CALLS_PER_TURN: usize = 64;

/// How long the server may take to say what it offers, and to make someone an operator.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// An operator of the server.
#[derive(Clone)]
pub struct Operator {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    pub clients: usize,
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

/// Where everyone calls.
struct Doors {
    victims: Door,
    attackers: Vec<(Protocol, Door)>,
}

/// What the server and the tool had used up when an attack began.
type Before = (Mark, Option<TurnTimes>);

impl Hostile {
    /// Sockets open at the same time.
    pub(in crate::load) fn connections(&self) -> usize {
        let clients = u32::try_from(self.clients).unwrap_or(u32::MAX);
        let most = self.attacks.iter().map(|attack| attack.clients(clients));
        self.victims + 1 + most.max().unwrap_or_default() as usize
    }

    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let siege = Siege::new(self.victims as u32);
        let sources = plan.sources;
        let mut stage = Stage::set(setup, probe, sources.clone(), progress, siege)?;
        let doors = self.open_doors(&mut stage, setup, &sources);
        let role = |number: u32| Role {
            door: doors.victims,
            ..Role::loner(number)
        };
        // The operator comes with the victims, and is let alone as they are.
        let present = self.victims as u32 + u32::from(self.operator.is_some());
        let first: Vec<Role> = (0..present).map(role).collect();
        stage.gather(&first, setup.connects_per_second, setup.pending)?;
        self.ask(&mut stage)?;

        let all = (self.time + self.rest) * self.attacks.len() as u32;
        stage.begin(Phase::Traffic, all.as_millis() as u64)?;
        let mut found = report::Hostile {
            victims: self.victims as u64,
            pings_per_second: self.rate.per_second() * self.victims as f64,
            at_most: self.at_most.map(|most| most.as_micros() as u64),
            attacks: Vec::new(),
        };
        let mut latencies: Vec<(Attack, Spans)> = Vec::new();
        for (turn, attack) in (0..).zip(&self.attacks) {
            if stage.is_stopped() {
                break;
            }
            let ground = Ground {
                run: setup.run,
                turn,
                clients: attack.clients(self.clients as u32),
                rooms: self.rooms_for(&mut stage),
                masks: self.masks as u32,
                offer: stage.ear().offer.clone(),
                sources: sources.iter().map(IpAddr::to_string).collect(),
            };
            let row = self.make(&mut stage, &doors, *attack, ground)?;
            latencies.push((*attack, stage.ear().latency.clone()));
            found.attacks.push(row);
        }
        stage.teardown()?;
        let mut report = account::report(setup, "hostile", &stage.into_account());
        report.mode = Some(format!(
            "{} victims with {} PINGs each, {} attackers",
            self.victims, self.rate, self.clients
        ));
        for (attack, spans) in &latencies {
            report.keep(attack.name(), spans, &[Phase::Traffic]);
        }
        report.hostile = Some(found);
        report.judge();
        Ok(report)
    }

    fn open_doors(&self, stage: &mut Stage<Siege>, setup: &Setup, sources: &[IpAddr]) -> Doors {
        let target = &setup.target;
        // The first address of the loopback network is not among those that attackers call from. Elsewhere only the user
        // knows which addresses there are: of several, the last is the victims'.
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
        let crew = stage.crew();
        let victims = crew.add_door(target.protocol, Dialer::new(target, own));
        let mut attackers = vec![(target.protocol, Door::default())];
        for other in &self.also {
            let dialer = Dialer::new(other, sources.to_vec());
            attackers.push((other.protocol, crew.add_door(other.protocol, dialer)));
        }
        Doors { victims, attackers }
    }

    /// As many rooms as asked for, if one person may be in so many.
    fn rooms_for(&self, stage: &mut Stage<Siege>) -> u32 {
        let offer = &stage.ear().offer;
        let most = offer.part("CHANLIMIT", "#").or(offer.number("MAXCHANNELS"));
        (self.rooms as u32).min(most.unwrap_or(u32::MAX))
    }

    /// Asks the server what it offers, and makes the operator one.
    fn ask(&self, stage: &mut Stage<Siege>) -> io::Result<()> {
        stage.begin(Phase::Settle, 0)?;
        let end = stage.now().after(ANSWER_MAX);
        let operator = stage.ear().operator();
        let mut asked = Vec::new();
        for member in stage.crew().members() {
            asked.push((member.id, member.seat));
        }
        for (id, seat) in asked {
            let (crew, net) = stage.acting();
            crew.tell(net, id, |_, out| match &self.operator {
                _ if seat == 0 => out.extend_from_slice(b"CAP LS 302\r\n"),
                Some(Operator { name, password }) if seat == operator => {
                    let _ = write!(out, "OPER {name} {password}\r\n");
                }
                _ => {}
            });
        }
        let is_answered =
            |siege: &Siege| siege.offer.is_whole && (siege.is_operator || self.operator.is_none());
        while !is_answered(stage.ear()) && stage.now() < end && !stage.is_stopped() {
            stage.crew().news.clear();
            stage.step(Some(end), 0)?;
        }
        Ok(())
    }

    /// One attack, from the coming of the attackers to the recovery of the victims.
    fn make(
        &self,
        stage: &mut Stage<Siege>,
        doors: &Doors,
        attack: Attack,
        ground: Ground,
    ) -> io::Result<Assault> {
        let mut row = Assault {
            name: attack.name().into(),
            about: attack.about().into(),
            ..Assault::default()
        };
        let clients = ground.clients;
        let done = (self.rest + self.time) * ground.turn + self.rest;
        let possible = attack.is_possible(&ground);
        stage.ear().begin(attack, ground);
        stage.ear().done = done.as_millis() as u64;
        let door = doors
            .attackers
            .iter()
            .find(|(protocol, _)| attack.suits(*protocol));
        let door = match (possible, door) {
            (Err(why), _) => Err(why),
            (Ok(()), None) => Err(match attack {
                Attack::Telnet => "no telnet:// target: add --also telnet://HOST:PORT".into(),
                _ => "no WebSocket target: add --also ws://HOST:PORT".to_owned(),
            }),
            (Ok(()), Some((_, door))) => self.may_ban(attack, stage.ear()).map(|()| *door),
        };
        let door = match door {
            Ok(door) => door,
            Err(why) => {
                row.skipped = Some(why);
                return Ok(row);
            }
        };
        let let_go = stage.crew().tally.let_go;
        self.come(stage, attack, clients, door)?;
        if !self.set_up(stage)? {
            row.notes.push("the set-up was not done in time".into());
        }
        row.attackers = attackers(stage).len() as u64;
        self.wait(stage, self.rest, |_| false)?;
        let before = stage.look()?;
        stage.take_longest_turn();
        let start = stage.now();
        let mut fight = Fight::new(start, self, attack, clients, door);
        fight.run(stage, start.after(self.time))?;
        row.seconds = stage.now().since(start) as f64 / 1e6;
        row.recovery = fight.recover(stage)?;
        self.account(stage, &mut row, before)?;
        row.let_go = stage.crew().tally.let_go - let_go;
        if row.attackers == 0 && attack != Attack::Quiet {
            row.notes.push("no attacker was let in".into());
        }
        Ok(row)
    }

    /// Whether there is someone who may ban, where that is needed.
    fn may_ban(&self, attack: Attack, siege: &Siege) -> Result<(), String> {
        match (attack, &self.operator) {
            (Attack::Kline, None) => {
                Err("no operator: name one with --oper or MADANG_BENCH_OPER".into())
            }
            (Attack::Kline, Some(operator)) if !siege.is_operator => Err(format!(
                "the server did not make {} an operator",
                operator.name
            )),
            _ => Ok(()),
        }
    }

    /// Calls all attackers, and waits until each is there or is not let in.
    fn come(
        &self,
        stage: &mut Stage<Siege>,
        attack: Attack,
        clients: u32,
        door: Door,
    ) -> io::Result<()> {
        let end = stage.now().after(COMING_MAX);
        let roles: Vec<Role> = (0..clients)
            .map(|n| role(stage.ear(), attack, n, n, door))
            .collect();
        let mut roles = roles.into_iter();
        while stage.now() < end && !stage.is_stopped() {
            let (crew, net) = stage.acting();
            roles
                .by_ref()
                .take(CALLS_PER_TURN)
                .for_each(|role| crew.call(net, role));
            crew.news.clear();
            if roles.len() == 0 && crew.counts.pending() == 0 {
                return Ok(());
            }
            let due = if roles.len() > 0 { Moment(0) } else { end };
            stage.step(Some(due), 0)?;
        }
        Ok(())
    }

    /// Lets the attackers do all steps of their set-up; whether all were done in time.
    fn set_up(&self, stage: &mut Stage<Siege>) -> io::Result<bool> {
        for step in 0.. {
            let mut is_more = false;
            for (id, seat) in attackers(stage) {
                let (crew, net) = stage.acting();
                crew.tell(net, id, |siege, out| {
                    is_more |= siege.set_up(step, seat, out)
                });
            }
            if !is_more {
                break;
            }
            let is_done = self.wait(stage, COMING_MAX, |stage| {
                let all = attackers(stage);
                all.iter()
                    .all(|(_, seat)| stage.ear().has_done(*seat, step + 1))
            })?;
            if !is_done {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets the loop turn until something is so, or for this long; whether it is.
    fn wait(
        &self,
        stage: &mut Stage<Siege>,
        time: Duration,
        is_so: impl Fn(&mut Stage<Siege>) -> bool,
    ) -> io::Result<bool> {
        let end = stage.now().after(time);
        while !is_so(stage) {
            if stage.now() >= end || stage.is_stopped() {
                return Ok(false);
            }
            stage.crew().news.clear();
            let done = stage.ear().done;
            stage.step(Some(end), done)?;
        }
        Ok(true)
    }

    /// Adds the numbers of an attack that is over.
    fn account(
        &self,
        stage: &mut Stage<Siege>,
        row: &mut Assault,
        before: Before,
    ) -> io::Result<()> {
        row.tool_turn = stage.take_longest_turn();
        let (mark, turns) = stage.look()?;
        let siege = stage.ear();
        let is_nameless = siege
            .attack
            .as_ref()
            .is_some_and(|(of, _)| of.is_nameless());
        (row.sent, row.taken) = (siege.sent, (!is_nameless).then_some(siege.taken));
        (row.ping, row.unanswered) = (siege.latency.summary(), siege.unanswered);
        if siege.unknown > 0 {
            row.notes.push(format!(
                "{} commands were unknown to the server",
                siege.unknown
            ));
        }
        let longest = turns
            .zip(before.1)
            .and_then(|(after, before)| after.longest_since(&before));
        row.server_turn = longest.map(|(micros, _)| micros);
        row.server_turn_is_bound = longest.is_some_and(|(_, how)| how == Exactness::AtMost);
        let nanos = |mark: &Mark| mark.server.and_then(|usage| usage.cpu_nanos);
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

/// All attackers who are there, and their seats.
fn attackers(stage: &mut Stage<Siege>) -> Vec<(ConnId, u32)> {
    let first = stage.ear().first();
    let crew = stage.crew();
    let ready = crew
        .ready()
        .filter_map(|id| Some((id, crew.member(id)?.seat)));
    ready.filter(|(_, seat)| *seat >= first).collect()
}

/// What an attacker is called for. `name` makes the name: whoever comes back has another.
fn role(siege: &Siege, attack: Attack, place: u32, name: u32, door: Door) -> Role {
    let ground = siege.attack.as_ref().map(|(_, ground)| ground);
    Role {
        seat: siege.first() + place,
        raw: attack.is_nameless(),
        manner: Manner::Abrupt,
        door,
        ..Role::loner(ground.map_or(0, |ground| ground.number(name)))
    }
}
