//! `fanout`: senders talk in rooms full of receivers, by a schedule (open loop) or as fast as a window allows (closed
//! loop). Every delivery is checked and timed.

use super::super::{
    Error, Setup, account,
    clock::Moment,
    crew::Role,
    dial::Manner,
    hall::{Hall, Seating},
    measure::Spans,
    pace::{Pace, Rate},
    phases::Phase,
    plan::Plan,
    probe::Probe,
    progress::Progress,
    report::{Pair, Report, Traffic},
    stage::Stage,
};
use crate::net::ConnId;
use std::{io, time::Duration};

/// What is asked for.
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
    /// How long they talk.
    pub time: Duration,
    /// How long the last deliveries may take after that; what comes later is lost.
    pub drain: Duration,
    /// Further connections that say and hear nothing.
    pub idle: usize,
}

/// How sends are timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drive {
    /// Open loop: each sender sends so many a second, whatever comes of it.
    Rate(Rate),
    /// Closed loop: each sender has so many messages in flight, and sends the next when one has reached everyone.
    Window(u32),
}

impl Drive {
    /// For the report.
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
    /// How many connections that makes.
    pub fn connections(&self) -> usize {
        self.seating(0).people() + self.idle
    }

    pub(in crate::load) fn seating(&self, sloths: usize) -> Seating {
        Seating {
            rooms: self.rooms,
            senders: self.senders,
            receivers: self.receivers,
            sloths,
        }
    }

    pub(in crate::load) fn run(
        &self,
        setup: &Setup,
        (plan, probe): (Plan, Probe),
        progress: Box<dyn Progress>,
    ) -> Result<Report, Error> {
        let seating = self.seating(0);
        let hall = Hall::new(setup.run, seating);
        let mut stage = Stage::set(setup, probe, plan.sources, progress, hall)?;
        let mut roles = roles(seating);
        let people = roles.len() as u32;
        // The idle ones come first: who talks finds them there.
        let idle = (people..people + self.idle as u32).map(Role::loner);
        roles.splice(0..0, idle);
        stage.gather(&roles, setup.connects_per_second, setup.pending)?;
        stage.settle()?;
        let mut talk = Talk::new(self, &mut stage);
        talk.run(&mut stage, self.time)?;
        talk.drain(&mut stage)?;
        let traffic = talk.traffic(&mut stage);
        stage.teardown()?;
        let account = stage.into_account();
        let mut report = account::report(setup, "fanout", &account);
        report.mode = Some(self.drive.describe());
        account::add_traffic(&mut report, traffic, &talk.spans(&account.crew.ear));
        Ok(report)
    }
}

/// Everyone in the rooms, by seat.
pub(in crate::load) fn roles(seating: Seating) -> Vec<Role> {
    let seats = (0..).zip(seating.seats());
    let role = |(number, seat): (u32, super::super::hall::Seat)| Role {
        room: Some(seat.room),
        manner: if seat.is_sloth {
            Manner::Narrow
        } else {
            Manner::Usual
        },
        ..Role::loner(number)
    };
    seats.map(role).collect()
}

/// The senders at work.
pub(in crate::load) struct Talk {
    /// By the sender's number; those who did not arrive are missing.
    senders: Vec<Option<ConnId>>,
    drive: Drive,
    payload: usize,
    drain: Duration,
    began: Moment,
    /// Open loop: how late sends were.
    lag: Spans,
}

impl Talk {
    pub(in crate::load) fn new(fanout: &Fanout, stage: &mut Stage<Hall>) -> Self {
        let mut senders = vec![None; fanout.rooms * fanout.senders];
        let seats: Vec<_> = fanout.seating(0).seats().collect();
        let crew = stage.crew();
        for id in crew.ready() {
            let seat = crew
                .member(id)
                .and_then(|member| seats.get(member.seat as usize));
            if let Some((seat, place)) = seat.and_then(|seat| Some((seat, seat.sender?))) {
                senders[seat.room as usize * fanout.senders + place as usize] = Some(id);
            }
        }
        Self {
            senders,
            drive: fanout.drive,
            payload: fanout.payload,
            drain: fanout.drain,
            began: stage.now(),
            lag: Spans::default(),
        }
    }

    /// Talks for so long.
    pub(in crate::load) fn run(
        &mut self,
        stage: &mut Stage<Hall>,
        time: Duration,
    ) -> io::Result<()> {
        stage.begin(Phase::Traffic, time.as_millis() as u64)?;
        self.began = stage.now();
        let end = self.began.after(time);
        match self.drive {
            Drive::Rate(rate) => self.run_open(stage, rate, end),
            Drive::Window(window) => self.run_closed(stage, window, end),
        }
    }

    /// Open loop: every sender's message of one moment leaves at that moment.
    fn run_open(&mut self, stage: &mut Stage<Hall>, rate: Rate, end: Moment) -> io::Result<()> {
        let mut pace = Pace::new(self.began, rate);
        loop {
            let now = stage.now();
            // Also those that were due while we were held up: a message that is left out hides how late it was.
            while let Some(planned) = pace.take(now).filter(|planned| *planned < end) {
                for sender in 0..self.senders.len() as u32 {
                    self.send(stage, sender, planned);
                    self.lag.note(now.since(planned));
                }
            }
            if now >= end || stage.is_stopped() {
                return Ok(());
            }
            let done = now.since(self.began) / 1000;
            stage.step(Some(pace.due().min(end)), done)?;
        }
    }

    /// Closed loop: the next leaves when an earlier one has reached everyone.
    fn run_closed(&mut self, stage: &mut Stage<Hall>, window: u32, end: Moment) -> io::Result<()> {
        let everyone: Vec<u32> = (0..self.senders.len() as u32).collect();
        stage.ear().completed = everyone;
        let mut next_look = self.began;
        loop {
            let now = stage.now();
            if now >= end || stage.is_stopped() {
                return Ok(());
            }
            if now >= next_look {
                self.unstick(stage, now);
                next_look = now.after(Duration::from_millis(100));
            }
            for sender in std::mem::take(&mut stage.ear().completed) {
                while self.senders[sender as usize].is_some()
                    && stage.ear().in_flight(sender) < window
                {
                    self.send(stage, sender, now);
                }
            }
            let done = now.since(self.began) / 1000;
            stage.step(Some(end.min(next_look)), done)?;
        }
    }

    /// A message that somebody still lacks after the drain time is lost, and holds nobody up any more.
    fn unstick(&mut self, stage: &mut Stage<Hall>, now: Moment) {
        let hall = stage.ear();
        for sender in 0..self.senders.len() as u32 {
            while hall
                .oldest(sender)
                .is_some_and(|planned| planned.after(self.drain) < now)
            {
                hall.give_up_oldest(sender);
                hall.completed.push(sender);
            }
        }
    }

    fn send(&mut self, stage: &mut Stage<Hall>, sender: u32, planned: Moment) {
        let Some(id) = self.senders[sender as usize] else {
            return;
        };
        let (crew, net) = stage.acting();
        if crew.member(id).is_none() {
            // Gone; its connection is counted as lost.
            self.senders[sender as usize] = None;
            return;
        }
        let tag = crew.ear.send(sender, planned);
        crew.say(net, id, |out| tag.write(self.payload, out));
    }

    /// Waits until everything sent has come, as long as that may take; also if the user has ended the talk, until they
    /// ask again.
    pub(in crate::load) fn drain(&mut self, stage: &mut Stage<Hall>) -> io::Result<()> {
        let (end, stops) = (stage.now().after(self.drain), stage.stops());
        while !stage.ear().is_complete() && stage.now() < end && stage.stops() == stops {
            stage.step(Some(end), u64::MAX)?;
        }
        Ok(())
    }

    /// The histograms behind it, by their names in the log.
    pub(in crate::load) fn spans<'a>(&'a self, hall: &'a Hall) -> [(&'static str, &'a Spans); 3] {
        [
            ("latency", &hall.latency),
            ("complete", &hall.complete),
            ("send_lag", &self.lag),
        ]
    }

    /// What came of it.
    pub(in crate::load) fn traffic(&self, stage: &mut Stage<Hall>) -> Traffic {
        let hall = stage.ear();
        let (faults, worst) = hall.faults();
        let delivered = hall.latency.count();
        let mut traffic = Traffic {
            sent: hall.sent(),
            expected: hall.expected(),
            delivered,
            seconds: hall.last_delivery.since(self.began) as f64 / 1e6,
            payload: self.payload,
            latency: hall.latency.summary(),
            complete: hall.complete.summary(),
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
        traffic
    }
}
