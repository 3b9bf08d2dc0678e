//! The greeting of a telnet client.

use super::encode::{line, news};

/// Asks for a name; the greeting ends with it.
pub const QUESTION: &str = "what is your name?";

/// The texts of the greeting.
#[derive(Clone, Copy, Debug)]
pub struct Greeting<'a> {
    /// The server's name.
    pub server: &'a str,
    /// The message of the day, any number of lines; empty for none.
    pub motd: &'a str,
}

impl Greeting<'_> {
    /// Appends the greeting. Whole lines only, the question for a name too: many programs show no
    /// line before its end.
    pub fn push(&self, out: &mut Vec<u8>) {
        line(out, &["* welcome to ", self.server]);
        for text in self.motd.lines() {
            news(out, text);
        }
        news(out, "/help lists the commands, /quit leaves");
        news(out, QUESTION);
    }

    /// Appends the greeting of a server that has a password: the rest comes after the password.
    pub fn push_with_password(&self, out: &mut Vec<u8>) {
        line(out, &["* welcome to ", self.server]);
        news(out, "what is the password?");
    }
}
