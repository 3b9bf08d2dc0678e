//! What comes of a request that was made of a service.
//!
//! Apart from the requests, for a login leads to the welcome, and that to messages.

use super::{authenticate, nickserv::say};
use crate::protocol::{
    account::{AccountError, AccountOutcome},
    irc::session::request::Request,
    services::{self, CHANSERV, NICKSERV},
};

/// A request that was made of a service has come to its end.
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
    let service = match outcome {
        Ok(AccountOutcome::RoomRegistered | AccountOutcome::RoomDropped) => CHANSERV,
        _ => NICKSERV,
    };
    let sentence = services::finish(outcome, request.ctx);
    say(request, service, &sentence.unwrap_or_else(|error| error));
}
