//! Stage: due deadlines, and then what the handler has to do on its own.

use super::{ending, held};
use crate::net::{
    core::Net,
    handler::Handler,
    source::{listener::Spare, outcome::Due, table::Source, token::ConnId},
    time::{
        budget::{DEADLINE_SLICE, VISIT},
        clock::Tick,
    },
};
use std::io::{Error, ErrorKind};

/// Looks at every source whose reminder is due. A reminder that came too early is put in again for the right moment.
pub(crate) fn fire(net: &mut Net, spare: &mut Spare, handler: &mut impl Handler) {
    net.begin_slice(DEADLINE_SLICE);
    // No more than there are: a deadline that is set for this moment again comes in the next turn.
    for _ in 0..net.state.timers.len() {
        if net.is_slice_over() {
            // Those that are left are due in the next turn, which does not wait then.
            break;
        }
        let Some((at, slot)) = net.state.timers.pop_due(net.state.now) else {
            break;
        };
        net.note_effort(VISIT);
        if let Some(id) = net.table.find(slot, None) {
            fire_one(net, at, id, spare, handler);
        }
    }
}

fn fire_one(net: &mut Net, at: Tick, id: ConnId, spare: &mut Spare, handler: &mut impl Handler) {
    let due = match net.table.get_mut(id) {
        Some(Source::Connection(connection)) if connection.counts_reminder(at) => {
            connection.take_due(id, &mut net.state)
        }
        Some(Source::Listener(listener)) => {
            // If it was lost, another source took its descriptor; by now there may be one again.
            spare.restore();
            return listener.resume(id, &mut net.state);
        }
        _ => return,
    };
    match due {
        Due::Nothing => {}
        Due::Deadline => handler.handle_deadline(net, id),
        Due::WriteFailed => {
            let error = Error::from(ErrorKind::BrokenPipe);
            ending::fail(net, id, &error.into(), handler);
        }
    }
    if let Some(connection) = net.table.connection_mut(id) {
        connection.rearm(id, &mut net.state);
    }
    held::recount(net, id, handler);
}

/// Lets the handler do work of its own, for the time that deadlines have.
pub(crate) fn do_pending(net: &mut Net, handler: &mut impl Handler) {
    net.begin_slice(DEADLINE_SLICE);
    net.has_pending = handler.handle_pending(net);
}
