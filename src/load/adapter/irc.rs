//! IRC from the client's side: registration, one room, messages (RFC 1459, RFC 2812).
//!
//! ```text
//! NICK, USER ─> Registering ──001──> Welcomed ──376 or 422──> in no room: ready
//!               433: another name                              JOIN ─> Joining ──366──> ready
//! ```
//!
//! PING is answered at any time. The adapter parses only as much of the protocol as the measurement needs.

use super::identity::{Identity, Incoming, Nick, RoomName};
use memchr::memchr;
use std::io::Write as _;

/// How many names are tried before the client gives up: the prefix is ours alone, so more conflicts have another
/// cause.
const NAMES_TRIED: u8 = 8;

/// How far a client has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Registering,
    Welcomed,
    Joining,
    Ready,
}

/// The state of one client.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::load) struct Irc {
    step: Step,
    /// How many names were taken.
    taken: u8,
}

impl Irc {
    pub(super) fn greet(&self, identity: Identity, out: &mut Vec<u8>) {
        let nick = self.nick(identity);
        // A server that puts newcomers into rooms would otherwise have each client in one room with all others. A server
        // that does not know the capability refuses it, and goes on.
        let _ = write!(
            out,
            "CAP REQ :madang.chat/own-rooms\r\nNICK {nick}\r\nUSER bench 0 * :madang bench\r\nCAP END\r\n"
        );
    }

    fn nick(&self, identity: Identity) -> Nick {
        Nick(identity.run, identity.number, self.taken)
    }

    pub(super) fn receive<'a>(
        &mut self,
        identity: Identity,
        line: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Incoming<'a> {
        let Some(message) = Message::parse(line) else {
            return Incoming::Nothing;
        };
        match message.command {
            b"PRIVMSG" => Incoming::Message(message.last),
            b"PING" => {
                out.extend_from_slice(b"PONG :");
                out.extend_from_slice(message.last);
                out.extend_from_slice(b"\r\n");
                Incoming::Nothing
            }
            b"QUIT" => Incoming::UserQuit(message.nick),
            b"ERROR" => Incoming::Refused(message.last),
            b"JOIN" => {
                self.leave_unwanted(identity, &message, out);
                Incoming::Nothing
            }
            _ if self.step == Step::Ready => Incoming::Nothing,
            command => self.come_in(identity, command, message.last, out),
        }
    }

    /// Leaves a room that the server has put this client into: with all others in it, the measurement would be of that room.
    fn leave_unwanted(&self, identity: Identity, message: &Message<'_>, out: &mut Vec<u8>) {
        let is_own = |room| RoomName(identity.run, room).to_string().as_bytes() == message.last;
        if self.nick(identity).to_string().as_bytes() == message.nick
            && !identity.room.is_some_and(is_own)
        {
            out.extend_from_slice(b"PART ");
            out.extend_from_slice(message.last);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Handles the replies that matter until the client is ready.
    fn come_in<'a>(
        &mut self,
        identity: Identity,
        command: &[u8],
        last: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Incoming<'a> {
        match (self.step, command) {
            (Step::Registering, b"001") => self.step = Step::Welcomed,
            // ERR_NICKNAMEINUSE, and ERR_UNAVAILRESOURCE while a server holds back a name that was just released.
            (Step::Registering, b"433" | b"437") if self.taken < NAMES_TRIED => {
                self.taken += 1;
                let _ = write!(out, "NICK {}\r\n", self.nick(identity));
            }
            // ERR_ERRONEUSNICKNAME, ERR_NICKCOLLISION, ERR_PASSWDMISMATCH, ERR_YOUREBANNEDCREEP.
            (Step::Registering, b"432" | b"433" | b"436" | b"464" | b"465") => {
                return Incoming::Refused(last);
            }
            // RPL_ENDOFMOTD, ERR_NOMOTD: the welcome is over.
            (Step::Welcomed, b"376" | b"422") => match identity.room {
                Some(room) => {
                    let _ = write!(out, "JOIN {}\r\n", RoomName(identity.run, room));
                    self.step = Step::Joining;
                }
                None => return self.ready(),
            },
            // RPL_ENDOFNAMES is the last reply to a JOIN.
            (Step::Joining, b"366") => return self.ready(),
            // ERR_NOSUCHCHANNEL, ERR_TOOMANYCHANNELS, and the replies for rooms that we may not join.
            (
                Step::Joining,
                b"403" | b"405" | b"437" | b"471" | b"473" | b"474" | b"475" | b"477",
            ) => {
                return Incoming::Refused(last);
            }
            _ => {}
        }
        Incoming::Nothing
    }

    fn ready(&mut self) -> Incoming<'static> {
        self.step = Step::Ready;
        Incoming::Ready
    }
}

/// The parts of a message that we use.
pub(in crate::load) struct Message<'a> {
    /// The nick of the source; empty without one.
    pub(in crate::load) nick: &'a [u8],
    pub(in crate::load) command: &'a [u8],
    /// All that follows the command.
    pub(in crate::load) parameters: &'a [u8],
    /// The trailing parameter, or all that follows the command.
    pub(in crate::load) last: &'a [u8],
}

impl<'a> Message<'a> {
    /// `None` if there is no command.
    pub(in crate::load) fn parse(mut line: &'a [u8]) -> Option<Self> {
        if line.first() == Some(&b'@') {
            line = after_word(line).1;
        }
        let mut nick: &[u8] = b"";
        if let Some(rest) = line.strip_prefix(b":") {
            let (source, rest) = after_word(rest);
            nick = &source[..memchr(b'!', source).unwrap_or(source.len())];
            line = rest;
        }
        let (command, parameters) = after_word(line);
        if command.is_empty() {
            return None;
        }
        let mut last = parameters;
        // The trailing parameter begins with the first colon after a space, or at once.
        if let Some(rest) = parameters.strip_prefix(b":") {
            last = rest;
        } else if let Some(at) = memchr::memmem::find(parameters, b" :") {
            last = &parameters[at + 2..];
        }
        Some(Self {
            nick,
            command,
            parameters,
            last,
        })
    }
}

/// Splits off the first word; returns it and what follows the spaces after it.
fn after_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b' ', text).unwrap_or(text.len());
    let rest = &text[end..];
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    (&text[..end], &rest[spaces..])
}

#[cfg(test)]
mod tests {
    use super::{super::identity::Run, *};

    fn identity(room: Option<u32>) -> Identity {
        Identity {
            run: Run(0),
            number: 7,
            room,
        }
    }

    /// Passes lines to a client; returns what the last one meant to it, and its answer.
    fn answer(room: Option<u32>, lines: &[&'static str]) -> (Incoming<'static>, String) {
        let (mut irc, mut out) = (Irc::default(), Vec::new());
        irc.greet(identity(room), &mut out);
        let mut incoming = Incoming::Nothing;
        for line in lines {
            out.clear();
            incoming = irc.receive(identity(room), line.as_bytes(), &mut out);
        }
        (incoming, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_client_without_a_room_registers() {
        assert_eq!(
            answer(None, &[]).1,
            "CAP REQ :madang.chat/own-rooms\r\nNICK b007\r\nUSER bench 0 * :madang bench\r\nCAP END\r\n"
        );
        assert_eq!(answer(None, &[":s 001 b007 :Welcome"]).0, Incoming::Nothing);
        let welcome = [":s 001 b007 :Welcome", ":s 422 b007 :no motd"];
        assert_eq!(answer(None, &welcome), (Incoming::Ready, "".into()));
        let early = answer(None, &[":s 422 b007 :no motd"]);
        assert_eq!(early.0, Incoming::Nothing);
    }

    #[test]
    fn a_client_registers_and_joins_its_room() {
        let mut lines = vec![":s 001 b007 :Welcome", ":s 376 b007 :End"];
        assert_eq!(
            answer(Some(3), &lines),
            (Incoming::Nothing, "JOIN #bench00-3\r\n".into())
        );
        lines.push(":b007!bench@host JOIN #bench00-3");
        assert_eq!(answer(Some(3), &lines).0, Incoming::Nothing);
        lines.push(":s 366 b007 #bench00-3 :End of names");
        assert_eq!(answer(Some(3), &lines), (Incoming::Ready, "".into()));
    }

    #[test]
    fn a_client_leaves_a_room_that_it_did_not_want() {
        let welcome = [":s 001 b007 :Welcome", ":s 376 b007 :End"];
        for room in [None, Some(3)] {
            for (line, reply) in [
                (":b007!bench@host JOIN #lobby", "PART #lobby\r\n"),
                (":b007!bench@host JOIN :#lobby", "PART #lobby\r\n"),
                (":b008!bench@host JOIN #lobby", ""),
            ] {
                let mut lines = welcome.to_vec();
                lines.push(line);
                assert_eq!(answer(room, &lines), (Incoming::Nothing, reply.into()));
            }
        }
    }

    #[test]
    fn another_name_is_tried_a_few_times() {
        let taken = ":s 433 * b007 :Nickname is already in use.";
        assert_eq!(answer(None, &[taken]).1, "NICK c007\r\n");
        let end = answer(None, &[taken; 9]);
        assert_eq!(
            end,
            (Incoming::Refused(b"Nickname is already in use."), "".into())
        );
    }

    #[test]
    fn lines_are_interpreted() {
        for (line, incoming, reply) in [
            ("PING :abc d", Incoming::Nothing, "PONG :abc d\r\n"),
            ("PING abc", Incoming::Nothing, "PONG :abc\r\n"),
            (":s PING s", Incoming::Nothing, "PONG :s\r\n"),
            (
                ":a!b@c PRIVMSG #r :hello : world",
                Incoming::Message(b"hello : world"),
                "",
            ),
            (
                "@time=x :a!b@c PRIVMSG #r :hi",
                Incoming::Message(b"hi"),
                "",
            ),
            (":a!b@c QUIT :bye", Incoming::UserQuit(b"a"), ""),
            (
                "ERROR :Closing Link",
                Incoming::Refused(b"Closing Link"),
                "",
            ),
            (":a!b@c NOTICE #r :hi", Incoming::Nothing, ""),
            ("", Incoming::Nothing, ""),
            (":x", Incoming::Nothing, ""),
            ("@", Incoming::Nothing, ""),
            (" ", Incoming::Nothing, ""),
        ] {
            assert_eq!(answer(None, &[line]), (incoming, reply.into()), "{line:?}");
        }
    }

    #[test]
    fn refusals_are_recognized() {
        for lines in [
            &[":s 465 * :You are banned"][..],
            &[":s 001 a :x", ":s 376 a :x", ":s 471 a #r :full"],
        ] {
            assert!(
                matches!(answer(Some(0), lines).0, Incoming::Refused(_)),
                "{lines:?}"
            );
        }
    }
}
