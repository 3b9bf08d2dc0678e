//! What can be measured: one file for each scenario. Each is straight text on the [`Stage`](super::stage::Stage).

pub(super) mod churn;
pub(super) mod echo;
pub(super) mod fanout;
pub(super) mod hostile;
pub(super) mod idle;
pub(super) mod slow;
pub(super) mod storm;
