//! Services: NickServ, which users write to about their accounts, and ChanServ, about registered rooms.
//! IRC clients reach them by a message, telnet users by commands; both use the same tables.
//!
//! A service is a name and no client: it is in no list of users. Commands parse, ask the hub and the server through
//! [`Context`], and answer in sentences; the caller frames them in its protocol. Owns nothing.

mod chanserv;
mod nickserv;
mod operator;
mod reply;
mod rights;
mod sessions;
mod table;
#[cfg(test)]
mod tests;

pub use reply::Reply;
pub use rights::may_take_password;
pub use table::{run, run_room};

use super::account::{AccountError, AccountOutcome};
use crate::{
    chat::{AccountId, Command, Refusal},
    protocol::Context,
};

/// The name that users write to about their accounts.
pub const NICKSERV: &str = "NickServ";

/// The name that users write to about registered rooms.
pub const CHANSERV: &str = "ChanServ";

/// Makes the outcome of a request take effect, and says it in a sentence.
///
/// # Errors
/// Why there is none, as a sentence too.
pub fn finish(
    outcome: Result<AccountOutcome, AccountError>,
    ctx: &mut dyn Context,
) -> Result<String, String> {
    match outcome {
        Ok(AccountOutcome::LoggedIn(account)) => {
            log_in(account, ctx).map_err(|refusal| refusal.to_string())?;
            Ok("you are logged in".to_owned())
        }
        Ok(AccountOutcome::Registered(account)) => {
            log_in(account, ctx).map_err(|refusal| refusal.to_string())?;
            Ok("your account is made, and you are logged in; only you can use its name from now on".to_owned())
        }
        Ok(AccountOutcome::CertificatesChanged) => {
            Ok("the certificates of your account are stored; CERT LIST shows them".to_owned())
        }
        Ok(AccountOutcome::RegisteredFor(account)) => {
            // Not before, for it may have come to nothing.
            operator::note(ctx, "SAREGISTER", account, "");
            Ok(format!("the account {} is made", name(account, ctx)))
        }
        Ok(AccountOutcome::Suspended(account)) => Ok(format!(
            "{} is suspended, and nobody is logged in to it",
            name(account, ctx)
        )),
        Ok(AccountOutcome::Unsuspended(account)) => {
            Ok(format!("{} can be used again", name(account, ctx)))
        }
        Ok(AccountOutcome::AlwaysOnSet(true)) => Ok(
            "you stay in your rooms, shown as away, when your last connection goes; KILL and SET ALWAYS-ON OFF end that"
                .to_owned(),
        ),
        Ok(AccountOutcome::AlwaysOnSet(false)) => {
            Ok("you leave when your last connection goes".to_owned())
        }
        Ok(AccountOutcome::Invited(token)) => Ok(format!(
            "{token} is an invitation, for one account within seven days: NickServ REGISTER PASSWORD {token}"
        )),
        Ok(AccountOutcome::PasswordSet) => Ok("your new password is stored".to_owned()),
        Ok(AccountOutcome::Dropped) => Ok("the account is gone, and its name is free".to_owned()),
        Ok(AccountOutcome::RoomRegistered) => {
            Ok("the room is yours, and stays as it is when its last member leaves".to_owned())
        }
        Ok(AccountOutcome::RoomDropped) => Ok("the room is not registered any more".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The name of an account.
fn name(account: AccountId, ctx: &dyn Context) -> String {
    let name = ctx.hub().accounts().name(account);
    name.map(ToString::to_string).unwrap_or_default()
}

fn log_in(account: AccountId, ctx: &mut dyn Context) -> Result<(), Refusal> {
    match ctx.user() {
        Some(_) => ctx.apply(Command::LogIn { account }),
        None => Ok(()),
    }
}
