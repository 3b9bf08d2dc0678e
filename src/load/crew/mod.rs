//! The crew: all connections of the tool, what each of them is doing, and how their coming and going went.
//!
//! ```text
//! call ──> Calling ──> Greeting ──> Ready ──> Leaving ──> gone
//!             └───────────┴── failed    └── lost
//! ```
//!
//! Owns a record for each connection, in the order of the loop's slots. Invariants: the counts by state are those of
//! the records; each call ends in exactly one of failed, lost and left. What messages mean to the measurement is the
//! [`Ear`]'s; when to call and when to leave is the scenario's.

mod hear;
mod tally;

use super::{
    clock::{Clock, Moment},
    dial::{Dialer, Manner},
    framing::Framing,
    speaker::{Room, Run, Speaker, Who},
    target::Protocol,
};
use crate::net::{ConnId, Limits, Net, Tick};
use std::time::Duration;
use tally::{Counts, Tally, plain};

/// How long a server may take to hang up after our goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

/// What listens to the messages: the part of a scenario that counts.
pub(super) trait Ear {
    /// A member heard a text in their room.
    fn said(&mut self, member: &Member, text: &[u8], now: Moment) {
        let _ = (member, text, now);
    }

    /// A member who speaks no protocol got bytes. What is left in `out` is sent back.
    fn bytes(&mut self, member: &Member, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        let _ = (member, bytes, now, out);
    }

    /// A member heard a line of the server, whatever it means. Lines left in `out` are sent back.
    fn line(&mut self, member: &Member, line: &[u8], now: Moment, out: &mut Vec<u8>) {
        let _ = (member, line, now, out);
    }

    /// A member heard that someone is gone.
    fn left(&mut self, member: &Member, name: &[u8], now: Moment) {
        let _ = (member, name, now);
    }

    /// Deliveries counted so far.
    fn delivered(&self) -> u64 {
        0
    }

    /// A member got a datagram. What is left in `out` is sent back.
    fn datagram(&mut self, member: &Member, bytes: &[u8], now: Moment, out: &mut Vec<u8>) {
        let _ = (member, bytes, now, out);
    }

    /// Whether a member may be refused before it is ready, so that it is no fault.
    fn may_fail(&self, member: &Member) -> bool {
        let _ = member;
        false
    }

    /// Whether a member is expected to be let go, so that it is no fault.
    fn may_go(&self, member: &Member) -> bool {
        let _ = member;
        false
    }

    /// Whether a member reads at all now; until when not, else.
    fn deaf_until(&self, member: &Member, now: Moment) -> Option<Moment> {
        let _ = (member, now);
        None
    }
}

/// Listens to nothing.
#[derive(Debug)]
pub(super) struct NoEar;

impl Ear for NoEar {}

/// Where a member is in their life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The call is placed.
    Calling,
    /// Connected, not yet registered or not yet in their room.
    Greeting,
    /// There.
    Ready,
    /// They said goodbye, or are being closed.
    Leaving,
}

/// What a member is called for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    /// Makes their name; no two members with the same number at a time.
    pub(super) number: u32,
    /// Their room.
    pub(super) room: Option<u32>,
    /// The ear's number for them.
    pub(super) seat: u32,
    /// Says nothing, only holds the connection.
    pub(super) raw: bool,
    /// How their socket behaves.
    pub(super) manner: Manner,
    /// Which door they call at: [`Crew::add_door`].
    pub(super) door: Door,
}

/// One of the places that members call at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Door(u8);

impl Role {
    /// Someone who stands in no room.
    pub(super) fn loner(number: u32) -> Self {
        Self {
            number,
            room: None,
            seat: number,
            raw: false,
            manner: Manner::Usual,
            door: Door::default(),
        }
    }
}

/// The record of one connection.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: ConnId,
    pub(super) who: Who,
    pub(super) seat: u32,
    door: Door,
    state: State,
    /// They have arrived, and nothing went wrong since.
    in_order: bool,
    speaker: Speaker,
    framing: Framing,
    /// When the call was placed; when it was answered, from then on.
    since: Moment,
}

/// Who just came, or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A member is ready.
    Ready(ConnId),
    /// A member is gone.
    Gone {
        /// Their number.
        number: u32,
        /// They had arrived, and went because they meant to.
        in_order: bool,
    },
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Crew<E> {
    pub(super) run: Run,
    pub(super) ear: E,
    pub(super) news: Vec<News>,
    pub(super) counts: Counts,
    pub(super) tally: Tally,
    /// Bytes that members heard so far.
    pub(super) heard: u64,
    pub(super) clock: Clock,
    /// The first is the run's target.
    doors: Vec<(Protocol, Dialer)>,
    /// How long a call and the handshake may take together.
    patience: Duration,
    members: Vec<Option<Member>>,
    /// What a member says, line by line; the same as it travels; a message that came in frames. Used anew each time.
    out: Vec<u8>,
    wire: Vec<u8>,
    scratch: Vec<u8>,
}

impl<E: Ear> Crew<E> {
    pub(super) fn new(
        run: Run,
        protocol: Protocol,
        dialer: Dialer,
        patience: Duration,
        clock: Clock,
        ear: E,
    ) -> Self {
        Self {
            run,
            ear,
            news: Vec::new(),
            counts: Counts::default(),
            tally: Tally::default(),
            heard: 0,
            clock,
            doors: vec![(protocol, dialer)],
            patience,
            members: Vec::new(),
            out: Vec::new(),
            wire: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// One more place to call at, for the roles that name it.
    pub(super) fn add_door(&mut self, protocol: Protocol, dialer: Dialer) -> Door {
        let door = u8::try_from(self.doors.len()).expect("a scenario has a handful of doors");
        self.doors.push((protocol, dialer));
        Door(door)
    }

    fn is_datagrams(&self) -> bool {
        // Datagrams are for the echo alone, which has one door.
        self.doors[0].0.is_datagrams()
    }

    /// Calls the target for one more member. If that fails at once it is counted like any other failure.
    pub(super) fn call(&mut self, net: &mut Net, role: Role) {
        self.tally.called += 1;
        let is_datagrams = self.is_datagrams();
        let (_, dialer) = &mut self.doors[usize::from(role.door.0)];
        let placed = if is_datagrams {
            dialer
                .datagrams()
                .and_then(|socket| net.add_datagrams(socket))
        } else {
            let stream = dialer.call(role.manner);
            stream.and_then(|stream| net.add_connecting(stream))
        };
        match placed {
            Ok(id) => {
                net.set_deadline(id, net.now().after(self.patience));
                // What a schedule or a size asks for is sent, however slowly the other end reads; the ceiling of the
                // whole process holds still.
                let limits = Limits {
                    high_water: u32::MAX,
                    limit: u32::MAX,
                };
                net.set_limits(id, limits);
                self.enrol(id, role);
                if self.is_datagrams() {
                    // There is nobody to answer.
                    self.handle_connected(net, id);
                }
            }
            Err(error) => {
                self.tally.failed += 1;
                self.tally
                    .note_reason(format!("cannot call: {}", plain(&error)));
                self.news.push(News::Gone {
                    number: role.number,
                    in_order: false,
                });
            }
        }
    }

    fn enrol(&mut self, id: ConnId, role: Role) {
        let slot = id.slot as usize;
        let protocol = self.doors[usize::from(role.door.0)].0;
        if self.members.len() <= slot {
            self.members.resize_with(slot + 1, || None);
        }
        self.members[slot] = Some(Member {
            id,
            who: Who {
                run: self.run,
                number: role.number,
                room: role.room,
            },
            seat: role.seat,
            door: role.door,
            state: State::Calling,
            in_order: false,
            speaker: Speaker::new(protocol, role.raw),
            framing: Framing::new(protocol, role.number, role.raw),
            since: self.clock.now(),
        });
        self.counts.calling += 1;
    }

    /// All members, in no particular order.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten()
    }

    /// All members that are ready.
    pub(super) fn ready(&self) -> impl Iterator<Item = ConnId> {
        let ready = self.members().filter(|m| m.state == State::Ready);
        ready.map(|member| member.id)
    }

    pub(super) fn member(&self, id: ConnId) -> Option<&Member> {
        let member = self.members.get(id.slot as usize)?.as_ref();
        member.filter(|member| member.id == id)
    }

    fn member_mut(&mut self, id: ConnId) -> Option<&mut Member> {
        let member = self.members.get_mut(id.slot as usize)?.as_mut();
        member.filter(|member| member.id == id)
    }

    /// Lets a member say a text in their own room; `text` writes it. Nothing happens if they are gone.
    pub(super) fn say(&mut self, net: &mut Net, id: ConnId, text: impl FnOnce(&mut Vec<u8>)) {
        let Some((who, speaker)) = self.member(id).map(|m| (m.who, m.speaker)) else {
            return;
        };
        self.out.clear();
        let room = Room(self.run, who.room.unwrap_or_default());
        speaker.say(room, &mut self.out, text);
        self.send_lines(net, id);
    }

    /// Lets a member send lines, each with its CR LF; `write` writes them. Nothing happens if they are gone.
    pub(super) fn tell(
        &mut self,
        net: &mut Net,
        id: ConnId,
        write: impl FnOnce(&mut E, &mut Vec<u8>),
    ) {
        self.out.clear();
        write(&mut self.ear, &mut self.out);
        if self.member(id).is_some() {
            self.send_lines(net, id);
        }
    }

    /// Sends the lines in `out` as they travel.
    fn send_lines(&mut self, net: &mut Net, id: ConnId) {
        self.wire.clear();
        let member = self.members.get(id.slot as usize);
        if let Some(member) = member.and_then(Option::as_ref) {
            member.framing.wrap(&self.out, &mut self.wire);
            net.send(id, &self.wire);
        }
    }

    /// Lets a member send bytes as they are.
    pub(super) fn send(&mut self, net: &mut Net, id: ConnId, bytes: &[u8]) {
        if self.is_datagrams() {
            net.send_datagram(id, self.doors[0].1.address(), bytes);
        } else {
            net.send(id, bytes);
        }
    }

    /// Lets a member go in order: with a goodbye, which the server answers by hanging up.
    pub(super) fn dismiss(&mut self, net: &mut Net, id: ConnId) {
        let Some(member) = self.member(id) else {
            return;
        };
        let (state, speaker) = (member.state, member.speaker);
        if state == State::Leaving {
            return;
        }
        self.set_state(id, State::Leaving);
        if self.is_datagrams() {
            // The loop says no word about the end of a socket without a connection.
            net.close(id);
            return self.handle_reaped(id);
        }
        if state == State::Ready && speaker.can_leave() {
            self.out.clear();
            speaker.leave(&mut self.out);
            self.send_lines(net, id);
            net.set_deadline(id, net.now().after(GOODBYE));
        } else {
            net.close(id);
        }
    }

    /// Lets a member vanish without a word.
    pub(super) fn drop_member(&mut self, net: &mut Net, id: ConnId) {
        self.set_state(id, State::Leaving);
        net.abort(id);
    }

    fn set_state(&mut self, id: ConnId, state: State) {
        let Some(member) = self.member_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut member.state, state);
        *self.counts.of(before) -= 1;
        *self.counts.of(state) += 1;
    }

    fn set_order(&mut self, id: ConnId, in_order: bool) {
        if let Some(member) = self.member_mut(id) {
            member.in_order = in_order;
        }
    }

    fn become_ready(&mut self, net: &mut Net, id: ConnId, now: Moment) {
        let Some(member) = self.member(id).filter(|m| m.state == State::Greeting) else {
            return;
        };
        let took = now.since(member.since);
        self.tally.arrived += 1;
        self.tally.handshake.note(took);
        self.set_order(id, true);
        self.set_state(id, State::Ready);
        net.set_deadline(id, Tick::NEVER);
        self.news.push(News::Ready(id));
    }

    /// A member's connection is over, or is to be: enters the reason if they did not mean to go.
    fn give_up(&mut self, net: &mut Net, id: ConnId, reason: impl FnOnce() -> String) {
        let Some(member) = self.member(id) else {
            return;
        };
        let state = member.state;
        match state {
            State::Calling | State::Greeting if self.ear.may_fail(member) => self.tally.let_go += 1,
            State::Calling | State::Greeting => {
                let stage = match state {
                    State::Calling => "cannot connect",
                    _ => "handshake",
                };
                self.tally.failed += 1;
                self.tally.note_reason(format!("{stage}: {}", reason()));
            }
            State::Ready if self.ear.may_go(member) => self.tally.let_go += 1,
            State::Ready => {
                self.tally.lost += 1;
                self.tally.note_reason(format!("lost: {}", reason()));
            }
            State::Leaving => {}
        }
        if state != State::Leaving {
            self.set_order(id, false);
        }
        self.set_state(id, State::Leaving);
        net.abort(id);
    }
}
