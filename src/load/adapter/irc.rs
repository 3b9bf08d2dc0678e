//! IRC from the client's side: registration, one room, messages (RFC 1459, RFC 2812).
//!
//! ```text
//! NICK, USER ─> Registering ──001──> Welcomed ──376 or 422──> in no room: ready
//!               433: another name                              JOIN ─> Joining ──366──> ready
//! ```
//!
//! PING is answered at any time. Only as much of the protocol is understood as the measurement needs.

use super::identity::{Identity, Incoming, Nick, RoomName};
use memchr::memchr;
use std::io::Write as _;

/// How many names are tried before we give up: the prefix of a run is ours alone, so more means another trouble.
const NAMES_TRIED: u8 = 8;

/// Where a client is.
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
    /// Names that were taken.
    taken: u8,
}

impl Irc {
    pub(super) fn greet(&self, identity: Identity, out: &mut Vec<u8>) {
        let nick = self.nick(identity);
        let _ = write!(out, "NICK {nick}\r\nUSER bench 0 * :madang bench\r\n");
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
            _ if self.step == Step::Ready => Incoming::Nothing,
            command => self.come_in(identity, command, message.last, out),
        }
    }

    /// What matters until we are ready.
    fn come_in<'a>(
        &mut self,
        identity: Identity,
        command: &[u8],
        last: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Incoming<'a> {
        match (self.step, command) {
            (Step::Registering, b"001") => self.step = Step::Welcomed,
            // ERR_NICKNAMEINUSE, and ERR_UNAVAILRESOURCE while a name that was just left is kept back.
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
            // RPL_ENDOFNAMES comes last of what a JOIN is answered with.
            (Step::Joining, b"366") => return self.ready(),
            // ERR_NOSUCHCHANNEL, ERR_TOOMANYCHANNELS, and those with the reasons a room is closed to us.
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

/// As much of a message as we look at.
pub(in crate::load) struct Message<'a> {
    /// Of the source; empty without one.
    pub(in crate::load) nick: &'a [u8],
    pub(in crate::load) command: &'a [u8],
    /// All that stands behind the command.
    pub(in crate::load) parameters: &'a [u8],
    /// The trailing parameter, or what stands behind the command.
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
        // The trailing parameter begins with the first colon behind a space, or at once.
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

/// The word in front, and what stands behind the spaces after it.
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

    /// Says lines to a client and tells what it made of the last, and what it answered.
    fn told(room: Option<u32>, lines: &[&'static str]) -> (Incoming<'static>, String) {
        let (mut irc, mut out) = (Irc::default(), Vec::new());
        irc.greet(identity(room), &mut out);
        let mut heard = Incoming::Nothing;
        for line in lines {
            out.clear();
            heard = irc.receive(identity(room), line.as_bytes(), &mut out);
        }
        (heard, String::from_utf8(out).unwrap())
    }

    #[test]
    fn comes_in_without_a_room() {
        assert_eq!(
            told(None, &[]).1,
            "NICK b007\r\nUSER bench 0 * :madang bench\r\n"
        );
        assert_eq!(told(None, &[":s 001 b007 :Welcome"]).0, Incoming::Nothing);
        let welcome = [":s 001 b007 :Welcome", ":s 422 b007 :no motd"];
        assert_eq!(told(None, &welcome), (Incoming::Ready, "".into()));
        let early = told(None, &[":s 422 b007 :no motd"]);
        assert_eq!(early.0, Incoming::Nothing);
    }

    #[test]
    fn comes_in_and_joins() {
        let mut lines = vec![":s 001 b007 :Welcome", ":s 376 b007 :End"];
        assert_eq!(
            told(Some(3), &lines),
            (Incoming::Nothing, "JOIN #bench00-3\r\n".into())
        );
        lines.push(":b007!bench@host JOIN #bench00-3");
        assert_eq!(told(Some(3), &lines).0, Incoming::Nothing);
        lines.push(":s 366 b007 #bench00-3 :End of names");
        assert_eq!(told(Some(3), &lines), (Incoming::Ready, "".into()));
    }

    #[test]
    fn takes_another_name_a_few_times() {
        let taken = ":s 433 * b007 :Nickname is already in use.";
        assert_eq!(told(None, &[taken]).1, "NICK c007\r\n");
        let end = told(None, &[taken; 9]);
        assert_eq!(
            end,
            (Incoming::Refused(b"Nickname is already in use."), "".into())
        );
    }

    #[test]
    fn what_lines_mean() {
        for (line, heard, answer) in [
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
            assert_eq!(told(None, &[line]), (heard, answer.into()), "{line:?}");
        }
    }

    #[test]
    fn refusals() {
        for lines in [
            &[":s 465 * :You are banned"][..],
            &[":s 001 a :x", ":s 376 a :x", ":s 471 a #r :full"],
        ] {
            assert!(
                matches!(told(Some(0), lines).0, Incoming::Refused(_)),
                "{lines:?}"
            );
        }
    }
}
