//! Marks lines that mention the user, for the client at a terminal.
//!
//! The lines are those that `encode.rs` makes: the marker learns the user's name from them, and looks at what others say in
//! rooms. Invariants: the bytes pass unchanged but for the marks; before the name is known nothing is held back, and after
//! it an unfinished line of at most [`HELD_MAX`] bytes. Does not know terminals.

use crate::protocol::mention::mentions;

/// Begins a marked line: bold (ECMA-48, SGR).
const MARK: &[u8] = b"\x1b[1m";

/// Ends it: all attributes off.
const UNMARK: &[u8] = b"\x1b[m";

/// Longer lines are not from this program's server. They pass as they come.
const HELD_MAX: usize = 64 * 1024;

/// What is known of the stream so far.
#[derive(Debug, Default)]
pub struct Marker {
    /// The user's name, once the server has let the user in.
    name: Option<String>,
    /// The line that has begun. Before the name is known, what of it has passed already.
    line: Vec<u8>,
}

impl Marker {
    /// Takes text that is safe for a terminal, and appends it with marks.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            let passes = self.name.is_none();
            if passes {
                out.extend_from_slice(piece);
            }
            if self.line.len() + piece.len() > HELD_MAX {
                self.finish(out);
                if !passes {
                    out.extend_from_slice(piece);
                }
                continue;
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                if !passes {
                    self.show(&line, out);
                }
                self.learn(&line);
            }
        }
    }

    /// The stream has ended: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        if self.name.is_some() {
            out.extend_from_slice(&line);
        }
    }

    fn show(&self, line: &[u8], out: &mut Vec<u8>) {
        let (text, end) = line.split_at(line.len() - 1);
        let is_mention = match (&self.name, std::str::from_utf8(text)) {
            (Some(name), Ok(text)) => said(text).is_some_and(|said| mentions(said, name)),
            _ => false,
        };
        if is_mention {
            out.extend_from_slice(MARK);
            out.extend_from_slice(text);
            out.extend_from_slice(UNMARK);
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(end);
    }

    /// Takes the name from the first arrival, which is the user's own, and from each change of it.
    fn learn(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else {
            return;
        };
        let line = line.trim_end();
        let renamed = line.strip_prefix("* you are now known as ");
        let came = || {
            let (name, room) = line.strip_prefix("* ")?.split_once(" joined ")?;
            (room.starts_with('#') && !room.contains(' ')).then_some(name)
        };
        let name = match &self.name {
            Some(_) => renamed,
            None => came(),
        };
        if let Some(name) = name.filter(|name| !name.is_empty() && !name.contains(' ')) {
            self.name = Some(name.to_owned());
        }
    }
}

/// What a user said in a room: `#lobby <alice> TEXT`, `#lobby (@) <alice> TEXT` or `#lobby * alice TEXT`.
fn said(line: &str) -> Option<&str> {
    let (room, rest) = line.split_once(' ')?;
    if !room.starts_with('#') {
        return None;
    }
    let ranked = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "));
    let rest = ranked.map_or(rest, |(_, rest)| rest);
    match rest.strip_prefix("* ") {
        Some(action) => Some(action.split_once(' ')?.1),
        None => Some(rest.strip_prefix('<')?.split_once("> ")?.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of these lines, whatever the pieces they come in, with `[` and `]` for the marks.
    #[track_caller]
    fn check(lines: &str, expected: &str) {
        for size in [1, 2, 3, 7, 1000] {
            let (mut marker, mut out) = (Marker::default(), Vec::new());
            for piece in lines.as_bytes().chunks(size) {
                marker.push(piece, &mut out);
            }
            marker.finish(&mut out);
            let shown = String::from_utf8(out).unwrap();
            let shown = shown.replace("\x1b[1m", "[").replace("\x1b[m", "]");
            assert_eq!(shown, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn lines_that_mention_the_user_are_marked() {
        let came = "* what is your name?\n* 한나 joined #lobby\n";
        for (line, is_marked) in [
            ("#lobby <bob> 한나님 안녕", true),
            ("#lobby (@) <bob> 한나야", true),
            ("#lobby * bob waves to 한나", true),
            ("#lobby <bob> 우리한나", false),
            ("#한나 <bob> hello", false),
            ("#lobby <한나> hello", false),
            ("* bob tells you: 한나", false),
            ("* 한나 joined #tea", false),
            ("#lobby", false),
            ("", false),
        ] {
            let shown = match is_marked {
                true => format!("[{line}]"),
                false => line.to_owned(),
            };
            check(&format!("{came}{line}\n"), &format!("{came}{shown}\n"));
            // Not without its end, which may be far away.
            check(&format!("{came}{line}"), &format!("{came}{line}"));
        }
    }

    #[test]
    fn the_name_is_the_one_in_use() {
        let script = "* ann joined #lobby\n* bob joined #lobby\n#lobby <bob> ann\n* you are now known as eve\n\
                      #lobby <bob> ann\n#lobby <bob> eve?\n";
        check(
            script,
            &script
                .replacen("#lobby <bob> ann", "[#lobby <bob> ann]", 1)
                .replace("#lobby <bob> eve?", "[#lobby <bob> eve?]"),
        );
    }

    #[test]
    fn nothing_is_held_back_before_there_is_a_name() {
        let (mut marker, mut out) = (Marker::default(), Vec::new());
        marker.push(b"login: ", &mut out);
        assert_eq!(out, b"login: ");
        marker.finish(&mut out);
        assert_eq!(out, b"login: ");
    }

    #[test]
    fn a_line_without_end_passes() {
        let (mut marker, mut out) = (Marker::default(), Vec::new());
        marker.push(b"* ann joined #lobby\n", &mut out);
        out.clear();
        for _ in 0..3 {
            marker.push(&[b'x'; HELD_MAX / 2], &mut out);
        }
        marker.finish(&mut out);
        assert_eq!(out.len(), HELD_MAX / 2 * 3);
    }
}
