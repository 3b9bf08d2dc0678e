//! Checks that wait for their rounds, in fair order: one after the other, a slice at a time.
//!
//! Those already known to be right go first. Among the others each address has its turn: the second check of one address
//! comes after the first of every other, however many that address has sent. A check is finished before the next one begins,
//! so that no check waits longer because others came later.
//!
//! Invariants: at most [`WAITING_MAX`] wait, of one address at most [`OF_ONE_NETWORK`], of one key at most one.

use super::{limiter::Attempt, verifier::Proof};
use std::net::IpAddr;

/// At some 0.2 s a check, the last of so many waits for a quarter of a minute. A later one is refused at once.
const WAITING_MAX: usize = 64;

/// Of these, for those who are known to be right alone.
const KEPT_FOR_KNOWN: usize = 8;

/// For one address. An office with one router has that many operators who log in at the same moment.
const OF_ONE_NETWORK: usize = 4;

/// There is no room for another check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What came of a check.
#[derive(Debug)]
pub struct Verdict<K> {
    /// Whose it was.
    pub key: K,
    /// For [`Limiter::settle`](super::Limiter::settle).
    pub attempt: Attempt,
    /// The password was right.
    pub is_right: bool,
}

/// See the module's documentation. `K` names who waits.
#[derive(Debug)]
pub struct Queue<K> {
    waiting: Vec<Waiting<K>>,
    /// The round in which the last check was.
    round: u64,
}

#[derive(Debug)]
struct Waiting<K> {
    key: K,
    network: IpAddr,
    /// Each address has one check in a round.
    round: u64,
    attempt: Attempt,
    proof: Proof,
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
    /// Whether there is room for a check of this one.
    ///
    /// # Errors
    /// There is none.
    pub fn check_room(&self, key: K, network: IpAddr, is_known: bool) -> Result<(), Full> {
        let kept = if is_known { 0 } else { KEPT_FOR_KNOWN };
        let of_network = self.of_network(network).count();
        let is_full = self.waiting.len() >= WAITING_MAX - kept;
        if is_full || of_network >= OF_ONE_NETWORK || self.contains(key) {
            return Err(Full);
        }
        Ok(())
    }

    /// Puts a check in.
    ///
    /// # Errors
    /// There is no room; see [`check_room`](Self::check_room).
    pub fn push(
        &mut self,
        key: K,
        network: IpAddr,
        (attempt, proof): (Attempt, Proof),
    ) -> Result<(), Full> {
        self.check_room(key, network, attempt.is_known())?;
        let last = self.of_network(network).map(|it| it.round).max();
        let round = last.map_or(self.round, |last| last + 1);
        self.waiting.push(Waiting {
            key,
            network,
            round,
            attempt,
            proof,
        });
        Ok(())
    }

    /// Works for at most so many rounds on the check whose turn it is; returns the result if that was its end.
    pub fn advance(&mut self, rounds: u32) -> Option<Verdict<K>> {
        // The first of the least: they are in the order in which they came.
        let turn = |it: &Waiting<K>| (!it.attempt.is_known(), it.round);
        let next = self
            .waiting
            .iter()
            .enumerate()
            .min_by_key(|(_, it)| turn(it));
        let index = next?.0;
        let is_right = self.waiting[index].proof.advance(rounds)?;
        let done = self.waiting.remove(index);
        self.round = self.round.max(done.round);
        Some(Verdict {
            key: done.key,
            attempt: done.attempt,
            is_right,
        })
    }

    /// Removes a check whose connection has ended.
    pub fn remove(&mut self, key: K) {
        self.waiting.retain(|it| it.key != key);
    }

    /// Whether a check of this one waits.
    pub fn contains(&self, key: K) -> bool {
        self.waiting.iter().any(|it| it.key == key)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no check waits.
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
        attempt.is_ok_and(|attempt| queue.push(key, network, (attempt, proof)).is_ok())
    }

    fn order(queue: &mut Queue<u32>) -> Vec<u32> {
        let mut order = Vec::new();
        while !queue.is_empty() {
            order.extend(queue.advance(30).map(|verdict| verdict.key));
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
        queue
            .push(1000, caller(250).network, (attempt, proof))
            .unwrap();
        let verdict = queue.advance(u32::MAX).unwrap();
        assert_eq!((verdict.key, verdict.is_right), (1000, true));
    }

    #[test]
    fn one_address_and_one_key_have_little_room() {
        let (mut queue, mut limiter) = (Queue::default(), Limiter::default());
        assert!(push(&mut queue, &mut limiter, 7, 1));
        assert!(!push(&mut queue, &mut limiter, 7, 2), "one of each key");
        for key in 0..8 {
            push(&mut queue, &mut limiter, 100 + key, 1);
        }
        assert!(queue.of_network(caller(1).network).count() <= OF_ONE_NETWORK);
        queue.remove(7);
        assert!(!queue.contains(7));
    }
}
