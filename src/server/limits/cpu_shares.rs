//! How much of the processor each network has used: one that asks for more than its share waits, and nobody else does.
//!
//! Flood control is for each connection, and one address may have a hundred. So effort ([`chat::effort`]) is also
//! charged to the network it came from ([`network_of`](crate::chat::hub::network_of)): each may use [`BURST`] at once and
//! [`PART`] of the processor in the long run. What is over is paid for by waiting, as with flood control: its input is
//! not read until its time has come.
//!
//! Invariant: at most [`NETWORKS_MAX`] networks are remembered, and none that owes nothing for long. Does not know what
//! was done.
//!
//! [`chat::effort`]: crate::chat::effort

use crate::net::Tick;
use rustc_hash::FxHashMap;
use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    net::IpAddr,
    time::Duration,
};

/// So many networks are remembered, in half a mebibyte. When all of them are in debt, others are served uncounted: to
/// keep them waiting would let whoever holds many networks shut everyone else out.
const NETWORKS_MAX: usize = 8192;

/// Fewer are not worth a look for those that can be forgotten.
const FEW: usize = 64;

/// How often a full table is looked through.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// Nanoseconds in a unit of effort.
const NANOS_PER_UNIT: u64 = 100;

/// Nanoseconds in a tick.
const NANOS_PER_MILLI: u64 = 1_000_000;

/// One part in so many of the processor is what a network may use in the long run. A quarter is a hundred and fifty
/// thousand deliveries a second, more than a household or an office asks for, and leaves the rest to the others.
const PART: u64 = 4;

/// What a network may use at once, in nanoseconds of the processor: everyone else waits for that long at most. It is
/// two thousand lines of the usual kind.
const BURST: u64 = 20 * NANOS_PER_MILLI;

/// Connections of a network that waits come back within so many milliseconds of each other, in an order of their own each
/// time. At one and the same moment the first would be served and put all others off again, and it would always be the
/// same one. On average it is less than the 80 ms that a network can save up, so one that is alone loses nothing.
const SPREAD_MS: u64 = 128;

/// No network is kept waiting longer than this for what it did before.
const WAIT_MAX: u64 = 10_000 * NANOS_PER_MILLI;

/// Networks that did something lately.
#[derive(Debug)]
pub(crate) struct CpuShares {
    /// When each will have paid for what it did, in nanoseconds of the loop's time.
    paid_at: FxHashMap<IpAddr, u64>,
    /// Until then some network has to wait.
    anyone_waits_until: u64,
    /// At so many entries, those that owe nothing are forgotten.
    tidy_at: usize,
    /// Not before.
    tidy_after: Tick,
    /// How many were told to wait.
    told_to_wait: u64,
}

impl Default for CpuShares {
    fn default() -> Self {
        Self {
            paid_at: FxHashMap::default(),
            anyone_waits_until: 0,
            tidy_at: FEW,
            tidy_after: Tick(0),
            told_to_wait: 0,
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

    /// Whether some network may have to wait. Mostly none has, and nobody need be looked up.
    pub(crate) fn does_anyone_wait(&self, now: Tick) -> bool {
        self.anyone_waits_until > nanos(now)
    }

    /// Until when a network has to wait, if it does.
    pub(crate) fn waits_until(&self, network: IpAddr, now: Tick) -> Option<Tick> {
        let now_ns = nanos(now);
        let free_at = self.paid_at.get(&network)?.saturating_sub(BURST * PART);
        (free_at > now_ns).then(|| Tick(free_at.div_ceil(NANOS_PER_MILLI)))
    }

    /// The moment at which one connection of a network that waits until `free_at` should try again.
    pub(crate) fn stagger(&mut self, free_at: Tick) -> Tick {
        self.told_to_wait = self.told_to_wait.wrapping_add(1);
        // Nobody can wish for a moment, and runs repeat: a lot drawn from the count.
        let lot = BuildHasherDefault::<DefaultHasher>::default().hash_one(self.told_to_wait);
        Tick(free_at.0.saturating_add(lot % SPREAD_MS))
    }

    /// Bytes of memory held.
    pub(crate) fn memory(&self) -> usize {
        self.paid_at.capacity() * size_of::<(IpAddr, u64)>()
    }

    /// Forgets those that owe nothing.
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
    fn who_used_more_than_a_burst_waits_and_the_others_do_not() {
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
    fn nobody_waits_for_ever() {
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
