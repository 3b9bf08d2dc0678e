//! Stage: accepting, a bounded number of connections from each listener (invariant 4).

use crate::net::{
    core::Net,
    handler::Handler,
    source::{
        listener::{Accepted, ListenerState, Spare},
        marks::Marks,
        token::ConnId,
    },
};

/// Accepts per listener and turn: enough that a rush costs few turns, few enough that the other connections wait
/// for no more than a millisecond.
const ACCEPTS_PER_TURN: usize = 64;

/// So many times as many from each before it is closed: Linux lets 4,096 wait unless it is configured otherwise.
const ACCEPT_ROUNDS_AT_END: usize = 4096 / ACCEPTS_PER_TURN;

/// Accepts from the listeners that may have connections waiting.
pub(crate) fn accept(net: &mut Net, spare: &mut Spare, handler: &mut impl Handler) {
    for _ in 0..net.state.work.accepting.len() {
        let Some(listener) = net.state.work.accepting.pop_front() else {
            break;
        };
        accept_from(net, listener, spare, handler);
    }
}

/// Accepts the connections that wait at these listeners now, for they are about to be closed, and what a listener leaves in
/// the kernel's queue is reset. Bounded, though more may go on coming.
pub(crate) fn accept_waiting(
    net: &mut Net,
    listeners: &[ConnId],
    spare: &mut Spare,
    handler: &mut impl Handler,
) {
    for &id in listeners {
        push_accepting(net, id);
    }
    for _ in 0..ACCEPT_ROUNDS_AT_END {
        if net.state.work.accepting.is_empty() {
            return;
        }
        accept(net, spare, handler);
    }
}

fn accept_from(net: &mut Net, id: ConnId, spare: &mut Spare, handler: &mut impl Handler) {
    let mut in_vain = 0;
    for _ in 0..ACCEPTS_PER_TURN {
        // Looked up each time: the handler may have closed the listener.
        let Some(listener) = net.table.listener_mut(id) else {
            return;
        };
        listener.marks.remove(Marks::IN_READY_LIST);
        if listener.state == ListenerState::Closed {
            return;
        }
        match listener.accept(spare, &mut net.state) {
            Accepted::Connection(stream, peer) => {
                if let Ok(connection) = net.add_connection(stream) {
                    handler.handle_accept(net, id, connection, peer);
                }
            }
            Accepted::Nothing => return,
            Accepted::Next => in_vain += 1,
            Accepted::MustRest(error) => {
                tracing::warn!(%error, "cannot accept; the listener rests");
                return listener.rest(id, &mut net.state);
            }
        }
    }
    if in_vain >= ACCEPTS_PER_TURN / 2 {
        // A rush that cannot be served is not worth our time: let it wait in the kernel's queue. And an error that does not
        // go away, whatever it is, must not make us spin.
        if let Some(listener) = net.table.listener_mut(id) {
            listener.rest(id, &mut net.state);
        }
        return;
    }
    push_accepting(net, id);
}

fn push_accepting(net: &mut Net, id: ConnId) {
    if let Some(listener) = net.table.listener_mut(id) {
        net.state.work.push_accepting(id, &mut listener.marks);
    }
}
