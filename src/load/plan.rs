//! The arithmetic before the first socket: are there enough ports and descriptors?
//!
//! A run that cannot work is refused here, with the numbers and a remedy, instead of failing half-way through the
//! ramp. Reads the limits of this machine ([`Facts::of_this_machine`]); the arithmetic itself is plain functions.

use crate::os::descriptors;
use std::{
    fmt, fs,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};

/// Descriptors for other things than connections: the poll, signals, the timer, `/proc`, the report, standard
/// streams.
const KEPT: u64 = 64;

/// Connections from one address of the loopback network before the next is used. A thousand is far below the number
/// of ports, and servers may limit connections per address.
const CALLERS_PER_SOURCE: usize = 1000;

/// The limits of this machine.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The ports that the system gives to outgoing connections.
    pub(super) ephemeral: RangeInclusive<u16>,
    /// How many descriptors a process may have open, after raising the soft limit.
    pub(super) descriptors: u64,
}

impl Facts {
    /// Raises the soft limit of descriptors to the hard limit and reads the limits that hold then.
    pub(super) fn of_this_machine() -> Self {
        Self {
            ephemeral: fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
                .ok()
                .and_then(|text| parse_range(&text))
                // RFC 6335 section 6: the dynamic ports.
                .unwrap_or(49152..=65535),
            descriptors: descriptors::raise_limit(),
        }
    }
}

fn parse_range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(low)), Some(Ok(high))) if low <= high => Some(low..=high),
        _ => None,
    }
}

/// What a run needs.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// Sockets open at the same time.
    pub(super) connections: usize,
    /// The server's address.
    pub(super) target: SocketAddr,
    /// The source addresses that the user named; empty for our choice.
    pub(super) sources: Vec<IpAddr>,
}

/// A run that can work. `Display` shows the arithmetic to the user.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Source addresses, used in turn; empty: the system chooses.
    pub(super) sources: Vec<IpAddr>,
    need: Need,
    facts: Facts,
}

impl Plan {
    /// Does the arithmetic.
    ///
    /// # Errors
    /// What is missing, how much of it, and what would help.
    pub(super) fn make(need: Need, facts: Facts) -> Result<Self, String> {
        let Need {
            connections,
            target,
            ..
        } = need;
        let room = facts.descriptors.saturating_sub(KEPT);
        if connections as u64 > room {
            return Err(format!(
                "{connections} connections need {} descriptors and this process may have {}: ask for at most {room}, \
                 or raise the hard limit (ulimit -Hn)",
                connections as u64 + KEPT,
                facts.descriptors,
            ));
        }
        for source in &need.sources {
            if source.is_ipv4() != target.is_ipv4() {
                return Err(format!(
                    "--source {source} cannot call {}: one is IPv4, the other IPv6",
                    target.ip()
                ));
            }
        }
        let sources = if need.sources.is_empty() {
            loopback_sources(target.ip(), connections)
        } else {
            need.sources.clone()
        };
        let plan = Self {
            sources,
            need,
            facts,
        };
        if connections > plan.ports() {
            return Err(format!(
                "{connections} connections from {} to {target} need as many ports and there are {}: add addresses \
                 with --source, or widen net.ipv4.ip_local_port_range",
                plan.callers(),
                plan.ports(),
            ));
        }
        Ok(plan)
    }

    /// Connections that can exist at the same time: ports times addresses.
    fn ports(&self) -> usize {
        self.facts.ephemeral.len() * self.sources.len().max(1)
    }

    fn callers(&self) -> String {
        match &self.sources[..] {
            [] => "one address".into(),
            [only] => only.to_string(),
            [first, .., last] => format!("{} addresses ({first} to {last})", self.sources.len()),
        }
    }
}

/// Addresses of 127.0.0.0/8 to connect to a loopback server from, without 127.0.0.1. The IPv6 loopback network is one
/// address, and of other networks only the user knows which addresses are ours.
fn loopback_sources(target: IpAddr, connections: usize) -> Vec<IpAddr> {
    if !matches!(target, IpAddr::V4(ip) if ip.is_loopback()) {
        return Vec::new();
    }
    let count = connections.div_ceil(CALLERS_PER_SOURCE).max(1);
    let address = |n: usize| IpAddr::from([127, 0, (n / 200 + 1) as u8, (n % 200 + 1) as u8]);
    (0..count.min(200 * 200)).map(address).collect()
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = self.need.connections;
        let (low, high) = (self.facts.ephemeral.start(), self.facts.ephemeral.end());
        writeln!(f, "plan: {connections} connections to {}", self.need.target)?;
        writeln!(
            f,
            "  ports: {} ({low} to {high}) from {} make room for {}",
            self.facts.ephemeral.len(),
            self.callers(),
            self.ports(),
        )?;
        let needed = connections as u64 + KEPT;
        match self.facts.descriptors {
            u64::MAX => write!(f, "  descriptors: {needed}, and no limit"),
            limit => write!(f, "  descriptors: {needed} of {limit} (soft limit raised)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            ephemeral: 32768..=60999,
            descriptors: 200_000,
        }
    }

    fn make(connections: usize, target: &str, sources: &[&str]) -> Result<Plan, String> {
        let need = Need {
            connections,
            target: target.parse().unwrap(),
            sources: sources.iter().map(|ip| ip.parse().unwrap()).collect(),
        };
        Plan::make(need, facts())
    }

    #[test]
    fn the_arithmetic_is_shown() {
        let plan = make(15_000, "127.0.0.1:6667", &[]).unwrap();
        assert_eq!(
            plan.to_string(),
            "plan: 15000 connections to 127.0.0.1:6667\n  \
             ports: 28232 (32768 to 60999) from 15 addresses (127.0.1.1 to 127.0.1.15) make room for 423480\n  \
             descriptors: 15064 of 200000 (soft limit raised)"
        );
    }

    #[test]
    fn runs_that_cannot_work_are_refused() {
        for (connections, target, sources, word) in [
            (199_937, "127.0.0.1:1", &[][..], "ask for at most 199936"),
            (28_233, "[::1]:1", &[], "--source"),
            (28_233, "10.0.0.1:1", &[], "there are 28232"),
            (56_465, "10.0.0.1:1", &["10.0.0.2", "10.0.0.3"], "56464"),
            (1, "[::1]:1", &["127.0.0.1"], "IPv6"),
        ] {
            let complaint = make(connections, target, sources).unwrap_err();
            assert!(complaint.contains(word), "{complaint}");
        }
    }

    #[test]
    fn runs_that_just_fit_are_planned() {
        make(199_936, "127.0.0.1:1", &[]).unwrap();
        make(28_232, "[::1]:1", &[]).unwrap();
        make(56_464, "10.0.0.1:1", &["10.0.0.2", "10.0.0.3"]).unwrap();
    }

    #[test]
    fn sources_are_different_addresses_of_the_loopback_network() {
        let mut plan = make(199_936, "127.0.0.1:1", &[]).unwrap();
        assert_eq!(plan.sources.len(), 200);
        plan.sources
            .extend(loopback_sources("127.0.0.1".parse().unwrap(), 2_000_000));
        let all = |n: usize| plan.sources[200..][n];
        assert_eq!(all(1999), "127.0.10.200".parse::<IpAddr>().unwrap());
        assert!(plan.sources.iter().all(IpAddr::is_loopback));
    }

    #[test]
    fn port_ranges_are_parsed() {
        assert_eq!(parse_range("32768\t60999\n"), Some(32768..=60999));
        assert_eq!(parse_range("2 1"), None);
        assert_eq!(parse_range(""), None);
        assert_eq!(parse_range("1"), None);
    }
}
