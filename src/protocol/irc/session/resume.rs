//! RESUME: a client whose connection died without an end takes its name back at once (capability `madang.chat/resume`).
//!
//! The server sends a token with the welcome. On a later connection, before registration, the client sends it back, and the
//! connection that got it ends in the moment in which the client enters; its user quits if it has no other. Does not know
//! how tokens are made.

use super::{request::Request, server_context::TryAgain};
use crate::protocol::{
    irc::{caps::Cap, codec::message::Params},
    seconds_to_wait,
};

/// RESUME before registration.
pub(crate) fn resume(request: &mut Request<'_>, params: &Params<'_>) {
    match request.ctx.check_resume_token(params.at(0)) {
        Ok(Some(session)) => {
            if let Some(registration) = request.irc.registration() {
                registration.resumes = Some(session);
            }
        }
        Ok(None) => request.fail("RESUME", "INVALID_TOKEN", &[], "There is no such session"),
        Err(TryAgain::Busy) => request.fail("RESUME", "TRY_AGAIN", &[], "Try again later"),
        Err(TryAgain::After(wait)) => {
            let seconds = seconds_to_wait(wait);
            let text = format!("Too many wrong tokens; try again in {seconds} seconds");
            request.fail("RESUME", "TRY_AGAIN", &[], &text);
        }
    }
}

/// Sends a newcomer that knows what to do with it the token of this session.
pub(super) fn send_token(request: &mut Request<'_>) {
    if !request.irc.caps.has(Cap::Resume) {
        return;
    }
    if let Some(token) = request.ctx.resume_token() {
        request.line(|line| line.command("RESUME").param(&token));
    }
}
