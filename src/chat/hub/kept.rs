//! Counts of what users make the hub keep: heap bytes of the records, and masks on all lists, in all and by network.
//!
//! Does not know the records; `memory` keeps the counts true.

use crate::chat::room::{ListEntry, Setter};
use rustc_hash::FxHashMap;
use std::{
    net::{IpAddr, Ipv6Addr},
    rc::Rc,
};

/// Below this many networks the table is not worth shrinking.
const FEW: usize = 64;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Heap bytes of the records of users and rooms, those included that stay readable after the last mutation.
    pub(super) bytes: usize,
    /// Masks on all lists of all rooms.
    pub(super) masks: usize,
    /// The same by the network of the setter; no network with none.
    pub(super) masks_by_network: FxHashMap<IpAddr, u32>,
    /// The setter of the last mask. Most masks come from users who set several.
    pub(super) last_setter: Option<Rc<Setter>>,
}

/// What counts as one address: an IPv4 address, and an IPv6 network of 64 bits, for that is the least that one
/// customer is given (RFC 6177), who may take any address in it.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
    }
}

impl Kept {
    pub(super) fn note_mask_gone(&mut self, entry: &ListEntry) {
        self.masks -= 1;
        if self.masks == 0 {
            self.last_setter = None;
        }
        let Some(network) = entry.by.network else {
            return;
        };
        if let Some(count) = self.masks_by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.masks_by_network.remove(&network);
                if self.masks_by_network.capacity() > FEW.max(8 * self.masks_by_network.len()) {
                    self.masks_by_network.shrink_to(FEW);
                }
            }
        }
    }
}
