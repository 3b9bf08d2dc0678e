//! CHATHISTORY and replay: stored lines, or targets, in a batch where the client knows such.
//!
//! Owns what is still to be written; the lines themselves are shared with the history.

use super::page::Page;
use crate::{
    chat::{WallTime, effort::LISTED},
    protocol::{
        history::{Line as Stored, TargetSeen},
        irc::{
            codec::line::Line,
            stored::{self, StoredView},
        },
        time::Iso,
    },
};
use std::rc::Rc;

/// What is shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// Lines of a room, by its name, or of what was said with a user.
    Lines {
        target: Box<str>,
        is_room: bool,
        lines: Vec<Rc<Stored>>,
    },
    /// Targets.
    Targets(Vec<TargetSeen>),
}

/// How far the reply came.
#[derive(Debug)]
pub(crate) struct History {
    shown: Shown,
    /// The reference of its batch, if it is in one.
    batch: Option<Box<str>>,
    /// The moment of this turn, if each line has its time in its text.
    now: Option<WallTime>,
    /// The label of what was asked, until it is written.
    label: Option<Box<str>>,
    is_open: bool,
    written: usize,
    bytes: usize,
}

impl History {
    /// A reply in a batch with this reference, if in any; the batch carries the label of what was asked.
    pub(crate) fn new(shown: Shown, batch: Option<String>, label: Option<Box<str>>) -> Self {
        let bytes = match &shown {
            Shown::Lines { lines, .. } => lines.iter().map(|line| line.bytes()).sum(),
            Shown::Targets(targets) => {
                let each = |it: &TargetSeen| it.name.len() + size_of::<TargetSeen>();
                targets.iter().map(each).sum()
            }
        };
        Self {
            shown,
            batch: batch.map(Into::into),
            now: None,
            label,
            is_open: false,
            written: 0,
            bytes,
        }
    }

    /// The same with the time of each line in its text.
    pub(crate) fn with_times(self, now: WallTime) -> Self {
        let now = Some(now);
        Self { now, ..self }
    }

    /// Bytes of memory outside of the record, while the client has not read it all.
    pub(crate) fn memory(&self) -> usize {
        self.bytes
    }

    fn open(&mut self, server: &str, out: &mut Vec<u8>) {
        let Some(batch) = &self.batch else { return };
        let mut line = Line::new(out);
        if let Some(label) = self.label.take() {
            line = line.tag("label", &label);
        }
        let line = line.source(server).command("BATCH");
        let line = line.param(format_args!("+{batch}"));
        match &self.shown {
            Shown::Lines { target, .. } => line.param("chathistory").param(target).end(),
            Shown::Targets(_) => line.param("draft/chathistory-targets").end(),
        }
    }
}

impl Page<'_> {
    pub(super) fn history(&self, history: &mut History, out: &mut Vec<u8>) -> bool {
        if !std::mem::replace(&mut history.is_open, true) {
            history.open(self.prefix.server, out);
        }
        let batch = history.batch.as_deref();
        let count = match &history.shown {
            Shown::Lines { lines, .. } => lines.len(),
            Shown::Targets(targets) => targets.len(),
        };
        while history.written < count {
            if self.is_full(out) {
                return false;
            }
            self.hub.charge(LISTED);
            match &history.shown {
                Shown::Lines {
                    target,
                    is_room,
                    lines,
                } => {
                    let view = StoredView {
                        caps: self.caps,
                        batch,
                        now: history.now,
                        room: is_room.then_some(target),
                    };
                    stored::encode(&lines[history.written], view, out);
                }
                Shown::Targets(targets) => self.target(&targets[history.written], batch, out),
            }
            history.written += 1;
        }
        if let Some(batch) = batch {
            let line = Line::new(out).source(self.prefix.server).command("BATCH");
            line.param(format_args!("-{batch}")).end();
        }
        true
    }

    fn target(&self, target: &TargetSeen, batch: Option<&str>, out: &mut Vec<u8>) {
        let mut line = Line::new(out);
        if let Some(batch) = batch {
            line = line.tag("batch", batch);
        }
        let line = line.source(self.prefix.server).command("CHATHISTORY");
        let line = line.param("TARGETS").param(&target.name);
        line.param(Iso(target.time)).end();
    }
}
