//! Accounts: the questions for a password, and the requests whose outcome comes later.
//!
//! Owns nothing: what is remembered of a login is in `state.rs`. Invariants: while a question is open, the client's program
//! is asked not to show what is typed (RFC 857); a line that may have been a password is never taken for a name or for text.
//! Does not know how passwords are checked.

use super::{
    command_error::CommandError,
    commands::{Outcome, Request, first_word},
    encode::{line, news, refusal},
    negotiation::{HIDE_INPUT, SHOW_INPUT},
    state::{Login, Question},
    table,
};
use crate::{
    chat::{Nick, Refusal},
    protocol::{
        Context,
        account::{AccountError, AccountOutcome, AccountRequest, PASSWORD_BYTES_MAX, Registration},
        sanitize,
        services::{self, Reply},
    },
};

/// A shorter answer to the question for a password may be another name. The default of `[accounts] password_min`.
const NAME_BYTES_BELOW: usize = 8;

/// The commands.
impl Request<'_> {
    /// A nick that belongs to an account was wanted: asks for the account's password, or for another name where none may be
    /// sent.
    pub(super) fn ask_owner(&mut self, nick: Nick) -> Outcome {
        if let Err(error) = services::may_take_password(self.ctx) {
            let owned = Refusal::NickOwned { nick };
            refusal(self.ctx.answer(), &owned.to_string());
            return Err(error.into());
        }
        let account = self.owner_name(&nick);
        self.ask_password(account, Some(nick));
        Ok(())
    }

    /// The name of the account that owns a nick, which may be one that only looks like it.
    fn owner_name(&self, nick: &Nick) -> Box<str> {
        let accounts = self.ctx.hub().accounts();
        let owner = accounts.owner_of(nick).and_then(|id| accounts.name(id));
        owner.unwrap_or(nick).as_str().into()
    }

    /// Logs in: `[NAME] [PASSWORD]`. A client without a nick enters with that name.
    pub(super) fn login(&mut self, text: &str) -> Outcome {
        services::may_take_password(self.ctx)?;
        let (name, password) = first_word(text);
        let hub = self.ctx.hub();
        let own = self.ctx.user().and_then(|me| hub.user(me));
        let nick = match own {
            None if name.is_empty() => return Err(CommandError::Nameless),
            None => Some(Nick::parse(name, hub.rules())?),
            Some(_) => None,
        };
        let account: Box<str> = match own {
            Some(own) if name.is_empty() => own.nick().as_str().into(),
            _ => name.into(),
        };
        if password.is_empty() {
            self.ask_password(account, nick);
            return Ok(());
        }
        self.begin_login(&account, password, nick)
    }

    /// Makes an account for the user's nick: `[PASSWORD [INVITATION]]`.
    pub(super) fn register(&mut self, password: &str) -> Outcome {
        self.person()?;
        if !password.is_empty() {
            return self.service(&format!("REGISTER {password}"));
        }
        services::may_take_password(self.ctx)?;
        news(self.ctx.answer(), "choose a password:");
        self.ask(Question::NewPassword);
        Ok(())
    }

    /// A line to NickServ, or the list of its commands.
    pub(super) fn account(&mut self, text: &str) -> Outcome {
        match text {
            "" => self.service("HELP"),
            text => self.service(text),
        }
    }

    /// A line to NickServ.
    pub(super) fn service(&mut self, text: &str) -> Outcome {
        let reply = services::run(text, self.ctx);
        self.take_reply(reply)
    }

    /// A line to ChanServ, or the list of its commands.
    pub(super) fn room_service(&mut self, text: &str) -> Outcome {
        let text = if text.is_empty() { "HELP" } else { text };
        let reply = services::run_room(text, self.ctx);
        self.take_reply(reply)
    }

    fn take_reply(&mut self, reply: Reply) -> Outcome {
        match reply {
            Reply::Lines(lines) => lines.iter().for_each(|line| say(self.ctx, line)),
            Reply::Refused(why) => refusal(self.ctx.answer(), &why),
            Reply::Later => self.telnet.login = Some(Login::Waiting(None).into()),
        }
        Ok(())
    }

    fn ask_password(&mut self, account: Box<str>, nick: Option<Nick>) {
        let end = match nick {
            Some(_) => " (or another name):",
            None => ":",
        };
        line(self.ctx.answer(), &["* password for ", &account, end]);
        self.ask(Question::Password { account, nick });
    }

    /// Opens a question, whose answer is not to be seen on the client's screen.
    fn ask(&mut self, question: Question) {
        self.ctx.answer().extend_from_slice(&HIDE_INPUT);
        self.telnet.login = Some(Login::Asked(question).into());
    }

    fn begin_login(&mut self, name: &str, password: &str, nick: Option<Nick>) -> Outcome {
        services::may_take_password(self.ctx)?;
        self.ctx
            .begin_account(AccountRequest::LogIn { name, password })?;
        self.telnet.login = Some(Login::Waiting(nick).into());
        Ok(())
    }
}

/// The answers.
impl Request<'_> {
    /// Takes the question that is open, which the line at hand answers.
    pub(super) fn take_question(&mut self) -> Option<Question> {
        match self.telnet.login.take().map(|login| *login) {
            Some(Login::Asked(question)) => {
                self.ctx.answer().extend_from_slice(&SHOW_INPUT);
                Some(question)
            }
            other => {
                self.telnet.login = other.map(Box::new);
                None
            }
        }
    }

    /// Handles the line that answers a question.
    pub(super) fn answer(&mut self, question: Question, text: &str) -> Outcome {
        match question {
            // It is too short for a password, so it is another name, or a command.
            Question::Password { nick: Some(_), .. } if self.is_no_password(text) => {
                table::handle(self, &sanitize::clean(text))
            }
            _ if text.is_empty() => {
                news(self.ctx.answer(), "nothing has changed");
                Ok(())
            }
            Question::Password { account, nick } => self.begin_login(&account, text, nick),
            Question::NewPassword => self.ask_again(text),
            Question::Repeated { first } if *first == *text => self.register_with(first),
            Question::Invitation { password } => {
                self.service(&format!("REGISTER {password} {text}"))
            }
            Question::Repeated { .. } => {
                let text = "that was not the same; nothing has changed";
                refusal(self.ctx.answer(), text);
                Ok(())
            }
        }
    }

    /// Makes an account with a password that was typed twice, after asking for an invitation where one is needed.
    fn register_with(&mut self, password: Box<str>) -> Outcome {
        let rules = self.ctx.account_rules();
        if rules.is_some_and(|rules| rules.registration == Registration::Invited) {
            news(self.ctx.answer(), "your invitation:");
            self.ask(Question::Invitation { password });
            return Ok(());
        }
        self.service(&format!("REGISTER {password}"))
    }

    /// Asks for a new password a second time.
    fn ask_again(&mut self, text: &str) -> Outcome {
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(AccountError::PasswordTooLong.into());
        }
        if let Some(rules) = self.ctx.account_rules().filter(|_| self.is_too_short(text)) {
            let bytes_min = rules.password_bytes_min;
            return Err(AccountError::PasswordTooShort { bytes_min }.into());
        }
        news(self.ctx.answer(), "the same again:");
        self.ask(Question::Repeated { first: text.into() });
        Ok(())
    }

    /// Whether no password is as short as that.
    fn is_too_short(&self, text: &str) -> bool {
        let rules = self.ctx.account_rules();
        rules.is_none_or(|rules| text.len() < rules.password_bytes_min)
    }

    /// Whether a text is no password of any account, so that it may be shown as a name. Not by the setting alone, which may
    /// have been lower when a password was chosen.
    fn is_no_password(&self, text: &str) -> bool {
        text.len() < NAME_BYTES_BELOW && self.is_too_short(text)
    }

    /// The request that was under way has come to its end.
    pub(super) fn account_done(
        &mut self,
        outcome: Result<AccountOutcome, AccountError>,
    ) -> Outcome {
        let Some(Login::Waiting(nick)) = self.telnet.login.take().map(|login| *login) else {
            debug_assert!(
                false,
                "lines wait for the outcome, so nothing else has begun"
            );
            return Ok(());
        };
        match (nick, outcome) {
            (Some(nick), Ok(AccountOutcome::LoggedIn(account))) => {
                self.telnet.login = Some(Login::LoggedIn(account).into());
                self.enter(nick.as_str())
            }
            (Some(nick), Err(error)) => {
                // The same question again, with what is typed hidden: whoever has mistyped a password types it again, and
                // must not have it shown as a name. An empty line asks for a name.
                refusal(self.ctx.answer(), &error.to_string());
                let account = self.owner_name(&nick);
                self.ask_password(account, Some(nick));
                Ok(())
            }
            (_, outcome) => {
                self.finish(outcome);
                Ok(())
            }
        }
    }

    fn finish(&mut self, outcome: Result<AccountOutcome, AccountError>) {
        let is_login = matches!(outcome, Ok(AccountOutcome::LoggedIn(_)));
        let start = self.ctx.answer().len();
        match services::finish(outcome, self.ctx) {
            // The event has said so, with the account's name.
            Ok(_) if is_login && self.ctx.answer().len() > start => {}
            Ok(sentence) => say(self.ctx, &sentence),
            Err(why) => refusal(self.ctx.answer(), &why),
        }
    }
}

/// Appends a sentence, unless an event has just said the same.
fn say(ctx: &mut dyn Context, sentence: &str) {
    let answer = ctx.answer();
    let start = answer.len();
    news(answer, sentence);
    let (before, said) = answer.split_at(start);
    if before.ends_with(said) {
        answer.truncate(start);
    }
}
