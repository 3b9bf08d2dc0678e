//! Lines about what a user said or did: the same bytes whether it happens now or is read from history.
//!
//! Owns nothing. Does not know events, nor stored lines, nor who reads.

use super::{
    caps::{Cap, CapSet},
    codec::{
        line::Line,
        text::{Msgid, Source, TargetName, end_with_words, pieces, room_for_text, verb},
    },
};
use crate::{
    chat::{
        MessageId, SaidLine, Speech, WallTime,
        mode::{Letter as _, ListKind, Rank},
    },
    protocol::time::Iso,
};

/// Who did it and when, and for whom the lines are made.
#[derive(Clone, Copy)]
pub(super) struct Authored<'e> {
    /// The capabilities of the reader.
    pub(super) caps: CapSet,
    /// The batch that the lines are in, if they are in one.
    pub(super) batch: Option<&'e str>,
    /// When it was.
    pub(super) time: WallTime,
    /// Its number, where it has one.
    pub(super) id: Option<MessageId>,
    /// The author's client-only tags.
    pub(super) tags: &'e str,
    /// The author.
    pub(super) source: Source<'e>,
    /// The author's account.
    pub(super) account: Option<&'e str>,
    /// Whether the author is marked as a bot.
    pub(super) is_bot: bool,
}

/// How lines begin.
impl<'e> Authored<'e> {
    /// Begins a line with the tags that every line has.
    pub(super) fn tagged<'o>(&self, out: &'o mut Vec<u8>) -> Line<'o> {
        let mut line = Line::new(out);
        if let Some(batch) = self.batch {
            line = line.tag("batch", batch);
        }
        if self.caps.has(Cap::ServerTime) {
            line = line.plain_tag("time", Iso(self.time));
        }
        if self.is_bot && self.caps.has(Cap::MessageTags) {
            line = line.tag("bot", "");
        }
        match self.account {
            Some(account) if self.caps.has(Cap::AccountTag) => line.tag("account", account),
            _ => line,
        }
    }

    /// Begins a line with a command of the author, about something that is not kept.
    pub(super) fn command<'o>(&self, command: &str, out: &'o mut Vec<u8>) -> Line<'o> {
        self.tagged(out).source(self.source).command(command)
    }

    /// Begins a line about something that may be kept: it has an id. One without is the second of several about the same.
    fn event<'o>(&self, with_id: bool, command: &str, out: &'o mut Vec<u8>) -> Line<'o> {
        let mut line = self.tagged(out);
        if self.caps.has(Cap::MessageTags) {
            if let Some(id) = self.id.filter(|_| with_id) {
                line = line.plain_tag("msgid", Msgid(id));
            }
            line = line.raw_tags(self.tags);
        }
        line.source(self.source).command(command)
    }
}

/// Messages.
impl Authored<'_> {
    pub(super) fn said(
        &self,
        target: &TargetName<'_>,
        speech: Speech,
        text: &str,
        out: &mut Vec<u8>,
    ) {
        let verb = verb(speech);
        let room = room_for_text(self.source, verb, target, speech);
        for (index, piece) in pieces(text, room).enumerate() {
            let line = self.event(index == 0, verb, out).param(target);
            end_with_words(line, speech, piece);
        }
    }

    /// A message of several lines; `reference` names the batch that it is where the reader knows such.
    pub(super) fn said_lines(
        &self,
        target: &TargetName<'_>,
        speech: Speech,
        (lines, reference): (&[SaidLine], MessageId),
        out: &mut Vec<u8>,
    ) {
        let verb = verb(speech);
        if !(self.caps.has(Cap::Multiline) && self.caps.has(Cap::Batch)) {
            let words = lines.iter().filter(|line| !line.text.is_empty());
            for (index, words) in words.enumerate() {
                let line = self.event(index == 0, verb, out).param(target);
                end_with_words(line, speech, &words.text);
            }
            return;
        }
        let batch = format!("m{}", reference.0);
        let line = self.event(true, "BATCH", out);
        let line = line.param(format_args!("+{batch}"));
        line.param("draft/multiline").param(target).end();
        for words in lines {
            let mut line = Line::new(out).tag("batch", &batch);
            if words.concat {
                line = line.tag("draft/multiline-concat", "");
            }
            let line = line.source(self.source).command(verb).param(target);
            end_with_words(line, speech, &words.text);
        }
        let mut line = Line::new(out);
        if let Some(outer) = self.batch {
            line = line.tag("batch", outer);
        }
        let line = line.source(self.source).command("BATCH");
        line.param(format_args!("-{batch}")).end();
    }

    /// Tags without a text, for those who know tags.
    pub(super) fn tags_alone(&self, target: &TargetName<'_>, out: &mut Vec<u8>) {
        if self.caps.has(Cap::MessageTags) {
            self.event(true, "TAGMSG", out).param(target).end();
        }
    }

    /// A message was taken back, for those who know that.
    pub(super) fn redacted(
        &self,
        target: &TargetName<'_>,
        message: MessageId,
        reason: &str,
        out: &mut Vec<u8>,
    ) {
        if self.caps.has(Cap::MessageRedaction) {
            let line = self.event(true, "REDACT", out).param(target);
            end_with_reason(line.param(Msgid(message)), reason);
        }
    }
}

/// What happens in rooms.
impl Authored<'_> {
    pub(super) fn joined(&self, room: &str, realname: &str, out: &mut Vec<u8>) {
        let line = self.event(true, "JOIN", out).param(room);
        if self.caps.has(Cap::ExtendedJoin) {
            let account = self.account.unwrap_or("*");
            line.param(account).text(realname).end();
        } else {
            line.end();
        }
    }

    pub(super) fn kicked(&self, room: &str, nick: &str, reason: &str, out: &mut Vec<u8>) {
        let line = self.event(true, "KICK", out).param(room);
        line.param(nick).text(reason).end();
    }

    pub(super) fn left(&self, room: &str, reason: &str, out: &mut Vec<u8>) {
        end_with_reason(self.event(true, "PART", out).param(room), reason);
    }

    /// Some changes in one line, others in the next, as their length allows.
    pub(super) fn modes<P: AsRef<str>>(
        &self,
        room: &str,
        letters: &str,
        parameters: &[P],
        out: &mut Vec<u8>,
    ) {
        let bytes_max = self.event(true, "MODE", out).param(room).text_room();
        let mut rest = parameters.iter().map(AsRef::as_ref);
        let mut row = ModeRow::default();
        let (mut sign, mut is_first) = ('+', true);
        for letter in letters.chars() {
            if matches!(letter, '+' | '-') {
                sign = letter;
                continue;
            }
            let parameter = match has_parameter(sign, letter) {
                true => rest.next(),
                false => None,
            };
            if !row.is_empty() && row.len_with(parameter) > bytes_max {
                let line = self.event(is_first, "MODE", out).param(room);
                row.end(line);
                (row, is_first) = (ModeRow::default(), false);
            }
            row.push(sign, letter, parameter);
        }
        if !row.is_empty() {
            row.end(self.event(is_first, "MODE", out).param(room));
        }
    }

    pub(super) fn quit(&self, reason: &str, out: &mut Vec<u8>) {
        end_with_reason(self.event(true, "QUIT", out), reason);
    }

    /// The author, who had the nick of the source, has another.
    pub(super) fn renamed(&self, nick: &str, out: &mut Vec<u8>) {
        self.event(true, "NICK", out).param(nick).end();
    }

    /// The room has another name, for those who know that.
    pub(super) fn room_renamed(&self, old: &str, new: &str, reason: &str, out: &mut Vec<u8>) {
        if self.caps.has(Cap::ChannelRename) {
            let line = self.event(true, "RENAME", out).param(old);
            line.param(new).text(reason).end();
        }
    }

    pub(super) fn topic(&self, room: &str, text: &str, out: &mut Vec<u8>) {
        let line = self.event(true, "TOPIC", out).param(room);
        line.text(text).end();
    }
}

/// Whether a mode of a room has a parameter.
fn has_parameter(sign: char, letter: char) -> bool {
    letter == 'k'
        || letter == 'l' && sign == '+'
        || ListKind::ALL.iter().any(|kind| kind.letter() == letter)
        || Rank::ALL.iter().any(|rank| rank.letter() == letter)
}

/// Changes of modes in one line.
#[derive(Default)]
struct ModeRow<'p> {
    letters: String,
    sign: Option<char>,
    parameters: Vec<&'p str>,
}

impl<'p> ModeRow<'p> {
    fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Length in bytes with one more change.
    fn len_with(&self, parameter: Option<&str>) -> usize {
        let parameters = self.parameters.iter().copied().chain(parameter);
        let parameters: usize = parameters.map(|it| it.len() + 1).sum();
        self.letters.len() + "+x".len() + parameters
    }

    fn push(&mut self, sign: char, letter: char, parameter: Option<&'p str>) {
        if self.sign.replace(sign) != Some(sign) {
            self.letters.push(sign);
        }
        self.letters.push(letter);
        self.parameters.extend(parameter);
    }

    fn end(&self, line: Line<'_>) {
        let line = line.param(&self.letters);
        let parameters = self.parameters.iter();
        parameters.fold(line, |line, param| line.param(param)).end();
    }
}

/// Ends a line with a reason, or without one.
pub(super) fn end_with_reason(line: Line<'_>, reason: &str) {
    if reason.is_empty() {
        line.end();
    } else {
        line.text(reason).end();
    }
}
