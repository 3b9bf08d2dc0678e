//! The reports that a metrics listener serves on all sessions, by name.

use super::text_format;
use crate::protocol::web::http::Request;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// For Prometheus and its kin.
    OpenMetrics,
    /// The same for clients that do not accept OpenMetrics.
    TextFormat,
    /// JSON, for people and small programs.
    Status,
}

impl Report {
    /// The report that a request asks for.
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        match request.path {
            "/metrics" if text_format::accepts_openmetrics(request) => Some(Self::OpenMetrics),
            "/metrics" => Some(Self::TextFormat),
            "/status" => Some(Self::Status),
            _ => None,
        }
    }
}
