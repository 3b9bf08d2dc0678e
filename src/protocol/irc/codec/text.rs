//! Messages as lines of IRC: their target, how long they may be, where they are cut, and their id.
//!
//! Owns nothing. Does not know who listens.

use super::line::{BODY_BYTES_MAX, Line};
use crate::chat::{MessageId, Speech, User};
use std::fmt;

/// The id of a message, as the `msgid` tag has it (IRCv3 message-ids).
pub(crate) struct Msgid(pub(crate) MessageId);

impl Msgid {
    /// The number in such an id.
    pub(crate) fn parse(text: &str) -> Option<MessageId> {
        let is_plain = text.bytes().all(|b| b.is_ascii_hexdigit());
        let id = u64::from_str_radix(text, 16).ok().filter(|_| is_plain);
        id.map(MessageId)
    }
}

impl fmt::Display for Msgid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0.0)
    }
}

/// The destination of a message, as the first parameter has it: `#room`, `@#room`, `nick`.
pub(crate) struct TargetName<'n> {
    pub(crate) prefix: Option<char>,
    pub(crate) name: &'n str,
}

impl TargetName<'_> {
    /// Length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.prefix.map_or(0, char::len_utf8) + self.name.len()
    }
}

impl fmt::Display for TargetName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefix) = self.prefix {
            write!(f, "{prefix}")?;
        }
        f.write_str(self.name)
    }
}

/// A user as the source of a line: `nick!user@host`.
#[derive(Clone, Copy)]
pub(crate) struct Source<'u> {
    pub(crate) nick: &'u str,
    pub(crate) username: &'u str,
    pub(crate) host: &'u str,
}

impl<'u> Source<'u> {
    /// As a user is now.
    pub(crate) fn of(user: &'u User) -> Self {
        Self {
            nick: user.nick().as_str(),
            username: user.username(),
            host: user.host(),
        }
    }

    /// Length in bytes.
    fn len(self) -> usize {
        self.nick.len() + self.username.len() + self.host.len() + "!@".len()
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.nick, "!", self.username, "@", self.host] {
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// The command that carries it.
pub(crate) fn verb(speech: Speech) -> &'static str {
    match speech {
        Speech::Action | Speech::Message => "PRIVMSG",
        Speech::Notice => "NOTICE",
    }
}

/// Ends a line with a text; an action is a CTCP message (the client-to-client protocol's ACTION).
pub(crate) fn end_with_words(line: Line<'_>, speech: Speech, text: &str) {
    match speech {
        Speech::Action => line.text(format_args!("\x01ACTION {text}\x01")).end(),
        Speech::Message | Speech::Notice => line.text(text).end(),
    }
}

/// How many bytes of text fit into a line `:nick!user@host VERB target :text`.
pub(crate) fn room_for_text(
    author: Source<'_>,
    verb: &str,
    target: &TargetName<'_>,
    speech: Speech,
) -> usize {
    let action = match speech {
        Speech::Action => "\x01ACTION \x01".len(),
        Speech::Message | Speech::Notice => 0,
    };
    let frame = ":".len() + author.len() + " ".len() + verb.len() + " ".len() + target.len();
    (BODY_BYTES_MAX - "\r\n".len()).saturating_sub(frame + " :".len() + action)
}

/// Cuts a text that came by a protocol with longer lines: between words if that is possible, between characters if not.
pub(crate) fn pieces(text: &str, room: usize) -> impl Iterator<Item = &str> {
    let room = room.max(1);
    let mut rest = text;
    let mut begun = false;
    std::iter::from_fn(move || {
        if rest.is_empty() && std::mem::replace(&mut begun, true) {
            return None;
        }
        begun = true;
        if rest.len() <= room {
            return Some(std::mem::take(&mut rest));
        }
        let mut end = room;
        while end > 0 && !rest.is_char_boundary(end) {
            end -= 1;
        }
        if end == 0 {
            // Not even one character fits; it is better cut by the line than by us.
            return Some(std::mem::take(&mut rest));
        }
        let (piece, after) = match rest[..end].rsplit_once(' ') {
            Some((words, _)) if words.len() > end / 2 => (words, words.len() + 1),
            _ => (&rest[..end], end),
        };
        rest = &rest[after..];
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn long_texts_are_cut_between_words_or_characters() {
        for (text, room, expected) in [
            ("", 5, vec![""]),
            ("hello", 5, vec!["hello"]),
            ("hello you", 7, vec!["hello", "you"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("마당마당", 7, vec!["마당", "마당"]),
            ("a bcdefgh", 5, vec!["a bcd", "efgh"]),
        ] {
            assert_eq!(pieces(text, room).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
