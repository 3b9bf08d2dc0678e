//! madang's `telnet://` and `any://` from the client's side.
//!
//! The server asks for a name; the answer goes out together with the command to leave the room that every user enters
//! at first: if fifteen thousand clients entered one room one after the other, they would cause a hundred million
//! messages about each other, and that would not be a measurement of idle connections.

use super::identity::{Identity, Incoming, Nick, RoomName};
use std::io::Write as _;

/// How far a client has come.
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
            // The names are ours alone, and the commands after the name are already sent: there is no second try.
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

/// Whether this is the last line to wait for: `* NICK joined #ROOM`, or that we have left the first room.
fn is_own_entry(identity: Identity, line: &[u8]) -> bool {
    match identity.room {
        Some(room) => {
            let nick = Nick(identity.run, identity.number, 0);
            line == format!("* {nick} joined {}", RoomName(identity.run, room)).as_bytes()
        }
        None => line == b"* you left #lobby",
    }
}

/// Interprets `#ROOM <NICK> TEXT` and `* NICK quit (REASON)`.
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

    fn answer(room: Option<u32>, lines: &[&'static str]) -> (Incoming<'static>, String) {
        let identity = Identity {
            run: Run(0),
            number: 7,
            room,
        };
        let (mut telnet, mut out) = (Telnet::default(), Vec::new());
        let mut incoming = Incoming::Nothing;
        for line in lines {
            out.clear();
            incoming = telnet.receive(identity, line.as_bytes(), &mut out);
        }
        (incoming, String::from_utf8(out).unwrap())
    }

    const QUESTION: &str = "* what is your name?";

    #[test]
    fn a_client_registers_and_joins_its_room() {
        assert_eq!(
            answer(None, &["* welcome to x", QUESTION]),
            (Incoming::Nothing, "b007\r\n/leave lobby\r\n".into())
        );
        assert_eq!(
            answer(Some(3), &[QUESTION]).1,
            "b007\r\n/leave lobby\r\n/join #bench00-3\r\n"
        );
        let mut lines = vec![QUESTION, "* b007 joined #lobby"];
        assert_eq!(answer(Some(3), &lines).0, Incoming::Nothing);
        lines.push("* b007 joined #bench00-3");
        assert_eq!(answer(Some(3), &lines).0, Incoming::Ready);
    }

    #[test]
    fn a_refusal_ends_the_session() {
        for lines in [&["! full"][..], &[QUESTION, "! that name is taken"]] {
            assert!(
                matches!(answer(None, lines).0, Incoming::Refused(_)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn lines_are_interpreted() {
        let ready = [QUESTION, "* b007 joined #bench00-3"];
        for (line, incoming) in [
            ("#bench00-3 <a> hello> x", Incoming::Message(b"hello> x")),
            ("#bench00-3 * a waves", Incoming::Nothing),
            ("* a quit (bye)", Incoming::UserQuit(b"a")),
            ("* a joined #x", Incoming::Nothing),
            ("* ", Incoming::Nothing),
            ("", Incoming::Nothing),
        ] {
            let lines = [&ready[..], &[line]].concat();
            assert_eq!(answer(Some(3), &lines).0, incoming, "{line:?}");
        }
    }
}
