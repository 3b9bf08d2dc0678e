//! Stage: one flush for each dirty connection, and what follows from what is left (invariants 2, 5, 6).
//!
//! Fan-out only appends and marks. Here the queues meet the kernel, once a turn; here a reader that is too slow is noticed,
//! and the process's ceiling is held. Knows no messages.

use super::held;
use crate::net::{
    core::Net,
    handler::Handler,
    output::broadcast::Recipients,
    source::{marks::Marks, outcome::Flushed, phase::Phase, token::ConnId},
    time::budget::DRAINED_SLICE,
};
use std::{
    io::{ErrorKind, IoSlice},
    mem,
};

/// How many handlers may go on with a long reply in one turn. A page of a long list takes some 0.2 ms to make, so a
/// thousand clients that ask for lists make the others wait for a hundredth of a second, not for a fifth.
const NOTIFIED_PER_TURN: usize = 64;

/// Flushes every connection that has something new to send or new room for it.
pub(crate) fn flush(net: &mut Net, handler: &mut impl Handler) {
    flush_broadcast(net);
    let mut dirty = mem::take(&mut net.state.work.dirty);
    for id in dirty.drain(..) {
        flush_connection(net, id, handler);
    }
    if net.state.work.dirty.is_empty() {
        // Keep the room: the next fan-out needs it again.
        dirty.shrink_to(net.table.connection_count() / 8 + 64);
        net.state.work.dirty = dirty;
    }
    held::enforce_ceiling(net, handler);
    notify_drained(net, handler);
}

/// Offers the broadcast's bytes to the kernel. A peer that has something in its queue already, or does not take all in one
/// call, goes the usual way.
fn flush_broadcast(net: &mut Net) {
    let Net { table, state, .. } = net;
    for Recipients { chunk, peers } in state.output.broadcast.take() {
        for id in peers {
            let Some(connection) = table.connection_mut(id) else {
                continue;
            };
            if !connection.is_ready_for_more() {
                connection.enqueue(id, chunk, state);
                continue;
            }
            let bytes = [IoSlice::new(state.output.buffers.bytes_of(chunk))];
            state.stats.writes += 1;
            match connection.stream.transport().write_vectored(&bytes) {
                Ok(0) => connection.fail_writes(id, &ErrorKind::WriteZero.into(), state),
                Ok(sent) => {
                    state.stats.bytes_out += sent as u64;
                    if let Some(rest) = chunk.without(sent) {
                        connection.enqueue(id, rest, state);
                    } else if connection.stream.holds_unsent() {
                        // A transport that took it all may still hold some of it.
                        state.work.push_dirty(id, &mut connection.marks);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => {
                        connection.enqueue(id, chunk, state);
                    }
                    _ => connection.fail_writes(id, &error, state),
                },
            }
        }
    }
}

fn flush_connection(net: &mut Net, id: ConnId, handler: &mut impl Handler) {
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    if connection.flush(id, &mut net.state) == Flushed::OverLimit {
        handler.handle_overflow(net, id);
        if let Some(connection) = net.table.connection_mut(id) {
            if connection.phase() == Phase::Open {
                connection.resume_reading(id, &mut net.state);
            }
        }
    }
    held::recount(net, id, handler);
}

/// Calls the handlers that asked for it, so many a turn, in the order in which their queues drained.
fn notify_drained(net: &mut Net, handler: &mut impl Handler) {
    net.begin_slice(DRAINED_SLICE);
    for _ in 0..net.state.work.below_low_water.len().min(NOTIFIED_PER_TURN) {
        if net.is_slice_over() {
            return;
        }
        let Some(id) = net.state.work.below_low_water.pop_front() else {
            return;
        };
        match net.table.connection_mut(id) {
            Some(connection) if connection.phase() != Phase::Open => {}
            // What others sent came in between: the flush of that will notify.
            Some(connection) if connection.is_backlogged(&net.state) => {
                connection.marks.insert(Marks::NOTIFY_DRAINED);
            }
            Some(_) => handler.handle_drained(net, id),
            None => {}
        }
    }
}
