//! Fan-out: one event to everyone concerned, encoded once for each flavour and view among them.
//!
//! Appends to queues and marks connections, nothing else: it never writes, closes or frees, so it can be called while a line is
//! being handled and nobody's record vanishes meanwhile. Does not know wire formats.

use crate::{
    chat::{Event, Hub, UserId},
    net::{Chunk, ConnId, Lane, Poller},
    protocol::flavour::{Flavour, View, encode},
};
use smallvec::SmallVec;

/// Where a person sits: their connection, and how it wants events told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) conn: ConnId,
    pub(super) flavour: Flavour,
}

/// The seats of all people, in the order of the hub's slots.
#[derive(Debug, Default)]
pub(super) struct Seats {
    by_slot: Vec<Option<Seat>>,
}

impl Seats {
    /// Seats a newcomer.
    pub(super) fn take(&mut self, user: UserId, seat: Seat) {
        let slot = user.slot as usize;
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, None);
        }
        self.by_slot[slot] = Some(seat);
    }

    /// Frees the seat of someone who quit.
    pub(super) fn leave(&mut self, user: UserId) {
        if let Some(seat) = self.by_slot.get_mut(user.slot as usize) {
            *seat = None;
        }
    }

    fn of(&self, user: UserId) -> Option<Seat> {
        *self.by_slot.get(user.slot as usize)?
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.by_slot.iter().flatten().count()
    }
}

/// The person whose line is being handled: their share of an event goes into the answer, in order with the rest of it.
pub(super) struct Own<'a> {
    pub(super) user: UserId,
    pub(super) flavour: Flavour,
    pub(super) answer: &'a mut Vec<u8>,
}

/// An event's bytes for one flavour and view; `None` if it is nothing to them.
type Encoded = (Flavour, View, Option<Chunk>);

/// Takes every event out of the hub and tells each to its audience.
pub(super) fn tell_all(hub: &mut Hub, seats: &Seats, net: &mut Poller, mut own: Option<Own<'_>>) {
    while let Some(event) = hub.next_event() {
        tell(&event, hub, seats, net, own.as_mut());
    }
}

fn tell(event: &Event, hub: &Hub, seats: &Seats, net: &mut Poller, mut own: Option<&mut Own<'_>>) {
    let mut encoded: SmallVec<[Encoded; 4]> = SmallVec::new();
    hub.for_each_in(&event.audience, |user| {
        let view = if user == event.author {
            View::Author
        } else {
            View::Other
        };
        if let Some(own) = own.as_mut().filter(|own| own.user == user) {
            encode(own.flavour, view, event, hub, own.answer);
            return;
        }
        let Some(Seat { conn, flavour }) = seats.of(user) else {
            return;
        };
        let known = encoded
            .iter()
            .position(|(f, v, _)| (*f, *v) == (flavour, view));
        let index = known.unwrap_or_else(|| {
            let lane = Lane(flavour.number());
            let chunk = net.compose(lane, |out| encode(flavour, view, event, hub, out));
            encoded.push((flavour, view, chunk));
            encoded.len() - 1
        });
        if let Some(chunk) = encoded[index].2 {
            net.share(conn, chunk);
        }
    });
}
