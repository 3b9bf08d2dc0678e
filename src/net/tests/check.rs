//! What must hold of a loop between two turns, and of one at rest.

use super::test_loop::{self, check_held};
use crate::net::{
    ConnId, Handler, Net, ceiling,
    source::token::{Named, named},
};

/// Panics with the name of what does not hold between two turns.
pub(crate) fn check_invariants(net: &Net) {
    test_loop::check_invariants(net);
}

/// Panics if what is remembered of a connection is not what it holds.
pub(crate) fn check_held_by_walk(net: &Net, handler: &impl Handler) {
    check_held(net);
    for (id, connection) in net.table.connections() {
        let held = connection.memory() + handler.held_for(id);
        let noted = net.ceiling.of(id);
        assert_eq!(noted, ceiling::rounded(held), "held for {id:?}");
    }
}

/// Panics if a loop without connections still holds, awaits or plans anything.
pub(crate) fn check_at_rest(net: &Net) {
    check_invariants(net);
    assert_eq!(net.connection_count(), 0, "connections");
    assert!(!net.has_work(), "nobody is here and there is work");
    assert_eq!(net.nearest_deadline(), None, "nobody is to be reminded");
    assert_eq!(net.buffers().bytes(), 0, "bytes in queues");
    assert_eq!(net.buffers().segments().0, 0, "places in queues");
    assert_eq!(net.buffers().buffers(), 0, "logs that no place refers to");
}

/// The source that a token names; `None` for an external one, and for one that is gone.
pub(crate) fn find(net: &Net, token: mio::Token) -> Option<ConnId> {
    match named(token) {
        Named::Table { slot, generation } => net.table.find(slot, generation),
        Named::External(_) => None,
    }
}
