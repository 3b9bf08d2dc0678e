//! The report of a run: its values, and the forms in which they are shown and kept.

mod compare;
mod hdrlog;
mod hostile;
mod html;
mod json;
mod plot;
mod repeats;
#[cfg(test)]
pub(super) mod sample;
mod table;
mod text;
mod threshold;
mod values;

pub use compare::compare;
pub use hostile::{AttackReport, Hostile};
pub(super) use repeats::combine;
pub use threshold::Threshold;
pub use values::{
    Connections, FORM, Load, Login, Machine, Pair, Repeated, Repeats, Report, Sample, Server,
    Sessions, Slow, Storm, Traffic, Verdict,
};
