//! Pages that need no walk over all sessions: the public status, which shows what LUSERS shows and how busy the
//! loop is, and the health of the process.

use super::json::{self, rounded};
use crate::{
    net::Tick,
    protocol::web::http::{Body, Cache, Page},
    server::shared::Shared,
};
use serde::Serialize;
use serde_json::Number;

pub(super) const JSON: &str = "application/json";

/// The public status, with its keys in this order.
#[derive(Serialize)]
struct Status {
    people: usize,
    rooms: usize,
    messages_per_second: Number,
    /// The longest of the last seconds.
    turn_ms: Number,
}

/// The public status, if the settings allow it.
pub(crate) fn status(shared: &Shared, now: Tick) -> Option<Page<'static>> {
    if !shared.settings.public_status {
        return None;
    }
    let (hub, activity) = (&shared.hub, &shared.activity);
    let status = Status {
        people: hub.user_count(),
        rooms: hub.room_count(),
        messages_per_second: rounded(activity.messages_per_second(now), 1),
        turn_ms: rounded(activity.longest_turn_s(now) * 1e3, 3),
    };
    Some(fresh(JSON, json::line(&status)))
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
