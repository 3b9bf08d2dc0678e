//! The contract between the dispatch and the protocols: the [`Protocol`] trait and the values that pass through it.
//!
//! A new protocol is one new file with a type that implements [`Protocol`], a name in `kind.rs`, and one line in the
//! one `match` of `session.rs`. A protocol acts on its own connection and on the shared state; it never ends a
//! connection by itself, but returns an [`Ending`], for there is one way out (`close.rs`).

use super::{
    client::Client,
    current::Current,
    ending::{Ending, LastText},
    kind::ProtocolKind,
    timers::Due,
};
use crate::{
    chat::{RoomId, SessionId, watches::Watches},
    net::Tick,
    protocol::{
        Checked,
        account::{AccountError, AccountOutcome},
        history::HistoryDone,
    },
    server::{metrics::report::Report, settings::Settings},
};

/// What came of a request about an account.
pub(crate) type AccountDone = Result<AccountOutcome, AccountError>;

/// A protocol of the server. The methods come in the order of a connection's life.
pub(crate) trait Protocol {
    /// The connection was accepted and has a place.
    fn accept(&mut self, at: &mut Current<'_>) {
        let _ = at;
    }

    /// The meaning of the first byte of a TLS handshake here.
    fn tls(&self) -> TlsInput {
        TlsInput::NotSpoken
    }

    /// Looks at input before any of it is handled, once each time that some is offered.
    fn look(&mut self, at: &mut Current<'_>, input: &[u8]) -> Look {
        let _ = (at, input);
        Look::Handle
    }

    /// Handles the first unit of the input: a line, a message, a request. `searched` is the protocol's note of how far
    /// it looked in vain.
    fn input(&mut self, at: &mut Current<'_>, input: &[u8], searched: &mut usize) -> Outcome;

    /// Whether each byte of the input is looked at by itself, which costs more than a search for line ends.
    fn inspects_each_byte(&self) -> bool {
        false
    }

    /// Whether a reply is still being made; until it is done, no input is handled.
    fn is_busy(&self) -> bool {
        false
    }

    /// The client has read enough for the next piece of a reply.
    fn drained(&mut self, at: &mut Current<'_>) -> Option<Ending> {
        let _ = at;
        None
    }

    /// The password that the client gave was checked, or credentials were made from it.
    fn password_checked(&mut self, at: &mut Current<'_>, checked: Checked) -> Option<Ending> {
        let _ = (at, checked);
        None
    }

    /// A request about an account has come to its end.
    fn account_done(&mut self, at: &mut Current<'_>, outcome: AccountDone) -> Option<Ending> {
        let _ = (at, outcome);
        None
    }

    /// Another connection of the user has joined a room, and the event was sent here.
    fn joined_elsewhere(&mut self, at: &mut Current<'_>, room: RoomId) -> Option<Ending> {
        let _ = (at, room);
        None
    }

    /// A request for history is answered.
    fn history_done(&mut self, at: &mut Current<'_>, answer: HistoryDone) -> Option<Ending> {
        let _ = (at, answer);
        None
    }

    /// The next deadline if the client stays silent. No client is closed for being idle; one that can be pinged has to
    /// answer, the others are watched by TCP's own keep-alive, which does not wake the process.
    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        let _ = (client, settings);
        None
    }

    /// A moment before that at which [`early`](Self::early) is to be called.
    fn next_early(&self, client: &Client, settings: &Settings, now: Tick) -> Tick {
        let _ = (client, settings, now);
        Tick::NEVER
    }

    /// A deadline has come.
    fn timer(&mut self, at: &mut Current<'_>, due: Due) -> Option<Ending> {
        let _ = (at, due);
        None
    }

    /// The loop woke for this connection, and its deadline is not due yet.
    fn early(&mut self, at: &mut Current<'_>, due: Due) {
        let _ = (at, due);
    }

    /// The user leaves this connection: removes the connection's entries in the server's tables of watched names.
    fn leave(&mut self, session: SessionId, watches: &mut Watches) {
        let _ = (session, watches);
    }

    /// Appends the last bytes for the client.
    fn close(&mut self, last: &LastText<'_>, settings: &Settings, out: &mut Vec<u8>) {
        let _ = (last, settings, out);
    }

    /// Bytes of memory outside of the record. Asked after each read and flush.
    fn memory(&self) -> usize {
        0
    }
}

/// The result of a unit of input.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// There is no whole unit; so many bytes are done with all the same.
    NeedMore(usize),
    /// One unit of so many bytes was handled.
    Consumed(usize),
    /// The same, and the rest of the input is in another protocol.
    Become(ProtocolKind, usize),
    /// The request asks for a report on all sessions, which the dispatch makes: it then offers the request again, with
    /// the report in [`Shared::report`](crate::server::shared::Shared::report).
    NeedReport(Report),
    /// The connection ends.
    Close(Ending),
}

/// The result of a first look at input.
#[derive(Debug)]
pub(crate) enum Look {
    /// It is input of this protocol.
    Handle,
    /// It is too little to decide.
    Wait,
    /// It is input of another protocol.
    Become(ProtocolKind),
    /// It must not come in here.
    Close(Ending),
}

/// The meaning of the beginning of a TLS handshake to a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsInput {
    /// It begins TLS, if the server has certificates.
    Offered,
    /// The text of a client may begin like that, but no sensible one; TLS is not begun any more.
    TooLate,
    /// It is a mistake: the listener is not for TLS.
    NotSpoken,
    /// It is bytes like any others.
    Data,
}
