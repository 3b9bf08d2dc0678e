//! The passwords of WEBIRC's gateways: those that were right, and those being checked.
//!
//! A password is kept as a slow hash in the configuration, and a gateway gives it with every client it connects for. So
//! one that was right is remembered as a keyed digest, under a key that lives as long as the process; and connections that
//! give the same one while it is being checked wait for that check. Invariant: no password is kept here. Does not know
//! connections beyond their ids.

use crate::{auth::PasswordHash, config::ProxyPeer, net::ConnId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{io, mem, net::IpAddr, rc::Rc};

/// So many are remembered: a gateway has a few addresses.
const RIGHT_MAX: usize = 64;

/// A keyed digest of a password and the address that gave it: what is right from one address may be wrong from another.
type Digest = [u8; 32];

/// A gateway of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    pub(crate) password: PasswordHash,
    pub(crate) networks: Rc<[ProxyPeer]>,
}

impl Gateway {
    /// Whether it may connect from this address; the unspecified one is that of a Unix socket.
    pub(crate) fn is_at(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|peer| match peer {
            ProxyPeer::Network(network) => !address.is_unspecified() && network.contains(address),
            ProxyPeer::Unix => address.is_unspecified(),
        })
    }
}

/// A check that is going on.
#[derive(Debug)]
struct Checking {
    digest: Digest,
    /// The connection for which it is made.
    by: ConnId,
    /// Others that gave the same password.
    waiting: Vec<ConnId>,
}

/// What is known of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Right,
    /// It is being checked; this connection waits for the result.
    Waits,
    Unknown,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Gateways {
    key: [u8; 32],
    right: Vec<Digest>,
    checking: Vec<Checking>,
    /// Connections whose wait is over; `None`: the check they waited for was not finished.
    settled: Vec<(ConnId, Option<bool>)>,
}

impl Gateways {
    /// With a key from the system's randomness.
    pub(crate) fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self {
            key,
            right: Vec::new(),
            checking: Vec::new(),
            settled: Vec::new(),
        })
    }

    fn digest(&self, password: &str, address: IpAddr) -> Digest {
        let mut keyed =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        // Of one length, so that no two pairs run together the same.
        let address = match address {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        keyed.update(&address.octets());
        keyed.update(password.as_bytes());
        keyed.finalize().into_bytes().into()
    }

    /// What is known of a password that a connection from this address gives.
    pub(crate) fn look_up(&mut self, password: &str, id: ConnId, address: IpAddr) -> Known {
        let digest = self.digest(password, address);
        if self.right.contains(&digest) {
            return Known::Right;
        }
        match self.checking.iter_mut().find(|it| it.digest == digest) {
            Some(checking) => {
                checking.waiting.push(id);
                Known::Waits
            }
            None => Known::Unknown,
        }
    }

    /// A check of this password begins for a connection.
    pub(crate) fn begin(&mut self, password: &str, by: ConnId, address: IpAddr) {
        let digest = self.digest(password, address);
        self.checking.push(Checking {
            digest,
            by,
            waiting: Vec::new(),
        });
    }

    /// The check for a connection is done.
    pub(crate) fn finish(&mut self, by: ConnId, is_right: bool) {
        let Some(index) = self.checking.iter().position(|it| it.by == by) else {
            return;
        };
        let Checking {
            digest, waiting, ..
        } = self.checking.swap_remove(index);
        if is_right {
            if self.right.len() >= RIGHT_MAX {
                self.right.remove(0);
            }
            self.right.push(digest);
        }
        let settled = waiting.into_iter().map(|id| (id, Some(is_right)));
        self.settled.extend(settled);
    }

    /// Forgets a connection that has ended.
    pub(crate) fn forget(&mut self, id: ConnId) {
        if self.checking.is_empty() && self.settled.is_empty() {
            return;
        }
        self.settled.retain(|(waiting, _)| *waiting != id);
        for checking in &mut self.checking {
            checking.waiting.retain(|waiting| *waiting != id);
        }
        if let Some(index) = self.checking.iter().position(|it| it.by == id) {
            let waiting = self.checking.swap_remove(index).waiting;
            self.settled
                .extend(waiting.into_iter().map(|id| (id, None)));
        }
    }

    /// The passwords of the configuration may be others now. Checks that are going on end by the old ones, once.
    pub(crate) fn forget_right(&mut self) {
        self.right = Vec::new();
    }

    /// Whether a connection waits for the check of another.
    pub(crate) fn is_waiting(&self, id: ConnId) -> bool {
        self.checking.iter().any(|it| it.waiting.contains(&id))
            || self.settled.iter().any(|(waiting, _)| *waiting == id)
    }

    /// Whether connections have to be sent the results they waited for.
    pub(crate) fn has_settled(&self) -> bool {
        !self.settled.is_empty()
    }

    /// The connections whose wait is over, and the results.
    pub(crate) fn take_settled(&mut self) -> Vec<(ConnId, Option<bool>)> {
        mem::take(&mut self.settled)
    }

    /// Bytes of memory, room kept for later included.
    pub(crate) fn memory(&self) -> usize {
        let waiting = self.checking.iter().map(|it| it.waiting.capacity());
        self.right.capacity() * size_of::<Digest>()
            + waiting.sum::<usize>() * size_of::<ConnId>()
            + self.settled.capacity() * size_of::<(ConnId, Option<bool>)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conn(slot: u32) -> ConnId {
        ConnId {
            slot,
            generation: 1,
        }
    }

    #[test]
    fn one_check_is_enough_for_all_who_give_the_same_password() {
        let mut gateways = Gateways::new().unwrap();
        let address = "192.0.2.7".parse().unwrap();
        assert_eq!(gateways.look_up("right", conn(1), address), Known::Unknown);
        gateways.begin("right", conn(1), address);
        assert_eq!(gateways.look_up("right", conn(2), address), Known::Waits);
        assert_eq!(gateways.look_up("right", conn(3), address), Known::Waits);
        assert_eq!(gateways.look_up("other", conn(4), address), Known::Unknown);
        gateways.forget(conn(3));
        gateways.finish(conn(1), true);
        assert!(gateways.is_waiting(conn(2)) && !gateways.is_waiting(conn(3)));
        assert_eq!(gateways.take_settled(), [(conn(2), Some(true))]);
        assert_eq!(gateways.look_up("right", conn(5), address), Known::Right);
        let elsewhere = "192.0.2.8".parse().unwrap();
        assert_eq!(
            gateways.look_up("right", conn(6), elsewhere),
            Known::Unknown
        );
        gateways.forget_right();
        assert_eq!(gateways.look_up("right", conn(7), address), Known::Unknown);
    }

    #[test]
    fn those_who_wait_for_a_connection_that_ends_hear_of_it() {
        let mut gateways = Gateways::new().unwrap();
        let address = "192.0.2.7".parse().unwrap();
        gateways.begin("right", conn(1), address);
        gateways.look_up("right", conn(2), address);
        gateways.forget(conn(1));
        assert_eq!(gateways.take_settled(), [(conn(2), None)]);
        assert!(!gateways.is_waiting(conn(2)) && !gateways.has_settled());
    }
}
