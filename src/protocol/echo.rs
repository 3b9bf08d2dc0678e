//! Echo (RFC 862): what of it is a rule rather than input and output.
//!
//! Over TCP there is no rule to state: every byte comes back in order until the peer ends its half,
//! then we end ours; that a peer who does not read is not read from is back-pressure, and lives
//! with the connections. Over UDP a datagram comes back whole or not at all, an empty one too, and
//! not to everyone.
//!
//! Owns nothing. Does not know sockets.

/// The first port that an ordinary program may have; below are the system ports (RFC 6335, section
/// 6).
const FIRST_USER_PORT: u16 = 1024;

/// Whether a datagram from this port gets its echo.
///
/// System ports do not: they are where other services that answer everything live (echo on 7,
/// chargen on 19, DNS on 53), and one forged sender address is enough to make two of those talk to
/// each other without end (CERT advisory CA-1996-01). Port zero means "no answer wanted" (RFC 768).
pub fn answers_port(source: u16) -> bool {
    source >= FIRST_USER_PORT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_not_answered_but_programs_are() {
        for (port, expected) in [
            (0, false),
            (7, false),
            (19, false),
            (1023, false),
            (1024, true),
            (65_535, true),
        ] {
            assert_eq!(answers_port(port), expected, "port {port}");
        }
    }
}
