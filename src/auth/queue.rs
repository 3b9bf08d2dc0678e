//! Work on passwords that waits for its rounds, in fair order: one piece after the other, a slice at a time. Most of it is
//! checks; the other is new credentials.
//!
//! Clients already known to be right go first. Among the others each address has its turn: the second piece of one address
//! comes after the first of every other, however many that address has sent. A piece is finished before the next one begins,
//! so that none waits longer because others came later.
//!
//! Invariants: at most [`WAITING_MAX`] wait, of one address and kind at most [`of_one_network`], of one key at most one.

use super::{
    credentials::{Credentials, Derivation},
    limiter::{Attempt, PasswordKind},
    verifier::Proof,
};
use std::net::IpAddr;

/// At some 0.2 s for an operator's check, the last of so many waits for a quarter of a minute. A later one is refused at
/// once.
const WAITING_MAX: usize = 64;

/// Of these, for those who are known to be right alone.
const KEPT_FOR_KNOWN: usize = 8;

/// How many may wait of one address.
fn of_one_network(kind: PasswordKind, network: IpAddr) -> usize {
    match kind {
        // Loopback is the address of all clients of a proxy on this machine. The rest is for clients that use none.
        PasswordKind::Account if network.is_loopback() => 48,
        // The users of a bouncer log in together when it connects again, and a check of theirs is cheap.
        PasswordKind::Account => 16,
        // An office with one router has that many operators who log in at the same moment.
        // All that give the same password wait for one check of it.
        PasswordKind::Gateway
        | PasswordKind::Operator
        | PasswordKind::Resume
        | PasswordKind::Invitation
        | PasswordKind::Server => 4,
    }
}

/// There is no room for more work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A piece of work.
#[derive(Debug)]
pub enum Work {
    /// Whether a password is right.
    Check(Attempt, Proof),
    /// Credentials from a new password of an account.
    Derive(Derivation),
}

impl Work {
    fn kind(&self) -> PasswordKind {
        match self {
            Self::Check(attempt, _) => attempt.kind(),
            Self::Derive(_) => PasswordKind::Account,
        }
    }

    fn is_known(&self) -> bool {
        matches!(self, Self::Check(attempt, _) if attempt.is_known())
    }

    fn advance(&mut self, rounds: u32) -> Option<Product> {
        Some(match self {
            Self::Check(_, proof) => Product::Verdict(proof.advance(rounds)?),
            Self::Derive(derivation) => Product::Credentials(derivation.advance(rounds)?),
        })
    }
}

enum Product {
    Verdict(bool),
    Credentials(Credentials),
}

/// The result of a piece of work.
#[derive(Debug)]
pub enum Done {
    /// A password was checked.
    Checked {
        /// For [`Limiter::settle`](super::Limiter::settle).
        attempt: Attempt,
        /// The password was right.
        is_right: bool,
    },
    /// Credentials were made.
    Derived(Credentials),
}

/// See the module's documentation. `K` names who waits.
#[derive(Debug)]
pub struct Queue<K> {
    waiting: Vec<Waiting<K>>,
    /// The round in which the last piece was.
    round: u64,
}

#[derive(Debug)]
struct Waiting<K> {
    key: K,
    network: IpAddr,
    /// Each address has one piece in a round.
    round: u64,
    work: Work,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            round: 0,
        }
    }
}

impl<K: PartialEq + Copy> Queue<K> {
    /// Whether there is room for work of this kind for this one.
    ///
    /// # Errors
    /// There is none.
    pub fn check_room(
        &self,
        key: K,
        network: IpAddr,
        kind: PasswordKind,
        is_known: bool,
    ) -> Result<(), Full> {
        let kept = if is_known { 0 } else { KEPT_FOR_KNOWN };
        let of_network = self.of_network(network);
        let of_kind = of_network.filter(|it| it.work.kind() == kind).count();
        let is_full = self.waiting.len() >= WAITING_MAX - kept;
        if is_full || of_kind >= of_one_network(kind, network) || self.contains(key) {
            return Err(Full);
        }
        Ok(())
    }

    /// Puts work in.
    ///
    /// # Errors
    /// There is no room; see [`check_room`](Self::check_room).
    pub fn push(&mut self, key: K, network: IpAddr, work: Work) -> Result<(), Full> {
        self.check_room(key, network, work.kind(), work.is_known())?;
        let last = self.of_network(network).map(|it| it.round).max();
        let round = last.map_or(self.round, |last| last + 1);
        self.waiting.push(Waiting {
            key,
            network,
            round,
            work,
        });
        Ok(())
    }

    /// Works for at most so many rounds on the piece whose turn it is; returns whose it was, and the result, if that was its
    /// end.
    pub fn advance(&mut self, rounds: u32) -> Option<(K, Done)> {
        // The first of the least: they are in the order in which they came.
        let turn = |it: &Waiting<K>| (!it.work.is_known(), it.round);
        let next = self
            .waiting
            .iter()
            .enumerate()
            .min_by_key(|(_, it)| turn(it));
        let index = next?.0;
        let product = self.waiting[index].work.advance(rounds)?;
        let piece = self.waiting.remove(index);
        self.round = self.round.max(piece.round);
        let done = match (piece.work, product) {
            (Work::Check(attempt, _), Product::Verdict(is_right)) => {
                Done::Checked { attempt, is_right }
            }
            (_, Product::Credentials(credentials)) => Done::Derived(credentials),
            (Work::Derive(_), Product::Verdict(_)) => unreachable!("a derivation has no verdict"),
        };
        Some((piece.key, done))
    }

    /// Removes the work for a connection that has ended.
    pub fn remove(&mut self, key: K) {
        self.waiting.retain(|it| it.key != key);
    }

    /// Whether work for this one waits.
    pub fn contains(&self, key: K) -> bool {
        self.waiting.iter().any(|it| it.key == key)
    }

    /// How many pieces wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn of_network(&self, network: IpAddr) -> impl Iterator<Item = &Waiting<K>> {
        self.waiting.iter().filter(move |it| it.network == network)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Caller, Limiter, PasswordHash, PasswordKind, Verifier},
        *,
    };
    use std::time::Duration;

    fn verifier() -> Verifier {
        let hash = PasswordHash::new("secret", [1; 16], 100);
        Verifier::new(vec![("root".into(), hash)])
    }

    fn caller(number: u8) -> Caller<'static> {
        Caller {
            network: [192, 0, 2, number].into(),
            certificate: None,
            is_first: false,
        }
    }

    /// Puts a guess of an address in, under a name of its own.
    fn push(queue: &mut Queue<u32>, limiter: &mut Limiter, key: u32, number: u8) -> bool {
        let (now, name) = (Duration::ZERO, key.to_string());
        let attempt = limiter.admit(PasswordKind::Operator, &name, caller(number), now);
        let proof = verifier().begin(&name, "wrong");
        let network = caller(number).network;
        attempt.is_ok_and(|attempt| {
            let work = Work::Check(attempt, proof);
            queue.push(key, network, work).is_ok()
        })
    }

    fn order(queue: &mut Queue<u32>) -> Vec<u32> {
        let mut order = Vec::new();
        while !queue.is_empty() {
            order.extend(queue.advance(30).map(|(key, _)| key));
        }
        order
    }

    #[test]
    fn each_address_has_its_turn() {
        let (mut queue, mut limiter) = (Queue::default(), Limiter::default());
        for (key, number) in [(10, 1), (11, 1), (12, 1), (20, 2), (30, 3), (21, 2)] {
            assert!(push(&mut queue, &mut limiter, key, number));
        }
        assert_eq!(order(&mut queue), [10, 20, 30, 11, 21, 12]);
    }

    #[test]
    fn beside_any_number_of_guessers_one_known_waits_for_no_one() {
        let (mut queue, mut limiter) = (Queue::default(), Limiter::default());
        let now = Duration::ZERO;
        let attempt = limiter.admit(PasswordKind::Operator, "root", caller(250), now);
        limiter.settle(attempt.unwrap(), true, now);
        let admitted = (0..200).filter(|n| push(&mut queue, &mut limiter, *n, *n as u8));
        assert_eq!(admitted.count(), WAITING_MAX - KEPT_FOR_KNOWN);
        // Somebody else's check has begun.
        assert!(queue.advance(1).is_none());
        let attempt = limiter
            .admit(PasswordKind::Operator, "root", caller(250), now)
            .unwrap();
        assert!(attempt.is_known());
        let proof = verifier().begin("root", "secret");
        let work = Work::Check(attempt, proof);
        queue.push(1000, caller(250).network, work).unwrap();
        let (key, done) = queue.advance(u32::MAX).unwrap();
        assert_eq!(key, 1000);
        assert!(matches!(done, Done::Checked { is_right: true, .. }));
    }

    #[test]
    fn one_address_and_one_key_have_little_room() {
        let (mut queue, mut limiter) = (Queue::default(), Limiter::default());
        assert!(push(&mut queue, &mut limiter, 7, 1));
        assert!(!push(&mut queue, &mut limiter, 7, 2), "one of each key");
        for key in 0..8 {
            push(&mut queue, &mut limiter, 100 + key, 1);
        }
        let room = of_one_network(PasswordKind::Operator, caller(1).network);
        assert!(queue.of_network(caller(1).network).count() <= room);
        // Accounts have room of their own.
        for key in 200..216 {
            let work = Work::Derive(Derivation::new("new", [2; 16], 100));
            queue.push(key, caller(1).network, work).unwrap();
        }
        let work = Work::Derive(Derivation::new("new", [2; 16], 100));
        assert_eq!(queue.push(216, caller(1).network, work), Err(Full));
        queue.remove(7);
        assert!(!queue.contains(7));
    }

    #[test]
    fn new_credentials_are_made_in_turn() {
        let (mut queue, mut limiter) = (Queue::default(), Limiter::default());
        assert!(push(&mut queue, &mut limiter, 1, 1));
        let work = Work::Derive(Derivation::new("new", [2; 16], 70));
        queue.push(2, caller(2).network, work).unwrap();
        assert!(push(&mut queue, &mut limiter, 3, 3));
        let mut done = Vec::new();
        while !queue.is_empty() {
            done.extend(queue.advance(30));
        }
        assert_eq!(
            done.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        let expected = Derivation::new("new", [2; 16], 70).finish();
        assert!(matches!(&done[1].1, Done::Derived(credentials) if *credentials == expected));
    }
}
