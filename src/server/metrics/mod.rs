//! Metrics: the reports of a metrics listener, and the little that is public.
//!
//! `/metrics` is for Prometheus and its kin, `/healthz` for whatever watches over the process, `/status` for operators. The
//! public `/status` shows what LUSERS shows to any client, and how busy the loop is. Does not know HTTP.
//!
//! ```text
//! activity.rs   counts as they happen      census.rs        the walk over everything
//! snapshot.rs   its numbers                openmetrics.rs, text_format.rs, status.rs, json.rs   their forms
//! public.rs     pages without a walk       report.rs        the names of the reports
//! ```

pub(super) mod activity;
pub(super) mod census;
mod json;
mod openmetrics;
pub(super) mod public;
pub(super) mod report;
mod snapshot;
mod status;
mod text_format;
