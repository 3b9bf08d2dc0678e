//! What a connection pays for: not only lines, but all that is parsed, looked up and told because of it.
//!
//! While a connection's input is handled, or a piece of its long reply is made, a [`Charges`] collects *effort*
//! ([`chat::effort`](crate::chat::effort)): what the hub counted, deliveries of the fan-out, bytes that were parsed. When
//! that is over it is settled: with the turn of the loop at once, so that it ends in time; with the connection's
//! allowance, as far as it is more than its lines include; and with the network that it came from ([`Shares`]). Who owes
//! too much is not read from for a while.
//!
//! Also here: how much may be sent before a name is given.
//!
//! Exempt are echo, which is no more than its bytes and switched on by whoever wants it, and metrics, for whoever looks
//! for the reason of a trouble must not be kept out by it. Where flood control is off nobody waits, but turns are short
//! all the same. Does not know what the work was.

use crate::server::{
    connections::Connections,
    connections::close_reason::CloseReason,
    connections::session::{Protocol, Session},
};
use crate::{
    chat::{effort::PER_LINE, hub::network_of},
    net::{ConnId, Consumed, Net, Next, Tick},
};
use std::{mem, net::IpAddr};

/// Bytes that a chat connection may send before it has given a name, encryption included. Capabilities, a password and
/// some tries for a free name take a few KiB, a client's chain of certificates as much again.
const BYTES_BEFORE_NAME_MAX: u32 = 32 * 1024;

/// Effort of taking something from a connection, whatever it is: two system calls.
const VISIT: u64 = 20;

/// Less effort than this is not charged to a connection.
const TRIFLE: u64 = 5 * VISIT;

/// A message that is put into one queue, and its part in the system call that sends it.
const DELIVERY: u64 = 10;

/// A connection that is accepted, with all that is made for it and taken down again.
const CALL: u64 = 300;

/// A TLS handshake: a signature and a key exchange.
const HANDSHAKE: u64 = 3_000;

/// So many bytes that make no line are parsed in a unit of effort: telnet's commands go byte by byte, and so do the
/// records of TLS that have nothing in them.
const IDLE_BYTES_PER_UNIT: u64 = 4;

/// The same for bytes in lines, which are searched and copied, and for bytes that are answered.
const LINE_BYTES_PER_UNIT: u64 = 32;

/// What a connection's input has come to, until it is settled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Charges {
    /// Whole lines, each of which was taken from the allowance.
    lines: u32,
    /// Effort.
    units: u64,
}

impl Charges {
    /// Adds a line that is paid for as such.
    pub(crate) fn add_line(&mut self) {
        self.lines += 1;
    }

    /// Whether it comes to so much that it should be settled before the next line is handled.
    pub(crate) fn is_high(&self) -> bool {
        self.units >= u64::from(PER_LINE)
    }

    /// What the connection is to pay beyond its lines. A trifle is not counted: a line that comes in pieces costs no more
    /// than one that comes whole. (Its network pays for that too.)
    fn beyond_lines(&self) -> u64 {
        let lines = u64::from(self.lines) * u64::from(PER_LINE);
        let beyond = self.units.saturating_sub(lines);
        if beyond < TRIFLE { 0 } else { beyond }
    }
}

impl Session {
    /// Whether it pays for what it does.
    fn pays(&self) -> bool {
        !matches!(self.protocol, Protocol::Echo) && !self.is_scraper()
    }
}

impl Connections {
    /// Until when nothing of a connection's input may be handled because its network has used more than its share.
    pub(crate) fn waits_for_share(&mut self, net: &Net, id: ConnId) -> Option<Tick> {
        let now = net.now();
        if self.settings.rate.per_second == 0 || !self.shares.does_anyone_wait(now) {
            return None;
        }
        let session = self.sessions.get(id).filter(|session| session.pays())?;
        let network = network_of(session.peer.ip());
        let until = self.shares.waits_until(network, now)?;
        self.shared.counters.shares_spent += 1;
        Some(self.shares.stagger(until))
    }

    /// Whether a caller from this address may cost nothing more now.
    pub(crate) fn is_in_debt(&self, address: IpAddr, now: Tick) -> bool {
        self.settings.rate.per_second > 0
            && self.shares.waits_until(network_of(address), now).is_some()
    }

    /// Forgets what was done because a connection was ended by us or broke: that is not its network's doing.
    pub(crate) fn drop_bill(&mut self) {
        self.charges = Charges::default();
    }

    /// Adds work to the bill, and tells the loop of it.
    pub(crate) fn add_effort(&mut self, net: &mut Net, units: u64) {
        net.note_effort(u32::try_from(units).unwrap_or(u32::MAX));
        self.shared.counters.effort += units;
        self.charges.units += units;
    }

    /// Adds what was done since there were so many deliveries, and an answer of so many bytes.
    pub(crate) fn add_work(&mut self, net: &mut Net, deliveries_before: u64, answered: usize) {
        let delivered = net.stats().deliveries.saturating_sub(deliveries_before);
        let units = self.shared.hub.take_effort()
            + delivered * DELIVERY
            + answered as u64 / LINE_BYTES_PER_UNIT;
        self.add_effort(net, units);
    }

    /// Charges a network for a caller, who has cost something before saying a word.
    pub(crate) fn charge_call(&mut self, net: &mut Net, id: ConnId) {
        self.charge_network(net, id, CALL);
    }

    /// Charges a network for a handshake that begins.
    pub(crate) fn charge_handshake(&mut self, net: &mut Net, id: ConnId) {
        self.charge_network(net, id, HANDSHAKE);
    }

    /// Charges the network of a connection, and not the connection itself: what everyone has to do is no flood.
    fn charge_network(&mut self, net: &mut Net, id: ConnId, units: u64) {
        net.note_effort(u32::try_from(units).unwrap_or(u32::MAX));
        self.shared.counters.effort += units;
        self.bear(net.now(), id, units);
    }

    /// Lets the network of a connection bear what was done.
    fn bear(&mut self, now: Tick, id: ConnId, units: u64) {
        let session = self.sessions.get(id).filter(|session| session.pays());
        if let (Some(session), 1..) = (session, self.settings.rate.per_second) {
            let network = network_of(session.peer.ip());
            self.shares.charge(network, units, now);
        }
    }

    /// Settles the bill with a connection and its network.
    pub(crate) fn settle(&mut self, net: &Net, id: ConnId) {
        let charges = mem::take(&mut self.charges);
        let now = net.now();
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if charges.units == 0 || !session.pays() {
            return;
        }
        let rate = session.rate(&self.settings);
        session
            .allowance
            .charge(now.0, rate, charges.beyond_lines());
        self.bear(now, id, charges.units);
    }

    /// Charges for what was taken of a connection's input. Who has sent too much without giving a name is sent away.
    pub(crate) fn charge_input(
        &mut self,
        net: &mut Net,
        id: ConnId,
        offered: usize,
        taken: Consumed,
    ) -> Consumed {
        let negotiates = self.sessions.get(id).is_some_and(Session::negotiates);
        let bytes_per_unit = match self.charges.lines {
            0 => IDLE_BYTES_PER_UNIT,
            _ if negotiates => IDLE_BYTES_PER_UNIT,
            _ => LINE_BYTES_PER_UNIT,
        };
        self.add_effort(net, VISIT + taken.bytes as u64 / bytes_per_unit);
        self.settle(net, id);
        if !self.note_bytes_before_name(net, id, taken.bytes) {
            return taken;
        }
        Consumed {
            bytes: offered,
            next: Next::ReadMore,
        }
    }

    /// Charges for what a transport read for itself, and lets its sender wait if that is too much.
    pub(crate) fn charge_overhead(&mut self, net: &mut Net, id: ConnId, bytes: usize) {
        self.add_effort(net, VISIT + bytes as u64 / IDLE_BYTES_PER_UNIT);
        self.settle(net, id);
        if self.note_bytes_before_name(net, id, bytes) {
            return;
        }
        let until = [
            self.has_allowance(net, id).err(),
            self.waits_for_share(net, id),
        ];
        if let Some(until) = until.into_iter().flatten().max() {
            net.pause(id, until);
        }
    }

    /// Counts what came before a name was given; says whether it was too much, and the connection ends.
    fn note_bytes_before_name(&mut self, net: &mut Net, id: ConnId, bytes: usize) -> bool {
        let Some(session) = self.sessions.get(id) else {
            return false;
        };
        let is_nameless = session.user.is_none() && session.is_chat();
        if !is_nameless || session.ended_for.is_some() {
            return false;
        }
        let sum = self.sessions.note_bytes_before_name(id, bytes);
        let is_too_much = sum > BYTES_BEFORE_NAME_MAX;
        if is_too_much {
            self.part(net, id, CloseReason::TooMuchBeforeName, None);
        }
        is_too_much
    }
}
