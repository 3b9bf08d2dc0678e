//! Ready replies: numeric replies that differ between clients in the client's nick only, encoded once and copied for each.
//!
//! The welcome is twenty lines, most of them such replies. Invariants: the bytes are those that line by line encoding
//! gives, the cut of long lines included; the memory is that of the texts. Does not know what the replies say.

use super::{line::Line, numeric::Numeric};

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct ReadyReplies {
    lines: Vec<ReadyLine>,
}

#[derive(Clone, Debug)]
struct ReadyLine {
    /// The source, the number and a space: all that comes before the nick.
    head: Box<str>,
    /// All that comes after the nick, without the line's end.
    tail: Box<str>,
}

impl ReadyReplies {
    /// Adds a reply of this server; `write` appends the parameters that follow the client's nick.
    pub(crate) fn add(
        mut self,
        server: &str,
        numeric: Numeric,
        write: impl FnOnce(Line<'_>) -> Line<'_>,
    ) -> Self {
        let mut tail = Vec::new();
        write(Line::new(&mut tail)).end();
        let tail = String::from_utf8_lossy(&tail);
        self.lines.push(ReadyLine {
            head: [":", server, " ", numeric.code, " "].concat().into(),
            tail: tail.trim_end_matches("\r\n").into(),
        });
        self
    }

    /// Appends the replies for the client with this nick.
    pub(crate) fn write(&self, nick: &str, out: &mut Vec<u8>) {
        for line in &self.lines {
            Line::new(out)
                .ready(&line.head)
                .ready(nick)
                .ready(&line.tail)
                .end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::irc::codec::numeric::{RPL_ISUPPORT, RPL_MOTD, RPL_MYINFO};

    /// A reply, and what follows the nick in it.
    type Reply = (Numeric, fn(Line<'_>) -> Line<'_>);

    const REPLIES: [Reply; 4] = [
        (RPL_MOTD, |line| line.words("a text\r\nwith an end")),
        (RPL_MOTD, |line| line.words(&"ö".repeat(300))),
        (RPL_ISUPPORT, |line| line.params("A=1 B").words("are known")),
        (RPL_MYINFO, |line| line.word("srv").word("")),
    ];

    #[test]
    fn ready_replies_are_the_bytes_of_encoding_line_by_line() {
        let ready = REPLIES
            .iter()
            .fold(ReadyReplies::default(), |ready, (numeric, write)| {
                ready.add("srv", *numeric, write)
            });
        // Nicks of different length move the cut of the long line through the bytes of a character.
        for nick in ["*", "a", "bo", "안녕하세요"] {
            let mut out = b"before\r\n".to_vec();
            ready.write(nick, &mut out);
            let mut expected = b"before\r\n".to_vec();
            for (numeric, write) in REPLIES {
                let line = Line::new(&mut expected).server("srv");
                write(line.command(numeric.code).word(nick)).end();
            }
            assert_eq!(
                String::from_utf8_lossy(&out),
                String::from_utf8_lossy(&expected)
            );
        }
    }
}
