//! Who may give a service a command, and over which connections a password may be sent to it.

use crate::{
    chat::User,
    protocol::{Context, account::AccountError},
};

/// Who may use a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    Anyone,
    /// Operators of the server. Others do not see it in the list either.
    Operator,
}

/// Whether the user is an operator of the server.
pub(super) fn is_operator(ctx: &dyn Context) -> bool {
    let user = ctx.user().and_then(|me| ctx.hub().user(me));
    user.is_some_and(User::is_operator)
}

/// Whether a password of an account may be asked for over this connection.
///
/// # Errors
/// [`AccountError::NoAccounts`] or [`AccountError::NotEncrypted`].
pub fn may_take_password(ctx: &dyn Context) -> Result<(), AccountError> {
    match ctx.account_rules() {
        None => Err(AccountError::NoAccounts),
        Some(_) if !ctx.takes_passwords() => Err(AccountError::NotEncrypted),
        Some(_) => Ok(()),
    }
}
