//! NickServ's commands: one function for each.
//!
//! Does not know how the sentences reach the user.

use super::{
    operator,
    reply::{Outcome, Reply, Trouble, one},
    rights::{is_operator, may_take_password},
};
use crate::{
    chat::{AccountId, Command, Nick, UserId},
    protocol::{
        Context,
        account::{AccountError, AccountRequest, AccountRules, Registration},
    },
};

pub(super) fn register(ctx: &mut dyn Context, text: &str) -> Outcome {
    let me = user(ctx)?;
    if account_of(ctx, me).is_some() {
        return Err(Trouble::Other("you are logged in to an account already"));
    }
    let is_invited = |rules: AccountRules| rules.registration == Registration::Invited;
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let (password, invitation) = match words[..] {
        [password] => (password, None),
        [password, token] if ctx.account_rules().is_some_and(is_invited) => (password, Some(token)),
        // E-mail addresses are common as a second word elsewhere, and must not become part of a password unseen.
        _ => return Err(Trouble::Usage),
    };
    let nick = ctx.hub().user(me).map(|user| user.nick().clone());
    let nick = nick.ok_or(AccountError::Wrong)?;
    begin(
        ctx,
        AccountRequest::Register {
            name: &nick,
            password,
            invitation,
        },
    )
}

pub(super) fn identify(ctx: &mut dyn Context, text: &str) -> Outcome {
    let me = user(ctx)?;
    let nick = ctx.hub().user(me).map(|user| user.nick().to_string());
    let nick = nick.unwrap_or_default();
    let (name, password) = match text.split_once(' ') {
        Some((name, password)) => (name, password.trim()),
        None => (nick.as_str(), text),
    };
    begin(ctx, AccountRequest::LogIn { name, password })
}

pub(super) fn logout(ctx: &mut dyn Context) -> Outcome {
    own_account(ctx)?;
    ctx.apply(Command::LogOut)?;
    Ok(one("you are logged out"))
}

pub(super) fn info(ctx: &mut dyn Context, name: &str) -> Outcome {
    rules(ctx)?;
    let hub = ctx.hub();
    let account = match name {
        "" => account_of(ctx, user(ctx)?),
        name => {
            let nick = Nick::parse(name, hub.rules()).ok();
            nick.and_then(|nick| hub.accounts().owner_of(&nick))
        }
    };
    let name = account.and_then(|id| hub.accounts().name(id));
    let name = name.ok_or(Trouble::Other("there is no such account"))?;
    // Whoever asks could see as much by WHOIS, but for those who are invisible to them.
    let bearer = hub.find_user(name.as_str()).and_then(|id| hub.user(id));
    let is_used = bearer.is_some_and(|user| user.account_id() == account);
    let mut lines = vec![format!("the account is {name}")];
    lines.push(match is_used {
        true => format!("{name} is here and logged in"),
        false => format!("{name} is not here under that name"),
    });
    if let Some(account) = account.filter(|_| is_operator(ctx)) {
        lines.extend(operator::details(ctx, account));
    }
    Ok(Reply::Lines(lines))
}

pub(super) fn set(ctx: &mut dyn Context, text: &str) -> Outcome {
    let (what, value) = text.split_once(' ').unwrap_or((text, ""));
    let account = own_account(ctx)?;
    if what.eq_ignore_ascii_case("ALWAYS-ON") {
        let stays = match &*value.trim().to_ascii_uppercase() {
            "ON" => true,
            "OFF" => false,
            _ => return Err(Trouble::Usage),
        };
        ctx.begin_account(AccountRequest::SetAlwaysOn { account, stays })?;
        return Ok(Reply::Later);
    }
    if !what.eq_ignore_ascii_case("PASSWORD") {
        return Err(Trouble::Other("SET PASSWORD and SET ALWAYS-ON are known"));
    }
    let password = value.trim();
    if password.contains(' ') {
        return Err(Trouble::Usage);
    }
    begin(ctx, AccountRequest::SetPassword { account, password })
}

pub(super) fn cert(ctx: &mut dyn Context, text: &str) -> Outcome {
    let account = own_account(ctx)?;
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let (what, fingerprint) = (words.next().unwrap_or_default(), words.next());
    let request = match (&*what.to_ascii_uppercase(), fingerprint) {
        ("ADD", None) => AccountRequest::AddCertificate { account },
        ("DEL", Some(fingerprint)) => AccountRequest::RemoveCertificate {
            account,
            fingerprint,
        },
        ("LIST", None) => {
            let all = ctx.certificates(account);
            return Ok(match all.is_empty() {
                true => one("your account has no certificates"),
                false => Reply::Lines(all),
            });
        }
        _ => return Err(Trouble::Usage),
    };
    ctx.begin_account(request)?;
    Ok(Reply::Later)
}

pub(super) fn ghost(ctx: &mut dyn Context, name: &str) -> Outcome {
    own_account(ctx)?;
    ctx.apply(Command::EndOwn { nick: name })?;
    Ok(one("that connection is closed, and its name is free"))
}

pub(super) fn drop(ctx: &mut dyn Context, password: &str) -> Outcome {
    let account = own_account(ctx)?;
    begin(ctx, AccountRequest::Drop { account, password })
}

/// Begins a request with a password; its outcome is the answer.
fn begin(ctx: &mut dyn Context, request: AccountRequest<'_>) -> Outcome {
    may_take_password(ctx)?;
    ctx.begin_account(request)?;
    Ok(Reply::Later)
}

fn rules(ctx: &dyn Context) -> Result<(), Trouble> {
    let rules = ctx.account_rules();
    rules.map(|_| ()).ok_or(AccountError::NoAccounts.into())
}

fn user(ctx: &dyn Context) -> Result<UserId, Trouble> {
    ctx.user().ok_or(Trouble::Other("choose a name first"))
}

fn account_of(ctx: &dyn Context, user: UserId) -> Option<AccountId> {
    ctx.hub().user(user)?.account_id()
}

pub(super) fn own_account(ctx: &dyn Context) -> Result<AccountId, Trouble> {
    rules(ctx)?;
    let account = account_of(ctx, user(ctx)?);
    account.ok_or(Trouble::Other("you are not logged in to an account"))
}
