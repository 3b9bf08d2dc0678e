//! `login`: many clients send a password at the same moment (SASL PLAIN). How long until all of them are answered, and do
//! a few clients that only send PINGs have to wait?
//!
//! A server that refuses a login because too many are being checked is asked again a little later. Without an account the
//! logins are to accounts that do not exist, which must cost a server as much as those to accounts that do.

use super::{
    super::{
        adapter::Message,
        clients::{Client, Observer, Role},
        clock::Moment,
        measure::Spans,
        phases::Phase,
        report::{self, Report},
        runner::Runner,
        schedule::{Rate, Schedule},
        settings::Settings,
        setup::Setup,
        summary,
        target::Protocol,
    },
    Scenario,
};
use crate::net::ConnId;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustc_hash::FxHashMap;
use std::{
    collections::VecDeque,
    io::{self, Write as _},
    time::Duration,
};

/// The options.
#[derive(Clone, Debug)]
pub struct Login {
    /// How many clients log in.
    pub connections: usize,
    /// The name of an account and its password; `None`: each client tries another name that there is not.
    pub account: Option<(String, String)>,
    /// PINGs a second of all clients together that only send those.
    pub rate: Rate,
    /// How long to wait for the last answer.
    pub patience: Duration,
}

/// Clients that begin to log in, in one turn of ours.
const LOGINS_PER_TURN: usize = 256;

/// How long the PINGs are measured before the first login, to compare.
const BEFORE: Duration = Duration::from_secs(2);

/// How long a refused client waits before it asks again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Part of the text with which madang refuses a login that it has not looked at.
const BUSY: &[u8] = b"being checked";

impl Scenario for Login {
    fn connections(&self) -> usize {
        self.connections + BYSTANDERS as usize
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        if protocol.is_irc() {
            return Ok(());
        }
        Err(format!(
            "{protocol}:// has no SASL: name an irc:// or ws:// target"
        ))
    }

    fn settings(&self) -> Settings {
        let account = self.account.as_ref();
        Settings::default()
            .with("connections", self.connections)
            .with("account", account.map_or("none", |(name, _)| name))
            .with("rate", self.rate)
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let mut runner = Runner::new(setup, LoginObserver::new(self))?;
        let roles: Vec<Role> = (0..self.connections() as u32)
            .map(Role::without_room)
            .collect();
        runner.connect_all(&roles)?;
        runner.wait_for_quiet()?;
        let all: Vec<(u32, ConnId)> = runner.clients().iter().map(|m| (m.index, m.id)).collect();
        let (bystanders, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(index, _)| *index < BYSTANDERS);

        runner.begin_phase(Phase::Traffic, self.connections as u64)?;
        let mut pings = Schedule::new(runner.now(), self.rate);
        let begin = runner.now().after(BEFORE);
        while runner.now() < begin && !runner.is_stopped() {
            ping(&mut runner, &mut pings, &bystanders);
            runner.step(Some(pings.due().min(begin)), 0)?;
        }
        let before = std::mem::take(&mut runner.observer().ping);
        let start = runner.now();
        let end = start.after(self.patience);
        let mut to_begin: VecDeque<ConnId> = others.iter().map(|(_, id)| *id).collect();
        let logins = to_begin.len() as u64;
        while runner.now() < end && !runner.is_stopped() {
            let batch = to_begin.len().min(LOGINS_PER_TURN);
            let (clients, net) = runner.parts();
            for id in to_begin.drain(..batch) {
                clients.send_with(net, id, |_, out| out.extend_from_slice(BEGIN));
            }
            ask_again(&mut runner);
            ping(&mut runner, &mut pings, &bystanders);
            let now = runner.now();
            let observer = runner.observer();
            if observer.answered() >= logins {
                break;
            }
            let mut due = pings.due().min(end);
            if let Some((at, _)) = observer.again.front() {
                due = due.min(*at);
            }
            if !to_begin.is_empty() {
                due = now;
            }
            let done = observer.answered();
            runner.step(Some(due), done)?;
        }
        let last = runner.now();
        runner.observer().give_up_pings(last);
        runner.teardown()?;
        let run = runner.into_summary();
        let mut report = summary::report("login", &run);
        let observer = run.clients.observer;
        report.keep("answer", &observer.took, &[Phase::Traffic]);
        report.keep("ping", &observer.ping, &[Phase::Traffic]);
        report.curve = observer.ping.curve();
        report.login = Some(report::Login {
            logins,
            accepted: observer.accepted,
            refused: observer.refused,
            repeated: observer.repeated,
            seconds: last.since(start) as f64 / 1e6,
            answer: observer.took.summary(),
            ping_before: before.summary(),
            ping: observer.ping.summary(),
        });
        Ok(report)
    }
}

/// The clients that only send PINGs have the indices below this. There are several, so that a server's limit on the lines
/// of one client does not slow the PINGs.
const BYSTANDERS: u32 = 10;

/// The first line of a login.
const BEGIN: &[u8] = b"AUTHENTICATE PLAIN\r\n";

fn ping(runner: &mut Runner<LoginObserver>, pings: &mut Schedule, bystanders: &[(u32, ConnId)]) {
    let now = runner.now();
    while let Some(planned) = pings.take(now) {
        let turn = runner.observer().pings_sent as usize;
        let Some((_, id)) = bystanders.get(turn % bystanders.len().max(1)).copied() else {
            continue;
        };
        let (clients, net) = runner.parts();
        clients.send_with(net, id, |observer, out| observer.send_ping(planned, out));
    }
}

/// Begins again the logins that were refused long enough ago.
fn ask_again(runner: &mut Runner<LoginObserver>) {
    let now = runner.now();
    loop {
        let again = &mut runner.observer().again;
        if again.front().is_none_or(|(at, _)| *at > now) {
            return;
        }
        let Some((_, id)) = again.pop_front() else {
            return;
        };
        let (clients, net) = runner.parts();
        clients.send_with(net, id, |_, out| out.extend_from_slice(BEGIN));
    }
}

/// Answers to the logins, and times the PINGs.
#[derive(Debug)]
struct LoginObserver {
    account: Option<(String, String)>,
    /// By client: when its login began; `None` before and after.
    begun: Vec<Option<Moment>>,
    /// Logins that are to begin again, and when.
    again: VecDeque<(Moment, ConnId)>,
    accepted: u64,
    refused: u64,
    repeated: u64,
    took: Spans,
    /// The PINGs under way: their numbers, and when they were due.
    pings: FxHashMap<u64, Moment>,
    pings_sent: u64,
    ping: Spans,
}

impl LoginObserver {
    fn new(login: &Login) -> Self {
        Self {
            account: login.account.clone(),
            begun: vec![None; login.connections()],
            again: VecDeque::new(),
            accepted: 0,
            refused: 0,
            repeated: 0,
            took: Spans::default(),
            pings: FxHashMap::default(),
            pings_sent: 0,
            ping: Spans::default(),
        }
    }

    fn answered(&self) -> u64 {
        self.accepted + self.refused
    }

    fn send_ping(&mut self, planned: Moment, out: &mut Vec<u8>) {
        self.pings_sent += 1;
        self.pings.insert(self.pings_sent, planned);
        let _ = write!(out, "PING :b{}\r\n", self.pings_sent);
    }

    /// PINGs without an answer took at least until now.
    fn give_up_pings(&mut self, now: Moment) {
        for (_, planned) in self.pings.drain() {
            self.ping.note(now.since(planned));
        }
    }

    fn note_pong(&mut self, last: &[u8], now: Moment) {
        let number = last.strip_prefix(b"b").and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            digits.parse::<u64>().ok()
        });
        let Some(number) = number else { return };
        if let Some(planned) = self.pings.remove(&number) {
            self.ping.note(now.since(planned));
        }
    }

    /// The message of PLAIN of one client.
    fn message(&self, index: u32) -> String {
        let message = match &self.account {
            Some((name, password)) => format!("\0{name}\0{password}"),
            None => format!("\0nobody{index}\0wrong password"),
        };
        BASE64_STANDARD.encode(message)
    }

    fn end(&mut self, index: u32, now: Moment) {
        if let Some(begun) = self.begun[index as usize].take() {
            self.took.note(now.since(begun));
        }
    }
}

impl Observer for LoginObserver {
    fn line_received(&mut self, client: &Client, line: &[u8], now: Moment, out: &mut Vec<u8>) {
        let Some(message) = Message::parse(line) else {
            return;
        };
        let index = client.index;
        match message.command {
            b"PONG" if index < BYSTANDERS => self.note_pong(message.last, now),
            b"AUTHENTICATE" => {
                self.begun[index as usize].get_or_insert(now);
                let _ = write!(out, "AUTHENTICATE {}\r\n", self.message(index));
            }
            b"903" => {
                self.accepted += 1;
                self.end(index, now);
            }
            b"904" if memchr::memmem::find(message.last, BUSY).is_some() => {
                self.repeated += 1;
                self.again.push_back((now.after(RETRY_AFTER), client.id));
            }
            // Also where there is no such command, and no such mechanism.
            b"421" | b"902" | b"904" | b"905" | b"907" => {
                self.refused += 1;
                self.end(index, now);
            }
            _ => {}
        }
    }

    fn delivered(&self) -> u64 {
        self.answered()
    }
}
