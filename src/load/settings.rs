//! What was asked for, by the names of the options, for the report: two runs that differ in it are hard to compare.

use super::{Drive, Fanout, Scenario};
use std::collections::BTreeMap;

/// All settings of a scenario.
pub(super) fn settings(scenario: &Scenario) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        all.insert(name.to_owned(), value);
    };
    let people = |people: Option<usize>| people.map_or("none".into(), |people| people.to_string());
    match scenario {
        Scenario::Churn(churn) => {
            set("concurrency", churn.concurrency.to_string());
            set("for", format!("{:?}", churn.time));
            set("raw", churn.raw.to_string());
        }
        Scenario::Echo(echo) => {
            set("connections", echo.connections.to_string());
            set("size", echo.size.to_string());
            set("for", format!("{:?}", echo.time));
        }
        Scenario::Fanout(fanout) => {
            talk(fanout, &mut set);
            set("idle", fanout.idle.to_string());
        }
        Scenario::Hostile(hostile) => {
            let names: Vec<&str> = hostile.attacks.iter().map(|attack| attack.name()).collect();
            set("attack", names.join(","));
            set("clients", hostile.clients.to_string());
            set("victims", hostile.victims.to_string());
            set("rate", hostile.rate.to_string());
            set("for", format!("{:?}", hostile.time));
            set("rest", format!("{:?}", hostile.rest));
            set("rooms", hostile.rooms.to_string());
            set("masks", hostile.masks.to_string());
        }
        Scenario::Idle(idle) => {
            set("connections", idle.connections.to_string());
            set("hold", format!("{:?}", idle.hold));
            set("raw", idle.raw.to_string());
            set("per-room", people(idle.per_room));
        }
        Scenario::Slow(slow) => {
            talk(&slow.talk, &mut set);
            set("slow", slow.slow.to_string());
        }
        Scenario::Storm(storm) => {
            set("connections", storm.connections.to_string());
            set("raw", storm.raw.to_string());
            set("per-room", people(storm.per_room));
        }
    }
    all
}

fn talk(fanout: &Fanout, set: &mut impl FnMut(&str, String)) {
    set("receivers", fanout.receivers.to_string());
    set("senders", fanout.senders.to_string());
    set("rooms", fanout.rooms.to_string());
    set("payload", fanout.payload.to_string());
    set("for", format!("{:?}", fanout.time));
    match fanout.drive {
        Drive::Rate(rate) => set("rate", rate.to_string()),
        Drive::Window(window) => set("window", window.to_string()),
    }
}
