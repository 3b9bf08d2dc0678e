//! An open message of several lines (IRCv3 draft/multiline): what a client has sent of it.
//!
//! Invariant: what is collected never passes the limits that CAP LS lists. Does not know what becomes of it.

use super::super::{
    caps::{MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX},
    codec::message::Message,
};
use crate::chat::Speech;

/// An open batch.
#[derive(Debug)]
pub(crate) struct Multiline {
    pub(crate) reference: Box<str>,
    pub(crate) target: Box<str>,
    pub(crate) tags: Box<str>,
    pub(crate) label: Option<Box<str>>,
    pub(crate) speech: Option<Speech>,
    pub(crate) lines: Vec<(Box<str>, bool)>,
    pub(crate) bytes: usize,
    /// A mistake was reported; the rest of the batch is dropped.
    pub(crate) is_spoiled: bool,
}

impl Multiline {
    /// Bytes of memory outside of the record.
    pub(crate) fn memory(&self) -> usize {
        let label = self.label.as_ref().map_or(0, |label| label.len());
        self.lines.capacity() * size_of::<(Box<str>, bool)>()
            + self.bytes
            + self.reference.len()
            + self.target.len()
            + self.tags.len()
            + label
    }
}

/// A mistake in a batch: a code of the specification, its parameters, and a text.
pub(crate) struct Mistake {
    pub(crate) code: &'static str,
    pub(crate) context: Vec<String>,
    pub(crate) words: &'static str,
}

impl Mistake {
    pub(crate) fn new(code: &'static str, context: Vec<String>, words: &'static str) -> Self {
        Self {
            code,
            context,
            words,
        }
    }

    pub(crate) fn invalid(words: &'static str) -> Self {
        Self::new("MULTILINE_INVALID", Vec::new(), words)
    }
}

impl Multiline {
    pub(crate) fn add(&mut self, message: &Message<'_>) -> Result<(), Mistake> {
        let speech = if message.command.eq_ignore_ascii_case("PRIVMSG") {
            Speech::Message
        } else if message.command.eq_ignore_ascii_case("NOTICE") {
            Speech::Notice
        } else {
            return Err(Mistake::invalid("a message consists of PRIVMSG or NOTICE"));
        };
        if message.tags.get("batch").as_deref() != Some(&*self.reference) {
            return Err(Mistake::invalid("that is not the open batch"));
        }
        if self.speech.is_some_and(|other| other != speech) {
            return Err(Mistake::invalid("PRIVMSG and NOTICE do not mix"));
        }
        if message.params.at(0) != &*self.target {
            let context = vec![self.target.to_string(), message.params.at(0).to_owned()];
            let words = "the target changed";
            return Err(Mistake::new("MULTILINE_INVALID_TARGET", context, words));
        }
        let text = message.params.at(1);
        let concat = message.tags.has("draft/multiline-concat");
        if concat && text.is_empty() {
            return Err(Mistake::invalid(
                "there is nothing to go on with in a blank line",
            ));
        }
        // A line end counts, unless the line goes on where the last one ended.
        self.bytes += text.len() + usize::from(!concat && !self.lines.is_empty());
        if self.lines.len() >= MULTILINE_LINES_MAX {
            let limit = vec![MULTILINE_LINES_MAX.to_string()];
            return Err(Mistake::new("MULTILINE_MAX_LINES", limit, "too many lines"));
        }
        if self.bytes > MULTILINE_BYTES_MAX {
            let limit = vec![MULTILINE_BYTES_MAX.to_string()];
            return Err(Mistake::new("MULTILINE_MAX_BYTES", limit, "too many bytes"));
        }
        self.speech = Some(speech);
        self.lines.push((text.into(), concat));
        Ok(())
    }

    pub(crate) fn spoil(&mut self) {
        self.is_spoiled = true;
        self.lines = Vec::new();
    }
}
