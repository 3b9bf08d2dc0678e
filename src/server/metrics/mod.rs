//! Seeing inside: what a `metrics://` listener serves, and the little that anyone may know.
//!
//! `/metrics` is for Prometheus and its kin, `/healthz` for whoever watches over the process, `/status` for people. The
//! public `/status` tells what LUSERS tells anyone, and how busy the loop is. All of it is made from one snapshot
//! when it is asked for. Does not know HTTP.

pub(crate) mod activity;
mod json;
mod openmetrics;
mod snapshot;
mod status;
mod text_format;

use super::connections::Connections;
use crate::{
    chat::WallTime,
    net::{ConnId, Net},
    protocol::web::http::{self, Body, Cache, Page, Request, Status},
};
use json::Object;

/// Connections to metrics listeners at a time. They come in whatever else is full, so they have a limit of their own; a
/// scraper or two, and a person who looks for the reason why.
pub(super) const SCRAPERS_MAX: usize = 16;

/// What a page is made of, before it is a page.
const JSON: &str = "application/json";

impl Connections {
    /// Answers a request at a metrics listener; says whether the connection goes on.
    pub(super) fn answer_scraper(
        &self,
        net: &mut Net,
        id: ConnId,
        request: &Request<'_>,
        now: WallTime,
    ) -> bool {
        let page = self.inner_page(net, request);
        let is_ending = self.stopping && request.path == "/healthz";
        let mut keep = false;
        net.write(id, |out| {
            keep = match is_ending {
                true => http::refuse(request, Status::ServiceUnavailable, now, out),
                false => http::respond(request, page.as_ref(), now, out),
            };
        });
        keep
    }

    fn inner_page(&self, net: &Net, request: &Request<'_>) -> Option<Page<'static>> {
        let (content_type, text) = match request.path {
            "/metrics" => {
                let text = self.snapshot(net).openmetrics();
                match text_format::accepts_openmetrics(request) {
                    true => (openmetrics::CONTENT_TYPE, text),
                    false => (
                        text_format::CONTENT_TYPE,
                        text_format::from_openmetrics(&text),
                    ),
                }
            }
            "/status" => (JSON, self.snapshot(net).status()),
            "/healthz" => ("text/plain; charset=utf-8", "ok\n".to_owned()),
            _ => return None,
        };
        Some(fresh(content_type, text))
    }

    /// What anyone may know, if they may.
    pub(super) fn public_status(&self, net: &Net) -> Option<Page<'static>> {
        if !self.settings.public_status {
            return None;
        }
        let now = net.now();
        let hub = &self.shared.hub;
        let mut text = String::new();
        let mut status = Object::begin(&mut text);
        status.number("people", hub.user_count());
        status.number("rooms", hub.room_count());
        let rate = self.activity.messages_per_second(now);
        status.rounded("messages_per_second", rate, 1);
        let longest_ms = self.activity.longest_turn_s(now) * 1e3;
        status.rounded("turn_ms", longest_ms, 3);
        status.end();
        text.push('\n');
        Some(fresh(JSON, text))
    }
}

/// A page that is different each time.
fn fresh(content_type: &'static str, text: String) -> Page<'static> {
    Page {
        content_type,
        body: Body::Owned(text.into_bytes()),
        etag: None,
        cache: Cache::Never,
    }
}
