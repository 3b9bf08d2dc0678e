//! Telnet: lines from users at a terminal.
//!
//! Lines, commands and negotiation are in `protocol::telnet`; `context/` has the parts that are shared with IRC.

use super::{
    browsers,
    client::Client,
    close_reason::CloseReason,
    context,
    current::Current,
    ending::{Ending, LastText},
    protocol::{AccountDone, Look, Outcome, Protocol},
    timers::{self, Due},
};
use crate::{
    net::Tick,
    protocol::{
        Context as _, Decoded, Frame,
        flavour::Flavour,
        history::HistoryDone,
        telnet::{self, Telnet},
    },
    server::settings::Settings,
};

/// A connection that speaks telnet. In a box: IRC clients, of which there may be more, would pay for its size in each
/// session.
#[derive(Debug, Default)]
pub(crate) struct TelnetConnection(Box<Telnet>);

/// Sends the greeting.
pub(crate) fn greet(at: &mut Current<'_>) {
    at.net.send(at.id, &at.shared.settings.greeting);
}

/// Appends the last line for a client that reads lines.
pub(crate) fn push_farewell(last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
    match last.reason {
        _ if !last.says_why => {}
        CloseReason::Shutdown => out.extend_from_slice(&settings.telnet_shutdown),
        reason => telnet::refusal(out, reason.peer_text()),
    }
}

impl Protocol for TelnetConnection {
    fn accept(&mut self, at: &mut Current<'_>) {
        greet(at);
    }

    fn look(&mut self, at: &mut Current<'_>, input: &[u8]) -> Look {
        browsers::refuse_browsers(at, input)
    }

    fn input(&mut self, at: &mut Current<'_>, input: &[u8], searched: &mut usize) -> Outcome {
        let cap = at.shared.settings.line;
        context::run(at, Flavour::Telnet, None, |context| {
            let Decoded {
                item: frame,
                consumed,
            } = self.0.next_frame(input, searched, cap, context.answer());
            match frame {
                Frame::Incomplete => return Outcome::NeedMore(consumed),
                Frame::Line(line) => self.0.handle_line(&line, context),
                Frame::TooLong => self.0.handle_too_long(cap, context),
            }
            Outcome::Consumed(consumed)
        })
        .unwrap_or_else(Outcome::Close)
    }

    /// A client that sends telnet's commands.
    fn inspects_each_byte(&self) -> bool {
        self.0.speaks_telnet()
    }

    fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    fn account_done(&mut self, at: &mut Current<'_>, outcome: AccountDone) -> Option<Ending> {
        context::run(at, Flavour::Telnet, None, |context| {
            self.0.account_done(outcome, context)
        })
        .err()
    }

    fn history_done(&mut self, at: &mut Current<'_>, answer: HistoryDone) -> Option<Ending> {
        context::run(at, Flavour::Telnet, None, |context| {
            self.0.history_done(answer, context)
        })
        .err()
    }

    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        match client.user() {
            None => Some(timers::registration(client, settings, Due::NoName)),
            Some(_) if self.0.speaks_telnet() => {
                let grid = timers::grid(settings.ping);
                Some(timers::keep_alive(client, settings, settings.ping, grid))
            }
            // It cannot be pinged. TCP's keep-alive watches it.
            Some(_) => None,
        }
    }

    fn timer(&mut self, at: &mut Current<'_>, due: Due) -> Option<Ending> {
        timers::chat_timer(at, due, |at| at.send(&telnet::PROBE))
    }

    fn close(&mut self, last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
        push_farewell(last, settings, out);
    }

    fn memory(&self) -> usize {
        size_of::<Telnet>() + self.0.memory()
    }
}
