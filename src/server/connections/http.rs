//! HTTP for browsers: the page and its files, the public status, and the upgrade to a WebSocket.
//!
//! Owns how long browsers' connections stay. Requests and answers are in `protocol::web::http`.

use super::{
    client::Client,
    current::Current,
    ending::Ending,
    protocol::{Outcome, Protocol},
    proxied,
    requests::{Patience, Reply, Requests},
    timers::Due,
};
use crate::{
    net::Tick,
    protocol::web::{
        http::{self, Request, Status},
        upgrade::{Upgrade, upgrade},
    },
    server::{metrics::public, settings::Settings},
};
use std::time::Duration;

/// A browser comes back within a minute for the files of a page. A connection that carries requests may stay for ten minutes
/// in all: a client that comes back pays a handshake in ten minutes. A page that stays open has its WebSocket, which is
/// no such connection.
pub(crate) const PATIENCE: Patience = Patience {
    keep_alive: Duration::from_secs(60),
    lifetime: Duration::from_secs(600),
};

/// A connection that speaks HTTP.
#[derive(Debug, Default)]
pub(crate) struct HttpConnection(Requests);

/// Answers a request.
fn answer(at: &mut Current<'_>, request: &Request<'_>) -> Reply {
    if let Err(ending) = proxied::note_client(at, request) {
        return Reply::Close(ending);
    }
    let now = at.now().wall;
    let mut bytes = Vec::new();
    // First of all: a page of another site may not even read the refusals.
    let asked = match at.shared.settings.hosts.admit(request.host) {
        true => upgrade(request, &at.shared.settings.origins, &mut bytes),
        false => Upgrade::Refused(Status::MisdirectedRequest),
    };
    let keep = match asked {
        Upgrade::Accepted(kind) => {
            at.send(&bytes);
            at.shared.proxied.remove(&at.id);
            return Reply::Upgrade(kind);
        }
        Upgrade::Refused(status) => {
            log_refusal(at, request, status);
            let keep = http::refuse(request, status, now, &mut bytes);
            at.send(&bytes);
            keep
        }
        Upgrade::NotAsked => {
            let page = match request.path {
                "/status" => public::status(at.shared, at.net.now()),
                path => at.shared.files.at(path),
            };
            let mut keep = false;
            // Straight into the queue: a page is too much to be copied twice.
            at.net.write(at.id, |out| {
                keep = http::respond(request, page.as_ref(), now, out)
            });
            keep
        }
    };
    match keep {
        true => Reply::KeepAlive,
        false => Reply::Last,
    }
}

/// Logs a refusal that the operator may want to change into a permission.
pub(crate) fn log_refusal(at: &Current<'_>, request: &Request<'_>, status: Status) {
    let peer = at.client.peer;
    match status {
        // A page of another site tried to open a WebSocket here.
        Status::Forbidden => {
            let origin = request.header("origin").unwrap_or_default();
            let origin = beginning(&String::from_utf8_lossy(origin));
            tracing::info!(%peer, ?origin, "refused: a page of this origin is not in [web] origins");
        }
        // A request named the server by a name that is not known to be its own.
        Status::MisdirectedRequest => {
            let host = beginning(request.host.unwrap_or_default());
            tracing::info!(%peer, ?host, "refused: this host is neither the server's name nor in [web] hosts");
        }
        _ => {}
    }
}

/// The beginning of a peer's text, for the log.
fn beginning(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    text.chars().take(CHARS_MAX).collect()
}

impl Protocol for HttpConnection {
    fn input(&mut self, at: &mut Current<'_>, input: &[u8], searched: &mut usize) -> Outcome {
        self.0.next(at, &PATIENCE, input, searched, answer)
    }

    fn next_due(&self, client: &Client, settings: &Settings) -> Option<(Tick, Due)> {
        Some(self.0.next_due(client, &PATIENCE, settings))
    }

    fn timer(&mut self, _: &mut Current<'_>, due: Due) -> Option<Ending> {
        Requests::timer(due)
    }
}
