//! What a protocol may do while it handles one line: the server's side of [`Context`].
//!
//! Lives for one line. Borrows the chat and the loop, never the session's protocol, which is the one calling.

use super::fanout::{self, Own, Seat, Seats};
use crate::{
    chat::{Command, Hub, Nick, Profile, Refusal, Time, UserId},
    net::{ConnId, Poller},
    protocol::{Context, flavour::Flavour},
};

/// See the module's documentation.
pub(super) struct Exchange<'a> {
    pub(super) hub: &'a mut Hub,
    pub(super) seats: &'a mut Seats,
    pub(super) net: &'a mut Poller,
    pub(super) id: ConnId,
    pub(super) flavour: Flavour,
    pub(super) user: &'a mut Option<UserId>,
    pub(super) now: Time,
    pub(super) answer: &'a mut Vec<u8>,
    /// The reason, once the protocol has asked for an end.
    pub(super) quitting: Option<String>,
}

impl Context for Exchange<'_> {
    fn hub(&self) -> &Hub {
        self.hub
    }

    fn now(&self) -> Time {
        self.now
    }

    fn user(&self) -> Option<UserId> {
        *self.user
    }

    fn enter(&mut self, nick: Nick) -> Result<UserId, Refusal> {
        let profile = Profile {
            username: "~telnet".into(),
            realname: nick.as_str().into(),
            ..Profile::default()
        };
        let user = self.hub.enter(nick, profile, self.now)?;
        *self.user = Some(user);
        let seat = Seat {
            conn: self.id,
            flavour: self.flavour,
        };
        self.seats.take(user, seat);
        Ok(user)
    }

    fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        let Some(user) = *self.user else {
            debug_assert!(false, "a protocol applies commands only for a person");
            return Ok(());
        };
        self.hub.apply(user, command, self.now)?;
        let own = Own {
            user,
            flavour: self.flavour,
            answer: self.answer,
        };
        fanout::tell_all(self.hub, self.seats, self.net, Some(own));
        Ok(())
    }

    fn answer(&mut self) -> &mut Vec<u8> {
        self.answer
    }

    fn quit(&mut self, reason: &str) {
        self.quitting = Some(reason.to_owned());
    }
}
