//! The effects of attacks on other clients: a row for each attack. Times are microseconds unless a name contains
//! seconds.

use super::text::span;
use crate::load::measure::Percentiles;
use serde::{Deserialize, Serialize};

/// The effects of attacks on other clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hostile {
    /// How many victims there were: clients that only sent PINGs.
    pub victims: u64,
    /// PINGs a second of all victims together.
    pub pings_per_second: f64,
    /// The longest that a PING may take, if the user has set it.
    pub at_most: Option<u64>,
    /// The attacks, in order.
    pub attacks: Vec<AttackReport>,
}

/// One attack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttackReport {
    /// Its name.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Why it was not made; then all numbers are zero.
    pub skipped: Option<String>,
    /// Remarks.
    pub notes: Vec<String>,
    /// Attackers that were ready when it began.
    pub attackers: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Lines (or frames, or negotiations) that the attackers sent.
    pub sent: u64,
    /// How many of them the server has handled: it has answered the PING that followed them. Attackers that do not
    /// register get no answers.
    pub taken: Option<u64>,
    /// Attackers whose connections the server refused or closed.
    pub let_go: u64,
    /// How long the victims' PINGs took, from their planned moment.
    pub ping: Option<Percentiles>,
    /// PINGs without an answer; the time they had waited by then is among the numbers.
    pub unanswered: u64,
    /// Seconds from the end of the attack until every victim was answered at once again.
    pub recovery: f64,
    /// The longest turn of the server, if its metrics have it.
    pub server_turn: Option<u64>,
    /// Whether that is only an upper bound.
    pub server_turn_is_bound: bool,
    /// CPU time of the server in seconds, from the beginning to the recovery.
    pub server_cpu: Option<f64>,
    /// The same in percent of a CPU.
    pub server_cpu_percent: Option<f64>,
    /// The longest turn of the tool itself: the victims' PINGs wait for it too.
    pub tool_turn: u64,
}

impl Hostile {
    /// The faults, for the verdict.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for attack in &self.attacks {
            if attack.unanswered > 0 {
                let (name, unanswered) = (&attack.name, attack.unanswered);
                faults.push(format!("{name}: {unanswered} PINGs were not answered"));
            }
            let Some((most, ping)) = self.at_most.zip(attack.ping) else {
                continue;
            };
            if ping.max > most {
                faults.push(format!(
                    "{}: a PING took {}, at most {} is asked for",
                    attack.name,
                    span(ping.max),
                    span(most)
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    #[test]
    fn a_ping_above_the_limit_is_a_fault() {
        let mut hostile = sample::full().hostile.unwrap();
        let faults = hostile.faults();
        assert_eq!(
            faults,
            [
                "nick: 1 PINGs were not answered",
                "nick: a PING took 80.0 ms, at most 50.0 ms is asked for"
            ]
        );
        hostile.at_most = Some(80_000);
        hostile.attacks[0].unanswered = 0;
        assert_eq!(hostile.faults(), [""; 0]);
        hostile.at_most = None;
        assert_eq!(hostile.faults(), [""; 0]);
    }
}
