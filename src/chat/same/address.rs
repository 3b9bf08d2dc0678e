//! Addresses and blocks of them, however they are written.
//!
//! Invariants: one address is one value, whichever of its spellings was typed (`::1` and `0:0::1`, `::ffff:192.0.2.1`
//! and `192.0.2.1`, with a zone or without). A block of IPv6 holds no IPv4 address unless it was written as mapped.

use core::net::{IpAddr, Ipv6Addr};

/// Reads an address in any of its spellings. An IPv4 address that is written as IPv6 (RFC 4291 section 2.5.5.2) is
/// IPv4; the zone of an IPv6 address (`fe80::1%eth0`, RFC 4007 section 11) is left out: it names the interface by which the
/// address is reached, not the address.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    without_zone(text)
        .parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// An address without its zone; a text with an empty zone, or with one behind what is not IPv6, is left as it is.
fn without_zone(text: &str) -> &str {
    match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() && address.contains(':') => address,
        _ => text,
    }
}

/// All addresses whose first bits are these (RFC 4632): a network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first bits; the others are zero. IPv4 lies within IPv6's `::ffff:0:0/96`.
    first: u128,
    /// How many of them count, of 128.
    length: u32,
    /// Whether the IPv4 addresses whose bits fit are meant too.
    holds_ipv4: bool,
}

/// Bits in front of an IPv4 address that is written as IPv6.
const MAPPED_BITS: u32 = 96;

impl Block {
    /// Reads `address/length` or a single address; `None` if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((address, length)) = text.split_once('/') else {
            return parse_address(text).map(Self::of);
        };
        if !length.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let length: u32 = length.parse().ok()?;
        // As it is written: what is typed as mapped has its length counted in 128 bits.
        let address: IpAddr = without_zone(address).parse().ok()?;
        let (bits_max, offset) = match address {
            IpAddr::V4(_) => (32, MAPPED_BITS),
            IpAddr::V6(_) => (128, 0),
        };
        if length > bits_max {
            return None;
        }
        let length = length + offset;
        Some(Self {
            first: bits(address) & mask(length),
            length,
            holds_ipv4: address.to_canonical().is_ipv4(),
        })
    }

    /// The block of one address.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            first: bits(address),
            length: 128,
            holds_ipv4: address.is_ipv4(),
        }
    }

    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (self.holds_ipv4 || address.is_ipv6()) && bits(address) & mask(self.length) == self.first
    }

    /// Whether all addresses of `other` lie in it.
    pub fn covers(&self, other: &Self) -> bool {
        (self.holds_ipv4 || !other.holds_ipv4)
            && self.length <= other.length
            && other.first & mask(self.length) == self.first
    }

    /// Whether it contains all of IPv4, or all of IPv6.
    pub fn is_everyone(&self) -> bool {
        let length_all = if self.holds_ipv4 { MAPPED_BITS } else { 0 };
        self.length <= length_all
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

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        parse_address(text).unwrap_or_else(|| panic!("{text} is an address"))
    }

    fn block(text: &str) -> Block {
        Block::parse(text).unwrap_or_else(|| panic!("{text} is a block"))
    }

    #[test]
    fn spellings_of_an_address_are_one() {
        for (one, other) in [
            ("::1", "0::1"),
            ("::1", "0:0:0:0:0:0:0:1"),
            ("2001:DB8::00a", "2001:db8:0::a"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:c000:201", "192.0.2.1"),
            ("fe80::1%eth0", "fe80::1"),
            ("fe80::1%eth0", "FE80::1%3"),
        ] {
            assert_eq!(address(one), address(other), "{one} {other}");
            assert_eq!(block(one), block(other), "{one} {other}");
            assert!(block(one).contains(address(other)), "{one} {other}");
        }
        for bad in [
            "",
            "1.2.3",
            "192.0.2.1%eth0",
            "fe80::1%",
            "%eth0",
            "x",
            "::1/",
        ] {
            assert_eq!(parse_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_of_both_kinds_lie_in_their_blocks() {
        let lies_in = |text: &str, one: &str| block(text).contains(address(one));
        assert!(lies_in("2001:db8::/32", "2001:db8:1::1"));
        assert!(!lies_in("2001:db8::/32", "2001:db9::1"));
        assert!(lies_in("::/0", "2001:db9::1"));
        assert!(lies_in("2001:db8::1/128", "2001:db8::1"));
        assert!(lies_in("fe80::%eth0/10", "fe80::1%eth1"));
        assert!(lies_in("10.1.2.3/8", "10.9.9.9"));
        assert!(lies_in("10.1.2.3/8", "::ffff:10.9.9.9"));
        assert!(lies_in("::ffff:10.0.0.0/104", "10.9.9.9"));
        assert!(!lies_in("0.0.0.0/0", "2001:db8::1"));
        for bad in [
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "::/129",
            "x/8",
            "10.0.0.0/8/8",
        ] {
            assert!(Block::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_block_of_ipv6_holds_no_ipv4_unless_it_is_written_as_mapped() {
        for (text, holds) in [
            ("::/0", false),
            ("::/1", false),
            ("::/80", false),
            ("::ffff:0:0/96", true),
            ("::ffff:0.0.0.0/80", true),
            ("0.0.0.0/0", true),
        ] {
            assert_eq!(block(text).contains(address("192.0.2.1")), holds, "{text}");
        }
    }

    #[test]
    fn blocks_of_everyone_are_known() {
        for text in [
            "::/0",
            "0.0.0.0/0",
            "192.0.2.1/0",
            "::ffff:0:0/96",
            "::ffff:0:0/80",
        ] {
            assert!(block(text).is_everyone(), "{text}");
        }
        for text in ["::/1", "128.0.0.0/1", "::1", "192.0.2.1"] {
            assert!(!block(text).is_everyone(), "{text}");
        }
    }

    fn addresses() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
            any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
            any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()),
            any::<u32>().prop_map(|bits| Ipv6Addr::from_bits(bits.into()).into()),
        ]
    }

    /// Some spellings of an address.
    fn spellings(address: IpAddr) -> Vec<String> {
        let mut all = vec![address.to_string()];
        match address {
            IpAddr::V4(ip) => {
                all.push(format!("::ffff:{ip}"));
                all.push(ip.to_ipv6_mapped().to_string());
            }
            IpAddr::V6(ip) => {
                let groups: Vec<_> = ip.segments().iter().map(|it| format!("{it:04X}")).collect();
                all.push(groups.join(":"));
                all.push(format!("{ip}%eth0"));
            }
        }
        all
    }

    proptest! {
        #[test]
        fn an_address_is_itself_in_every_spelling(one in addresses(), other in addresses()) {
            for a in spellings(one) {
                for b in spellings(one) {
                    prop_assert_eq!(parse_address(&a), parse_address(&b));
                    prop_assert!(block(&a).contains(address(&b)), "{} {}", a, b);
                }
                for b in spellings(other) {
                    let is_same = one.to_canonical() == other.to_canonical();
                    prop_assert_eq!(parse_address(&a) == parse_address(&b), is_same);
                    prop_assert_eq!(block(&a).contains(address(&b)), is_same);
                    prop_assert_eq!(block(&b).contains(address(&a)), is_same);
                }
            }
        }

        #[test]
        fn a_block_holds_what_shares_its_first_bits(
            one in addresses(), other in addresses(), length in 0_u32..=128,
        ) {
            let (one, other) = (one.to_canonical(), other.to_canonical());
            let width = if one.is_ipv4() { 32 } else { 128 };
            let length = length % (width + 1);
            let held = block(&format!("{one}/{length}"));
            prop_assert!(held.contains(one));
            let shift = |address: IpAddr| bits(address).checked_shr(width - length).unwrap_or(0);
            let expected = one.is_ipv4() == other.is_ipv4() && shift(one) == shift(other);
            prop_assert_eq!(held.contains(other), expected);
            if length < width {
                let narrower = block(&format!("{one}/{}", length + 1));
                prop_assert!(held.covers(&narrower) && !narrower.covers(&held));
            }
        }
    }
}
