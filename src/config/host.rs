//! Names of machines: the host in a URL or in a target, and the name the server goes by.
//!
//! Invariant: a [`Host`] and a [`ServerName`] can be printed anywhere; they hold no spaces and no control characters. Whether a
//! name exists is found out only when it is asked for its addresses.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    str::FromStr,
};

use super::Invalid;

/// A machine, by address or by name. `Display` puts IPv6 addresses in brackets, as URLs do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address as it was given.
    Ip(IpAddr),
    /// A name that a resolver may know.
    Name(String),
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
        };
        let mut addresses = Vec::new();
        for address in (name, port).to_socket_addrs()? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }
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
            let address: Result<Ipv6Addr, _> = inner.parse();
            return address
                .map(|ip| Self::Ip(ip.into()))
                .map_err(|_| Invalid::new(format!("{inner:?} is not an IPv6 address")));
        }
        if text.is_empty() {
            return Err(Invalid::new("the host is missing"));
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            let remedy = format!("write an IPv6 address in brackets: [{text}]");
            return Err(Invalid::new(remedy));
        }
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            // Resolvers read "127.1" and "2130706433" as addresses too; nobody means that.
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
        }
    }
}

/// Splits `HOST[:PORT]`; an IPv6 address stands in brackets.
///
/// # Errors
/// The host is none, or the port is not a number up to 65535.
pub fn parse_host_port(text: &str, default_port: u16) -> Result<(Host, u16), Invalid> {
    let host_end = match text.find(']') {
        Some(bracket) if text.starts_with('[') => bracket + 1,
        // More colons and no brackets: an IPv6 address perhaps, of which the host says how to write it.
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

/// Underscores are no part of host names proper, but common in the names of containers.
fn is_host_name(text: &str) -> bool {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let text = text.strip_suffix('.').unwrap_or(text);
    text.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(fit))
}

/// The name a server goes by: like a host name, at most 63 characters (IRC gives it a word of its own in every line).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName(String);

impl ServerName {
    /// As given.
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
    fn host_and_port() {
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
