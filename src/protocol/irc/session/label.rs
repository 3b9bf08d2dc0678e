//! Labels: the answer to a labelled line carries its label (IRCv3 labeled-response).
//!
//! No line in answer is ACK, one carries the label, several become a batch that does. An answer that is a batch already, from
//! its first line to its last, gets the label on its first line. Handlers know nothing of this: their lines are
//! wrapped when they have returned.
//!
//! Owns nothing. Does not know what was asked.

use crate::protocol::irc::codec::{line::Line, tags::push_escaped};

/// The longest label, in bytes (the specification's limit).
pub const LABEL_BYTES_MAX: usize = 64;

/// Makes `answer` the answer to a line with this label. `batch` is a reference for a new batch.
pub fn wrap(answer: &[u8], label: &str, server: &str, batch: &str, out: &mut Vec<u8>) {
    let mut lines = lines_of(answer);
    match (lines.next(), lines.next()) {
        (None, _) => Line::new(out)
            .tag("label", label)
            .source(server)
            .command("ACK")
            .end(),
        (Some(_), None) => push_tagged(answer, "label", label, out),
        (Some(_), Some(_)) if is_one_batch(answer) => push_tagged(answer, "label", label, out),
        _ => {
            open(label, server, batch, out);
            put_in_batch(answer, batch, out);
            close(server, batch, out);
        }
    }
}

/// Begins the batch of a labelled answer that comes in pieces.
pub fn open(label: &str, server: &str, batch: &str, out: &mut Vec<u8>) {
    Line::new(out)
        .tag("label", label)
        .source(server)
        .command("BATCH")
        .param(format_args!("+{batch}"))
        .param("labeled-response")
        .end();
}

/// Ends it.
pub fn close(server: &str, batch: &str, out: &mut Vec<u8>) {
    Line::new(out)
        .source(server)
        .command("BATCH")
        .param(format_args!("-{batch}"))
        .end();
}

/// Puts lines into a batch, but for those that are in one already. A batch inside of it is in it from its first line to its
/// last (IRCv3 batch).
pub fn put_in_batch(lines: &[u8], batch: &str, out: &mut Vec<u8>) {
    for line in lines_of(lines) {
        if has_tag(line, "batch") {
            out.extend_from_slice(line);
        } else {
            push_tagged(line, "batch", batch, out);
        }
    }
}

/// Lines with their ends.
fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

/// Appends lines with one more tag in front of the first.
fn push_tagged(lines: &[u8], key: &str, value: &str, out: &mut Vec<u8>) {
    out.push(b'@');
    out.extend_from_slice(key.as_bytes());
    out.push(b'=');
    push_escaped(value, out);
    match lines.strip_prefix(b"@") {
        Some(tagged) => {
            out.push(b';');
            out.extend_from_slice(tagged);
        }
        None => {
            out.push(b' ');
            out.extend_from_slice(lines);
        }
    }
}

fn has_tag(line: &[u8], key: &str) -> bool {
    let Some(tagged) = line.strip_prefix(b"@") else {
        return false;
    };
    let tags = tagged.split(|byte| *byte == b' ').next();
    let mut tags = tags.unwrap_or_default().split(|byte| *byte == b';');
    tags.any(|tag| tag.split(|byte| *byte == b'=').next() == Some(key.as_bytes()))
}

/// The reference after `BATCH +` or `BATCH -`, if the line is one.
fn batch_reference(line: &[u8], sign: u8) -> Option<&[u8]> {
    let mut words = line
        .split(|byte| byte.is_ascii_whitespace())
        .skip_while(|word| word.starts_with(b"@") || word.starts_with(b":"));
    let is_batch = words.next() == Some(b"BATCH");
    let reference = words.next().filter(|_| is_batch)?;
    reference.strip_prefix(&[sign])
}

/// Whether the lines are one batch from the first to the last.
fn is_one_batch(lines: &[u8]) -> bool {
    let opened = lines_of(lines)
        .next()
        .and_then(|line| batch_reference(line, b'+'));
    let closed = lines_of(lines)
        .last()
        .and_then(|line| batch_reference(line, b'-'));
    opened.is_some() && opened == closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: &str) {
        let mut out = Vec::new();
        wrap(answer.as_bytes(), "l;1", "srv", "7", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn none_one_several_or_a_batch() {
        check("", "@label=l\\:1 :srv ACK\r\n");
        check(":srv PONG x\r\n", "@label=l\\:1 :srv PONG x\r\n");
        check(
            "@time=1 :a PRIVMSG b :c\r\n",
            "@label=l\\:1;time=1 :a PRIVMSG b :c\r\n",
        );
        check(
            "A\r\n@t B\r\n",
            "@label=l\\:1 :srv BATCH +7 labeled-response\r\n@batch=7 A\r\n@batch=7;t B\r\n:srv BATCH -7\r\n",
        );
        check(
            "@msgid=1 :a BATCH +2 draft/multiline #r\r\n@batch=2 :a PRIVMSG #r :x\r\n:a BATCH -2\r\n",
            "@label=l\\:1;msgid=1 :a BATCH +2 draft/multiline #r\r\n@batch=2 :a PRIVMSG #r :x\r\n:a BATCH -2\r\n",
        );
        check(
            ":a BATCH +2 t\r\n@batch=2 X\r\n:a BATCH -2\r\nY\r\n",
            "@label=l\\:1 :srv BATCH +7 labeled-response\r\n@batch=7 :a BATCH +2 t\r\n\
             @batch=2 X\r\n@batch=7 :a BATCH -2\r\n@batch=7 Y\r\n:srv BATCH -7\r\n",
        );
    }
}
