//! Messages: texts, lines, tags, and their redaction.
//!
//! Remembers the numbers of the last messages, so that their authors and operators of the room can take them back; the
//! texts are not kept.

use super::{
    sent::{SENT_MAX, Sent, ring_slot},
    state::{Hub, debug_assert_one_line},
};
use crate::chat::{
    Body, Destination, Line, MessageId, Now, Refusal, SaidLine, Speech, Target, UserId, effort,
    mode::Rank,
};

impl Hub {
    pub(super) fn say(
        &mut self,
        who: UserId,
        to: Target<'_>,
        (speech, text): (Speech, &str),
        tags: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(text);
        debug_assert!(!text.is_empty(), "protocols refuse to say nothing");
        let destination = self.destination(who, to, Some(speech), text.starts_with('\x01'))?;
        let text = text.into();
        let body = Body::Said {
            destination,
            speech,
            text,
        };
        self.users[who.slot as usize].last_spoke = now.moment;
        self.send(who, destination, body, tags, now);
        Ok(())
    }

    pub(super) fn say_lines(
        &mut self,
        who: UserId,
        to: Target<'_>,
        (speech, lines): (Speech, &[Line<'_>]),
        tags: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        for line in lines {
            debug_assert_one_line(line.text);
        }
        let is_ctcp = lines.iter().any(|line| line.text.starts_with('\x01'));
        let destination = self.destination(who, to, Some(speech), is_ctcp)?;
        let count = lines.len();
        let said = |line: &Line<'_>| SaidLine {
            text: line.text.into(),
            concat: line.concat,
        };
        let lines = lines.iter().map(said).collect();
        let body = Body::SaidLines {
            destination,
            speech,
            lines,
        };
        self.users[who.slot as usize].last_spoke = now.moment;
        // Each line goes to each of the audience.
        self.charge_each(
            self.count_in(&self.audience_at(destination, who)) * count,
            effort::TOLD,
        );
        self.send(who, destination, body, tags, now);
        Ok(())
    }

    pub(super) fn tag(
        &mut self,
        who: UserId,
        to: Target<'_>,
        tags: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        let destination = self.destination(who, to, None, false)?;
        self.send(who, destination, Body::Tagged { destination }, tags, now);
        Ok(())
    }

    pub(super) fn redact(
        &mut self,
        who: UserId,
        from: Target<'_>,
        message: MessageId,
        reason: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        debug_assert_one_line(reason);
        let Sent {
            author,
            destination,
            ..
        } = self.find_sent(who, from, message)?;
        let is_operator = match destination {
            Destination::Room(room) | Destination::Ranked(_, room) => {
                self.ranks(who, room).is_at_least(Rank::Operator)
            }
            Destination::User(_) => false,
        };
        if author != who && !is_operator {
            return Err(Refusal::NotYourMessage { message });
        }
        // Once is enough.
        self.sent[ring_slot(message)] = None;
        let body = Body::Redacted {
            destination,
            message,
            reason: self.cut_reason(reason),
        };
        self.emit(who, self.audience_at(destination, who), body, now);
        Ok(())
    }

    /// A message that was sent to this target. Of others' private messages not even the numbers are revealed.
    fn find_sent(&self, who: UserId, to: Target<'_>, message: MessageId) -> Result<Sent, Refusal> {
        let wanted = match to {
            Target::Room(name) | Target::Ranked(_, name) => {
                Destination::Room(self.find_membership(who, name)?.0)
            }
            Target::User(nick) => Destination::User(self.find_user_or_refuse(nick)?),
        };
        let is_there = |sent: &Sent| match (wanted, sent.destination) {
            (Destination::Room(wanted), Destination::Room(room) | Destination::Ranked(_, room)) => {
                wanted == room
            }
            (Destination::User(wanted), Destination::User(user)) => {
                wanted == user && sent.author == who
            }
            _ => false,
        };
        let sent = self.sent.get(ring_slot(message)).copied().flatten();
        sent.filter(|sent| sent.id == message && is_there(sent))
            .ok_or(Refusal::NoSuchMessage { message })
    }

    /// Where a message goes, if the author may send it there. `speech` is none for tags without a text.
    fn destination(
        &mut self,
        who: UserId,
        to: Target<'_>,
        speech: Option<Speech>,
        is_ctcp: bool,
    ) -> Result<Destination, Refusal> {
        let (name, least) = match to {
            Target::User(nick) => return Ok(Destination::User(self.find_user_or_refuse(nick)?)),
            Target::Room(name) => (name, None),
            Target::Ranked(least, name) => (name, Some(least)),
        };
        let room = self.find_room_or_refuse(name)?;
        self.check_speech(who, room, speech, is_ctcp)?;
        Ok(match least {
            None => Destination::Room(room),
            Some(least) => Destination::Ranked(least, room),
        })
    }

    /// Emits the event, and remembers its number.
    fn send(&mut self, who: UserId, destination: Destination, body: Body, tags: &str, now: Now) {
        let audience = self.audience_at(destination, who);
        let id = self.emit_tagged(who, audience, body, tags, now);
        let sent = Sent {
            id,
            author: who,
            destination,
        };
        if self.sent.is_empty() {
            self.sent = vec![None; SENT_MAX];
        }
        self.sent[ring_slot(id)] = Some(sent);
    }
}
