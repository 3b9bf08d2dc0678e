//! The payload of a Close frame: a code and a reason (RFC 6455 sections 5.5.1 and 7.4). Keeps nothing.

use super::{fault::Fault, header::CONTROL_BYTES_MAX};

/// The longest reason: a control frame's payload without the code.
const REASON_BYTES_MAX: usize = CONTROL_BYTES_MAX - 2;

/// Whether a code may be in a Close frame: the registered ones that are not for an endpoint's own use (1005, 1006 and
/// 1015 never go over the wire), and those for libraries and applications (RFC 6455 section 7.4, IANA's registry).
pub fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The code of a Close frame, if it has one.
///
/// # Errors
/// Half a code, a code that may not be sent, or a reason that is not UTF-8.
pub(super) fn parse(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let [high, low, reason @ ..] = payload else {
        return match payload {
            [] => Ok(None),
            _ => Err(Fault::CloseLength),
        };
    };
    let code = u16::from_be_bytes([*high, *low]);
    if !is_close_code(code) {
        return Err(Fault::CloseCode);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(Fault::NotUtf8),
    }
}

/// The reason of a payload that was parsed; none if there is none.
pub(super) fn reason(payload: &[u8]) -> &str {
    let reason = payload.get(2..).unwrap_or_default();
    std::str::from_utf8(reason).unwrap_or_default()
}

/// The payload of a Close. Without a code it is empty. A reason that does not fit is cut between two characters.
pub(super) fn payload(code: Option<u16>, reason: &str) -> Vec<u8> {
    let Some(code) = code else {
        return Vec::new();
    };
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let code = code.to_be_bytes();
    [&code, &reason.as_bytes()[..end]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_a_code_and_a_reason() {
        assert_eq!(parse(b""), Ok(None));
        assert_eq!(parse(b"\x03"), Err(Fault::CloseLength));
        assert_eq!(parse(b"\x03\xe8"), Ok(Some(1000)));
        assert_eq!(parse(b"\x03\xe8bye"), Ok(Some(1000)));
        assert_eq!(reason(b"\x03\xe8bye"), "bye");
        assert_eq!(parse(b"\x03\xe8\xff"), Err(Fault::NotUtf8));
        assert_eq!(parse(b"\x03\xee"), Err(Fault::CloseCode));
    }

    #[test]
    fn codes_that_may_go_over_the_wire() {
        for code in [1000, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert!(is_close_code(code), "{code}");
        }
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
        ] {
            assert!(!is_close_code(code), "{code}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(payload(None, "not sent"), b"");
        assert_eq!(payload(Some(1000), "bye"), b"\x03\xe8bye");
        let cut = payload(Some(1000), &"\u{ae4c}".repeat(60));
        assert_eq!(cut.len(), 2 + 123);
        assert!(parse(&cut).is_ok());
        let cut = payload(Some(1000), &format!("x{}", "\u{ae4c}".repeat(60)));
        assert_eq!(cut.len(), 2 + 121);
        assert!(parse(&cut).is_ok());
    }
}
