//! Cloaks: the hosts that are shown in place of addresses.
//!
//! A keyed hash of the address, and of the blocks it lies in, the widest last: `a.b.c.ip`. The same address always
//! gives the same cloak, the address cannot be found from it without the key, and a ban of `*!*@*.b.c.ip` or
//! `*!*@*.c.ip` covers the block. Loopback addresses are shown as they are: they are not private.
//! docs/PRIVACY.md names what can be learned from cloaks all the same.
//!
//! Invariant: a cloak is stable while the key lives: for ever with a data directory, else as long as the process. Owns the key.

use crate::chat::mask::{CLOAK_END, is_shown_as_it_is};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::net::IpAddr;

/// Blocks that are hashed, in bits of prefix, the narrowest first. IPv4: a host, its network, a provider's block. IPv6: a
/// site's block, the most that a customer is given, a provider's block.
const IPV4_PREFIXES: [u32; 3] = [32, 24, 16];
const IPV6_PREFIXES: [u32; 3] = [64, 48, 32];

/// Bytes of hash in each part, five bits a letter: so many that a thousand hosts of one block hardly collide.
const PART_BYTES: usize = 5;

/// Makes cloaks.
pub(crate) struct Cloak {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Cloak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloak")
    }
}

impl Cloak {
    /// With a key of its own, from the system's randomness.
    ///
    /// # Errors
    /// When the system has none.
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        Ok(Self::with_key(&key))
    }

    /// With a key that was kept.
    pub(crate) fn with_key(key: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        Self { keyed }
    }

    /// The host that is shown for an address.
    pub(crate) fn of(&self, address: IpAddr) -> String {
        let address = address.to_canonical();
        if is_shown_as_it_is(address) {
            return shown(address);
        }
        let mut cloak = String::new();
        match address {
            IpAddr::V4(ip) => {
                for bits in IPV4_PREFIXES {
                    let mask = u32::MAX << (32 - bits);
                    self.push_part(bits, &(ip.to_bits() & mask).to_be_bytes(), &mut cloak);
                }
            }
            IpAddr::V6(ip) => {
                for bits in IPV6_PREFIXES {
                    let mask = u128::MAX << (128 - bits);
                    self.push_part(bits, &(ip.to_bits() & mask).to_be_bytes(), &mut cloak);
                }
            }
        }
        cloak + CLOAK_END
    }

    fn push_part(&self, bits: u32, block: &[u8], out: &mut String) {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut keyed = self.keyed.clone();
        keyed.update(&bits.to_be_bytes());
        keyed.update(block);
        let hash = keyed.finalize().into_bytes();
        let number = hash[..PART_BYTES]
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for index in 0..PART_BYTES * 8 / 5 {
            out.push(char::from(LETTERS[(number >> (5 * index) & 31) as usize]));
        }
        out.push('.');
    }
}

/// An address as one parameter of IRC: a leading colon would make it the last one (RFC 2812 section 2.3), so a zero is put
/// before it.
pub(crate) fn shown(address: IpAddr) -> String {
    let text = address.to_string();
    if text.starts_with(':') {
        return format!("0{text}");
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::{
            mask::{Mask, Subject, networks_of_cloak},
            same::Block,
        },
        config::Network,
    };
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn cloak(text: &str) -> String {
        Cloak::with_key(b"key").of(text.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_block_share_its_part_of_the_cloak() {
        let tail = |text: &str, parts: usize| -> String {
            let cloak = cloak(text);
            let all: Vec<_> = cloak.split('.').collect();
            all[all.len() - parts..].join(".")
        };
        assert_eq!(tail("192.0.2.1", 3), tail("192.0.2.200", 3));
        assert_ne!(tail("192.0.2.1", 4), tail("192.0.2.200", 4));
        assert_eq!(tail("192.0.2.1", 2), tail("192.0.99.1", 2));
        assert_ne!(tail("192.0.2.1", 3), tail("192.0.99.1", 3));
        assert_ne!(tail("192.0.2.1", 2), tail("192.1.2.1", 2));
        assert_eq!(cloak("2001:db8::1"), cloak("2001:db8::2"));
        assert_ne!(cloak("2001:db8::1"), cloak("2001:db8:0:1::1"));
        assert_eq!(tail("2001:db8::1", 3), tail("2001:db8:0:1::1", 3));
    }

    #[test]
    fn cloaks_depend_on_the_key_and_have_one_length() {
        assert_ne!(
            cloak("192.0.2.1"),
            Cloak::with_key(b"other").of("192.0.2.1".parse().unwrap())
        );
        assert_eq!(cloak("192.0.2.1").len(), 3 * 9 + 2);
        assert_eq!(cloak("127.0.0.1"), "127.0.0.1");
        assert_eq!(cloak("::1"), "0::1");
    }

    /// Whether a ban of a host meets a user from an address.
    fn meets(host: &str, address: IpAddr) -> bool {
        let mask = Mask::parse(&format!("*!*@{host}")).expect("a cloak makes a mask");
        let shown = Cloak::with_key(b"key").of(address);
        mask.matches(&Subject::new("nick", "~user", &shown))
    }

    fn check_blocks(
        one: IpAddr,
        other: IpAddr,
        is_within: impl Fn(u32) -> bool,
        prefixes: [u32; 3],
    ) {
        let cloak = Cloak::with_key(b"key").of(one);
        let [narrow, wide] = networks_of_cloak(&cloak).expect("it is a cloak");
        for (host, prefix) in [cloak, narrow, wide].iter().zip(prefixes) {
            assert!(meets(host, one), "{host} {one}");
            assert_eq!(meets(host, other), is_within(prefix), "{host} {other}");
        }
    }

    proptest! {
        #[test]
        fn a_ban_of_a_part_of_a_cloak_meets_just_its_network(
            v4 in any::<u32>(), v6 in any::<u128>(), other in any::<u128>(), shared in 0_u32..128,
        ) {
            // Addresses that share their first bits, and may share more.
            let other_v4 = v4 ^ (other as u32).checked_shr(shared % 33).unwrap_or(0);
            let other_v6 = v6 ^ (other >> shared);
            let of_v4 = |bits| IpAddr::from(Ipv4Addr::from_bits(bits));
            let of_v6 = |bits| IpAddr::from(Ipv6Addr::from_bits(bits));
            let is_hidden = |address: &IpAddr| {
                let is_canonical = address.is_ipv6() == address.to_canonical().is_ipv6();
                !is_shown_as_it_is(*address) && is_canonical
            };
            let (one, two) = (of_v4(v4), of_v4(other_v4));
            if is_hidden(&one) && is_hidden(&two) {
                let is_within = |bits: u32| (v4 ^ other_v4).checked_shr(32 - bits).unwrap_or(0) == 0;
                check_blocks(one, two, is_within, IPV4_PREFIXES);
            }
            let (three, four) = (of_v6(v6), of_v6(other_v6));
            if is_hidden(&three) && is_hidden(&four) {
                check_blocks(three, four, |bits| (v6 ^ other_v6) >> (128 - bits) == 0, IPV6_PREFIXES);
                check_blocks(three, one, |_| false, IPV6_PREFIXES);
            }
        }

        /// The configuration and the chat have a type each for a network, for neither may use the other; the same text
        /// means the same network in both.
        #[test]
        fn networks_of_the_configuration_are_the_blocks_of_masks(
            v4 in any::<u32>(), v6 in any::<u128>(), bits in 0_u32..=128, other in any::<u128>(), shared in 0_u32..128,
        ) {
            let mapped = Ipv4Addr::from_bits(v4).to_ipv6_mapped();
            let mapped_bits = 96 + bits % 33;
            let texts = [
                format!("{}/{}", Ipv4Addr::from_bits(v4), bits % 33),
                format!("{}/{bits}", Ipv6Addr::from_bits(v6)),
                format!("{mapped}/{mapped_bits}"),
                format!("{mapped}"),
                format!("{}%eth0", Ipv6Addr::from_bits(v6)),
            ];
            let near = [
                IpAddr::from(Ipv4Addr::from_bits(v4 ^ (other as u32).checked_shr(shared).unwrap_or(0))),
                Ipv6Addr::from_bits(v6 ^ (other >> shared)).into(),
                mapped.into(),
            ];
            for text in texts {
                let network: Network = text.parse().expect("a network");
                let block = Block::parse(&text).expect("a block");
                for address in near {
                    prop_assert_eq!(network.contains(address), block.contains(address), "{} {}", text, address);
                }
            }
        }
    }
}
