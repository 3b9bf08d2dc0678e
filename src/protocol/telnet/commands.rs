//! The commands of a telnet user: one function for each command of the [table]; those of moderation are in `moderation`.
//!
//! A line that begins with one slash is a command; anything else is a message to the current room, or,
//! before the client has a nick, that nick. Handlers parse, ask the hub through [`Context`], and
//! answer what the hub's events do not.
//!
//! Owns nothing: a [`Request`] lives as long as one line. Does not know bytes, telnet's own commands,
//! nor other connections.

use super::{
    command_error::CommandError,
    encode::{line, news},
    greeting::QUESTION,
    listings,
    state::{Login, Telnet},
};
use crate::{
    chat::{
        Command, Hub, Nick, Profile, Refusal, RoomId, RoomName, Speech, Target, User, UserId,
        mode::RoomFlag,
    },
    protocol::{Context, Entered},
};
use std::mem;

/// The room that each user joins first.
const LOBBY: &str = "#lobby";

/// The result of a line.
pub(super) type Outcome = Result<(), CommandError>;

/// The handling of one line.
pub(super) struct Request<'a> {
    pub(super) telnet: &'a mut Telnet,
    pub(super) ctx: &'a mut dyn Context,
}

impl<'a> Request<'a> {
    pub(super) fn new(telnet: &'a mut Telnet, ctx: &'a mut dyn Context) -> Self {
        Self { telnet, ctx }
    }

    /// The first line: a name, and with it a place in the lobby.
    pub(super) fn enter(&mut self, name: &str) -> Outcome {
        if name.is_empty() {
            news(self.ctx.answer(), QUESTION);
            return Ok(());
        }
        let nick = Nick::parse(name, self.ctx.hub().rules())?;
        let profile = Profile {
            password: self.telnet.entry.state(),
            account: match self.telnet.login.as_deref() {
                Some(Login::LoggedIn(account)) => Some(*account),
                _ => None,
            },
            ..Profile::default()
        };
        let entered = match self.ctx.enter(nick, profile) {
            Ok(entered) => entered,
            Err(Refusal::NickOwned { nick }) => return self.ask_owner(nick),
            // Its owner may come to the user who has it.
            Err(Refusal::NickTaken { nick }) if self.is_anothers(&nick) => {
                return self.ask_owner(nick);
            }
            Err(refused) => return Err(refused.into()),
        };
        self.telnet.login = None;
        self.tell(|hub, out| {
            if let Some(account) = hub.user(entered.user()).and_then(User::account) {
                line(out, &["* you are logged in as ", account]);
            }
        });
        match entered {
            Entered::New(_) => self.join(LOBBY),
            Entered::Attached(me) => self.come_back(me),
        }
    }

    /// Whether a nick belongs to an account that the client is not logged in to.
    fn is_anothers(&self, nick: &Nick) -> bool {
        let owner = self.ctx.hub().accounts().owner_of(nick);
        let own = match self.telnet.login.as_deref() {
            Some(Login::LoggedIn(account)) => Some(*account),
            _ => None,
        };
        owner.is_some() && owner != own
    }

    /// The user is here already, on another connection or on none: shows the rooms that it is in.
    fn come_back(&mut self, me: UserId) -> Outcome {
        let hub = self.ctx.hub();
        let rooms: Vec<RoomId> = hub.rooms_of(me).collect();
        let is_lobby = |room: &&RoomId| {
            hub.room(**room)
                .is_some_and(|it| it.name().as_str() == LOBBY)
        };
        let Some(&room) = rooms.iter().find(is_lobby).or(rooms.first()) else {
            return self.join(LOBBY);
        };
        self.telnet.room = Some(room);
        self.tell(|hub, out| {
            let name = |room: &RoomId| hub.room(*room).map_or("", |it| it.name().as_str());
            let names: Vec<&str> = rooms.iter().map(name).collect();
            line(
                out,
                &[
                    "* you are in ",
                    &names.join(", "),
                    ", and talk in ",
                    name(&room),
                ],
            );
            if let Some(record) = hub.room(room) {
                listings::topic(record, None, out);
            }
            listings::names(room, Some(me), listings::NAMES_ON_ARRIVAL_MAX, hub, out);
        });
        self.replay(room);
        Ok(())
    }

    /// Words for the current room.
    pub(super) fn say(&mut self, text: &str) -> Outcome {
        self.speak(Speech::Message, text)
    }

    pub(super) fn join(&mut self, text: &str) -> Outcome {
        let me = self.person()?;
        let (name, key) = first_word(text);
        let key = Some(key).filter(|key| !key.is_empty());
        let name = self.room_name(name)?;
        let stands_there = |hub: &Hub| hub.find_room(&name).filter(|&room| hub.is_member(me, room));
        if let Some(room) = stands_there(self.ctx.hub()) {
            self.telnet.room = Some(room);
            line(
                self.ctx.answer(),
                &["* you are now talking in ", name.as_str()],
            );
            return Ok(());
        }
        self.ctx.apply(Command::Join {
            room: name.clone(),
            key,
            // Telnet users may not know modes: all members may set the topic of a room that was created here.
            flags: [RoomFlag::NoOutside].into_iter().collect(),
        })?;
        self.telnet.room = stands_there(self.ctx.hub());
        if let Some(room) = self.telnet.room {
            self.tell(|hub, out| {
                if let Some(record) = hub.room(room) {
                    listings::topic(record, None, out);
                }
                listings::names(room, Some(me), listings::NAMES_ON_ARRIVAL_MAX, hub, out);
            });
            self.replay(room);
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, name: &str) -> Outcome {
        let me = self.person()?;
        let left = self.named_or_current(name)?;
        let room = self.room_name_of(left)?;
        self.ctx.apply(Command::Leave { room, reason: "" })?;
        if self.telnet.room != Some(left) {
            return Ok(());
        }
        self.telnet.room = self.ctx.hub().rooms_of(me).last();
        let next = self.telnet.room;
        self.tell(|hub, out| match next.and_then(|room| hub.room(room)) {
            Some(room) => line(out, &["* you are now talking in ", room.name().as_str()]),
            None => line(out, &["* ", &CommandError::NoRoom.to_string()]),
        });
        Ok(())
    }

    pub(super) fn rooms(&mut self) -> Outcome {
        let me = self.ctx.user();
        self.tell(|hub, out| listings::rooms(me, hub, out));
        Ok(())
    }

    pub(super) fn who(&mut self, name: &str) -> Outcome {
        let room = self.named_or_current(name)?;
        let me = self.ctx.user();
        if !listings::is_visible(room, me, self.ctx.hub()) {
            let room = self.room_name_of(room)?;
            return Err(Refusal::NoSuchRoom { room }.into());
        }
        self.tell(|hub, out| listings::names(room, me, listings::NAMES_ON_REQUEST_MAX, hub, out));
        Ok(())
    }

    pub(super) fn msg(&mut self, rest: &str) -> Outcome {
        self.person()?;
        // The table demands two words at least.
        let (nick, text) = first_word(rest);
        self.ctx.apply(Command::Say {
            to: Target::User(nick),
            speech: Speech::Message,
            text,
            tags: "",
        })?;
        self.tell(|hub, out| {
            if let Some(user) = hub.find_user(nick).and_then(|id| hub.user(id)) {
                listings::away(user, out);
            }
        });
        Ok(())
    }

    pub(super) fn me(&mut self, text: &str) -> Outcome {
        self.speak(Speech::Action, text)
    }

    /// Before the client has a nick, this is a way to choose it.
    pub(super) fn nick(&mut self, name: &str) -> Outcome {
        let Some(me) = self.ctx.user() else {
            return self.enter(name);
        };
        let nick = Nick::parse(name, self.ctx.hub().rules())?;
        let is_same = |hub: &Hub| {
            hub.user(me)
                .is_some_and(|user| user.nick().as_str() == nick.as_str())
        };
        if is_same(self.ctx.hub()) {
            // No event comes of it, and silence would look like a failure.
            line(
                self.ctx.answer(),
                &["* you are already known as ", nick.as_str()],
            );
            return Ok(());
        }
        self.ctx.apply(Command::Rename { nick })?;
        Ok(())
    }

    pub(super) fn topic(&mut self, text: &str) -> Outcome {
        self.person()?;
        let current = self.current()?;
        if text.is_empty() {
            self.tell(|hub, out| {
                if let Some(room) = hub.room(current) {
                    listings::topic(room, Some(" has no topic"), out);
                }
            });
            return Ok(());
        }
        let room = self.room_name_of(current)?;
        let text = if text == "-" { "" } else { text };
        self.ctx.apply(Command::SetTopic { room, text })?;
        Ok(())
    }

    pub(super) fn away(&mut self, text: &str) -> Outcome {
        let me = self.person()?;
        let is_away = self
            .ctx
            .hub()
            .user(me)
            .is_some_and(|user| user.away().is_some());
        if text.is_empty() && !is_away {
            news(self.ctx.answer(), "you are not away");
            return Ok(());
        }
        let text = Some(text).filter(|text| !text.is_empty());
        self.ctx.apply(Command::SetAway { text })?;
        Ok(())
    }

    pub(super) fn quit(&mut self, reason: &str) -> Outcome {
        news(self.ctx.answer(), "goodbye");
        self.ctx.quit(reason);
        Ok(())
    }

    /// Says or does something in the current room.
    fn speak(&mut self, speech: Speech, text: &str) -> Outcome {
        self.person()?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let room = self.current()?;
        let room = self.room_name_of(room)?;
        let to = Target::Room(&room);
        self.ctx.apply(Command::Say {
            to,
            speech,
            text,
            tags: "",
        })?;
        Ok(())
    }

    /// The user, if the client has chosen a nick.
    pub(super) fn person(&self) -> Result<UserId, CommandError> {
        self.ctx.user().ok_or(CommandError::Nameless)
    }

    /// The room that messages go to. A room that the user is no longer in, for whatever reason, is not
    /// replaced by another in silence: messages must not go where the user did not mean them to.
    pub(super) fn current(&self) -> Result<RoomId, CommandError> {
        let me = self.person()?;
        let stands_there = |room: &RoomId| self.ctx.hub().is_member(me, *room);
        self.telnet
            .room
            .filter(stands_there)
            .ok_or(CommandError::NoRoom)
    }

    /// The room that a command names, or the current one.
    fn named_or_current(&self, name: &str) -> Result<RoomId, CommandError> {
        if name.is_empty() {
            return self.current();
        }
        let room = self.room_name(name)?;
        let found = self.ctx.hub().find_room(&room);
        found.ok_or_else(|| Refusal::NoSuchRoom { room }.into())
    }

    fn room_name(&self, name: &str) -> Result<RoomName, CommandError> {
        Ok(RoomName::parse(name, self.ctx.hub().rules())?)
    }

    pub(super) fn room_name_of(&self, room: RoomId) -> Result<RoomName, CommandError> {
        let record = self.ctx.hub().room(room).ok_or(CommandError::NoRoom)?;
        Ok(record.name().clone())
    }

    /// Lets `write` read the hub while it writes the answer.
    pub(super) fn tell(&mut self, write: impl FnOnce(&Hub, &mut Vec<u8>)) {
        let mut answer = mem::take(self.ctx.answer());
        write(self.ctx.hub(), &mut answer);
        *self.ctx.answer() = answer;
    }
}

/// The first word, and the text after it; both empty if there is nothing.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}
