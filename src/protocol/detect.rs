//! Which protocol a client speaks, known from the first bytes (one port for
//! everything).
//!
//! Invariants: a verdict once given is the verdict for every continuation of the same bytes; it is
//! given with the first byte that allows it, so no client waits for an answer that further bytes could not change.
//! Looks at 8 bytes at most.
//!
//! Owns nothing. Does not know the protocols beyond those bytes.

use std::time::Duration;

/// How long a caller may stay silent before it is greeted as telnet.
///
/// Someone at `nc` waits for us to speak first; an IRC client, a browser or a TLS client speaks by
/// itself, one round trip after connecting at the latest. 300 ms is beyond nearly every round trip
/// on Earth, and at the edge of what a user notices. Shorter: a far IRC client sees a greeting it
/// did not ask for (harmless: it may still turn out to be IRC with its first line). Longer: `nc`
/// seems dead.
pub const SILENCE: Duration = Duration::from_millis(300);

/// First byte of a TLS connection: content type `handshake` (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// How an IRC connection can begin, before registration (RFC 2812, section 3.1; IRCv3 capability
/// negotiation). Any case.
const IRC: [&[u8]; 5] = [b"CAP ", b"NICK ", b"PASS ", b"USER ", b"WEBIRC "];

/// HTTP methods that we serve or that browsers use without asking, case-sensitive (RFC 9110, section 9.1), and the opening
/// of HTTP/2 (RFC 9113, section 3.4): it is refused, but its second line does not become a nick.
const WEB: [&[u8]; 5] = [b"GET ", b"HEAD ", b"OPTIONS ", b"POST ", b"PRI "];

/// The protocol that the first bytes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detected {
    /// An IRC registration command and a space.
    Irc,
    /// Anything else.
    Telnet,
    /// A TLS handshake; what it carries is detected again.
    Tls,
    /// Too few bytes to tell.
    Undecided,
    /// An HTTP method and a space.
    Web,
}

/// Tells the protocol from all bytes that have come so far, none of them consumed.
pub fn detect(first_bytes: &[u8]) -> Detected {
    if first_bytes.first() == Some(&TLS_HANDSHAKE) {
        return Detected::Tls;
    }
    let irc = closest(first_bytes, &IRC, <[u8]>::eq_ignore_ascii_case);
    let web = closest(first_bytes, &WEB, <[u8]>::eq);
    match (irc, web) {
        (Match::Whole, _) => Detected::Irc,
        (_, Match::Whole) => Detected::Web,
        (Match::Part, _) | (_, Match::Part) => Detected::Undecided,
        (Match::Nothing, Match::Nothing) => Detected::Telnet,
    }
}

/// How much of an opening has come; the more, the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Nothing,
    Part,
    Whole,
}

/// How far the best of these openings has come.
fn closest(bytes: &[u8], openings: &[&[u8]], same: fn(&[u8], &[u8]) -> bool) -> Match {
    let judge = |opening: &&[u8]| {
        let length = bytes.len().min(opening.len());
        if !same(&bytes[..length], &opening[..length]) {
            Match::Nothing
        } else if length < opening.len() {
            Match::Part
        } else {
            Match::Whole
        }
    };
    openings.iter().map(judge).max().unwrap_or(Match::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `input` is undecided up to `decided_at` bytes, and `expected` from there on.
    #[track_caller]
    fn check(input: &[u8], decided_at: usize, expected: Detected) {
        for length in 0..=input.len() {
            let wanted = if length < decided_at {
                Detected::Undecided
            } else {
                expected
            };
            assert_eq!(
                detect(&input[..length]),
                wanted,
                "{:?}",
                &input[..length].escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn registration_commands_are_irc_in_any_case() {
        check(b"NICK alice\r\n", 5, Detected::Irc);
        check(b"nick alice\r\n", 5, Detected::Irc);
        check(b"CaP LS 302\r\n", 4, Detected::Irc);
        check(b"USER a 0 * :a\r\n", 5, Detected::Irc);
        check(b"PASS secret\r\n", 5, Detected::Irc);
        check(b"WebIRC secret g h 192.0.2.1\r\n", 7, Detected::Irc);
    }

    #[test]
    fn methods_are_web_in_their_exact_case() {
        check(b"GET / HTTP/1.1\r\n", 4, Detected::Web);
        check(b"HEAD / HTTP/1.1\r\n", 5, Detected::Web);
        check(b"POST / HTTP/1.1\r\n", 5, Detected::Web);
        check(b"OPTIONS * HTTP/1.1\r\n", 8, Detected::Web);
        check(b"PRI * HTTP/2.0\r\n", 4, Detected::Web);
        check(b"get / HTTP/1.1\r\n", 1, Detected::Telnet);
        check(b"GEt / HTTP/1.1\r\n", 3, Detected::Telnet);
        check(b"PUT / HTTP/1.1\r\n", 2, Detected::Telnet);
    }

    #[test]
    fn a_handshake_is_tls() {
        check(b"\x16\x03\x01\x02\x00", 1, Detected::Tls);
    }

    #[test]
    fn everything_else_is_telnet_as_soon_as_nothing_else_can_be() {
        check(b"alice\r\n", 1, Detected::Telnet);
        check(b"NICKY hello\r\n", 5, Detected::Telnet);
        check(b"nick\r\n", 5, Detected::Telnet);
        check(b"Paula\n", 3, Detected::Telnet);
        check(b"pOSt\n", 2, Detected::Telnet);
        check(b"\r\n", 1, Detected::Telnet);
        check(b" NICK a\n", 1, Detected::Telnet);
        check(b"\xff\xfd\x03", 1, Detected::Telnet);
        check("안녕\n".as_bytes(), 1, Detected::Telnet);
        check(b"", 1, Detected::Telnet);
    }

    /// Bytes that begin like one of the protocols, then go on as they like.
    fn openings() -> impl Strategy<Value = Vec<u8>> {
        let words: Vec<&[u8]> = IRC
            .into_iter()
            .chain(WEB)
            .chain([&b"\x16"[..], b""])
            .collect();
        let tail = proptest::collection::vec(any::<u8>(), 0..10);
        (
            proptest::sample::select(words),
            0usize..9,
            any::<bool>(),
            tail,
        )
            .prop_map(|(word, keep, lower, tail)| {
                let mut bytes = word[..keep.min(word.len())].to_vec();
                if lower {
                    bytes.make_ascii_lowercase();
                }
                bytes.extend(tail);
                bytes
            })
    }

    proptest! {
        #[test]
        fn a_verdict_holds_for_every_continuation(input in openings()) {
            let mut verdict = Detected::Undecided;
            for length in 0..=input.len() {
                let now = detect(&input[..length]);
                prop_assert!(verdict == Detected::Undecided || verdict == now);
                verdict = now;
            }
            prop_assert!(input.len() < 8 || verdict != Detected::Undecided);
        }
    }
}
