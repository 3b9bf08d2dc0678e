//! The client of a request that came through HTTP proxies: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
//!
//! Each proxy appends the address from which the request came to it. So the list is true from its end as far as the
//! proxies are trusted, and what lies before is whatever the client wrote: the client is the last address that is not a
//! trusted proxy's. Many proxies append to one of the two headers and pass the other on as the client wrote it. So if both
//! are there they have to agree, and a request in which they do not is refused; only a client that forges one is.
//!
//! Knows no sockets. Which proxies are trusted is the caller's.

use super::http::Request;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The client that the proxies name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Its address; the port is 0 if none is named, as is usual.
    pub address: SocketAddr,
    /// Whether the request came to the proxies by HTTPS.
    pub secure: bool,
}

/// The headers contradict each other or themselves, so the client is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// The client of a request that a trusted proxy has sent, if it names one.
///
/// # Errors
/// The two headers name two clients, or one of them can be read in two ways.
pub fn client_of(
    request: &Request<'_>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Result<Option<Forwarded>, Ambiguous> {
    let by_list = by_list(request, &is_trusted);
    let by_standard = by_standard(request, &is_trusted)?;
    match (by_list, by_standard) {
        (Some(one), Some(other)) if one.address.ip() != other.address.ip() => Err(Ambiguous),
        (one, other) => Ok(one.or(other)),
    }
}

/// By `X-Forwarded-For` and `X-Forwarded-Proto`.
fn by_list(request: &Request<'_>, is_trusted: &impl Fn(IpAddr) -> bool) -> Option<Forwarded> {
    let nodes: Vec<&[u8]> = request.list("x-forwarded-for").collect();
    let nodes = nodes.iter().rev().map(|node| address_of(node));
    let (_, address) = last_untrusted(nodes, is_trusted)?;
    let scheme = request.list("x-forwarded-proto").last();
    Some(Forwarded {
        address,
        secure: scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https")),
    })
}

/// By `Forwarded`.
fn by_standard(
    request: &Request<'_>,
    is_trusted: &impl Fn(IpAddr) -> bool,
) -> Result<Option<Forwarded>, Ambiguous> {
    let mut hops = Vec::new();
    for value in request.all("forwarded") {
        // A quotation that does not end would take in what the proxies have appended.
        for element in split_outside_quotes(value, b',')? {
            if !element.is_empty() {
                hops.push(Hop::parse(element)?);
            }
        }
    }
    hops.reverse();
    let nodes = hops.iter().map(|hop| hop.address);
    let found = last_untrusted(nodes, is_trusted);
    Ok(found.map(|(index, address)| Forwarded {
        address,
        secure: hops[index].secure,
    }))
}

/// One element of `Forwarded`: what one proxy says.
struct Hop {
    address: Option<SocketAddr>,
    secure: bool,
}

impl Hop {
    fn parse(element: &[u8]) -> Result<Self, Ambiguous> {
        let (mut node, mut secure) = (None, false);
        for pair in split_outside_quotes(element, b';')? {
            let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            let (name, value) = (&pair[..equals], unquoted(&pair[equals + 1..]));
            if name.eq_ignore_ascii_case(b"for") {
                // Each parameter is there once at most (RFC 7239 section 4).
                if node.replace(value).is_some() {
                    return Err(Ambiguous);
                }
            } else if name.eq_ignore_ascii_case(b"proto") {
                secure = value.eq_ignore_ascii_case(b"https");
            }
        }
        Ok(Self {
            address: node.and_then(address_of),
            secure,
        })
    }
}

/// The parts between separators that are in no quotation, without white space around them.
fn split_outside_quotes(text: &[u8], separator: u8) -> Result<Vec<&[u8]>, Ambiguous> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => {
                parts.push(text[start..index].trim_ascii());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim_ascii());
    match quoted {
        true => Err(Ambiguous),
        false => Ok(parts),
    }
}

/// A value without the quotation marks around it. Addresses have nothing to escape.
fn unquoted(value: &[u8]) -> &[u8] {
    let inner = value.strip_prefix(b"\"");
    inner
        .and_then(|inner| inner.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// Walks from the nearest proxy's word to the client's: the last address that is not a trusted proxy's, or the farthest
/// one that can be read, with its index. What lies behind an unreadable node (`unknown`, `_hidden`) is not looked at, for
/// it is not known whose word it is.
fn last_untrusted(
    nodes: impl Iterator<Item = Option<SocketAddr>>,
    is_trusted: &impl Fn(IpAddr) -> bool,
) -> Option<(usize, SocketAddr)> {
    let mut found = None;
    for (index, node) in nodes.enumerate() {
        let Some(address) = node else { break };
        found = Some((index, address));
        if !is_trusted(address.ip()) {
            break;
        }
    }
    found
}

/// An address, alone or with a port; IPv6 with or without brackets. Not the unspecified one, which is no client's.
fn address_of(node: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(node).ok()?;
    let bare = || text.parse().ok().map(|ip| SocketAddr::new(ip, 0));
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        let ip: Ipv6Addr = inner.parse().ok()?;
        Some(SocketAddr::new(ip.into(), 0))
    };
    let address = text.parse().ok().or_else(bare).or_else(bracketed)?;
    Some(address).filter(|address: &SocketAddr| !address.ip().to_canonical().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::{
        super::http::{Http, Step},
        *,
    };
    use proptest::prelude::*;

    /// The client of a request with these header fields, behind proxies in 10.0.0.0/8.
    fn found(fields: &[u8]) -> String {
        let head = [b"GET / HTTP/1.0\r\n", fields, b"\r\n"].concat();
        let mut searched = 0;
        let Step::Request(request) = Http::default().next(&head, &mut searched).item else {
            return "no request".into();
        };
        let is_trusted =
            |ip: IpAddr| matches!(ip.to_canonical(), IpAddr::V4(ip) if ip.octets()[0] == 10);
        match client_of(&request, is_trusted) {
            Ok(Some(Forwarded { address, secure })) => {
                format!("{address}{}", if secure { " secure" } else { "" })
            }
            Ok(None) => "none".into(),
            Err(Ambiguous) => "ambiguous".into(),
        }
    }

    #[track_caller]
    fn check(rows: &[(&str, &str)]) {
        for (fields, expected) in rows {
            assert_eq!(found(fields.as_bytes()), *expected, "{fields:?}");
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxy_s_is_the_client() {
        check(&[
            ("", "none"),
            ("X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1:0"),
            ("X-Forwarded-For: 192.0.2.1:4711\r\n", "192.0.2.1:4711"),
            ("X-Forwarded-For: 2001:db8::1\r\n", "[2001:db8::1]:0"),
            ("X-Forwarded-For: [2001:db8::1]\r\n", "[2001:db8::1]:0"),
            ("X-Forwarded-For: [2001:db8::1]:80\r\n", "[2001:db8::1]:80"),
            ("X-Forwarded-For: 127.0.0.1, 192.0.2.1\r\n", "192.0.2.1:0"),
            (
                "X-Forwarded-For: 1.1.1.1, 192.0.2.1, 10.0.0.9 ,10.1.1.1\r\n",
                "192.0.2.1:0",
            ),
            (
                "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 192.0.2.1\r\nX-FORWARDED-FOR: 10.0.0.1\r\n",
                "192.0.2.1:0",
            ),
            // All are proxies: the farthest is the best that is known.
            ("X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "10.0.0.1:0"),
            (
                "X-Forwarded-For: ::ffff:10.0.0.1\r\n",
                "[::ffff:10.0.0.1]:0",
            ),
            // What a client wrote is not looked at.
            ("X-Forwarded-For: <script>, 192.0.2.1\r\n", "192.0.2.1:0"),
            ("X-Forwarded-For: 1.1.1.1, unknown\r\n", "none"),
            (
                "X-Forwarded-For: 1.1.1.1, unknown, 10.0.0.1\r\n",
                "10.0.0.1:0",
            ),
            ("X-Forwarded-For: 0.0.0.0\r\n", "none"),
            ("X-Forwarded-For: ::\r\n", "none"),
            ("X-Forwarded-For: ,\r\n", "none"),
        ]);
    }

    #[test]
    fn the_standard_s_header_is_read() {
        check(&[
            ("Forwarded: for=192.0.2.1\r\n", "192.0.2.1:0"),
            ("Forwarded: For=\"192.0.2.1:47\";by=x\r\n", "192.0.2.1:47"),
            (
                "Forwarded: by=10.0.0.1; for=\"[2001:db8::1]:80\" ;PROTO=https\r\n",
                "[2001:db8::1]:80 secure",
            ),
            (
                "Forwarded: for=1.1.1.1, for=192.0.2.1;proto=https, for=10.0.0.1;proto=http\r\n",
                "192.0.2.1:0 secure",
            ),
            (
                "Forwarded: for=192.0.2.1;proto=http\r\nForwarded: for=10.0.0.1;proto=https\r\n",
                "192.0.2.1:0",
            ),
            ("Forwarded: for=unknown\r\n", "none"),
            ("Forwarded: for=_gazonk, for=10.0.0.1\r\n", "10.0.0.1:0"),
            ("Forwarded: proto=https\r\n", "none"),
            // The host that a client asked for may hold anything.
            (
                "Forwarded: for=192.0.2.1;host=\"x, for=1.1.1.1\"\r\n",
                "192.0.2.1:0",
            ),
            (
                "Forwarded: for=192.0.2.1;host=\"x\\\", for=1.1.1.1\"\r\n",
                "192.0.2.1:0",
            ),
            ("Forwarded: for=\"1.1.1.1, for=192.0.2.1\r\n", "ambiguous"),
            (
                "Forwarded: for=\"1.1.1.1\\, for=\"[2001:db8::1]\"\r\n",
                "ambiguous",
            ),
            ("Forwarded: for=1.1.1.1;for=192.0.2.1\r\n", "ambiguous"),
        ]);
    }

    #[test]
    fn two_headers_have_to_agree() {
        check(&[
            (
                "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n",
                "192.0.2.1:0",
            ),
            (
                "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=1.1.1.1\r\n",
                "ambiguous",
            ),
            (
                "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n",
                "192.0.2.1:0 secure",
            ),
            (
                "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https, http\r\n",
                "192.0.2.1:0",
            ),
        ]);
    }

    proptest! {
        #[test]
        fn nothing_that_a_client_writes_first_changes_what_a_proxy_appends(
            forged in "[ -~]{0,60}", is_standard: bool
        ) {
            let fields = match is_standard {
                true => format!("Forwarded: {forged}, for=\"192.0.2.1\"\r\n"),
                false => format!("X-Forwarded-For: {forged}, 192.0.2.1\r\n"),
            };
            let found = found(fields.as_bytes());
            prop_assert!(found == "192.0.2.1:0" || found == "ambiguous", "{found}");
        }
    }
}
