//! Input on its way to a protocol: a proxy's header first, TLS next, then a look, then one line, message or request after
//! the other.
//!
//! Invariant: one turn handles a bounded number of lines of each connection, within flood control, the share of its
//! network, and its unread output. Does not know the meaning of input.

use super::{
    charge,
    current::Current,
    ending::Ending,
    kind::ProtocolKind,
    protocol::{Look, Outcome},
    proxied,
    session::{self, ProtocolState},
    timers::Due,
    tls::{self, Tls},
};
use crate::{
    net::{Consumed, Next, Tick},
    server::{limits::rate::Allowance, metrics::report::Report},
};
use std::{mem, time::Duration};

/// Lines of one connection handled in one turn; what it sent beyond that is carried over, so that no client waits long
/// for its turn.
const LINES_PER_TURN: usize = 32;

/// Input of one connection, and how much of it is handled.
#[derive(Debug)]
pub(crate) struct Offered<'a> {
    bytes: &'a [u8],
    taken: usize,
    /// The protocol's note of how far it looked in vain.
    searched: &'a mut usize,
    /// Lines that may still be handled in this turn.
    lines_left: usize,
    /// The next unit waits for nothing any more: the report that it needs is made.
    is_due: bool,
}

/// How the handling of input went on.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is over for now.
    Done(Next),
    /// The connection ends.
    Close(Ending),
    /// A line had the connections of others, or this one, ended, or others are to be shown something. That comes first; then
    /// the rest is to be handled.
    Others,
    /// The dispatch is to make a report; then the rest is to be handled.
    NeedReport(Report),
}

impl<'a> Offered<'a> {
    pub(crate) fn new(bytes: &'a [u8], searched: &'a mut usize) -> Self {
        Self {
            bytes,
            taken: 0,
            searched,
            lines_left: LINES_PER_TURN,
            is_due: false,
        }
    }

    /// As much as was taken, and when to go on.
    pub(crate) fn consumed(&self, next: Next) -> Consumed {
        Consumed {
            bytes: self.taken,
            next,
        }
    }

    /// All of it, for a connection that has ended.
    pub(crate) fn all(&self) -> Consumed {
        Consumed {
            bytes: self.bytes.len(),
            next: Next::ReadMore,
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.taken..]
    }

    fn take_all(&mut self) -> Step {
        self.taken = self.bytes.len();
        Step::Done(Next::ReadMore)
    }
}

/// Begins with input that was just offered.
pub(crate) fn begin(
    protocol: &mut ProtocolState,
    at: &mut Current<'_>,
    offered: &mut Offered<'_>,
) -> Step {
    if at.client.kind == ProtocolKind::ProxyHeader {
        if let Some(step) = open_proxied(protocol, at, offered) {
            return step;
        }
    }
    match tls::look(protocol.as_ref().tls(), at, offered.rest()) {
        Tls::Pass => {}
        Tls::Begun => {
            session::arm(protocol, at);
            return offered.take_all();
        }
        Tls::Close(ending) => return Step::Close(ending),
    }
    match protocol.as_mut().look(at, offered.rest()) {
        Look::Handle => {}
        Look::Wait => {
            session::arm(protocol, at);
            return Step::Done(Next::ReadMore);
        }
        Look::Become(kind) => {
            turn_into(protocol, at, kind);
            session::arm(protocol, at);
        }
        Look::Close(ending) => return Step::Close(ending),
    }
    go_on(protocol, at, offered)
}

/// Takes the header of a proxy off the input, and begins the protocol of the listener; `None` to go on with the rest.
fn open_proxied(
    protocol: &mut ProtocolState,
    at: &mut Current<'_>,
    offered: &mut Offered<'_>,
) -> Option<Step> {
    let opened = match proxied::open(at, offered.rest()) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Some(Step::Done(Next::ReadMore)),
        Err(ending) => return Some(Step::Close(ending)),
    };
    offered.taken += opened.consumed;
    at.client.last_activity = at.net.now();
    turn_into(protocol, at, opened.listener.kind);
    protocol.as_mut().accept(at);
    session::arm(protocol, at);
    let is_done = offered.rest().is_empty();
    is_done.then_some(Step::Done(Next::ReadMore))
}

/// How often a connection that waits for the store and has sent more lines is looked at.
const LOOK_AT_STORE: Duration = Duration::from_millis(5);

/// Handles the rest, within the bounds of a turn.
pub(crate) fn go_on(
    protocol: &mut ProtocolState,
    at: &mut Current<'_>,
    offered: &mut Offered<'_>,
) -> Step {
    if !at.client.kind.has_units() {
        let outcome = protocol
            .as_mut()
            .input(at, offered.rest(), offered.searched);
        debug_assert!(
            matches!(outcome, Outcome::NeedMore(_)),
            "bytes make no unit"
        );
        return offered.take_all();
    }
    while offered.lines_left > 0 {
        offered.lines_left -= 1;
        if offered.taken == offered.bytes.len() {
            return Step::Done(Next::ReadMore);
        }
        if !mem::take(&mut offered.is_due) {
            if at.net.is_turn_full() || at.net.is_backlogged(at.id) {
                break;
            }
            if protocol.as_ref().is_busy() {
                let accounts = at.shared.accounts.as_ref();
                let is_storing = accounts.is_some_and(|accounts| accounts.is_storing(at.id));
                if is_storing || at.shared.history.is_asking(at.id) {
                    // The disk may take long, and the loop would turn without rest meanwhile.
                    let until = at.net.now().after(LOOK_AT_STORE);
                    return Step::Done(Next::PauseUntil(until));
                }
                break;
            }
            if let Some(until) = must_wait(at) {
                return Step::Done(Next::PauseUntil(until));
            }
        }
        if let Some(step) = handle_unit(protocol, at, offered) {
            return step;
        }
    }
    Step::Done(Next::Yield)
}

/// The moment before which the next line may not be handled.
fn must_wait(at: &mut Current<'_>) -> Option<Tick> {
    if at.shared.limits.bill.is_high() {
        // Settled now, so that the allowance and the network's share decide about the next line. The turn need not end
        // for it: several lines to a thousand members leave as one write for each member.
        charge::settle(at);
        if let Some(until) = charge::waits_for_share(at) {
            return Some(until);
        }
    }
    charge::waits_for_allowance(at)
}

/// Handles one line, message or request; `None` to go on with the next.
fn handle_unit(
    protocol: &mut ProtocolState,
    at: &mut Current<'_>,
    offered: &mut Offered<'_>,
) -> Option<Step> {
    let due_before = due(protocol, at);
    let rest = &offered.bytes[offered.taken..];
    let outcome = protocol.as_mut().input(at, rest, offered.searched);
    let (consumed, is_whole) = match outcome {
        Outcome::NeedMore(consumed) => (consumed, false),
        Outcome::Consumed(consumed) => (consumed, true),
        Outcome::Become(kind, consumed) => {
            turn_into(protocol, at, kind);
            (consumed, true)
        }
        Outcome::NeedReport(report) => {
            // It is offered again in this turn, or another request might be given this report.
            (offered.lines_left, offered.is_due) = (offered.lines_left + 1, true);
            return Some(Step::NeedReport(report));
        }
        Outcome::Close(ending) => return Some(Step::Close(ending)),
    };
    offered.taken += consumed;
    if !is_expelled(at) {
        if is_whole {
            charge::charge_line(at);
        }
        at.client.note_activity(at.net.now());
        if due(protocol, at) != due_before {
            session::arm(protocol, at);
        }
    }
    match is_whole {
        _ if at.shared.concerns_others() => Some(Step::Others),
        true => None,
        false => Some(Step::Done(Next::ReadMore)),
    }
}

fn due(protocol: &ProtocolState, at: &Current<'_>) -> Option<Due> {
    let next = session::next_due(protocol, at.client, &at.shared.settings);
    next.map(|(_, due)| due)
}

/// Whether another user, or the client itself, has had this connection ended.
fn is_expelled(at: &Current<'_>) -> bool {
    at.shared.expelled.iter().any(|(id, _)| *id == at.id)
}

/// Goes over to another protocol: the limits and the rate are that protocol's from here on.
fn turn_into(protocol: &mut ProtocolState, at: &mut Current<'_>, kind: ProtocolKind) {
    let was_chat = at.client.kind.is_chat();
    *protocol = ProtocolState::new(kind);
    at.client.kind = kind;
    if kind.is_chat() == was_chat {
        return;
    }
    let is_counted = at.client.place.is_client();
    match kind.is_chat() {
        true => {
            at.shared.clients += usize::from(is_counted);
            at.client.last_activity = at.net.now();
            at.client.allowance = Allowance::default();
        }
        false => at.shared.clients -= usize::from(is_counted),
    }
    at.net
        .set_limits(at.id, at.shared.settings.queue_limits(kind));
}
