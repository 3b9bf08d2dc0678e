//! `fanout`: senders talk in rooms full of receivers, by a schedule (open loop) or as fast as a window allows (closed
//! loop). Every delivery is checked and timed.

use super::{
    super::{
        clients::Role,
        clock::Moment,
        delivery::{DeliveryTracker, Membership, RoomPlan},
        dial::Manner,
        measure::Spans,
        phases::Phase,
        report::{Pair, Report, Traffic},
        runner::Runner,
        schedule::{Rate, Schedule},
        settings::Settings,
        setup::Setup,
        summary,
        target::{ClientMode, Protocol},
    },
    Scenario, check_chat, check_payload,
};
use crate::net::ConnId;
use std::{io, time::Duration};

/// The options.
#[derive(Clone, Debug)]
pub struct Fanout {
    /// Receivers in all rooms together.
    pub receivers: usize,
    /// Senders in each room.
    pub senders: usize,
    /// Rooms.
    pub rooms: usize,
    /// How sends are timed.
    pub drive: Drive,
    /// Bytes of a message's text.
    pub payload: usize,
    /// How long the senders send.
    pub time: Duration,
    /// How long the last deliveries may take after that. What comes later is late; when nothing has come for so long,
    /// the rest is lost.
    pub drain: Duration,
    /// Further connections that send and receive nothing.
    pub idle: usize,
}

/// How long the tool waits for a server that is behind: this many times as long as the sending took...
const BACKLOG_FACTOR: u32 = 4;

/// ...and at least this long.
const BACKLOG_MIN: Duration = Duration::from_secs(60);

/// How often the progress of a server that is behind is noted.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// How sends are timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drive {
    /// Open loop: each sender sends so many messages a second, whatever becomes of them.
    Rate(Rate),
    /// Closed loop: each sender has so many messages in flight, and sends the next when one has reached every client.
    Window(u32),
}

impl Drive {
    /// The text for the report.
    pub(in crate::load) fn describe(self) -> String {
        match self {
            Self::Rate(rate) => {
                format!(
                    "open loop, {rate} from each sender; latency counts from the planned moment"
                )
            }
            Self::Window(window) => format!(
                "closed loop, {window} in flight from each sender; latency counts from the send"
            ),
        }
    }
}

impl Fanout {
    pub(in crate::load) fn room_plan(&self, stalled: usize) -> RoomPlan {
        RoomPlan {
            rooms: self.rooms,
            senders: self.senders,
            receivers: self.receivers,
            stalled,
        }
    }

    /// Checks the traffic alone.
    pub(super) fn check_traffic(&self, protocol: Protocol) -> Result<(), String> {
        check_chat(protocol, ClientMode::Register)?;
        check_payload(protocol, self.payload)?;
        if self.senders * self.rooms > usize::from(u16::MAX) {
            return Err(format!(
                "at most {} senders in all rooms together",
                u16::MAX
            ));
        }
        Ok(())
    }

    /// The settings of the traffic alone.
    pub(super) fn traffic_settings(&self) -> Settings {
        let settings = Settings::default()
            .with("receivers", self.receivers)
            .with("senders", self.senders)
            .with("rooms", self.rooms)
            .with("payload", self.payload)
            .with("for", format_args!("{:?}", self.time));
        match self.drive {
            Drive::Rate(rate) => settings.with("rate", rate),
            Drive::Window(window) => settings.with("window", window),
        }
    }
}

impl Scenario for Fanout {
    fn connections(&self) -> usize {
        self.room_plan(0).clients() + self.idle
    }

    fn check(&self, protocol: Protocol) -> Result<(), String> {
        self.check_traffic(protocol)
    }

    fn settings(&self) -> Settings {
        self.traffic_settings().with("idle", self.idle)
    }

    fn run(&self, setup: Setup) -> io::Result<Report> {
        let room_plan = self.room_plan(0);
        let delivery = DeliveryTracker::new(setup.run, room_plan);
        let mut runner = Runner::new(setup, delivery)?;
        let mut roles = roles(room_plan);
        let clients = roles.len() as u32;
        // The idle clients connect first, so that they are there when the senders begin.
        let idle = (clients..clients + self.idle as u32).map(Role::without_room);
        roles.splice(0..0, idle);
        runner.connect_all(&roles)?;
        runner.wait_for_quiet()?;
        let mut senders = Senders::new(self, &mut runner);
        senders.run(&mut runner, self.time)?;
        senders.drain(&mut runner)?;
        let traffic = senders.traffic(&mut runner);
        runner.teardown()?;
        let summary = runner.into_summary();
        let mut report = summary::report("fanout", &summary);
        report.mode = Some(self.drive.describe());
        summary::add_traffic(
            &mut report,
            traffic,
            &senders.spans(&summary.clients.observer),
        );
        Ok(report)
    }
}

/// The roles of all clients in the rooms, by index.
pub(in crate::load) fn roles(room_plan: RoomPlan) -> Vec<Role> {
    let memberships = (0..).zip(room_plan.memberships());
    let role = |(number, membership): (u32, Membership)| Role {
        room: Some(membership.room),
        manner: if membership.is_stalled {
            Manner::Narrow
        } else {
            Manner::Usual
        },
        ..Role::without_room(number)
    };
    memberships.map(role).collect()
}

/// The senders and their traffic.
pub(in crate::load) struct Senders {
    /// By the sender's number; `None` for senders that are not connected.
    senders: Vec<Option<ConnId>>,
    drive: Drive,
    payload: usize,
    drain: Duration,
    began: Moment,
    /// When the sending ended.
    ended: Moment,
    /// Whether deliveries were still coming when the drain ended.
    is_behind: bool,
    /// How many messages were complete, from the end of the sending on.
    progress: Vec<(Moment, u64)>,
    /// Open loop: how late the messages were sent.
    lag: Spans,
}

impl Senders {
    pub(in crate::load) fn new(fanout: &Fanout, runner: &mut Runner<DeliveryTracker>) -> Self {
        let mut senders = vec![None; fanout.rooms * fanout.senders];
        let memberships: Vec<_> = fanout.room_plan(0).memberships().collect();
        let clients = runner.clients();
        for id in clients.ready() {
            let membership = clients
                .get(id)
                .and_then(|client| memberships.get(client.index as usize));
            if let Some((membership, number)) =
                membership.and_then(|membership| Some((membership, membership.sender?)))
            {
                senders[membership.room as usize * fanout.senders + number as usize] = Some(id);
            }
        }
        Self {
            senders,
            drive: fanout.drive,
            payload: fanout.payload,
            drain: fanout.drain,
            began: runner.now(),
            ended: runner.now(),
            is_behind: false,
            progress: Vec::new(),
            lag: Spans::default(),
        }
    }

    /// Sends for so long.
    pub(in crate::load) fn run(
        &mut self,
        runner: &mut Runner<DeliveryTracker>,
        time: Duration,
    ) -> io::Result<()> {
        runner.begin_phase(Phase::Traffic, time.as_millis() as u64)?;
        self.began = runner.now();
        runner.observer().late_from = None;
        let end = self.began.after(time);
        match self.drive {
            Drive::Rate(rate) => self.run_open(runner, rate, end),
            Drive::Window(window) => self.run_closed(runner, window, end),
        }
    }

    /// Open loop: the senders' messages of one moment leave at that moment.
    fn run_open(
        &mut self,
        runner: &mut Runner<DeliveryTracker>,
        rate: Rate,
        end: Moment,
    ) -> io::Result<()> {
        let mut schedule = Schedule::new(self.began, rate);
        loop {
            let now = runner.now();
            // Also sends messages that were due while we were held up: leaving them out would hide how late they
            // were.
            while let Some(planned) = schedule.take(now).filter(|planned| *planned < end) {
                for sender in 0..self.senders.len() as u32 {
                    self.send(runner, sender, planned);
                    self.lag.note(now.since(planned));
                }
            }
            if now >= end || runner.is_stopped() {
                return Ok(());
            }
            let done = now.since(self.began) / 1000;
            runner.step(Some(schedule.due().min(end)), done)?;
        }
    }

    /// Closed loop: the next message leaves when an earlier one has reached every client.
    fn run_closed(
        &mut self,
        runner: &mut Runner<DeliveryTracker>,
        window: u32,
        end: Moment,
    ) -> io::Result<()> {
        let everyone: Vec<u32> = (0..self.senders.len() as u32).collect();
        runner.observer().completed = everyone;
        let mut next_look = self.began;
        loop {
            let now = runner.now();
            if now >= end || runner.is_stopped() {
                return Ok(());
            }
            if now >= next_look {
                self.unstick(runner, now);
                next_look = now.after(Duration::from_millis(100));
            }
            for sender in std::mem::take(&mut runner.observer().completed) {
                while self.senders[sender as usize].is_some()
                    && runner.observer().in_flight(sender) < window
                {
                    self.send(runner, sender, now);
                }
            }
            let done = now.since(self.began) / 1000;
            runner.step(Some(end.min(next_look)), done)?;
        }
    }

    /// Counts a message that is incomplete after the drain time as lost, so that it blocks its window no longer.
    fn unstick(&mut self, runner: &mut Runner<DeliveryTracker>, now: Moment) {
        let delivery = runner.observer();
        for sender in 0..self.senders.len() as u32 {
            while delivery
                .oldest(sender)
                .is_some_and(|planned| planned.after(self.drain) < now)
            {
                delivery.give_up_oldest(sender);
                delivery.completed.push(sender);
            }
        }
    }

    fn send(&mut self, runner: &mut Runner<DeliveryTracker>, sender: u32, planned: Moment) {
        let Some(id) = self.senders[sender as usize] else {
            return;
        };
        let (clients, net) = runner.parts();
        if clients.get(id).is_none() {
            // Its connection is gone, and counted as lost.
            self.senders[sender as usize] = None;
            return;
        }
        let stamp = clients.observer.send(sender, planned);
        clients.send_text(net, id, |out| stamp.write(self.payload, out));
    }

    /// Waits until every message has arrived, also after the user has asked for the end, until they ask again.
    ///
    /// A server that is behind, because it is slow or limits the rate of its clients, still delivers when the drain time
    /// is over: the wait goes on until nothing has come for a whole drain time, within a bound. So late is not lost.
    pub(in crate::load) fn drain(
        &mut self,
        runner: &mut Runner<DeliveryTracker>,
    ) -> io::Result<()> {
        let (start, stops) = (runner.now(), runner.stops());
        self.ended = start;
        let due = start.after(self.drain);
        let sending = Duration::from_micros(start.since(self.began));
        let bound = due.after(sending * BACKLOG_FACTOR + BACKLOG_MIN);
        runner.observer().late_from = Some(due);
        self.progress.clear();
        let mut next_look = start;
        while !runner.observer().is_complete() && runner.stops() == stops {
            let now = runner.now();
            if now >= next_look {
                let complete = runner.observer().complete.count();
                self.progress.push((now, complete));
                next_look = now.after(PROGRESS_EVERY);
            }
            let quiet_at = runner.observer().last_delivery.after(self.drain);
            if now >= due.max(quiet_at) {
                return Ok(());
            }
            if now >= bound {
                self.is_behind = true;
                return Ok(());
            }
            let until = due.max(quiet_at).min(bound).min(next_look);
            runner.step(Some(until), u64::MAX)?;
        }
        let complete = runner.observer().complete.count();
        self.progress
            .push((runner.observer().last_delivery, complete));
        Ok(())
    }

    /// The histograms, by their names in the log.
    pub(in crate::load) fn spans<'a>(
        &'a self,
        delivery: &'a DeliveryTracker,
    ) -> [(&'static str, &'a Spans); 3] {
        [
            ("latency", &delivery.latency),
            ("complete", &delivery.complete),
            ("send_lag", &self.lag),
        ]
    }

    /// The results.
    pub(in crate::load) fn traffic(&self, runner: &mut Runner<DeliveryTracker>) -> Traffic {
        let delivery = runner.observer();
        let (faults, worst) = delivery.faults();
        let delivered = delivery.latency.count();
        let mut traffic = Traffic {
            sent: delivery.sent(),
            expected: delivery.expected(),
            delivered,
            seconds: delivery.last_delivery.since(self.began) as f64 / 1e6,
            payload: self.payload,
            latency: delivery.latency.summary(),
            complete: delivery.complete.summary(),
            send_lag: self.lag.summary(),
            worst_pairs: worst
                .into_iter()
                .map(|(sender, receiver, faults)| Pair {
                    sender: sender.to_string(),
                    receiver: receiver.to_string(),
                    lost: faults.lost,
                    duplicated: faults.duplicated,
                    reordered: faults.reordered,
                })
                .collect(),
            ..Traffic::default()
        };
        traffic.set_faults(faults);
        traffic.late = delivery.late;
        if self.is_behind {
            (traffic.behind, traffic.lost) = (traffic.lost, 0);
        }
        if let Drive::Rate(rate) = self.drive {
            let taken = steady_rate(&self.progress).map(|all| all / self.senders.len() as f64);
            traffic.steady_rate = taken.filter(|taken| *taken < 0.9 * rate.per_second());
        }
        traffic
    }
}

/// Messages a second that a server completed while it was behind, if they came evenly: the same in both halves.
fn steady_rate(progress: &[(Moment, u64)]) -> Option<f64> {
    let (first, last) = (progress.first()?, progress.last()?);
    let middle = progress.get(progress.len() / 2)?;
    let rate = |from: &(Moment, u64), to: &(Moment, u64)| {
        let seconds = to.0.since(from.0) as f64 / 1e6;
        let count = to.1.saturating_sub(from.1);
        (seconds > 0.5 && count >= 10).then(|| count as f64 / seconds)
    };
    let (one, two) = (rate(first, middle)?, rate(middle, last)?);
    let is_even = (one - two).abs() < 0.15 * one.max(two);
    is_even.then(|| rate(first, last)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(counts: &[u64]) -> Vec<(Moment, u64)> {
        let times = (0..).map(|n| Moment(n * 1_000_000));
        times.zip(counts.iter().copied()).collect()
    }

    #[test]
    fn an_even_rate_is_told_from_an_uneven_one() {
        let even = steady_rate(&progress(&[100, 120, 140, 161, 180]));
        assert_eq!(even, Some(20.0));
        for uneven in [
            &[100, 200, 250, 260, 270][..],
            &[100, 101, 102, 103, 104],
            &[100, 120],
            &[],
        ] {
            assert_eq!(steady_rate(&progress(uneven)), None, "{uneven:?}");
        }
    }
}
