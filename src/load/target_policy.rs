//! Which servers the tool may be pointed at: the user's own. A load test of a stranger's server is an attack.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// What the user says of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The server is theirs, wherever it is (`--i-own-this-server`).
    Own,
    /// Nothing.
    Unknown,
}

/// Permits a target that is this machine or in a private network, or that the user owns.
///
/// # Errors
/// The reason against it, and what to do about it.
pub(super) fn permit(target: SocketAddr, ownership: Ownership) -> Result<(), String> {
    if ownership == Ownership::Own || is_near(target.ip()) {
        return Ok(());
    }
    Err(format!(
        "{} is neither this machine nor in a private network; a load test of a server that is not yours is an attack \
         on it: if it is yours, say so with --i-own-this-server",
        target.ip()
    ))
}

/// Permits the target of an attack: this machine alone, or a server that the user owns. In a private network there
/// are servers of colleagues.
///
/// # Errors
/// The reason against it, and what to do about it.
pub(super) fn permit_attack(target: SocketAddr, ownership: Ownership) -> Result<(), String> {
    let is_here = match target.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => {
            let mapped = ip.to_ipv4_mapped();
            ip.is_loopback() || mapped.is_some_and(|ip| ip.is_loopback())
        }
    };
    if ownership == Ownership::Own || is_here {
        return Ok(());
    }
    Err(format!(
        "{} is not this machine, and these are attacks: if the server is yours, say so with --i-own-this-server",
        target.ip()
    ))
}

/// Loopback, private (RFC 1918, RFC 4193) or link-local (RFC 3927, RFC 4291).
fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_near(ip.into()),
            None => ip == Ipv6Addr::LOCALHOST || ip.is_unique_local() || ip.is_unicast_link_local(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_machines_are_permitted_by_default() {
        for (ip, near) in [
            ("127.0.0.1", true),
            ("127.9.8.7", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("169.254.1.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("::ffff:8.8.8.8", false),
            ("8.8.8.8", false),
            ("192.0.2.1", false),
            ("0.0.0.0", false),
            ("2001:db8::1", false),
            ("::", false),
        ] {
            let target = SocketAddr::new(ip.parse().unwrap(), 6667);
            assert_eq!(permit(target, Ownership::Unknown).is_ok(), near, "{ip}");
            assert!(permit(target, Ownership::Own).is_ok(), "{ip}");
        }
    }

    #[test]
    fn only_this_machine_may_be_attacked_by_default() {
        for (ip, here) in [
            ("127.0.0.1", true),
            ("127.9.8.7", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.1.2.3", false),
            ("192.168.1.1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("0.0.0.0", false),
            ("8.8.8.8", false),
        ] {
            let target = SocketAddr::new(ip.parse().unwrap(), 6667);
            assert_eq!(
                permit_attack(target, Ownership::Unknown).is_ok(),
                here,
                "{ip}"
            );
            assert!(permit_attack(target, Ownership::Own).is_ok(), "{ip}");
        }
    }
}
