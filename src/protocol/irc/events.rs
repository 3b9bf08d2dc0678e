//! Events as lines of IRC ("Modern IRC"; IRCv3's specifications for lines that only some clients get).
//!
//! Invariant: the bytes depend on the event, the [`distinction`] and the view, never on who receives
//! them; so they are made once for all who share those. The one exception is a personal event, for which [`encode_personal`] is.
//!
//! Owns nothing. Does not know who listens.

use super::{
    caps::{Cap, CapSet},
    codec::{
        line::Line,
        numeric::{RPL_KNOCK, RPL_LOGGEDOUT},
        reply::{ReplyPrefix, write_topic},
        text::{Msgid, TargetName, end_with_words, pieces, room_for_text, verb},
    },
    paged_reply::write_names_to_all,
    refusal,
};
use crate::{
    chat::{
        Audience, Body, Destination, Event, Hub, MessageId, RoomId, SaidLine, Speech, User, UserId,
        WallTime,
        mode::{AppliedMode, SpelledModes, UserMode},
    },
    protocol::{
        flavour::{Distinction, View},
        time::Iso,
    },
};

/// The capabilities that change the bytes of an event.
pub fn distinction(event: &Event, hub: &Hub) -> Distinction {
    let caps = match hub.user(event.author) {
        Some(author) => relevant_to(&event.body).or(marks_of(author)),
        None => relevant_to(&event.body),
    };
    let personal_without = match event.body {
        Body::RoomRenamed { .. } => CapSet::of(&[Cap::ChannelRename]),
        _ => CapSet::NONE,
    };
    Distinction {
        caps,
        personal_without,
    }
}

/// The capabilities that matter to whatever a user does: a bot is marked (IRCv3 bot-mode), and the account is named
/// (IRCv3 account-tag).
fn marks_of(author: &User) -> CapSet {
    let mut caps = CapSet::NONE;
    caps.set(Cap::MessageTags, author.modes().contains(UserMode::Bot));
    caps.set(Cap::AccountTag, author.account_id().is_some());
    caps
}

fn relevant_to(body: &Body) -> CapSet {
    const TIMED: CapSet = CapSet::of(&[Cap::ServerTime]);
    const SAID: CapSet = TIMED.or(CapSet::of(&[Cap::EchoMessage, Cap::MessageTags]));
    let and = |cap| TIMED.or(CapSet::of(&[cap]));
    match body {
        Body::AccountChanged => and(Cap::AccountNotify),
        Body::AwayChanged => and(Cap::AwayNotify),
        Body::InviteSeen { .. } => and(Cap::InviteNotify),
        Body::Joined { .. } => TIMED.or(CapSet::of(&[Cap::AwayNotify, Cap::ExtendedJoin])),
        Body::RealnameChanged => and(Cap::SetName),
        Body::Redacted { .. } => SAID.or(CapSet::of(&[Cap::MessageRedaction])),
        Body::RoomRenamed { .. } => and(Cap::ChannelRename),
        Body::Said { .. } | Body::Tagged { .. } => SAID,
        Body::SaidLines { .. } => SAID.or(CapSet::of(&[Cap::Batch, Cap::Multiline])),
        Body::Refused(_) => CapSet::NONE,
        _ => TIMED,
    }
}

/// An event and all that its lines are made from.
struct Scene<'e> {
    event: &'e Event,
    hub: &'e Hub,
    author: &'e User,
    caps: CapSet,
    view: View,
    server: &'e str,
}

/// Appends the lines of an event for clients with these capabilities; returns whether there are any. `server` is
/// the server's name.
pub fn encode(
    caps: CapSet,
    view: View,
    event: &Event,
    hub: &Hub,
    server: &str,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    // Records of an event can be read until the next command: if one is missing all the same, nothing is the right
    // thing to show.
    let Some(author) = hub.user(event.author) else {
        return false;
    };
    let scene = Scene {
        event,
        hub,
        author,
        caps,
        view,
        server,
    };
    scene.encode(out);
    out.len() > start
}

/// Appends a personal event: a room's new name, to one who knows no RENAME, is that they leave the old one and
/// enter the new one (IRCv3 draft/channel-rename).
pub fn encode_personal(
    recipient: UserId,
    event: &Event,
    hub: &Hub,
    server: &str,
    out: &mut Vec<u8>,
) {
    let (Body::RoomRenamed { room, old, reason }, Some(user)) = (&event.body, hub.user(recipient))
    else {
        return;
    };
    let name = hub.room(*room).map_or("", |room| room.name().as_str());
    let part = Line::new(out).source(user.mask()).command("PART");
    end_with_reason(part.param(old), reason);
    let join = Line::new(out).source(user.mask()).command("JOIN");
    join.param(name).end();
    let prefix = ReplyPrefix {
        server,
        client: user.nick().as_str(),
    };
    write_topic(prefix, hub, *room, out);
    write_names_to_all(prefix, hub, *room, recipient, out);
}

/// Appends a user's own JOIN, for one more connection of a user who is in the room already.
pub(crate) fn write_join(
    prefix: ReplyPrefix<'_>,
    caps: CapSet,
    hub: &Hub,
    (user, room): (UserId, RoomId),
    time: WallTime,
    out: &mut Vec<u8>,
) {
    let event = Event {
        id: MessageId(0),
        time,
        author: user,
        audience: Audience::Users(Vec::new()),
        tags: None,
        body: Body::Joined { room },
    };
    encode(caps, View::Author, &event, hub, prefix.server, out);
}

impl Scene<'_> {
    /// A user who is logged out is sent the numeric, whatever made it so; that of a login is in the answer to it.
    fn account_changed(&self, out: &mut Vec<u8>) {
        let account = self.author.account();
        if account.is_none() && self.view.is_own() {
            let prefix = ReplyPrefix {
                server: self.server,
                client: self.author.nick().as_str(),
            };
            let mask = self.author.mask().to_string();
            let line = prefix.numeric(RPL_LOGGEDOUT, out).word(&mask);
            line.text(RPL_LOGGEDOUT.words).end();
        }
        if self.caps.has(Cap::AccountNotify) {
            let account = account.unwrap_or("*");
            self.command("ACCOUNT", out).param(account).end();
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match &self.event.body {
            Body::AccountChanged => self.account_changed(out),
            Body::AwayChanged => self.away(out),
            Body::Invited { room, user } if self.view == View::Other => {
                self.invited(*room, *user, out);
            }
            Body::InviteSeen { room, user } if self.caps.has(Cap::InviteNotify) => {
                self.invited(*room, *user, out);
            }
            Body::Joined { room } => self.joined(*room, out),
            Body::Kicked { room, user, reason } => {
                let nick = self.nick_of(*user);
                let line = self.command("KICK", out).param(self.room(*room));
                line.param(nick).text(reason).end();
            }
            Body::Knocked { room, .. } if self.view == View::Other => {
                let room = self.room(*room);
                Line::new(out)
                    .source(self.server)
                    .command(RPL_KNOCK.code)
                    .param(room)
                    .param(room)
                    .param(self.author.mask())
                    .text(RPL_KNOCK.words)
                    .end();
            }
            Body::Left { room, reason } => {
                let line = self.command("PART", out).param(self.room(*room));
                end_with_reason(line, reason);
            }
            Body::ModesChanged { room, changes } => self.modes_changed(*room, changes, out),
            Body::Quit { reason, by } => self.quit(reason, *by, out),
            Body::RealnameChanged if self.caps.has(Cap::SetName) => {
                let realname = self.author.realname();
                self.command("SETNAME", out).text(realname).end();
            }
            Body::Redacted {
                destination,
                message,
                reason,
            } => self.redacted(*destination, *message, reason, out),
            Body::Refused(refusals) if self.view == View::Author => {
                let prefix = ReplyPrefix {
                    server: self.server,
                    client: self.author.nick().as_str(),
                };
                for refusal in refusals {
                    refusal::write(refusal, prefix, out);
                }
            }
            Body::Renamed { old } => {
                let (user, host) = (self.author.username(), self.author.host());
                self.tagged(out)
                    .source(format_args!("{old}!{user}@{host}"))
                    .command("NICK")
                    .param(self.author.nick())
                    .end();
            }
            Body::RoomRenamed { room, old, reason } if self.caps.has(Cap::ChannelRename) => {
                let line = self.command("RENAME", out).param(old);
                line.param(self.room(*room)).text(reason).end();
            }
            Body::Said {
                destination,
                speech,
                text,
            } if self.is_for_reader() => self.said(*destination, *speech, text, out),
            Body::SaidLines {
                destination,
                speech,
                lines,
            } if self.is_for_reader() => self.said_lines(*destination, *speech, lines, out),
            Body::Tagged { destination }
                if self.is_for_reader() && self.caps.has(Cap::MessageTags) =>
            {
                let target = self.target(*destination);
                let line = self.message(true, out).source(self.author.mask());
                line.command("TAGMSG").param(target).end();
            }
            Body::TopicChanged { room } => {
                let topic = self.hub.room(*room).and_then(|room| room.topic());
                let line = self.command("TOPIC", out).param(self.room(*room));
                line.text(topic.map_or("", |topic| &topic.text)).end();
            }
            Body::UserModesChanged { changes } => {
                let nick = self.author.nick();
                let line = self.command("MODE", out).param(nick);
                line.param(SpelledModes::of_user(changes).letters).end();
            }
            Body::Wallops { text } => self.command("WALLOPS", out).text(text).end(),
            _ => {}
        }
    }

    /// Whether the reader gets this message: it did not come from this connection, or the client asked for an echo.
    fn is_for_reader(&self) -> bool {
        self.view != View::Author || self.caps.has(Cap::EchoMessage)
    }

    /// Begins a line with the tags that every event has.
    fn tagged<'o>(&self, out: &'o mut Vec<u8>) -> Line<'o> {
        let mut line = Line::new(out);
        if self.caps.has(Cap::ServerTime) {
            line = line.plain_tag("time", Iso(self.event.time));
        }
        if self.caps.has(Cap::MessageTags) && self.author.modes().contains(UserMode::Bot) {
            line = line.tag("bot", "");
        }
        match self.author.account() {
            Some(account) if self.caps.has(Cap::AccountTag) => line.tag("account", account),
            _ => line,
        }
    }

    /// Begins a line with a command of the author.
    fn command<'o>(&self, command: &str, out: &'o mut Vec<u8>) -> Line<'o> {
        self.tagged(out).source(self.author.mask()).command(command)
    }

    /// Begins a line with the tags of a message.
    fn message<'o>(&self, with_id: bool, out: &'o mut Vec<u8>) -> Line<'o> {
        let mut line = self.tagged(out);
        if self.caps.has(Cap::MessageTags) {
            if with_id {
                line = line.plain_tag("msgid", Msgid(self.event.id));
            }
            line = line.raw_tags(self.event.tags.as_deref().unwrap_or_default());
        }
        line
    }

    fn room(&self, room: RoomId) -> &str {
        self.hub.room(room).map_or("", |room| room.name().as_str())
    }

    fn nick_of(&self, user: UserId) -> &str {
        self.hub.user(user).map_or("", |user| user.nick().as_str())
    }

    fn target(&self, destination: Destination) -> TargetName<'_> {
        let (prefix, name) = match destination {
            Destination::Ranked(rank, room) => (Some(rank.prefix()), self.room(room)),
            Destination::Room(room) => (None, self.room(room)),
            Destination::User(user) => (None, self.nick_of(user)),
        };
        TargetName { prefix, name }
    }

    fn away(&self, out: &mut Vec<u8>) {
        if self.view.is_own() || !self.caps.has(Cap::AwayNotify) {
            // The author got a numeric.
            return;
        }
        let line = self.command("AWAY", out);
        match self.author.away() {
            Some(text) => line.text(text).end(),
            None => line.end(),
        }
    }

    fn invited(&self, room: RoomId, user: UserId, out: &mut Vec<u8>) {
        let line = self.command("INVITE", out).param(self.nick_of(user));
        line.param(self.room(room)).end();
    }

    fn joined(&self, room: RoomId, out: &mut Vec<u8>) {
        let line = self.command("JOIN", out).param(self.room(room));
        if self.caps.has(Cap::ExtendedJoin) {
            let account = self.author.account().unwrap_or("*");
            line.param(account).text(self.author.realname()).end();
        } else {
            line.end();
        }
        if self.author.away().is_some() {
            self.away(out);
        }
    }

    fn quit(&self, reason: &str, by: Option<UserId>, out: &mut Vec<u8>) {
        let killer = by.and_then(|by| self.hub.user(by));
        match (self.view, killer) {
            (View::Author | View::Elsewhere, Some(killer)) => self
                .tagged(out)
                .source(killer.mask())
                .command("KILL")
                .param(self.author.nick())
                .text(reason)
                .end(),
            (View::Author | View::Elsewhere, None) => {}
            (View::Other, _) => end_with_reason(self.command("QUIT", out), reason),
        }
    }

    fn redacted(
        &self,
        destination: Destination,
        message: MessageId,
        reason: &str,
        out: &mut Vec<u8>,
    ) {
        if !self.is_for_reader() || !self.caps.has(Cap::MessageRedaction) {
            return;
        }
        let line = self.command("REDACT", out).param(self.target(destination));
        end_with_reason(line.param(Msgid(message)), reason);
    }

    /// Some changes in one line, others in the next, as their length allows.
    fn modes_changed(&self, room: RoomId, changes: &[AppliedMode], out: &mut Vec<u8>) {
        let bytes_max = self.command("MODE", out).param(self.room(room)).text_room();
        let mut rest = changes;
        while !rest.is_empty() {
            let mut count = rest.len();
            let spelled = loop {
                let spelled = SpelledModes::of_room(&rest[..count], |user| self.hub.nick_of(user));
                let length: usize = spelled.parameters.iter().map(|p| p.len() + 1).sum();
                if count == 1 || spelled.letters.len() + length <= bytes_max {
                    break spelled;
                }
                count /= 2;
            };
            rest = &rest[count..];
            let line = self.command("MODE", out).param(self.room(room));
            let line = line.param(&spelled.letters);
            let parameters = spelled.parameters.iter();
            parameters.fold(line, |line, param| line.param(param)).end();
        }
    }

    fn said(&self, destination: Destination, speech: Speech, text: &str, out: &mut Vec<u8>) {
        let (verb, target) = (verb(speech), self.target(destination));
        let room = room_for_text(self.author, verb, &target, speech);
        for (index, piece) in pieces(text, room).enumerate() {
            let line = self.message(index == 0, out).source(self.author.mask());
            end_with_words(line.command(verb).param(&target), speech, piece);
        }
    }

    fn said_lines(
        &self,
        destination: Destination,
        speech: Speech,
        lines: &[SaidLine],
        out: &mut Vec<u8>,
    ) {
        let (verb, target) = (verb(speech), self.target(destination));
        let mask = self.author.mask();
        if !(self.caps.has(Cap::Multiline) && self.caps.has(Cap::Batch)) {
            let words = lines.iter().filter(|line| !line.text.is_empty());
            for (index, words) in words.enumerate() {
                let line = self.message(index == 0, out).source(&mask);
                end_with_words(line.command(verb).param(&target), speech, &words.text);
            }
            return;
        }
        let batch = format!("m{}", self.event.id.0);
        let line = self.message(true, out).source(&mask).command("BATCH");
        let line = line.param(format_args!("+{batch}"));
        line.param("draft/multiline").param(&target).end();
        for words in lines {
            let mut line = Line::new(out).tag("batch", &batch);
            if words.concat {
                line = line.tag("draft/multiline-concat", "");
            }
            let line = line.source(&mask).command(verb).param(&target);
            end_with_words(line, speech, &words.text);
        }
        Line::new(out)
            .source(&mask)
            .command("BATCH")
            .param(format_args!("-{batch}"))
            .end();
    }
}

/// Ends a line with a reason, or without one.
fn end_with_reason(line: Line<'_>, reason: &str) {
    if reason.is_empty() {
        line.end();
    } else {
        line.text(reason).end();
    }
}

/// The last line of a connection that the server ends ("Modern IRC", ERROR message).
pub fn error(reason: &str, out: &mut Vec<u8>) {
    Line::new(out)
        .command("ERROR")
        .text(format_args!("Closing Link: {reason}"))
        .end();
}

/// Appends a notice from the server to one user.
pub fn notice(server: &str, nick: &str, text: &str, out: &mut Vec<u8>) {
    let line = Line::new(out).source(server).command("NOTICE");
    line.param(nick).text(text).end();
}

/// Appends the PING that asks a silent client for an answer.
pub fn ping(server: &str, out: &mut Vec<u8>) {
    Line::new(out).command("PING").text(server).end();
}
