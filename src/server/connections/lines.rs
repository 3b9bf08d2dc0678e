//! The run of one line or message, from its commands to its answer: shared by telnet, IRC and WebSocket.
//!
//! Invariants: an answer is sent as one, before the connection or another is closed; all work that a line causes is
//! added to the bill of its connection. Does not know wire formats.

use super::{
    charge, close_reason::CloseReason, context::CommandContext, current::Current, ending::Ending,
    protocol::Look,
};
use crate::protocol::{
    detect::{self, Detected},
    flavour::Flavour,
    irc::Irc,
    web::websocket::Kind,
};

/// Lets a protocol act on one line: lends it a context, sends the answer, adds the work to the bill.
///
/// # Errors
/// The line ended the connection, for instance QUIT.
pub(crate) fn run<T>(
    at: &mut Current<'_>,
    flavour: Flavour,
    kind: Option<Kind>,
    act: impl FnOnce(&mut CommandContext<'_>) -> T,
) -> Result<T, Ending> {
    let deliveries = at.net.stats().deliveries;
    let mut context = CommandContext::new(at, flavour, kind);
    let acted = act(&mut context);
    let ending = context.into_ending();
    let answered = send_answer(at, flavour.in_messages(kind));
    charge::add_work(at.shared, at.net, deliveries, answered);
    match ending {
        Some(ending) => Err(ending),
        None => Ok(acted),
    }
}

/// Sends the answer to the line, framed as a whole; its length in bytes.
fn send_answer(at: &mut Current<'_>, flavour: Flavour) -> usize {
    let answer = &mut at.shared.buffers.answer;
    if answer.is_empty() {
        return 0;
    }
    flavour.frame(0, answer);
    at.net.send(at.id, answer);
    answer.len()
}

/// Lets the IRC of a connection act, and asks for a call when the client has read enough for the next piece of a long
/// reply. `kind` is that of the messages that carry it, if any do.
pub(crate) fn run_irc(
    at: &mut Current<'_>,
    irc: &mut Irc,
    kind: Option<Kind>,
    act: impl FnOnce(&mut Irc, &mut CommandContext<'_>),
) -> Option<Ending> {
    let ran = run(at, irc.flavour(), kind, |context| act(irc, context));
    if irc.is_busy() && !at.shared.password_checks.is_checking(at.id) {
        at.net.notify_drained(at.id);
    }
    ran.err()
}

/// Closes a nameless connection whose input is HTTP. A page can make any browser that looks at it send a form to any
/// port, with lines of any protocol in it. It cannot keep the browser from saying first that it speaks HTTP.
pub(crate) fn refuse_browsers(at: &Current<'_>, input: &[u8]) -> Look {
    if at.client.user().is_none() && detect::detect(input) == Detected::Web {
        return Look::Close(Ending::text(CloseReason::HttpNotHere));
    }
    Look::Handle
}
