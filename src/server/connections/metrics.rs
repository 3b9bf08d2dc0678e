//! Metrics: requests of a scraper, or of an operator, at a metrics listener.
//!
//! Owns how long scrapers' connections stay. The pages are made in `server::metrics`, from all sessions: while this one
//! handles its input they cannot be read, so the request is put back until the dispatch has made the report.

use super::{
    client::Client,
    current::Current,
    ending::Ending,
    http,
    protocol::{Outcome, Protocol},
    requests::{Patience, Reply, Requests},
    timers::Due,
};
use crate::{
    net::Tick,
    protocol::web::http::{Request, Status, refuse, respond},
    server::{
        metrics::{public, report::Report},
        settings::Settings,
    },
};
use std::time::Duration;

/// Prometheus asks every 15 s or minute on one connection unless configured otherwise, others every five minutes. After an
/// hour it connects again, without a scrape missed.
pub(crate) const PATIENCE: Patience = Patience {
    keep_alive: Duration::from_secs(360),
    lifetime: Duration::from_secs(3_600),
};

/// A connection at a metrics listener.
#[derive(Debug, Default)]
pub(crate) struct Scraper(Requests);

fn answer(at: &mut Current<'_>, request: &Request<'_>) -> Reply {
    let now = at.now().wall;
    let refused = match request.path {
        _ if !at.shared.settings.hosts.admit(request.host) => Some(Status::MisdirectedRequest),
        "/healthz" if at.shared.lifecycle.is_stopping() => Some(Status::ServiceUnavailable),
        _ => None,
    };
    let page = match (refused, Report::of(request)) {
        (None, Some(report)) => match at.shared.report.take() {
            Some(page) => Some(page),
            None => return Reply::NeedReport(report),
        },
        (None, None) => public::health_at(request.path),
        (Some(_), _) => None,
    };
    let mut keep = false;
    at.net.write(at.id, |out| {
        keep = match refused {
            Some(status) => refuse(request, status, now, out),
            None => respond(request, page.as_ref(), now, out),
        };
    });
    if let Some(status) = refused {
        http::log_refusal(at, request, status);
    }
    match keep {
        true => Reply::KeepAlive,
        false => Reply::Last,
    }
}

impl Protocol for Scraper {
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
