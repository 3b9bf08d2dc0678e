//! Events as lines of IRC ("Modern IRC"; IRCv3's specifications for lines that only some clients get).
//!
//! Invariant: the bytes depend on the event, the [`distinction`] and the view, never on who receives
//! them; so they are made once for all who share those. The one exception is a personal event, for which [`encode_personal`] is.
//!
//! Owns nothing. Does not know who listens.

use super::{
    authored::{Authored, end_with_reason},
    caps::{Cap, CapSet},
    codec::{
        line::Line,
        numeric::{RPL_KNOCK, RPL_LOGGEDOUT},
        reply::{ReplyPrefix, write_topic},
        text::{Source, TargetName},
    },
    paged_reply::write_names_to_all,
    refusal,
};
use crate::{
    chat::{
        Body, Destination, Event, Hub, RoomId, User, UserId, WallTime,
        mode::{SpelledModes, UserMode},
    },
    protocol::flavour::{Distinction, View},
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
    /// What may be kept has an id, which is a tag.
    const KEPT: CapSet = TIMED.or(CapSet::of(&[Cap::MessageTags]));
    const SAID: CapSet = KEPT.or(CapSet::of(&[Cap::EchoMessage]));
    let and = |cap| TIMED.or(CapSet::of(&[cap]));
    match body {
        Body::AccountChanged => and(Cap::AccountNotify),
        Body::AwayChanged => and(Cap::AwayNotify),
        Body::InviteSeen { .. } => and(Cap::InviteNotify),
        Body::Joined { .. } => KEPT.or(CapSet::of(&[Cap::AwayNotify, Cap::ExtendedJoin])),
        Body::Kicked { .. }
        | Body::Left { .. }
        | Body::ModesChanged { .. }
        | Body::Quit { .. }
        | Body::Renamed { .. }
        | Body::TopicChanged { .. } => KEPT,
        Body::RealnameChanged => and(Cap::SetName),
        Body::Redacted { .. } => SAID.or(CapSet::of(&[Cap::MessageRedaction])),
        Body::RoomRenamed { .. } => KEPT.or(CapSet::of(&[Cap::ChannelRename])),
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
    line: Authored<'e>,
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
        line: line_of(author, event, caps),
        view,
        server,
    };
    scene.encode(out);
    out.len() > start
}

/// What the lines about an event begin with.
fn line_of<'e>(author: &'e User, event: &'e Event, caps: CapSet) -> Authored<'e> {
    let nick = match &event.body {
        Body::Renamed { old } => old.as_str(),
        _ => author.nick().as_str(),
    };
    Authored {
        caps,
        batch: None,
        time: event.time,
        id: Some(event.id),
        tags: event.tags.as_deref().unwrap_or_default(),
        source: Source {
            nick,
            ..Source::of(author)
        },
        account: author.account(),
        is_bot: author.modes().contains(UserMode::Bot),
    }
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
    caps: CapSet,
    hub: &Hub,
    (user, room): (UserId, RoomId),
    time: WallTime,
    out: &mut Vec<u8>,
) {
    let (Some(author), Some(room)) = (hub.user(user), hub.room(room)) else {
        return;
    };
    let line = Authored {
        caps,
        batch: None,
        time,
        id: None,
        tags: "",
        source: Source::of(author),
        account: author.account(),
        is_bot: author.modes().contains(UserMode::Bot),
    };
    line.joined(room.name().as_str(), author.realname(), out);
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
        if self.line.caps.has(Cap::AccountNotify) {
            let account = account.unwrap_or("*");
            self.line.command("ACCOUNT", out).param(account).end();
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (line, caps) = (&self.line, self.line.caps);
        match &self.event.body {
            Body::AccountChanged => self.account_changed(out),
            Body::AwayChanged => self.away(out),
            Body::Invited { room, user } if self.view == View::Other => {
                self.invited(*room, *user, out);
            }
            Body::InviteSeen { room, user } if caps.has(Cap::InviteNotify) => {
                self.invited(*room, *user, out);
            }
            Body::Joined { room } => {
                line.joined(self.room(*room), self.author.realname(), out);
                if self.author.away().is_some() {
                    self.away(out);
                }
            }
            Body::Kicked { room, user, reason } => {
                line.kicked(self.room(*room), self.nick_of(*user), reason, out);
            }
            Body::Knocked { room, .. } if self.view == View::Other => self.knocked(*room, out),
            Body::Left { room, reason } => line.left(self.room(*room), reason, out),
            Body::ModesChanged { room, changes } => {
                let spelled = SpelledModes::of_room(changes, |user| self.hub.nick_of(user));
                line.modes(self.room(*room), &spelled.letters, &spelled.parameters, out);
            }
            Body::Quit { reason, by } => self.quit(reason, *by, out),
            Body::RealnameChanged if caps.has(Cap::SetName) => {
                let realname = self.author.realname();
                line.command("SETNAME", out).text(realname).end();
            }
            Body::Refused(refusals) if self.view == View::Author => {
                let prefix = ReplyPrefix {
                    server: self.server,
                    client: self.author.nick().as_str(),
                };
                for refusal in refusals {
                    refusal::write(refusal, prefix, out);
                }
            }
            Body::Renamed { .. } => line.renamed(self.author.nick().as_str(), out),
            Body::RoomRenamed { room, old, reason } => {
                line.room_renamed(old.as_str(), self.room(*room), reason, out);
            }
            Body::TopicChanged { room } => {
                let topic = self.hub.room(*room).and_then(|room| room.topic());
                line.topic(self.room(*room), topic.map_or("", |topic| &topic.text), out);
            }
            Body::UserModesChanged { changes } => {
                let line = line.command("MODE", out).param(self.author.nick());
                line.param(SpelledModes::of_user(changes).letters).end();
            }
            Body::Wallops { text } => line.command("WALLOPS", out).text(text).end(),
            _ if self.is_for_reader() => self.message(out),
            _ => {}
        }
    }

    /// Messages, and what is done to them.
    fn message(&self, out: &mut Vec<u8>) {
        let line = &self.line;
        match &self.event.body {
            Body::Redacted {
                destination,
                message,
                reason,
            } => line.redacted(&self.target(*destination), *message, reason, out),
            Body::Said {
                destination,
                speech,
                text,
            } => line.said(&self.target(*destination), *speech, text, out),
            Body::SaidLines {
                destination,
                speech,
                lines,
            } => {
                let batch = (&**lines, self.event.id);
                line.said_lines(&self.target(*destination), *speech, batch, out);
            }
            Body::Tagged { destination } => line.tags_alone(&self.target(*destination), out),
            _ => {}
        }
    }

    /// Whether the reader gets this message: it did not come from this connection, or the client asked for an echo.
    fn is_for_reader(&self) -> bool {
        self.view != View::Author || self.line.caps.has(Cap::EchoMessage)
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
        if self.view.is_own() || !self.line.caps.has(Cap::AwayNotify) {
            // The author got a numeric.
            return;
        }
        let line = self.line.command("AWAY", out);
        match self.author.away() {
            Some(text) => line.text(text).end(),
            None => line.end(),
        }
    }

    fn invited(&self, room: RoomId, user: UserId, out: &mut Vec<u8>) {
        let line = self.line.command("INVITE", out).param(self.nick_of(user));
        line.param(self.room(room)).end();
    }

    fn knocked(&self, room: RoomId, out: &mut Vec<u8>) {
        let room = self.room(room);
        Line::new(out)
            .source(self.server)
            .command(RPL_KNOCK.code)
            .param(room)
            .param(room)
            .param(self.line.source)
            .text(RPL_KNOCK.words)
            .end();
    }

    fn quit(&self, reason: &str, by: Option<UserId>, out: &mut Vec<u8>) {
        let killer = by.and_then(|by| self.hub.user(by));
        match (self.view, killer) {
            (View::Author | View::Elsewhere, Some(killer)) => self
                .line
                .tagged(out)
                .source(killer.mask())
                .command("KILL")
                .param(self.author.nick())
                .text(reason)
                .end(),
            (View::Author | View::Elsewhere, None) => {}
            (View::Other, _) => self.line.quit(reason, out),
        }
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
