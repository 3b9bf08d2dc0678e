//! Which hosts are shown as they are, and what masks can therefore never fit.
//!
//! The server shows a cloak in place of an address (`a.b.c.ip`: the address and the networks it lies in, the widest
//! last), but for loopback addresses, which reveal nothing about a user. Does not make the cloaks and has no key.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::glob::glob;
use crate::chat::same::Block;

/// The last part of every cloak. No address ends so.
pub const CLOAK_END: &str = "ip";

/// Parts of a cloak before [`CLOAK_END`].
const CLOAK_BLOCKS: usize = 3;

/// Whether this address is shown as it is.
pub fn is_shown_as_it_is(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The hosts of the networks that a cloaked host lies in, as masks have them: the narrower first (`*.b.c.ip`, then
/// `*.c.ip`). `None` if it is no cloak.
pub fn networks_of_cloak(host: &str) -> Option<[String; 2]> {
    let parts: Vec<&str> = host.split('.').collect();
    let [_, narrow, wide, CLOAK_END] = parts[..] else {
        return None;
    };
    debug_assert_eq!(parts.len(), CLOAK_BLOCKS + 1, "see server/shared/cloak.rs");
    let wide = format!("{wide}.{CLOAK_END}");
    Some([format!("*.{narrow}.{wide}"), format!("*.{wide}")])
}

/// Whether not all addresses of a block are shown as they are: a mask of it would not match all that it names.
pub(super) fn is_hidden_block(block: &Block) -> bool {
    const IPV4: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0));
    let ipv6 = Block::of(Ipv6Addr::LOCALHOST.into());
    let ipv4 = Block::parse(&format!("{IPV4}/8")).expect("it is a block");
    !ipv4.covers(block) && !ipv6.covers(block)
}

/// Whether a folded host with wildcards can only mean addresses, and none of those that are shown: `192.0.2.*`,
/// `2001:db8:*`. A cloak has letters and no colon.
pub(super) fn is_hidden_pattern(host: &str) -> bool {
    let is_wild = |c| matches!(c, '*' | '?');
    let certain = host.split(is_wild).next().unwrap_or_default();
    if host.contains(':') {
        let is_ipv6 = host
            .chars()
            .all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.' || is_wild(c));
        return is_ipv6 && !glob(host, "0::1") && !glob(host, "::1");
    }
    let is_ipv4 = host.contains('.')
        && host.contains(|c: char| c.is_ascii_digit())
        && host
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.' || is_wild(c));
    is_ipv4 && !certain.starts_with("127.") && !"127.".starts_with(certain)
}

#[cfg(test)]
mod tests {
    use super::super::Mask;
    use super::*;

    #[test]
    fn masks_of_hidden_addresses_are_known() {
        for (typed, expected) in [
            ("192.0.2.1", true),
            ("192.0.2.0/24", true),
            ("192.0.2.*", true),
            ("*!*@19?.*", true),
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("2001:db8::1", true),
            ("*!*@2001:db8:*", true),
            ("fe80::1%eth0", true),
            ("::ffff:192.0.2.0/120", true),
            ("127.0.0.0/7", true),
            ("127.0.0.1", false),
            ("127.0.0.0/8", false),
            ("127.1.*", false),
            ("1*.0.0.1", false),
            ("*.0.0.1", false),
            ("*!*@::1", false),
            ("*!*@0::1", false),
            ("*!*@::*", false),
            ("::ffff:127.0.0.1", false),
            ("*.abcdefgh.ip", false),
            ("*.2222222?.ip", false),
            ("nick", false),
            ("*!*@*", false),
            ("*.example", false),
            ("fe80.example", false),
        ] {
            let mask = Mask::parse(typed).unwrap_or_else(|| panic!("{typed} is a mask"));
            assert_eq!(mask.asks_for_hidden(), expected, "{typed}");
        }
    }

    #[test]
    fn a_cloak_names_the_networks_it_lies_in() {
        let networks = networks_of_cloak("aaaaaaaa.bbbbbbbb.cccccccc.ip");
        assert_eq!(
            networks.unwrap(),
            ["*.bbbbbbbb.cccccccc.ip", "*.cccccccc.ip"]
        );
        for host in ["127.0.0.1", "0::1", "home", "a.b.ip", "a.b.c.d.ip", ""] {
            assert_eq!(networks_of_cloak(host), None, "{host}");
        }
    }
}
