//! `madang bench`: holds thousands of connections, fans messages out to them, and reports what that cost.
//!
//! The tool runs on the same loop as the server, from the other side: [`net::Net`](crate::net::Net), calls
//! instead of accepted connections, one thread.
//!
//! ```text
//! job       from options to a report: checks, plans, runs    target_policy  which servers it may be pointed at
//! plan      ports and descriptors, before anything is open   dial           one call, with its socket's options
//! runner    the loop, phases, samples, signals               timer          waking up on time
//! clients   all connections: connect, register, stay, quit   schedule       when a message is due
//! adapter   the client's side of each protocol               framing        lines as they are, or in WebSocket frames
//! delivery  checks every delivery of a message               stamp          the stamp in each message
//! sequence_check  lost, duplicated, reordered, by pair       measure        histograms of durations
//! scenario  idle, fanout, churn, storm, login, and others    probe          what the server used meanwhile
//! summary   from marks and counts to the report              report         its values, and its forms
//! ```
//!
//! What is promised: in an open loop every send has its planned moment and latency counts from there; every message
//! carries its sender, its sequence number and its planned moment, and only a message that is proven whole counts as
//! delivered; everything is bounded in time and number. Knows no chat, no configuration and nothing of our server:
//! madang is measured like any other.

mod adapter;
mod clients;
mod clock;
mod delivery;
mod dial;
mod framing;
mod job;
mod measure;
mod phases;
mod plan;
mod probe;
mod progress;
pub mod report;
mod runner;
mod scenario;
mod schedule;
mod sequence_check;
mod settings;
mod setup;
mod stamp;
mod summary;
mod target;
mod target_policy;
mod timer;

pub use job::{Error, Job, Ready};
pub use measure::Percentiles;
pub use phases::{Phase, Timed};
pub use plan::Plan;
pub use probe::metrics::MetricsUrl;
pub use report::Report;
pub use scenario::{
    Scenario,
    churn::Churn,
    echo::Echo,
    fanout::{Drive, Fanout},
    hostile::{Attack, Hostile, Operator},
    idle::Idle,
    login::Login,
    slow::Slow,
    storm::Storm,
};
pub use schedule::Rate;
pub use stamp::TEXT_BYTES_MIN;
pub use target::{ClientMode, Protocol, Target};
pub use target_policy::Ownership;
