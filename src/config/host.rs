//! Names of machines: the host in a URL or in a target, and the name of the server.
//!
//! Invariant: a [`Host`] and a [`ServerName`] can be printed anywhere; they hold no spaces and no control characters.
//! Whether a name exists is found out only when its addresses are looked up.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs},
    str::FromStr,
};

use super::error::Invalid;

/// A machine, by address or by name. `Display` puts IPv6 addresses in brackets, as URLs do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A name for the resolver.
    Name(String),
    /// An IPv6 address with its zone: a network interface, by name or by number (RFC 4007 section 11). Link-local
    /// addresses mean nothing without.
    Zoned(Ipv6Addr, String),
}

impl Host {
    /// Its addresses with this port, each once. Blocks while a name is looked up: for start-up only.
    ///
    /// # Errors
    /// The resolver does not know the name, or cannot be reached.
    pub fn resolve(&self, port: u16) -> io::Result<Vec<SocketAddr>> {
        let name = match self {
            Self::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, port)]),
            Self::Name(name) => name.as_str(),
            Self::Zoned(ip, zone) => {
                return zoned_address(*ip, zone, port).map(|found| vec![found]);
            }
        };
        let mut addresses = Vec::new();
        for address in (name, port).to_socket_addrs()? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }

    /// The machine of a socket's address.
    pub fn of(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => {
                Self::Zoned(*v6.ip(), v6.scope_id().to_string())
            }
            address => Self::Ip(address.ip()),
        }
    }

    /// The same machine in a form for other machines: the name of a zone means something on this machine only, and is
    /// not sent to others (RFC 6874 section 4).
    #[must_use]
    pub fn without_zone(&self) -> Self {
        match self {
            Self::Zoned(ip, _) => Self::Ip((*ip).into()),
            other => other.clone(),
        }
    }

    /// Whether this is the name that always means this machine (RFC 6761 section 6.3).
    pub fn is_localhost(&self) -> bool {
        matches!(self, Self::Name(name) if name.trim_end_matches('.').eq_ignore_ascii_case("localhost"))
    }
}

/// The address with the number of its zone.
fn zoned_address(ip: Ipv6Addr, zone: &str, port: u16) -> io::Result<SocketAddr> {
    if let Ok(number) = zone.parse() {
        return Ok(SocketAddrV6::new(ip, port, 0, number).into());
    }
    // The system's resolver knows the numbers of interfaces. For an address it sends no query.
    let found = (format!("{ip}%{zone}"), port).to_socket_addrs();
    let unknown = || io::Error::other(format!("there is no network interface {zone} for {ip}"));
    found
        .ok()
        .and_then(|mut found| found.next())
        .ok_or_else(unknown)
}

/// Reads the text after the `%` of an address: `eth0`, or `25eth0` where the sign itself is escaped, as in URLs (RFC
/// 6874). `25` followed only by digits is a number and is left as it is, because we print numbers unescaped.
fn parse_zone(text: &str) -> Result<String, Invalid> {
    /// `IFNAMSIZ` of Linux, without the NUL.
    const NAME_BYTES_MAX: usize = 15;
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    let zone = match text.strip_prefix("25") {
        Some(name) if !is_number => name,
        _ => text,
    };
    let is_fit = |b: u8| b.is_ascii_graphic() && !b"%/?#[]".contains(&b);
    if zone.is_empty() || zone.len() > NAME_BYTES_MAX || !zone.bytes().all(is_fit) {
        return Err(Invalid::new(format!("{zone:?} is not a network interface")));
    }
    Ok(zone.to_owned())
}

impl FromStr for Host {
    type Err = Invalid;

    /// Reads a name, an IPv4 address, or an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        /// RFC 1035 section 2.3.4, without the final dot.
        const NAME_BYTES_MAX: usize = 253;
        if let Some(inner) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let (ip, zone) = match inner.split_once('%') {
                Some((ip, zone)) => (ip, Some(zone)),
                None => (inner, None),
            };
            let ip: Ipv6Addr = ip
                .parse()
                .map_err(|_| Invalid::new(format!("{ip:?} is not an IPv6 address")))?;
            return Ok(match zone {
                Some(zone) => Self::Zoned(ip, parse_zone(zone)?),
                None => Self::Ip(ip.into()),
            });
        }
        if text.is_empty() {
            return Err(Invalid::new("the host is missing"));
        }
        if is_bare_ipv6(text) {
            let remedy = format!("write an IPv6 address in brackets: [{text}]");
            return Err(Invalid::new(remedy));
        }
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            // Resolvers read "127.1" and "2130706433" as addresses too, which is never meant.
            let address: Result<Ipv4Addr, _> = text.parse();
            return address
                .map(|ip| Self::Ip(ip.into()))
                .map_err(|_| Invalid::new(format!("{text:?} is not an IPv4 address")));
        }
        if text.len() > NAME_BYTES_MAX || !is_host_name(text) {
            return Err(Invalid::new(format!("{text:?} is not a host name")));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
            Self::Zoned(ip, zone) => write!(f, "[{ip}%{zone}]"),
        }
    }
}

/// Whether a text is an IPv6 address without brackets, perhaps with a zone.
pub fn is_bare_ipv6(text: &str) -> bool {
    let ip = text.split_once('%').map_or(text, |(ip, _)| ip);
    ip.parse::<Ipv6Addr>().is_ok()
}

/// Splits `SCHEME://REST`; `None` if the text is no URL.
pub fn split_url(text: &str) -> Option<(&str, &str)> {
    text.split_once("://")
}

/// Splits `HOST[:PORT]`; an IPv6 address is in brackets.
///
/// # Errors
/// The host is not valid, or the port is not a number up to 65535.
pub fn parse_host_port(text: &str, default_port: u16) -> Result<(Host, u16), Invalid> {
    let host_end = match text.find(']') {
        Some(bracket) if text.starts_with('[') => bracket + 1,
        // More colons and no brackets: probably an IPv6 address; parsing the host explains how to write it.
        _ if text.matches(':').count() == 1 => text.find(':').unwrap_or(text.len()),
        _ => text.len(),
    };
    let (host, rest) = text.split_at(host_end);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host.parse()?, parse_port(port)?)),
        None if rest.is_empty() => Ok((host.parse()?, default_port)),
        None => Err(Invalid::new(format!("{text:?} is not HOST:PORT"))),
    }
}

fn parse_port(text: &str) -> Result<u16, Invalid> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let port = text.parse().ok().filter(|_| digits);
    port.ok_or_else(|| Invalid::new(format!("{text:?} is not a port; ports are 0 to 65535")))
}

/// Underscores are not allowed in host names proper, but are common in the names of containers.
fn is_host_name(text: &str) -> bool {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let text = text.strip_suffix('.').unwrap_or(text);
    text.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(fit))
}

/// The name of the server: like a host name, at most 63 characters (in IRC it is a word of its own in every line).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName(String);

impl ServerName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServerName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        /// HOSTLEN of RFC 2812 section 2.3.1.
        const BYTES_MAX: usize = 63;
        if text.len() > BYTES_MAX || text.ends_with('.') || !is_host_name(text) {
            return Err(Invalid::new(
                "not a server name; it is made like a host name: ASCII letters, digits, dots and hyphens, at most 63",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, u16), &str>) {
        let found = parse_host_port(text, 7777);
        let found = found.map(|(host, port)| (host.to_string(), port));
        let found = found.map_err(|e| e.to_string());
        let expected = expected.map(|(host, port)| (host.to_owned(), port));
        assert_eq!(found, expected.map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn hosts_and_ports_are_parsed() {
        check("127.0.0.1:80", Ok(("127.0.0.1", 80)));
        check("0.0.0.0", Ok(("0.0.0.0", 7777)));
        check("chat.example:0", Ok(("chat.example", 0)));
        check("my_box", Ok(("my_box", 7777)));
        check("[::]:1", Ok(("[::]", 1)));
        check("[::1]", Ok(("[::1]", 7777)));
        check("", Err("the host is missing"));
        check(":80", Err("the host is missing"));
        check("a:", Err("\"\" is not a port; ports are 0 to 65535"));
        check(
            "a:65536",
            Err("\"65536\" is not a port; ports are 0 to 65535"),
        );
        check("a:+80", Err("\"+80\" is not a port; ports are 0 to 65535"));
        check("::1", Err("write an IPv6 address in brackets: [::1]"));
        check("::1:80", Err("write an IPv6 address in brackets: [::1:80]"));
        check("a:b:80", Err("\"a:b:80\" is not a host name"));
        check("[::1", Err("\"[::1\" is not a host name"));
        check("[1.2.3.4]:1", Err("\"1.2.3.4\" is not an IPv6 address"));
        check("[::1]x:1", Err("\"[::1]x:1\" is not HOST:PORT"));
        check("]:1", Err("\"]\" is not a host name"));
        check("127.1", Err("\"127.1\" is not an IPv4 address"));
        check("a b", Err("\"a b\" is not a host name"));
        check("a..b", Err("\"a..b\" is not a host name"));
        check("마당:1", Err("\"마당\" is not a host name"));
    }

    #[test]
    fn an_ipv6_address_may_name_its_zone() {
        check("[fe80::1%eth0]:80", Ok(("[fe80::1%eth0]", 80)));
        check("[fe80::1%3]", Ok(("[fe80::1%3]", 7777)));
        check("[fe80::1%25eth0]", Ok(("[fe80::1%eth0]", 7777)));
        check("[fe80::1%251]", Ok(("[fe80::1%251]", 7777)));
        check("[fe80::1%25]", Ok(("[fe80::1%25]", 7777)));
        check("[fe80::1%eth0.7]", Ok(("[fe80::1%eth0.7]", 7777)));
        check("[fe80::1%]", Err("\"\" is not a network interface"));
        check("[fe80::1%a b]", Err("\"a b\" is not a network interface"));
        check(
            "[fe80::1%much-too-long-a-name]",
            Err("\"much-too-long-a-name\" is not a network interface"),
        );
        check("[1.2.3.4%eth0]", Err("\"1.2.3.4\" is not an IPv6 address"));
        check(
            "fe80::1%eth0",
            Err("write an IPv6 address in brackets: [fe80::1%eth0]"),
        );
    }

    #[test]
    fn zones_become_numbers_and_back() {
        let resolve = |text: &str| text.parse::<Host>().unwrap().resolve(5);
        let found = resolve("[fe80::1%7]").unwrap();
        assert_eq!(found, ["[fe80::1%7]:5".parse().unwrap()]);
        assert_eq!(Host::of(found[0]), "[fe80::1%7]".parse().unwrap());
        assert_eq!(Host::of(found[0]).without_zone().to_string(), "[fe80::1]");
        let error = resolve("[fe80::1%no-such-if]").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no network interface no-such-if for fe80::1"
        );
    }

    #[test]
    fn server_names() {
        for good in [
            "madang.local",
            "x",
            "irc-1.example.org",
            "127.0.0.1",
            &"a".repeat(63),
        ] {
            assert!(good.parse::<ServerName>().is_ok(), "{good:?}");
        }
        for bad in ["", "a b", "a\n", "a.", ".a", "마당", "a:b", &"a".repeat(64)] {
            assert!(bad.parse::<ServerName>().is_err(), "{bad:?}");
        }
    }
}
