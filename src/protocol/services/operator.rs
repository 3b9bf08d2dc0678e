//! NickServ's commands for operators of the server: one function for each. The table lets no other user use them.
//!
//! Does not know how the sentences reach the user.

use super::{
    reply::{Outcome, Reply, Trouble},
    rights::may_take_password,
};
use crate::{
    chat::{AccountId, Nick},
    protocol::{
        Context, OperatorAction,
        account::{AccountError, AccountRequest},
        time::Iso,
    },
};

/// What the owner of a suspended account reads if the operator gave no reason.
const NO_REASON: &str = "ask an operator of this server";

pub(super) fn register_for(ctx: &mut dyn Context, text: &str) -> Outcome {
    may_take_password(ctx)?;
    let (name, password) = text.split_once(' ').ok_or(Trouble::Usage)?;
    let password = password.trim();
    if password.contains(' ') {
        return Err(Trouble::Usage);
    }
    let name = &Nick::parse(name, ctx.hub().rules()).map_err(|_| NO_NAME)?;
    ctx.begin_account(AccountRequest::RegisterFor { name, password })?;
    Ok(Reply::Later)
}

pub(super) fn invite(ctx: &mut dyn Context, name: &str) -> Outcome {
    let name = match name {
        "" => None,
        name => Some(Nick::parse(name, ctx.hub().rules()).map_err(|_| NO_NAME)?),
    };
    let name = name.as_ref();
    ctx.begin_account(AccountRequest::Invite { name })?;
    let target = name.map_or("", Nick::as_str);
    ctx.note_operator(&OperatorAction {
        command: "INVITE",
        target,
        text: "",
    });
    Ok(Reply::Later)
}

pub(super) fn suspend(ctx: &mut dyn Context, text: &str) -> Outcome {
    let (name, reason) = text.split_once(' ').unwrap_or((text, ""));
    let account = account(ctx, name)?;
    let reason = match reason.trim() {
        "" => NO_REASON,
        reason => reason,
    };
    ctx.begin_account(AccountRequest::Suspend { account, reason })?;
    note(ctx, "SUSPEND", account, reason);
    Ok(Reply::Later)
}

pub(super) fn unsuspend(ctx: &mut dyn Context, name: &str) -> Outcome {
    let account = account(ctx, name)?;
    ctx.begin_account(AccountRequest::Unsuspend { account })?;
    note(ctx, "UNSUSPEND", account, "");
    Ok(Reply::Later)
}

/// What operators are shown of an account.
pub(super) fn details(ctx: &dyn Context, account: AccountId) -> Vec<String> {
    let Some(info) = ctx.account_info(account) else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "made {}, last login {}",
        Iso(info.registered),
        Iso(info.last_login)
    )];
    if let Some(it) = info.suspension {
        let since = Iso(it.since);
        lines.push(format!(
            "suspended by {} since {since}: {}",
            it.by, it.reason
        ));
    }
    lines
}

/// Leaves a trace of what was done to an account.
pub(super) fn note(ctx: &mut dyn Context, command: &str, account: AccountId, text: &str) {
    let name = ctx.hub().accounts().name(account).cloned();
    let target = name.as_ref().map_or("", |name| name.as_str());
    ctx.note_operator(&OperatorAction {
        command,
        target,
        text,
    });
}

const NO_NAME: Trouble = Trouble::Other("that is no name for an account");

fn account(ctx: &dyn Context, name: &str) -> Result<AccountId, Trouble> {
    ctx.account_rules().ok_or(AccountError::NoAccounts)?;
    let nick = Nick::parse(name, ctx.hub().rules()).ok();
    let account = nick.and_then(|nick| ctx.hub().accounts().find(&nick));
    account.ok_or(Trouble::Other("there is no such account"))
}
