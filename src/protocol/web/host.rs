//! The host names that requests may use: the defence against DNS rebinding.
//!
//! A browser keeps the pages of different names apart, and looks at nothing but the name. An attacker whose name points
//! to our address for a moment has a page that the browser takes for one of ours: it may read our answers, open a
//! WebSocket and chat in the name of its reader, through any firewall. But the browser still sends the name that it asked
//! for. So a request is answered only if that name is known to be ours, or is no name: an attacker can make neither a
//! literal address point elsewhere, nor `localhost` (RFC 6761 section 6.3).
//!
//! Ports do not count, because proxies and forwarded ports change them. Knows no sockets and no configuration file.

use core::net::{Ipv4Addr, Ipv6Addr};

/// The names that are ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// Any name is taken.
    any: bool,
    /// In lower case, without a final dot; `*.` at the start matches any one label.
    names: Box<[Box<str>]>,
}

impl Hosts {
    /// Names as a configuration or a certificate writes them: `chat.example`, `*.chat.example` for any one label there,
    /// or `*` for any name at all.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut any, mut kept) = (false, Vec::new());
        for name in names {
            let name = without_dot(name).to_ascii_lowercase().into_boxed_str();
            any |= &*name == "*";
            if !kept.contains(&name) {
                kept.push(name);
            }
        }
        let names = kept.into();
        Self { any, names }
    }

    /// Whether a request that names this host (`Host`, or the authority of its target) is for us. In HTTP/1.0 a request
    /// may name none. Every browser names one, so a request without is from a program, which needs no protection.
    pub fn admit(&self, host: Option<&str>) -> bool {
        let Some(host) = host.filter(|_| !self.any) else {
            return true;
        };
        match Named::read(host) {
            Some(Named::Address) => true,
            Some(Named::Name(name)) => is_localhost(name) || self.knows(name),
            None => false,
        }
    }

    fn knows(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix('*') {
            Some(parent) => host.split_once('.').is_some_and(|(label, _)| {
                !label.is_empty() && host[label.len()..].eq_ignore_ascii_case(parent)
            }),
            None => host.eq_ignore_ascii_case(name),
        })
    }
}

/// What an authority names, without its port.
enum Named<'a> {
    /// A literal address.
    Address,
    /// A name, without a final dot.
    Name(&'a str),
}

impl<'a> Named<'a> {
    /// `None` for what is neither (RFC 3986 section 3.2).
    fn read(authority: &'a str) -> Option<Self> {
        if let Some(rest) = authority.strip_prefix('[') {
            let (inner, port) = rest.split_once(']')?;
            // A zone (RFC 6874) names an interface of the caller's machine, and no other machine.
            let address = inner.split_once('%').map_or(inner, |(address, _)| address);
            let _: Ipv6Addr = address.parse().ok()?;
            let port = port.strip_prefix(':').unwrap_or(port);
            return is_port(port).then_some(Self::Address);
        }
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let host = without_dot(host);
        if host.is_empty() || !is_port(port) {
            return None;
        }
        // Browsers turn every other spelling of an address (0x7f.1) into this one.
        match host.parse::<Ipv4Addr>() {
            Ok(_) => Some(Self::Address),
            Err(_) => Some(Self::Name(host)),
        }
    }
}

/// Digits, or nothing.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name may end in the dot of the root.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Names that resolvers answer with loopback addresses, whatever the DNS says (RFC 6761 section 6.3).
fn is_localhost(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(host: &str, expected: bool) {
        let names = ["Chat.Example", "xn--hy1b57b.example.", "*.wild.example"];
        let hosts = Hosts::new(names);
        assert_eq!(hosts.admit(Some(host)), expected, "{host:?}");
    }

    #[test]
    fn our_names_are_taken_in_every_spelling() {
        for host in [
            "chat.example",
            "CHAT.example",
            "chat.example.",
            "chat.example:8080",
            "chat.example.:80",
            "chat.example:",
            "XN--HY1B57B.example",
            "a.wild.example",
            "A.WILD.example.:1",
        ] {
            check(host, true);
        }
    }

    #[test]
    fn literal_addresses_and_localhost_are_taken() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:7777",
            "192.0.2.1.",
            "[::1]",
            "[::1]:7777",
            "[2001:db8::1]:",
            "[fe80::1%25eth0]:80",
            "[fe80::1%eth0]",
            "[::ffff:192.0.2.1]",
            "localhost",
            "LocalHost.:7777",
            "a.b.localhost",
        ] {
            check(host, true);
        }
    }

    #[test]
    fn other_names_and_what_is_no_name_are_refused() {
        for host in [
            "evil.example",
            "evil.example:7777",
            "chat.example.evil.example",
            "evilchat.example",
            "example",
            "wild.example",
            ".wild.example",
            "a.b.wild.example",
            "*.wild.example.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "::1",
            "[::1",
            "[::1]evil.example",
            "[::1]:evil",
            "[evil.example]",
            "[]",
            "chat.example:evil",
            "chat.example:80:80",
            "chat.example..",
            "",
            ".",
            ":80",
            "*",
        ] {
            check(host, false);
        }
    }

    #[test]
    fn a_request_without_host_is_no_browser_s() {
        assert!(Hosts::default().admit(None));
    }

    #[test]
    fn any_name_is_taken_if_it_is_said_so() {
        let hosts = Hosts::new(["chat.example", "*"]);
        assert!(hosts.admit(Some("evil.example")));
        assert!(!Hosts::new(["chat.example"]).admit(Some("evil.example")));
        assert!(Hosts::default().admit(Some("localhost")));
    }

    proptest! {
        /// Another owner has whole domains: any name below one of them is that owner's.
        #[test]
        fn no_name_below_a_strangers_is_ours(front in "[a-z0-9.:%*\\[\\]-]{0,30}", port in "(:[0-9]{0,5})?") {
            let host = format!("{front}.evil.example{port}");
            check(&host, false);
        }

        #[test]
        fn every_address_is_taken_with_any_port(bits: u128, port: u16) {
            let six = Ipv6Addr::from(bits);
            let four = Ipv4Addr::from(bits as u32);
            check(&format!("[{six}]:{port}"), true);
            check(&format!("{four}:{port}"), true);
            check(&format!("{four}"), true);
        }
    }
}
