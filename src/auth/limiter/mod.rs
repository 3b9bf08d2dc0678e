//! Limits on guessing: delays that grow with each wrong password, by address and by name, in bounded memory.
//!
//! An address that guesses waits longer and longer. A name that is guessed from many addresses waits too, but never long:
//! otherwise an attacker who knows a name could shut its owner out. A client that was right before, from an address or
//! with a certificate, is known, and is judged by its own mistakes alone, so an attack on its name does not delay it.
//!
//! The first OPER of a connection does not wait for others: where its address was right before, on loopback, and for its
//! name where its address has made no mistake. Otherwise clients that ask without pause would take every free moment.
//!
//! An attempt is charged as a failure when it begins, and is given back if it was right: a hundred attempts at once are no
//! way around the count. An attempt that comes too early is refused and costs nothing more.
//!
//! Names are kept as keyed hashes, so that names that exist and names that do not are counted alike, in the same space.
//! Loopback is the address of all clients of a proxy on this machine, so its delays stay short.
//!
//! Invariant: each table holds at most its limit; the least guilty are forgotten first, then the oldest. Time comes in, as
//! the span since any fixed moment of a monotonic clock.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    time::Duration,
};

/// A table holds at most so many entries; some 200 KiB.
const ENTRIES_MAX: usize = 4096;

/// The clients that were right before, for each kind of password.
const KNOWN_MAX: usize = 1024;

/// After so long without a mistake, earlier ones do not count.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// What a password gives access to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasswordKind {
    /// The server itself (IRC's PASS, telnet's question).
    Server,
    /// The rights of an operator of the server (OPER).
    Operator,
    /// An account.
    Account,
    /// The name of a user whose connection died (a resume token).
    Resume,
    /// A new account (the token of an invitation).
    Invitation,
    /// The right to say for which client a connection was made (WEBIRC).
    Gateway,
}

impl PasswordKind {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Server,
        Self::Operator,
        Self::Account,
        Self::Resume,
        Self::Invitation,
        Self::Gateway,
    ];

    /// Its name in the log and in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Operator => "operator",
            Self::Account => "account",
            Self::Resume => "resume",
            Self::Invitation => "invitation",
            Self::Gateway => "gateway",
        }
    }
}

/// The client that tries.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// What counts as one address.
    pub network: IpAddr,
    /// The fingerprint of the certificate that they proved to have.
    pub certificate: Option<&'a str>,
    /// Whether this is the first attempt of their connection. An operator's password does not then wait for the mistakes of
    /// others where many users have one address, so that endless guessers cannot keep a new client out.
    pub is_first: bool,
}

/// How a delay grows.
#[derive(Clone, Copy, Debug)]
struct Curve {
    /// Mistakes that cost nothing.
    free: u32,
    /// The delay after the first mistake that does; each further one doubles it.
    first: Duration,
    /// Up to this.
    most: Duration,
}

/// People mistype. Four days of guessing are then 500 guesses.
const OF_ADDRESS: Curve = Curve {
    free: 3,
    first: Duration::from_secs(1),
    most: Duration::from_secs(15 * 60),
};

/// Behind one address there is a household, and a client of one of them that tries again and again with an old password:
/// the others must be able to come in between.
const OF_ADDRESS_AT_SERVER: Curve = Curve {
    most: Duration::from_secs(60),
    ..OF_ADDRESS
};

/// Behind one address there may be a bouncer with many users, which connects all of them again at the same moment: until
/// their passwords are checked, each counts as a mistake. A day of guessing is then some 300 guesses.
const OF_ADDRESS_AT_ACCOUNTS: Curve = Curve {
    free: 10,
    most: Duration::from_secs(5 * 60),
    ..OF_ADDRESS
};

/// However many addresses guess. A name's owner who calls from a new address has to find a gap between them.
const OF_NAME: Curve = Curve {
    free: 5,
    first: Duration::from_millis(250),
    most: Duration::from_secs(4),
};

/// Of one who is known, and of loopback.
const MILD: Curve = Curve {
    most: Duration::from_secs(4),
    ..OF_ADDRESS
};

/// Wrong passwords of one address or name.
#[derive(Clone, Copy, Debug, Default)]
struct Strikes {
    count: u32,
    /// When the last one was.
    last: Duration,
}

impl Strikes {
    /// How long the next attempt has to wait.
    fn wait(self, curve: Curve, now: Duration) -> Duration {
        let Some(doublings) = self.count.checked_sub(curve.free + 1) else {
            return Duration::ZERO;
        };
        if self.is_forgotten(now) {
            return Duration::ZERO;
        }
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let delay = curve.first.saturating_mul(factor).min(curve.most);
        (self.last + delay).saturating_sub(now)
    }

    fn is_forgotten(self, now: Duration) -> bool {
        now.saturating_sub(self.last) >= FORGOTTEN_AFTER
    }

    fn charge(&mut self, now: Duration) {
        if self.is_forgotten(now) {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
    }
}

/// Strikes by key.
#[derive(Debug)]
struct Table<K> {
    entries: HashMap<K, Strikes>,
    entries_max: usize,
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn new(entries_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            entries_max,
        }
    }

    fn get(&self, key: K) -> Option<Strikes> {
        self.entries.get(&key).copied()
    }

    /// The entry of a key, for which room is made if need be.
    fn entry(&mut self, key: K) -> &mut Strikes {
        if self.entries.len() >= self.entries_max && !self.entries.contains_key(&key) {
            self.make_room();
        }
        self.entries.entry(key).or_default()
    }

    /// Forgets a quarter: the least guilty, and of these the oldest. Not one at a time: each costs a walk.
    fn make_room(&mut self) {
        let weight = |strikes: &Strikes| (strikes.count, strikes.last);
        let mut weights: Vec<_> = self.entries.values().map(weight).collect();
        let (_, bound, _) = weights.select_nth_unstable(self.entries_max / 4);
        let bound = *bound;
        self.entries.retain(|_, strikes| weight(strikes) > bound);
    }
}

/// By what an attempt is judged.
#[derive(Clone, Copy, Debug)]
enum Judge {
    /// By their own mistakes: they were right before.
    Known(u64),
    /// By those of the address and of the name.
    Stranger,
}

/// An attempt that may be made. It has been charged as a wrong one.
#[derive(Debug)]
pub struct Attempt {
    kind: PasswordKind,
    network: IpAddr,
    name: u64,
    /// Under these they are known if they are right.
    pairs: [Option<u64>; 2],
    judge: Judge,
}

impl Attempt {
    /// What the password gives access to.
    pub fn kind(&self) -> PasswordKind {
        self.kind
    }

    /// Whether they were right before.
    pub fn is_known(&self) -> bool {
        matches!(self.judge, Judge::Known(_))
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Limiter {
    networks: Table<(PasswordKind, IpAddr)>,
    names: Table<u64>,
    known: [Table<u64>; PasswordKind::ALL.len()],
    keys: RandomState,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            networks: Table::new(ENTRIES_MAX),
            names: Table::new(ENTRIES_MAX),
            known: PasswordKind::ALL.map(|_| Table::new(KNOWN_MAX)),
            keys: RandomState::new(),
        }
    }
}

impl Limiter {
    /// Lets a client try a password for a name (empty for the server's password).
    ///
    /// # Errors
    /// How long they have to wait first.
    pub fn admit(
        &mut self,
        kind: PasswordKind,
        name: &str,
        caller: Caller<'_>,
        now: Duration,
    ) -> Result<Attempt, Duration> {
        let network = caller.network;
        // Everyone makes connections. The first attempt of each is free of other clients' mistakes for an operator, of whom
        // there are few; of accounts everyone has one, and knows the names of all others.
        let is_free = caller.is_first && kind != PasswordKind::Account;
        let by_certificate = caller.certificate.map(|it| self.keys.hash_one((name, it)));
        let pairs = [by_certificate, Some(self.keys.hash_one((name, network)))];
        let known = &mut self.known[kind as usize];
        let name = self.keys.hash_one((kind, name));
        let mut judge = Judge::Stranger;
        if let Some(pair) = pairs
            .into_iter()
            .flatten()
            .find(|it| known.get(*it).is_some())
        {
            let strikes = known.entry(pair);
            match strikes.wait(MILD, now) {
                wait if !wait.is_zero() && !is_free => return Err(wait),
                _ => strikes.charge(now),
            }
            judge = Judge::Known(pair);
        } else {
            let of = |strikes: Option<Strikes>, curve| {
                strikes.map_or(Duration::ZERO, |it| it.wait(curve, now))
            };
            let strikes = self.networks.get((kind, network));
            let mut by_address = of(strikes, curve_of(kind, network));
            let mut by_name = of(self.names.get(name), OF_NAME);
            if caller.is_first && kind != PasswordKind::Server {
                // Loopback is every client of a proxy. And an address that has made no mistake is no part of an attack on
                // the name yet.
                let is_many = network.is_loopback();
                let is_innocent = strikes.is_none_or(|it| it.count == 0 || it.is_forgotten(now));
                by_address = if is_many { Duration::ZERO } else { by_address };
                by_name = if is_many && is_free || is_innocent {
                    Duration::ZERO
                } else {
                    by_name
                };
            }
            match by_address.max(by_name) {
                Duration::ZERO => {}
                wait => return Err(wait),
            }
            self.networks.entry((kind, network)).charge(now);
            if kind != PasswordKind::Server {
                self.names.entry(name).charge(now);
            }
        }
        Ok(Attempt {
            kind,
            network,
            name,
            pairs,
            judge,
        })
    }

    /// Records the result of an attempt. One that was broken off needs no record: it stays charged.
    pub fn settle(&mut self, attempt: Attempt, is_right: bool, now: Duration) {
        let Attempt { kind, network, .. } = attempt;
        match (attempt.judge, is_right) {
            // The delay counts from the answer.
            (Judge::Known(pair), false) => self.known[kind as usize].entry(pair).last = now,
            (Judge::Stranger, false) => {
                self.networks.entry((kind, network)).last = now;
                if kind != PasswordKind::Server {
                    self.names.entry(attempt.name).last = now;
                }
            }
            (judge, true) => {
                if let Judge::Stranger = judge {
                    self.forgive(kind, network);
                    if let Some(strikes) = self.names.entries.get_mut(&attempt.name) {
                        // Theirs; those of others stay.
                        strikes.count = strikes.count.saturating_sub(1);
                    }
                }
                for pair in attempt.pairs.into_iter().flatten() {
                    *self.known[kind as usize].entry(pair) = Strikes {
                        count: 0,
                        last: now,
                    };
                }
            }
        }
    }

    /// An address was right as a stranger.
    fn forgive(&mut self, kind: PasswordKind, network: IpAddr) {
        match kind {
            // Anyone can make an account, or get a token. If a right one of one's own took back the mistakes, every tenth
            // guess at those of others would be free.
            PasswordKind::Account | PasswordKind::Resume | PasswordKind::Invitation => {
                let strikes = self.networks.entry((kind, network));
                strikes.count = strikes.count.saturating_sub(1);
            }
            PasswordKind::Gateway | PasswordKind::Operator | PasswordKind::Server => {
                self.networks.entries.remove(&(kind, network));
            }
        }
    }

    /// Gives an attempt back that was not made after all.
    pub fn give_back(&mut self, attempt: &Attempt) {
        let less = |strikes: &mut Strikes| strikes.count = strikes.count.saturating_sub(1);
        match attempt.judge {
            Judge::Known(pair) => less(self.known[attempt.kind as usize].entry(pair)),
            Judge::Stranger => {
                less(self.networks.entry((attempt.kind, attempt.network)));
                if attempt.kind != PasswordKind::Server {
                    less(self.names.entry(attempt.name));
                }
            }
        }
    }
}

fn curve_of(kind: PasswordKind, network: IpAddr) -> Curve {
    match kind {
        _ if network.is_loopback() => MILD,
        PasswordKind::Account | PasswordKind::Resume | PasswordKind::Invitation => {
            OF_ADDRESS_AT_ACCOUNTS
        }
        PasswordKind::Server => OF_ADDRESS_AT_SERVER,
        PasswordKind::Gateway | PasswordKind::Operator => OF_ADDRESS,
    }
}

#[cfg(test)]
mod tests;
