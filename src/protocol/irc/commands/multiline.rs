//! Messages of several lines (IRCv3 draft/multiline): a batch that a client opens, fills and closes.
//!
//! A batch with a mistake in it is dropped as a whole, and the mistake reported once. Owns nothing; the open batch is in
//! the connection's state.

use super::messages::{fits, target_of};
use crate::{
    chat::{Command, Line, Speech},
    protocol::irc::{
        caps::Cap,
        codec::{message::Message, numeric::*},
        session::{
            multiline::{Mistake, Multiline},
            request::Request,
        },
    },
};

/// BATCH from a client: begins or ends a message of several lines.
pub(super) fn batch(request: &mut Request<'_>, message: &Message<'_>) {
    let reference = message.params.at(0);
    if !request.irc.caps.has(Cap::Multiline) || !request.irc.caps.has(Cap::Batch) {
        return request.reply(ERR_UNKNOWNCOMMAND, &["BATCH"]);
    }
    match (reference.strip_prefix('+'), reference.strip_prefix('-')) {
        (Some(reference), _) => open(request, reference, message),
        (_, Some(reference)) => close(request, reference),
        _ => fail(
            request,
            "MULTILINE_INVALID",
            &[],
            "a batch begins with + and ends with -",
        ),
    }
}

fn open(request: &mut Request<'_>, reference: &str, message: &Message<'_>) {
    let (kind, target) = (message.params.at(1), message.params.at(2));
    if kind != "draft/multiline" || target.is_empty() || reference.is_empty() {
        return fail(
            request,
            "MULTILINE_INVALID",
            &[],
            "this is no batch that clients may open",
        );
    }
    if request.irc.cold().multiline.take().is_some() {
        return fail(
            request,
            "MULTILINE_INVALID",
            &[],
            "another batch is still open",
        );
    }
    request.irc.cold().multiline = Some(Multiline {
        reference: reference.into(),
        target: target.into(),
        tags: message.tags.client_only().into(),
        // The answer to this line is what comes of the whole.
        label: request.label.take().map(|label| label.into()),
        speech: None,
        lines: Vec::new(),
        bytes: 0,
        is_spoiled: false,
    });
}

/// Takes a line with a batch tag; returns whether it belonged here.
pub(super) fn take(request: &mut Request<'_>, message: &Message<'_>) -> bool {
    if !request.irc.caps.has(Cap::Multiline) {
        return false;
    }
    let Some(mut open) = request.irc.cold().multiline.take() else {
        fail(request, "MULTILINE_INVALID", &[], "there is no open batch");
        return true;
    };
    if !open.is_spoiled {
        let added = if fits(request, &open.target, Speech::Message, message.params.at(1)) {
            open.add(message)
        } else {
            Err(Mistake::invalid(
                "a line is too long for those who would read it",
            ))
        };
        if let Err(mistake) = added {
            let context: Vec<&str> = mistake.context.iter().map(String::as_str).collect();
            request.label = open.label.take().map(|label| String::from(label).into());
            fail(request, mistake.code, &context, mistake.words);
            open.spoil();
        }
    }
    request.irc.cold().multiline = Some(open);
    true
}

fn close(request: &mut Request<'_>, reference: &str) {
    let open = request.irc.cold().multiline.take();
    let Some(open) = open.filter(|open| *open.reference == *reference) else {
        return fail(
            request,
            "MULTILINE_INVALID",
            &[],
            "there is no such open batch",
        );
    };
    if open.is_spoiled {
        return;
    }
    request.label = open.label.map(|label| String::from(label).into());
    let lines: Vec<_> = open
        .lines
        .iter()
        .map(|(text, concat)| Line {
            text,
            concat: *concat,
        })
        .collect();
    if lines.iter().all(|line| line.text.is_empty()) {
        return fail(
            request,
            "MULTILINE_INVALID",
            &[],
            "there are no words in it",
        );
    }
    let mut room = None;
    let speech = open.speech.unwrap_or(Speech::Message);
    let said = target_of(request, &open.target, &mut room).and_then(|to| {
        request.apply(Command::SayLines {
            to,
            speech,
            lines: &lines,
            tags: &open.tags,
        })
    });
    if let Err(refusal) = said {
        if speech != Speech::Notice {
            request.refuse(&refusal);
        }
    }
}

fn fail(request: &mut Request<'_>, code: &str, context: &[&str], words: &str) {
    request.fail("BATCH", code, context, words);
}
