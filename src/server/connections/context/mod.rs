//! The run of one line or message, and the actions that it may take: the server's side of [`Context`]; that of
//! [`ServerContext`] is in `irc.rs`. Shared by telnet, IRC and WebSocket.
//!
//! A [`CommandContext`] lives for one line. It borrows the client, the shared state and the loop, but never the protocol's
//! state, whose method is running. Invariants: an answer is sent as one, before the connection or another is closed; all
//! work that a line causes is added to the bill of its connection. Does not know wire formats.

mod irc;

use super::{charge, close_reason::CloseReason, current::Current, ending::Ending};
use crate::{
    chat::{
        AccountId, Command, Hub, Nick, Now, Profile, Refusal, ServerPassword, SessionId,
        USERNAME_OF_UNASKED, UserId, user::Entrant,
    },
    net::{ConnId, Net, tls::Fingerprint},
    protocol::{
        Context, Entered, OperatorAction, PasswordCheck, SessionLine, TurnedAway,
        account::{AccountError, AccountInfo, AccountRequest, AccountRules},
        flavour::Flavour,
        history::{HistoryError, HistoryRequest, HistoryRules},
        irc::{Irc, ServerContext},
        web::websocket::Kind,
    },
    server::{
        connections::client::{Client, Security, is_of_this_machine},
        shared::{
            Shared,
            accounts::{Accounts, Asker, Rules},
            password_checks::{Guesser, PasswordChecks},
            rooms,
            routes::Route,
            sessions::Departure,
            store::Store,
        },
    },
};
use std::net::IpAddr;

/// Lets a protocol act on one line: lends it a context, sends the answer, adds the work to the bill.
///
/// # Errors
/// The line ended the connection, for instance QUIT.
pub(crate) fn run<T>(
    at: &mut Current<'_>,
    flavour: Flavour,
    kind: Option<Kind>,
    act: impl FnOnce(&mut CommandContext<'_>) -> T,
) -> Result<T, Ending> {
    let deliveries = at.net.stats().deliveries;
    let mut context = CommandContext::new(at, flavour, kind);
    let acted = act(&mut context);
    let ending = context.into_ending();
    let answered = send_answer(at, flavour.in_messages(kind));
    charge::add_work(at.shared, at.net, deliveries, answered);
    match ending {
        Some(ending) => Err(ending),
        None => Ok(acted),
    }
}

/// Sends the answer to the line, framed as a whole; its length in bytes.
fn send_answer(at: &mut Current<'_>, flavour: Flavour) -> usize {
    let answer = &mut at.shared.buffers.answer;
    if answer.is_empty() {
        return 0;
    }
    flavour.frame(0, answer);
    at.net.send(at.id, answer);
    answer.len()
}

/// Lets the IRC of a connection act, and asks for a call when the client has read enough for the next piece of a long
/// reply. `kind` is that of the messages that carry it, if any do.
pub(crate) fn run_irc(
    at: &mut Current<'_>,
    irc: &mut Irc,
    kind: Option<Kind>,
    act: impl FnOnce(&mut Irc, &mut CommandContext<'_>),
) -> Option<Ending> {
    let ran = run(at, irc.flavour(), kind, |context| {
        act(irc, context);
        irc.show_unasked(context);
    });
    if irc.is_busy() && !at.shared.keeps_waiting(at.id) {
        at.net.notify_drained(at.id);
    }
    ran.err()
}

/// What a request about accounts needs beside them.
pub(super) struct AccountParts<'a> {
    pub(super) rules: &'a Rules,
    pub(super) hub: &'a Hub,
    pub(super) checks: &'a mut PasswordChecks,
    pub(super) store: &'a mut Store,
}

/// The actions of one line.
pub(crate) struct CommandContext<'a> {
    shared: &'a mut Shared,
    net: &'a mut Net,
    id: ConnId,
    client: &'a mut Client,
    address: IpAddr,
    /// In lines, whatever carries them: the answer is framed as a whole.
    flavour: Flavour,
    /// The certificate that the client proved to have.
    certificate: Option<Fingerprint>,
    /// Of what kind the messages are that carry the lines, if any do.
    kind: Option<Kind>,
    now: Now,
    /// The end of the connection, once the protocol has asked for it.
    ending: Option<Ending>,
}

impl<'a> CommandContext<'a> {
    /// For one line of a connection, with an empty answer.
    fn new(at: &'a mut Current<'_>, flavour: Flavour, kind: Option<Kind>) -> Self {
        let now = at.now();
        at.shared.buffers.answer.clear();
        at.shared.buffers.deferred.clear();
        Self {
            id: at.id,
            address: at.client.peer.ip(),
            flavour,
            certificate: at.shared.certificates.get(&at.id).copied(),
            kind,
            now,
            ending: None,
            shared: at.shared,
            net: at.net,
            client: at.client,
        }
    }

    /// The end that the line has asked for, if it has.
    fn into_ending(self) -> Option<Ending> {
        self.ending
    }
}

impl CommandContext<'_> {
    fn guesser<'b>(&self, certificate: Option<&'b str>) -> Guesser<'b> {
        Guesser {
            id: self.id,
            address: self.address,
            certificate,
        }
    }

    /// The connection and what it may touch, as the files of single subjects take it.
    fn current(&mut self) -> Current<'_> {
        Current {
            id: self.id,
            client: self.client,
            shared: self.shared,
            net: self.net,
        }
    }

    /// The certificate that the client proved to have.
    pub(super) fn certificate(&self) -> Option<Fingerprint> {
        self.certificate
    }

    /// Lends the accounts, and what they need, for a request of this connection.
    pub(super) fn with_accounts<T>(
        &mut self,
        act: impl FnOnce(&mut Accounts, AccountParts<'_>, Asker<'_>) -> Result<T, AccountError>,
    ) -> Result<T, AccountError> {
        let certificate = self.certificate.map(|it| it.to_string());
        let asker = Asker {
            guesser: self.guesser(certificate.as_deref()),
            user: self.client.user(),
            is_exempt: self.shared.settings.is_exempt(self.address),
            now: self.now,
        };
        let Shared {
            accounts,
            hub,
            password_checks,
            settings,
            store,
            ..
        } = &mut *self.shared;
        let accounts = accounts.as_mut().ok_or(AccountError::NoAccounts)?;
        let parts = AccountParts {
            rules: &settings.accounts,
            hub,
            checks: password_checks,
            store,
        };
        act(accounts, parts, asker)
    }

    /// Logs all users of an account out.
    fn log_out_all(&mut self, account: AccountId) {
        for user in self.shared.hub.users_of(account) {
            // A user may always log out.
            let _ = self.apply_as(user, Command::LogOut);
        }
    }

    /// Ends another connection; its user quits if it has no other and does not stay without one.
    fn end_connection(&mut self, session: SessionId, why: CloseReason) {
        let departure = self.shared.end_session(self.net, session, why, self.now);
        if departure == Departure::Quits {
            let reason = why.quit_message();
            let _ = self.apply_as(session.user, Command::Quit { reason });
        }
    }

    /// Applies a command in the name of any user.
    fn apply_as(&mut self, user: UserId, command: Command<'_>) -> Result<(), Refusal> {
        self.shared.hub.apply(user, command, self.now)?;
        let own = self.client.user().map(|own| (own, self.id, self.flavour));
        self.shared.send_events(self.net, own);
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
        self.client.user()
    }

    fn session(&self) -> Option<SessionId> {
        let user = self.client.user()?;
        let number = self.id.slot;
        Some(SessionId { user, number })
    }

    fn enter(&mut self, nick: Nick, mut profile: Profile) -> Result<Entered, Refusal> {
        profile.origin = self.shared.hosts.of(self.address);
        profile.modes = self.shared.server_info.default_user_modes;
        profile.secure = self.is_secure();
        profile.certificate = self.certificate.map(|it| it.to_string().into());
        // It may have been suspended between the login and now.
        let accounts = self.shared.accounts.as_ref();
        let is_usable = |id: &AccountId| accounts.is_some_and(|it| !it.is_suspended(*id));
        profile.account = profile.account.filter(is_usable);
        let route = Route {
            conn: self.id,
            flavour: self.flavour.in_messages(self.kind),
        };
        let entered = self
            .shared
            .enter(self.net, nick, profile, route, self.now)?;
        self.client.set_user(entered.user());
        Ok(entered)
    }

    fn apply(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        let Some(user) = self.client.user() else {
            debug_assert!(false, "a protocol applies commands only for a user");
            return Ok(());
        };
        match command {
            Command::SetAway { text } => {
                let own = (user, self.id, self.flavour);
                return self.shared.set_away(self.net, own, text, self.now);
            }
            Command::LogIn { .. } => {
                let origin = self.shared.hosts.of(self.address);
                let notes = &mut self.shared.session_notes;
                notes.enter(self.id, origin, self.now.moment);
            }
            Command::LogOut => self.shared.session_notes.forget(self.id),
            _ => {}
        }
        let is_login = matches!(command, Command::LogIn { .. });
        self.apply_as(user, command)?;
        if is_login {
            self.shared.settle_presence(user);
        }
        Ok(())
    }

    fn sessions(&self) -> Vec<SessionLine> {
        let user = self.client.user();
        user.map_or_else(Vec::new, |user| self.shared.sessions(user, self.id))
    }

    fn end_session(&mut self, session: SessionId) {
        self.end_connection(session, CloseReason::LoggedOut);
    }

    fn account_rules(&self) -> Option<AccountRules> {
        let has_accounts = self.shared.accounts.is_some();
        has_accounts.then_some(self.shared.settings.accounts.known)
    }

    fn takes_passwords(&self) -> bool {
        let rules = self.account_rules();
        self.client.security == Security::Secure
            || is_of_this_machine(self.address)
            || rules.is_some_and(|rules| rules.plain_text_login)
    }

    fn begin_account(&mut self, request: AccountRequest<'_>) -> Result<(), AccountError> {
        let Shared {
            accounts,
            hub,
            store,
            ..
        } = &mut *self.shared;
        let accounts = accounts.as_mut();
        match request {
            AccountRequest::RegisterRoom { room } => {
                return rooms::begin_register(accounts, (hub, store), self.id, room);
            }
            AccountRequest::DropRoom { room } => {
                return rooms::begin_drop(accounts, (hub, store), self.id, room);
            }
            _ => {}
        }
        self.with_accounts(|accounts, parts, asker| {
            let work = (parts.checks, parts.store);
            accounts.begin(request, parts.rules, asker, parts.hub, work)
        })?;
        if let AccountRequest::Suspend { account, .. } = request {
            self.log_out_all(account);
        }
        Ok(())
    }

    fn account_info(&self, account: AccountId) -> Option<AccountInfo> {
        self.shared.accounts.as_ref()?.info(account)
    }

    fn note_operator(&mut self, action: &OperatorAction<'_>) {
        if let Some(actor) = self.client.user() {
            self.shared.note_operator(self.net, actor, action);
        }
    }

    fn certificates(&self, account: AccountId) -> Vec<String> {
        let accounts = self.shared.accounts.as_ref();
        let all = accounts.map_or(&[][..], |accounts| accounts.certificates(account));
        all.iter().map(ToString::to_string).collect()
    }

    fn history_rules(&self) -> Option<HistoryRules> {
        self.shared.settings.history_rules()
    }

    fn begin_history(&mut self, request: HistoryRequest<'_>) -> Result<(), HistoryError> {
        let Some(user) = self.client.user() else {
            return Err(HistoryError::NotInRoom);
        };
        self.shared.begin_history(self.id, user, request)
    }

    fn answer(&mut self) -> &mut Vec<u8> {
        &mut self.shared.buffers.answer
    }

    fn quit(&mut self, reason: &str) {
        let ending = Ending::silent(CloseReason::ClientQuit);
        self.ending = Some(ending.with_quit(reason.to_owned()));
    }

    fn turn_away(&mut self, why: TurnedAway) {
        let reason = match why {
            TurnedAway::BadGateway | TurnedAway::BadPassword => CloseReason::BadPassword,
            TurnedAway::Banned => CloseReason::Banned,
            TurnedAway::Full => CloseReason::ServerFull,
        };
        self.ending = Some(Ending::silent(reason));
    }
}
