//! What IRC needs beyond the actions of every protocol: the server's side of [`ServerContext`].
//!
//! Does not know wire formats.

use super::CommandContext;
use crate::{
    chat::{ServerBan, SessionId, WallTime, watches::Watches},
    protocol::{
        flavour::Flavour,
        irc::{self, DeferredRequest, GatewayCheck, ServerContext, ServerInfo, TryAgain},
    },
    server::{
        connections::{client::Security, close_reason::CloseReason, ending::Ending, gateway},
        shared::{
            Shared,
            lifecycle::Control,
            read_markers::{Marked, Owner},
            resume,
            routes::Route,
        },
    },
};
use std::net::SocketAddr;

impl CommandContext<'_> {
    /// Whose read markers this connection reads and writes.
    fn marker_owner(&self) -> Owner {
        let user = self.client.user();
        let user = user.and_then(|user| self.shared.hub.user(user));
        match user.and_then(|user| user.account_id()) {
            Some(account) => Owner::Account(account),
            None => Owner::Connection(self.id),
        }
    }
}

impl ServerContext for CommandContext<'_> {
    fn server_info(&self) -> &ServerInfo {
        &self.shared.server_info
    }

    fn is_secure(&self) -> bool {
        self.client.security == Security::Secure
    }

    fn host(&self) -> Box<str> {
        let user = self
            .client
            .user()
            .and_then(|user| self.shared.hub.user(user));
        match user {
            Some(user) => user.host().into(),
            None => self.shared.hosts.shown_of(self.address),
        }
    }

    fn add_ban(&mut self, ban: ServerBan) -> bool {
        self.shared.add_ban(self.net, ban, self.now)
    }

    fn remove_ban(&mut self, mask: &str) -> bool {
        self.shared.remove_ban(mask)
    }

    fn set_flavour(&mut self, flavour: Flavour) {
        self.flavour = flavour;
        if let Some(user) = self.client.user() {
            let flavour = flavour.in_messages(self.kind);
            self.shared.routes.set_flavour(user, self.id, flavour);
        }
    }

    fn deferred(&mut self) -> &mut Vec<u8> {
        &mut self.shared.buffers.deferred
    }

    fn watches(&mut self) -> &mut Watches {
        &mut self.shared.watches
    }

    fn nameless_count(&self) -> usize {
        self.shared
            .clients
            .saturating_sub(self.shared.routes.count())
    }

    fn check_operator(&mut self, name: &str, password: &str) -> Result<(), TryAgain> {
        let certificate = self.certificate.map(|it| it.to_string());
        let guesser = self.guesser(certificate.as_deref());
        let Shared {
            password_checks,
            settings,
            ..
        } = &mut *self.shared;
        password_checks.begin_operator(&settings.operators, (name, password), guesser, self.now)
    }

    fn check_gateway(&mut self, password: &str) -> GatewayCheck {
        let now = self.now;
        gateway::check(&mut self.current(), password, now)
    }

    fn become_client(&mut self, address: SocketAddr, secure: bool) {
        let moved = gateway::become_client(&mut self.current(), address, secure);
        self.address = self.client.peer.ip();
        // It was the gateway's.
        self.certificate = None;
        if let Err(reason) = moved {
            self.ending = Some(Ending::text(reason));
        }
    }

    fn read_marker(&self, target: &str) -> Option<WallTime> {
        self.shared.read_markers.get(self.marker_owner(), target)
    }

    fn mark_read(&mut self, target: &str, shown: &str, time: WallTime) -> Option<WallTime> {
        let owner = self.marker_owner();
        let time = match self.shared.read_markers.set(owner, target, time) {
            Marked::At(time) => time,
            Marked::Already(time) => return Some(time),
            Marked::Full => return None,
        };
        let server = self.shared.server_info.name.clone();
        let user = self.client.user()?;
        for Route { conn, flavour } in self.shared.routes.all(user) {
            if conn != self.id && flavour.shows_read_markers() {
                self.net.write(conn, |out| {
                    let start = out.len();
                    irc::write_read_marker(&server, shown, Some(time), out);
                    flavour.frame(start, out);
                });
            }
        }
        Some(time)
    }

    fn resume_token(&mut self) -> Option<String> {
        let tokens = &mut self.shared.resume_tokens;
        tokens.issue(self.client.user()?, self.id)
    }

    fn check_resume_token(&mut self, token: &str) -> Result<Option<SessionId>, TryAgain> {
        let owner = self.shared.resume_tokens.owner(token);
        // A connection without a route is leaving already.
        let owner = owner.filter(|owner| self.shared.routes.of_session(*owner).is_some());
        let guesser = self.guesser(None);
        let checks = &mut self.shared.password_checks;
        checks.check_resume_token(resume::split(token).0, owner.is_some(), guesser, self.now)?;
        Ok(owner)
    }

    fn end_resumed(&mut self, session: SessionId) {
        self.end_connection(session, CloseReason::Resumed);
    }

    fn defer(&mut self, request: DeferredRequest) {
        let asked = match request {
            DeferredRequest::Die => Control::Stop,
            DeferredRequest::Rehash => Control::Reload,
        };
        self.shared.pending = self.shared.pending.max(Some(asked));
    }
}
