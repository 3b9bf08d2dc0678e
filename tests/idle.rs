//! Thousands who say nothing: they cost little memory and no time at all (docs/PITFALLS.md, 7).

mod common;

use common::{Client, QUESTION, Server, report};
use std::{
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 2000;

/// How long the server is watched while nothing is due.
const WATCHED: Duration = Duration::from_secs(3);

#[test]
fn thousands_who_are_silent_cost_little_memory_and_no_wake_ups() {
    let mut server = Server::start();
    let address = server.address();
    // Whatever is made once is there before the measurement.
    let mut first = Client::enter(address, "first");
    first.send("/join elsewhere");
    first.send("/leave lobby");
    first.skip_all();
    let before = server.process().usage();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::connect(address)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        // Each in a room of their own, or what they read of each other's coming would take the test a minute.
        client.send(&format!("guest{number}"));
        client.send(&format!("/join room{number}"));
        client.send("/leave lobby");
        client.skip_to(QUESTION);
        client.skip_all();
    }
    // Nobody owes anyone an answer any more: the next turn that ends is the last.
    let at_rest = settled(&server);
    let per_client = at_rest.resident.saturating_sub(before.resident) / CLIENTS;
    report(&format!(
        "{per_client} bytes for each idle client (of this build, own room included)"
    ));
    assert!(per_client < 2000, "{per_client} bytes for each idle client");

    let start = Instant::now();
    thread::sleep(WATCHED);
    let (after, took) = (server.process().usage(), start.elapsed());
    let (woken, busy) = (after.sleeps - at_rest.sleeps, after.cpu - at_rest.cpu);
    report(&format!("{woken} wake-ups and {busy:?} of CPU in {took:?}"));
    assert!(
        woken <= took.as_secs() + 1,
        "woken {woken} times in {took:?}"
    );
    assert!(busy <= Duration::from_millis(20), "busy for {busy:?}");

    // And they are all still there.
    clients[0].send("/msg guest1999 are you there?");
    clients[CLIENTS - 1].expect("*guest0* are you there?");
    server.expect_unharmed();
}

/// What the server has used when it has not been woken up for a while: the registration deadlines of those who have
/// given their names are still to come, and go unnoticed.
#[track_caller]
fn settled(server: &Server) -> common::Usage {
    let mut last = server.process().usage();
    common::wait_for("a server at rest", || {
        thread::sleep(Duration::from_millis(300));
        let now = server.process().usage();
        let is_at_rest = now.sleeps == last.sleeps;
        last = now;
        is_at_rest.then_some(now)
    })
}
