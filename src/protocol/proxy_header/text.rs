//! Version 1 of the PROXY protocol: `PROXY TCP4 192.0.2.1 203.0.113.7 56324 443` and a line end.
//!
//! Knows nothing of version 2.

use super::client::{Client, Fault, client_at};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How it begins.
pub(super) const OPENING: &[u8] = b"PROXY ";

/// The longest line by the specification, with its end: two IPv6 addresses and two ports.
const LINE_BYTES_MAX: usize = 107;

/// Reads the line; `None` if its end has not come.
pub(super) fn read(input: &[u8]) -> Result<Option<(Client, usize)>, Fault> {
    let seen = &input[..input.len().min(LINE_BYTES_MAX)];
    let Some(end) = memchr::memchr(b'\n', seen) else {
        return match seen.len() < LINE_BYTES_MAX {
            true => Ok(None),
            false => Err(Fault::Length),
        };
    };
    let line = seen[..end].strip_suffix(b"\r").ok_or(Fault::Form)?;
    let line = std::str::from_utf8(line).map_err(|_| Fault::Form)?;
    Ok(Some((client(line)?, end + 1)))
}

fn client(line: &str) -> Result<Client, Fault> {
    let mut words = line.split(' ').skip(1);
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        // What follows is to be ignored.
        return Ok(Client::Unnamed);
    }
    let [Some(source), Some(to), Some(port), Some(to_port), None] = [
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ] else {
        return Err(Fault::Form);
    };
    let address = |text: &str| -> Result<IpAddr, Fault> {
        let parsed = match family {
            "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::from),
            "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::from),
            _ => return Err(Fault::Family),
        };
        parsed.map_err(|_| Fault::Address)
    };
    let source = SocketAddr::new(address(source)?, self::port(port)?);
    // Not used, but a line with a broken half is broken.
    address(to)?;
    self::port(to_port)?;
    client_at(source, false)
}

/// Digits alone, without zeros before them.
fn port(text: &str) -> Result<u16, Fault> {
    let is_plain =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain).ok_or(Fault::Form)
}
