//! REGISTER and VERIFY: making an account (IRCv3 draft/account-registration).
//!
//! An account is there when it is stored; then its client is logged in. There is no e-mail, so nothing is ever to be
//! verified. Refusals are `FAIL`, with the codes of the specification.

use super::authenticate;
use crate::{
    chat::{Nick, Refusal},
    protocol::{
        account::{AccountError, AccountOutcome, AccountRequest, Registration},
        irc::{
            codec::message::Params,
            session::{
                register,
                request::Request,
                server_context::ServerContext,
                state::{Asked, Pending},
            },
        },
    },
};

/// The value of the capability: what this client may do; `None`: it may not register.
pub(crate) fn value(ctx: &dyn ServerContext) -> Option<String> {
    let rules = ctx.account_rules()?;
    if rules.registration != Registration::Open || !ctx.takes_passwords() {
        return None;
    }
    let flags = [
        ("before-connect", rules.before_connect),
        ("custom-account-name", rules.custom_names),
    ];
    let set = flags.into_iter().filter(|(_, is_set)| *is_set);
    Some(set.map(|(name, _)| name).collect::<Vec<_>>().join(","))
}

/// REGISTER.
pub(crate) fn register(request: &mut Request<'_>, params: &Params<'_>) {
    let (typed, email, password) = (params.at(0), params.at(1), params.at(2));
    let Some(name) = name(request, typed) else {
        return;
    };
    if email != "*" && !email.contains('@') {
        let text = "This is no e-mail address; write *, for none is needed";
        return request.fail("REGISTER", "UNACCEPTABLE_EMAIL", &[name.as_str()], text);
    }
    let asked = AccountRequest::Register {
        name: &name,
        password,
        invitation: None,
    };
    match request.ctx.begin_account(asked) {
        Ok(()) => {
            let asked = Asked::Register(name);
            request.irc.cold().pending = Some(Pending::Account { asked, label: None });
        }
        Err(error) => refuse(request, name.as_str(), &error),
    }
}

/// The name for a new account, if this client may register one of that name.
fn name(request: &mut Request<'_>, typed: &str) -> Option<Nick> {
    let registered = request.irc.registered;
    let refusal = match request.ctx.account_rules() {
        None => Some(AccountError::NoAccounts),
        Some(rules) if rules.registration == Registration::Closed => Some(AccountError::Closed),
        Some(rules) if rules.registration == Registration::Invited => {
            // There is no field for an invitation.
            Some(AccountError::InvitationNeeded)
        }
        Some(_) if !request.ctx.takes_passwords() => Some(AccountError::NotEncrypted),
        Some(_) => None,
    };
    if let Some(refusal) = refusal {
        refuse(request, typed, &refusal);
        return None;
    }
    let (before_connect, custom_names) = match request.ctx.account_rules() {
        Some(rules) => (rules.before_connect, rules.custom_names),
        None => (false, false),
    };
    if !registered && !before_connect {
        let text = "First complete the connection, by NICK, USER and CAP END";
        request.fail("REGISTER", "COMPLETE_CONNECTION_REQUIRED", &[typed], text);
        return None;
    }
    if let Some(account) = account(request) {
        let text = format!("You are logged in as {account} already");
        request.fail("REGISTER", "ALREADY_AUTHENTICATED", &[typed], &text);
        return None;
    }
    let own = match request.split_with_user() {
        Some((.., user)) => Some(user.nick().clone()),
        None => request.irc.registration().and_then(|it| it.nick().cloned()),
    };
    if typed == "*" {
        if own.is_none() {
            request.fail(
                "REGISTER",
                "NEED_NICK",
                &["*"],
                "First choose a nick, by NICK",
            );
        }
        return own;
    }
    let name = match Nick::parse(typed, request.ctx.hub().rules()) {
        Ok(name) => name,
        Err(why) => {
            let text = format!("This is no name for an account: {why}");
            request.fail("REGISTER", "BAD_ACCOUNT_NAME", &[typed], &text);
            return None;
        }
    };
    if !custom_names && own.as_ref() != Some(&name) {
        let text = "An account has the name of its user: write * or your nick";
        request.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", &[typed], text);
        return None;
    }
    Some(name)
}

/// The name of the account that the client is logged in to.
fn account(request: &mut Request<'_>) -> Option<String> {
    let account = match request.split_with_user() {
        Some((.., user)) => user.account_id(),
        None => request.irc.registration().and_then(|it| it.account),
    };
    let name = request.ctx.hub().accounts().name(account?)?;
    Some(name.as_str().to_owned())
}

/// The account is stored, or could not be.
pub(crate) fn done(
    request: &mut Request<'_>,
    name: &Nick,
    outcome: Result<AccountOutcome, AccountError>,
) {
    let account = match outcome {
        Ok(AccountOutcome::Registered(account)) => account,
        Ok(_) => return debug_assert!(false, "a registration has no other outcome"),
        Err(error) => return refuse(request, name.as_str(), &error),
    };
    request.line(|line| {
        let line = line.command("REGISTER").param("SUCCESS").param(name);
        line.text("The account is registered")
    });
    // It was made a moment ago; if it is gone again, the client is not logged in.
    let _ = authenticate::log_in(request, account);
    register::complete(request);
}

fn refuse(request: &mut Request<'_>, name: &str, error: &AccountError) {
    let code = match error {
        AccountError::Name(Refusal::AccountExists { .. }) => "ACCOUNT_EXISTS",
        AccountError::Name(_) => "BAD_ACCOUNT_NAME",
        AccountError::PasswordHasControls | AccountError::PasswordTooLong => {
            "UNACCEPTABLE_PASSWORD"
        }
        AccountError::PasswordIsName | AccountError::PasswordTooShort { .. } => "WEAK_PASSWORD",
        _ => "TEMPORARILY_UNAVAILABLE",
    };
    request.fail("REGISTER", code, &[name], &error.to_string());
}

/// VERIFY.
pub(crate) fn verify(request: &mut Request<'_>, params: &Params<'_>) {
    let name = params.at(0);
    match account(request) {
        Some(account) => {
            let text = format!("You are logged in as {account} already");
            request.fail("VERIFY", "ALREADY_AUTHENTICATED", &[name], &text);
        }
        None => request.fail(
            "VERIFY",
            "INVALID_CODE",
            &[name],
            "There is nothing to verify",
        ),
    }
}
