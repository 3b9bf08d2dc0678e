//! The lines for people from the client's side, as madang speaks them on `telnet://` and `any://`.
//!
//! The server asks for a name; the answer goes with the wish to leave the room where everyone begins, in the same
//! packet: fifteen thousand who come into one room one after the other would be told of each other a hundred million
//! times, and that is no measurement of idle connections.

use super::{Heard, Nick, Room, Who};
use std::io::Write as _;

/// Where a member is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Asked,
    Named,
    Ready,
}

/// The state of one member.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::load) struct Telnet {
    step: Step,
}

/// The last line of the greeting.
const QUESTION: &[u8] = b"* what is your name?";

impl Telnet {
    pub(super) fn hear<'a>(&mut self, who: Who, line: &'a [u8], out: &mut Vec<u8>) -> Heard<'a> {
        match self.step {
            Step::Asked if line == QUESTION => {
                self.step = Step::Named;
                say_name(who, out);
            }
            // Names are ours alone, and what follows the name is sent already: there is no second try.
            Step::Asked | Step::Named if line.starts_with(b"! ") => {
                return Heard::Refused(&line[2..]);
            }
            Step::Named if is_own_entry(who, line) => {
                self.step = Step::Ready;
                return Heard::Ready;
            }
            Step::Asked | Step::Named => {}
            Step::Ready => return in_the_room(line),
        }
        Heard::Nothing
    }
}

fn say_name(who: Who, out: &mut Vec<u8>) {
    let nick = Nick(who.run, who.number, 0);
    let _ = write!(out, "{nick}\r\n/leave lobby\r\n");
    if let Some(room) = who.room {
        let _ = write!(out, "/join {}\r\n", Room(who.run, room));
    }
}

/// The last thing we wait for: `* NICK joined #ROOM`, or that we have left the room where everyone begins.
fn is_own_entry(who: Who, line: &[u8]) -> bool {
    match who.room {
        Some(room) => {
            let nick = Nick(who.run, who.number, 0);
            line == format!("* {nick} joined {}", Room(who.run, room)).as_bytes()
        }
        None => line == b"* you left #lobby",
    }
}

/// `#ROOM <NICK> TEXT` and `* NICK quit (REASON)`.
fn in_the_room(line: &[u8]) -> Heard<'_> {
    if line.first() == Some(&b'#') {
        let said = memchr::memmem::find(line, b"> ").map(|at| &line[at + 2..]);
        return said.map_or(Heard::Nothing, Heard::Said);
    }
    let Some(news) = line.strip_prefix(b"* ") else {
        return Heard::Nothing;
    };
    let name = memchr::memchr(b' ', news).unwrap_or(news.len());
    if news[name..].starts_with(b" quit") {
        return Heard::Left(&news[..name]);
    }
    Heard::Nothing
}

#[cfg(test)]
mod tests {
    use super::{super::Run, *};

    fn told(room: Option<u32>, lines: &[&'static str]) -> (Heard<'static>, String) {
        let who = Who {
            run: Run(0),
            number: 7,
            room,
        };
        let (mut telnet, mut out) = (Telnet::default(), Vec::new());
        let mut heard = Heard::Nothing;
        for line in lines {
            out.clear();
            heard = telnet.hear(who, line.as_bytes(), &mut out);
        }
        (heard, String::from_utf8(out).unwrap())
    }

    const QUESTION: &str = "* what is your name?";

    #[test]
    fn comes_in() {
        assert_eq!(
            told(None, &["* welcome to x", QUESTION]),
            (Heard::Nothing, "b007\r\n/leave lobby\r\n".into())
        );
        assert_eq!(
            told(Some(3), &[QUESTION]).1,
            "b007\r\n/leave lobby\r\n/join #bench00-3\r\n"
        );
        let mut lines = vec![QUESTION, "* b007 joined #lobby"];
        assert_eq!(told(Some(3), &lines).0, Heard::Nothing);
        lines.push("* b007 joined #bench00-3");
        assert_eq!(told(Some(3), &lines).0, Heard::Ready);
    }

    #[test]
    fn a_refusal_is_the_end() {
        for lines in [&["! full"][..], &[QUESTION, "! that name is taken"]] {
            assert!(
                matches!(told(None, lines).0, Heard::Refused(_)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn what_lines_mean() {
        let ready = [QUESTION, "* b007 joined #bench00-3"];
        for (line, heard) in [
            ("#bench00-3 <a> hello> x", Heard::Said(b"hello> x")),
            ("#bench00-3 * a waves", Heard::Nothing),
            ("* a quit (bye)", Heard::Left(b"a")),
            ("* a joined #x", Heard::Nothing),
            ("* ", Heard::Nothing),
            ("", Heard::Nothing),
        ] {
            let lines = [&ready[..], &[line]].concat();
            assert_eq!(told(Some(3), &lines).0, heard, "{line:?}");
        }
    }
}
