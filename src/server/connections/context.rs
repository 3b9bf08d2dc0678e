//! What a protocol may do while it handles one line: the server's side of [`Context`] and [`ServerContext`].
//!
//! Lives for one line. Borrows the hall and the loop, never the session's protocol, which is the one calling.

use crate::server::{
    connections::close_reason::CloseReason,
    shared::Shared,
    shared::fanout::{Own, Route},
    shared::password_checks::Guesser,
};
use crate::{
    auth::Verifier,
    chat::{
        Command, Hub, Nick, Now, Profile, Refusal, ServerBan, ServerPassword, USERNAME_OF_UNASKED,
        UserId, user::Entrant, watches::Watches,
    },
    net::{ConnId, Net, tls::Fingerprint},
    protocol::{
        Context, PasswordCheck, TurnedAway,
        flavour::Flavour,
        irc::{DeferredRequest, ServerContext, ServerInfo, TryAgain},
        web::websocket::Kind,
    },
};
use std::{net::IpAddr, rc::Rc};

/// See the module's documentation.
pub(crate) struct CommandContext<'a> {
    pub(crate) shared: &'a mut Shared,
    pub(crate) net: &'a mut Net,
    pub(crate) id: ConnId,
    pub(crate) address: IpAddr,
    /// In lines, whatever carries them: the answer is framed as a whole.
    pub(crate) flavour: Flavour,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
    /// The certificate that the peer proved to have.
    pub(crate) certificate: Option<Fingerprint>,
    /// Of what kind the messages are that carry them, if they do not come as they are.
    pub(crate) kind: Option<Kind>,
    pub(crate) user: &'a mut Option<UserId>,
    pub(crate) now: Now,
    pub(crate) answer: &'a mut Vec<u8>,
    pub(crate) aside: &'a mut Vec<u8>,
    /// Why, and what others are told, once the protocol has asked for an end.
    pub(crate) quitting: Option<(CloseReason, String)>,
    /// Who may become an operator.
    pub(crate) verifier: &'a Verifier,
}

impl CommandContext<'_> {
    fn guesser<'b>(&self, certificate: Option<&'b str>) -> Guesser<'b> {
        Guesser {
            id: self.id,
            address: self.address,
            certificate,
        }
    }

    /// Applies a command in anyone's name.
    fn apply_as(&mut self, user: UserId, command: Command<'_>) -> Result<(), Refusal> {
        self.shared.hub.apply(user, command, self.now)?;
        let own = self.user.map(|user| Own {
            user,
            flavour: self.flavour,
            answer: self.answer,
            aside: self.aside,
        });
        self.shared.audience(self.net).tell_all(own);
        Ok(())
    }
}

impl Context for CommandContext<'_> {
    fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    fn now(&self) -> Now {
        self.now
    }

    fn check_password(&mut self, given: &[u8]) -> PasswordCheck {
        let Some(password) = self.shared.server_info.password.clone() else {
            return PasswordCheck::Right;
        };
        let certificate = self.certificate.map(|it| it.to_string());
        let guesser = self.guesser(certificate.as_deref());
        let checks = &mut self.shared.password_checks;
        checks.check_server_password(&password, given, guesser, self.now)
    }

    fn may_enter(&mut self, password: ServerPassword) -> Result<(), Refusal> {
        let origin = self.shared.hosts.of(self.address);
        let entrant = Entrant {
            username: USERNAME_OF_UNASKED,
            host: &origin.host,
            address: &origin.address,
            password,
        };
        self.shared.hub.may_enter(&entrant, self.now)
    }

    fn user(&self) -> Option<UserId> {
        *self.user
    }

    fn enter(&mut self, nick: Nick, mut profile: Profile) -> Result<UserId, Refusal> {
        profile.origin = self.shared.hosts.of(self.address);
        profile.modes = self.shared.server_info.default_user_modes;
        profile.secure = self.secure;
        profile.certificate = self.certificate.map(|it| it.to_string().into());
        let user = self.shared.hub.enter(nick, profile, self.now)?;
        *self.user = Some(user);
        let route = Route {
            conn: self.id,
            flavour: self.flavour.in_messages(self.kind),
        };
        self.shared.routes.take(user, route);
        self.shared.audience(self.net).tell_come(user);
        Ok(user)
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
        self.quitting = Some((CloseReason::ClientQuit, reason.to_owned()));
    }

    fn turn_away(&mut self, why: TurnedAway) {
        let reason = match why {
            TurnedAway::BadPassword => CloseReason::BadPassword,
            TurnedAway::Banned => CloseReason::Banned,
            TurnedAway::Full => CloseReason::ServerFull,
        };
        self.quitting = Some((reason, reason.quit_message().to_owned()));
    }
}

impl ServerContext for CommandContext<'_> {
    fn server_info(&self) -> &ServerInfo {
        &self.shared.server_info
    }

    fn is_secure(&self) -> bool {
        self.secure
    }

    fn host(&self) -> Box<str> {
        let user = self.user.and_then(|user| self.shared.hub.user(user));
        match user {
            Some(user) => user.host().into(),
            None => self.shared.hosts.shown_of(self.address),
        }
    }

    fn add_ban(&mut self, ban: ServerBan) -> bool {
        let reason: Rc<str> = format!("Banned from the server: {}", ban.reason).into();
        let is_new = self.shared.hub.add_server_ban(ban, self.now);
        let concerned = self.shared.hub.banned_users(self.now);
        // First all of them lose their connections, then those who stay are told of each: n people in one room would
        // be told of each other otherwise, n times n lines to nobody.
        for user in concerned {
            // Who has no seat is leaving already.
            let Some(route) = self.shared.routes.of(user) else {
                continue;
            };
            let mut bytes = Vec::new();
            route.flavour.push_farewell(&reason, &mut bytes);
            self.net.send(route.conn, &bytes);
            self.shared.expelled.push((route.conn, CloseReason::Banned));
            self.shared.routes.leave(user);
            self.shared.leaving.push_back((user, reason.clone()));
        }
        is_new
    }

    fn remove_ban(&mut self, mask: &str) -> bool {
        self.shared.hub.remove_server_ban(mask)
    }

    fn set_flavour(&mut self, flavour: Flavour) {
        self.flavour = flavour;
        if let Some(user) = *self.user {
            let flavour = flavour.in_messages(self.kind);
            self.shared.routes.set_flavour(user, flavour);
        }
    }

    fn deferred(&mut self) -> &mut Vec<u8> {
        self.aside
    }

    fn watches(&mut self) -> &mut Watches {
        &mut self.shared.watches
    }

    fn nameless_count(&self) -> usize {
        self.shared
            .clients
            .saturating_sub(self.shared.hub.user_count())
    }

    fn check_operator(&mut self, name: &str, password: &str) -> Result<(), TryAgain> {
        let certificate = self.certificate.map(|it| it.to_string());
        let guesser = self.guesser(certificate.as_deref());
        let (verifier, now) = (self.verifier, self.now);
        let password_checks = &mut self.shared.password_checks;
        password_checks.begin_operator(verifier, (name, password), guesser, now)
    }

    fn wish(&mut self, wish: DeferredRequest) {
        match wish {
            DeferredRequest::Die => self.shared.die = true,
            DeferredRequest::Rehash => self.shared.rehash = true,
        }
    }
}
