//! What comes of a request that was made of NickServ.
//!
//! Apart from the requests, for a login leads to the welcome, and that to messages.

use super::{authenticate, nickserv::say};
use crate::protocol::{
    account::{AccountError, AccountOutcome},
    irc::session::request::Request,
    services,
};

/// A request that was made of NickServ has come to its end.
pub(crate) fn service_done(
    request: &mut Request<'_>,
    outcome: Result<AccountOutcome, AccountError>,
) {
    request.flush();
    if let Ok(AccountOutcome::LoggedIn(account) | AccountOutcome::Registered(account)) = outcome {
        // Programs look for the numeric of a login. A refusal comes again below, as a sentence.
        let _ = authenticate::log_in(request, account);
        request.flush();
    }
    let sentence = services::finish(outcome, request.ctx);
    say(request, &sentence.unwrap_or_else(|error| error));
}
