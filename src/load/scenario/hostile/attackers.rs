//! The attackers among the clients: which of them are ready, what they are to do, and waiting for them.

use super::{attack::Attack, observer::AttackObserver};
use crate::{
    load::{
        clients::{Endpoint, Role},
        dial::Manner,
        runner::Runner,
        target::ClientMode,
    },
    net::ConnId,
};
use std::{io, time::Duration};

/// Calls placed in one turn at most.
pub(super) const CALLS_PER_TURN: usize = 64;

/// Lets the loop turn until a condition holds, or for this long; returns whether it holds.
pub(super) fn wait(
    runner: &mut Runner<AttackObserver>,
    time: Duration,
    is_so: impl Fn(&mut Runner<AttackObserver>) -> bool,
) -> io::Result<bool> {
    let end = runner.now().after(time);
    while !is_so(runner) {
        if runner.now() >= end || runner.is_stopped() {
            return Ok(false);
        }
        runner.clients().events.clear();
        let done = runner.observer().done;
        runner.step(Some(end), done)?;
    }
    Ok(true)
}

/// The attackers that are ready, each with its index.
pub(super) fn present_attackers(runner: &mut Runner<AttackObserver>) -> Vec<(ConnId, u32)> {
    let first = runner.observer().first();
    let clients = runner.clients();
    let ready = clients
        .ready()
        .filter_map(|id| Some((id, clients.get(id)?.index)));
    ready.filter(|(_, index)| *index >= first).collect()
}

/// The role of an attacker. `name` is the number for its name: an attacker that reconnects has a new one.
pub(super) fn role(
    observer: &AttackObserver,
    attack: Attack,
    number: u32,
    name: u32,
    endpoint: Endpoint,
) -> Role {
    let context = observer.attack.as_ref().map(|(_, context)| context);
    Role {
        index: observer.first() + number,
        mode: match attack.is_nameless() {
            true => ClientMode::ConnectOnly,
            false => ClientMode::Register,
        },
        manner: Manner::Abrupt,
        endpoint,
        ..Role::without_room(context.map_or(0, |context| context.number(name)))
    }
}
