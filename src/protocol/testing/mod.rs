//! A server without sockets, for the tests of every protocol and for fuzzing: a real hub, and
//! connections that collect the bytes that they would be sent. Not there in an ordinary build.
//!
//! It does what the server does for a connection, in the plainest way: one command, then all its
//! events, each encoded for everyone in its audience.

mod accounts;
mod logins;

use super::{
    Context, Entered, OperatorAction, PasswordCheck, SessionLine, TurnedAway,
    account::{AccountError, AccountInfo, AccountRequest, AccountRules, Suspension},
    encode::{encode, encode_personal},
    flavour::{Distinction, Flavour, View},
    history::{HistoryDone, HistoryError, HistoryRequest, HistoryRules},
    irc::{
        DeferredRequest, GatewayCheck, ServerContext, TryAgain, session::server_context::ServerInfo,
    },
};
use crate::chat::watches::Watches;
use crate::chat::{
    AccountId, Command, Hub, NameRules, Nick, Now, Origin, Profile, Refusal, ServerBan,
    ServerPassword, SessionId, UserId, WallTime,
};
use crate::history::{Access, Asked, Recorder, Rules};
use accounts::Accounts;
use std::collections::HashMap;

/// A hub, and everyone connected to it.
pub struct World {
    /// The chat.
    pub hub: Hub,
    /// The server's names and texts.
    pub server_info: ServerInfo,
    /// Which user watches which nick.
    pub watches: Watches,
    /// The requests made of the server.
    pub deferred_requests: Vec<DeferredRequest>,
    /// The names of operators whose passwords are being checked.
    pub checks: Vec<Box<str>>,
    /// Accounts, and how one logs in to them.
    pub accounts: Accounts,
    /// Why no password is looked at.
    pub try_again: Option<TryAgain>,
    /// The rules for accounts, if there are any.
    pub account_rules: Option<AccountRules>,
    /// The accounts' requests, as texts, of which none was answered.
    pub account_requests: Vec<String>,
    /// What operators of the server did.
    pub operator_notes: Vec<String>,
    /// What was said. A request is answered by [`World::finish_history`].
    pub history: Recorder,
    /// The rules of history; `None`: there is none.
    pub history_rules: Option<HistoryRules>,
    /// Up to when everyone has read what.
    pub read_markers: HashMap<Box<str>, WallTime>,
    /// Why the next answers are none.
    pub history_error: Option<HistoryError>,
    history_answers: Vec<HistoryDone>,
    /// Whether everyone comes by TLS.
    pub secure: bool,
    routes: Vec<Route>,
    /// What both clocks say.
    pub now: Now,
}

/// One connection.
struct Route {
    flavour: Flavour,
    user: Option<UserId>,
    inbox: Vec<u8>,
    aside: Vec<u8>,
    farewell: Option<String>,
}

/// The world as one connection acts upon it.
pub struct At<'a> {
    world: &'a mut World,
    route: usize,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world without anyone in it.
    pub fn new() -> Self {
        Self {
            hub: Hub::new(NameRules { unicode: true }),
            server_info: ServerInfo::new("srv", "net", Now::at_ms(1_700_000_000_000))
                .with_history(true),
            watches: Watches::default(),
            deferred_requests: Vec::new(),
            checks: Vec::new(),
            accounts: Accounts::default(),
            try_again: None,
            account_rules: None,
            account_requests: Vec::new(),
            operator_notes: Vec::new(),
            history: Recorder::new(Rules {
                lines: 100,
                bytes: 1 << 20,
                private: true,
                events: true,
                access: Access::FromFounding,
                is_stored: false,
            }),
            history_rules: Some(HistoryRules {
                replay: 0,
                events: true,
                private: true,
            }),
            read_markers: HashMap::new(),
            history_error: None,
            history_answers: Vec::new(),
            secure: false,
            routes: Vec::new(),
            now: Now::at_ms(1_700_000_000_000),
        }
    }

    /// Makes the user of a connection an operator of the server.
    pub fn make_operator(&mut self, route: usize) {
        let made = self.at(route).apply(Command::MakeOperator);
        made.expect("whoever is here can be made one");
    }

    /// A new connection; the number names it.
    pub fn connect(&mut self, flavour: Flavour) -> usize {
        self.routes.push(Route {
            flavour,
            user: None,
            inbox: Vec::new(),
            aside: Vec::new(),
            farewell: None,
        });
        self.routes.len() - 1
    }

    /// The world for one who sits there.
    pub fn at(&mut self, route: usize) -> At<'_> {
        At { world: self, route }
    }

    /// Everything sent to a connection since this was called last.
    pub fn received(&mut self, route: usize) -> Vec<u8> {
        std::mem::take(&mut self.routes[route].inbox)
    }

    /// The reason with which a connection ended, if it did.
    pub fn farewell(&self, route: usize) -> Option<&str> {
        self.routes[route].farewell.as_deref()
    }

    /// Whether a request for history was made and is not answered.
    pub fn is_history_due(&self) -> bool {
        !self.history_answers.is_empty()
    }

    /// The answer to the last request for history: hand it to the connection that asked.
    pub fn finish_history(&mut self) -> HistoryDone {
        let answer = self.history_answers.pop().expect("a request was made");
        match self.history_error {
            Some(error) => Err(error),
            None => answer,
        }
    }

    /// Sends all events. `acting` is the connection whose line they come from.
    fn drain(&mut self, acting: usize) {
        while let Some(event) = self.hub.next_event() {
            self.history.record(&event, &self.hub);
            let mut audience = Vec::new();
            self.hub
                .for_each_in(&event.audience, |user| audience.push(user));
            let acts = self.routes[acting].user == Some(event.author);
            for user in audience {
                let all = self.routes.iter_mut().enumerate();
                for (number, route) in all.filter(|(_, route)| route.user == Some(user)) {
                    let view = match user == event.author {
                        true if acts && number != acting => View::Elsewhere,
                        true => View::Author,
                        false => View::Other,
                    };
                    let (hub, flavour) = (&self.hub, route.flavour);
                    if flavour.is_personal(Distinction::of(&event, hub)) {
                        encode_personal(flavour, user, &event, hub, "srv", &mut route.inbox);
                    } else {
                        encode(flavour, view, &event, hub, "srv", &mut route.inbox);
                    }
                }
            }
        }
        self.history.forget_ended(&mut self.hub);
    }
}

impl At<'_> {
    /// The client's part of a profile, with what the server would know of its connection.
    fn profile(&mut self, said: Profile) -> Profile {
        let password = &self.world.server_info.password;
        self.world.hub.require_password(password.is_some());
        Profile {
            origin: Origin::new("home", "192.0.2.7"),
            ..said
        }
    }
}

impl Context for At<'_> {
    fn hub(&self) -> &Hub {
        &self.world.hub
    }

    fn now(&self) -> Now {
        self.world.now
    }

    fn check_password(&mut self, given: &[u8]) -> PasswordCheck {
        match self.world.server_info.password.as_deref() {
            Some(needed) if needed.as_bytes() != given => PasswordCheck::Wrong,
            _ => PasswordCheck::Right,
        }
    }

    fn may_enter(&mut self, password: ServerPassword) -> Result<(), Refusal> {
        let profile = self.profile(Profile {
            password,
            ..Profile::default()
        });
        let World { hub, now, .. } = self.world;
        hub.may_enter(&profile.entrant(), *now)
    }

    fn user(&self) -> Option<UserId> {
        self.world.routes[self.route].user
    }

    fn session(&self) -> Option<SessionId> {
        let number = u32::try_from(self.route).expect("a test has few connections");
        self.user().map(|user| SessionId { user, number })
    }

    fn enter(&mut self, nick: Nick, profile: Profile) -> Result<Entered, Refusal> {
        assert!(self.user().is_none(), "entered twice");
        let profile = self.profile(profile);
        let there = self.world.hub.find_user(nick.as_str());
        let account = |user| self.world.hub.user(user)?.account_id();
        if let Some(user) =
            there.filter(|it| profile.account.is_some() && account(*it) == profile.account)
        {
            self.world.routes[self.route].user = Some(user);
            return Ok(Entered::Attached(user));
        }
        let user = self.world.hub.enter(nick, profile, self.world.now)?;
        self.world.routes[self.route].user = Some(user);
        self.world.drain(self.route);
        Ok(Entered::New(user))
    }

    fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        let user = self
            .user()
            .expect("protocols apply nothing for someone without a name");
        let outcome = self.world.hub.apply(user, command, self.world.now);
        self.world.drain(self.route);
        outcome
    }

    fn account_rules(&self) -> Option<AccountRules> {
        self.world.account_rules
    }

    fn takes_passwords(&self) -> bool {
        let rules = self.world.account_rules;
        self.world.secure || rules.is_some_and(|rules| rules.plain_text_login)
    }

    fn begin_account(&mut self, request: AccountRequest<'_>) -> Result<(), AccountError> {
        if self.world.account_rules.is_none() {
            return Err(AccountError::NoAccounts);
        }
        if let Some(error) = self.world.accounts.error.clone() {
            return Err(error);
        }
        if let AccountRequest::Register { name, .. } = request {
            self.world.hub.may_register(name, self.user())?;
        }
        self.world.account_requests.push(match request {
            AccountRequest::AddCertificate { .. } => "add certificate".to_owned(),
            AccountRequest::RemoveCertificate { fingerprint, .. } => {
                format!("remove certificate {fingerprint}")
            }
            AccountRequest::Drop { password, .. } => format!("drop {password}"),
            AccountRequest::LogIn { name, password } => format!("log in {name} {password}"),
            AccountRequest::Register {
                name,
                password,
                invitation,
            } => match invitation {
                Some(token) => format!("register {name} {password} {token}"),
                None => format!("register {name} {password}"),
            },
            AccountRequest::Invite { name } => match name {
                Some(name) => format!("invite {name}"),
                None => "invite".to_owned(),
            },
            AccountRequest::RegisterFor { name, password } => {
                format!("register for {name} {password}")
            }
            AccountRequest::Suspend { reason, .. } => format!("suspend {reason}"),
            AccountRequest::Unsuspend { .. } => "unsuspend".to_owned(),
            AccountRequest::RegisterRoom { .. } => "register room".to_owned(),
            AccountRequest::DropRoom { .. } => "drop room".to_owned(),
            AccountRequest::SetAlwaysOn { stays, .. } => format!("set always on {stays}"),
            AccountRequest::SetPassword { password, .. } => format!("set password {password}"),
        });
        Ok(())
    }

    fn account_info(&self, account: AccountId) -> Option<AccountInfo> {
        self.world.hub.accounts().name(account)?;
        let (registered, last_login) = (self.world.now.wall, self.world.now.wall);
        Some(AccountInfo {
            registered,
            last_login,
            suspension: self.world.accounts.is_suspended.then(|| Suspension {
                reason: "spam".into(),
                by: "root".into(),
                since: self.world.now.wall,
            }),
        })
    }

    fn note_operator(&mut self, action: &OperatorAction<'_>) {
        let OperatorAction {
            command,
            target,
            text,
        } = action;
        let note = format!("{command} {target} {text}");
        self.world.operator_notes.push(note.trim().to_owned());
    }

    fn sessions(&self) -> Vec<SessionLine> {
        let own = self.user();
        let all = self.world.routes.iter().enumerate();
        let own = all.filter(|(_, route)| own.is_some() && route.user == own);
        own.map(|(number, route)| SessionLine {
            id: SessionId {
                user: route.user.expect("it was compared"),
                number: u32::try_from(number).expect("a test has few connections"),
            },
            protocol: route.flavour.name(),
            address: "192.0.2.7".into(),
            since: Some(self.world.now.moment),
            is_away: false,
            is_own: number == self.route,
        })
        .collect()
    }

    fn end_session(&mut self, session: SessionId) {
        let route = &mut self.world.routes[session.number as usize];
        route.user = None;
        route.farewell = Some("logged out".to_owned());
    }

    fn certificates(&self, _account: AccountId) -> Vec<String> {
        vec!["ab".repeat(32)]
    }

    fn history_rules(&self) -> Option<HistoryRules> {
        self.world.history_rules
    }

    fn begin_history(&mut self, request: HistoryRequest<'_>) -> Result<(), HistoryError> {
        let user = self.user().ok_or(HistoryError::NotInRoom)?;
        if self.world.history_rules.is_none() {
            return Err(HistoryError::NotKept);
        }
        match self.world.history.ask(&self.world.hub, user, request)? {
            Asked::Answered(answer) => self.world.history_answers.push(Ok(answer)),
            Asked::Store(_) => self.world.history_answers.push(Err(HistoryError::Away)),
        }
        Ok(())
    }

    fn answer(&mut self) -> &mut Vec<u8> {
        &mut self.world.routes[self.route].inbox
    }

    fn quit(&mut self, reason: &str) {
        if self.user().is_some() {
            self.apply(Command::Quit { reason })
                .expect("nobody is kept from leaving");
        }
        let route = &mut self.world.routes[self.route];
        route.user = None;
        route.farewell = Some(reason.to_owned());
    }

    fn turn_away(&mut self, why: TurnedAway) {
        self.quit(&format!("{why:?}"));
    }
}

impl ServerContext for At<'_> {
    fn server_info(&self) -> &ServerInfo {
        &self.world.server_info
    }

    fn is_secure(&self) -> bool {
        self.world.secure
    }

    fn host(&self) -> Box<str> {
        "home".into()
    }

    fn add_ban(&mut self, ban: ServerBan) -> bool {
        let World { hub, now, .. } = &mut *self.world;
        hub.add_server_ban(ban, *now)
    }

    fn remove_ban(&mut self, mask: &str) -> bool {
        self.world.hub.remove_server_ban(mask)
    }

    fn set_flavour(&mut self, flavour: Flavour) {
        self.world.routes[self.route].flavour = flavour;
    }

    fn deferred(&mut self) -> &mut Vec<u8> {
        &mut self.world.routes[self.route].aside
    }

    fn watches(&mut self) -> &mut Watches {
        &mut self.world.watches
    }

    fn nameless_count(&self) -> usize {
        let routes = self.world.routes.iter();
        routes
            .filter(|route| route.user.is_none() && route.farewell.is_none())
            .count()
    }

    fn check_gateway(&mut self, password: &str) -> GatewayCheck {
        match password {
            "right" => GatewayCheck::Right,
            "slow" => GatewayCheck::Pending,
            _ => GatewayCheck::NoGateway,
        }
    }

    fn become_client(&mut self, address: core::net::SocketAddr, secure: bool) {
        self.world
            .operator_notes
            .push(format!("WEBIRC {address} {secure}"));
    }

    fn check_operator(&mut self, name: &str, _password: &str) -> Result<(), TryAgain> {
        match self.world.try_again {
            Some(again) => Err(again),
            None => {
                self.world.checks.push(name.into());
                Ok(())
            }
        }
    }

    fn read_marker(&self, target: &str) -> Option<WallTime> {
        self.world.read_markers.get(target).copied()
    }

    fn mark_read(&mut self, target: &str, _shown: &str, time: WallTime) -> Option<WallTime> {
        let noted = self.world.read_markers.entry(target.into()).or_insert(time);
        *noted = time.max(*noted);
        Some(*noted)
    }

    fn resume_token(&mut self) -> Option<String> {
        Some("token".into())
    }

    fn check_resume_token(&mut self, _token: &str) -> Result<Option<SessionId>, TryAgain> {
        Ok(None)
    }

    fn end_resumed(&mut self, _session: SessionId) {}

    fn defer(&mut self, request: DeferredRequest) {
        self.world.deferred_requests.push(request);
    }
}
