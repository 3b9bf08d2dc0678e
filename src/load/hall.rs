//! The ear of everyone in the rooms: checks each delivery against what was sent, and takes its time.
//!
//! Members sit in *seats*: room after room, in each the senders first, then the receivers. Everyone in a room hears
//! every sender of it but themselves. Invariant: what is expected is known when a message is sent, so what is missing
//! at the end is lost. Knows no connections and no protocol.

use super::{
    clock::Moment,
    crew::{Ear, Member},
    ledger::{Faults, Ledger, Verdict},
    measure::Spans,
    speaker::{Nick, Run},
    tag::Tag,
};
use std::collections::VecDeque;

/// Who sits where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seating {
    /// How many rooms.
    pub(super) rooms: usize,
    /// Senders in each.
    pub(super) senders: usize,
    /// Receivers in all, spread over the rooms as evenly as can be.
    pub(super) receivers: usize,
    /// So many of the receivers, the first of the first room, stop reading some time.
    pub(super) sloths: usize,
}

impl Seating {
    /// Receivers of one room.
    pub(super) fn receivers_of(&self, room: usize) -> usize {
        self.receivers / self.rooms + usize::from(room < self.receivers % self.rooms)
    }

    /// How many people.
    pub(super) fn people(&self) -> usize {
        self.rooms * self.senders + self.receivers
    }

    /// Each seat's room, and whether a sender sits there, in the order of seats.
    pub(super) fn seats(self) -> impl Iterator<Item = Seat> {
        (0..self.rooms).flat_map(move |room| {
            let people = self.senders + self.receivers_of(room);
            (0..people).map(move |place| Seat {
                room: room as u32,
                sender: (place < self.senders).then_some(place as u32),
                is_sloth: room == 0 && (self.senders..self.senders + self.sloths).contains(&place),
            })
        })
    }
}

/// One seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) room: u32,
    /// Which sender of its room sits there; `None`: a receiver.
    pub(super) sender: Option<u32>,
    pub(super) is_sloth: bool,
}

/// A message that not everyone has yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    planned: Moment,
    missing: u32,
}

/// One sender's messages.
#[derive(Debug, Default)]
struct Sender {
    sent: u32,
    /// Those from `first_open` on, without gaps; the first one is incomplete.
    open: VecDeque<Open>,
    first_open: u32,
    /// How many of the open ones are incomplete.
    incomplete: u32,
}

/// The time in which some do not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sloth {
    pub(super) until: Moment,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Hall {
    run: Run,
    seating: Seating,
    seats: Vec<Seat>,
    senders: Vec<Sender>,
    ledger: Ledger,
    corrupted: u64,
    expected: u64,
    /// From the plan to each delivery to those who read.
    pub(super) latency: Spans,
    /// From the plan to the last delivery of each message.
    pub(super) complete: Spans,
    /// Senders some message of whom has become complete since this was emptied.
    pub(super) completed: Vec<u32>,
    pub(super) last_delivery: Moment,
    pub(super) sloth: Option<Sloth>,
    /// When the first of them was heard to be gone.
    pub(super) first_gone: Option<Moment>,
}

impl Hall {
    pub(super) fn new(run: Run, seating: Seating) -> Self {
        let seats: Vec<Seat> = seating.seats().collect();
        let mut senders = Vec::new();
        senders.resize_with(seating.rooms * seating.senders, Sender::default);
        Self {
            run,
            seating,
            ledger: Ledger::new(seats.len(), seating.senders),
            seats,
            senders,
            corrupted: 0,
            expected: 0,
            latency: Spans::default(),
            complete: Spans::default(),
            completed: Vec::new(),
            last_delivery: Moment(0),
            sloth: None,
            first_gone: None,
        }
    }

    /// Enters that a sender sends its next message, planned for this moment, and makes its stamp. Senders are numbered
    /// through all rooms.
    pub(super) fn send(&mut self, sender: u32, planned: Moment) -> Tag {
        let room = sender as usize / self.seating.senders;
        let mut listeners = self.seating.senders - 1 + self.seating.receivers_of(room);
        if room == 0 && self.sloth.is_some() {
            listeners -= self.seating.sloths;
        }
        self.expected += listeners as u64;
        let record = &mut self.senders[sender as usize];
        let tag = Tag {
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
        tag
    }

    /// Messages of a sender that somebody still lacks.
    pub(super) fn in_flight(&self, sender: u32) -> u32 {
        self.senders[sender as usize].incomplete
    }

    /// When a sender's oldest message that somebody lacks was planned.
    pub(super) fn oldest(&self, sender: u32) -> Option<Moment> {
        let record = &self.senders[sender as usize];
        record.open.front().map(|open| open.planned)
    }

    /// Gives a sender's oldest message up, so that its window moves on.
    pub(super) fn give_up_oldest(&mut self, sender: u32) {
        let record = &mut self.senders[sender as usize];
        if let Some(open) = record.open.front_mut() {
            open.missing = 0;
            record.incomplete -= 1;
        }
        record.close_front();
    }

    /// Whether everything that was sent was delivered to everyone who reads.
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

    /// Each pair that is told: who hears whom.
    fn pairs(&self) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        let per_room = self.seating.senders as u32;
        self.seats
            .iter()
            .enumerate()
            .flat_map(move |(place, seat)| {
                let others = (0..per_room).filter(move |sender| seat.sender != Some(*sender));
                others.map(move |sender| (place, seat.room * per_room + sender, sender))
            })
    }

    fn is_sloth(&self, member: &Member) -> bool {
        let seat = self.seats.get(member.seat as usize);
        seat.is_some_and(|seat| seat.is_sloth)
    }

    /// All faults of those who read, now that nothing can come any more; and the worst pairs.
    pub(super) fn faults(&self) -> (Faults, Vec<(Nick, Nick, Faults)>) {
        let mut all = self.ledger.so_far();
        all.corrupted = self.corrupted;
        let mut worst = Vec::new();
        for (place, sender, column) in self.pairs() {
            let sent = self.senders[sender as usize].sent;
            let mut faults = self.ledger.faults_of(place, column as usize, sent);
            if self.seats[place].is_sloth && self.sloth.is_some() {
                // What someone who does not read misses is not lost.
                faults.lost = 0;
            }
            all.lost += faults.lost;
            if !faults.is_none() {
                worst.push((
                    self.nick_of_sender(sender),
                    Nick(self.run, place as u32, 0),
                    faults,
                ));
            }
        }
        worst.sort_by_key(|(_, _, f)| std::cmp::Reverse(f.lost + f.duplicated + f.reordered));
        worst.truncate(10);
        (all, worst)
    }

    /// What came to those who stopped reading.
    pub(super) fn delivered_to_sloths(&self) -> u64 {
        let pairs = self
            .pairs()
            .filter(|(place, ..)| self.seats[*place].is_sloth);
        pairs
            .map(|(place, _, column)| self.ledger.delivered_to(place, column as usize))
            .sum()
    }

    fn nick_of_sender(&self, sender: u32) -> Nick {
        let room = sender as usize / self.seating.senders;
        let before: usize = (0..room)
            .map(|room| self.seating.senders + self.seating.receivers_of(room))
            .sum();
        Nick(
            self.run,
            (before + sender as usize % self.seating.senders) as u32,
            0,
        )
    }

    /// Someone in this seat heard a text.
    fn hear(&mut self, place: u32, text: &[u8], now: Moment) {
        let Some(tag) = Tag::read(text).filter(|tag| tag.run == self.run.0) else {
            self.corrupted += 1;
            return;
        };
        let Some(seat) = self.seats.get(place as usize).copied() else {
            self.ledger.note_stray();
            return;
        };
        let per_room = self.seating.senders as u32;
        let sender = u32::from(tag.sender);
        let column = sender.wrapping_sub(seat.room * per_room);
        if column >= per_room || seat.sender == Some(column) {
            self.ledger.note_stray();
            return;
        }
        let sent = self.senders[sender as usize].sent;
        let verdict = self
            .ledger
            .enter(place as usize, column as usize, tag.sequence, sent);
        if matches!(verdict, Verdict::Duplicate | Verdict::Stray) {
            return;
        }
        if seat.is_sloth && self.sloth.is_some() {
            return;
        }
        self.latency.note(now.0.saturating_sub(tag.planned));
        self.last_delivery = now;
        self.finish_one(sender, tag.sequence, now);
    }

    /// One of those who read has a message now that they lacked.
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
    /// Forgets what is complete in front.
    fn close_front(&mut self) {
        while self.open.front().is_some_and(|open| open.missing == 0) {
            self.open.pop_front();
            self.first_open += 1;
        }
    }
}

impl Ear for Hall {
    fn said(&mut self, member: &Member, text: &[u8], now: Moment) {
        self.hear(member.seat, text, now);
    }

    fn left(&mut self, _: &Member, name: &[u8], now: Moment) {
        if self.first_gone.is_some() || self.sloth.is_none() {
            return;
        }
        let first = self.seating.senders as u32;
        let mut sloths = first..first + self.seating.sloths as u32;
        if sloths.any(|number| Nick(self.run, number, 0).to_string().as_bytes() == name) {
            self.first_gone = Some(now);
        }
    }

    fn delivered(&self) -> u64 {
        self.ledger.delivered()
    }

    fn may_go(&self, member: &Member) -> bool {
        self.sloth.is_some() && self.is_sloth(member)
    }

    fn deaf_until(&self, member: &Member, now: Moment) -> Option<Moment> {
        let sloth = self.sloth?;
        (now < sloth.until && self.is_sloth(member)).then_some(sloth.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Run = Run(7);

    fn hall(rooms: usize, senders: usize, receivers: usize, sloths: usize) -> Hall {
        let seating = Seating {
            rooms,
            senders,
            receivers,
            sloths,
        };
        Hall::new(RUN, seating)
    }

    fn text(tag: Tag) -> Vec<u8> {
        let mut text = Vec::new();
        tag.write(64, &mut text);
        text
    }

    #[test]
    fn seats_are_room_after_room_with_the_senders_first() {
        let hall = hall(2, 2, 5, 1);
        let seats = hall.seats.iter();
        let shown = seats.map(|seat| (seat.room, seat.sender, seat.is_sloth));
        let first = [(0, Some(0), false), (0, Some(1), false), (0, None, true)];
        let second = [(1, Some(0), false), (1, Some(1), false)];
        assert_eq!(hall.seats.len(), hall.seating.people());
        assert_eq!(shown.clone().take(3).collect::<Vec<_>>(), first);
        assert_eq!(shown.skip(5).take(2).collect::<Vec<_>>(), second);
        assert_eq!(
            hall.nick_of_sender(3).to_string(),
            Nick(RUN, 6, 0).to_string()
        );
    }

    #[test]
    fn a_message_is_complete_when_everyone_else_in_the_room_has_it() {
        let mut hall = hall(2, 2, 4, 0);
        let tag = hall.send(2, Moment(100));
        assert_eq!((hall.expected(), hall.in_flight(2)), (3, 1));
        for (at, seat) in [(150, 5), (160, 6)] {
            hall.hear(seat, &text(tag), Moment(at));
        }
        assert!(hall.completed.is_empty() && !hall.is_complete());
        hall.hear(7, &text(tag), Moment(190));
        assert_eq!((&hall.completed[..], hall.in_flight(2)), (&[2][..], 0));
        assert!(hall.is_complete() && hall.faults().0.is_none());
        assert_eq!(hall.latency.summary().unwrap().min, 50);
        assert_eq!(hall.complete.summary().unwrap().max, 90);
    }

    #[test]
    fn what_goes_wrong_is_told_by_kind_and_pair() {
        let mut hall = hall(2, 1, 4, 0);
        let [first, second] = [hall.send(0, Moment(1)), hall.send(0, Moment(2))];
        // Seats 1 and 2 listen to sender 0; 3 to 5 are another room.
        hall.hear(1, &text(second), Moment(3));
        hall.hear(1, &text(first), Moment(4));
        hall.hear(1, &text(first), Moment(5));
        hall.hear(2, &text(first), Moment(6));
        hall.hear(0, &text(first), Moment(7));
        hall.hear(4, &text(first), Moment(8));
        hall.hear(2, b"hello", Moment(9));
        let unknown = Tag { sender: 9, ..first };
        hall.hear(2, &text(unknown), Moment(10));
        let early = Tag {
            sequence: 2,
            ..first
        };
        hall.hear(2, &text(early), Moment(11));
        let (all, worst) = hall.faults();
        let expected = Faults {
            lost: 1,
            duplicated: 1,
            reordered: 1,
            corrupted: 1,
            stray: 4,
        };
        assert_eq!(all, expected);
        assert_eq!(worst.len(), 2, "{worst:?}");
        assert!(!hall.is_complete());
        hall.give_up_oldest(0);
        assert_eq!((hall.in_flight(0), hall.oldest(0)), (0, None));
    }

    #[test]
    fn who_does_not_read_holds_nobody_up_and_loses_nothing() {
        let mut hall = hall(1, 1, 3, 1);
        let before = hall.send(0, Moment(1));
        for seat in 1..4 {
            hall.hear(seat, &text(before), Moment(2));
        }
        hall.sloth = Some(Sloth { until: Moment(100) });
        let after = hall.send(0, Moment(10));
        assert_eq!(hall.expected(), 5);
        for seat in 2..4 {
            hall.hear(seat, &text(after), Moment(11));
        }
        assert!(hall.is_complete() && hall.faults().0.is_none());
        // What reaches it in the end is counted apart.
        hall.hear(1, &text(after), Moment(200));
        assert_eq!(hall.delivered_to_sloths(), 2);
        assert_eq!(hall.latency.count(), 5);
    }
}
