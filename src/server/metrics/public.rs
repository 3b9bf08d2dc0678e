//! Pages that need no walk over all sessions: the public status, which shows what LUSERS shows and how busy the
//! loop is, and the health of the process.

use super::json::Object;
use crate::{
    net::Tick,
    protocol::web::http::{Body, Cache, Page},
    server::shared::Shared,
};

pub(super) const JSON: &str = "application/json";

/// The public status, if the settings allow it.
pub(crate) fn status(shared: &Shared, now: Tick) -> Option<Page<'static>> {
    if !shared.settings.public_status {
        return None;
    }
    let (hub, activity) = (&shared.hub, &shared.activity);
    let mut text = String::new();
    let mut status = Object::begin(&mut text);
    status.number("people", hub.user_count());
    status.number("rooms", hub.room_count());
    let rate = activity.messages_per_second(now);
    status.rounded("messages_per_second", rate, 1);
    let longest_ms = activity.longest_turn_s(now) * 1e3;
    status.rounded("turn_ms", longest_ms, 3);
    status.end();
    text.push('\n');
    Some(fresh(JSON, text))
}

/// The page of a metrics listener at a path, beside reports.
pub(crate) fn health_at(path: &str) -> Option<Page<'static>> {
    (path == "/healthz").then(|| fresh("text/plain; charset=utf-8", "ok\n".to_owned()))
}

/// A page that is different each time.
pub(super) fn fresh(content_type: &'static str, text: String) -> Page<'static> {
    Page {
        content_type,
        body: Body::Owned(text.into_bytes()),
        etag: None,
        cache: Cache::Never,
    }
}
