//! Messages and control frames as bytes to send. Keeps nothing.

use super::{
    close,
    header::{CONTROL_BYTES_MAX, Header},
    mask,
    opcode::{Kind, Opcode},
};
use memchr::memchr;

/// Appends a server's frame: a whole message, or a control frame.
///
/// The payload of a text must be UTF-8, that of a control frame at most 125 bytes.
pub fn push_frame(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    push(opcode, payload, None, out);
}

/// Appends a client's frame. The key should be new for each frame and hard to guess (RFC 6455 section 5.3).
pub fn push_masked_frame(opcode: Opcode, payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    push(opcode, payload, Some(key), out);
}

fn push(opcode: Opcode, payload: &[u8], key: Option<[u8; 4]>, out: &mut Vec<u8>) {
    debug_assert!(!opcode.is_control() || payload.len() <= CONTROL_BYTES_MAX);
    let header = Header {
        is_final: true,
        opcode,
        key,
        length: payload.len() as u64,
    };
    header.write(out);
    mask::append(payload, key, 0, out);
}

/// Appends a server's Close. A connection's own [`close`](super::WebSocket::close) also remembers that it was sent; this is
/// for those who have none at hand. The reason is cut to the 123 bytes that fit.
pub fn push_close(code: u16, reason: &str, out: &mut Vec<u8>) {
    push_frame(Opcode::Close, &close::payload(Some(code), reason), out);
}

/// Appends a server's Ping; its payload, at most 125 bytes, comes back in the Pong.
pub fn push_ping(payload: &[u8], out: &mut Vec<u8>) {
    push_frame(Opcode::Ping, payload, out);
}

/// Appends a server's frame for each line, without its CR LF or LF: so IRC goes over WebSocket (IRCv3 `websocket`). What
/// follows the last line's end is a line too, unless it is empty. For [`Kind::Text`] they must be UTF-8.
pub fn frame_lines(lines: &[u8], kind: Kind, out: &mut Vec<u8>) {
    let mut rest = lines;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        push_frame(kind.opcode(), line, out);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[u8], expected: &[u8]) {
        let mut out = Vec::new();
        frame_lines(lines, Kind::Text, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn each_line_is_a_frame_without_its_end() {
        check(b"", b"");
        check(b"PING x\r\n", b"\x81\x06PING x");
        check(b"a\r\nb\nc", b"\x81\x01a\x81\x01b\x81\x01c");
        check(b"\r\n", b"\x81\x00");
        check(b"a\rb\r\n", b"\x81\x03a\rb");
    }

    #[test]
    fn lengths_are_spelled_as_short_as_can_be() {
        for (length, header) in [
            (0, &b"\x82\x00"[..]),
            (125, b"\x82\x7d"),
            (126, b"\x82\x7e\x00\x7e"),
            (65535, b"\x82\x7e\xff\xff"),
            (65536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
        ] {
            let mut out = Vec::new();
            push_frame(Opcode::Binary, &vec![0; length], &mut out);
            assert_eq!(&out[..header.len()], header);
            assert_eq!(out.len(), header.len() + length);
        }
    }
}
