//! Requests, for the two protocols over HTTP: one after the other, until so many were answered or the connection is so
//! old, with a deadline for each.
//!
//! Owns the state between requests. Does not know the pages.

use super::{
    client::Client,
    close_reason::CloseReason,
    current::Current,
    ending::{Ending, Farewell},
    kind::ProtocolKind,
    protocol::Outcome,
    timers::{Due, FINE_GRID},
};
use crate::{
    net::Tick,
    protocol::{
        Decoded,
        web::{
            http::{Http, Request, Status, Step},
            websocket::Kind,
        },
    },
    server::{metrics::report::Report, settings::Settings},
};
use std::time::Duration;

/// The most requests that one connection carries, as nginx has it: more than a page needs in ten minutes, and more than
/// a scraper asks in an hour at any sensible pace.
pub(crate) const REQUESTS_MAX: u16 = 1_000;

/// How long connections of one kind of client may stay.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Between two requests.
    pub(crate) keep_alive: Duration,
    /// In all. The place is then free for another client.
    pub(crate) lifetime: Duration,
}

/// The requests of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requests {
    http: Http,
    /// The beginning of a request is in.
    begun: bool,
    /// Requests that were answered, at most [`REQUESTS_MAX`].
    answered: u16,
}

/// The state of a connection after a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The answer is queued, and the next request may come.
    KeepAlive,
    /// The answer is queued, and it was the last.
    Last,
    /// The connection is a WebSocket from here on.
    Upgrade(Kind),
    /// A report is needed first; nothing was answered.
    NeedReport(Report),
    /// The connection ends without the answer.
    Close(Ending),
}

impl Requests {
    /// Takes the next request off the input and has it answered.
    pub(crate) fn next(
        &mut self,
        at: &mut Current<'_>,
        patience: &Patience,
        input: &[u8],
        searched: &mut usize,
        answer: impl FnOnce(&mut Current<'_>, &Request<'_>) -> Reply,
    ) -> Outcome {
        let now = at.net.now();
        let before = (*self, *searched);
        let Decoded {
            item: step,
            consumed,
        } = self.http.next(input, searched);
        match step {
            Step::Incomplete => {
                let begun = consumed < input.len();
                if begun != self.begun && self.answered > 0 {
                    at.client.last_activity = now;
                }
                self.begun = begun;
                Outcome::NeedMore(consumed)
            }
            Step::Refused(status) => Outcome::Close(refusal(CloseReason::HttpRefused, status)),
            Step::Request(mut request) => {
                self.answered = self.answered.saturating_add(1);
                let age = Duration::from_secs(at.client.age_s(now).into());
                if self.answered >= REQUESTS_MAX || age >= patience.lifetime {
                    request.end_with_it();
                }
                let reply = answer(at, &request);
                if let Reply::NeedReport(report) = reply {
                    (*self, *searched) = before;
                    return Outcome::NeedReport(report);
                }
                if let Reply::Close(ending) = reply {
                    return Outcome::Close(ending);
                }
                self.begun = false;
                at.client.last_activity = now;
                match reply {
                    Reply::KeepAlive => {
                        let (due, _) = self.next_due(at.client, patience, &at.shared.settings);
                        at.net.set_deadline(at.id, due);
                        Outcome::Consumed(consumed)
                    }
                    Reply::Upgrade(kind) => {
                        Outcome::Become(ProtocolKind::WebSocket(kind), consumed)
                    }
                    Reply::Last | Reply::NeedReport(_) | Reply::Close(_) => {
                        Outcome::Close(Ending::silent(CloseReason::HttpDone))
                    }
                }
            }
        }
    }

    /// The deadline for the next request, or for the rest of one.
    pub(crate) fn next_due(
        &self,
        client: &Client,
        patience: &Patience,
        settings: &Settings,
    ) -> (Tick, Due) {
        let (span, due) = match (self.begun, self.answered) {
            (true, _) => (settings.registration, Due::SlowRequest),
            (false, 0) => (settings.registration, Due::NoRequest),
            (false, _) => (patience.keep_alive, Due::NoRequest),
        };
        (client.last_activity.after(span).on_grid(FINE_GRID), due)
    }

    /// Handles such a deadline.
    pub(crate) fn timer(due: Due) -> Option<Ending> {
        match due {
            Due::NoRequest => Some(Ending::silent(CloseReason::HttpIdle)),
            Due::SlowRequest => Some(refusal(CloseReason::RequestTimeout, Status::RequestTimeout)),
            _ => None,
        }
    }
}

/// An end with an answer of HTTP.
pub(crate) fn refusal(reason: CloseReason, status: Status) -> Ending {
    Ending::new(reason, Farewell::Status(status)).with_detail(status.line().to_owned())
}
