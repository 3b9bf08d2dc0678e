//! IRC over WebSocket: one line in each message (IRCv3 websocket).
//!
//! The clients are chat clients like any other, with the same limits, deadlines and flood control, of which each frame
//! costs a share, a ping too; a WebSocket that the server ends gets a close code. Frames are in
//! `protocol::web::websocket`.

use super::{
    client::{Client, Ping},
    close_reason::CloseReason,
    context::{self, CommandContext},
    current::Current,
    ending::{Ending, Farewell, LastText},
    irc,
    protocol::{AccountDone, Outcome, Protocol, TlsInput},
    timers::{self, Due},
};
use crate::{
    chat::{RoomId, SessionId, watches::Watches},
    net::Tick,
    protocol::{
        Checked, Decoded,
        history::HistoryDone,
        irc::Irc,
        web::websocket::{Kind, Received, WebSocket, push_ping},
    },
    server::settings::Settings,
};
use std::mem;

/// The longest message, in bytes. One that is longer than a line of IRC may be is answered so (417) if it can still be a
/// mistake of a user who writes too much; past this it is none.
const MESSAGE_BYTES_MAX: u32 = 16 * 1024;

/// The same before a name is given: the commands until then fit into lines of 512 bytes. An unfinished message
/// is kept in memory.
const NAMELESS_MESSAGE_BYTES_MAX: u32 = 2 * 1024;

/// A connection that speaks IRC over WebSocket. In a box, for it is larger than the state of the other protocols.
#[derive(Debug)]
pub(crate) struct WebSocketConnection(Box<State>);

#[derive(Debug)]
struct State {
    frames: WebSocket,
    irc: Irc,
    /// Of what kind the server's messages are.
    kind: Kind,
}

impl WebSocketConnection {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Box::new(State {
            frames: WebSocket::server(NAMELESS_MESSAGE_BYTES_MAX),
            irc: Irc::default(),
            kind,
        }))
    }

    fn run(
        &mut self,
        at: &mut Current<'_>,
        act: impl FnOnce(&mut Irc, &mut CommandContext<'_>),
    ) -> Option<Ending> {
        let State { irc, kind, .. } = &mut *self.0;
        context::run_irc(at, irc, Some(*kind), act)
    }

    /// Takes one frame, and the message that it completes; `scratch` is for the message.
    fn take_frame(&mut self, at: &mut Current<'_>, input: &[u8], scratch: &mut Vec<u8>) -> Outcome {
        if at.client.user().is_some() {
            self.0.frames.set_limit(MESSAGE_BYTES_MAX);
        }
        let mut replies = Vec::new();
        let Decoded {
            consumed,
            item: what,
        } = self.0.frames.next(input, scratch, &mut replies);
        if let Received::Failed(fault) = &what {
            let farewell = Farewell::Bytes(replies.into());
            let ending = Ending::new(CloseReason::WebsocketFault, farewell);
            return Outcome::Close(ending.with_detail(fault.to_string()));
        }
        if !replies.is_empty() {
            at.send(&replies);
        }
        let message = match what {
            Received::Incomplete => return Outcome::NeedMore(consumed),
            Received::Fragment | Received::Ping | Received::Pong => {
                return Outcome::Consumed(consumed);
            }
            Received::Text(text) => text.as_bytes(),
            Received::Binary(bytes) => bytes,
            Received::Closed { .. } | Received::Failed(_) => {
                return Outcome::Close(Ending::silent(CloseReason::PeerClosed));
            }
        };
        let ended = self.run(at, |irc, context| irc.handle_message(message, context));
        ended.map_or(Outcome::Consumed(consumed), Outcome::Close)
    }
}

impl Protocol for WebSocketConnection {
    fn tls(&self) -> TlsInput {
        TlsInput::Data
    }

    fn input(&mut self, at: &mut Current<'_>, input: &[u8], _: &mut usize) -> Outcome {
        // Not borrowed: the message lies in it while its line is handled.
        let mut scratch = mem::take(&mut at.shared.buffers.message);
        let outcome = self.take_frame(at, input, &mut scratch);
        at.shared.buffers.message = scratch;
        outcome
    }

    fn is_busy(&self) -> bool {
        self.0.irc.is_busy()
    }

    fn drained(&mut self, at: &mut Current<'_>) -> Option<Ending> {
        self.run(at, |irc, context| irc.go_on(context))
    }

    fn password_checked(&mut self, at: &mut Current<'_>, checked: Checked) -> Option<Ending> {
        self.run(at, |irc, context| irc.password_checked(checked, context))
    }

    fn account_done(&mut self, at: &mut Current<'_>, outcome: AccountDone) -> Option<Ending> {
        self.run(at, |irc, context| irc.account_done(outcome, context))
    }

    fn joined_elsewhere(&mut self, at: &mut Current<'_>, room: RoomId) -> Option<Ending> {
        self.0.irc.note_joined(room);
        self.run(at, |_, _| {})
    }

    fn history_done(&mut self, at: &mut Current<'_>, answer: HistoryDone) -> Option<Ending> {
        self.run(at, |irc, context| irc.history_done(answer, context))
    }

    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        match client.user() {
            None => Some(timers::registration(client, settings, Due::NoName)),
            Some(_) => {
                let grid = timers::web_grid(settings);
                Some(timers::keep_alive(
                    client,
                    settings,
                    settings.web_ping,
                    grid,
                ))
            }
        }
    }

    /// A client that has not answered a ping is pinged again. It may be out of reach for a while, and until it is given
    /// up the proxy before it must keep the connection open.
    fn next_early(&self, client: &Client, settings: &Settings, now: Tick) -> Tick {
        match client.ping {
            Ping::Outstanding => now
                .after(settings.web_ping)
                .on_grid(timers::web_grid(settings)),
            Ping::Idle => Tick::NEVER,
        }
    }

    fn timer(&mut self, at: &mut Current<'_>, due: Due) -> Option<Ending> {
        // Browsers answer by themselves, and proxies see that the connection is used.
        timers::chat_timer(at, due, |at| at.net.write(at.id, |out| push_ping(b"", out)))
    }

    fn early(&mut self, at: &mut Current<'_>, due: Due) {
        if due == Due::PingTimeout {
            at.net.write(at.id, |out| push_ping(b"", out));
        }
    }

    fn leave(&mut self, session: SessionId, watches: &mut Watches) {
        self.0.irc.forget_watched(session, watches);
    }

    fn close(&mut self, last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
        let start = out.len();
        irc::push_farewell(last, settings, out);
        let flavour = self.0.irc.flavour().in_messages(Some(self.0.kind));
        flavour.frame(start, out);
        self.0
            .frames
            .close(close_code(last.reason), last.reason.quit_message(), out);
    }

    fn memory(&self) -> usize {
        size_of::<State>() + self.0.irc.memory() + self.0.frames.heap_bytes()
    }
}

/// The close code that says why the server ends a WebSocket (RFC 6455 section 7.4.1, and the registry that it opened).
fn close_code(reason: CloseReason) -> u16 {
    match reason {
        // The client asked for it.
        CloseReason::ClientQuit | CloseReason::PeerClosed => 1000,
        // Going away.
        CloseReason::Shutdown | CloseReason::SecondSignal => 1001,
        // Try again later.
        CloseReason::ServerFull | CloseReason::TooManyFromAddress | CloseReason::TooSoon => 1013,
        // Policy.
        _ => 1008,
    }
}
