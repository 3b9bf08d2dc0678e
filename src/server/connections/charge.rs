//! The cost of a connection: not only its lines, but all parsing, look-ups and deliveries that they cause.
//!
//! While a connection's input is handled, or a piece of its long reply is made, the [`Bill`](crate::server::limits::bill)
//! collects *effort* ([`chat::effort`](crate::chat::effort)): the hub's count, deliveries of the fan-out, bytes that were
//! parsed. Then it is settled: with the turn of the loop at once, so that it ends in time; with
//! the connection's allowance, as far as it is more than its lines include; and with the network that it came from
//! (`limits/cpu_shares.rs`). A client that owes too much is not read from for a while.
//!
//! Also here: how much may be sent before a name is given. Where flood control is off no client waits, but turns are
//! short all the same. Does not know the work itself.

use super::{close_reason::CloseReason, current::Current, ending::Ending};
use crate::{
    chat::hub::network_of,
    net::{Consumed, Net, Tick},
    server::shared::Shared,
};
use std::{mem, net::IpAddr};

/// Bytes that a chat connection may send before it has given a name, encryption included. Capabilities, a password and
/// some tries for a free name take a few KiB, a client's chain of certificates as much again.
const BYTES_BEFORE_NAME_MAX: u32 = 32 * 1024;

/// Effort of taking any input from a connection: two system calls.
const VISIT: u64 = 20;

/// A message that is put into one queue, and its part in the system call that sends it.
const DELIVERY: u64 = 10;

/// A connection that is accepted, with all that is made for it and taken down again.
const ACCEPT: u64 = 300;

/// A TLS handshake: a signature and a key exchange.
const HANDSHAKE: u64 = 3_000;

/// So many bytes that make no line are parsed in a unit of effort: telnet's commands go byte by byte, and so do the
/// records of TLS that have nothing in them.
const IDLE_BYTES_PER_UNIT: u64 = 4;

/// The same for bytes in lines, which are searched and copied, and for bytes that are answered.
const LINE_BYTES_PER_UNIT: u64 = 32;

/// The moment before which nothing of a connection's input may be handled, because its network has used more than its
/// share of the processor.
pub(crate) fn waits_for_share(at: &mut Current<'_>) -> Option<Tick> {
    let now = at.net.now();
    let shares = &mut at.shared.limits.cpu_shares;
    if at.shared.settings.rate.per_second == 0
        || !shares.does_anyone_wait(now)
        || !at.client.kind.is_charged()
    {
        return None;
    }
    let until = shares.waits_until(network_of(at.client.peer.ip()), now)?;
    at.shared.counters.shares_spent += 1;
    Some(shares.stagger(until))
}

/// Whether a client from this address may cost nothing more now.
pub(crate) fn is_in_debt(at: &Current<'_>, address: IpAddr) -> bool {
    let shares = &at.shared.limits.cpu_shares;
    at.shared.settings.rate.per_second > 0
        && shares
            .waits_until(network_of(address), at.net.now())
            .is_some()
}

/// The moment at which flood control lets one more line pass, if that is not now.
pub(crate) fn waits_for_allowance(at: &Current<'_>) -> Option<Tick> {
    // A copy: the line is paid for when it is whole.
    let mut allowance = at.client.allowance;
    let rate = at.client.rate(&at.shared.settings);
    allowance.take(at.net.now().0, rate).err().map(Tick)
}

/// Pays for a whole line.
pub(crate) fn charge_line(at: &mut Current<'_>) {
    at.shared.counters.lines += 1;
    at.shared.limits.bill.add_line();
    let rate = at.client.rate(&at.shared.settings);
    let _ = at.client.allowance.take(at.net.now().0, rate);
}

/// Adds effort to the bill, and reports it to the loop.
fn add_effort(shared: &mut Shared, net: &mut Net, units: u64) {
    net.note_effort(u32::try_from(units).unwrap_or(u32::MAX));
    shared.counters.effort += units;
    shared.limits.bill.add(units);
}

/// Adds the work since there were so many deliveries, and an answer of so many bytes.
pub(crate) fn add_work(
    shared: &mut Shared,
    net: &mut Net,
    deliveries_before: u64,
    answered: usize,
) {
    let delivered = net.stats().deliveries.saturating_sub(deliveries_before);
    let units =
        shared.hub.take_effort() + delivered * DELIVERY + answered as u64 / LINE_BYTES_PER_UNIT;
    add_effort(shared, net, units);
}

/// Charges a network for a connection, which has cost something before its first byte.
pub(crate) fn charge_accept(at: &mut Current<'_>) {
    charge_network(at, ACCEPT);
}

/// Charges a network for a handshake that begins.
pub(crate) fn charge_handshake(at: &mut Current<'_>) {
    charge_network(at, HANDSHAKE);
}

/// Charges the network of a connection, and not the connection itself: every client has to connect, so it is no flood.
fn charge_network(at: &mut Current<'_>, units: u64) {
    at.net.note_effort(u32::try_from(units).unwrap_or(u32::MAX));
    at.shared.counters.effort += units;
    charge_share(at, units);
}

/// Charges the share of a connection's network.
fn charge_share(at: &mut Current<'_>, units: u64) {
    if at.client.kind.is_charged() && at.shared.settings.rate.per_second > 0 {
        let network = network_of(at.client.peer.ip());
        at.shared
            .limits
            .cpu_shares
            .charge(network, units, at.net.now());
    }
}

/// Settles the bill with a connection and its network.
pub(crate) fn settle(at: &mut Current<'_>) {
    let bill = mem::take(&mut at.shared.limits.bill);
    if bill.units() == 0 || !at.client.kind.is_charged() {
        return;
    }
    let rate = at.client.rate(&at.shared.settings);
    at.client
        .allowance
        .charge(at.net.now().0, rate, bill.beyond_lines());
    charge_share(at, bill.units());
}

/// Charges for the input that was taken from a connection.
///
/// # Errors
/// The client has sent too much without giving a name.
pub(crate) fn charge_input(
    at: &mut Current<'_>,
    consumed: Consumed,
    inspects_each_byte: bool,
) -> Result<(), Ending> {
    let bytes_per_unit = match at.shared.limits.bill.has_lines() && !inspects_each_byte {
        true => LINE_BYTES_PER_UNIT,
        false => IDLE_BYTES_PER_UNIT,
    };
    add_effort(
        at.shared,
        at.net,
        VISIT + consumed.bytes as u64 / bytes_per_unit,
    );
    settle(at);
    note_bytes_before_name(at, consumed.bytes)
}

/// Charges for bytes that the transport read for itself, and lets the client wait if they are too many.
///
/// # Errors
/// The client has sent too much without giving a name.
pub(crate) fn charge_overhead(at: &mut Current<'_>, bytes: usize) -> Result<(), Ending> {
    add_effort(
        at.shared,
        at.net,
        VISIT + bytes as u64 / IDLE_BYTES_PER_UNIT,
    );
    settle(at);
    note_bytes_before_name(at, bytes)?;
    let until = [waits_for_allowance(at), waits_for_share(at)];
    if let Some(until) = until.into_iter().flatten().max() {
        at.net.pause(at.id, until);
    }
    Ok(())
}

fn note_bytes_before_name(at: &mut Current<'_>, bytes: usize) -> Result<(), Ending> {
    if !at.client.is_nameless() || at.client.closing.is_some() {
        return Ok(());
    }
    match at.client.note_bytes_before_name(bytes) > BYTES_BEFORE_NAME_MAX {
        true => Err(Ending::text(CloseReason::TooMuchBeforeName)),
        false => Ok(()),
    }
}
