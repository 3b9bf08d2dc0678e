//! The connections of people who are logged in: a client comes to a user who is here already, and goes while others stay.
//!
//! A user is away when each of its connections is. Owns nothing; what is remembered of each connection is in
//! `session_notes.rs`. Does not know how a client logs in, nor how a connection is closed.

use super::{
    Shared,
    routes::{Detached, Route},
};
use crate::{
    chat::{
        Command, Entrant, Nick, Now, Profile, Refusal, ServerPassword, SessionId, UserId, effort,
    },
    net::{ConnId, Net},
    protocol::{Entered, SessionLine, flavour::Flavour},
    server::connections::close_reason::CloseReason,
};

/// What becomes of the user of a connection that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It stays: on other connections, or on none; or it has quit already.
    None,
    /// It quits.
    Quits,
}

impl Shared {
    /// Makes a client a user, or one more connection of the user who has its nick and account.
    ///
    /// # Errors
    /// Those of [`Hub::enter`](crate::chat::Hub::enter), and [`Refusal::TooManySessions`].
    pub(crate) fn enter(
        &mut self,
        net: &mut Net,
        nick: Nick,
        profile: Profile,
        route: Route,
        now: Now,
    ) -> Result<Entered, Refusal> {
        if let Some(user) = self.attachable(&nick, &profile) {
            self.attach(net, user, &profile, route, now)?;
            return Ok(Entered::Attached(user));
        }
        let origin = profile.account.map(|_| profile.origin.clone());
        let user = self.hub.enter(nick, profile, now)?;
        self.routes.enter(user, route);
        if let Some(origin) = origin {
            self.session_notes.enter(route.conn, origin, now.moment);
            self.settle_presence(user);
        }
        self.send_arrival(net, user);
        Ok(Entered::New(user))
    }

    /// The user that a client with this profile comes to: it has the nick that the client wants, and the account.
    fn attachable(&self, nick: &Nick, profile: &Profile) -> Option<UserId> {
        let account = profile.account?;
        let user = self.hub.find_user(nick.as_str())?;
        let is_own = self.hub.user(user)?.account_id() == Some(account);
        (is_own && self.routes.is_here(user)).then_some(user)
    }

    /// Lets a client come to a user who is here. Other users are sent nothing, unless the user was away.
    ///
    /// # Errors
    /// Those of [`Hub::may_enter`](crate::chat::Hub::may_enter), and [`Refusal::TooManySessions`].
    fn attach(
        &mut self,
        net: &mut Net,
        user: UserId,
        profile: &Profile,
        route: Route,
        now: Now,
    ) -> Result<(), Refusal> {
        self.hub.may_enter(&profile.entrant(), now)?;
        if !self.routes.attach(user, route) {
            return Err(Refusal::TooManySessions);
        }
        self.session_notes
            .enter(route.conn, profile.origin.clone(), now.moment);
        // The audience of the last message is another one now.
        net.end_fan_out();
        self.presences.note_present(user);
        self.settle_away(net, user, None, now);
        self.settle_presence(user);
        Ok(())
    }

    /// A connection of a user is gone; what becomes of the user.
    pub(crate) fn detach(
        &mut self,
        net: &mut Net,
        user: UserId,
        id: ConnId,
        reason: CloseReason,
        now: Now,
    ) -> Departure {
        self.resume_tokens.forget(id);
        self.session_notes.forget(id);
        let detached = self.routes.detach(user, id);
        net.end_fan_out();
        let has_quit = [
            CloseReason::Banned,
            CloseReason::Killed,
            CloseReason::LoggedOut,
            CloseReason::Resumed,
        ];
        match detached {
            _ if has_quit.contains(&reason) => Departure::None,
            Detached::OthersLeft => {
                self.settle_away(net, user, None, now);
                Departure::None
            }
            // A newcomer may have the slot, or the routes were removed before.
            Detached::NotThere if self.routes.is_here(user) => Departure::None,
            _ if !self.hub.is_here(user) => Departure::None,
            Detached::Last if self.stays(net, user, now) => Departure::None,
            Detached::Last | Detached::NotThere => Departure::Quits,
        }
    }

    /// A client is away, or back: the user is away when all of its clients are.
    ///
    /// # Errors
    /// Those of [`Command::SetAway`].
    pub(crate) fn set_away(
        &mut self,
        net: &mut Net,
        (user, id, flavour): (UserId, ConnId, Flavour),
        text: Option<&str>,
        now: Now,
    ) -> Result<(), Refusal> {
        if let Some(note) = self.session_notes.get_mut(id) {
            note.away = text.map(Box::from);
        }
        let is_elsewhere = text.is_some() && self.is_active_but(user, Some(id));
        let text = text.filter(|_| !is_elsewhere);
        self.hub.apply(user, Command::SetAway { text }, now)?;
        self.send_events(net, Some((user, id, flavour)));
        Ok(())
    }

    /// Whether a client of the user other than this one is not away.
    fn is_active_but(&self, user: UserId, but: Option<ConnId>) -> bool {
        let notes = &self.session_notes;
        let is_active = |id: &ConnId| notes.get(*id).is_none_or(|note| note.away.is_none());
        let mut all = self.routes.all(user).into_iter().map(|route| route.conn);
        all.any(|id| Some(id) != but && is_active(&id))
    }

    /// The user's clients have changed: makes it away or back where that is so now.
    pub(super) fn settle_away(
        &mut self,
        net: &mut Net,
        user: UserId,
        text: Option<&str>,
        now: Now,
    ) {
        let is_away = self.hub.user(user).is_some_and(|it| it.away().is_some());
        let is_active = self.is_active_but(user, None);
        if is_away != is_active {
            return;
        }
        let notes = &self.session_notes;
        let of_client = self.routes.all(user).into_iter().find_map(|route| {
            let note = notes.get(route.conn)?;
            note.away.clone()
        });
        let text = of_client.as_deref().or(text).filter(|_| !is_active);
        let settled = self.hub.apply(user, Command::SetAway { text }, now);
        debug_assert!(settled.is_ok(), "an away text that was taken before");
        self.send_events(net, None);
    }

    /// The connections of a user's account, for the user.
    pub(crate) fn sessions(&self, user: UserId, own: ConnId) -> Vec<SessionLine> {
        let Some(account) = self.hub.user(user).and_then(|user| user.account_id()) else {
            return Vec::new();
        };
        self.hub
            .charge_each(self.hub.user_count(), effort::LOOKED_AT);
        let mut lines = Vec::new();
        for user in self.hub.users_of(account) {
            for route in self.routes.all(user) {
                let note = self.session_notes.get(route.conn);
                lines.push(SessionLine {
                    id: SessionId {
                        user,
                        number: route.number(),
                    },
                    protocol: route.flavour.name(),
                    address: note.map_or("".into(), |note| note.origin.address.clone()),
                    since: note.map(|note| note.since),
                    is_away: note.is_some_and(|note| note.away.is_some()),
                    is_own: route.conn == own,
                });
            }
        }
        lines
    }

    /// Ends a connection of a user at the wish of its owner; what becomes of the user.
    pub(crate) fn end_session(
        &mut self,
        net: &mut Net,
        session: SessionId,
        reason: CloseReason,
        now: Now,
    ) -> Departure {
        let user = session.user;
        let Some(Route { conn, flavour }) = self.routes.of_session(session) else {
            return Departure::None;
        };
        let text = reason.quit_message();
        net.write(conn, |out| flavour.push_farewell(text, out));
        let detached = self.routes.detach(user, conn);
        self.expelled.push((conn, reason));
        net.end_fan_out();
        match detached {
            // Another user may have ended the stay, and the slot may be a newcomer's.
            _ if !self.hub.is_here(user) => Departure::None,
            Detached::OthersLeft => {
                self.settle_away(net, user, None, now);
                Departure::None
            }
            Detached::Last if !self.stays(net, user, now) => Departure::Quits,
            Detached::Last | Detached::NotThere => Departure::None,
        }
    }

    /// The users of whom a connection is banned from the server now, though they may have come from elsewhere at first.
    pub(crate) fn users_on_banned_connections(&self, now: Now) -> Vec<UserId> {
        let mut banned = Vec::new();
        for (user, record) in self.hub.users().filter(|(_, it)| !it.is_operator()) {
            if record.account_id().is_none() {
                continue;
            }
            let notes = &self.session_notes;
            let is_banned = self.routes.all(user).into_iter().any(|route| {
                notes.get(route.conn).is_some_and(|note| {
                    let entrant = Entrant {
                        username: record.username(),
                        host: &note.origin.host,
                        address: &note.origin.address,
                        password: ServerPassword::Correct,
                    };
                    self.hub.may_enter(&entrant, now).is_err()
                })
            });
            if is_banned {
                banned.push(user);
            }
        }
        banned
    }
}
