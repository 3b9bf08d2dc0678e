//! Messages of several lines (IRCv3 draft/multiline): a batch that a client opens, fills and closes.
//!
//! Invariant: what is collected never passes the limits that CAP LS tells. A batch with a mistake in it is forgotten
//! as a whole, and the mistake told once. Owns the open batch of one connection.

use super::{
    call::Call,
    caps::{Cap, MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX},
    commands::{fits, target_of},
    message::Message,
    numeric::*,
};
use crate::chat::{Command, Line, Speech};

/// An open batch.
#[derive(Debug)]
pub(super) struct Multiline {
    reference: Box<str>,
    target: Box<str>,
    tags: Box<str>,
    label: Option<Box<str>>,
    speech: Option<Speech>,
    lines: Vec<(Box<str>, bool)>,
    bytes: usize,
    /// A mistake was told; what follows up to the end of the batch goes with it.
    is_spoiled: bool,
}

impl Multiline {
    /// Bytes of memory outside of the record.
    pub(super) fn memory(&self) -> usize {
        let label = self.label.as_ref().map_or(0, |label| label.len());
        self.lines.capacity() * size_of::<(Box<str>, bool)>()
            + self.bytes
            + self.reference.len()
            + self.target.len()
            + self.tags.len()
            + label
    }
}

/// BATCH from a client: begins or ends a message of several lines.
pub(super) fn batch(call: &mut Call<'_>, message: &Message<'_>) {
    let reference = message.params.at(0);
    if !call.irc.caps.has(Cap::Multiline) || !call.irc.caps.has(Cap::Batch) {
        return call.reply(ERR_UNKNOWNCOMMAND, &["BATCH"]);
    }
    match (reference.strip_prefix('+'), reference.strip_prefix('-')) {
        (Some(reference), _) => open(call, reference, message),
        (_, Some(reference)) => close(call, reference),
        _ => fail(
            call,
            "MULTILINE_INVALID",
            &[],
            "a batch begins with + and ends with -",
        ),
    }
}

fn open(call: &mut Call<'_>, reference: &str, message: &Message<'_>) {
    let (kind, target) = (message.params.at(1), message.params.at(2));
    if kind != "draft/multiline" || target.is_empty() || reference.is_empty() {
        return fail(
            call,
            "MULTILINE_INVALID",
            &[],
            "this is no batch that clients may open",
        );
    }
    if call.irc.desk().multiline.take().is_some() {
        return fail(
            call,
            "MULTILINE_INVALID",
            &[],
            "another batch is still open",
        );
    }
    call.irc.desk().multiline = Some(Multiline {
        reference: reference.into(),
        target: target.into(),
        tags: message.tags.client_only().into(),
        // The answer to this line is what comes of the whole.
        label: call.label.take().map(|label| label.into()),
        speech: None,
        lines: Vec::new(),
        bytes: 0,
        is_spoiled: false,
    });
}

/// Takes a line that says it belongs to a batch; says whether it was one for here.
pub(super) fn take(call: &mut Call<'_>, message: &Message<'_>) -> bool {
    if !call.irc.caps.has(Cap::Multiline) {
        return false;
    }
    let Some(mut open) = call.irc.desk().multiline.take() else {
        fail(call, "MULTILINE_INVALID", &[], "there is no open batch");
        return true;
    };
    if !open.is_spoiled {
        let added = if fits(call, &open.target, Speech::Message, message.params.at(1)) {
            open.add(message)
        } else {
            Err(Mistake::invalid(
                "a line is too long for those who would read it",
            ))
        };
        if let Err(mistake) = added {
            let context: Vec<&str> = mistake.context.iter().map(String::as_str).collect();
            call.label = open.label.take().map(|label| String::from(label).into());
            fail(call, mistake.code, &context, mistake.words);
            open.spoil();
        }
    }
    call.irc.desk().multiline = Some(open);
    true
}

/// What is wrong with a batch: a code of the specification, what belongs to it, and words.
struct Mistake {
    code: &'static str,
    context: Vec<String>,
    words: &'static str,
}

impl Mistake {
    fn new(code: &'static str, context: Vec<String>, words: &'static str) -> Self {
        Self {
            code,
            context,
            words,
        }
    }

    fn invalid(words: &'static str) -> Self {
        Self::new("MULTILINE_INVALID", Vec::new(), words)
    }
}

impl Multiline {
    fn add(&mut self, message: &Message<'_>) -> Result<(), Mistake> {
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

    fn spoil(&mut self) {
        self.is_spoiled = true;
        self.lines = Vec::new();
    }
}

fn close(call: &mut Call<'_>, reference: &str) {
    let open = call.irc.desk().multiline.take();
    let Some(open) = open.filter(|open| *open.reference == *reference) else {
        return fail(
            call,
            "MULTILINE_INVALID",
            &[],
            "there is no such open batch",
        );
    };
    if open.is_spoiled {
        return;
    }
    call.label = open.label.map(|label| String::from(label).into());
    let lines: Vec<_> = open
        .lines
        .iter()
        .map(|(text, concat)| Line {
            text,
            concat: *concat,
        })
        .collect();
    if lines.iter().all(|line| line.text.is_empty()) {
        return fail(call, "MULTILINE_INVALID", &[], "there are no words in it");
    }
    let mut room = None;
    let speech = open.speech.unwrap_or(Speech::Message);
    let said = target_of(call, &open.target, &mut room).and_then(|to| {
        call.apply(Command::SayLines {
            to,
            speech,
            lines: &lines,
            tags: &open.tags,
        })
    });
    if let Err(refusal) = said {
        if speech != Speech::Notice {
            call.refuse(&refusal);
        }
    }
}

fn fail(call: &mut Call<'_>, code: &str, context: &[&str], words: &str) {
    call.fail("BATCH", code, context, words);
}
