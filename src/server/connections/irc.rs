//! IRC in lines. (IRC in messages is in `websocket.rs`.)
//!
//! Messages, registration and commands are in `protocol::irc`; `context/` has the parts that are shared with telnet.

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
    chat::{RoomId, SessionId, watches::Watches},
    net::Tick,
    protocol::{
        Checked, Decoded, Frame,
        history::HistoryDone,
        irc::{self, Irc},
    },
    server::settings::Settings,
};

/// A connection that speaks IRC.
#[derive(Debug, Default)]
pub(crate) struct IrcConnection(Irc);

/// Appends ERROR, the last line of IRC.
pub(crate) fn push_farewell(last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
    match last.reason {
        _ if !last.says_why => {}
        CloseReason::Shutdown => out.extend_from_slice(&settings.irc_shutdown),
        _ => irc::error(last.quit, out),
    }
}

impl Protocol for IrcConnection {
    fn look(&mut self, at: &mut Current<'_>, input: &[u8]) -> Look {
        browsers::refuse_browsers(at, input)
    }

    fn input(&mut self, at: &mut Current<'_>, input: &[u8], searched: &mut usize) -> Outcome {
        let Decoded {
            item: frame,
            consumed,
        } = self.0.next_frame(input, searched);
        let handled = match frame {
            Frame::Incomplete => return Outcome::NeedMore(consumed),
            Frame::Line(line) => context::run_irc(at, &mut self.0, None, |irc, context| {
                irc.handle_line(&line, context)
            }),
            Frame::TooLong => context::run_irc(at, &mut self.0, None, |irc, context| {
                irc.handle_too_long(context)
            }),
        };
        handled.map_or(Outcome::Consumed(consumed), Outcome::Close)
    }

    fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    fn drained(&mut self, at: &mut Current<'_>) -> Option<Ending> {
        context::run_irc(at, &mut self.0, None, |irc, context| irc.go_on(context))
    }

    fn password_checked(&mut self, at: &mut Current<'_>, checked: Checked) -> Option<Ending> {
        context::run_irc(at, &mut self.0, None, |irc, context| {
            irc.password_checked(checked, context)
        })
    }

    fn account_done(&mut self, at: &mut Current<'_>, outcome: AccountDone) -> Option<Ending> {
        context::run_irc(at, &mut self.0, None, |irc, context| {
            irc.account_done(outcome, context)
        })
    }

    fn joined_elsewhere(&mut self, at: &mut Current<'_>, room: RoomId) -> Option<Ending> {
        self.0.note_joined(room);
        // What is noted is shown after each thing that it does, also after nothing.
        context::run_irc(at, &mut self.0, None, |_, _| {})
    }

    fn history_done(&mut self, at: &mut Current<'_>, answer: HistoryDone) -> Option<Ending> {
        context::run_irc(at, &mut self.0, None, |irc, context| {
            irc.history_done(answer, context)
        })
    }

    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        match client.user() {
            None => Some(timers::registration(client, settings, Due::NoName)),
            Some(_) => {
                let grid = timers::grid(settings.ping);
                Some(timers::keep_alive(client, settings, settings.ping, grid))
            }
        }
    }

    fn timer(&mut self, at: &mut Current<'_>, due: Due) -> Option<Ending> {
        timers::chat_timer(at, due, |at| {
            at.net.send(at.id, &at.shared.settings.irc_ping)
        })
    }

    fn leave(&mut self, session: SessionId, watches: &mut Watches) {
        self.0.forget_watched(session, watches);
    }

    fn close(&mut self, last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
        push_farewell(last, settings, out);
    }

    fn memory(&self) -> usize {
        self.0.memory()
    }
}
