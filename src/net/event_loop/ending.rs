//! The ends of sources: how a connection is lost, and the last stage of the turn, the reap.

use crate::net::{
    core::Net,
    handler::{Handler, Loss},
    source::{listener::ListenerState, phase::Phase, table::Source, token::ConnId},
};
use std::mem;

/// A connection is lost: calls the handler, and ends it.
pub(crate) fn fail(net: &mut Net, id: ConnId, loss: &Loss, handler: &mut impl Handler) {
    let Some(connection) = net.table.connection_mut(id) else {
        return;
    };
    if connection.phase() <= Phase::Open {
        handler.handle_lost(net, id, loss);
    }
    net.abort(id);
}

/// Stage: frees the slots of closed sources (invariant 3: only here, after every event of the turn).
pub(crate) fn reap(net: &mut Net, handler: &mut impl Handler) {
    for id in mem::take(&mut net.state.work.closed) {
        // Deregistered before it is dropped: a descriptor that another process still holds would go on making events.
        match net.table.get_mut(id) {
            Some(Source::Connection(connection)) => {
                debug_assert_eq!(connection.phase(), Phase::Closed);
                connection.deregister(&net.state);
                handler.handle_reaped(net, id);
                net.ceiling.forget(id, net.table.len());
            }
            Some(Source::Listener(listener)) => listener.deregister(&net.state),
            Some(Source::Datagrams(datagrams)) => datagrams.deregister(&net.state),
            None => {}
        }
        net.table.remove(id);
    }
    // The handler may have sent something about those that ended; chunks are good for this turn only.
    net.materialize_broadcast();
    net.state.output.buffers.end_turn();
    let table = &net.table;
    net.state
        .timers
        .tidy(table.len(), |at, slot| match table.at(slot) {
            Some(Source::Connection(connection)) => connection.counts_reminder(at),
            Some(Source::Listener(listener)) => listener.state == ListenerState::Resting,
            Some(Source::Datagrams(_)) | None => false,
        });
}
