//! Version 2 of the PROXY protocol: a signature, version and command, family, length, addresses, and records of further
//! kinds (TLV).
//!
//! Of the records only one is read: whether the client spoke TLS with the proxy. The others are skipped, whatever they
//! are. Knows nothing of version 1.

use super::client::{Client, Fault, HEADER_BYTES_MAX, client_at};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How it begins: bytes that no text protocol begins with.
pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The bytes before the addresses: the signature, version and command, family, length.
const FIXED_BYTES: usize = SIGNATURE.len() + 4;

/// The record about TLS (`PP2_TYPE_SSL`), and the bit in its first byte that says that the client spoke it
/// (`PP2_CLIENT_SSL`).
const TLS_RECORD: u8 = 0x20;
const CLIENT_SPOKE_TLS: u8 = 0x01;

/// The high four bits are the version.
const VERSION_2: u8 = 0x2;

/// Reads the header; `None` if it is not whole.
pub(super) fn read(input: &[u8]) -> Result<Option<(Client, usize)>, Fault> {
    let Some(&[version_and_command, family, high, low]) = input
        .get(SIGNATURE.len()..FIXED_BYTES)
        .and_then(|bytes| bytes.first_chunk())
    else {
        return match input.get(SIGNATURE.len()) {
            Some(byte) if byte >> 4 != VERSION_2 => Err(Fault::Version),
            _ => Ok(None),
        };
    };
    if version_and_command >> 4 != VERSION_2 {
        return Err(Fault::Version);
    }
    let whole = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if whole > HEADER_BYTES_MAX {
        return Err(Fault::Length);
    }
    let is_local = match version_and_command & 0x0f {
        0 => true,
        1 => false,
        _ => return Err(Fault::Family),
    };
    // The high four bits are the kind of address, the low ones the kind of socket.
    let (kind, socket) = (family >> 4, family & 0x0f);
    if kind > UNIX || socket > DATAGRAM {
        return Err(Fault::Family);
    }
    let Some(rest) = input.get(FIXED_BYTES..whole) else {
        return Ok(None);
    };
    let client = match is_local {
        // The proxy speaks for itself, whatever follows.
        true => Client::Unnamed,
        false => client(kind, socket, rest)?,
    };
    Ok(Some((client, whole)))
}

/// Kinds of addresses and sockets. Zero is unspecified.
const INET: u8 = 1;
const INET6: u8 = 2;
const UNIX: u8 = 3;
const STREAM: u8 = 1;
const DATAGRAM: u8 = 2;

fn client(kind: u8, socket: u8, rest: &[u8]) -> Result<Client, Fault> {
    // Source and destination address, then source and destination port.
    let (address, records): (Option<SocketAddr>, &[u8]) = match kind {
        INET => {
            let (block, records) = rest.split_first_chunk::<12>().ok_or(Fault::Form)?;
            let ip = Ipv4Addr::new(block[0], block[1], block[2], block[3]);
            let port = u16::from_be_bytes([block[8], block[9]]);
            (Some(SocketAddr::new(ip.into(), port)), records)
        }
        INET6 => {
            let (block, records) = rest.split_first_chunk::<36>().ok_or(Fault::Form)?;
            let ip = block.first_chunk::<16>().map(|ip| Ipv6Addr::from(*ip));
            let port = u16::from_be_bytes([block[32], block[33]]);
            (
                ip.map(|ip| SocketAddr::new(IpAddr::from(ip), port)),
                records,
            )
        }
        UNIX => {
            let (_, records) = rest.split_first_chunk::<216>().ok_or(Fault::Form)?;
            (None, records)
        }
        // Unspecified: there may be any address, and it is to be ignored, so records cannot be found either.
        _ => return Ok(Client::Unnamed),
    };
    let secure = speaks_tls(records)?;
    match address {
        Some(address) if socket == STREAM => client_at(address, secure),
        _ => Ok(Client::Unnamed),
    }
}

/// Walks over the records: one byte for the kind, two for the length.
fn speaks_tls(mut records: &[u8]) -> Result<bool, Fault> {
    let mut secure = false;
    while let Some((&[kind, high, low], rest)) = records.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(length).ok_or(Fault::Form)?;
        if kind == TLS_RECORD {
            let flags = value.first().ok_or(Fault::Form)?;
            secure = flags & CLIENT_SPOKE_TLS != 0;
        }
        records = rest;
    }
    match records.is_empty() {
        true => Ok(secure),
        false => Err(Fault::Form),
    }
}
