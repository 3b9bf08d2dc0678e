//! Blocks of addresses, as RFC 4632 writes them: `192.0.2.0/24`.
//!
//! Plain values: nothing here opens anything.

use core::net::{IpAddr, Ipv6Addr};

/// All addresses whose first bits are these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The first bits; the others are zero. IPv4 lies within IPv6's `::ffff:0:0/96`.
    first: u128,
    /// How many of them count, of 128.
    length: u32,
}

impl Block {
    /// Reads `address/length`; `None` if it is anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        if !length.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let length: u32 = length.parse().ok()?;
        let (bits_max, offset) = match address {
            IpAddr::V4(_) => (32, 96),
            IpAddr::V6(_) => (128, 0),
        };
        if length > bits_max {
            return None;
        }
        let length = length + offset;
        let first = bits(address) & mask(length);
        Some(Self { first, length })
    }

    /// Whether an address lies in it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        bits(address) & mask(self.length) == self.first
    }
}

/// An address as a number, IPv4 mapped into IPv6 so that both spellings of it are one.
fn bits(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

/// `length` ones, then zeros.
fn mask(length: u32) -> u128 {
    u128::MAX.checked_shl(128 - length).unwrap_or(0)
}
