//! A network in the configuration: an address and how many of its leading bits count (`192.0.2.0/24`,
//! `2001:db8::/32`).
//!
//! Invariant: the bits beyond the prefix are zero, so that two spellings of one network are equal. A network of one
//! family never contains an address of the other; an IPv4 address mapped into IPv6 counts as IPv4.

use super::error::Invalid;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// An address and the number of its leading bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The networks of this machine: proxies, onion services and load tools connect from them.
    pub const LOOPBACK: [Self; 2] = [
        Self {
            address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
            prefix: 8,
        },
        Self {
            address: IpAddr::V6(Ipv6Addr::LOCALHOST),
            prefix: 128,
        },
    ];

    /// Whether the network contains an address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && leading_bits(address, self.prefix) == self.address
    }
}

/// The address with all bits beyond the prefix cleared.
fn leading_bits(address: IpAddr, prefix: u8) -> IpAddr {
    let beyond = |width: u8| u32::from(width - prefix);
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(beyond(32)).unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(beyond(128)).unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

impl FromStr for Network {
    type Err = Invalid;

    /// Reads an address, or an address, a slash and a number of bits.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let wrong = || {
            let message = format!(
                "{text:?} is no network; write it like \"192.0.2.0/24\", \"2001:db8::/32\" or \"192.0.2.1\""
            );
            Invalid::new(message)
        };
        // A zone names the interface by which an address is reached; it is not part of the address.
        let address = match address.split_once('%') {
            Some((bare, zone)) if !zone.is_empty() && bare.contains(':') => bare,
            _ => address,
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match prefix {
            None => width,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| wrong())?
            }
            Some(_) => return Err(wrong()),
        };
        if prefix > width {
            return Err(wrong());
        }
        // An IPv4 address written as IPv6 is IPv4; so is a network that contains only such addresses.
        let (address, prefix) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), ipv4 @ IpAddr::V4(_)) => {
                (ipv4, prefix.checked_sub(96).ok_or_else(wrong)?)
            }
            _ => (address, prefix),
        };
        let address = leading_bits(address, prefix);
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        for (network_text, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.77/24", "::ffff:192.0.2.1", "::c000:201"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
        ] {
            let network = network(network_text);
            assert!(
                network.contains(inside.parse().unwrap()),
                "{network} {inside}"
            );
            assert!(
                !network.contains(outside.parse().unwrap()),
                "{network} {outside}"
            );
        }
    }

    #[test]
    fn loopback_is_this_machine_in_every_spelling() {
        let is_loopback = |text: &str| {
            let address = text.parse().unwrap();
            Network::LOOPBACK
                .iter()
                .any(|network| network.contains(address))
        };
        for text in ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.3.2.1"] {
            assert!(is_loopback(text), "{text}");
        }
        for text in ["128.0.0.1", "126.255.255.255", "::2", "::", "::7f00:1"] {
            assert!(!is_loopback(text), "{text}");
        }
        assert_eq!(network("127.1.2.3/8"), Network::LOOPBACK[0]);
        assert_eq!(network("0::1"), Network::LOOPBACK[1]);
        assert_eq!(Network::LOOPBACK[0].to_string(), "127.0.0.0/8");
    }

    #[test]
    fn texts_that_are_no_networks_are_refused() {
        for text in [
            "",
            "/8",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/+8",
            "192.0.2.0/",
            "1.2.3",
            "host/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
