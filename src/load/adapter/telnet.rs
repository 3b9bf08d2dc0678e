//! The lines for people from the client's side, as madang speaks them on `telnet://` and `any://`.
//!
//! The server asks for a name; the answer goes with the wish to leave the room where everyone begins, in the same
//! packet: fifteen thousand who come into one room one after the other would be told of each other a hundred million
//! times, and that is no measurement of idle connections.

use super::identity::{Identity, Incoming, Nick, RoomName};
use std::io::Write as _;

/// Where a client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Asked,
    Named,
    Ready,
}

/// The state of one client.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::load) struct Telnet {
    step: Step,
}

/// The last line of the greeting.
const QUESTION: &[u8] = b"* what is your name?";

impl Telnet {
    pub(super) fn receive<'a>(
        &mut self,
        identity: Identity,
        line: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Incoming<'a> {
        match self.step {
            Step::Asked if line == QUESTION => {
                self.step = Step::Named;
                say_name(identity, out);
            }
            // Names are ours alone, and what follows the name is sent already: there is no second try.
            Step::Asked | Step::Named if line.starts_with(b"! ") => {
                return Incoming::Refused(&line[2..]);
            }
            Step::Named if is_own_entry(identity, line) => {
                self.step = Step::Ready;
                return Incoming::Ready;
            }
            Step::Asked | Step::Named => {}
            Step::Ready => return in_the_room(line),
        }
        Incoming::Nothing
    }
}

fn say_name(identity: Identity, out: &mut Vec<u8>) {
    let nick = Nick(identity.run, identity.number, 0);
    let _ = write!(out, "{nick}\r\n/leave lobby\r\n");
    if let Some(room) = identity.room {
        let _ = write!(out, "/join {}\r\n", RoomName(identity.run, room));
    }
}

/// The last thing we wait for: `* NICK joined #ROOM`, or that we have left the room where everyone begins.
fn is_own_entry(identity: Identity, line: &[u8]) -> bool {
    match identity.room {
        Some(room) => {
            let nick = Nick(identity.run, identity.number, 0);
            line == format!("* {nick} joined {}", RoomName(identity.run, room)).as_bytes()
        }
        None => line == b"* you left #lobby",
    }
}

/// `#ROOM <NICK> TEXT` and `* NICK quit (REASON)`.
fn in_the_room(line: &[u8]) -> Incoming<'_> {
    if line.first() == Some(&b'#') {
        let text_received = memchr::memmem::find(line, b"> ").map(|at| &line[at + 2..]);
        return text_received.map_or(Incoming::Nothing, Incoming::Message);
    }
    let Some(events) = line.strip_prefix(b"* ") else {
        return Incoming::Nothing;
    };
    let name = memchr::memchr(b' ', events).unwrap_or(events.len());
    if events[name..].starts_with(b" quit") {
        return Incoming::UserQuit(&events[..name]);
    }
    Incoming::Nothing
}

#[cfg(test)]
mod tests {
    use super::{super::identity::Run, *};

    fn told(room: Option<u32>, lines: &[&'static str]) -> (Incoming<'static>, String) {
        let identity = Identity {
            run: Run(0),
            number: 7,
            room,
        };
        let (mut telnet, mut out) = (Telnet::default(), Vec::new());
        let mut heard = Incoming::Nothing;
        for line in lines {
            out.clear();
            heard = telnet.receive(identity, line.as_bytes(), &mut out);
        }
        (heard, String::from_utf8(out).unwrap())
    }

    const QUESTION: &str = "* what is your name?";

    #[test]
    fn comes_in() {
        assert_eq!(
            told(None, &["* welcome to x", QUESTION]),
            (Incoming::Nothing, "b007\r\n/leave lobby\r\n".into())
        );
        assert_eq!(
            told(Some(3), &[QUESTION]).1,
            "b007\r\n/leave lobby\r\n/join #bench00-3\r\n"
        );
        let mut lines = vec![QUESTION, "* b007 joined #lobby"];
        assert_eq!(told(Some(3), &lines).0, Incoming::Nothing);
        lines.push("* b007 joined #bench00-3");
        assert_eq!(told(Some(3), &lines).0, Incoming::Ready);
    }

    #[test]
    fn a_refusal_is_the_end() {
        for lines in [&["! full"][..], &[QUESTION, "! that name is taken"]] {
            assert!(
                matches!(told(None, lines).0, Incoming::Refused(_)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn what_lines_mean() {
        let ready = [QUESTION, "* b007 joined #bench00-3"];
        for (line, heard) in [
            ("#bench00-3 <a> hello> x", Incoming::Message(b"hello> x")),
            ("#bench00-3 * a waves", Incoming::Nothing),
            ("* a quit (bye)", Incoming::UserQuit(b"a")),
            ("* a joined #x", Incoming::Nothing),
            ("* ", Incoming::Nothing),
            ("", Incoming::Nothing),
        ] {
            let lines = [&ready[..], &[line]].concat();
            assert_eq!(told(Some(3), &lines).0, heard, "{line:?}");
        }
    }
}
