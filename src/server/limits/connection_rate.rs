//! The rate of new connections of each network, limited in bounded memory.
//!
//! The rule is that of flood control ([`Allowance`]), with a minute in place of its second. A network whose allowance is
//! whole again is forgotten. A refused connection costs nothing, so the next one is accepted as soon as it is due.
//!
//! Invariant: at most [`NETWORKS_MAX`] networks are remembered. Does not know places.

use crate::{
    net::Tick,
    server::limits::rate::{Allowance, Rate},
};
use rustc_hash::FxHashMap;
use std::{net::IpAddr, time::Duration};

/// So many networks are remembered, in half a mebibyte. When all of them connected within the minute, connections from
/// others are not counted: to refuse them would let an attacker with many networks shut all others out.
const NETWORKS_MAX: usize = 8192;

/// A table with fewer networks is not searched for those that can be forgotten.
const FEW: usize = 64;

/// A full table is searched at most so often: not for each of a thousand connections a second.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// An allowance counts by the second; on a clock that is so much slower it counts by the minute.
const SECONDS_PER_MINUTE: u64 = 60;

/// The networks that connected lately.
#[derive(Debug)]
pub(crate) struct ConnectionRate {
    by_network: FxHashMap<IpAddr, Allowance>,
    /// At so many entries, networks whose allowance is whole again are forgotten.
    tidy_at: usize,
    /// But not before this moment.
    tidy_after: Tick,
}

impl Default for ConnectionRate {
    fn default() -> Self {
        Self {
            by_network: FxHashMap::default(),
            tidy_at: FEW,
            tidy_after: Tick(0),
        }
    }
}

impl ConnectionRate {
    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.by_network.capacity() * size_of::<(IpAddr, Allowance)>()
    }

    /// Whether one more connection from this network is within the limit; 0 is no limit.
    pub(crate) fn admits(&mut self, network: IpAddr, per_minute: u32, now: Tick) -> bool {
        if per_minute == 0 {
            // A reload may have switched it off.
            self.by_network = FxHashMap::default();
            return true;
        }
        let slow_now = now.0 / SECONDS_PER_MINUTE;
        if self.by_network.len() >= self.tidy_at && now >= self.tidy_after {
            self.by_network
                .retain(|_, allowance| !allowance.is_whole(slow_now));
            self.tidy_at = (self.by_network.len() * 2).clamp(FEW, NETWORKS_MAX);
            self.tidy_after = now.after(TIDY_EVERY);
        }
        let is_full = self.by_network.len() >= NETWORKS_MAX;
        if is_full && !self.by_network.contains_key(&network) {
            return true;
        }
        let rate = Rate {
            per_second: per_minute,
            burst: per_minute,
        };
        let allowance = self.by_network.entry(network).or_default();
        allowance.take(slow_now, rate).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::hub::network_of;
    use std::net::Ipv4Addr;

    fn ip(text: &str) -> IpAddr {
        network_of(text.parse().unwrap())
    }

    /// How many of `calls` connections from one network are accepted at one moment.
    fn admitted(
        connection_rate: &mut ConnectionRate,
        network: IpAddr,
        calls: u32,
        at: Tick,
    ) -> u32 {
        let calls = (0..calls).filter(|_| connection_rate.admits(network, 10, at));
        calls.count() as u32
    }

    #[test]
    fn a_network_has_a_burst_and_then_a_rate_per_minute() {
        let mut connection_rate = ConnectionRate::default();
        let (here, elsewhere) = (ip("192.0.2.1"), ip("192.0.2.2"));
        assert_eq!(admitted(&mut connection_rate, here, 100, Tick(0)), 10);
        assert_eq!(admitted(&mut connection_rate, here, 100, Tick(5_000)), 0);
        assert_eq!(admitted(&mut connection_rate, here, 100, Tick(6_000)), 1);
        assert_eq!(
            admitted(&mut connection_rate, elsewhere, 100, Tick(6_000)),
            10
        );
        assert_eq!(admitted(&mut connection_rate, here, 100, Tick(66_000)), 10);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        assert_eq!(ip("2001:db8::1"), ip("2001:db8::ffff:0:0:1"));
        assert_ne!(ip("2001:db8::1"), ip("2001:db8:0:1::1"));
        assert_ne!(ip("192.0.2.1"), ip("192.0.2.2"));
    }

    #[test]
    fn zero_is_no_limit_and_frees_the_memory() {
        let mut connection_rate = ConnectionRate::default();
        assert_eq!(
            admitted(&mut connection_rate, ip("192.0.2.1"), 11, Tick(0)),
            10
        );
        assert!(connection_rate.admits(ip("192.0.2.1"), 0, Tick(0)));
        assert!(connection_rate.by_network.is_empty());
    }

    #[test]
    fn a_flood_from_everywhere_is_remembered_in_bounded_memory() {
        let mut connection_rate = ConnectionRate::default();
        let network = |number: u32| IpAddr::from(Ipv4Addr::from_bits(number));
        for number in 0..100_000 {
            let now = Tick(u64::from(number) / 100);
            assert!(connection_rate.admits(network(number), 1, now));
            assert!(connection_rate.by_network.len() <= NETWORKS_MAX);
        }
        // A remembered network is still limited.
        assert!(!connection_rate.admits(network(0), 1, Tick(1_000)));
        // After a minute the old ones are forgotten.
        assert!(connection_rate.admits(network(99_999), 1, Tick(62_000)));
        assert_eq!(connection_rate.by_network.len(), 1);
        assert!(!connection_rate.admits(network(99_999), 1, Tick(62_000)));
    }
}
