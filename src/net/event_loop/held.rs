//! What peers make the process hold is counted here, and kept below the ceiling (invariant 5). The rules are in
//! [`ceiling`](crate::net::ceiling).

use super::ending;
use crate::net::{
    core::Net,
    handler::{Handler, Loss, Standing},
    source::token::ConnId,
};
use std::cmp::Reverse;

/// Counts again what a connection holds beside its queue.
pub(crate) fn recount(net: &mut Net, id: ConnId, handler: &impl Handler) {
    if let Some(connection) = net.table.connection(id) {
        let held = connection.memory() + handler.held_for(id);
        net.ceiling.note(id, held);
    }
}

/// If more is held than the ceiling allows, the largest connections go, in the order of the ceiling's rules, until it is not.
/// What their end makes the handler send does not count before it was flushed, for most of the peers that get it read;
/// otherwise one farewell to a full room would push the next member over the edge.
pub(crate) fn enforce_ceiling(net: &mut Net, handler: &mut impl Handler) {
    if net.held() <= net.ceiling() {
        return;
    }
    handler.handle_pressure(net);
    let mut excess = net.held().saturating_sub(net.ceiling());
    if excess == 0 {
        return;
    }
    let share = net.ceiling.share(net.table.connection_count());
    let mut order: Vec<(Standing, Reverse<usize>, ConnId)> = net
        .table
        .connections()
        .map(|(id, connection)| (id, connection.output.bytes() + net.ceiling.of(id)))
        .filter(|(_, held)| *held > 0 && *held >= share)
        .map(|(id, held)| (handler.standing(id), Reverse(held), id))
        .collect();
    order.sort_unstable();
    for (_, Reverse(held), id) in order {
        if excess == 0 {
            return;
        }
        excess = excess.saturating_sub(held);
        net.state.stats.over_ceiling += 1;
        ending::fail(net, id, &Loss::OverCeiling, handler);
    }
}
