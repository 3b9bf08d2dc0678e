//! Telnet: chat for anyone with `nc`, `telnet` or `socat`, in lines that a person reads
//! (docs/CLIENTS.md).
//!
//! [`Telnet`] is what is remembered of one connection. The caller cuts frames off its input with
//! [`Telnet::next_frame`] and hands lines to [`Telnet::handle_line`]; what that does to the world,
//! and says, goes through a [`Context`]. [`encode()`] turns what others do into lines.
//!
//! ```text
//! commands.rs   one function for each command
//! encode.rs     events -> lines
//! greeting.rs   what comes first
//! history.rs    what was said before: on joining, /history, /search
//! marker.rs     marks lines that mention the user, for the client
//! moderation.rs kicks, bans, modes, invitations
//! password.rs   whether the client may enter, before it chooses a nick
//! listings.rs   lists: who is here, which rooms there are
//! login.rs      accounts: the questions for a password, and what came of a request
//! state.rs      what is remembered of a connection
//! table.rs      the commands, their names and help
//! command_error.rs  why nothing came of a line
//! negotiation/  telnet's own commands, taken out of the input
//! ```
//!
//! Invariant: an idle connection costs nothing; a connection that never spoke telnet's commands owns no heap
//! memory here.
//!
//! Does not know sockets, nor other connections.

mod command_error;
mod commands;
mod encode;
mod greeting;
mod history;
mod listings;
mod login;
mod marker;
mod moderation;
mod negotiation;
mod password;
mod state;
mod table;

pub use encode::{encode, news, refusal};
pub use greeting::{Greeting, QUESTION};
pub use marker::Marker;
pub use negotiation::PROBE;
pub use state::Telnet;

use super::{
    Context, Decoded, Frame,
    account::{AccountError, AccountOutcome},
    history::HistoryDone,
    sanitize,
};
use command_error::CommandError;
use commands::Request;
use state::Login;

impl Telnet {
    /// Takes the first line off the input; the contract is that of `Lines::next`.
    ///
    /// Answers to telnet's own commands are appended to `replies`: send them whatever the frame is,
    /// before anything that the line brings about.
    pub fn next_frame<'a>(
        &mut self,
        input: &'a [u8],
        searched: &mut usize,
        cap: usize,
        replies: &mut Vec<u8>,
    ) -> Decoded<Frame<'a>> {
        let hides_input = matches!(self.login.as_deref(), Some(Login::Asked(_)));
        let Self {
            lines, negotiation, ..
        } = self;
        negotiation::next_frame(
            lines,
            negotiation,
            hides_input,
            input,
            searched,
            cap,
            replies,
        )
    }

    /// Handles one line. Before the client has a nick, the line is the server's password, if it has one, and then the nick.
    pub fn handle_line(&mut self, line: &[u8], ctx: &mut dyn Context) {
        let question = Request::new(self, ctx).take_question();
        let is_first = question.is_none() && ctx.user().is_none();
        if is_first && !password::may_go_on(&mut self.entry, line, ctx) {
            return;
        }
        let mut request = Request::new(self, ctx);
        let outcome = match (std::str::from_utf8(line), question) {
            (Ok(line), None) => table::handle(&mut request, &sanitize::clean(line)),
            (Ok(line), Some(question)) => request.answer(question, line),
            (Err(_), _) => Err(CommandError::NotUtf8),
        };
        if let Err(error) = outcome {
            refuse(&error, ctx);
        }
    }

    /// Answers that a line was longer than the cap.
    pub fn handle_too_long(&mut self, cap: usize, ctx: &mut dyn Context) {
        Request::new(self, ctx).take_question();
        refuse(&CommandError::TooLong(cap), ctx);
    }

    /// The request about an account that was under way has come to its end.
    pub fn account_done(
        &mut self,
        outcome: Result<AccountOutcome, AccountError>,
        ctx: &mut dyn Context,
    ) {
        if let Err(error) = Request::new(self, ctx).account_done(outcome) {
            refuse(&error, ctx);
        }
    }

    /// The request for history that was under way has come to its end.
    pub fn history_done(&mut self, done: HistoryDone, ctx: &mut dyn Context) {
        if let Err(error) = Request::new(self, ctx).history_done(done) {
            refuse(&error, ctx);
        }
    }

    /// Whether the peer has sent a telnet command, and so can be asked whether it is alive with
    /// [`PROBE`].
    pub fn speaks_telnet(&self) -> bool {
        self.negotiation.is_some()
    }
}

/// Answers why a line had no effect, and asks for a name again if there is none yet.
fn refuse(error: &CommandError, ctx: &mut dyn Context) {
    refusal(ctx.answer(), &error.to_string());
    if ctx.user().is_none() {
        news(ctx.answer(), QUESTION);
    }
}

#[cfg(test)]
mod tests;
