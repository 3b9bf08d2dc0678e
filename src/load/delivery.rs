//! The observer of clients in rooms: checks each delivery against what was sent, and measures how long it took.
//!
//! The clients of a run are numbered room after room, in each room the senders first, then the receivers. Every
//! client in a room receives the messages of every sender there but its own. Invariant: what is expected is known
//! when a message is sent, so what is missing at the end is lost. Knows no connections and no protocol.

use super::{
    adapter::{Nick, Run},
    clients::{Client, Observer},
    clock::Moment,
    measure::{Percentiles, Spans},
    sequence_check::{Arrival, Faults, SequenceCheck},
    stamp::Stamp,
};
use std::collections::VecDeque;

/// How many rooms, senders and receivers a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RoomPlan {
    /// How many rooms.
    pub(super) rooms: usize,
    /// Senders in each.
    pub(super) senders: usize,
    /// Receivers in all, spread over the rooms as evenly as can be.
    pub(super) receivers: usize,
    /// How many of the receivers, the first of the first room, stop reading at some time.
    pub(super) stalled: usize,
}

impl RoomPlan {
    /// Receivers of one room.
    pub(super) fn receivers_of(&self, room: usize) -> usize {
        self.receivers / self.rooms + usize::from(room < self.receivers % self.rooms)
    }

    /// How many clients that makes.
    pub(super) fn clients(&self) -> usize {
        self.rooms * self.senders + self.receivers
    }

    /// What each client is in its room, in the order of their indices.
    pub(super) fn memberships(self) -> impl Iterator<Item = Membership> {
        (0..self.rooms).flat_map(move |room| {
            let clients = self.senders + self.receivers_of(room);
            (0..clients).map(move |index| Membership {
                room: room as u32,
                sender: (index < self.senders).then_some(index as u32),
                is_stalled: room == 0
                    && (self.senders..self.senders + self.stalled).contains(&index),
            })
        })
    }
}

/// What one client is in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) room: u32,
    /// Its number among the senders of its room; `None`: a receiver.
    pub(super) sender: Option<u32>,
    pub(super) is_stalled: bool,
}

/// A message that has not reached every client yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    planned: Moment,
    missing: u32,
}

/// One sender's messages.
#[derive(Debug, Default)]
struct Sender {
    sent: u32,
    /// Messages from `first_open` on, without gaps; the first one is incomplete.
    open: VecDeque<Open>,
    first_open: u32,
    /// How many of the open ones are incomplete.
    incomplete: u32,
}

/// The time in which some clients do not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stall {
    pub(super) until: Moment,
}

/// Counts deliveries. See the module's documentation.
#[derive(Debug)]
pub(super) struct DeliveryTracker {
    run: Run,
    room_plan: RoomPlan,
    memberships: Vec<Membership>,
    senders: Vec<Sender>,
    sequence_check: SequenceCheck,
    corrupted: u64,
    expected: u64,
    /// From the planned moment to each delivery, for clients that read.
    pub(super) latency: Spans,
    /// The same, since the last sample.
    recent: Spans,
    /// From the planned moment to the last delivery of each message.
    pub(super) complete: Spans,
    /// Senders with newly completed messages; the reader of this list empties it.
    pub(super) completed: Vec<u32>,
    pub(super) last_delivery: Moment,
    /// Deliveries from this moment on are late: the drain time is over.
    pub(super) late_from: Option<Moment>,
    /// Deliveries to clients that read, since then.
    pub(super) late: u64,
    pub(super) stall: Option<Stall>,
    /// When the server announced that the first stalled client is gone.
    pub(super) first_gone: Option<Moment>,
}

impl DeliveryTracker {
    pub(super) fn new(run: Run, room_plan: RoomPlan) -> Self {
        let memberships: Vec<Membership> = room_plan.memberships().collect();
        let mut senders = Vec::new();
        senders.resize_with(room_plan.rooms * room_plan.senders, Sender::default);
        Self {
            run,
            room_plan,
            sequence_check: SequenceCheck::new(memberships.len(), room_plan.senders),
            memberships,
            senders,
            corrupted: 0,
            expected: 0,
            latency: Spans::default(),
            recent: Spans::default(),
            complete: Spans::default(),
            completed: Vec::new(),
            last_delivery: Moment(0),
            late_from: None,
            late: 0,
            stall: None,
            first_gone: None,
        }
    }

    /// Records that a sender sends its next message, planned for this moment, and returns its stamp. Senders are
    /// numbered through all rooms.
    pub(super) fn send(&mut self, sender: u32, planned: Moment) -> Stamp {
        let room = sender as usize / self.room_plan.senders;
        let mut listeners = self.room_plan.senders - 1 + self.room_plan.receivers_of(room);
        if room == 0 && self.stall.is_some() {
            listeners -= self.room_plan.stalled;
        }
        self.expected += listeners as u64;
        let record = &mut self.senders[sender as usize];
        let stamp = Stamp {
            run: self.run.0,
            sender: sender as u16,
            sequence: record.sent,
            planned: planned.0,
        };
        record.sent += 1;
        record.open.push_back(Open {
            planned,
            missing: listeners as u32,
        });
        record.incomplete += 1;
        if listeners == 0 {
            self.finish(sender);
        }
        stamp
    }

    /// Messages of a sender that have not reached every client.
    pub(super) fn in_flight(&self, sender: u32) -> u32 {
        self.senders[sender as usize].incomplete
    }

    /// When a sender's oldest incomplete message was planned.
    pub(super) fn oldest(&self, sender: u32) -> Option<Moment> {
        let record = &self.senders[sender as usize];
        record.open.front().map(|open| open.planned)
    }

    /// Gives up a sender's oldest message, so that its window moves on.
    pub(super) fn give_up_oldest(&mut self, sender: u32) {
        let record = &mut self.senders[sender as usize];
        if let Some(open) = record.open.front_mut() {
            open.missing = 0;
            record.incomplete -= 1;
        }
        record.close_front();
    }

    /// Whether everything that was sent has reached every client that reads.
    pub(super) fn is_complete(&self) -> bool {
        self.senders.iter().all(|sender| sender.incomplete == 0)
    }

    pub(super) fn sent(&self) -> u64 {
        self.senders
            .iter()
            .map(|sender| u64::from(sender.sent))
            .sum()
    }

    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// Each pair of a receiving client and a sender that it receives from.
    fn pairs(&self) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        let per_room = self.room_plan.senders as u32;
        self.memberships
            .iter()
            .enumerate()
            .flat_map(move |(index, membership)| {
                let others = (0..per_room).filter(move |sender| membership.sender != Some(*sender));
                others.map(move |sender| (index, membership.room * per_room + sender, sender))
            })
    }

    fn is_stalled(&self, client: &Client) -> bool {
        let membership = self.memberships.get(client.index as usize);
        membership.is_some_and(|membership| membership.is_stalled)
    }

    /// All faults of clients that read, once nothing can arrive any more; and the worst pairs.
    pub(super) fn faults(&self) -> (Faults, Vec<(Nick, Nick, Faults)>) {
        let mut all = self.sequence_check.so_far();
        all.corrupted = self.corrupted;
        let mut worst = Vec::new();
        for (index, sender, column) in self.pairs() {
            let sent = self.senders[sender as usize].sent;
            let mut faults = self.sequence_check.faults_of(index, column as usize, sent);
            if self.memberships[index].is_stalled && self.stall.is_some() {
                // What a stalled client misses is not lost.
                faults.lost = 0;
            }
            all.lost += faults.lost;
            if !faults.is_none() {
                worst.push((
                    self.nick_of_sender(sender),
                    Nick(self.run, index as u32, 0),
                    faults,
                ));
            }
        }
        worst.sort_by_key(|(_, _, f)| std::cmp::Reverse(f.lost + f.duplicated + f.reordered));
        worst.truncate(10);
        (all, worst)
    }

    /// Deliveries to the stalled clients.
    pub(super) fn delivered_to_stalled(&self) -> u64 {
        let pairs = self
            .pairs()
            .filter(|(index, ..)| self.memberships[*index].is_stalled);
        pairs
            .map(|(index, _, column)| self.sequence_check.delivered_to(index, column as usize))
            .sum()
    }

    fn nick_of_sender(&self, sender: u32) -> Nick {
        let room = sender as usize / self.room_plan.senders;
        let before: usize = (0..room)
            .map(|room| self.room_plan.senders + self.room_plan.receivers_of(room))
            .sum();
        Nick(
            self.run,
            (before + sender as usize % self.room_plan.senders) as u32,
            0,
        )
    }

    /// A client with this index received a text.
    fn receive(&mut self, index: u32, text: &[u8], now: Moment) {
        let Some(stamp) = Stamp::read(text).filter(|stamp| stamp.run == self.run.0) else {
            self.corrupted += 1;
            return;
        };
        let Some(membership) = self.memberships.get(index as usize).copied() else {
            self.sequence_check.note_stray();
            return;
        };
        let per_room = self.room_plan.senders as u32;
        let sender = u32::from(stamp.sender);
        let column = sender.wrapping_sub(membership.room * per_room);
        if column >= per_room || membership.sender == Some(column) {
            self.sequence_check.note_stray();
            return;
        }
        let sent = self.senders[sender as usize].sent;
        let arrival =
            self.sequence_check
                .enter(index as usize, column as usize, stamp.sequence, sent);
        if matches!(arrival, Arrival::Duplicate | Arrival::Stray) {
            return;
        }
        if membership.is_stalled && self.stall.is_some() {
            return;
        }
        let latency = now.0.saturating_sub(stamp.planned);
        self.latency.note(latency);
        self.recent.note(latency);
        self.last_delivery = now;
        self.late += u64::from(self.late_from.is_some_and(|from| now >= from));
        self.finish_one(sender, stamp.sequence, now);
    }

    /// One of the reading clients has received a message.
    fn finish_one(&mut self, sender: u32, sequence: u32, now: Moment) {
        let record = &mut self.senders[sender as usize];
        let Some(at) = sequence.checked_sub(record.first_open) else {
            return;
        };
        let Some(open) = record
            .open
            .get_mut(at as usize)
            .filter(|open| open.missing > 0)
        else {
            return;
        };
        open.missing -= 1;
        if open.missing == 0 {
            let planned = open.planned;
            self.complete.note(now.since(planned));
            self.finish(sender);
        }
    }

    fn finish(&mut self, sender: u32) {
        let record = &mut self.senders[sender as usize];
        record.incomplete -= 1;
        record.close_front();
        self.completed.push(sender);
    }
}

impl Sender {
    /// Removes complete messages from the front.
    fn close_front(&mut self) {
        while self.open.front().is_some_and(|open| open.missing == 0) {
            self.open.pop_front();
            self.first_open += 1;
        }
    }
}

impl Observer for DeliveryTracker {
    fn text_received(&mut self, client: &Client, text: &[u8], now: Moment) {
        self.receive(client.index, text, now);
    }

    fn user_quit(&mut self, _: &Client, name: &[u8], now: Moment) {
        if self.first_gone.is_some() || self.stall.is_none() {
            return;
        }
        let first = self.room_plan.senders as u32;
        let mut stalled = first..first + self.room_plan.stalled as u32;
        if stalled.any(|number| Nick(self.run, number, 0).to_string().as_bytes() == name) {
            self.first_gone = Some(now);
        }
    }

    fn take_recent(&mut self) -> Option<Percentiles> {
        self.recent.take_summary()
    }

    fn delivered(&self) -> u64 {
        self.sequence_check.delivered()
    }

    fn may_be_closed(&self, client: &Client) -> bool {
        self.stall.is_some() && self.is_stalled(client)
    }

    fn paused_until(&self, client: &Client, now: Moment) -> Option<Moment> {
        let stall = self.stall?;
        (now < stall.until && self.is_stalled(client)).then_some(stall.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Run = Run(7);

    fn delivery(rooms: usize, senders: usize, receivers: usize, stalled: usize) -> DeliveryTracker {
        let room_plan = RoomPlan {
            rooms,
            senders,
            receivers,
            stalled,
        };
        DeliveryTracker::new(RUN, room_plan)
    }

    fn text(stamp: Stamp) -> Vec<u8> {
        let mut text = Vec::new();
        stamp.write(64, &mut text);
        text
    }

    #[test]
    fn clients_are_numbered_by_room_with_the_senders_first() {
        let delivery = delivery(2, 2, 5, 1);
        let memberships = delivery.memberships.iter();
        let shown = memberships
            .map(|membership| (membership.room, membership.sender, membership.is_stalled));
        let first = [(0, Some(0), false), (0, Some(1), false), (0, None, true)];
        let second = [(1, Some(0), false), (1, Some(1), false)];
        assert_eq!(delivery.memberships.len(), delivery.room_plan.clients());
        assert_eq!(shown.clone().take(3).collect::<Vec<_>>(), first);
        assert_eq!(shown.skip(5).take(2).collect::<Vec<_>>(), second);
        assert_eq!(
            delivery.nick_of_sender(3).to_string(),
            Nick(RUN, 6, 0).to_string()
        );
    }

    #[test]
    fn a_message_is_complete_when_the_whole_room_has_it() {
        let mut delivery = delivery(2, 2, 4, 0);
        let stamp = delivery.send(2, Moment(100));
        assert_eq!((delivery.expected(), delivery.in_flight(2)), (3, 1));
        for (at, membership) in [(150, 5), (160, 6)] {
            delivery.receive(membership, &text(stamp), Moment(at));
        }
        assert!(delivery.completed.is_empty() && !delivery.is_complete());
        delivery.receive(7, &text(stamp), Moment(190));
        assert_eq!(
            (&delivery.completed[..], delivery.in_flight(2)),
            (&[2][..], 0)
        );
        assert!(delivery.is_complete() && delivery.faults().0.is_none());
        assert_eq!(delivery.latency.summary().unwrap().min, 50);
        assert_eq!(delivery.complete.summary().unwrap().max, 90);
    }

    #[test]
    fn faults_are_counted_by_kind_and_pair() {
        let mut delivery = delivery(2, 1, 4, 0);
        let [first, second] = [delivery.send(0, Moment(1)), delivery.send(0, Moment(2))];
        // Clients 1 and 2 receive from sender 0; 3 to 5 are another room.
        delivery.receive(1, &text(second), Moment(3));
        delivery.receive(1, &text(first), Moment(4));
        delivery.receive(1, &text(first), Moment(5));
        delivery.receive(2, &text(first), Moment(6));
        delivery.receive(0, &text(first), Moment(7));
        delivery.receive(4, &text(first), Moment(8));
        delivery.receive(2, b"hello", Moment(9));
        let unknown = Stamp { sender: 9, ..first };
        delivery.receive(2, &text(unknown), Moment(10));
        let early = Stamp {
            sequence: 2,
            ..first
        };
        delivery.receive(2, &text(early), Moment(11));
        let (all, worst) = delivery.faults();
        let expected = Faults {
            lost: 1,
            duplicated: 1,
            reordered: 1,
            corrupted: 1,
            stray: 4,
        };
        assert_eq!(all, expected);
        assert_eq!(worst.len(), 2, "{worst:?}");
        assert!(!delivery.is_complete());
        delivery.give_up_oldest(0);
        assert_eq!((delivery.in_flight(0), delivery.oldest(0)), (0, None));
    }

    #[test]
    fn a_stalled_client_delays_no_message_and_loses_none() {
        let mut delivery = delivery(1, 1, 3, 1);
        let before = delivery.send(0, Moment(1));
        for membership in 1..4 {
            delivery.receive(membership, &text(before), Moment(2));
        }
        delivery.stall = Some(Stall { until: Moment(100) });
        let after = delivery.send(0, Moment(10));
        assert_eq!(delivery.expected(), 5);
        for membership in 2..4 {
            delivery.receive(membership, &text(after), Moment(11));
        }
        assert!(delivery.is_complete() && delivery.faults().0.is_none());
        // What reaches it in the end is counted apart.
        delivery.receive(1, &text(after), Moment(200));
        assert_eq!(delivery.delivered_to_stalled(), 2);
        assert_eq!(delivery.latency.count(), 5);
    }
}
