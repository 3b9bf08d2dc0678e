//! Hosts: for each address, one shared record with the host that is shown and the address as text.
//!
//! Owns the records and the key of the cloaks. Records that no user has are forgotten from time to time.

use super::cloak::{Cloak, shown};
use crate::chat::Origin;
use crate::server::connections::client::NO_ADDRESS_TEXT;
use rustc_hash::FxHashMap;
use std::{io, net::IpAddr, rc::Rc};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Hosts {
    cloak: Cloak,
    by_address: FxHashMap<IpAddr, Rc<Origin>>,
    /// At so many entries, those without a user are forgotten.
    tidy_at: usize,
}

impl Hosts {
    /// Entries below which it is not worth to look for unused ones.
    const FEW: usize = 64;

    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            cloak: Cloak::new()?,
            by_address: FxHashMap::default(),
            tidy_at: Self::FEW,
        })
    }

    /// Cloaks are made with this key from now on. For the start, when no host was shown yet.
    pub(crate) fn set_cloak_key(&mut self, key: &[u8; 32]) {
        debug_assert!(self.by_address.is_empty(), "hosts were shown already");
        self.cloak = Cloak::with_key(key);
    }

    /// Bytes of memory, room kept for later included. Two texts of some forty bytes and their record for each address.
    pub(crate) fn memory(&self) -> usize {
        const ORIGIN_BYTES: usize = size_of::<Origin>() + 2 * 40;
        self.by_address.capacity() * size_of::<(IpAddr, Rc<Origin>)>()
            + self.by_address.len() * ORIGIN_BYTES
    }

    /// The host that is shown for an address, without remembering it.
    pub(crate) fn shown_of(&self, address: IpAddr) -> Box<str> {
        match self.by_address.get(&address) {
            Some(origin) => origin.host.clone(),
            None if address.is_unspecified() => NO_ADDRESS_TEXT.into(),
            None => self.cloak.of(address).into(),
        }
    }

    /// The origin of users who connect from an address.
    pub(crate) fn of(&mut self, address: IpAddr) -> Rc<Origin> {
        if let Some(origin) = self.by_address.get(&address) {
            return origin.clone();
        }
        if self.by_address.len() >= self.tidy_at {
            self.by_address
                .retain(|_, origin| Rc::strong_count(origin) > 1);
            self.tidy_at = Self::FEW.max(self.by_address.len() * 2);
        }
        let origin = match address.is_unspecified() {
            true => Origin::new(NO_ADDRESS_TEXT, NO_ADDRESS_TEXT),
            false => Origin::new(&self.cloak.of(address), &shown(address)),
        };
        self.by_address.insert(address, origin.clone());
        origin
    }
}
