//! What a protocol may do while it handles one line: the server's side of [`Context`] and [`Backstage`].
//!
//! Lives for one line. Borrows the hall and the loop, never the session's protocol, which is the one calling.

use super::{
    fanout::{Own, Seat},
    guard::Guesser,
    hall::Hall,
    reason::Reason,
};
use crate::{
    auth::Verifier,
    chat::{Command, Hub, Nick, Now, Profile, Refusal, UserId, effort, mask::RealSubject},
    net::{ConnId, Poller, tls::Fingerprint},
    protocol::{
        Context, Entry, TurnedAway,
        flavour::Flavour,
        irc::{Backstage, House, ServerBan, TryAgain, Wish, monitor::Monitors},
        web::websocket::Kind,
    },
};
use std::{net::IpAddr, rc::Rc};

/// See the module's documentation.
pub(super) struct Exchange<'a> {
    pub(super) hall: &'a mut Hall,
    pub(super) net: &'a mut Poller,
    pub(super) id: ConnId,
    pub(super) address: IpAddr,
    /// In lines, whatever carries them: the answer is framed as a whole.
    pub(super) flavour: Flavour,
    /// Whether the connection is encrypted.
    pub(super) secure: bool,
    /// The certificate that the peer proved to have.
    pub(super) certificate: Option<Fingerprint>,
    /// Of what kind the messages are that carry them, if they do not come as they are.
    pub(super) kind: Option<Kind>,
    pub(super) user: &'a mut Option<UserId>,
    pub(super) now: Now,
    pub(super) answer: &'a mut Vec<u8>,
    pub(super) aside: &'a mut Vec<u8>,
    /// Why, and what others are told, once the protocol has asked for an end.
    pub(super) quitting: Option<(Reason, String)>,
    /// Who may become an operator.
    pub(super) verifier: &'a Verifier,
}

impl Exchange<'_> {
    fn guesser<'b>(&self, certificate: Option<&'b str>) -> Guesser<'b> {
        Guesser {
            id: self.id,
            address: self.address,
            certificate,
        }
    }

    fn enter_with(&mut self, nick: Nick, mut profile: Profile) -> Result<UserId, Refusal> {
        profile.origin = self.hall.hosts.of(self.address);
        profile.modes = self.hall.house.default_user_modes;
        profile.secure = self.secure;
        profile.certificate = self.certificate.map(|it| it.to_string().into());
        let user = self.hall.hub.enter(nick, profile, self.now)?;
        *self.user = Some(user);
        let seat = Seat {
            conn: self.id,
            flavour: self.flavour.in_messages(self.kind),
        };
        self.hall.seats.take(user, seat);
        self.hall.audience(self.net).tell_come(user);
        Ok(user)
    }

    /// Applies a command in anyone's name.
    fn apply_as(&mut self, user: UserId, command: Command<'_>) -> Result<(), Refusal> {
        self.hall.hub.apply(user, command, self.now)?;
        let own = self.user.map(|user| Own {
            user,
            flavour: self.flavour,
            answer: self.answer,
            aside: self.aside,
        });
        self.hall.audience(self.net).tell_all(own);
        Ok(())
    }
}

impl Context for Exchange<'_> {
    fn hub(&self) -> &Hub {
        &self.hall.hub
    }

    fn now(&self) -> Now {
        self.now
    }

    fn say_password(&mut self, said: &[u8]) -> Entry {
        let Some(password) = self.hall.house.password.clone() else {
            return Entry::Right;
        };
        let certificate = self.certificate.map(|it| it.to_string());
        let guesser = self.guesser(certificate.as_deref());
        self.hall.guard.enter(&password, said, guesser, self.now)
    }

    fn user(&self) -> Option<UserId> {
        *self.user
    }

    fn enter(&mut self, nick: Nick) -> Result<UserId, Refusal> {
        self.enter_with(nick, Profile::default())
    }

    fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        let Some(user) = *self.user else {
            debug_assert!(false, "a protocol applies commands only for a person");
            return Ok(());
        };
        self.apply_as(user, command)
    }

    fn answer(&mut self) -> &mut Vec<u8> {
        self.answer
    }

    fn quit(&mut self, reason: &str) {
        self.quitting = Some((Reason::ClientQuit, reason.to_owned()));
    }

    fn turn_away(&mut self, why: TurnedAway) {
        let reason = match why {
            TurnedAway::BadPassword => Reason::BadPassword,
            TurnedAway::Banned => Reason::Banned,
            TurnedAway::Full => Reason::ServerFull,
        };
        self.quitting = Some((reason, reason.quit().to_owned()));
    }
}

impl Backstage for Exchange<'_> {
    fn house(&self) -> &House {
        &self.hall.house
    }

    fn is_secure(&self) -> bool {
        self.secure
    }

    fn host(&self) -> Box<str> {
        let user = self.user.and_then(|user| self.hall.hub.user(user));
        match user {
            Some(user) => user.host().into(),
            None => self.hall.hosts.shown_of(self.address),
        }
    }

    fn ban_of(&self, username: &str) -> Option<Box<str>> {
        if self.hall.bans.all().is_empty() {
            return None;
        }
        let address = super::cloak::shown(self.address);
        let host = self.hall.hosts.shown_of(self.address);
        let subject = RealSubject::new("*", username, &host, &address);
        let bans = self.hall.bans.all().len();
        self.hall.hub.charge_each(bans, effort::MASK);
        let ban = self.hall.bans.of(&subject, self.now.moment);
        ban.map(|ban| ban.reason.clone())
    }

    fn bans(&self) -> &[ServerBan] {
        self.hall.bans.all()
    }

    fn add_ban(&mut self, ban: ServerBan) -> bool {
        let reason: Rc<str> = format!("Banned from the server: {}", ban.reason).into();
        let now = self.now.moment;
        let is_new = self.hall.bans.add(ban, now);
        let hub = &self.hall.hub;
        // A walk over everyone: only operators can ask for it, and it spares them.
        let concerned: Vec<_> = hub
            .users()
            .filter(|(_, user)| !user.is_operator())
            .filter(|(_, user)| self.hall.bans.of(&user.real_subject(), now).is_some())
            .map(|(id, _)| id)
            .collect();
        hub.charge_each(hub.user_count() * self.hall.bans.all().len(), effort::MASK);
        // First all of them lose their connections, then those who stay are told of each: n people in one room would
        // be told of each other otherwise, n times n lines to nobody.
        for user in concerned {
            // Who has no seat is leaving already.
            let Some(seat) = self.hall.seats.of(user) else {
                continue;
            };
            let mut bytes = Vec::new();
            seat.flavour.push_farewell(&reason, &mut bytes);
            self.net.send(seat.conn, &bytes);
            self.hall.expelled.push((seat.conn, Reason::Banned));
            self.hall.seats.leave(user);
            self.hall.leaving.push_back((user, reason.clone()));
        }
        is_new
    }

    fn remove_ban(&mut self, mask: &str) -> bool {
        self.hall.bans.remove(mask)
    }

    fn enter_as(&mut self, nick: Nick, username: &str, realname: &str) -> Result<UserId, Refusal> {
        let profile = Profile {
            username: username.into(),
            realname: realname.into(),
            ..Profile::default()
        };
        self.enter_with(nick, profile)
    }

    fn set_flavour(&mut self, flavour: Flavour) {
        self.flavour = flavour;
        if let Some(user) = *self.user {
            let flavour = flavour.in_messages(self.kind);
            self.hall.seats.set_flavour(user, flavour);
        }
    }

    fn aside(&mut self) -> &mut Vec<u8> {
        self.aside
    }

    fn monitors(&mut self) -> &mut Monitors {
        &mut self.hall.monitors
    }

    fn nameless_count(&self) -> usize {
        self.hall.callers.saturating_sub(self.hall.hub.user_count())
    }

    fn check_operator(&mut self, name: &str, password: &str) -> Result<(), TryAgain> {
        let certificate = self.certificate.map(|it| it.to_string());
        let guesser = self.guesser(certificate.as_deref());
        let (verifier, now) = (self.verifier, self.now);
        let guard = &mut self.hall.guard;
        guard.begin_operator(verifier, (name, password), guesser, now)
    }

    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Die => self.hall.die = true,
            Wish::Rehash => self.hall.rehash = true,
        }
    }
}
