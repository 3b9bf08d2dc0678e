//! Passwords of accounts in the form in which they are hashed: SASLprep (RFC 4013), as RFC 5802 asks of both sides.
//!
//! Two keyboards type one password as different characters, composed or not, wide or not; prepared, they are the same
//! bytes. A SCRAM client does this before it hashes, so whatever else checks a password here has to do it too.

use std::borrow::Cow;
use zeroize::Zeroizing;

/// The form in which this password is hashed; it is overwritten when it is dropped.
///
/// SASLprep refuses some characters: those without a visible form, and those that Unicode got after 2002, such as most
/// emoji. Such a password is used as it is. Clients do the same or refuse it themselves, so nothing is lost by that.
pub(super) fn prepare(password: &str) -> Zeroizing<String> {
    match stringprep::saslprep(password) {
        Ok(Cow::Owned(prepared)) => Zeroizing::new(prepared),
        Ok(Cow::Borrowed(same)) => Zeroizing::new(same.to_owned()),
        Err(_) => Zeroizing::new(password.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first five are the examples of RFC 4013 section 3.
    #[test]
    fn it_is_saslprep_and_what_that_refuses_stays_as_it_is() {
        for (password, prepared) in [
            ("I\u{AD}X", "IX"),
            ("user", "user"),
            ("USER", "USER"),
            ("\u{AA}", "a"),
            ("\u{2168}", "IX"),
            ("e\u{301}t\u{e9}", "\u{e9}t\u{e9}"),
            ("two words", "two words"),
            ("wide\u{3000}space", "wide space"),
            ("\u{7}bell", "\u{7}bell"),
            ("\u{1F980}", "\u{1F980}"),
            ("", ""),
        ] {
            assert_eq!(*prepare(password), prepared, "{password:?}");
        }
    }
}
