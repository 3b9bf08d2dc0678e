//! The loop's time: its clock, its timers, and what a turn may cost.

pub(crate) mod budget;
pub(crate) mod clock;
pub(crate) mod timers;
