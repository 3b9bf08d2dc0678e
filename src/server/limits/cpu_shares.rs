//! How much of the processor each network has used: a network that asks for more than its share waits, the others do not.
//!
//! Flood control is for each connection, and one address may have a hundred. So effort ([`chat::effort`]) is also
//! charged to the network it came from ([`network_of`](crate::chat::hub::network_of)): each may use [`BURST`] at once and
//! one [`PART`]th of the processor in the long run. It pays for more by waiting, as with flood control: its input is not
//! read until then.
//!
//! Invariant: at most [`NETWORKS_MAX`] networks are remembered, and a network that owes nothing is soon forgotten. Does
//! not know what the work was.
//!
//! [`chat::effort`]: crate::chat::effort

use crate::net::Tick;
use rustc_hash::FxHashMap;
use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    net::IpAddr,
    time::Duration,
};

/// So many networks are remembered, in half a mebibyte. When all of them are in debt, the work of others is not counted:
/// to make them wait would let an attacker with many networks shut all others out.
const NETWORKS_MAX: usize = 8192;

/// A table with fewer networks is not searched for those that can be forgotten.
const FEW: usize = 64;

/// A full table is searched at most so often.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// Nanoseconds in a unit of effort.
const NANOS_PER_UNIT: u64 = 100;

/// Nanoseconds in a tick.
const NANOS_PER_MILLI: u64 = 1_000_000;

/// A network may use one part in so many of the processor in the long run. A quarter is a hundred and fifty thousand
/// deliveries a second: more than a household or an office needs, and the rest is left to the others.
const PART: u64 = 4;

/// The time of the processor that a network may use at once, in nanoseconds: all others wait for that long at most. It is
/// enough for two thousand ordinary lines.
const BURST: u64 = 20 * NANOS_PER_MILLI;

/// The connections of a waiting network try again within so many milliseconds of each other, in another order each time.
/// At the same moment, the first would be served and the others would wait again, and the first would always be the same
/// one. The mean is less than the 80 ms that a network can save up, so a single connection loses nothing.
const SPREAD_MS: u64 = 128;

/// A network waits no longer than this for its past work.
const WAIT_MAX: u64 = 10_000 * NANOS_PER_MILLI;

/// The networks for which work was done lately.
#[derive(Debug)]
pub(crate) struct CpuShares {
    /// The moment at which each will have paid for its work, in nanoseconds of the loop's time.
    paid_at: FxHashMap<IpAddr, u64>,
    /// Some network has to wait until this moment.
    anyone_waits_until: u64,
    /// At so many entries, networks that owe nothing are forgotten.
    tidy_at: usize,
    /// But not before this moment.
    tidy_after: Tick,
    /// How often a connection had to wait.
    waits: u64,
}

impl Default for CpuShares {
    fn default() -> Self {
        Self {
            paid_at: FxHashMap::default(),
            anyone_waits_until: 0,
            tidy_at: FEW,
            tidy_after: Tick(0),
            waits: 0,
        }
    }
}

impl CpuShares {
    /// Charges a network for so many units of effort.
    pub(crate) fn charge(&mut self, network: IpAddr, units: u64, now: Tick) {
        self.tidy(now);
        let now_ns = nanos(now);
        let is_full = self.paid_at.len() >= NETWORKS_MAX;
        if is_full && !self.paid_at.contains_key(&network) {
            return;
        }
        let price_ns = units.saturating_mul(NANOS_PER_UNIT * PART);
        let paid_at = self.paid_at.entry(network).or_default();
        let most = now_ns.saturating_add(BURST * PART + WAIT_MAX);
        *paid_at = (*paid_at).max(now_ns).saturating_add(price_ns).min(most);
        let free_at = paid_at.saturating_sub(BURST * PART);
        self.anyone_waits_until = self.anyone_waits_until.max(free_at);
    }

    /// Whether any network has to wait. Mostly none has, and then no network need be looked up.
    pub(crate) fn does_anyone_wait(&self, now: Tick) -> bool {
        self.anyone_waits_until > nanos(now)
    }

    /// The moment until which a network has to wait, if it has to.
    pub(crate) fn waits_until(&self, network: IpAddr, now: Tick) -> Option<Tick> {
        let now_ns = nanos(now);
        let free_at = self.paid_at.get(&network)?.saturating_sub(BURST * PART);
        (free_at > now_ns).then(|| Tick(free_at.div_ceil(NANOS_PER_MILLI)))
    }

    /// The moment at which one connection of a network that waits until `free_at` should try again.
    pub(crate) fn stagger(&mut self, free_at: Tick) -> Tick {
        self.waits = self.waits.wrapping_add(1);
        // Drawn by the count: no client can choose its moment, and test runs repeat.
        let lot = BuildHasherDefault::<DefaultHasher>::default().hash_one(self.waits);
        Tick(free_at.0.saturating_add(lot % SPREAD_MS))
    }

    /// Bytes of memory, room kept for later included.
    pub(crate) fn memory(&self) -> usize {
        self.paid_at.capacity() * size_of::<(IpAddr, u64)>()
    }

    /// Forgets networks that owe nothing.
    fn tidy(&mut self, now: Tick) {
        if self.paid_at.len() < self.tidy_at || now < self.tidy_after {
            return;
        }
        let now_ns = nanos(now);
        self.paid_at.retain(|_, paid_at| *paid_at > now_ns);
        self.paid_at.shrink_to(self.paid_at.len() * 2);
        self.tidy_at = (self.paid_at.len() * 2).clamp(FEW, NETWORKS_MAX);
        self.tidy_after = now.after(TIDY_EVERY);
    }
}

fn nanos(now: Tick) -> u64 {
    now.0.saturating_mul(NANOS_PER_MILLI)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn network(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    /// Units that fill a burst.
    const FULL: u64 = BURST / NANOS_PER_UNIT;

    #[test]
    fn a_network_past_its_burst_waits_and_others_do_not() {
        let mut shares = CpuShares::default();
        shares.charge(network(1), FULL, Tick(1_000));
        assert_eq!(shares.waits_until(network(1), Tick(1_000)), None);
        shares.charge(network(1), FULL, Tick(1_000));
        let until = shares.waits_until(network(1), Tick(1_000));
        assert_eq!(
            until,
            Some(Tick(1_080)),
            "20 ms of work are 80 ms of a quarter"
        );
        assert_eq!(shares.waits_until(network(1), Tick(1_079)), until);
        assert_eq!(shares.waits_until(network(1), Tick(1_080)), None);
        assert_eq!(shares.waits_until(network(2), Tick(1_000)), None);
    }

    #[test]
    fn connections_of_a_network_that_waits_take_turns() {
        let mut shares = CpuShares::default();
        let mut retry_at = [Tick(0); 100];
        let mut served = [0_u32; 100];
        for ms in 0..100_000 {
            let now = Tick(ms);
            // The loop looks at those that are due in the order of their slots.
            for (slot, at) in retry_at.iter_mut().enumerate() {
                if *at > now {
                    continue;
                }
                match shares.waits_until(network(1), now) {
                    Some(until) => *at = shares.stagger(until),
                    None => {
                        served[slot] += 1;
                        shares.charge(network(1), FULL / 10, now);
                    }
                }
            }
        }
        let (least, most) = (served.iter().min(), served.iter().max());
        let total: u32 = served.iter().sum();
        assert!(
            total > 10_000,
            "{total} pieces of 2 ms in 100 s at a quarter"
        );
        let average = total / 100;
        assert!(least >= Some(&(average / 6)), "{least:?} of {average}");
        assert!(most <= Some(&(average * 3)), "{most:?} of {average}");
    }

    #[test]
    fn in_the_long_run_a_network_gets_its_part() {
        let mut shares = CpuShares::default();
        let (mut done, piece) = (0, 1_000);
        for now in (0..10_000).map(Tick) {
            while shares.waits_until(network(1), now).is_none() {
                shares.charge(network(1), piece, now);
                done += piece;
            }
        }
        let ms = done * NANOS_PER_UNIT / NANOS_PER_MILLI;
        assert!((2_500..=2_530).contains(&ms), "{ms} ms of ten seconds");
    }

    #[test]
    fn no_network_waits_longer_than_the_limit() {
        let mut shares = CpuShares::default();
        shares.charge(network(1), u64::MAX, Tick(5));
        shares.charge(network(1), u64::MAX, Tick(5));
        assert_eq!(shares.waits_until(network(1), Tick(5)), Some(Tick(10_005)));
        shares.charge(network(2), u64::MAX, Tick(u64::MAX));
        let _ = shares.waits_until(network(2), Tick(u64::MAX));
    }

    #[test]
    fn many_networks_are_remembered_in_bounded_memory() {
        let mut shares = CpuShares::default();
        for number in 0..100_000 {
            shares.charge(network(number), 2 * FULL, Tick(u64::from(number) / 10_000));
            assert!(shares.paid_at.len() <= NETWORKS_MAX);
        }
        assert!(shares.waits_until(network(0), Tick(10)).is_some());
        assert_eq!(shares.waits_until(network(99_999), Tick(10)), None);
        shares.charge(network(1), 1, Tick(20_000));
        assert_eq!(
            shares.paid_at.len(),
            1,
            "those that owe nothing are forgotten"
        );
        assert!(shares.memory() < 64 * 1024);
    }
}
